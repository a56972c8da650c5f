-- Drills are marked and left out of metrics; a duplicate names the incident that it repeats.
ALTER TABLE incident ADD COLUMN is_drill INTEGER NOT NULL DEFAULT 0;
ALTER TABLE incident ADD COLUMN duplicate_of INTEGER REFERENCES incident(id);
CREATE INDEX incident_duplicate_of ON incident(duplicate_of) WHERE duplicate_of IS NOT NULL;
CREATE INDEX incident_tag_tag ON incident_tag(tag);
