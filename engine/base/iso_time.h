/* iso_time - reads dates and times as ISO 8601 and RFC 3339 write them. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct tz;

/* "2026-11-23", "2026-11-23T14:02", "2026-11-23 14:02:11.25+01:00", "...Z". A text without an
 * offset is a time of <zone>. OK and *ms, or ERR_INVALID; a day that its month does not have is
 * invalid, second 60 is the next minute's first. */
int iso_time_parse(const char *text, size_t len, const struct tz *zone, int64_t *ms,
                   struct err *err);
