/* What runs inside a transaction: statements, values, rows, errors; and opening and reading. */
#define _GNU_SOURCE /* syscall */
#include "store_fixture.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>

/* Runs <fn> as a write and as nothing else: its assertions are the test. */
static void in_write(struct fixture *fixture, tx_fn fn)
{
    struct err err = { 0 };
    if (db_write_now(fixture->db, fn, fixture, &err) != OK)
        fail_msg("%s", err.msg);
}

static int every_type_in_tx(struct tx *tx, void *arg, struct err *err)
{
    (void)arg;
    static const char CREATE[] =
        "CREATE TABLE every (i INTEGER, b INTEGER, d REAL, t TEXT, n TEXT, z TEXT, tn TEXT)";
    static const char INSERT[] =
        "INSERT INTO every (i, b, d, t, n, z, tn) VALUES (?, ?, ?, ?, ?, ?, ?)";
    assert_int_equal(tx_exec(tx, err, CREATE, NULL), 0);
    int rc = tx_exec(tx, err, INSERT, "ibdtn0t", INT64_MIN, true, 0.5, "h\xc3\xa9", "a\0b-",
                     (size_t)3, NULL);
    assert_int_equal(rc, 1);
    struct stmt *stmt = tx_query(tx, err, "SELECT i, b, d, t, n, z, tn FROM every", "");
    assert_non_null(stmt);
    assert_int_equal(stmt_next(stmt, err), DB_ROW);
    assert_true(stmt_int(stmt, 0) == INT64_MIN);
    assert_int_equal(stmt_int(stmt, 1), 1);
    assert_true(fabs(stmt_real(stmt, 2) - 0.5) < 1e-9);
    assert_string_equal(stmt_text(stmt, 3), "h\xc3\xa9");
    assert_memory_equal(stmt_text(stmt, 4), "a\0b", 3);
    assert_int_equal(stmt_bytes(stmt, 4), 3);
    assert_true(stmt_is_null(stmt, 5));
    assert_null(stmt_text(stmt, 5));
    assert_int_equal(stmt_int(stmt, 5), 0);
    assert_true(stmt_is_null(stmt, 6));
    assert_int_equal(stmt_next(stmt, err), DB_DONE);
    assert_int_equal(stmt_next(stmt, err), DB_DONE);
    stmt_end(stmt);
    stmt_end(NULL);
    return OK;
}

static void values_of_every_type_come_back(void **state)
{
    in_write(*state, every_type_in_tx);
}

static int counts_in_tx(struct tx *tx, void *arg, struct err *err)
{
    (void)arg;
    for (int64_t i = 1; i <= 5; i++)
        assert_int_equal(tx_exec(tx, err, "INSERT INTO thing (value) VALUES (?)", "i", i), 1);
    assert_int_equal(tx_insert_id(tx), 5);
    assert_int_equal(tx_exec(tx, err, "UPDATE thing SET value = 0 WHERE id > ?", "i", (int64_t)2),
                     3);
    assert_int_equal(tx_exec(tx, err, "DELETE FROM thing WHERE id = ?", "i", (int64_t)77), 0);
    assert_int_equal(tx_exec(tx, err, "CREATE TABLE other (id INTEGER)", ""), 0);
    /* A row that is returned may be ignored. */
    assert_int_equal(
        tx_exec(tx, err, "INSERT INTO thing (value) VALUES (?) RETURNING id", "i", (int64_t)1), 1);
    return 1; /* as `return tx_exec(...)` does */
}

static void changed_rows_are_counted(void **state)
{
    in_write(*state, counts_in_tx);
    assert_int_equal(count_things(((struct fixture *)*state)->db), 6);
}

static int get_int_in_tx(struct tx *tx, void *arg, struct err *err)
{
    (void)arg;
    int rc = 99;
    assert_int_equal(tx_get_int(tx, &rc, err, -7, "SELECT id FROM thing", ""), -7);
    assert_int_equal(rc, OK);
    assert_int_equal(tx_get_int(tx, &rc, err, -7, "SELECT max(id) FROM thing", ""), -7);
    assert_int_equal(tx_get_int(tx, NULL, NULL, 0, "SELECT ? + 1", "i", (int64_t)41), 42);
    assert_int_equal(tx_get_int(tx, &rc, err, -7, "SELECT nothing FROM nowhere", ""), -7);
    assert_int_equal(rc, ERR_DB);
    return OK;
}

