/* limits - token buckets by name ("chat.post:C1"), and "not before" marks that survive a restart.
 * Loop thread. A bucket is kept as the time from which it has all its tokens again, so an idle one
 * costs nothing and is forgotten. */
#pragma once
#include <stdint.h>

struct engine;
struct limits;

/* Loads the marks; blocking, before the loop runs. Without engine->db marks are kept in memory. */
struct limits *limits_new(struct engine *engine);
/* NULL is allowed. */
void limits_free(struct limits *limits);

/* Takes one token of <name>, which has <per_minute> of them and holds <burst> (the latest call's
 * numbers count). 0: taken. Else the milliseconds until one is free, and that one is kept for the
 * caller, who waits that long and asks again: later callers get later times. A token that nobody
 * comes for within 10 s of its time is lost. */
int64_t limits_take(struct limits *limits, const char *name, double per_minute, double burst);

/* The vendor said "not before": no token of <name> for <ms>, and after that only one by one.
 * Durable. A shorter block does not end a longer one. */
void limits_block(struct limits *limits, const char *name, int64_t ms);

/* Buckets in memory; for metrics and tests. */
int limits_count(const struct limits *limits);
