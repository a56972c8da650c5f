/* The writer thread: group commit, what one failing request may do to others, and when a completion may come. */
#include "hold.h"
#include "store_fixture.h"

#include "store/sqlite.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

static void release_writer(struct fixture *fixture, struct hold *held)
{
    hold_end(held);
    loop_run(fixture->loop);
}

static uint64_t commits_of(struct db *db)
{
    struct db_stats stats;
    db_stats(db, &stats);
    return stats.commits;
}

static void submit_as_one_batch(struct fixture *fixture, struct put *puts, int count)
{
    struct hold held;
    hold_writer(fixture->db, &held);
    submit_puts(fixture, puts, count);
    release_writer(fixture, &held);
}

static void many_requests_share_one_commit(void **state)
{
    struct fixture *fixture = *state;
    struct put puts[64];
    fill_puts(fixture, puts, 64);
    uint64_t before = commits_of(fixture->db);
    submit_as_one_batch(fixture, puts, 64);
    assert_int_equal(fixture->succeeded, 64);
    assert_int_equal(count_things(fixture->db), 64);
    /* They join the batch of the hold; a slow machine may cut it at its 5 ms. */
    assert_in_range(commits_of(fixture->db) - before, 1, 12);
}

/* ---- work put off to the end of the transaction */

struct put_off {
    int64_t id;
    bool must_fail;
    bool changes_nothing;
    int rc;
    struct fixture *fixture;
};

static atomic_int ends_run;
static atomic_int ends_of_failed; /* those of an id from FAILED_ID on */
enum { FAILED_ID = 100 };

static atomic_int things_at_end;
static atomic_int end_result;

static int at_the_end(struct tx *tx, int64_t id, struct err *err)
{
    atomic_fetch_add(&ends_run, 1);
    atomic_fetch_add(&ends_of_failed, id >= FAILED_ID);
    atomic_store(&things_at_end,
                 (int)tx_get_int(tx, NULL, err, -1, "SELECT COUNT(*) FROM thing", ""));
    int rc = atomic_load(&end_result);
    return rc == OK ? OK : err_set(err, rc, "the end went wrong");
}

static int put_and_put_off(struct tx *tx, void *arg, struct err *err)
{
    struct put_off *put_off = arg;
    int rc = put_off->changes_nothing
                 ? OK
                 : tx_exec(tx, err, "INSERT INTO thing (id) VALUES (?)", "i", 1000 + put_off->id);
    if (rc < 0)
        return rc;
    tx_at_end(tx, at_the_end, put_off->id / 2);
    assert_true(tx_is_at_end(tx, at_the_end, put_off->id / 2));
    return put_off->must_fail ? err_set(err, ERR_INVALID, "as it was told") : OK;
}

static void note_put_off(void *arg, int rc, const struct err *err)
{
    (void)err;
    struct put_off *put_off = arg;
    put_off->rc = rc;
    if (--put_off->fixture->open == 0)
        loop_stop(put_off->fixture->loop);
}

static void submit_put_off(struct fixture *fixture, struct put_off *all, int count)
{
    struct hold held;
    atomic_store(&ends_run, 0);
    hold_writer(fixture->db, &held);
    fixture->open = count;
    for (int i = 0; i < count; i++) {
        all[i].fixture = fixture;
        db_write(fixture->db, put_and_put_off, note_put_off, &all[i]);
    }
    release_writer(fixture, &held);
}

static void what_is_put_off_runs_once_before_the_commit(void **state)
{
    struct fixture *fixture = *state;
    struct put_off all[6] = { { .id = 0 },
                              { .id = 1 },
                              { .id = 2 },
                              { .id = 3, .must_fail = true },
                              { .id = 4, .must_fail = true },
                              { .id = 5, .must_fail = true } };
    atomic_store(&end_result, OK);
    submit_put_off(fixture, all, 6);
    /* 0 and 1 ask for the same; 2 asks for what 3 asks for too; 4 and 5 fail. */
    assert_in_range(atomic_load(&ends_run), 2,
                    3); /* a slow machine may cut the batch between 0 and 1 */
    assert_int_equal(atomic_load(&things_at_end), 3);
    assert_int_equal(all[0].rc, OK);
    assert_int_equal(all[3].rc, ERR_INVALID);
    assert_int_equal(count_things(fixture->db), 3);
}

