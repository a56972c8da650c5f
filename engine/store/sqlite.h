/* sqlite - the driver: one connection, its transaction, its prepared statements. Private to store/.
 * A connection is used by one thread at a time; who that is, writer.c and reader.c decide.
 * Read connection_open() first, then statement.c for what a transaction runs. */
#pragma once
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

#include "store/db.h"
#include "store/identity.h"

struct connection;

/* A prepared statement, kept for the next use or made for one. Open from tx_query() to stmt_end(). */
struct stmt {
    sqlite3_stmt *handle;
    struct connection *conn;   /* borrowed */
    const char *address;       /* the literal it is kept under; NULL: kept by text, or not at all */
    uint64_t last_use;         /* of a text; the oldest makes room */
    struct stmt *previous;     /* list of the open ones */
    struct stmt *next;
    bool is_kept;
    bool is_open;
    bool is_done;              /* no more rows: a further step would start again */
};

struct end_work {
    tx_end_fn fn;
    int64_t id;
};

struct tx {
    struct connection *conn;   /* borrowed */
    struct stmt *open;         /* statements not ended yet */
    struct end_work *at_end;   /* heap, kept for the next transaction */
    size_t at_end_count;
    size_t at_end_cap;
};

enum control { CONTROL_BEGIN, CONTROL_COMMIT, CONTROL_ROLLBACK, CONTROL_SAVEPOINT, CONTROL_RELEASE, CONTROL_ROLLBACK_TO,
               CONTROL_COUNT };

enum { KEPT_TEXTS = 32 };

struct connection {
    sqlite3 *handle;
    bool is_writer;
    sqlite3_stmt *controls[CONTROL_COUNT];   /* prepared at the first use */
    struct tx tx;
    struct stmt **by_address;  /* open addressing, heap */
    size_t address_cap;        /* a power of two, or 0 */
    size_t address_count;
    struct stmt *by_text[KEPT_TEXTS];
    uint64_t text_uses;
    int64_t checkpoint_told_at_ms; /* monotonic; 0: the log has heard of no failure */
    struct identity identity;  /* of a writer */
    int wal_pages;             /* in the write-ahead log after the last commit; when connection_own_checkpoints() */
};

/* Opens <path>, an existing file when !is_writer, with the house's settings. NULL + err. */
struct connection *connection_open(const char *path, bool is_writer, struct err *err);
/* Ends and frees everything. NULL is allowed. */
void connection_close(struct connection *conn);

/* Runs statements separated by ";". No transaction of its own. */
int connection_script(struct connection *conn, const char *sql, struct err *err);
/* The first column of the first row of <sql>, or <missing>; for PRAGMAs and start-up. */
int connection_get_int(struct connection *conn, const char *sql, int missing, int *out, struct err *err);

/* Begins (IMMEDIATE on a writer, waiting up to 5 s for another process), commits, and so on. */
int connection_control(struct connection *conn, enum control control, struct err *err);
/* Rolls back whatever is open; cannot fail. */
void connection_rollback(struct connection *conn);
/* False after SQLite rolled the transaction back by itself (disk full, I/O error). */
bool connection_in_transaction(const struct connection *conn);

/* Frees the pages that it keeps in memory: after a migration, which has been everywhere. */
void connection_forget_pages(struct connection *conn);

/* COMMIT never moves the log into the file; connection_checkpoint() does that, when its caller has time. */
void connection_own_checkpoints(struct connection *conn);
void connection_checkpoint(struct connection *conn);

/* Runs <fn> inside the open transaction, then ends every statement that it left open. Returns OK or an error with
 * <err> filled, whatever <fn> did to it; commits and rolls back nothing. */
int tx_run(struct connection *conn, tx_fn fn, void *arg, struct err *err);

/* Runs what was asked for with tx_at_end(), in that order, and forgets it. OK or the first error. */
int tx_run_at_end(struct connection *conn, struct err *err);

/* Fills <err> from the connection's last error. <rc>: SQLite's code. The sentence is for whoever asked, in chat too: of
 * a statement that cannot be run <sql> goes to the log only. Returns the err code. */
int connection_error(struct connection *conn, int rc, const char *sql, struct err *err);
/* The same for what is done with a file; <what> begins the sentence, <handle> may be NULL. */
int sqlite_error(sqlite3 *handle, int rc, const char *what, struct err *err);

/* Frees the kept statements; part of connection_close(). */
void statements_free(struct connection *conn);
/* Ends every open statement. */
void statements_end_all(struct tx *tx);
