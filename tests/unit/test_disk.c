/* A disk that fails: what was acknowledged is there afterwards and nothing else is, and the store goes on. */
#define _GNU_SOURCE
#include "hold.h"
#include "store_fixture.h"

#include "base/clock.h"

#include <errno.h>
#include <sys/syscall.h>

/* ---- the disk: SQLite's calls come here, because a program's own functions stand before the library's */

enum call { CALL_NONE, CALL_WRITE, CALL_WRITE_FILE, CALL_SYNC, CALL_TRUNCATE };

static atomic_int failing_call;
static atomic_int fails_with;   /* an errno */
static atomic_int calls_before; /* that still work; negative: the failing one was */
static atomic_bool fails_for_ever;

static void break_disk(enum call call, int code, int after, bool for_ever)
{
    atomic_store(&fails_with, code);
    atomic_store(&calls_before, after);
    atomic_store(&fails_for_ever, for_ever);
    atomic_store(&failing_call, call);
}

static void mend_disk(void)
{
    atomic_store(&failing_call, CALL_NONE);
}

static bool must_fail(enum call call)
{
    if (atomic_load(&failing_call) != (int)call)
        return false;
    int before = atomic_fetch_sub(&calls_before, 1);
    if (before > 0 || (before < 0 && !atomic_load(&fails_for_ever)))
        return false;
    errno = atomic_load(&fails_with);
    return true;
}

/* Not its log. */
static bool is_database(int fd)
{
    static const char NAME[] = "/test.db";
    char link[64], path[256];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, sizeof(path));
    return len > (ssize_t)strlen(NAME) &&
           memcmp(path + len - strlen(NAME), NAME, strlen(NAME)) == 0;
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t at)
{
    bool is_file = atomic_load(&failing_call) == CALL_WRITE_FILE && is_database(fd);
    return must_fail(is_file ? CALL_WRITE_FILE : CALL_WRITE)
               ? -1
               : syscall(SYS_pwrite64, fd, data, len, at);
}

/* The power stays on, so nothing has to reach the disk. */
int fdatasync(int fd)
{
    (void)fd;
    return must_fail(CALL_SYNC) ? -1 : 0;
}

int ftruncate64(int fd, off64_t len)
{
    return must_fail(CALL_TRUNCATE) ? -1 : (int)syscall(SYS_ftruncate, fd, len);
}

/* ---- rows of several pages each, so that the log goes into the file now and then */

enum { ROWS = 30, ROW_BYTES = 100 * 1024, GROUP = 5 };

static int put_large(struct tx *tx, void *arg, struct err *err)
{
    struct put *put = arg;
    int rc =
        tx_exec(tx, err, "INSERT INTO thing (id, value, name) VALUES (?, ?, hex(zeroblob(?)) || ?)",
                "iiii", put->id, put->value, (int64_t)ROW_BYTES / 2, put->id);
    return rc < 0 ? rc : OK;
}

static void put_group(struct fixture *fixture, struct put *puts)
{
    fixture->open = GROUP;
    for (int i = 0; i < GROUP; i++)
        db_write(fixture->db, put_large, on_put_done, &puts[i]);
    loop_run(fixture->loop);
}

struct expected {
    const struct put *puts;
    int found;
};

static int check_rows(struct tx *tx, void *arg, struct err *err)
{
    struct expected *expected = arg;
    struct stmt *stmt = tx_query(tx, err, "SELECT id FROM thing", "");
    int rc = stmt ? OK : err->code;
    while (stmt && (rc = stmt_next(stmt, err)) == DB_ROW) {
        int64_t id = stmt_int(stmt, 0);
        if (expected->puts[id - 1].rc != OK)
            return err_set(err, ERR_BUG, "row %d is there, and nobody was told so", (int)id);
        expected->found++;
    }
    return rc;
}

static void note_problem(void *arg, const char *text)
{
    (void)arg;
    fail_msg("%s", text);
}

/* The rows are those of which somebody was told. */
static void expect_acknowledged(struct fixture *fixture, const struct put *puts)
{
    struct expected expected = { .puts = puts };
    struct err err;
    if (db_read_now(fixture->db, check_rows, &expected, &err) != OK)
        fail_msg("%s", err.msg);
    assert_int_equal(expected.found, fixture->succeeded);
}

static void expect_whole(struct fixture *fixture)
{
    struct err err;
    if (db_check(fixture->db, note_problem, NULL, &err) != OK)
        fail_msg("%s", err.msg);
}

static void reopen(struct fixture *fixture)
{
    db_close(fixture->db);
    fixture->db = NULL;
    open_db(fixture);
}

/* The disk breaks at its <after>th call of this kind, for good, and is mended when a third of the rows have been tried;
 * or fails once. */
