#include "core/limits.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "core/engine.h"
#include "store/db.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    PLACES_MAX = 1000, /* reserved tokens a bucket; beyond, callers learn a time only */
    PLACE_KEPT_MS = 10 * 1000,
    SWEEP_EVERY = 512, /* new buckets between two looks for idle ones */
};

static const char SELECT_BLOCKS[] = "SELECT name, until_ms FROM limit_block WHERE until_ms > ?";
static const char DELETE_OLD_BLOCKS[] = "DELETE FROM limit_block WHERE until_ms <= ?";
static const char SAVE_BLOCK[] = "INSERT INTO limit_block (name, until_ms) VALUES (?, ?)"
                                 " ON CONFLICT (name) DO UPDATE SET until_ms = excluded.until_ms"
                                 " WHERE excluded.until_ms > limit_block.until_ms";

/* Times are monotonic milliseconds. The bucket is the "virtual schedule" form of the leaky bucket:
 * a token is free when <full_at> is at most burst - 1 intervals ahead of now. */
struct bucket {
    double full_at;
    int64_t blocked_until; /* 0: not blocked; worked into full_at at the next take */
    int64_t *places;       /* reserved tokens, ascending */
    int place_count;
};

struct limits {
    struct engine *engine;
    struct map *buckets;
    int made_since_sweep;
};

static void bucket_free(void *value)
{
    struct bucket *bucket = value;
    free(bucket->places);
    free(bucket);
}

static void forget_idle(struct limits *limits)
{
    struct map *kept = map_new(bucket_free);
    int64_t now = clock_mono_ms();
    size_t cursor = 0;
    const char *name;
    void *value;
    while (map_each(limits->buckets, &cursor, &name, &value)) {
        const struct bucket *bucket = value;
        if (bucket->full_at <= (double)now && bucket->blocked_until <= now &&
            bucket->place_count == 0)
            continue;
        struct bucket *copy = xmalloc(sizeof(*copy));
        *copy = *bucket;
        ((struct bucket *)value)->places = NULL;
        map_put(kept, name, copy);
    }
    map_free(limits->buckets);
    limits->buckets = kept;
}

static struct bucket *get_bucket(struct limits *limits, const char *name)
{
    struct bucket *bucket = map_get(limits->buckets, name);
    if (bucket)
        return bucket;
    if (++limits->made_since_sweep > SWEEP_EVERY) {
        limits->made_since_sweep = 0;
        forget_idle(limits);
    }
    bucket = xcalloc(1, sizeof(*bucket));
    map_put(limits->buckets, name, bucket);
    return bucket;
}

static void drop_first_place(struct bucket *bucket)
{
    bucket->place_count--;
    memmove(bucket->places, bucket->places + 1, (size_t)bucket->place_count * sizeof(int64_t));
}

static void keep_place(struct bucket *bucket, int64_t at)
{
    if (!bucket->places)
        bucket->places = xmalloc(PLACES_MAX * sizeof(int64_t));
    bucket->places[bucket->place_count++] = at;
}

int64_t limits_take(struct limits *limits, const char *name, double per_minute, double burst)
{
    if (CHECK_FAIL(per_minute > 0 && burst >= 1))
        return 0;
    struct bucket *bucket = get_bucket(limits, name);
    int64_t now = clock_mono_ms();
    double interval = 60000 / per_minute;
    double ahead = (burst - 1) * interval;
    if (bucket->blocked_until > 0) {
        bucket->full_at = fmax(bucket->full_at, (double)bucket->blocked_until + ahead);
        bucket->blocked_until = 0;
    }
    while (bucket->place_count > 0 && bucket->places[0] + PLACE_KEPT_MS < now)
        drop_first_place(bucket);
    if (bucket->place_count > 0 && bucket->places[0] <= now) {
        drop_first_place(bucket);
        return 0;
    }
    double free_at = bucket->full_at - ahead;
    if (free_at <= (double)now) {
        bucket->full_at = fmax(bucket->full_at, (double)now) + interval;
        return 0;
    }
    int64_t at = (int64_t)ceil(free_at);
    if (bucket->place_count < PLACES_MAX) {
        bucket->full_at += interval;
        keep_place(bucket, at);
    }
    return at - now;
}

/* ---- marks ----------------------------------------------------------------------------------- */

/* Who had a place was told a time before the mark's end; they ask again and get another one. */
static void block_bucket(struct limits *limits, const char *name, int64_t ms)
{
    struct bucket *bucket = get_bucket(limits, name);
    int64_t until = clock_mono_ms() + ms;
    bucket->place_count = 0;
    if (until > bucket->blocked_until)
        bucket->blocked_until = until;
}

struct mark {
    char *name;
    int64_t until_ms;
};

static int save_in_tx(struct tx *tx, void *arg, struct err *err)
{
    const struct mark *mark = arg;
    int rc = tx_exec(tx, err, SAVE_BLOCK, "ti", mark->name, mark->until_ms);
    return rc < 0 ? rc : OK;
}

static void on_saved(void *arg, int rc, const struct err *err)
{
    struct mark *mark = arg;
    if (rc != OK)
        log_warn(LOG_CLIENT, 0, "the limit of %s is not kept for a restart: %s", mark->name,
                 err->msg);
    free(mark->name);
    free(mark);
}

void limits_block(struct limits *limits, const char *name, int64_t ms)
{
    if (ms <= 0)
        return;
    block_bucket(limits, name, ms);
    if (!limits->engine->db)
        return;
    struct mark *mark = xmalloc(sizeof(*mark));
    *mark = (struct mark){ .name = xstrdup(name), .until_ms = clock_now_ms() + ms };
    db_write(limits->engine->db, save_in_tx, on_saved, mark);
}

static int load_in_tx(struct tx *tx, void *arg, struct err *err)
{
    struct limits *limits = arg;
    int64_t now_ms = clock_now_ms();
    int rc = tx_exec(tx, err, DELETE_OLD_BLOCKS, "i", now_ms);
    struct stmt *stmt = rc < 0 ? NULL : tx_query(tx, err, SELECT_BLOCKS, "i", now_ms);
    if (!stmt)
        return err->code;
    while ((rc = stmt_next(stmt, err)) == DB_ROW)
        block_bucket(limits, stmt_text(stmt, 0), stmt_int(stmt, 1) - now_ms);
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

struct limits *limits_new(struct engine *engine)
{
    struct limits *limits = xcalloc(1, sizeof(*limits));
    limits->engine = engine;
    limits->buckets = map_new(bucket_free);
    struct err err;
    if (engine->db && db_write_now(engine->db, load_in_tx, limits, &err) != OK)
        log_warn(LOG_CLIENT, 0, "the kept limits cannot be read: %s", err.msg);
    return limits;
}

void limits_free(struct limits *limits)
{
    if (!limits)
        return;
    map_free(limits->buckets);
    free(limits);
}

int limits_count(const struct limits *limits)
{
    return (int)map_count(limits->buckets);
}