static void one_integer_can_be_asked_for(void **state)
{
    in_write(*state, get_int_in_tx);
}

static int errors_in_tx(struct tx *tx, void *arg, struct err *err)
{
    (void)arg;
    static const char INSERT[] = "INSERT INTO thing (name) VALUES (?)";
    assert_int_equal(tx_exec(tx, err, INSERT, "t", "once"), 1);
    assert_int_equal(tx_exec(tx, err, INSERT, "t", "once"), ERR_CONFLICT);
    assert_string_equal(err->msg, "UNIQUE constraint failed: thing.name");
    assert_int_equal(tx_exec(tx, err, "INSERT INTO nowhere VALUES (1)", ""), ERR_DB);
    /* People in chat may read it: no SQL. */
    assert_string_equal(err->msg, "the database failed: no such table: nowhere");
    assert_int_equal(tx_exec(tx, err, INSERT, "tt", "a", "b"), ERR_BUG);
    assert_int_equal(tx_exec(tx, err, INSERT, "x", "a"), ERR_BUG);
    assert_int_equal(tx_exec(tx, NULL, INSERT, "", "a"), ERR_BUG);
    assert_int_equal(tx_exec(tx, err, "SELECT 1; SELECT 2", ""), ERR_BUG);
    assert_int_equal(tx_exec(tx, err, "", ""), ERR_BUG);
    assert_null(tx_query(tx, err, "SELECT id FROM thing WHERE id = ?", ""));
    assert_int_equal(err->code, ERR_BUG);
    /* Double quotes are for names, as in PostgreSQL. */
    assert_int_equal(tx_exec(tx, err, "UPDATE thing SET name = \"text\"", ""), ERR_DB);
    /* The statement that failed is usable again. */
    assert_int_equal(tx_exec(tx, err, INSERT, "t", "twice"), 1);
    return OK;
}

static void errors_say_what_is_wrong(void **state)
{
    in_write(*state, errors_in_tx);
}

static int fail_without_words(struct tx *tx, void *arg, struct err *err)
{
    (void)tx, (void)arg, (void)err;
    return ERR_LIMIT;
}

static void a_silent_failure_gets_words(void **state)
{
    struct fixture *fixture = *state;
    struct err err;
    assert_int_equal(db_write_now(fixture->db, fail_without_words, NULL, &err), ERR_LIMIT);
    assert_int_equal(err.code, ERR_LIMIT);
    assert_string_equal(err.msg, "the transaction was given up (limit)");
}

static struct stmt *query_thing(struct tx *tx, struct err *err)
{
    return tx_query(tx, err, "SELECT id FROM thing ORDER BY id", "");
}

static int nested_in_tx(struct tx *tx, void *arg, struct err *err)
{
    (void)arg;
    for (int i = 0; i < 3; i++)
        assert_int_equal(tx_exec(tx, err, "INSERT INTO thing (value) VALUES (1)", ""), 1);
    struct stmt *outer = query_thing(tx, err);
    int pairs = 0;
    while (stmt_next(outer, err) == DB_ROW) {
        struct stmt *inner = query_thing(tx, err);
        assert_ptr_not_equal(inner, outer);
        while (stmt_next(inner, err) == DB_ROW)
            pairs++;
        stmt_end(inner);
    }
    stmt_end(outer);
    assert_int_equal(pairs, 9);
    return OK;
}

static void a_query_may_run_inside_itself(void **state)
{
    in_write(*state, nested_in_tx);
}

static int leak_in_tx(struct tx *tx, void *arg, struct err *err)
{
    (void)arg;
    assert_int_equal(tx_exec(tx, err, "INSERT INTO thing (value) VALUES (1)", ""), 1);
    struct stmt *one = query_thing(tx, err);
    struct stmt *two = query_thing(tx, err);
    assert_int_equal(stmt_next(one, err), DB_ROW);
    assert_int_equal(stmt_next(two, err), DB_ROW);
    return OK;
}

static void statements_left_open_are_ended_with_the_request(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 3; i++)
        in_write(fixture, leak_in_tx);
    assert_int_equal(count_things(fixture->db), 3);
}