static void expect_no_end_of_failed(struct fixture *fixture, struct put_off *all, int count)
{
    atomic_store(&end_result, OK);
    atomic_store(&ends_of_failed, 0);
    submit_put_off(fixture, all, count);
    assert_int_equal(atomic_load(&ends_run), 1);
    assert_int_equal(atomic_load(&ends_of_failed), 0);
}

/* Whether there was nothing to undo, its work was undone by itself, or together with others'. */
static void what_a_failed_request_put_off_is_not_done(void **state)
{
    int64_t id = 2 * FAILED_ID;
    struct put_off first[] = { { .id = id, .must_fail = true, .changes_nothing = true },
                               { .id = 0 },
                               { .id = id + 2, .must_fail = true, .changes_nothing = true },
                               { .id = id + 4, .must_fail = true } };
    struct put_off second[] = { { .id = id, .must_fail = true }, { .id = 1 } };
    expect_no_end_of_failed(*state, first, 4);
    expect_no_end_of_failed(*state, second, 2);
    assert_int_equal(count_things(((struct fixture *)*state)->db), 2);
}

static void what_is_put_off_fails_all(void **state)
{
    struct fixture *fixture = *state;
    struct put_off all[2] = { { .id = 0 }, { .id = 1 } };
    atomic_store(&end_result, ERR_DB);
    submit_put_off(fixture, all, 2);
    assert_int_equal(all[0].rc, ERR_DB);
    assert_int_equal(all[1].rc, ERR_DB);
    assert_int_equal(count_things(fixture->db), 0);
    atomic_store(&end_result, OK);
    submit_put_off(fixture, all, 1);
    assert_int_equal(all[0].rc, OK);
    assert_int_equal(atomic_load(&ends_run), 1);
}

static void a_failing_request_undoes_its_own_work_only(void **state)
{
    struct fixture *fixture = *state;
    struct put puts[30];
    fill_puts(fixture, puts, 30);
    puts[0].must_fail = puts[7].must_fail = puts[29].must_fail = true;
    puts[8].id = 5; /* the same key as puts[4] */
    submit_as_one_batch(fixture, puts, 30);
    assert_int_equal(fixture->succeeded, 26);
    assert_int_equal(fixture->failed, 4);
    assert_int_equal(puts[7].rc, ERR_INVALID);
    assert_int_equal(puts[8].rc, ERR_CONFLICT);
    assert_int_equal(puts[4].rc, OK);
    assert_int_equal(count_things(fixture->db), 26);
}

/* Counts how often it runs. */
struct counted {
    struct put put; /* first: on_put_done() gets it */
    int runs;
};

static int put_counted(struct tx *tx, void *arg, struct err *err)
{
    struct counted *counted = arg;
    counted->runs++;
    return put_thing(tx, &counted->put, err);
}

static int put_counted_and_put_off(struct tx *tx, void *arg, struct err *err)
{
    int rc = put_counted(tx, arg, err);
    tx_at_end(tx, at_the_end, 1);
    return rc;
}

enum { COUNTED = 8 };

/* As one batch; those of <once> are not repeatable. */
static void submit_counted(struct fixture *fixture, struct counted counted[COUNTED], tx_fn fn,
                           unsigned once)
{
    struct hold held;
    hold_writer(fixture->db, &held);
    fixture->open += COUNTED;
    atomic_store(&ends_run, 0);
    for (int i = 0; i < COUNTED; i++) {
        counted[i].put.fixture = fixture;
        counted[i].put.id = i + 1;
        if (once >> i & 1)
            db_write(fixture->db, fn, on_put_done, &counted[i]);
        else
            db_write_repeatable(fixture->db, fn, on_put_done, &counted[i]);
    }
    release_writer(fixture, &held);
}