static void survive(void **state, enum call call, int code, int after, bool for_ever)
{
    struct put puts[ROWS];
    setup_db(state);
    struct fixture *fixture = *state;
    log_configure(LOG_ERROR_LEVEL + 1, false);
    fill_puts(fixture, puts, ROWS);
    break_disk(call, code, after, for_ever);
    for (int i = 0; i < ROWS; i += GROUP) {
        if (i == ROWS / 3)
            mend_disk();
        put_group(fixture, puts + i);
    }
    assert_true(fixture->succeeded >= ROWS * 2 / 3);
    assert_int_equal(db_trouble(fixture->db, NULL), OK);
    expect_acknowledged(fixture, puts);
    reopen(fixture);
    expect_acknowledged(fixture, puts);
    expect_whole(fixture);
    teardown(state);
}

static void a_call_that_fails_once_loses_nothing(void **state)
{
    static const struct {
        enum call call;
        int code, most;
    } KINDS[] = { { CALL_WRITE, ENOSPC, 600 },
                  { CALL_WRITE, EIO, 2 },
                  { CALL_SYNC, EIO, 3 },
                  { CALL_TRUNCATE, EIO, 1 } };
    for (size_t i = 0; i < sizeof(KINDS) / sizeof(*KINDS); i++)
        for (int after = 0; after < KINDS[i].most; after = after * 4 + 1)
            survive(state, KINDS[i].call, KINDS[i].code, after, false);
}

static void a_disk_that_breaks_and_is_mended_loses_nothing(void **state)
{
    static const int AFTER[] = { 0, 2, 200 };
    for (size_t i = 0; i < sizeof(AFTER) / sizeof(*AFTER); i++) {
        survive(state, CALL_WRITE, ENOSPC, AFTER[i], true);
        survive(state, CALL_SYNC, EIO, AFTER[i], true);
    }
}

/* The file takes a part of the log over, or nothing; the log grows instead. The writer leaves the log alone while it is
 * busy, but not for ever. */
static void what_does_not_get_from_the_log_into_the_file_is_kept(void **state)
{
    for (int after = 0; after <= 50; after += 50) {
        struct put puts[4 * ROWS];
        int count = 0;
        setup_db(state);
        struct fixture *fixture = *state;
        log_configure(LOG_ERROR_LEVEL + 1, false);
        fill_puts(fixture, puts, 4 * ROWS);
        break_disk(CALL_WRITE_FILE, EIO, after, true);
        for (; count < 4 * ROWS && atomic_load(&calls_before) >= 0; count += GROUP)
            put_group(fixture, puts + count);
        assert_true(atomic_load(&calls_before) < 0);
        assert_int_equal(fixture->succeeded, count);
        reopen(fixture);
        expect_acknowledged(fixture, puts);
        mend_disk();
        reopen(fixture);
        expect_acknowledged(fixture, puts);
        expect_whole(fixture);
        teardown(state);
    }
}

/* ---- what is said of it */

static void put_one(struct fixture *fixture, struct put *put, int64_t id)
{
    *put = (struct put){ .fixture = fixture, .id = id };
    submit_puts(fixture, put, 1);
    loop_run(fixture->loop);
}

static void it_is_known_that_changes_are_not_kept(void **state)
{
    struct fixture *fixture = *state;
    struct put put;
    struct err err = { 0 };
    log_configure(LOG_ERROR_LEVEL + 1, false);
    assert_int_equal(db_trouble(fixture->db, &err), OK);
    break_disk(CALL_WRITE, ENOSPC, 0, true);
    put_one(fixture, &put, 1);
    assert_int_equal(put.rc, ERR_IO);
    assert_int_equal(db_trouble(fixture->db, &err), ERR_IO);
    assert_non_null(strstr(err.msg, "full"));
    assert_int_equal(count_things(fixture->db), 0); /* reads are answered */
    mend_disk();
    /* A transaction that changes nothing touches no disk, so it proves nothing. */
    assert_int_equal(db_write_now(fixture->db, ignore, NULL, NULL), OK);
    assert_int_equal(db_trouble(fixture->db, NULL), ERR_IO);
    put_one(fixture, &put, 1);
    assert_int_equal(put.rc, OK);
    assert_int_equal(db_trouble(fixture->db, NULL), OK);
}

static void a_wrong_request_is_no_trouble(void **state)
{
    struct fixture *fixture = *state;
    struct put put;
    put_one(fixture, &put, 1);
    put_one(fixture, &put, 1); /* the key is taken */
    assert_int_equal(put.rc, ERR_CONFLICT);
    assert_int_equal(db_trouble(fixture->db, NULL), OK);
}

/* ---- what the log says: once, not with each request */

struct heard {
    int fds[2];
    int kept_stderr;
};

static void listen_to_log(struct heard *heard)
{
    assert_int_equal(pipe(heard->fds), 0);
    heard->kept_stderr = dup(STDERR_FILENO);
    dup2(heard->fds[1], STDERR_FILENO);
    log_configure(LOG_WARN_LEVEL, false);
}

