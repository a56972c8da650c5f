#include "store/writer.h"

#include "base/clock.h"
#include "base/inject.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "store/trouble.h"

#include <stdatomic.h>
#include <unistd.h>

/* A batch is bounded, so that the first of many requests does not wait for the last. */
enum { BATCH_REQUESTS = 256, BATCH_US = 5000 };
/* Where so many came at once more are on their way, until there are many: a moment's wait brings them into the same
 * commit, which costs as much as a dozen of them. One alone never waits. As PostgreSQL's commit_delay. */
enum { CROWD_FROM = 4, CROWD_ENOUGH = 64, CROWD_WAIT_US = 800 };
/* The log goes into the file when it has so many pages and nobody waits; with the higher number in any case. */
enum { CHECKPOINT_PAGES = 1000, CHECKPOINT_AT_ONCE_PAGES = 4000 };

struct writer {
    struct connection *conn; /* owned */
    struct loop *loop;       /* borrowed; NULL: no thread */
    pthread_t thread;
    struct queue queue;
    pthread_mutex_t turn; /* without a thread: who may use the connection */
    pthread_mutex_t lock; /* guards the listener */
    void (*listener)(void *arg);
    void *listener_arg;
    struct trouble trouble; /* with a thread */
    atomic_uint_fast64_t commits;
    atomic_uint_fast64_t requests;
    atomic_uint_fast64_t failed;
    atomic_int_fast64_t taken; /* requests in hand, not yet complete */
    atomic_int_fast64_t last_commit_us;
};

/* ---- one batch */

static int begin(struct connection *conn, struct err *err)
{
    if (INJECT("store.begin"))
        return err_set(err, ERR_IO, "the transaction cannot begin (fault injected)");
    conn->tx.at_end_count = 0;
    int rc = connection_control(conn, CONTROL_BEGIN, err);
    if (rc != OK)
        return rc;
    rc = identity_check(&conn->identity, conn->handle, err);
    if (rc != OK) {
        connection_rollback(conn);
        connection_checkpoint(conn); /* of a log without a name this is the way out */
    }
    return rc;
}

static int commit(struct writer *writer, struct err *err)
{
    int64_t started_us = clock_mono_us();
    int rc = INJECT("store.commit") ? err_set(err, ERR_IO, "the commit failed (fault injected)")
                                    : connection_control(writer->conn, CONTROL_COMMIT, err);
    if (rc != OK)
        return rc;
    (void)INJECT("store.committed");
    atomic_store(&writer->last_commit_us, clock_mono_us() - started_us);
    atomic_fetch_add(&writer->commits, 1);
    return OK;
}

/* Keeps the work since the savepoint, or undoes it when <rc> is an error. When neither goes, rolls back everything. */
static int close_savepoint(struct connection *conn, int rc, struct err *err)
{
    struct err broken;
    if ((rc == OK || connection_control(conn, CONTROL_ROLLBACK_TO, &broken) == OK) &&
        connection_control(conn, CONTROL_RELEASE, &broken) == OK)
        return rc;
    connection_rollback(conn);
    if (rc != OK)
        return rc;
    *err = broken;
    return broken.code;
}

/* Its work can be undone by itself, for the price of a copy of each page that it changes. */
static void run_protected(struct connection *conn, struct request *request)
{
    struct err err;
    size_t at_end_before = conn->tx.at_end_count;
    int rc = connection_control(conn, CONTROL_SAVEPOINT, &err);
    if (rc == OK) {
        rc = tx_run(conn, request->fn, request->arg, &err);
        if (connection_in_transaction(conn))
            rc = close_savepoint(conn, rc, &err);
    }
    if (rc == OK)
        return;
    conn->tx.at_end_count = at_end_before;
    request_fail(request, rc, &err);
}

/* False: it failed, and what it changed is still there. Most that fail have changed nothing yet. */
static bool run_bare(struct connection *conn, struct request *request)
{
    struct err err;
    size_t at_end_before = conn->tx.at_end_count;
    int64_t changes_before = sqlite3_total_changes64(conn->handle);
    int rc = tx_run(conn, request->fn, request->arg, &err);
    if (rc == OK)
        return true;
    conn->tx.at_end_count = at_end_before;
    request_fail(request, rc, &err);
    return sqlite3_total_changes64(conn->handle) == changes_before;
}

static void fail_all(struct request *chain, int rc, const struct err *err)
{
    for (struct request *request = chain; request; request = request->next)
        if (request->rc == OK)
            request_fail(request, rc, err);
}

/* Undoes everything, then does once more what succeeded. Each time that one of <chain> fails now, it is left out the
 * next time. Without a transaction at the end nothing is kept. */
