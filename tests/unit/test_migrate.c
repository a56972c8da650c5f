/* Schema versions: forward one at a time, whole or not at all, never back. */
#include "store_fixture.h"

#include "store/migrate.h"

#include <sys/wait.h>

static const struct migration HISTORY[] = {
    { 1, "001_first", "CREATE TABLE a (id INTEGER PRIMARY KEY); INSERT INTO a VALUES (1);" },
    { 2, "002_second",
      "CREATE TABLE b (a_id INTEGER REFERENCES a(id)); INSERT INTO b SELECT id FROM a;" },
    /* A table that others point to is made anew, which foreign keys would not let happen. */
    { 3, "003_rebuild",
      "CREATE TABLE a2 (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO a2 (id) SELECT id FROM a;"
      "DROP TABLE a; ALTER TABLE a2 RENAME TO a;" },
};
static const struct migration BROKEN_SQL[] = {
    { 1, "001_first", "CREATE TABLE a (id INTEGER PRIMARY KEY);" },
    { 2, "002_typo", "CREATE TABLE b (id INTEGER); CREATE TABEL c (id INTEGER);" },
};
static const struct migration BROKEN_KEY[] = {
    { 1, "001_orphan",
      "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (a_id INTEGER REFERENCES a(id));"
      "INSERT INTO b VALUES (7);" },
};

static struct connection *open_writer(struct fixture *fixture)
{
    struct err err = { 0 };
    struct connection *conn = connection_open(fixture->path, true, &err);
    if (!conn)
        fail_msg("%s", err.msg);
    return conn;
}

static int get_int(struct connection *conn, const char *sql)
{
    int value;
    struct err err = { 0 };
    if (connection_get_int(conn, sql, -1, &value, &err) != OK)
        fail_msg("%s", err.msg);
    return value;
}

static void an_older_schema_goes_forward(void **state)
{
    struct connection *conn = open_writer(*state);
    int version;
    struct err err;
    assert_int_equal(migrate_forward(conn, HISTORY, 1, &version, &err), OK);
    assert_int_equal(version, 1);
    assert_int_equal(migrate_forward(conn, HISTORY, 3, &version, &err), OK);
    assert_int_equal(version, 3);
    assert_int_equal(get_int(conn, "SELECT count(*) FROM schema_version WHERE applied_at_ms > 0"),
                     3);
    assert_int_equal(get_int(conn, "SELECT a_id FROM b"), 1);
    assert_int_equal(get_int(conn, "PRAGMA foreign_keys"), 1);
    /* Nothing to do is nothing done. */
    assert_int_equal(migrate_forward(conn, HISTORY, 3, &version, &err), OK);
    assert_int_equal(version, 3);
    connection_close(conn);
}

static void a_newer_schema_is_refused_with_both_versions(void **state)
{
    struct connection *conn = open_writer(*state);
    int version;
    struct err err;
    assert_int_equal(migrate_forward(conn, HISTORY, 3, &version, &err), OK);
    assert_int_equal(migrate_forward(conn, HISTORY, 2, &version, &err), ERR_CONFLICT);
    assert_non_null(strstr(err.msg, "schema version 3"));
    assert_non_null(strstr(err.msg, "up to 2"));
    assert_non_null(strstr(err.msg, "backup"));
    assert_int_equal(migrate_check(conn, 2, &version, &err), ERR_CONFLICT);
    assert_int_equal(migrate_check(conn, 3, &version, &err), OK);
    assert_int_equal(migrate_check(conn, 4, &version, &err), ERR_CONFLICT);
    assert_non_null(strstr(err.msg, "schema version 3, but this program needs 4"));
    connection_close(conn);
}

static void a_broken_migration_leaves_the_one_before(void **state)
{
    struct connection *conn = open_writer(*state);
    int version;
    struct err err;
    assert_int_equal(migrate_forward(conn, BROKEN_SQL, 2, &version, &err), ERR_DB);
    assert_non_null(strstr(err.msg, "002_typo"));
    assert_int_equal(get_int(conn, "SELECT max(version) FROM schema_version"), 1);
    assert_int_equal(get_int(conn, "SELECT count(*) FROM sqlite_master WHERE name = 'b'"), 0);
    assert_int_equal(get_int(conn, "PRAGMA foreign_keys"), 1);
    assert_true(!connection_in_transaction(conn));
    connection_close(conn);
}

static void a_migration_that_breaks_foreign_keys_is_refused(void **state)
{
    struct connection *conn = open_writer(*state);
    int version;
    struct err err;
    assert_int_equal(migrate_forward(conn, BROKEN_KEY, 1, &version, &err), ERR_CONFLICT);
    assert_non_null(strstr(err.msg, "foreign key"));
    assert_int_equal(get_int(conn, "SELECT count(*) FROM sqlite_master"), 0);
    connection_close(conn);
}

