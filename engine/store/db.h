/* db - the store's one interface. No code outside store/ includes sqlite3.h or knows the driver.
 *
 * Threads: one writer thread (group commit: many requests, one COMMIT), two reader threads (snapshots). Kernel functions are plain
 * blocking C that takes a `struct tx *` and runs on those threads. The loop submits (function, argument, completion) and the
 * completion is posted to the loop: for writes only after the COMMIT is on disk.
 *
 * SQL is the common subset of SQLite and PostgreSQL: `?` markers, `INSERT .. ON CONFLICT .. DO UPDATE .. RETURNING`,
 * integers for booleans and for epoch milliseconds, JSON as text. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct loop;
struct db;
struct tx;
struct stmt;

struct db_options {
    const char *path;     /* file; its folder is made when missing */
    struct loop *loop;    /* where completions are posted; NULL for command-line use: then only the *_now calls may be used */
    int readers;          /* 0: default (2) */
    bool is_read_only;    /* no writer, no migration; used by the jail and by inspection commands */
};

/* Opens and migrates forward. ERR_CONFLICT when the schema is newer than this program (the text says both versions). */
int db_open(const struct db_options *options, struct db **out, struct err *err);
void db_close(struct db *db);          /* finishes what is queued, joins the threads */

/* Returns OK to keep what it did, or an error: then only its own work is rolled back (savepoint). */
typedef int (*tx_fn)(struct tx *tx, void *arg, struct err *err);
/* Posted to the loop exactly once. <err> is filled when rc != OK and valid during the call only. */
typedef void (*tx_done_fn)(void *arg, int rc, const struct err *err);

/* <fn> and <done> get the same <arg>. <done> may be NULL. Any thread. */
void db_write(struct db *db, tx_fn fn, tx_done_fn done, void *arg);
void db_read(struct db *db, tx_fn fn, tx_done_fn done, void *arg);

/* Blocking twins for command-line, start-up and tests: never on a running loop. db_write_now commits before it returns. */
int db_write_now(struct db *db, tx_fn fn, void *arg, struct err *err);
int db_read_now(struct db *db, tx_fn fn, void *arg, struct err *err);

/* Posted to the loop after each COMMIT that changed something (one listener; the job pump). */
void db_on_commit(struct db *db, void (*fn)(void *arg), void *arg);

/* A consistent copy while running; <path> must not exist. Blocking; runs on a connection of its own. */
int db_backup(struct db *db, const char *path, struct err *err);

struct db_stats { uint64_t commits, requests, failed, reads; int64_t queue_depth; int64_t last_commit_us; int64_t size_bytes; };
void db_stats(struct db *db, struct db_stats *out);   /* any thread */
int db_schema_version(struct db *db);

/* ---- inside a transaction -------------------------------------------------------------------------------------- */

enum { DB_DONE = 0, DB_ROW = 1 };

/* <types>: a letter for each `?` of <sql>, in order: i int64_t, t const char * (NULL binds NULL), n const char *, size_t
 * (text of a given length), b bool (int), d double, 0 NULL (takes no argument). <sql> must be a string literal: its address is the
 * key of the statement cache. */
int tx_exec(struct tx *tx, struct err *err, const char *sql, const char *types, ...);   /* rows changed (>= 0) or negative */
int64_t tx_insert_id(struct tx *tx);   /* last generated integer key */

/* A running query. NULL + err on failure. Borrowed: valid until stmt_end() or the end of the transaction. */
struct stmt *tx_query(struct tx *tx, struct err *err, const char *sql, const char *types, ...);
int stmt_next(struct stmt *stmt, struct err *err);  /* DB_ROW, DB_DONE, or negative */
void stmt_end(struct stmt *stmt);                   /* NULL is allowed */
int64_t stmt_int(struct stmt *stmt, int column);    /* 0 for NULL */
double stmt_real(struct stmt *stmt, int column);
const char *stmt_text(struct stmt *stmt, int column);       /* NULL for NULL; valid until the next stmt call */
size_t stmt_bytes(struct stmt *stmt, int column);
bool stmt_is_null(struct stmt *stmt, int column);

/* For SQL built at run time (filters): not cached by address but by text. Bind with the same letters. <values>: an array. */
struct db_value { char type; int64_t i; double d; const char *t; size_t n; };
struct stmt *tx_query_values(struct tx *tx, struct err *err, const char *sql, const struct db_value *values, int count);

/* One row, one integer: <missing> when there is no row. Negative returns are errors in *<rc>. */
int64_t tx_get_int(struct tx *tx, int *rc, struct err *err, int64_t missing, const char *sql, const char *types, ...);