static void start_again(struct connection *conn, struct request *chain)
{
    bool is_clean;
    do {
        struct err err;
        is_clean = true;
        connection_rollback(conn);
        int rc = begin(conn, &err);
        if (rc != OK) {
            fail_all(chain, rc, &err);
            return;
        }
        for (struct request *request = chain; request && is_clean; request = request->next)
            if (request->rc == OK)
                is_clean = run_bare(conn, request);
    } while (!is_clean && connection_in_transaction(conn));
}

/* Adds to the batch, behind <last>, what was asked for meanwhile: one commit less is one fsync less. */
static void take_latecomers(struct writer *writer, struct request *last, int count)
{
    if (!writer->loop)
        return;
    last->next = queue_take_more(&writer->queue, BATCH_REQUESTS - count);
    for (const struct request *request = last->next; request; request = request->next)
        atomic_fetch_add(&writer->taken, 1);
}

static void wait_for_the_crowd(struct writer *writer, struct request *last, int count)
{
    if (!writer->loop || count < CROWD_FROM || count >= CROWD_ENOUGH)
        return;
    usleep(CROWD_WAIT_US); /* without being woken by each */
    take_latecomers(writer, last, count);
}

/* Runs requests, and those that come in meanwhile, until the batch is full, one has left changes behind or the
 * transaction is lost; cuts the chain there and returns the rest. */
static struct request *run_requests(struct writer *writer, struct request *chain)
{
    struct connection *conn = writer->conn;
    bool is_protected = false; /* something was done that cannot be repeated */
    bool is_clean = true;
    int64_t until_us = clock_mono_us() + BATCH_US;
    struct request *request = chain;
    for (int count = 1;; count++, request = request->next) {
        if (is_protected)
            run_protected(conn, request);
        else
            is_clean = run_bare(conn, request);
        is_protected |= request->rc == OK && !request->is_repeatable;
        if (!is_clean || !connection_in_transaction(conn) || clock_mono_us() >= until_us)
            break;
        if (!request->next)
            take_latecomers(writer, request, count);
        if (!request->next)
            wait_for_the_crowd(writer, request, count);
        if (!request->next)
            break;
    }
    struct request *rest = request->next;
    request->next = NULL;
    if (!is_clean && connection_in_transaction(conn))
        start_again(conn, chain);
    return rest;
}

/* The cause is known to the request that met it. */
static void fail_lost(struct request *chain)
{
    struct err err = { 0 };
    const char *cause = "no cause given";
    for (struct request *request = chain; request; request = request->next)
        if (request->rc != OK)
            cause = request->err->msg;
    err_set(&err, ERR_IO, "the transaction was lost: %s", cause);
    err.retryable = true;
    fail_all(chain, ERR_IO, &err);
}

static int count_ok(const struct request *chain)
{
    int count = 0;
    for (; chain; chain = chain->next)
        count += chain->rc == OK;
    return count;
}

/* Keeps what succeeded, or nothing. True when the database has changed. */
static bool finish(struct writer *writer, struct request *chain, int64_t changes_before)
{
    struct connection *conn = writer->conn;
    struct err err = { 0 };
    if (!connection_in_transaction(conn)) {
        fail_lost(chain);
        return false;
    }
    if (count_ok(chain) == 0) {
        connection_rollback(conn);
        return false;
    }
    int rc = tx_run_at_end(conn, &err);
    if (rc == OK)
        rc = commit(writer, &err);
    if (rc != OK) {
        connection_rollback(conn);
        fail_all(chain, rc, &err);
        return false;
    }
    return sqlite3_total_changes64(conn->handle) != changes_before;
}

/* Runs a first part of <chain> in one transaction; that part has its results then. Returns the rest. */
static struct request *run_batch(struct writer *writer, struct request *chain, bool *has_changed)
{
    struct connection *conn = writer->conn;
    struct err err = { 0 };
    struct request *rest = NULL;
    *has_changed = false;
    int rc = begin(conn, &err);
    if (rc != OK) {
        fail_all(chain, rc, &err);
    } else {
        int64_t changes_before = sqlite3_total_changes64(conn->handle);
        rest = run_requests(writer, chain);
        *has_changed = finish(writer, chain, changes_before);
    }
    return rest;
}

static void count_batch(struct writer *writer, const struct request *chain)
{
    int total = 0;
    int ok = count_ok(chain);
    for (const struct request *request = chain; request; request = request->next)
        total++;
    atomic_fetch_add(&writer->requests, (uint64_t)total);
    atomic_fetch_add(&writer->failed, (uint64_t)(total - ok));
    atomic_fetch_sub(&writer->taken, total);
}

