#include "store/sqlite.h"

#include "base/clock.h"
#include "base/inject.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/memory.h"
#include "store/wal_file.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BUSY_TIMEOUT_MS = 5000, BUSY_STEP_US = 10000, TELL_AGAIN_MS = 60 * 1000 };

static const char *const CONTROL_SQL[CONTROL_COUNT] = {
    [CONTROL_BEGIN] = "BEGIN",
    [CONTROL_COMMIT] = "COMMIT",
    [CONTROL_ROLLBACK] = "ROLLBACK",
    [CONTROL_SAVEPOINT] = "SAVEPOINT request",
    [CONTROL_RELEASE] = "RELEASE request",
    [CONTROL_ROLLBACK_TO] = "ROLLBACK TO request",
};

/* ---- errors */

static int code_of(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_CONSTRAINT:
        return ERR_CONFLICT;
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        return ERR_IO;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_BUSY;
    case SQLITE_NOMEM:
        return ERR_NOMEM;
    case SQLITE_TOOBIG:
        return ERR_LIMIT;
    case SQLITE_READONLY:
        return ERR_FORBIDDEN;
    default:
        return ERR_DB;
    }
}

int sqlite_error(sqlite3 *handle, int rc, const char *what, struct err *err)
{
    const char *text = handle ? sqlite3_errmsg(handle) : sqlite3_errstr(rc);
    int code = code_of(rc);
    switch (code) {
    case ERR_CONFLICT: /* SQLite's sentence names table and column, and that is all a caller wants to say */
        err_set(err, code, "%s", text);
        break;
    case ERR_BUSY:
        err_set(err, code, "the database is in use by another program (%s)", text);
        break;
    default:
        err_set(err, code, "%s: %s", what, text);
    }
    if (err)
        err->retryable = err->retryable || code == ERR_IO;
    return code;
}

int connection_error(struct connection *conn, int rc, const char *sql, struct err *err)
{
    int code = sqlite_error(conn->handle, rc, "the database failed", err);
    if (code == ERR_DB)
        log_error(LOG_STORE, 0, "%s: %s", sqlite3_errmsg(conn->handle), sql);
    return code;
}

/* ---- opening */

static void init_library(void)
{
    /* Its counters are one lock that all threads would share. */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_config(SQLITE_CONFIG_MALLOC, memory_methods());
    REQUIRE(sqlite3_initialize() == SQLITE_OK);
}

