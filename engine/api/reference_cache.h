/* reference_cache - environments, categories and priorities as JSON text, kept between requests:
 * they change with the config only, and every incident shows three of them. A set is checked
 * against the store at each use. Any thread. */
#pragma once
#include <stddef.h>

#include "base/err.h"

struct tx;
struct tz;

enum reference_kind_index { REFERENCE_ENVIRONMENT, REFERENCE_CATEGORY, REFERENCE_PRIORITY, REFERENCE_KINDS };

struct reference_cache;
struct reference_set;

/* A row as a JSON object. */
struct fragment {
    char *json;
    size_t len;
};

/* Empty; the caller frees it. */
struct reference_cache *reference_cache_new(void);
/* NULL is allowed. */
void reference_cache_free(struct reference_cache *cache);

/* The set that is true in <tx>, with times in <zone>, kept or read anew. The caller releases it. NULL + err. */
struct reference_set *reference_cache_get(struct reference_cache *cache, const struct tz *zone, struct tx *tx,
                                          struct err *err);
/* NULL is allowed. */
void reference_set_release(struct reference_set *set);
/* NULL when there is no such row. Lives as long as the set. */
const struct fragment *reference_set_find(const struct reference_set *set,
                                          enum reference_kind_index kind, const char *id);