static void read_log(struct heard *heard, char *out, size_t size)
{
    dup2(heard->kept_stderr, STDERR_FILENO);
    close(heard->kept_stderr);
    close(heard->fds[1]);
    ssize_t len = read(heard->fds[0], out, size - 1);
    out[len > 0 ? len : 0] = '\0';
    close(heard->fds[0]);
}

static void the_log_tells_the_beginning_and_the_end(void **state)
{
    struct fixture *fixture = *state;
    struct put put;
    struct heard heard;
    char text[4096];
    listen_to_log(&heard);
    break_disk(CALL_SYNC, EIO, 0, true);
    for (int i = 1; i <= 20; i++)
        put_one(fixture, &put, i);
    mend_disk();
    put_one(fixture, &put, 1);
    put_one(fixture, &put, 2);
    read_log(&heard, text, sizeof(text));
    const char *begins = strstr(text, "keeps no changes");
    assert_non_null(begins);
    assert_null(strstr(begins + 1, "keeps no changes"));
    const char *ends = strstr(begins, "keeps changes again");
    assert_non_null(ends);
    assert_null(strstr(ends + 1, "keeps changes again"));
}

/* It is tried after each commit once the log is very long. */
static void a_log_that_grows_is_told_once(void **state)
{
    struct fixture *fixture = *state;
    struct put puts[4 * ROWS];
    struct heard heard;
    char text[4096];
    fill_puts(fixture, puts, 4 * ROWS);
    listen_to_log(&heard);
    inject_configure("store.checkpoint=fail");
    for (int i = 0; i < 4 * ROWS; i += GROUP)
        put_group(fixture, puts + i);
    db_close(fixture->db);
    fixture->db = NULL;
    read_log(&heard, text, sizeof(text));
    const char *told = strstr(text, "the log of the database grows");
    assert_non_null(told);
    assert_null(strstr(told + 1, "the log of the database grows"));
}

/* ---- files that somebody removes */

static void expect_refusal(struct fixture *fixture, int64_t id, const char *part)
{
    struct put put;
    struct err err = { 0 };
    clock_advance_ms(1000); /* it does not look at each change */
    put_one(fixture, &put, id);
    assert_int_equal(put.rc, ERR_IO);
    assert_int_equal(db_trouble(fixture->db, &err), ERR_IO);
    if (!strstr(err.msg, part))
        fail_msg("\"%s\" does not say \"%s\"", err.msg, part);
}

static void a_log_that_was_removed_takes_no_more_changes(void **state)
{
    struct fixture *fixture = *state;
    struct put put;
    char path[256];
    log_configure(LOG_ERROR_LEVEL + 1, false);
    put_one(fixture, &put, 1);
    assert_int_equal(put.rc, OK);
    snprintf(path, sizeof(path), "%s-wal", fixture->path);
    assert_int_equal(unlink(path), 0);
    expect_refusal(fixture, 2, "-wal was removed or replaced");

    /* What had been acknowledged is in the file by now, even if the process is killed here. */
    snprintf(path, sizeof(path), "cp %s %s.copy", fixture->path, fixture->path);
    assert_int_equal(system(path), 0);
    snprintf(path, sizeof(path), "%s.copy", fixture->path);
    struct db *copy;
    struct err err;
    if (db_open(&(struct db_options){ .path = path }, &copy, &err) != OK)
        fail_msg("%s", err.msg);
    assert_int_equal(count_things(copy), 1);
    db_close(copy);
}

static void a_database_that_was_replaced_takes_no_more_changes(void **state)
{
    struct fixture *fixture = *state;
    struct put put;
    char aside[128];
    log_configure(LOG_ERROR_LEVEL + 1, false);
    put_one(fixture, &put, 1);
    snprintf(aside, sizeof(aside), "%s.aside", fixture->path);
    assert_int_equal(rename(fixture->path, aside), 0);
    expect_refusal(fixture, 2, "test.db was removed or replaced");
    FILE *other = fopen(fixture->path, "w");
    assert_non_null(other);
    fclose(other);
    expect_refusal(fixture, 2, "test.db was removed or replaced");
    assert_int_equal(count_things(fixture->db), 1); /* reads are answered */

    assert_int_equal(rename(aside, fixture->path), 0);
    put_one(fixture, &put, 2);
    assert_int_equal(put.rc, OK);
    assert_int_equal(db_trouble(fixture->db, NULL), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_that_fails_once_loses_nothing),
        cmocka_unit_test(a_disk_that_breaks_and_is_mended_loses_nothing),
        cmocka_unit_test(what_does_not_get_from_the_log_into_the_file_is_kept),
        TEST_DB(it_is_known_that_changes_are_not_kept),
        TEST_DB(a_wrong_request_is_no_trouble),
        TEST_DB(the_log_tells_the_beginning_and_the_end),
        TEST_DB(a_log_that_grows_is_told_once),
        TEST_DB(a_log_that_was_removed_takes_no_more_changes),
        TEST_DB(a_database_that_was_replaced_takes_no_more_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