/* Switching to WAL wants the file for itself for a moment and does not always call the busy handler. */
static int set_wal(struct connection *conn)
{
    int rc;
    for (int64_t until_ms = clock_mono_ms() + BUSY_TIMEOUT_MS;;) {
        rc = sqlite3_exec(conn->handle, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
        if ((rc & 0xff) != SQLITE_BUSY || clock_mono_ms() >= until_ms)
            return rc;
        usleep(BUSY_STEP_US);
    }
}

static int configure(struct connection *conn)
{
    static const char BOTH[] =
        "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;"
        "PRAGMA trusted_schema = OFF;";
    static const char WRITER[] = "PRAGMA synchronous = FULL; PRAGMA cache_size = -4000;"
                                 "PRAGMA journal_size_limit = 16777216;";
    static const char READER[] = "PRAGMA query_only = ON; PRAGMA cache_size = -2000;";
    sqlite3 *handle = conn->handle;
    sqlite3_extended_result_codes(handle, 1);
    sqlite3_busy_timeout(handle, BUSY_TIMEOUT_MS);
    if (conn->is_writer)
        wal_file_watch(handle);
    /* "text" in double quotes is a name, as in PostgreSQL. */
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    int rc = sqlite3_exec(handle, BOTH, NULL, NULL, NULL);
    if (rc == SQLITE_OK && conn->is_writer)
        rc = set_wal(conn);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(handle, conn->is_writer ? WRITER : READER, NULL, NULL, NULL);
    /* A file that is no database shows itself only when it is read. */
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(handle, "SELECT count(*) FROM sqlite_master", NULL, NULL, NULL);
    return rc;
}

struct connection *connection_open(const char *path, bool is_writer, struct err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init_library);
    struct connection *conn = xcalloc(1, sizeof(*conn));
    conn->is_writer = is_writer;
    conn->tx.conn = conn;
    int flags = SQLITE_OPEN_NOMUTEX |
                (is_writer ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
    int rc = sqlite3_open_v2(path, &conn->handle, flags, is_writer ? wal_file_vfs() : NULL);
    if (rc == SQLITE_OK)
        rc = configure(conn);
    if (rc == SQLITE_OK)
        return conn;
    sqlite_error(conn->handle, rc, path, err);
    connection_close(conn);
    return NULL;
}

void connection_close(struct connection *conn)
{
    if (!conn)
        return;
    statements_end_all(&conn->tx);
    statements_free(conn);
    for (int i = 0; i < CONTROL_COUNT; i++)
        sqlite3_finalize(conn->controls[i]);
    bool is_closed = sqlite3_close(conn->handle) == SQLITE_OK;
    (void)CHECK_FAIL(is_closed);
    free(conn->tx.at_end);
    free(conn);
}

/* ---- statements without a transaction */

int connection_script(struct connection *conn, const char *sql, struct err *err)
{
    int rc = sqlite3_exec(conn->handle, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK
               ? OK
               : sqlite_error(conn->handle, rc, "the database refused a statement", err);
}

int connection_get_int(struct connection *conn, const char *sql, int missing, int *out,
                       struct err *err)
{
    sqlite3_stmt *handle = NULL;
    *out = missing;
    int rc = sqlite3_prepare_v2(conn->handle, sql, -1, &handle, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(handle);
    if (rc == SQLITE_ROW)
        *out = sqlite3_column_int(handle, 0);
    int code = rc == SQLITE_ROW || rc == SQLITE_DONE ? OK : connection_error(conn, rc, sql, err);
    sqlite3_finalize(handle);
    return code;
}

/* ---- transactions */

int connection_control(struct connection *conn, enum control control, struct err *err)
{
    const char *sql = CONTROL_SQL[control];
    if (control == CONTROL_BEGIN && conn->is_writer)
        sql = "BEGIN IMMEDIATE";
    sqlite3_stmt **handle = &conn->controls[control];
    int rc = SQLITE_OK;
    if (!*handle)
        rc = sqlite3_prepare_v3(conn->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, handle, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(*handle);
        if (rc == SQLITE_DONE) {
            sqlite3_reset(*handle);
            return OK;
        }
    }
    int code = connection_error(conn, rc, sql, err);
    sqlite3_reset(*handle);
    return code;
}

bool connection_in_transaction(const struct connection *conn)
{
    return !sqlite3_get_autocommit(conn->handle);
}

void connection_rollback(struct connection *conn)
{
    struct err err;
    if (connection_in_transaction(conn) && connection_control(conn, CONTROL_ROLLBACK, &err) != OK)
        log_error(LOG_STORE, 0, "rollback: %s", err.msg);
}

int tx_run(struct connection *conn, tx_fn fn, void *arg, struct err *err)
{
    *err = (struct err){ 0 };
    int rc = fn(&conn->tx, arg, err);
    statements_end_all(&conn->tx);
    int deferred = 0;
    int highest = 0;
    /* A deferred foreign key would fail the COMMIT, and with it the requests of everybody else. */
    if (rc >= OK && conn->is_writer)
        sqlite3_db_status(conn->handle, SQLITE_DBSTATUS_DEFERRED_FKS, &deferred, &highest, 0);
    if (deferred)
        return err_set(err, ERR_CONFLICT, "FOREIGN KEY constraint failed");
    if (rc >= OK)
        return OK;
    if (err->code == OK)
        err_set(err, rc, "the transaction was given up (%s)", err_name(rc));
    err->code = rc;
    return rc;
}

void connection_forget_pages(struct connection *conn)
{
    sqlite3_db_release_memory(conn->handle);
}

/* ---- the write-ahead log */

static int on_wal(void *arg, sqlite3 *handle, const char *name, int pages)
{
    (void)handle;
    (void)name;
    struct connection *conn = arg;
    conn->wal_pages = pages;
    return SQLITE_OK;
}

void connection_own_checkpoints(struct connection *conn)
{
    sqlite3_wal_hook(conn->handle, on_wal, conn);
}

void connection_checkpoint(struct connection *conn)
{
    int rc = INJECT("store.checkpoint") ? SQLITE_IOERR : SQLITE_OK;
    if (rc == SQLITE_OK)
        rc = sqlite3_wal_checkpoint_v2(conn->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    conn->wal_pages = 0; /* asks again after the next commit */
    if (rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY)
        return;
    int64_t now_ms = clock_mono_ms();
    if (conn->checkpoint_told_at_ms == 0 || now_ms - conn->checkpoint_told_at_ms >= TELL_AGAIN_MS) {
        conn->checkpoint_told_at_ms = now_ms;
        log_warn(LOG_STORE, 0, "the log of the database grows, it does not get into the file: %s",
                 sqlite3_errstr(rc));
    }
}
