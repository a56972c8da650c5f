/* loop - the one event loop (libevent) and the only way into it from other threads.
 * Owns: the event_base, timers, signals, the queue of posted functions. Everything runs on the loop thread except
 * loop_post() and loop_stop(), which any thread may call. */
#pragma once
#include <stdint.h>

#include "base/err.h"

struct event_base;
struct loop;
typedef void (*loop_fn)(void *arg);

/* NULL + err when the system gives no more file descriptors. */
struct loop *loop_new(struct err *err);

/* Runs what is still posted; pending timers do not fire. No other thread may post any more. NULL is allowed. */
void loop_free(struct loop *loop);

/* Returns after loop_stop(). */
void loop_run(struct loop *loop);

/* Ends loop_run() after what was posted before; also when called before loop_run(). Any thread. */
void loop_stop(struct loop *loop);

/* For the floor net; borrowed. */
struct event_base *loop_base(struct loop *loop);

/* Runs <fn>(<arg>) on the loop thread, in the order posted, from the loop's top level. Any thread. Functions still
 * queued when the loop ends are run by loop_free(). */
void loop_post(struct loop *loop, loop_fn fn, void *arg);

/* Runs <fn> once, <delay_ms> from now, never earlier. The id is never reused; 0 is never an id. */
uint64_t loop_timer(struct loop *loop, int64_t delay_ms, loop_fn fn, void *arg);

/* The timer does not fire any more. An id that has fired, was cancelled or is 0 is harmless. */
void loop_timer_cancel(struct loop *loop, uint64_t id);

/* Tests, after clock_advance_ms(): timers that have become due fire in the loop's next turn. */
void loop_recheck_timers(struct loop *loop);
/* Milliseconds, rounded up, until the next timer is due; -1 when none is set. */
int64_t loop_next_timer_ms(const struct loop *loop);

/* Calls <fn> on the loop thread at each signal <signo>, until loop_free(). */
int loop_signal(struct loop *loop, int signo, loop_fn fn, void *arg, struct err *err);