static int run_time_sql_in_tx(struct tx *tx, void *arg, struct err *err)
{
    (void)arg;
    char sql[128];
    for (int i = 0; i < 200; i++) {
        snprintf(sql, sizeof(sql), "SELECT ? + %d, ? || ?, ?, ?, ?", i % 70);
        struct db_value values[] = {
            { .type = 'i', .i = 1000 },
            { .type = 't', .t = "ab" },
            { .type = 'n', .t = "cdef", .n = 2 },
            { .type = 'd', .d = 0.25 },
            { .type = 'b', .i = 17 },
            { .type = '0' },
        };
        struct stmt *stmt = tx_query_values(tx, err, sql, values, 6);
        assert_non_null(stmt);
        assert_int_equal(stmt_next(stmt, err), DB_ROW);
        assert_int_equal(stmt_int(stmt, 0), 1000 + i % 70);
        assert_string_equal(stmt_text(stmt, 1), "abcd");
        assert_int_equal(stmt_int(stmt, 3), 1);
        assert_true(stmt_is_null(stmt, 4));
        if (i % 3) /* the others stay open and are ended with the request */
            stmt_end(stmt);
    }
    struct db_value wrong = { .type = 'q' };
    assert_null(tx_query_values(tx, err, "SELECT ?", &wrong, 1));
    assert_int_equal(err->code, ERR_BUG);
    assert_null(tx_query_values(tx, err, "SELECT ?", NULL, 0));
    return OK;
}

static void sql_made_at_run_time_is_kept_by_its_text(void **state)
{
    in_write(*state, run_time_sql_in_tx);
    in_write(*state, run_time_sql_in_tx);
}

static int same_address_in_tx(struct tx *tx, void *arg, struct err *err)
{
    (void)arg;
    char sql[32];
    for (int i = 0; i < 10; i++) {
        snprintf(sql, sizeof(sql), "SELECT %d", i);
        assert_int_equal(tx_get_int(tx, NULL, err, -1, sql, ""), i);
    }
    return OK;
}

static void another_text_at_the_same_address_is_another_statement(void **state)
{
    in_write(*state, same_address_in_tx);
}

static int write_in_read(struct tx *tx, void *arg, struct err *err)
{
    (void)arg;
    return tx_exec(tx, err, "INSERT INTO thing (id) VALUES (1)", "");
}

static void a_read_that_writes_is_refused(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(db_read_now(fixture->db, write_in_read, NULL, NULL), ERR_FORBIDDEN);
    assert_int_equal(count_things(fixture->db), 0);
}

struct snapshot {
    struct db *db;
    int64_t first;
    int64_t second;
};

static int count_twice(struct tx *tx, void *arg, struct err *err)
{
    struct snapshot *snapshot = arg;
    static const char COUNT[] = "SELECT count(*) FROM thing";
    snapshot->first = tx_get_int(tx, NULL, err, -1, COUNT, "");
    struct put put = { .id = 1 };
    int rc =
        db_write_now(snapshot->db, put_thing, &put, err); /* another thread commits meanwhile */
    snapshot->second = tx_get_int(tx, NULL, err, -1, COUNT, "");
    return rc;
}

static void a_read_sees_one_snapshot(void **state)
{
    struct fixture *fixture = *state;
    struct snapshot snapshot = { .db = fixture->db };
    assert_int_equal(db_read_now(fixture->db, count_twice, &snapshot, NULL), OK);
    assert_int_equal(snapshot.first, 0);
    assert_int_equal(snapshot.second, 0);
    assert_int_equal(count_things(fixture->db), 1);
}

struct meeting {
    struct fixture *fixture;
    pthread_barrier_t both;
    atomic_int met;
};

static int meet(struct tx *tx, void *arg, struct err *err)
{
    (void)tx, (void)err;
    struct meeting *meeting = arg;
    pthread_barrier_wait(&meeting->both); /* hangs when reads run one after another */
    atomic_fetch_add(&meeting->met, 1);
    return OK;
}

static void on_read_done(void *arg, int rc, const struct err *err)
{
    struct meeting *meeting = arg;
    assert_int_equal(rc, OK);
    assert_int_equal(err->code, OK);
    if (--meeting->fixture->open == 0)
        loop_stop(meeting->fixture->loop);
}

