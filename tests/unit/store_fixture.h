/* store_fixture - a folder, a loop and a database of its own for each test of the store. */
#pragma once
#include "unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/inject.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "store/db.h"

struct fixture {
    char folder[64];
    char path[96];
    struct loop *loop;
    struct db *db;
    int open;          /* completions still to come; at 0 the loop stops */
    int succeeded;
    int failed;
    int last_error;
    char last_message[512];
};

/* One request of a test: puts a value, maybe fails. */
struct put {
    struct fixture *fixture;
    int64_t id;
    int64_t value;
    bool must_fail;
    int rc;            /* these are set by its completion */
    char message[128];
    bool is_done;
};

static inline int ignore(struct tx *tx, void *arg, struct err *err)
{
    (void)tx, (void)arg, (void)err;
    return OK;
}

static inline int create_tables(struct tx *tx, void *arg, struct err *err)
{
    (void)arg;
    int rc = tx_exec(tx, err, "CREATE TABLE thing (id INTEGER PRIMARY KEY, value INTEGER, name TEXT UNIQUE)", "");
    if (rc < 0)
        return rc;
    return tx_exec(tx, err,
                   "CREATE TABLE part (thing_id INTEGER REFERENCES thing(id) DEFERRABLE INITIALLY DEFERRED)", "");
}

static inline int put_thing(struct tx *tx, void *arg, struct err *err)
{
    struct put *put = arg;
    int rc = tx_exec(tx, err, "INSERT INTO thing (id, value) VALUES (?, ?)", "ii", put->id, put->value);
    if (rc < 0)
        return rc;
    return put->must_fail ? err_set(err, ERR_INVALID, "thing %d is not wanted", (int)put->id) : OK;
}

static inline int count_in_tx(struct tx *tx, void *arg, struct err *err)
{
    int rc;
    *(int64_t *)arg = tx_get_int(tx, &rc, err, -1, "SELECT count(*) FROM thing", "");
    return rc;
}

/* Rows of `thing` as a reader of <db> sees them. */
static inline int count_things(struct db *db)
{
    int64_t count = -1;
    struct err err = { 0 };
    if (db_read_now(db, count_in_tx, &count, &err) != OK)
        fail_msg("%s", err.msg);
    return (int)count;
}

static inline void on_put_done(void *arg, int rc, const struct err *err)
{
    struct put *put = arg;
    struct fixture *fixture = put->fixture;
    assert_false(put->is_done);
    put->is_done = true;
    put->rc = rc;
    if (rc == OK) {
        fixture->succeeded++;
    } else {
        fixture->failed++;
        fixture->last_error = err->code;
        snprintf(fixture->last_message, sizeof(fixture->last_message), "%s", err->msg);
        snprintf(put->message, sizeof(put->message), "%.*s", (int)sizeof(put->message) - 1, err->msg);
    }
    if (--fixture->open == 0)
        loop_stop(fixture->loop);
}

/* Submits <count> puts; loop_run() returns when all are complete. */
static inline void submit_puts(struct fixture *fixture, struct put *puts, int count)
{
    fixture->open += count;
    for (int i = 0; i < count; i++)
        db_write(fixture->db, put_thing, on_put_done, &puts[i]);
}

static inline void fill_puts(struct fixture *fixture, struct put *puts, int count)
{
    for (int i = 0; i < count; i++)
        puts[i] = (struct put){ .fixture = fixture, .id = i + 1, .value = i };
}

static inline void open_db(struct fixture *fixture)
{
    struct err err = { 0 };
    struct db_options options = { .path = fixture->path, .loop = fixture->loop };
    if (db_open(&options, &fixture->db, &err) != OK)
        fail_msg("%s", err.msg);
}

static inline void make_folder(struct fixture *fixture)
{
    snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/halligan-store-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof(fixture->path), "%s/test.db", fixture->folder);
}

static inline void remove_folder(const struct fixture *fixture)
{
    DIR *dir = opendir(fixture->folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        char path[512];
        snprintf(path, sizeof(path), "%s/%s", fixture->folder, entry->d_name);
        unlink(path);
    }
    if (dir)
        closedir(dir);
    rmdir(fixture->folder);
}

/* A folder only. */
static inline int setup_folder(void **state)
{
    log_configure(LOG_ERROR_LEVEL, false);
    struct fixture *fixture = xcalloc(1, sizeof(*fixture));
    make_folder(fixture);
    *state = fixture;
    return 0;
}

/* A database with threads and the two tables. */
static inline int setup_db(void **state)
{
    setup_folder(state);
    struct fixture *fixture = *state;
    fixture->loop = loop_new(NULL);
    open_db(fixture);
    return db_write_now(fixture->db, create_tables, NULL, NULL);
}

/* The same without a loop: transactions run on the test's own thread, so they may assert. */
static inline int setup_here(void **state)
{
    setup_folder(state);
    struct fixture *fixture = *state;
    open_db(fixture);
    return db_write_now(fixture->db, create_tables, NULL, NULL);
}

static inline int teardown(void **state)
{
    struct fixture *fixture = *state;
    db_close(fixture->db);
    inject_configure(NULL); /* after the threads have ended */
    loop_free(fixture->loop);
    remove_folder(fixture);
    free(fixture);
    return 0;
}

#define TEST_DB(test) cmocka_unit_test_setup_teardown(test, setup_db, teardown)
#define TEST_FOLDER(test) cmocka_unit_test_setup_teardown(test, setup_folder, teardown)
#define TEST_HERE(test) cmocka_unit_test_setup_teardown(test, setup_here, teardown)