/* ---- the thread */

static void tell_listener(struct writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    if (writer->listener)
        loop_post(writer->loop, writer->listener, writer->listener_arg);
    pthread_mutex_unlock(&writer->lock);
}

static void judge(struct writer *writer, const struct request *chain, bool has_changed)
{
    bool is_in_trouble = false;
    for (const struct request *request = chain; request; request = request->next)
        if (request->rc != OK)
            is_in_trouble |= trouble_note(&writer->trouble, request->err);
    if (has_changed && !is_in_trouble)
        trouble_end(&writer->trouble);
}

/* Between two batches: under load the queue may never be empty. */
static void checkpoint_if_due(struct writer *writer, bool somebody_waits)
{
    int pages = writer->conn->wal_pages;
    if (pages >= CHECKPOINT_AT_ONCE_PAGES ||
        (pages >= CHECKPOINT_PAGES && !somebody_waits && queue_length(&writer->queue) == 0))
        connection_checkpoint(writer->conn);
}

static void *run_thread(void *arg)
{
    struct writer *writer = arg;
    struct request *chain;
    while ((chain = queue_take(&writer->queue, BATCH_REQUESTS))) {
        for (const struct request *request = chain; request; request = request->next)
            atomic_fetch_add(&writer->taken, 1);
        while (chain) {
            bool has_changed;
            struct request *rest = run_batch(writer, chain, &has_changed);
            count_batch(writer, chain);
            judge(writer, chain, has_changed);
            requests_complete(chain, writer->loop);
            if (has_changed)
                tell_listener(writer);
            chain = rest;
            checkpoint_if_due(writer, chain != NULL);
        }
    }
    return NULL;
}

struct writer *writer_new(struct connection *conn, struct loop *loop, struct err *err)
{
    struct writer *writer = xcalloc(1, sizeof(*writer));
    writer->conn = conn;
    writer->loop = loop;
    queue_init(&writer->queue);
    pthread_mutex_init(&writer->lock, NULL);
    trouble_init(&writer->trouble);
    turn_init(&writer->turn);
    if (!loop)
        return writer;
    connection_own_checkpoints(writer->conn);
    if (store_thread_start(&writer->thread, "store-writer", run_thread, writer, err) != OK) {
        writer->loop = NULL;
        writer_free(writer);
        return NULL;
    }
    return writer;
}

void writer_free(struct writer *writer)
{
    if (!writer)
        return;
    if (writer->loop) {
        queue_close(&writer->queue);
        pthread_join(writer->thread, NULL);
    }
    connection_close(writer->conn);
    queue_fini(&writer->queue);
    pthread_mutex_destroy(&writer->turn);
    pthread_mutex_destroy(&writer->lock);
    trouble_fini(&writer->trouble);
    free(writer);
}

/* ---- for everybody else */

void writer_submit(struct writer *writer, tx_fn fn, tx_done_fn done, void *arg, bool is_repeatable)
{
    REQUIRE(writer->loop != NULL);
    queue_submit(&writer->queue, fn, done, arg, is_repeatable);
}

static int run_here(struct writer *writer, tx_fn fn, void *arg, struct err *err)
{
    struct request request = { .fn = fn, .arg = arg };
    bool has_changed;
    turn_take(&writer->turn);
    atomic_fetch_add(&writer->taken, 1);
    run_batch(writer, &request, &has_changed);
    count_batch(writer, &request);
    pthread_mutex_unlock(&writer->turn);
    return request_take_result(&request, err);
}

int writer_run_now(struct writer *writer, tx_fn fn, void *arg, struct err *err)
{
    if (!writer->loop)
        return run_here(writer, fn, arg, err);
    REQUIRE(!pthread_equal(pthread_self(), writer->thread));
    return queue_submit_wait(&writer->queue, fn, arg, err);
}

void writer_on_commit(struct writer *writer, void (*fn)(void *arg), void *arg)
{
    pthread_mutex_lock(&writer->lock);
    writer->listener = fn;
    writer->listener_arg = arg;
    pthread_mutex_unlock(&writer->lock);
}

void writer_stats(struct writer *writer, struct db_stats *out)
{
    out->commits = atomic_load(&writer->commits);
    out->requests = atomic_load(&writer->requests);
    out->failed = atomic_load(&writer->failed);
    out->queue_depth = queue_length(&writer->queue) + atomic_load(&writer->taken);
    out->last_commit_us = atomic_load(&writer->last_commit_us);
}

int writer_trouble(struct writer *writer, struct err *err)
{
    return trouble_get(&writer->trouble, err);
}
