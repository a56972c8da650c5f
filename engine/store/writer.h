/* writer - the one thread that changes the database. It drains its queue into ONE transaction; one COMMIT makes all of
 * them durable; then the completions are posted. A request that fails takes back its own work only: with a savepoint
 * when something was done before it that cannot be repeated, else by undoing everything and doing once more what
 * succeeded. Private to store/.
 * Owns: the write connection. Never: runs a request twice that is not repeatable, or completes one before its COMMIT is
 * on disk.
 * Fault points: store.begin, store.write (each tx_exec), store.commit, store.committed (kill only),
 * store.checkpoint. */
#pragma once
#include "store/request.h"
#include "store/sqlite.h"

struct writer;

/* Takes <conn>, also when it fails. With <loop> a thread is started; without, writer_run_now() works on its caller's
 * thread. NULL + err. */
struct writer *writer_new(struct connection *conn, struct loop *loop, struct err *err);
/* Finishes what is queued, joins the thread, closes the connection. NULL is allowed. */
void writer_free(struct writer *writer);

/* Needs the thread. Any thread but the writer's own. <is_repeatable>: see db_write_repeatable(). */
void writer_submit(struct writer *writer, tx_fn fn, tx_done_fn done, void *arg, bool is_repeatable);
/* Returns after the COMMIT. Not from inside a transaction. */
int writer_run_now(struct writer *writer, tx_fn fn, void *arg, struct err *err);

/* See db_on_commit(). */
void writer_on_commit(struct writer *writer, void (*fn)(void *arg), void *arg);
/* See db_trouble(). */
int writer_trouble(struct writer *writer, struct err *err);
/* Fills what a writer knows: commits, requests, failed, queue_depth, last_commit_us. */
void writer_stats(struct writer *writer, struct db_stats *out);
