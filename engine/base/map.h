/* map - a hash map from text to pointers. Not thread-safe. Keys are copied and hashed with a secret of the process, so
 * that keys from outside cannot be chosen to collide. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct map;
typedef void (*map_free_fn)(void *value);

/* <free_value> is called for each value that leaves the map by map_put, map_remove or map_free; NULL: borrowed. */
struct map *map_new(map_free_fn free_value);
/* Frees the map with its keys and values; NULL is allowed. */
void map_free(struct map *map);
/* The value, borrowed, or NULL when there is none. */
void *map_get(const struct map *map, const char *key);
/* Takes <value> (not NULL); a value already there is freed. */
void map_put(struct map *map, const char *key, void *value);
/* Frees the entry; false when there was none. */
bool map_remove(struct map *map, const char *key);
/* Moves the value out without freeing it; NULL when there is none. */
void *map_take(struct map *map, const char *key);
/* Number of entries. */
size_t map_count(const struct map *map);
/* Steps through all entries in no order: start with *cursor = 0; false at the end. <key> and <value> are borrowed and
 * may be NULL when not wanted. The map must not change on the way. */
bool map_each(const struct map *map, size_t *cursor, const char **key, void **value);
