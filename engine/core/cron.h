/* cron - times of the kind "at 9:30 on working days", in a time zone. Pure; any thread.
 *
 * Five fields: minute hour day-of-month month day-of-week. Each is `*` or a list of values and
 * ranges with an optional step ("1-5,30", "0-59/15"); months and days of the week have their
 * English names as well, Sunday is 0 and 7. When both days are restricted, either one will do.
 * Also @hourly, @daily (@midnight), @weekly, @monthly, @yearly (@annually).
 *
 * Where the clock is changed: a time with fixed hours that does not exist runs at the end of the
 * gap, one that comes twice runs the first time only. An expression for every hour follows the
 * time that really passes. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct tz;

/* A set of bits a field. */
struct cron {
    uint64_t minutes;  /* 0 to 59 */
    uint32_t hours;    /* 0 to 23 */
    uint32_t days;     /* 1 to 31 */
    uint32_t months;   /* 1 to 12 */
    uint32_t weekdays; /* 0 to 6, 0 is Sunday */
    bool any_day;      /* day-of-month is "*" */
    bool any_weekday;
};

/* ERR_INVALID with a sentence that names the field and the value. */
int cron_parse(const char *text, struct cron *out, struct err *err);

/* The first time after <after_ms>; -1 when there is none (February 30). */
int64_t cron_next(const struct cron *cron, const struct tz *tz, int64_t after_ms);
