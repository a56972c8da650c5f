-- What was answered under a request's key lies by itself: one tree instead of the three of kv, for each declaration.
CREATE TABLE request_key (
    operation TEXT NOT NULL, key TEXT NOT NULL, answer TEXT NOT NULL, expires_at_ms INTEGER NOT NULL,
    PRIMARY KEY (operation, key)
) WITHOUT ROWID;
-- Those of declarations had their key alone, the others their operation in front.
INSERT OR IGNORE INTO request_key (operation, key, answer, expires_at_ms)
    SELECT CASE WHEN key GLOB 'incident.*:*' THEN substr(key, 1, instr(key, ':') - 1) ELSE 'incident.declare' END,
        CASE WHEN key GLOB 'incident.*:*' THEN substr(key, instr(key, ':') + 1) ELSE key END, value, expires_at_ms
    FROM kv WHERE scope = 'request' AND expires_at_ms IS NOT NULL;
DELETE FROM kv WHERE scope = 'request';
