#define _GNU_SOURCE
#include "store/request.h"

#include "base/mem.h"
#include "loop/loop.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>

struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t done;
    bool is_done;
};

/* ---- queue */

void queue_init(struct queue *queue)
{
    *queue = (struct queue){ 0 };
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->more, NULL);
}

void queue_fini(struct queue *queue)
{
    REQUIRE(!queue->first);
    pthread_cond_destroy(&queue->more);
    pthread_mutex_destroy(&queue->lock);
}

static void push(struct queue *queue, struct request *request)
{
    pthread_mutex_lock(&queue->lock);
    REQUIRE(!queue->is_closed);
    if (queue->last)
        queue->last->next = request;
    else
        queue->first = request;
    queue->last = request;
    queue->len++;
    /* A wake-up is the dear part; a busy thread looks by itself. */
    bool must_wake = queue->sleepers > 0;
    pthread_mutex_unlock(&queue->lock);
    if (must_wake)
        pthread_cond_signal(&queue->more);
}

void queue_submit(struct queue *queue, tx_fn fn, tx_done_fn done, void *arg, bool is_repeatable)
{
    struct request *request = xmalloc(sizeof(*request));
    *request =
        (struct request){ .fn = fn, .done = done, .arg = arg, .is_repeatable = is_repeatable };
    push(queue, request);
}

int queue_submit_wait(struct queue *queue, tx_fn fn, void *arg, struct err *err)
{
    struct waiter waiter = { .is_done = false };
    pthread_mutex_init(&waiter.lock, NULL);
    pthread_cond_init(&waiter.done, NULL);
    struct request request = { .fn = fn, .arg = arg, .waiter = &waiter };
    push(queue, &request);

    pthread_mutex_lock(&waiter.lock);
    while (!waiter.is_done)
        pthread_cond_wait(&waiter.done, &waiter.lock);
    pthread_mutex_unlock(&waiter.lock);
    pthread_cond_destroy(&waiter.done);
    pthread_mutex_destroy(&waiter.lock);

    return request_take_result(&request, err);
}

/* The first <most> requests, unlinked from the queue, whose lock is held. */
static struct request *cut(struct queue *queue, int most)
{
    struct request *first = queue->first;
    if (!first || most <= 0)
        return NULL;
    struct request *last = first;
    int count = 1;
    for (; count < most && last->next; count++)
        last = last->next;
    queue->first = last->next;
    if (!queue->first)
        queue->last = NULL;
    queue->len -= count;
    last->next = NULL;
    return first;
}

struct request *queue_take(struct queue *queue, int most)
{
    pthread_mutex_lock(&queue->lock);
    while (!queue->first && !queue->is_closed) {
        queue->sleepers++;
        pthread_cond_wait(&queue->more, &queue->lock);
        queue->sleepers--;
    }
    struct request *first = cut(queue, most);
    pthread_mutex_unlock(&queue->lock);
    return first;
}

struct request *queue_take_more(struct queue *queue, int most)
{
    pthread_mutex_lock(&queue->lock);
    struct request *first = cut(queue, most);
    pthread_mutex_unlock(&queue->lock);
    return first;
}

void queue_close(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->is_closed = true;
    pthread_mutex_unlock(&queue->lock);
    pthread_cond_broadcast(&queue->more);
}

int64_t queue_length(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    int64_t len = queue->len;
    pthread_mutex_unlock(&queue->lock);
    return len;
}

/* ---- completion */

void request_fail(struct request *request, int rc, const struct err *err)
{
    if (!request->err)
        request->err = xmalloc(sizeof(*request->err));
    *request->err = *err;
    request->rc = rc;
}

int request_take_result(struct request *request, struct err *err)
{
    if (err && request->err)
        *err = *request->err;
    free(request->err);
    request->err = NULL;
    return request->rc;
}

/* On the loop. */
static void deliver(void *arg)
{
    static const struct err none = { 0 };
    for (struct request *request = arg, *next; request; request = next) {
        next = request->next;
        request->done(request->arg, request->rc, request->err ? request->err : &none);
        free(request->err);
        free(request);
    }
}

/* After the unlock the request, which is on its caller's stack, may be gone. */
static void wake(struct waiter *waiter)
{
    pthread_mutex_lock(&waiter->lock);
    waiter->is_done = true;
    pthread_cond_signal(&waiter->done);
    pthread_mutex_unlock(&waiter->lock);
}

void requests_complete(struct request *chain, struct loop *loop)
{
    struct request *posted = NULL;
    struct request **tail = &posted;
    for (struct request *request = chain, *next; request; request = next) {
        next = request->next;
        if (request->waiter) {
            wake(request->waiter);
        } else if (!request->done) {
            free(request->err);
            free(request);
        } else {
            request->next = NULL;
            *tail = request;
            tail = &request->next;
        }
    }
    if (posted)
        loop_post(loop, deliver, posted);
}

/* ---- threads */

void turn_init(pthread_mutex_t *turn)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(turn, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

void turn_take(pthread_mutex_t *turn)
{
    REQUIRE(pthread_mutex_lock(turn) == 0);
}

int store_thread_start(pthread_t *thread, const char *name, void *(*run)(void *), void *arg,
                       struct err *err)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(thread, NULL, run, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0)
        return err_set(err, ERR_IO, "no thread for %s: %s", name, strerror(rc));
    pthread_setname_np(*thread, name);
    return OK;
}
