/* limits - token buckets by name ("slack.chat.postMessage:C1"), and "not before" marks that survive a restart. Loop thread. */
#pragma once
#include <stdint.h>
struct engine;
struct limits;
struct limits *limits_new(struct engine *engine);      /* loads the marks */
void limits_free(struct limits *limits);
/* Takes one token of <name>, made with <per_minute> and <burst> at first sight. 0: taken. Else the milliseconds until one is free;
 * the caller waits that long and asks again (places in the queue are kept: later callers get later times). */
int64_t limits_take(struct limits *limits, const char *name, double per_minute, double burst);
/* The vendor said "not before": no token of <name> for <ms>. Durable. */
void limits_block(struct limits *limits, const char *name, int64_t ms);
