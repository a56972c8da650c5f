-- Words of incidents, kept true by core/search_index.c: triggers may not write to a virtual table, since schemas are not trusted.
CREATE VIRTUAL TABLE incident_fts USING fts5(
    title, description, content = 'incident', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO incident_fts(incident_fts) VALUES ('rebuild');
