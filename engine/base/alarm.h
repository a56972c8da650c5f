/* alarm - calls a function on the thread that set it, in the middle of what it does, once it took too long: for work
 * that cannot be made to look at the clock by itself. One alarm a thread. Made for being set and cleared all the time:
 * the timer behind it (and its signal, SIGRTMIN) is touched once a period, not once a call, and nothing asks for the
 * thread's CPU time before half of it has passed. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Runs within a signal handler. */
typedef void (*alarm_fn)(void *arg);

/* <fn>(<arg>) is called, once, when the thread has used <cpu_us> of CPU time from now on, unless alarm_clear() or
 * another alarm_set() comes first. Of the time in which the thread had to wait for a CPU at most half of <cpu_us> is
 * counted as well. False: the system gives no timer; nothing is set. */
bool alarm_set(int64_t cpu_us, alarm_fn fn, void *arg);
/* Nothing is called any more once it has returned. */
void alarm_clear(void);
