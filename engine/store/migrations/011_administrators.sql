-- What config.lua declares under administrators: e-mail addresses, and user groups by handle or tag. They see private incidents.
CREATE TABLE administrator (
    kind TEXT NOT NULL CHECK (kind = 'email' OR kind = 'usergroup'), value TEXT NOT NULL, PRIMARY KEY (kind, value)
) WITHOUT ROWID;
CREATE VIEW administrator_person AS
    SELECT p.id AS person_id FROM administrator a JOIN person p ON p.email = a.value
        WHERE a.kind = 'email' AND p.is_active = 1
    UNION
    SELECT p.id AS person_id FROM administrator a JOIN usergroup g ON g.handle = a.value OR g.tag = a.value
        JOIN usergroup_member m ON m.usergroup_id = g.id JOIN person p ON p.id = m.person_id
        WHERE a.kind = 'usergroup' AND g.is_active = 1 AND p.is_active = 1;
