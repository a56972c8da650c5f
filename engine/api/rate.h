/* rate - token buckets for those who call us: a fixed number of them, so that no crowd of callers
 * can fill the memory. Full buckets are forgotten first, and a forgotten one is full. Loop thread. */
#pragma once
#include <stdint.h>

struct rate;

/* Never NULL; rate_free() allows NULL. */
struct rate *rate_new(void);
void rate_free(struct rate *rate);

/* Takes one token of <name>, which gets <per_minute> of them and holds <burst>. 0: taken, or
 * <per_minute> is 0. Else the milliseconds until there is one; nothing is taken. */
int64_t rate_take(struct rate *rate, const char *name, int per_minute, int burst);
/* The same without taking it. */
int64_t rate_look(struct rate *rate, const char *name, int per_minute, int burst);
