-- Whom invite strategies ask for is read from the index alone, one service after another.
DROP INDEX oncall_level;
CREATE INDEX oncall_level ON oncall(level, service, person_id, starts_at_ms, ends_at_ms);
