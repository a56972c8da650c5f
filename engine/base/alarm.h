/* alarm - calls a function on the thread that set it, in the middle of what it does, once it took too long: for work
 * that cannot be made to look at the clock by itself, as Lua, where a count of instructions costs each script a tenth
 * of its speed. One alarm a thread.
 * Costs: a timer of the kernel for each thread that ever set one, the process's SIGRTMIN, and a wait that ends with
 * EINTR now and then, also after alarm_clear(). Made for being set and cleared all the time: the timer and its signal
 * are touched once a period, not once a call, and nothing asks for the thread's CPU time before half of it has passed.
 * A child of fork() has no timer behind it and must not set one. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Runs within a signal handler. */
typedef void (*alarm_fn)(void *arg);

/* <fn>(<arg>) is called when the thread has used <cpu_us> of CPU time from now on, and again after each further
 * <cpu_us>, until alarm_clear() or another alarm_set(): what it asks for can be overwritten by the code that it
 * interrupts. Of the time in which the thread had to wait for a CPU at most half of <cpu_us> is counted as well.
 * False: the system gives no timer; nothing is set. */
bool alarm_set(int64_t cpu_us, alarm_fn fn, void *arg);
/* Nothing is called any more once it has returned. */
void alarm_clear(void);