static void what_can_be_repeated_is_when_another_one_fails(void **state)
{
    struct fixture *fixture = *state;
    struct counted counted[COUNTED] = { [3].put.must_fail = true, [6].put.must_fail = true };
    atomic_store(&end_result, OK);
    submit_counted(fixture, counted, put_counted_and_put_off, 0);
    assert_int_equal(fixture->succeeded, COUNTED - 2);
    assert_int_equal(fixture->failed, 2);
    assert_int_equal(counted[3].put.rc, ERR_INVALID);
    assert_int_equal(counted[6].put.rc, ERR_INVALID);
    assert_int_equal(count_things(fixture->db), COUNTED - 2);
    /* A slow machine may cut the batch of the hold at its 5 ms. */
    assert_in_range(counted[0].runs, 1, 2);
    assert_int_equal(counted[3].runs, 1);
    assert_int_equal(counted[7].runs, 1);
    assert_true(atomic_load(&ends_run) >= 1);
}

/* One put, one that fails half done, and another put, while the next transaction cannot begin. False: a slow machine
 * cut the batch of the hold at its 5 ms, so that it was another transaction than the repeated one. */
static bool put_while_nothing_can_begin(struct fixture *fixture, struct put puts[3], int first_id)
{
    struct hold held;
    hold_writer(fixture->db, &held);
    fixture->open += 3;
    for (int i = 0; i < 3; i++) {
        puts[i] = (struct put){ .fixture = fixture, .id = first_id + i, .must_fail = i == 1 };
        db_write_repeatable(fixture->db, put_thing, on_put_done, &puts[i]);
    }
    inject_configure("store.begin=fail:1");
    release_writer(fixture, &held);
    inject_configure(NULL);
    return puts[0].rc != OK && puts[1].rc == ERR_INVALID;
}

/* Each is told why, not what somebody else was refused for. */
static void what_cannot_begin_again_is_told_so(void **state)
{
    struct fixture *fixture = *state;
    struct put puts[3];
    int attempt = 0;
    while (!put_while_nothing_can_begin(fixture, puts, 1 + 3 * attempt))
        assert_true(++attempt < 100);
    assert_int_equal(puts[0].rc, ERR_IO);
    assert_string_equal(puts[0].message, "the transaction cannot begin (fault injected)");
    assert_string_equal(puts[1].message + strlen(puts[1].message) - 10, "not wanted");
    assert_int_equal(puts[2].rc, OK);
}

static void what_cannot_be_repeated_runs_once(void **state)
{
    struct fixture *fixture = *state;
    struct counted counted[COUNTED] = { [4].put.must_fail = true, [5].put.must_fail = true };
    submit_counted(fixture, counted, put_counted, 1 << 2 | 1 << 5);
    assert_int_equal(fixture->succeeded, COUNTED - 2);
    assert_int_equal(counted[4].put.rc, ERR_INVALID);
    assert_int_equal(counted[5].put.rc, ERR_INVALID);
    assert_int_equal(count_things(fixture->db), COUNTED - 2);
    assert_int_equal(counted[2].runs, 1);
    assert_int_equal(counted[5].runs, 1);
}

static int refuse(struct tx *tx, void *arg, struct err *err)
{
    (void)tx, (void)arg;
    return err_set(err, ERR_INVALID, "changes nothing");
}

/* What it asked for before is still to be done. */
static void a_failure_without_a_change_costs_nobody_anything(void **state)
{
    struct fixture *fixture = *state;
    struct counted counted = { .put = { .fixture = fixture, .id = 1 } };
    struct put refused = { .fixture = fixture };
    struct hold held;
    hold_writer(fixture->db, &held);
    fixture->open += 2;
    db_write_repeatable(fixture->db, put_counted, on_put_done, &counted);
    db_write_repeatable(fixture->db, refuse, on_put_done, &refused);
    release_writer(fixture, &held);
    assert_int_equal(refused.rc, ERR_INVALID);
    assert_int_equal(counted.put.rc, OK);
    assert_int_equal(counted.runs, 1);
    assert_int_equal(count_things(fixture->db), 1);
}

