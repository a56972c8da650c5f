/* clock - all time of the engine. Tests set it; nothing else calls time(), gettimeofday() or clock_gettime(). */
#pragma once
#include <stdint.h>
#include "base/buf.h"

int64_t clock_now_ms(void);  /* UTC epoch milliseconds; for records */
int64_t clock_mono_ms(void); /* monotonic milliseconds; for waits */
int64_t clock_mono_us(void); /* the same in microseconds; for measuring */

/* The end of the year 9999: what lies beyond has no form that others read. */
#define CLOCK_LAST_MS INT64_C(253402300799999)

/* Tests and `serve --clock`: freezes wall time at <epoch_ms> (the monotonic clock goes on); negative thaws it. */
void clock_set_ms(int64_t epoch_ms);
/* Tests: both clocks are <ms> later from now on. Timers learn of it from loop_recheck_timers(). */
void clock_advance_ms(int64_t ms);

/* "2026-11-23T12:00:00.123000Z": ISO 8601, microseconds, UTC. */
void clock_format_iso(int64_t epoch_ms, struct buf *out);

/* A random (version 4) UUID, 36 characters and the NUL. */
void clock_uuid4(char out[37]);
