/* time_range - a span of time as people write it: "2022/Q1", "W5", "last month", "May 2022",
 * "2022-05-03", "6:00 am - 1:00 pm", "2022/Q1 - now". docs/api.md has the grammar. Pure:
 * the zone and the present are arguments. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct tz;

/* Both ends belong to it. */
struct time_range {
    bool has_start, has_end;  /* false: open on that side */
    int64_t start_ms, end_ms; /* epoch milliseconds; a day ends at 23:59:59.999 */
};

enum { TIME_RANGE_MAX_BYTES = 128 };

/* Reads <text> in the zone <tz> at the present <now_ms>. OK and all of <out>; spaces around the
 * text do not matter, and an empty one is open on both sides. Else <err> says what is wrong:
 * ERR_INVALID for a week that its year does not have, ERR_SYNTAX for all else. */
int time_range_parse(const char *text, size_t len, const struct tz *tz, int64_t now_ms,
                     struct time_range *out, struct err *err);
