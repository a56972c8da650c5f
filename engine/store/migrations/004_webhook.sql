-- Who is told what happened, and what became of it.
CREATE TABLE webhook (
    name TEXT PRIMARY KEY, url TEXT NOT NULL, events TEXT NOT NULL DEFAULT '[]', -- JSON; []: every event
    is_private INTEGER NOT NULL DEFAULT 0,  -- hears of private incidents too
    is_active INTEGER NOT NULL DEFAULT 1,   -- config.lua names it
    updated_at_ms INTEGER NOT NULL
);
CREATE TABLE webhook_delivery (
    id INTEGER PRIMARY KEY AUTOINCREMENT, webhook TEXT NOT NULL REFERENCES webhook(name),
    message_id TEXT NOT NULL UNIQUE,        -- the same in every attempt: by it a receiver knows what it has
    job_id INTEGER NOT NULL,                -- of the event; one delivery a webhook
    kind TEXT NOT NULL, incident_id INTEGER REFERENCES incident(id),
    body TEXT NOT NULL,                     -- as it is signed and sent
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state = 'waiting' OR state = 'delivered' OR state = 'failed'),
    attempts INTEGER NOT NULL DEFAULT 0, created_at_ms INTEGER NOT NULL, updated_at_ms INTEGER NOT NULL,
    UNIQUE (webhook, job_id)
);
CREATE INDEX webhook_delivery_state ON webhook_delivery(webhook, state);
CREATE INDEX webhook_delivery_updated ON webhook_delivery(updated_at_ms);
CREATE TABLE webhook_attempt (
    delivery_id INTEGER NOT NULL REFERENCES webhook_delivery(id), attempt INTEGER NOT NULL,
    at_ms INTEGER NOT NULL, duration_ms INTEGER NOT NULL, status INTEGER, -- NULL: no answer came
    answer TEXT,                            -- its first bytes
    error TEXT, PRIMARY KEY (delivery_id, attempt)
) WITHOUT ROWID;
