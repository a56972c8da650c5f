#include "base/map.h"

#include "base/mem.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

enum { SMALLEST_SLOTS = 16 };

struct slot {
    char *key; /* heap, NULL: empty */
    uint64_t hash;
    void *value;
};

/* Open addressing with linear probing; removal shifts later entries back, so there are no tombstones. */
struct map {
    struct slot *slots;
    size_t slot_count; /* a power of two */
    size_t used;
    map_free_fn free_value;
};

static uint64_t secret[2];
static pthread_once_t secret_once = PTHREAD_ONCE_INIT;

static void make_secret(void)
{
    REQUIRE(getrandom(secret, sizeof(secret), 0) == (ssize_t)sizeof(secret));
}

static inline uint64_t rotate(uint64_t value, int by)
{
    return value << by | value >> (64 - by);
}

static inline void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

/* SipHash-1-3. */
static uint64_t hash_key(const char *key)
{
    size_t len = strlen(key);
    uint64_t v[4] = { secret[0] ^ 0x736f6d6570736575u, secret[1] ^ 0x646f72616e646f6du,
                      secret[0] ^ 0x6c7967656e657261u, secret[1] ^ 0x7465646279746573u };
    size_t whole = len & ~(size_t)7;
    uint64_t word;
    for (size_t at = 0; at < whole; at += 8) {
        memcpy(&word, key + at, 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    word = 0;
    memcpy(&word, key + whole, len - whole);
    word |= (uint64_t)len << 56;
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct map *map_new(map_free_fn free_value)
{
    pthread_once(&secret_once, make_secret);
    struct map *map = xcalloc(1, sizeof(*map));
    map->slot_count = SMALLEST_SLOTS;
    map->slots = xcalloc(map->slot_count, sizeof(*map->slots));
    map->free_value = free_value;
    return map;
}

static void free_value(const struct map *map, void *value)
{
    if (map->free_value)
        map->free_value(value);
}

void map_free(struct map *map)
{
    if (!map)
        return;
    for (size_t i = 0; i < map->slot_count; i++) {
        if (!map->slots[i].key)
            continue;
        free(map->slots[i].key);
        free_value(map, map->slots[i].value);
    }
    free(map->slots);
    free(map);
}

/* The slot of <key>, or the empty one where it would go. */
static struct slot *find_slot(const struct map *map, const char *key, uint64_t hash)
{
    size_t mask = map->slot_count - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        struct slot *slot = &map->slots[i];
        if (!slot->key || (slot->hash == hash && strcmp(slot->key, key) == 0))
            return slot;
    }
}

void *map_get(const struct map *map, const char *key)
{
    return find_slot(map, key, hash_key(key))->value;
}

static void grow(struct map *map)
{
    struct slot *old = map->slots;
    size_t old_count = map->slot_count;
    map->slot_count *= 2;
    map->slots = xcalloc(map->slot_count, sizeof(*map->slots));
    for (size_t i = 0; i < old_count; i++)
        if (old[i].key)
            *find_slot(map, old[i].key, old[i].hash) = old[i];
    free(old);
}

void map_put(struct map *map, const char *key, void *value)
{
    REQUIRE(value != NULL);
    uint64_t hash = hash_key(key);
    struct slot *slot = find_slot(map, key, hash);
    if (slot->key) {
        void *old = slot->value;
        slot->value = value;
        free_value(map, old);
        return;
    }
    if ((map->used + 1) * 4 > map->slot_count * 3) {
        grow(map);
        slot = find_slot(map, key, hash);
    }
    *slot = (struct slot){ .key = xstrdup(key), .hash = hash, .value = value };
    map->used++;
}

/* Empties <slot> and moves back the entries behind it that would no longer be found. */
static void close_gap(struct map *map, struct slot *slot)
{
    size_t mask = map->slot_count - 1;
    size_t gap = (size_t)(slot - map->slots);
    for (size_t i = (gap + 1) & mask; map->slots[i].key; i = (i + 1) & mask) {
        size_t home = map->slots[i].hash & mask;
        if (((i - home) & mask) < ((i - gap) & mask))
            continue;
        map->slots[gap] = map->slots[i];
        gap = i;
    }
    map->slots[gap] = (struct slot){ 0 };
}

void *map_take(struct map *map, const char *key)
{
    struct slot *slot = find_slot(map, key, hash_key(key));
    if (!slot->key)
        return NULL;
    void *value = slot->value;
    free(slot->key);
    close_gap(map, slot);
    map->used--;
    return value;
}

bool map_remove(struct map *map, const char *key)
{
    void *value = map_take(map, key);
    if (!value)
        return false;
    free_value(map, value);
    return true;
}

size_t map_count(const struct map *map)
{
    return map->used;
}

bool map_each(const struct map *map, size_t *cursor, const char **key, void **value)
{
    while (*cursor < map->slot_count) {
        const struct slot *slot = &map->slots[(*cursor)++];
        if (!slot->key)
            continue;
        if (key)
            *key = slot->key;
        if (value)
            *value = slot->value;
        return true;
    }
    return false;
}