static void reads_run_side_by_side(void **state)
{
    struct fixture *fixture = *state;
    struct meeting meeting = { .fixture = fixture };
    pthread_barrier_init(&meeting.both, NULL, 2);
    fixture->open = 2;
    db_read(fixture->db, meet, on_read_done, &meeting);
    db_read(fixture->db, meet, on_read_done, &meeting);
    loop_run(fixture->loop);
    assert_int_equal(atomic_load(&meeting.met), 2);
    pthread_barrier_destroy(&meeting.both);
    struct db_stats stats;
    db_stats(fixture->db, &stats);
    assert_int_equal(stats.reads, 2);
}

static void a_failed_read_is_told(void **state)
{
    struct fixture *fixture = *state;
    struct err err;
    inject_configure("store.read=fail");
    assert_int_equal(db_read_now(fixture->db, ignore, NULL, &err), ERR_IO);
    inject_configure(NULL);
    assert_int_equal(db_read_now(fixture->db, ignore, NULL, &err), OK);
}

static int fill_the_disk_in_tx(struct tx *tx, void *arg, struct err *err)
{
    (void)arg;
    (void)tx_get_int(tx, NULL, err, 0, "PRAGMA max_page_count = 1", ""); /* as many as there are */
    int rc = OK;
    for (int64_t id = 0; id < 100 && rc >= 0; id++)
        rc = tx_exec(tx, err, "INSERT INTO thing (id, name) VALUES (?, hex(randomblob(2000)))", "i",
                     id);
    return rc;
}

/* Room can be made: whoever asked may ask again. */
static void a_full_disk_is_worth_another_try(void **state)
{
    struct fixture *fixture = *state;
    struct err err = { 0 };
    assert_int_equal(db_write_now(fixture->db, fill_the_disk_in_tx, NULL, &err), ERR_IO);
    assert_string_equal(err.msg, "the database failed: database or disk is full");
    assert_true(err.retryable);
    assert_int_equal(count_things(fixture->db), 0);
}

static int orphan_in_tx(struct tx *tx, void *arg, struct err *err)
{
    (void)arg;
    return tx_exec(tx, err, "INSERT INTO part (thing_id) VALUES (7)", "");
}

static void references_hold_in_a_file_of_before(void **state)
{
    struct fixture *fixture = *state;
    db_close(fixture->db);
    open_db(fixture);
    assert_int_equal(db_write_now(fixture->db, orphan_in_tx, NULL, NULL), ERR_CONFLICT);
}

/* What is acknowledged survives a power cut: the kill of a process would not show it. */
static atomic_int syncs;
static atomic_llong synced_size; /* of the file that was synced last */

static void note_sync(int fd)
{
    struct stat found;
    atomic_fetch_add(&syncs, 1);
    if (fstat(fd, &found) == 0)
        atomic_store(&synced_size, (long long)found.st_size);
}

