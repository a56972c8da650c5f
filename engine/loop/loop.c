#include "loop/loop.h"

#include "base/clock.h"
#include "base/mem.h"

#include <event2/event.h>
#include <event2/thread.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

/* At most so many posted functions between two looks at the sockets. */
enum { BATCH = 128, SMALLEST_QUEUE = 64 };
/* A timer's id: its slot in the low bits, a sequence that never comes back above. */
enum { SLOT_BITS = 24, MOST_TIMERS = 1 << SLOT_BITS };

struct post {
    loop_fn fn;
    void *arg;
};

struct timer {
    struct loop *loop;
    struct event *event; /* owned, used again by later timers of the slot */
    uint64_t id;         /* 0 while the slot is free */
    uint32_t slot;
    uint32_t next_free; /* slot + 1 of the next free one; 0 ends the list */
    int64_t due_us;
    loop_fn fn;
    void *arg;
};

struct signal_handler {
    struct signal_handler *next;
    struct event *event;
    loop_fn fn;
    void *arg;
};

struct loop {
    struct event_base *base;
    struct event *wake;   /* runs on_wake() */
    pthread_mutex_t lock; /* guards the five below */
    struct post *queue;   /* ring, heap */
    size_t queue_cap;     /* a power of two */
    size_t queue_head;
    size_t queue_len;
    bool wake_pending;     /* on_wake() is on its way or running */
    struct timer **timers; /* heap of pointers: timers keep their address */
    uint32_t timer_count;
    uint32_t timer_cap;
    uint32_t free_timer; /* slot + 1, 0 when none */
    uint64_t timer_sequence;
    struct signal_handler *signals;
};

static void on_wake(evutil_socket_t fd, short what, void *arg);

static struct event_base *new_base(void)
{
    struct event_config *config = event_config_new();
    if (!config)
        return NULL;
    /* Fewer epoll_ctl calls; and timers that count from now, not from the beginning of the turn. */
    event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
    event_config_set_flag(config, EVENT_BASE_FLAG_NO_CACHE_TIME);
    struct event_base *base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

struct loop *loop_new(struct err *err)
{
    evthread_use_pthreads();
    struct loop *loop = xcalloc(1, sizeof(*loop));
    pthread_mutex_init(&loop->lock, NULL);
    loop->queue_cap = SMALLEST_QUEUE;
    loop->queue = xcalloc(loop->queue_cap, sizeof(*loop->queue));
    loop->base = new_base();
    loop->wake = loop->base ? event_new(loop->base, -1, 0, on_wake, loop) : NULL;
    if (!loop->wake) {
        err_set(err, ERR_IO, "the event loop cannot be made (too many open files?)");
        loop_free(loop);
        return NULL;
    }
    return loop;
}

/* ---- posted functions */

static void grow_queue(struct loop *loop)
{
    struct post *larger = xcalloc(loop->queue_cap * 2, sizeof(*larger));
    for (size_t i = 0; i < loop->queue_len; i++)
        larger[i] = loop->queue[(loop->queue_head + i) & (loop->queue_cap - 1)];
    free(loop->queue);
    loop->queue = larger;
    loop->queue_head = 0;
    loop->queue_cap *= 2;
}

void loop_post(struct loop *loop, loop_fn fn, void *arg)
{
    pthread_mutex_lock(&loop->lock);
    if (loop->queue_len == loop->queue_cap)
        grow_queue(loop);
    size_t tail = (loop->queue_head + loop->queue_len++) & (loop->queue_cap - 1);
    loop->queue[tail] = (struct post){ fn, arg };
    bool must_wake = !loop->wake_pending;
    loop->wake_pending = true;
    pthread_mutex_unlock(&loop->lock);
    if (must_wake)
        event_active(loop->wake, EV_TIMEOUT, 0);
}

/* Moves up to <most> functions into <batch>; with none left wake_pending falls. */
static size_t take_batch(struct loop *loop, struct post *batch, size_t most)
{
    pthread_mutex_lock(&loop->lock);
    size_t count = loop->queue_len < most ? loop->queue_len : most;
    for (size_t i = 0; i < count; i++)
        batch[i] = loop->queue[(loop->queue_head + i) & (loop->queue_cap - 1)];
    loop->queue_head = (loop->queue_head + count) & (loop->queue_cap - 1);
    loop->queue_len -= count;
    if (count == 0)
        loop->wake_pending = false;
    pthread_mutex_unlock(&loop->lock);
    return count;
}

static size_t run_batch(struct loop *loop)
{
    struct post batch[BATCH];
    size_t count = take_batch(loop, batch, BATCH);
    for (size_t i = 0; i < count; i++)
        batch[i].fn(batch[i].arg);
    return count;
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct loop *loop = arg;
    if (run_batch(loop) == 0)
        return;
    /* A zero timer, not event_active(): libevent runs what is made active here before it looks at the sockets again,
     * and functions that post functions would keep it from ever looking. */
    static const struct timeval at_once = { 0, 0 };
    event_add(loop->wake, &at_once);
}

/* ---- running */

void loop_run(struct loop *loop)
{
    event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY);
}

static void break_loop(void *arg)
{
    struct loop *loop = arg;
    event_base_loopbreak(loop->base);
}

