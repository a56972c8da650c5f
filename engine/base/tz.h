/* tz - time zones read from the system's zoneinfo files, without touching the process's own zone.
 * A struct tz never changes after loading, so any thread may use it. */
#pragma once
#include <stdint.h>

#include "base/buf.h"
#include "base/civil.h"
#include "base/err.h"

struct tz;

/* Loads an IANA zone ("Europe/Paris"); "UTC" needs no file. The caller frees. NULL + err: ERR_INVALID for what is not
 * a zone's name, ERR_NOT_FOUND for one the system does not have, ERR_IO for a file that is broken. */
struct tz *tz_load(const char *name, struct err *err);
/* NULL is allowed. */
void tz_free(struct tz *tz);

/* The local date and time of an instant; fills all of <out>. Milliseconds are dropped. */
void tz_to_local(const struct tz *tz, int64_t epoch_ms, struct civil *out);

/* The instant (epoch milliseconds) of a local date and time; reads year to second, which may be out of range and carry
 * over. A time that does not exist (spring) moves forward by the gap; of an ambiguous one (autumn) it is the first. */
int64_t tz_from_local(const struct tz *tz, const struct civil *in);

/* "2026-11-23T13:00:00.123000+01:00": ISO 8601, microseconds; "Z" where the zone is level with UTC. */
void tz_format_iso(const struct tz *tz, int64_t epoch_ms, struct buf *out);