int fdatasync(int fd)
{
    note_sync(fd);
    return (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
    note_sync(fd);
    return (int)syscall(SYS_fsync, fd);
}

static void each_commit_is_on_disk_before_it_is_acknowledged(void **state)
{
    struct fixture *fixture = *state;
    char log[128];
    snprintf(log, sizeof(log), "%s-wal", fixture->path);
    for (int64_t id = 1; id <= 5; id++) {
        struct put put = { .id = id };
        struct stat before, after;
        int syncs_before = atomic_load(&syncs);
        assert_int_equal(stat(log, &before), 0);
        assert_int_equal(db_write_now(fixture->db, put_thing, &put, NULL), OK);
        assert_int_equal(stat(log, &after), 0);
        assert_true(atomic_load(&syncs) > syncs_before);
        assert_true(after.st_size > before.st_size);
        assert_int_equal(atomic_load(&synced_size),
                         after.st_size); /* nothing was written behind it */
    }
}

static void a_second_handle_reads_while_the_first_writes(void **state)
{
    struct fixture *fixture = *state;
    struct put put = { .id = 1 };
    assert_int_equal(db_write_now(fixture->db, put_thing, &put, NULL), OK);
    struct db *reader;
    struct err err = { 0 };
    struct db_options options = { .path = fixture->path, .is_read_only = true };
    assert_int_equal(db_open(&options, &reader, &err), OK);
    assert_int_equal(count_things(reader), 1);
    put.id = 2;
    assert_int_equal(db_write_now(fixture->db, put_thing, &put, NULL), OK);
    assert_int_equal(count_things(reader), 2);
    assert_int_equal(db_write_now(reader, put_thing, &put, &err), ERR_FORBIDDEN);
    assert_int_equal(db_schema_version(reader), db_schema_version(fixture->db));
    db_close(reader);
}

static void without_a_loop_everything_runs_on_the_caller(void **state)
{
    struct fixture *fixture = *state;
    open_db(fixture);
    struct err err = { 0 };
    assert_int_equal(db_write_now(fixture->db, create_tables, NULL, &err), OK);
    struct put put = { .id = 1 };
    assert_int_equal(db_write_now(fixture->db, put_thing, &put, &err), OK);
    assert_int_equal(db_write_now(fixture->db, put_thing, &put, &err), ERR_CONFLICT);
    assert_int_equal(count_things(fixture->db), 1);
    struct db_stats stats;
    db_stats(fixture->db, &stats);
    assert_int_equal(stats.requests, 3);
    assert_int_equal(stats.failed, 1);
    assert_int_equal(stats.queue_depth, 0);
}

static void the_file_is_its_owners_only(void **state)
{
    struct fixture *fixture = *state;
    open_db(fixture);
    struct stat found;
    assert_int_equal(stat(fixture->path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
}

static int open_failing(const char *path, bool is_read_only, struct err *err)
{
    struct db *db;
    struct db_options options = { .path = path, .is_read_only = is_read_only };
    int rc = db_open(&options, &db, err);
    assert_null(db);
    assert_int_equal(err->code, rc);
    return rc;
}

static void what_cannot_be_opened_is_named(void **state)
{
    struct fixture *fixture = *state;
    struct err err;
    assert_int_equal(open_failing(fixture->path, true, &err), ERR_NOT_FOUND);
    assert_non_null(strstr(err.msg, fixture->path));
    assert_int_equal(open_failing("/proc/nowhere/test.db", false, &err), ERR_IO);
    assert_non_null(strstr(err.msg, "/proc/nowhere"));
    assert_int_equal(open_failing(fixture->folder, false, &err), ERR_IO);

    FILE *file = fopen(fixture->path, "w");
    assert_non_null(file);
    for (int i = 0; i < 500; i++)
        fputs("this is no database. ", file);
    fclose(file);
    assert_int_equal(open_failing(fixture->path, false, &err), ERR_DB);
    assert_non_null(strstr(err.msg, "not a database"));
}

static void missing_folders_are_made(void **state)
{
    struct fixture *fixture = *state;
    char path[128];
    snprintf(path, sizeof(path), "%s/a/b/c.db", fixture->folder);
    struct db *db;
    struct db_options options = { .path = path };
    assert_int_equal(db_open(&options, &db, NULL), OK);
    db_close(db);
    db_close(NULL);
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof(path), "%s/a/b", fixture->folder);
    assert_int_equal(rmdir(path), 0);
    snprintf(path, sizeof(path), "%s/a", fixture->folder);
    assert_int_equal(rmdir(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_HERE(values_of_every_type_come_back),
        TEST_HERE(changed_rows_are_counted),
        TEST_HERE(one_integer_can_be_asked_for),
        TEST_HERE(errors_say_what_is_wrong),
        TEST_DB(a_silent_failure_gets_words),
        TEST_HERE(a_query_may_run_inside_itself),
        TEST_HERE(statements_left_open_are_ended_with_the_request),
        TEST_HERE(sql_made_at_run_time_is_kept_by_its_text),
        TEST_HERE(another_text_at_the_same_address_is_another_statement),
        TEST_DB(a_read_that_writes_is_refused),
        TEST_DB(a_read_sees_one_snapshot),
        TEST_DB(reads_run_side_by_side),
        TEST_DB(a_failed_read_is_told),
        TEST_DB(a_full_disk_is_worth_another_try),
        TEST_DB(references_hold_in_a_file_of_before),
        TEST_DB(each_commit_is_on_disk_before_it_is_acknowledged),
        TEST_DB(a_second_handle_reads_while_the_first_writes),
        TEST_FOLDER(without_a_loop_everything_runs_on_the_caller),
        TEST_FOLDER(the_file_is_its_owners_only),
        TEST_FOLDER(what_cannot_be_opened_is_named),
        TEST_FOLDER(missing_folders_are_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
