-- What to do when something breaks, as documents of another system; its names are data.
CREATE TABLE runbook (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, service_name TEXT NOT NULL DEFAULT '', service_type TEXT NOT NULL DEFAULT '',
    name TEXT NOT NULL, page_id INTEGER NOT NULL UNIQUE, page_url TEXT NOT NULL DEFAULT '', page_edit_url TEXT NOT NULL DEFAULT '',
    body_storage TEXT, body_view TEXT, body_export_view TEXT,
    version TEXT NOT NULL DEFAULT '{}',     -- JSON, in the other system's words
    created_at_ms INTEGER NOT NULL, updated_at_ms INTEGER NOT NULL
);
