/* request - what the store's threads are asked to do: a queue in, completions out. Private to store/.
 * Owns: requests from their submission to their completion. Never: touches the database. */
#pragma once
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/db.h"

struct waiter;

struct request {
    struct request *next;
    tx_fn fn;
    tx_done_fn done;       /* NULL: nobody asked */
    void *arg;
    struct waiter *waiter; /* of queue_submit_wait(): then the request is on its caller's stack */
    bool is_repeatable;    /* as db_write_repeatable() says */
    int rc;
    struct err *err;       /* heap; NULL while rc is OK */
};

struct queue {
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct request *first;
    struct request *last;
    int64_t len;
    int sleepers;          /* threads in queue_take() */
    bool is_closed;
};

/* The queue is embedded in its owner; it must be empty when it ends. */
void queue_init(struct queue *queue);
void queue_fini(struct queue *queue);

/* Adds a request made of them at the end. Any thread. */
void queue_submit(struct queue *queue, tx_fn fn, tx_done_fn done, void *arg, bool is_repeatable);
/* Adds a request, waits until it is complete, and returns its result. <err> may be NULL. */
int queue_submit_wait(struct queue *queue, tx_fn fn, void *arg, struct err *err);

/* Moves the first <most> requests out, linked by `next`; waits for one. NULL when the queue is closed and empty. */
struct request *queue_take(struct queue *queue, int most);
/* The same without waiting: NULL when nothing is queued. */
struct request *queue_take_more(struct queue *queue, int most);
/* queue_take() returns NULL once what is queued has been taken. */
void queue_close(struct queue *queue);
/* Requests that no thread has taken yet. */
int64_t queue_length(struct queue *queue);

/* Sets the result, a copy of <err>. */
void request_fail(struct request *request, int rc, const struct err *err);

/* Returns the result and copies its error to <err> (NULL allowed); for a request on its caller's stack. */
int request_take_result(struct request *request, struct err *err);

/* Hands every request of the chain its result: those that wait at once, the others by one function posted to <loop>,
 * which calls `done` in the order of the chain. Frees them. <loop> may be NULL when all of them wait. */
void requests_complete(struct request *chain, struct loop *loop);

/* A connection used without a thread has a turn. Taking it twice, from inside a transaction, aborts: it would wait for
 * ever. Released and destroyed as any mutex. */
void turn_init(pthread_mutex_t *turn);
void turn_take(pthread_mutex_t *turn);

/* Starts <run>(<arg>) on a thread called <name> that gets no signals. */
int store_thread_start(pthread_t *thread, const char *name, void *(*run)(void *), void *arg, struct err *err);