static void a_single_failing_request_leaves_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct put put = { .id = 1, .must_fail = true };
    struct err err;
    assert_int_equal(db_write_now(fixture->db, put_thing, &put, &err), ERR_INVALID);
    assert_string_equal(err.msg, "thing 1 is not wanted");
    assert_int_equal(count_things(fixture->db), 0);
}

static void check_visible(void *arg, int rc, const struct err *err)
{
    struct put *put = arg;
    struct fixture *fixture = put->fixture;
    struct connection *other = connection_open(fixture->path, false, NULL);
    int count = -1;
    assert_non_null(other);
    char sql[80];
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM thing WHERE id = %d", (int)put->id);
    assert_int_equal(connection_get_int(other, sql, -1, &count, NULL), OK);
    assert_int_equal(count, 1);
    connection_close(other);
    on_put_done(arg, rc, err);
}

static void completions_come_after_the_commit(void **state)
{
    struct fixture *fixture = *state;
    struct put puts[20];
    fill_puts(fixture, puts, 20);
    fixture->open = 20;
    for (int i = 0; i < 20; i++)
        db_write(fixture->db, put_thing, check_visible, &puts[i]);
    loop_run(fixture->loop);
    assert_int_equal(fixture->succeeded, 20);
}

static void a_failed_commit_keeps_nothing_and_tells_everybody(void **state)
{
    struct fixture *fixture = *state;
    struct put puts[40];
    fill_puts(fixture, puts, 40);
    puts[3].must_fail = true;
    inject_configure("store.commit=fail");
    submit_as_one_batch(fixture, puts, 40);
    assert_int_equal(fixture->succeeded, 0);
    assert_int_equal(fixture->failed, 40);
    assert_int_equal(puts[0].rc, ERR_IO);
    assert_int_equal(puts[3].rc, ERR_INVALID);
    inject_configure(NULL);
    assert_int_equal(count_things(fixture->db), 0);

    /* The writer goes on. */
    fill_puts(fixture, puts, 40);
    submit_puts(fixture, puts, 40);
    loop_run(fixture->loop);
    assert_int_equal(fixture->succeeded, 40);
    assert_int_equal(count_things(fixture->db), 40);
}

static void a_transaction_that_cannot_begin_fails_its_requests(void **state)
{
    struct fixture *fixture = *state;
    struct put put = { .id = 1 };
    struct err err;
    inject_configure("store.begin=fail");
    assert_int_equal(db_write_now(fixture->db, put_thing, &put, &err), ERR_IO);
    inject_configure("store.write=fail");
    assert_int_equal(db_write_now(fixture->db, put_thing, &put, &err), ERR_IO);
    inject_configure(NULL);
    assert_int_equal(db_write_now(fixture->db, put_thing, &put, &err), OK);
}

static int lose_transaction(struct tx *tx, void *arg, struct err *err)
{
    (void)arg;
    /* What SQLite does by itself when the disk is full. */
    return tx_exec(tx, err, "INSERT OR ROLLBACK INTO thing (id) VALUES (?)", "i", (int64_t)1);
}

static void a_lost_transaction_fails_who_was_in_it_and_nobody_else(void **state)
{
    struct fixture *fixture = *state;
    struct put puts[5];
    fill_puts(fixture, puts, 5);
    uint64_t before = commits_of(fixture->db);
    struct hold held;
    hold_writer(fixture->db, &held);
    submit_puts(fixture, puts, 2);
    fixture->open++;
    struct put loser = { .fixture = fixture };
    db_write(fixture->db, lose_transaction, on_put_done, &loser);
    submit_puts(fixture, puts + 2, 3);
    release_writer(fixture, &held);
    assert_int_equal(loser.rc, ERR_CONFLICT);
    assert_int_equal(puts[2].rc, OK);
    assert_int_equal(puts[4].rc, OK);
    assert_int_equal(count_things(fixture->db), fixture->succeeded);
    /* Unless a slow machine cut the batch before the loser came: only the last three had a commit. */
    if (commits_of(fixture->db) - before == 1) {
        assert_int_equal(puts[0].rc, ERR_IO);
        assert_int_equal(puts[1].rc, ERR_IO);
    }
}