/* Posted, because a break before loop_run() would be forgotten by libevent. */
void loop_stop(struct loop *loop)
{
    loop_post(loop, break_loop, loop);
}

struct event_base *loop_base(struct loop *loop)
{
    return loop->base;
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    while (run_batch(loop) > 0)
        ;
    for (uint32_t i = 0; i < loop->timer_count; i++) {
        event_free(loop->timers[i]->event);
        free(loop->timers[i]);
    }
    free(loop->timers);
    while (loop->signals) {
        struct signal_handler *handler = loop->signals;
        loop->signals = handler->next;
        event_free(handler->event);
        free(handler);
    }
    if (loop->wake)
        event_free(loop->wake);
    if (loop->base)
        event_base_free(loop->base);
    free(loop->queue);
    pthread_mutex_destroy(&loop->lock);
    free(loop);
}

/* ---- timers */

static void release_timer(struct timer *timer)
{
    struct loop *loop = timer->loop;
    timer->id = 0;
    timer->next_free = loop->free_timer;
    loop->free_timer = timer->slot + 1;
}

static void arm(struct timer *timer, int64_t delay_us)
{
    struct timeval delay = { .tv_sec = delay_us / 1000000, .tv_usec = delay_us % 1000000 };
    event_add(timer->event, &delay);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct timer *timer = arg;
    /* libevent counts on a coarse clock and may be some milliseconds early. */
    int64_t left_us = timer->due_us - clock_mono_us();
    if (left_us > 0) {
        arm(timer, left_us);
        return;
    }
    loop_fn fn = timer->fn;
    void *fn_arg = timer->arg;
    release_timer(timer);
    fn(fn_arg);
}

static struct timer *add_timer(struct loop *loop)
{
    REQUIRE(loop->timer_count < MOST_TIMERS);
    if (loop->timer_count == loop->timer_cap) {
        loop->timer_cap = loop->timer_cap ? loop->timer_cap * 2 : 16;
        loop->timers = xrealloc(loop->timers, loop->timer_cap * sizeof(*loop->timers));
    }
    struct timer *timer = xcalloc(1, sizeof(*timer));
    timer->loop = loop;
    timer->slot = loop->timer_count;
    timer->event = event_new(loop->base, -1, 0, on_timer, timer);
    REQUIRE(timer->event != NULL);
    loop->timers[loop->timer_count++] = timer;
    return timer;
}

uint64_t loop_timer(struct loop *loop, int64_t delay_ms, loop_fn fn, void *arg)
{
    struct timer *timer;
    if (loop->free_timer) {
        timer = loop->timers[loop->free_timer - 1];
        loop->free_timer = timer->next_free;
    } else {
        timer = add_timer(loop);
    }
    int64_t delay_us = delay_ms > 0 ? delay_ms * 1000 : 0;
    timer->id = ++loop->timer_sequence << SLOT_BITS | timer->slot;
    timer->due_us = clock_mono_us() + delay_us;
    timer->fn = fn;
    timer->arg = arg;
    arm(timer, delay_us);
    return timer->id;
}

void loop_timer_cancel(struct loop *loop, uint64_t id)
{
    uint64_t slot = id & (MOST_TIMERS - 1);
    if (id == 0 || slot >= loop->timer_count || loop->timers[slot]->id != id)
        return;
    event_del(loop->timers[slot]->event);
    release_timer(loop->timers[slot]);
}

void loop_recheck_timers(struct loop *loop)
{
    int64_t now_us = clock_mono_us();
    for (uint32_t i = 0; i < loop->timer_count; i++) {
        struct timer *timer = loop->timers[i];
        if (timer->id != 0)
            arm(timer, timer->due_us > now_us ? timer->due_us - now_us : 0);
    }
}

int64_t loop_next_timer_ms(const struct loop *loop)
{
    int64_t next_us = -1, now_us = clock_mono_us();
    for (uint32_t i = 0; i < loop->timer_count; i++) {
        const struct timer *timer = loop->timers[i];
        if (timer->id == 0)
            continue;
        int64_t left_us = timer->due_us > now_us ? timer->due_us - now_us : 0;
        if (next_us < 0 || left_us < next_us)
            next_us = left_us;
    }
    return next_us < 0 ? -1 : (next_us + 999) / 1000;
}

/* ---- signals */

static void on_signal(evutil_socket_t signo, short what, void *arg)
{
    (void)signo;
    (void)what;
    struct signal_handler *handler = arg;
    handler->fn(handler->arg);
}

int loop_signal(struct loop *loop, int signo, loop_fn fn, void *arg, struct err *err)
{
    struct signal_handler *handler = xcalloc(1, sizeof(*handler));
    handler->fn = fn;
    handler->arg = arg;
    handler->event = evsignal_new(loop->base, signo, on_signal, handler);
    if (!handler->event || event_add(handler->event, NULL) != 0) {
        if (handler->event)
            event_free(handler->event);
        free(handler);
        return err_set(err, ERR_IO, "signal %d (%s) cannot be handled", signo, strsignal(signo));
    }
    handler->next = loop->signals;
    loop->signals = handler;
    return OK;
}
