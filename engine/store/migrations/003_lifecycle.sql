-- What another system holds for an incident: its ticket, its post-mortem document. The engine knows no vendor: the provider is data.
CREATE TABLE attachment (
    id TEXT PRIMARY KEY, incident_id INTEGER NOT NULL REFERENCES incident(id),
    kind TEXT NOT NULL CHECK (kind = 'ticket' OR kind = 'postmortem'),
    provider TEXT NOT NULL, key TEXT NOT NULL DEFAULT '', url TEXT NOT NULL DEFAULT '', title TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL DEFAULT '',        -- in the other system's words
    is_ready INTEGER NOT NULL DEFAULT 0,    -- of a post-mortem: the incident may be closed
    created_at_ms INTEGER NOT NULL, updated_at_ms INTEGER NOT NULL,
    UNIQUE (incident_id, kind, provider)
);

-- The operator's lifecycle, as config.lua declares it; no row: the shipped one.
CREATE TABLE lifecycle (id INTEGER PRIMARY KEY CHECK (id = 1), document TEXT NOT NULL, updated_at_ms INTEGER NOT NULL);

CREATE INDEX incident_update_event ON incident_update(incident_id, event_type) WHERE event_type IS NOT NULL;
