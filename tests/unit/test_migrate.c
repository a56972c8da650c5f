/* Schema versions: forward one at a time, whole or not at all, never back. */
#include "store_fixture.h"

#include "store/migrate.h"

#include <sys/wait.h>

static const struct migration HISTORY[] = {
    { 1, "001_first", "CREATE TABLE a (id INTEGER PRIMARY KEY); INSERT INTO a VALUES (1);" },
    { 2, "002_second", "CREATE TABLE b (a_id INTEGER REFERENCES a(id)); INSERT INTO b SELECT id FROM a;" },
    /* A table that others point to is made anew, which foreign keys would not let happen. */
    { 3, "003_rebuild", "CREATE TABLE a2 (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO a2 (id) SELECT id FROM a;"
                        "DROP TABLE a; ALTER TABLE a2 RENAME TO a;" },
};
static const struct migration BROKEN_SQL[] = {
    { 1, "001_first", "CREATE TABLE a (id INTEGER PRIMARY KEY);" },
    { 2, "002_typo", "CREATE TABLE b (id INTEGER); CREATE TABEL c (id INTEGER);" },
};
static const struct migration BROKEN_KEY[] = {
    { 1, "001_orphan", "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (a_id INTEGER REFERENCES a(id));"
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
    assert_int_equal(get_int(conn, "SELECT count(*) FROM schema_version WHERE applied_at_ms > 0"), 3);
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
    assert_int_equal(connection_script(conn, "INSERT INTO schema_version VALUES (999, '999_future', 1)", NULL), OK);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_FOLDER(an_older_schema_goes_forward),
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
