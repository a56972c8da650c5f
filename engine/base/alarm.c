#define _GNU_SOURCE /* gettid */
#include "base/alarm.h"

#include "base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#define ALARM_SIGNAL SIGRTMIN

/* A signal handler has nothing but what it finds on its thread. <fn> is NULL while nothing is set; the timer may still
 * run then, and finds out. */
struct alarm {
    _Atomic(alarm_fn) fn;
    void *arg;
    int64_t half_us;           /* of the time that was given */
    int64_t halfway_us;        /* when half of it has passed; from then on CPU time counts */
    int64_t used_from_us;      /* the thread's CPU time then; -1: not there yet */
    volatile int64_t rings_us; /* the timer; 0: it does not run */
    timer_t timer;
    enum { UNMADE, MADE, IMPOSSIBLE } made;
};

static _Thread_local struct alarm mine;
static pthread_key_t at_thread_end;

static void start_timer(int64_t now_us, int64_t wait_us)
{
    struct itimerspec wait = { .it_value = { .tv_sec = wait_us / 1000000,
                                             .tv_nsec = wait_us % 1000000 * 1000 } };
    mine.rings_us = now_us + wait_us;
    timer_settime(mine.timer, 0, &wait, NULL);
}

static int64_t thread_cpu_us(void)
{
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000000 + used.tv_nsec / 1000;
}

/* How long to wait from <now_us> on; 0: no longer. */
static int64_t time_left_us(int64_t now_us)
{
    if (now_us < mine.halfway_us)
        return mine.halfway_us - now_us;
    int64_t cpu_us = thread_cpu_us();
    if (mine.used_from_us < 0)
        mine.used_from_us = cpu_us;
    int64_t used_us = cpu_us - mine.used_from_us;
    return used_us < mine.half_us ? mine.half_us - used_us : 0;
}

static void begin_period(int64_t now_us)
{
    mine.halfway_us = now_us + mine.half_us;
    mine.used_from_us = -1;
}

static void on_signal(int number)
{
    (void)number;
    int kept_errno = errno;
    int64_t now_us = clock_mono_us();
    alarm_fn fn = atomic_load(&mine.fn);
    mine.rings_us = 0;
    int64_t left_us = fn ? time_left_us(now_us) : 0;
    if (left_us > 0) {
        start_timer(now_us, left_us);
    } else if (fn) {
        begin_period(now_us);
        start_timer(now_us, mine.half_us);
        fn(mine.arg);
    }
    errno = kept_errno;
}

static void delete_timer(void *arg)
{
    (void)arg;
    timer_delete(mine.timer);
}

static void init_process(void)
{
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
    sigemptyset(&action.sa_mask);
    sigaction(ALARM_SIGNAL, &action, NULL);
    pthread_key_create(&at_thread_end, delete_timer);
}

/* The timer of this thread. */
static void make(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init_process);
    struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = ALARM_SIGNAL };
    event._sigev_un._tid = gettid();
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, ALARM_SIGNAL);
    mine.made = timer_create(CLOCK_MONOTONIC, &event, &mine.timer) == 0 ? MADE : IMPOSSIBLE;
    if (mine.made == IMPOSSIBLE)
        return;
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    pthread_setspecific(at_thread_end, &mine);
}

bool alarm_set(int64_t cpu_us, alarm_fn fn, void *arg)
{
    if (mine.made == UNMADE)
        make();
    if (mine.made == IMPOSSIBLE)
        return false;
    int64_t now_us = clock_mono_us();
    atomic_store(&mine.fn, (alarm_fn)NULL);
    mine.arg = arg;
    mine.half_us = cpu_us / 2 + 1;
    begin_period(now_us);
    atomic_store(&mine.fn, fn);
    /* One that rings too early goes on waiting by itself. */
    int64_t rings_us = mine.rings_us;
    if (rings_us == 0 || rings_us > mine.halfway_us)
        start_timer(now_us, mine.half_us);
    return true;
}

void alarm_clear(void)
{
    atomic_store(&mine.fn, (alarm_fn)NULL);
}