static void a_fault_in_a_migration_leaves_a_new_file_empty(void **state)
{
    struct connection *conn = open_writer(*state);
    int version;
    struct err err;
    inject_configure("store.migrate=fail:1");
    assert_int_equal(migrate_forward(conn, HISTORY, 3, &version, &err), ERR_IO);
    inject_configure(NULL);
    assert_int_equal(get_int(conn, "SELECT count(*) FROM sqlite_master"), 0);
    assert_int_equal(migrate_forward(conn, HISTORY, 3, &version, &err), OK);
    connection_close(conn);
}

static void a_database_of_another_program_is_left_alone(void **state)
{
    struct connection *conn = open_writer(*state);
    int version;
    struct err err;
    assert_int_equal(connection_script(conn, "CREATE TABLE theirs (id INTEGER)", &err), OK);
    assert_int_equal(migrate_forward(conn, HISTORY, 3, &version, &err), ERR_CONFLICT);
    assert_non_null(strstr(err.msg, "another program"));
    assert_int_equal(get_int(conn, "SELECT count(*) FROM sqlite_master"), 1);
    connection_close(conn);
}

static void db_open_refuses_a_newer_schema(void **state)
{
    struct fixture *fixture = *state;
    open_db(fixture);
    assert_int_equal(db_schema_version(fixture->db), store_migration_count);
    db_close(fixture->db);
    fixture->db = NULL;
    struct connection *conn = open_writer(fixture);
    assert_int_equal(
        connection_script(conn, "INSERT INTO schema_version VALUES (999, '999_future', 1)", NULL),
        OK);
    connection_close(conn);
    struct err err;
    struct db_options options = { .path = fixture->path };
    assert_int_equal(db_open(&options, &fixture->db, &err), ERR_CONFLICT);
    assert_non_null(strstr(err.msg, "schema version 999"));
    assert_null(fixture->db);
}

enum { OPENERS = 4 };

static void processes_that_open_a_new_file_at_once_share_it(void **state)
{
    struct fixture *fixture = *state;
    pid_t children[OPENERS];
    for (int i = 0; i < OPENERS; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            struct db *db;
            struct err err = { 0 };
            struct db_options options = { .path = fixture->path };
            int rc = db_open(&options, &db, &err);
            if (rc != OK)
                fprintf(stderr, "opener %d: %s\n", i, err.msg);
            db_close(db);
            _exit(rc == OK ? 0 : 1);
        }
    }
    for (int i = 0; i < OPENERS; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
}

/* What an engine of the first schema could have written: an incident with a bit of everything. */
static const char FIRST_ROWS[] =
    "INSERT INTO person (id, username, email, created_at_ms, updated_at_ms) VALUES ('p1', 'ada', "
    "'ada@example.org', 1, 1);"
    "INSERT INTO account (platform, external_id, person_id, updated_at_ms) VALUES ('chat', 'U1', "
    "'p1', 1);"
    "INSERT INTO priority (id, name, value, created_at_ms, updated_at_ms) VALUES ('pr', 'P1', 1, "
    "1, 1);"
    "INSERT INTO environment (id, value, name, created_at_ms, updated_at_ms) VALUES ('en', 'PRD', "
    "'Production', 1, 1);"
    "INSERT INTO category_group (id, name, created_at_ms, updated_at_ms) VALUES ('g', 'Shop', 1, "
    "1);"
    "INSERT INTO category (id, group_id, name, created_at_ms, updated_at_ms) VALUES ('c', 'g', "
    "'Payment', 1, 1);"
    "INSERT INTO role_type (id, slug, name) VALUES (1, 'commander', 'Commander');"
    "INSERT INTO milestone_type (id, event_type, name) VALUES (1, 'started', 'Started');"
    "INSERT INTO metric_type (id, type, code, name, milestone_start, milestone_end) VALUES (1, "
    "'t', 'T', 'T', 'a', 'b');"
    "INSERT INTO incident (id, title, description, priority_id, category_id, environment_id, "
    "created_by, created_at_ms,"
    " updated_at_ms) VALUES (7, 'Checkout fails', 'Nobody can pay', 'pr', 'c', 'en', 'p1', 1, 1);"
    "INSERT INTO incident_update (id, incident_id, message, created_by, event_at_ms, created_at_ms)"
    " VALUES ('u', 7, 'We look at it', 'p1', 1, 1);"
    "INSERT INTO incident_role (incident_id, role_type_id, person_id, created_at_ms) VALUES (7, 1, "
    "'p1', 1);"
    "INSERT INTO incident_metric (incident_id, metric_type_id, duration_ms) VALUES (7, 1, 1234);"
    "INSERT INTO incident_tag (incident_id, tag) VALUES (7, 'loud');"
    "INSERT INTO conversation (id, platform, external_id, incident_id, created_at_ms, "
    "updated_at_ms)"
    " VALUES ('co', 'chat', 'C1', 7, 1, 1);"
    "INSERT INTO usergroup (id, platform, handle, created_at_ms, updated_at_ms) VALUES ('ug', "
    "'chat', 'oncall', 1, 1);"
    "INSERT INTO usergroup_member (usergroup_id, person_id) VALUES ('ug', 'p1');"
    "INSERT INTO invitation (id, incident_id, person_id, created_at_ms, updated_at_ms) VALUES (1, "
    "7, 'p1', 1, 1);"
    "INSERT INTO message (id, conversation_id, external_id, kind, incident_id, created_at_ms)"
    " VALUES ('m', 'co', '1.2', 'announcement', 7, 1);"
    "INSERT INTO subscription (event_kind, handler) VALUES ('incident.created', 'integrations/x');"
    "INSERT INTO event (id, incident_id, kind, created_at_ms) VALUES (1, 7, 'incident.created', 1);"
    "INSERT INTO job (id, handler, event_id, incident_id, due_at_ms, created_at_ms) VALUES (1, "
    "'h', 1, 7, 1, 1);"
    "INSERT INTO audit (id, at_ms, actor_kind, source, action, incident_id) VALUES (1, 1, "
    "'system', 'x', 'y', 7);"
    "INSERT INTO kv (scope, key, value, expires_at_ms, updated_at_ms) VALUES "
    "('draft', 'd', '1', NULL, 1),"
    "('request', 'chat:command:1', '{}', 9, 1), ('request', 'incident.update:job 1', '{}', 9, 1);";

