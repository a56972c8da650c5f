#include "store/reader.h"

#include "base/inject.h"
#include "base/mem.h"

#include <stdatomic.h>

struct reader {
    struct readers *readers; /* borrowed: all of them */
    struct connection *conn; /* owned */
    pthread_t thread;
    bool has_thread;
};

struct readers {
    struct loop *loop; /* borrowed; NULL: no threads */
    struct queue queue;
    pthread_mutex_t turn; /* without threads: who may use the connection */
    atomic_uint_fast64_t runs;
    int count;
    struct reader each[READERS_MOST];
};

static void run_request(struct readers *readers, struct connection *conn, struct request *request)
{
    struct err err = { 0 };
    int rc = INJECT("store.read") ? err_set(&err, ERR_IO, "the read failed (fault injected)")
                                  : connection_control(conn, CONTROL_BEGIN, &err);
    if (rc == OK) {
        rc = tx_run(conn, request->fn, request->arg, &err);
        connection_rollback(conn); /* nothing to keep */
    }
    if (rc != OK)
        request_fail(request, rc, &err);
    atomic_fetch_add(&readers->runs, 1);
}

static void *run_thread(void *arg)
{
    struct reader *reader = arg;
    struct readers *readers = reader->readers;
    struct request *request;
    while ((request = queue_take(&readers->queue, 1))) {
        run_request(readers, reader->conn, request);
        requests_complete(request, readers->loop);
    }
    return NULL;
}

static int start_reader(struct readers *readers, int index, const char *path, struct err *err)
{
    struct reader *reader = &readers->each[index];
    reader->readers = readers;
    reader->conn = connection_open(path, false, err);
    if (!reader->conn)
        return ERR_DB;
    readers->count++;
    if (!readers->loop)
        return OK;
    int rc = store_thread_start(&reader->thread, "store-reader", run_thread, reader, err);
    reader->has_thread = rc == OK;
    return rc;
}

struct readers *readers_new(const char *path, int count, struct loop *loop, struct err *err)
{
    struct readers *readers = xcalloc(1, sizeof(*readers));
    readers->loop = loop;
    queue_init(&readers->queue);
    turn_init(&readers->turn);
    count = !loop ? 1 : count <= 0 ? READERS_DEFAULT : count < READERS_MOST ? count : READERS_MOST;
    for (int i = 0; i < count; i++) {
        if (start_reader(readers, i, path, err) != OK) {
            readers_free(readers);
            return NULL;
        }
    }
    return readers;
}

void readers_free(struct readers *readers)
{
    if (!readers)
        return;
    queue_close(&readers->queue);
    for (int i = 0; i < readers->count; i++) {
        if (readers->each[i].has_thread)
            pthread_join(readers->each[i].thread, NULL);
        connection_close(readers->each[i].conn);
    }
    queue_fini(&readers->queue);
    pthread_mutex_destroy(&readers->turn);
    free(readers);
}

void readers_submit(struct readers *readers, tx_fn fn, tx_done_fn done, void *arg)
{
    REQUIRE(readers->loop != NULL);
    queue_submit(&readers->queue, fn, done, arg, false);
}

static int run_here(struct readers *readers, tx_fn fn, void *arg, struct err *err)
{
    struct request request = { .fn = fn, .arg = arg };
    turn_take(&readers->turn);
    run_request(readers, readers->each[0].conn, &request);
    pthread_mutex_unlock(&readers->turn);
    return request_take_result(&request, err);
}

int readers_run_now(struct readers *readers, tx_fn fn, void *arg, struct err *err)
{
    if (!readers->loop)
        return run_here(readers, fn, arg, err);
    return queue_submit_wait(&readers->queue, fn, arg, err);
}

uint64_t readers_count(struct readers *readers)
{
    return atomic_load(&readers->runs);
}
