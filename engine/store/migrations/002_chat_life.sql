-- What was said in an incident's channel, kept when the channel is closed; and who does not want to be invited.
CREATE TABLE transcript (
    incident_id INTEGER PRIMARY KEY REFERENCES incident(id),
    is_complete INTEGER NOT NULL DEFAULT 0, -- everything that was said is here
    saved_at_ms INTEGER NOT NULL
);
CREATE TABLE transcript_message (
    incident_id INTEGER NOT NULL REFERENCES incident(id), at_ms INTEGER NOT NULL,
    external_id TEXT NOT NULL,              -- of the message on its platform
    thread_id TEXT,                         -- the message that it answers; NULL: it stands for itself
    person_id TEXT REFERENCES person(id), author TEXT NOT NULL DEFAULT '', text TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (incident_id, at_ms, external_id)
) WITHOUT ROWID;

CREATE TABLE invitation_opt_out (
    person_id TEXT NOT NULL REFERENCES person(id),
    category_id TEXT NOT NULL DEFAULT '',   -- '': every category
    created_at_ms INTEGER NOT NULL, PRIMARY KEY (person_id, category_id)
) WITHOUT ROWID;
