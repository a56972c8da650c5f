-- The message of a chat platform that a record of a timeline was made from. One message makes one record; what
-- becomes of the message becomes of the record.
ALTER TABLE incident_update ADD COLUMN source_conversation_id TEXT REFERENCES conversation(id);
ALTER TABLE incident_update ADD COLUMN source_external_id TEXT;
ALTER TABLE incident_update ADD COLUMN source_kind TEXT;             -- how it was taken over: the caller's word
ALTER TABLE incident_update ADD COLUMN source_deleted_at_ms INTEGER; -- the message is gone, the record stays
ALTER TABLE incident_update ADD COLUMN edited_at_ms INTEGER;
CREATE UNIQUE INDEX incident_update_source ON incident_update(source_conversation_id, source_external_id)
    WHERE source_external_id IS NOT NULL;
