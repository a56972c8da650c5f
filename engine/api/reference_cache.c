#include "api/reference_cache.h"

#include "api/reference_json.h"
#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"
#include "store/db.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

/* A set is not kept while a row is younger than this: two changes within one tick of the clock
 * would look the same. */
enum { SETTLED_MS = 2000 };

/* Rows are never deleted, and every change gives updated_at_ms a new value, so these tell one
 * state from another. */
static const char SELECT_VERSION[] = "SELECT count(*), sum(updated_at_ms), max(updated_at_ms) FROM "
                                     "(SELECT updated_at_ms FROM environment"
                                     " UNION ALL SELECT updated_at_ms FROM category_group UNION "
                                     "ALL SELECT updated_at_ms FROM category"
                                     " UNION ALL SELECT updated_at_ms FROM priority)";

struct version {
    int64_t count, sum, newest_ms;
    const struct tz *zone; /* of the times in the fragments */
};

struct reference_set {
    atomic_int holds;
    struct version version;
    struct map *kinds[REFERENCE_KINDS]; /* id -> struct fragment */
};

struct reference_cache {
    pthread_mutex_t lock;
    struct reference_set *kept; /* NULL at first */
};

struct reference_cache *reference_cache_new(void)
{
    struct reference_cache *cache = xcalloc(1, sizeof(*cache));
    pthread_mutex_init(&cache->lock, NULL);
    return cache;
}

void reference_cache_free(struct reference_cache *cache)
{
    if (!cache)
        return;
    reference_set_release(cache->kept);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

static void free_fragment(void *value)
{
    struct fragment *fragment = value;
    free(fragment->json);
    free(fragment);
}

void reference_set_release(struct reference_set *set)
{
    if (!set || atomic_fetch_sub(&set->holds, 1) > 1)
        return;
    for (int kind = 0; kind < REFERENCE_KINDS; kind++)
        map_free(set->kinds[kind]);
    free(set);
}

const struct fragment *reference_set_find(const struct reference_set *set,
                                          enum reference_kind_index kind, const char *id)
{
    return map_get(set->kinds[kind], id);
}

static int read_kind(struct map *map, struct tx *tx, const char *sql, row_json_fn write,
                     const struct tz *zone, struct err *err)
{
    struct stmt *stmt = tx_query(tx, err, sql, "");
    if (!stmt)
        return err->code;
    int rc;
    while ((rc = stmt_next(stmt, err)) == DB_ROW) {
        struct fragment *fragment = xcalloc(1, sizeof(*fragment));
        struct buf text = BUF_INIT;
        struct json_writer w;
        json_writer_init(&w, &text);
        write(&w, stmt, zone);
        fragment->json = buf_take(&text, &fragment->len);
        map_put(map, stmt_text(stmt, 0), fragment);
    }
    stmt_end(stmt);
    return rc;
}

static struct reference_set *read_set(struct tx *tx, const struct version *version, struct err *err)
{
    static const struct {
        const char *sql;
        row_json_fn write;
    } KINDS[REFERENCE_KINDS] = {
        [REFERENCE_ENVIRONMENT] = { SELECT_ENVIRONMENTS, rest_environment_write },
        [REFERENCE_CATEGORY] = { SELECT_CATEGORIES, rest_category_write },
        [REFERENCE_PRIORITY] = { SELECT_PRIORITIES, rest_priority_write },
    };
    struct reference_set *set = xcalloc(1, sizeof(*set));
    int rc = OK;
    atomic_init(&set->holds, 1);
    set->version = *version;
    for (int kind = 0; kind < REFERENCE_KINDS && rc == OK; kind++) {
        set->kinds[kind] = map_new(free_fragment);
        rc =
            read_kind(set->kinds[kind], tx, KINDS[kind].sql, KINDS[kind].write, version->zone, err);
    }
    if (rc == OK)
        return set;
    reference_set_release(set);
    return NULL;
}

static int read_version(struct tx *tx, const struct tz *zone, struct version *version,
                        struct err *err)
{
    struct stmt *stmt = tx_query(tx, err, SELECT_VERSION, "");
    if (!stmt)
        return err->code;
    int rc = stmt_next(stmt, err);
    *version = (struct version){ stmt_int(stmt, 0), stmt_int(stmt, 1), stmt_int(stmt, 2), zone };
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

static struct reference_set *take_kept(struct reference_cache *cache, const struct version *version)
{
    pthread_mutex_lock(&cache->lock);
    struct reference_set *set = cache->kept;
    bool is_true = set && !memcmp(&set->version, version, sizeof(*version));
    if (is_true)
        atomic_fetch_add(&set->holds, 1);
    pthread_mutex_unlock(&cache->lock);
    return is_true ? set : NULL;
}

static void keep(struct reference_cache *cache, struct reference_set *set)
{
    atomic_fetch_add(&set->holds, 1);
    pthread_mutex_lock(&cache->lock);
    struct reference_set *old = cache->kept;
    cache->kept = set;
    pthread_mutex_unlock(&cache->lock);
    reference_set_release(old);
}

struct reference_set *reference_cache_get(struct reference_cache *cache, const struct tz *zone,
                                          struct tx *tx, struct err *err)
{
    struct version version;
    if (read_version(tx, zone, &version, err) != OK)
        return NULL;
    struct reference_set *set = take_kept(cache, &version);
    if (set)
        return set;
    set = read_set(tx, &version, err);
    if (set && version.newest_ms < clock_now_ms() - SETTLED_MS)
        keep(cache, set);
    return set;
}
