/* A bucket is kept as the time from which it has all its tokens again (the "virtual schedule" of the
 * leaky bucket), in a table of sets of a few places each: the name's hash chooses the set. */
#include "api/rate.h"

#include "base/clock.h"
#include "base/mem.h"
#include "net/verify.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SETS = 1024, PLACES = 4, SECRET_BYTES = 8 };

struct bucket {
    uint64_t hash;  /* 0: nobody's */
    double full_at; /* monotonic milliseconds */
};

struct rate {
    struct bucket sets[SETS][PLACES];
    char secret[2 * SECRET_BYTES + 1]; /* names come from outside: nobody may choose their place */
};

struct rate *rate_new(void)
{
    struct rate *rate = xcalloc(1, sizeof(*rate));
    verify_random_hex(rate->secret, SECRET_BYTES);
    return rate;
}

void rate_free(struct rate *rate)
{
    free(rate);
}

/* FNV-1a over the secret and the name. */
static uint64_t hash_of(const struct rate *rate, const char *name)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (const char *at = rate->secret; *at; at++)
        hash = (hash ^ (unsigned char)*at) * UINT64_C(1099511628211);
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * UINT64_C(1099511628211);
    return hash ? hash : 1;
}

/* The name's bucket, in the place of the fullest one when it has none yet. */
static struct bucket *find(struct rate *rate, const char *name)
{
    uint64_t hash = hash_of(rate, name);
    struct bucket *set = rate->sets[(hash >> 32) % SETS];
    struct bucket *fullest = &set[0];
    for (int i = 0; i < PLACES; i++) {
        if (set[i].hash == hash)
            return &set[i];
        if (set[i].full_at < fullest->full_at)
            fullest = &set[i];
    }
    *fullest = (struct bucket){ .hash = hash };
    return fullest;
}

static int64_t ask(struct rate *rate, const char *name, int per_minute, int burst, int taken)
{
    if (per_minute <= 0)
        return 0;
    double now = (double)clock_mono_ms();
    double interval = 60000.0 / per_minute;
    struct bucket *bucket = find(rate, name);
    double full_at = bucket->full_at > now ? bucket->full_at : now;
    double wait = full_at - now - (burst - 1) * interval;
    if (wait > 0)
        return (int64_t)ceil(wait);
    bucket->full_at = full_at + taken * interval;
    return 0;
}

int64_t rate_take(struct rate *rate, const char *name, int per_minute, int burst)
{
    return ask(rate, name, per_minute, burst, 1);
}

int64_t rate_look(struct rate *rate, const char *name, int per_minute, int burst)
{
    return ask(rate, name, per_minute, burst, 0);
}
