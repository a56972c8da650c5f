-- The fields that config.lua declares under custom_fields; their values are in incident.custom_fields.
CREATE TABLE custom_field (
    key TEXT PRIMARY KEY, position INTEGER NOT NULL,
    declaration TEXT NOT NULL               -- JSON, as core/custom_field.h describes it
);
