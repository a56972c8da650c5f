-- The audit log is a chain: a hash an entry, over the one before it. NULL: written before this; the engine fills it in
-- when it starts. audit_head names the last entry, so that a log whose end was cut off is found as well.
ALTER TABLE audit ADD COLUMN hash TEXT;
CREATE TABLE audit_head (
    id INTEGER PRIMARY KEY CHECK (id = 1), audit_id INTEGER NOT NULL, hash TEXT NOT NULL
);
