/* reader - read-only connections, a thread each; every request sees one snapshot. Private to store/.
 * Owns: its connections. Never: changes the database (the connection refuses). Fault point: store.read. */
#pragma once
#include "store/request.h"
#include "store/sqlite.h"

enum { READERS_DEFAULT = 2, READERS_MOST = 16 };

struct readers;

/* Opens <count> connections (0: the default). With <loop> each gets a thread; without, there is one connection, used on
 * the thread of readers_run_now()'s caller. NULL + err. */
struct readers *readers_new(const char *path, int count, struct loop *loop, struct err *err);
/* Finishes what is queued, joins the threads, closes. NULL is allowed. */
void readers_free(struct readers *readers);

/* Needs the threads. Any thread. */
void readers_submit(struct readers *readers, tx_fn fn, tx_done_fn done, void *arg);
/* Not from inside a read. */
int readers_run_now(struct readers *readers, tx_fn fn, void *arg, struct err *err);
/* Requests run so far. */
uint64_t readers_count(struct readers *readers);
