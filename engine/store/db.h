/* db - the store's one interface. No code outside store/ includes sqlite3.h or knows the driver.
 *
 * Threads: one writer thread (group commit: many requests, one COMMIT), two reader threads (snapshots). Kernel
 * functions are plain blocking C that takes a `struct tx *` and runs on those threads. The loop submits (function,
 * argument, completion) and the completion is posted to the loop: for writes only after the COMMIT is on disk.
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
    struct loop *loop;    /* where completions are posted. NULL for command-line use: then there are no threads, and
                           * only the *_now calls may be used, which run on the caller's thread */
    int readers;          /* 0: default (2) */
    bool is_read_only;    /* no writer, no migration; used by the jail and by inspection commands */
    bool must_be_current; /* no migration: an engine of another version may be at work on it */
};

/* Opens and migrates forward. ERR_CONFLICT when the schema is newer than this program (the text says both versions),
 * or, for read-only use and must_be_current, older; ERR_NOT_FOUND when there is nothing to read. */
int db_open(const struct db_options *options, struct db **out, struct err *err);
/* Finishes what is queued and joins the threads; NULL is allowed. Completions may still wait in the loop afterwards,
 * so close the db before the loop is freed. */
void db_close(struct db *db);

/* Returns OK (or a positive number, so that `return tx_exec(...)` reads well) to keep what it did, or an error: then
 * only its own work is rolled back. Runs once (but see db_write_repeatable()), or not at all when no transaction can
 * begin. */
typedef int (*tx_fn)(struct tx *tx, void *arg, struct err *err);
/* Posted to the loop exactly once. <err> is filled when rc != OK and valid during the call only. A request that did its
 * work may still fail: ERR_IO, ERR_DB, ERR_BUSY when the COMMIT did; nothing of it is kept then. */
typedef void (*tx_done_fn)(void *arg, int rc, const struct err *err);

/* <fn> and <done> get the same <arg>. <done> may be NULL. Any thread. A read that writes fails with ERR_FORBIDDEN. */
void db_write(struct db *db, tx_fn fn, tx_done_fn done, void *arg);
void db_read(struct db *db, tx_fn fn, tx_done_fn done, void *arg);
/* The same as db_write(), cheaper: <fn> may run again, from its beginning and in another transaction, when a request
 * after it fails half done. So it changes nothing but the database and what it makes anew each time. */
void db_write_repeatable(struct db *db, tx_fn fn, tx_done_fn done, void *arg);

/* Blocking twins for command-line, start-up and tests: never on a running loop, never inside a transaction.
 * db_write_now commits before it returns. <err> may be NULL. */
int db_write_now(struct db *db, tx_fn fn, void *arg, struct err *err);
int db_read_now(struct db *db, tx_fn fn, void *arg, struct err *err);

/* Posted to the loop after each COMMIT that changed something (one listener; the job pump; NULL ends it, but for what
 * is posted already). */
void db_on_commit(struct db *db, void (*fn)(void *arg), void *arg);

/* A consistent copy of the database at <source>, whatever its schema's version and whoever writes to it; <path> must
 * not exist. Blocking. */
int db_backup(const char *source, const char *path, struct err *err);
/* Puts a copy of the backup at <path> in the place of <database>, which nobody may have open. What was there, with its
 * log, is afterwards at <kept> (its log beside it); nothing needs to be there. ERR_CONFLICT, and nothing is changed,
 * when <path> is no database of ours, is damaged, or has a newer schema than this program knows. Blocking. */
int db_restore(const char *path, const char *database, const char *kept, struct err *err);

/* Reads the whole file and checks its pages, its indexes and every reference; <found> gets a line for each problem (at
 * most 100 of a kind), valid during the call. OK also when there are some; an error when the file cannot be read to its
 * end. Blocking; runs on a connection of its own, writers go on. */
typedef void (*db_problem_fn)(void *arg, const char *text);
int db_check(struct db *db, db_problem_fn found, void *arg, struct err *err);

/* Whether changes are kept now. OK, or why the last one was not although nothing was wrong with it (a full disk, an I/O
 * error, another program that holds the file); <err> may be NULL. A change that is kept ends it, so somebody has to try
 * one. Any thread. */
int db_trouble(struct db *db, struct err *err);

struct db_stats {
    uint64_t commits;
    uint64_t requests;       /* writes, kept or not */
    uint64_t failed;         /* of these, not kept */
    uint64_t reads;
    int64_t queue_depth;     /* writes not yet complete */
    int64_t last_commit_us;
    int64_t size_bytes;      /* of the file, without its log */
};
void db_stats(struct db *db, struct db_stats *out);   /* any thread */
int db_schema_version(struct db *db);                 /* the last migration applied */

/* ---- inside a transaction */

enum { DB_DONE = 0, DB_ROW = 1 };

/* <types>: a letter for each `?` of <sql>, in order: i int64_t, t const char * (NULL binds NULL), n const char *,
 * size_t (text of a given length), b bool (int), d double, 0 NULL (takes no argument). <sql> must be a string literal:
 * its address is the key of the statement cache; one statement, nothing behind its ";". Texts are copied by tx_query().
 * tx_exec() returns the rows changed (>= 0) or an error: ERR_CONFLICT for a constraint, ERR_BUG for wrong <types>. */
int tx_exec(struct tx *tx, struct err *err, const char *sql, const char *types, ...);
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

/* For SQL built at run time (filters): not cached by address but by text. Bind with the same letters. <values>: an
 * array of <count>, copied. */
struct db_value { char type; int64_t i; double d; const char *t; size_t n; };
struct stmt *tx_query_values(struct tx *tx, struct err *err, const char *sql, const struct db_value *values, int count);

/* Work that costs less done once for many requests: <fn> runs for each <id> after the requests of the transaction,
 * before its COMMIT, unless the request that asked for it fails. Asking again for the same <fn> and <id> adds nothing.
 * When <fn> fails, all requests of the transaction do. Writes only. */
typedef int (*tx_end_fn)(struct tx *tx, int64_t id, struct err *err);
void tx_at_end(struct tx *tx, tx_end_fn fn, int64_t id);
/* Whether somebody asked for it in this transaction. */
bool tx_is_at_end(const struct tx *tx, tx_end_fn fn, int64_t id);

/* One row, one integer: <missing> when there is no row, or NULL in it. *<rc> (NULL allowed) is OK or the error. */
int64_t tx_get_int(struct tx *tx, int *rc, struct err *err, int64_t missing, const char *sql, const char *types, ...);
