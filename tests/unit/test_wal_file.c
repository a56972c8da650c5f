/* wal_file: one write a commit, and what it holds back is read, overwritten and lost as if it were in the file. */
#include "unit.h"

#include "store/sqlite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* More than the writer's cache holds, so that SQLite writes before the commit and reads it back. */
enum { LARGE = 3000, ROW_BYTES = 3000 };

struct place {
    char folder[64];
    char path[96];
    struct connection *conn;
};

static void run(struct connection *conn, const char *sql)
{
    struct err err;
    if (connection_script(conn, sql, &err) != OK)
        fail_msg("%s", err.msg);
}

static int number(struct connection *conn, const char *sql)
{
    struct err err;
    int value = 0;
    assert_int_equal(connection_get_int(conn, sql, -1, &value, &err), OK);
    return value;
}

static int set_up(void **state)
{
    static struct place place;
    struct err err;
    snprintf(place.folder, sizeof(place.folder), "/tmp/halligan-wal-XXXXXX");
    assert_non_null(mkdtemp(place.folder));
    snprintf(place.path, sizeof(place.path), "%s/wal.db", place.folder);
    place.conn = connection_open(place.path, true, &err);
    assert_non_null(place.conn);
    run(place.conn, "CREATE TABLE t (id INTEGER PRIMARY KEY, data TEXT)");
    *state = &place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    char command[128];
    connection_close(place->conn);
    snprintf(command, sizeof(command), "rm -r '%s'", place->folder);
    return system(command);
}

static void insert(struct connection *conn, int from, int count)
{
    char sql[256];
    snprintf(sql, sizeof(sql),
             "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE "
             "i < %d) "
             "SELECT i, printf('%%.*c', %d, 'x') FROM n",
             from, from + count - 1, ROW_BYTES);
    run(conn, sql);
}

static long writes_so_far(void)
{
    FILE *io = fopen("/proc/self/io", "r");
    char line[64];
    long writes = -1;
    assert_non_null(io);
    while (fgets(line, sizeof(line), io))
        sscanf(line, "syscw: %ld", &writes);
    fclose(io);
    return writes;
}

static void assert_sound(struct place *place, int rows)
{
    struct err err;
    struct connection *other = connection_open(place->path, false, &err);
    assert_non_null(other);
    assert_int_equal(number(place->conn, "SELECT count(*) FROM t"), rows);
    assert_int_equal(number(other, "SELECT count(*) FROM t"), rows);
    assert_int_equal(number(other, "SELECT count(*) FROM t WHERE length(data) = 3000"), rows);
    assert_int_equal(
        number(other, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"),
        1);
    connection_close(other);
}

static void a_commit_of_twenty_pages_is_one_write(void **state)
{
    struct place *place = *state;
    insert(place->conn, 1, 1); /* begins the log */
    long before = writes_so_far();
    insert(place->conn, 2, 20);
    assert_int_equal(writes_so_far() - before, 1);
    assert_sound(place, 21);
}

static void more_than_the_cache_holds_is_read_back(void **state)
{
    struct place *place = *state;
    run(place->conn, "BEGIN IMMEDIATE");
    insert(place->conn, 1, LARGE);
    assert_int_equal(number(place->conn, "SELECT sum(length(data)) FROM t"), LARGE * ROW_BYTES);
    run(place->conn, "UPDATE t SET data = replace(data, 'x', 'y')");
    run(place->conn, "COMMIT");
    assert_int_equal(number(place->conn, "SELECT count(*) FROM t WHERE data LIKE 'yyy%'"), LARGE);
    assert_sound(place, LARGE);
}

static void what_was_rolled_back_is_overwritten(void **state)
{
    struct place *place = *state;
    for (int round = 0; round < 5; round++) {
        run(place->conn, "BEGIN IMMEDIATE");
        insert(place->conn, 1, round % 2 ? LARGE : 10);
        run(place->conn, "ROLLBACK");
        insert(place->conn, 100000 + round * 10, 10);
        assert_sound(place, (round + 1) * 10);
    }
}

/* As the command line does beside a running engine: it commits where the given up frames would have been. */
static void what_was_rolled_back_replaces_nothing_of_others(void **state)
{
    struct place *place = *state;
    struct err err;
    struct connection *other = connection_open(place->path, true, &err);
    assert_non_null(other);
    run(place->conn, "PRAGMA wal_autocheckpoint = 0");
    run(other, "PRAGMA wal_autocheckpoint = 0");
    for (int round = 0; round < 3; round++) {
        run(place->conn, "BEGIN IMMEDIATE");
        insert(place->conn, 1000000, LARGE);
        run(place->conn, "ROLLBACK");
        insert(other, 1 + 2 * round * LARGE, LARGE);
        insert(place->conn, 1 + (2 * round + 1) * LARGE, LARGE);
        assert_sound(place, 2 * (round + 1) * LARGE);
    }
    run(place->conn, "BEGIN IMMEDIATE");
    insert(place->conn, 1000000, LARGE);
    run(place->conn, "ROLLBACK");
    insert(other, 1 + 6 * LARGE, LARGE);
    connection_close(place->conn);
    connection_close(other);
    place->conn = connection_open(place->path, true, &err);
    assert_non_null(place->conn);
    assert_sound(place, 7 * LARGE);
}

static void a_refused_write_fails_the_commit_and_nothing_else(void **state)
{
    struct place *place = *state;
    struct rlimit unlimited;
    struct err err;
    insert(place->conn, 1, 10);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &unlimited), 0);
    struct rlimit none = { .rlim_cur = 0, .rlim_max = unlimited.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    int rc = connection_script(place->conn, "INSERT INTO t VALUES (100, 'lost')", &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &unlimited), 0);
    assert_int_equal(rc, ERR_IO);
    assert_sound(place, 10);
    insert(place->conn, 11, 10);
    assert_sound(place, 20);
}

static void the_log_is_emptied_and_begun_again(void **state)
{
    struct place *place = *state;
    for (int round = 0; round < 3; round++) {
        insert(place->conn, 1 + round * LARGE, LARGE);
        run(place->conn, "PRAGMA wal_checkpoint(TRUNCATE)");
        assert_sound(place, (round + 1) * LARGE);
    }
}

static void all_is_there_when_the_file_is_opened_again(void **state)
{
    struct place *place = *state;
    struct err err;
    insert(place->conn, 1, LARGE);
    connection_close(place->conn);
    place->conn = connection_open(place->path, true, &err);
    assert_non_null(place->conn);
    assert_sound(place, LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_commit_of_twenty_pages_is_one_write, set_up, tear_down),
        cmocka_unit_test_setup_teardown(more_than_the_cache_holds_is_read_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_rolled_back_is_overwritten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_rolled_back_replaces_nothing_of_others, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_refused_write_fails_the_commit_and_nothing_else, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_log_is_emptied_and_begun_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_is_there_when_the_file_is_opened_again, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
