/* What waits in memory for the log never hides, or replaces, what others have put into it. */
#include "store_fixture.h"

#include "store/sqlite.h"

static struct connection *open_writer(struct fixture *fixture)
{
    struct err err = { 0 };
    struct connection *conn = connection_open(fixture->path, true, &err);
    if (!conn)
        fail_msg("%s", err.msg);
    return conn;
}

static void run(struct connection *conn, const char *sql)
{
    struct err err = { 0 };
    if (connection_script(conn, sql, &err) != OK)
        fail_msg("%s: %s", sql, err.msg);
}

static int get_int(struct connection *conn, const char *sql)
{
    int value;
    struct err err = { 0 };
    if (connection_get_int(conn, sql, -1, &value, &err) != OK)
        fail_msg("%s: %s", sql, err.msg);
    return value;
}

/* More than the cache of a writer holds, so that frames are written before the end. */
static void fill_and_roll_back(struct connection *conn)
{
    run(conn, "BEGIN IMMEDIATE");
    run(conn, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
              " INSERT INTO t SELECT i + 1000000, randomblob(3000) FROM n");
    run(conn, "ROLLBACK");
}

static void put_rows(struct connection *conn, int first)
{
    AUTO_FREE char *sql =
        xasprintf("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 2999)"
                  " INSERT INTO t SELECT i + %d, zeroblob(3000) FROM n",
                  first);
    run(conn, sql);
}

static void assert_whole(struct connection *conn, int rows)
{
    assert_int_equal(get_int(conn, "SELECT count(*) FROM t"), rows);
    assert_int_equal(
        get_int(conn, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"),
        1);
}

/* A second process (the command line) commits where the first one's given up frames would have been. */
static void what_was_rolled_back_replaces_nothing(void **state)
{
    struct connection *engine = open_writer(*state), *other = open_writer(*state);
    run(engine, "CREATE TABLE t (id INTEGER PRIMARY KEY, value BLOB)");
    run(other, "PRAGMA wal_autocheckpoint = 0");
    run(engine, "PRAGMA wal_autocheckpoint = 0");
    fill_and_roll_back(engine);
    put_rows(other, 0);
    put_rows(engine, 3000);
    assert_whole(engine, 6000);
    fill_and_roll_back(engine);
    put_rows(other, 6000);
    assert_whole(engine, 9000);
    fill_and_roll_back(engine);
    put_rows(other, 9000);
    connection_close(engine);
    assert_whole(other, 12000);
    connection_close(other);
    engine = open_writer(*state);
    assert_whole(engine, 12000);
    connection_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_FOLDER(what_was_rolled_back_replaces_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
