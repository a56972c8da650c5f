-- What keeps lists as fast with a million incidents as with a thousand: a run of each index is in the order of ids, so that a page ends
-- after its rows, and says what everybody may see, so that those before it are passed over without being read.
CREATE INDEX incident_created_by ON incident(created_by, id, is_private);
CREATE INDEX incident_category ON incident(category_id, id, is_private);
CREATE INDEX incident_priority ON incident(priority_id, id, is_private);
CREATE INDEX incident_environment ON incident(environment_id, id, is_private);
CREATE INDEX incident_title ON incident(title, id, is_private);
CREATE INDEX conversation_external ON conversation(external_id);
CREATE INDEX conversation_declared ON conversation(id) WHERE is_declared = 1;
CREATE INDEX conversation_opened ON conversation(incident_id) WHERE status = 'opened';
CREATE INDEX priority_position ON priority(position);