static int put_orphan(struct tx *tx, void *arg, struct err *err)
{
    (void)arg;
    return tx_exec(tx, err, "INSERT INTO part (thing_id) VALUES (?)", "i", (int64_t)999);
}

static void a_deferred_foreign_key_fails_its_own_request(void **state)
{
    struct fixture *fixture = *state;
    struct put puts[2];
    fill_puts(fixture, puts, 2);
    struct hold held;
    hold_writer(fixture->db, &held);
    submit_puts(fixture, puts, 1);
    fixture->open++;
    struct put orphan = { .fixture = fixture };
    db_write(fixture->db, put_orphan, on_put_done, &orphan);
    submit_puts(fixture, puts + 1, 1);
    release_writer(fixture, &held);
    assert_int_equal(orphan.rc, ERR_CONFLICT);
    assert_int_equal(fixture->succeeded, 2);
}

static void on_commit(void *arg)
{
    (*(int *)arg)++;
}

static void the_listener_hears_of_changes_only(void **state)
{
    struct fixture *fixture = *state;
    int heard = 0;
    struct put put = { .fixture = fixture, .id = 1 };
    db_on_commit(fixture->db, on_commit, &heard);

    fixture->open = 1;
    db_write(fixture->db, ignore, on_put_done, &put);
    loop_run(fixture->loop);
    put = (struct put){ .fixture = fixture, .id = 1, .must_fail = true };
    submit_puts(fixture, &put, 1);
    loop_run(fixture->loop);
    loop_stop(fixture->loop);
    loop_run(fixture->loop);
    assert_int_equal(heard, 0);

    put = (struct put){ .fixture = fixture, .id = 1 };
    submit_puts(fixture, &put, 1);
    loop_run(fixture->loop);
    /* Posted behind the completion: closing waits for the writer, and then the loop has it. */
    db_close(fixture->db);
    fixture->db = NULL;
    loop_stop(fixture->loop);
    loop_run(fixture->loop);
    assert_int_equal(heard, 1);
}

enum { CHUNKS = 64, CHUNK_ROWS = 160 };

static int put_chunk(struct tx *tx, void *arg, struct err *err)
{
    struct put *put = arg;
    static const char INSERT[] =
        "INSERT INTO thing (id, value) VALUES (?, ?) ON CONFLICT (id) DO NOTHING";
    for (int64_t i = 0; i < CHUNK_ROWS; i++) {
        int rc = tx_exec(tx, err, INSERT, "ii", put->id * CHUNK_ROWS + i, i);
        if (rc < 0)
            return rc;
    }
    return OK;
}

static void ten_thousand_rows_in_64_requests(void **state)
{
    struct fixture *fixture = *state;
    struct put puts[CHUNKS];
    fill_puts(fixture, puts, CHUNKS);
    fixture->open = CHUNKS;
    for (int i = 0; i < CHUNKS; i++)
        db_write(fixture->db, put_chunk, on_put_done, &puts[i]);
    loop_run(fixture->loop);
    assert_int_equal(fixture->succeeded, CHUNKS);
    assert_int_equal(count_things(fixture->db), CHUNKS * CHUNK_ROWS);
}

static int take_long(struct tx *tx, void *arg, struct err *err)
{
    (void)tx, (void)arg, (void)err;
    usleep(4000);
    return OK;
}