static void assert_rows_are_there(struct connection *conn)
{
    static const char *const WHOLE[] = {
        "SELECT count(*) FROM incident WHERE id = 7 AND title = 'Checkout fails'",
        "SELECT count(*) FROM incident_update WHERE message = 'We look at it'",
        "SELECT count(*) FROM incident_metric WHERE duration_ms = 1234",
        "SELECT count(*) FROM job WHERE event_id = 1 AND state = 'ready'",
        "SELECT count(*) FROM invitation WHERE incident_id = 7",
        "SELECT count(*) FROM conversation WHERE incident_id = 7",
        "SELECT count(*) FROM subscription",
        "SELECT count(*) FROM audit",
        "SELECT count(*) FROM kv",
        "SELECT operation = 'incident.declare' FROM request_key WHERE key = 'chat:command:1'",
        "SELECT operation = 'incident.update' FROM request_key WHERE key = 'job 1'",
        "SELECT count(*) FROM incident_fts WHERE incident_fts MATCH 'checkout'",
        "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'",
    };
    for (size_t i = 0; i < sizeof(WHOLE) / sizeof(WHOLE[0]); i++)
        if (get_int(conn, WHOLE[i]) != 1)
            fail_msg("not 1: %s", WHOLE[i]);
    assert_int_equal(get_int(conn, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
}

/* Each of our own schemas, with rows in it, becomes the newest one. */
static void every_schema_with_its_rows_goes_forward(void **state)
{
    struct fixture *fixture = *state;
    struct err err;
    int version;
    for (int from = 1; from < store_migration_count; from++) {
        struct connection *conn = open_writer(fixture);
        assert_int_equal(migrate_forward(conn, store_migrations, from, &version, &err), OK);
        if (connection_script(conn, FIRST_ROWS, &err) != OK)
            fail_msg("schema %d: %s", from, err.msg);
        if (migrate_forward(conn, store_migrations, store_migration_count, &version, &err) != OK)
            fail_msg("from schema %d: %s", from, err.msg);
        assert_int_equal(version, store_migration_count);
        /* The index of words is kept by the kernel; its own rows are indexed by the migration. */
        if (from >= 10)
            assert_int_equal(
                connection_script(conn, "INSERT INTO incident_fts(incident_fts) VALUES ('rebuild')",
                                  &err),
                OK);
        assert_rows_are_there(conn);
        connection_close(conn);
        assert_int_equal(unlink(fixture->path), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_FOLDER(an_older_schema_goes_forward),
        TEST_FOLDER(every_schema_with_its_rows_goes_forward),
        TEST_FOLDER(a_newer_schema_is_refused_with_both_versions),
        TEST_FOLDER(a_broken_migration_leaves_the_one_before),
        TEST_FOLDER(a_migration_that_breaks_foreign_keys_is_refused),
        TEST_FOLDER(a_fault_in_a_migration_leaves_a_new_file_empty),
        TEST_FOLDER(a_database_of_another_program_is_left_alone),
        TEST_FOLDER(db_open_refuses_a_newer_schema),
        TEST_FOLDER(processes_that_open_a_new_file_at_once_share_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
