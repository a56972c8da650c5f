/* moment - one date, time or period in English, the half of a time range: "yesterday", "3 hours
 * ago", "May 2022", "2022-05-03 10:15". The forms with quarters and numbered weeks are in
 * time_range.c. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/civil.h"

struct tz;

/* How long a moment lasts. */
enum moment_period { MOMENT_INSTANT, MOMENT_DAY, MOMENT_WEEK, MOMENT_MONTH, MOMENT_ISO_YEAR };

struct moment {
    enum moment_period period;
    struct civil date;  /* the local day; of a week, month or year: any day in it */
    int64_t instant_ms; /* of MOMENT_INSTANT */
};

/* False when <text> is none. <today> is the local date at <now_ms>. */
bool moment_read(const char *text, size_t len, const struct tz *tz, int64_t now_ms,
                 struct moment *out);