static void a_long_queue_is_acknowledged_in_parts(void **state)
{
    struct fixture *fixture = *state;
    struct put puts[8];
    fill_puts(fixture, puts, 8);
    uint64_t before = commits_of(fixture->db);
    struct hold held;
    hold_writer(fixture->db, &held);
    fixture->open = 8;
    for (int i = 0; i < 8; i++)
        db_write(fixture->db, take_long, on_put_done, &puts[i]);
    release_writer(fixture, &held);
    assert_true(commits_of(fixture->db) - before >= 8 / 2);
}

static void closing_finishes_what_is_queued(void **state)
{
    struct fixture *fixture = *state;
    struct put puts[50];
    fill_puts(fixture, puts, 50);
    submit_puts(fixture, puts, 50);
    db_close(fixture->db);
    fixture->db = NULL;
    loop_run(fixture->loop);
    assert_int_equal(fixture->succeeded, 50);
    open_db(fixture);
    assert_int_equal(count_things(fixture->db), 50);
}

enum { WRITER_THREADS = 4, WRITES_EACH = 100 };

static void *write_from_thread(void *arg)
{
    struct put *put = arg;
    for (int i = 0; i < WRITES_EACH; i++) {
        struct put one = { .id = put->id * WRITES_EACH + i };
        if (db_write_now(put->fixture->db, put_thing, &one, NULL) != OK)
            put->rc = ERR_DB;
    }
    return NULL;
}

static void threads_may_write_side_by_side(void **state)
{
    struct fixture *fixture = *state;
    pthread_t threads[WRITER_THREADS];
    struct put puts[WRITER_THREADS];
    fill_puts(fixture, puts, WRITER_THREADS);
    for (int i = 0; i < WRITER_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_from_thread, &puts[i]), 0);
    for (int i = 0; i < WRITER_THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(puts[i].rc, OK);
    }
    assert_int_equal(count_things(fixture->db), WRITER_THREADS * WRITES_EACH);
}

enum { PROCESSES = 2, WRITES_A_PROCESS = 200 };

/* A process of its own, as the command line beside the running engine. Returns its exit status. */
static int write_as_process(const char *path, int number)
{
    struct db *db;
    struct db_options options = { .path = path };
    struct err err = { 0 };
    if (db_open(&options, &db, &err) != OK)
        return 2;
    int rc = OK;
    for (int i = 0; i < WRITES_A_PROCESS && rc == OK; i++) {
        struct put put = { .id = number * WRITES_A_PROCESS + i };
        rc = db_write_now(db, put_thing, &put, &err);
    }
    db_close(db);
    if (rc != OK)
        fprintf(stderr, "process %d: %s\n", number, err.msg);
    return rc == OK ? 0 : 1;
}

static void two_processes_write_at_once(void **state)
{
    struct fixture *fixture = *state;
    /* A fork must not see SQLite's connections or threads. */
    db_close(fixture->db);
    fixture->db = NULL;
    pid_t children[PROCESSES];
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0)
            _exit(write_as_process(fixture->path, i));
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    open_db(fixture);
    assert_int_equal(count_things(fixture->db), PROCESSES * WRITES_A_PROCESS);
}

/* Writes things 0, 1, 2 ... and tells <fd> each one acknowledged, until a fault point ends the process. */
static void write_until_killed(const char *path, const char *fault, int fd)
{
    struct db *db;
    struct db_options options = { .path = path };
    if (db_open(&options, &db, NULL) != OK)
        _exit(2);
    inject_configure(fault);
    for (int i = 0; i < WRITES_A_PROCESS; i++) {
        struct put put = { .id = i };
        if (db_write_now(db, put_thing, &put, NULL) != OK || write(fd, "+", 1) != 1)
            _exit(1);
    }
    _exit(0);
}

/* Returns how many writes were acknowledged before the kill. */
static int run_until_killed(struct fixture *fixture, const char *fault)
{
    int ends[2];
    db_close(fixture->db);
    fixture->db = NULL;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        write_until_killed(fixture->path, fault, ends[1]);
    close(ends[1]);
    int acknowledged = 0;
    char byte;
    while (read(ends[0], &byte, 1) == 1)
        acknowledged++;
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return acknowledged;
}

static void a_kill_before_the_commit_loses_what_was_not_acknowledged(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(run_until_killed(fixture, "store.commit=kill:20"), 19);
    /* What it left in the log, a read-only handle sees too. */
    struct db_options options = { .path = fixture->path, .is_read_only = true };
    assert_int_equal(db_open(&options, &fixture->db, NULL), OK);
    assert_int_equal(count_things(fixture->db), 19);
}

static void a_kill_after_the_commit_loses_nothing(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(run_until_killed(fixture, "store.committed=kill:20"), 19);
    open_db(fixture);
    assert_int_equal(count_things(fixture->db), 20);
}

enum { LARGE_ROWS = 16, LARGE_REQUESTS = 1200 };

/* About 64 kB. */
static int put_large(struct tx *tx, void *arg, struct err *err)
{
    const struct put *put = arg;
    static const char INSERT[] = "INSERT INTO thing (id, name) VALUES (?, hex(randomblob(2000)))";
    for (int64_t i = 0; i < LARGE_ROWS; i++) {
        int rc = tx_exec(tx, err, INSERT, "i", put->id * LARGE_ROWS + i);
        if (rc < 0)
            return rc;
    }
    return OK;
}

/* 80 MB go through it, and all the while somebody waits. */
static void the_log_does_not_grow_for_ever(void **state)
{
    struct fixture *fixture = *state;
    struct put *puts = xcalloc(LARGE_REQUESTS, sizeof(*puts));
    fill_puts(fixture, puts, LARGE_REQUESTS);
    fixture->open = LARGE_REQUESTS;
    for (int i = 0; i < LARGE_REQUESTS; i++)
        db_write(fixture->db, put_large, on_put_done, &puts[i]);
    loop_run(fixture->loop);
    free(puts);
    assert_int_equal(fixture->failed, 0);
    char log[128];
    snprintf(log, sizeof(log), "%s-wal", fixture->path);
    struct stat found;
    assert_int_equal(stat(log, &found), 0);
    assert_true(found.st_size < 48 * 1024 * 1024);
    struct db_stats stats;
    db_stats(fixture->db, &stats);
    assert_true(stats.size_bytes > 0);
    assert_int_equal(stats.failed, 0);
    assert_true(stats.last_commit_us > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_DB(many_requests_share_one_commit),
        TEST_DB(what_is_put_off_runs_once_before_the_commit),
        TEST_DB(what_a_failed_request_put_off_is_not_done),
        TEST_DB(what_is_put_off_fails_all),
        TEST_DB(a_failing_request_undoes_its_own_work_only),
        TEST_DB(what_can_be_repeated_is_when_another_one_fails),
        TEST_DB(what_cannot_begin_again_is_told_so),
        TEST_DB(what_cannot_be_repeated_runs_once),
        TEST_DB(a_failure_without_a_change_costs_nobody_anything),
        TEST_DB(a_single_failing_request_leaves_nothing),
        TEST_DB(completions_come_after_the_commit),
        TEST_DB(a_failed_commit_keeps_nothing_and_tells_everybody),
        TEST_DB(a_transaction_that_cannot_begin_fails_its_requests),
        TEST_DB(a_lost_transaction_fails_who_was_in_it_and_nobody_else),
        TEST_DB(a_deferred_foreign_key_fails_its_own_request),
        TEST_DB(the_listener_hears_of_changes_only),
        TEST_DB(ten_thousand_rows_in_64_requests),
        TEST_DB(a_long_queue_is_acknowledged_in_parts),
        TEST_DB(closing_finishes_what_is_queued),
        TEST_DB(threads_may_write_side_by_side),
        TEST_DB(two_processes_write_at_once),
        TEST_DB(a_kill_before_the_commit_loses_what_was_not_acknowledged),
        TEST_DB(a_kill_after_the_commit_loses_nothing),
        TEST_DB(the_log_does_not_grow_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
