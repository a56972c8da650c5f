#include "base/pool.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOTS = 1024, FIRST_TEXTS = 64 };

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 32;
}

/* Eight bytes at a time: most texts are ids of the same length. */
static uint32_t hash_of(const char *text, size_t len)
{
    uint64_t hash = len, word = 0;
    for (; len >= sizeof(word); text += sizeof(word), len -= sizeof(word)) {
        memcpy(&word, text, sizeof(word));
        hash = mix(hash, word);
    }
    word = 0;
    memcpy(&word, text, len);
    return (uint32_t)mix(hash, word);
}

const char *pool_text(const struct pool *pool, uint32_t number)
{
    return pool->text + pool->offsets[number];
}

static void grow_slots(struct pool *pool)
{
    pool->slot_count = pool->slot_count ? pool->slot_count * 2 : FIRST_SLOTS;
    free(pool->slots);
    pool->slots = xcalloc(pool->slot_count, sizeof(*pool->slots));
    for (uint32_t i = 0; i < pool->count; i++) {
        const char *text = pool_text(pool, i);
        uint32_t slot = hash_of(text, strlen(text)) & (pool->slot_count - 1);
        while (pool->slots[slot])
            slot = (slot + 1) & (pool->slot_count - 1);
        pool->slots[slot] = i + 1;
    }
}

static uint32_t add_at(struct pool *pool, const char *text, size_t len, uint32_t slot)
{
    if (pool->count == pool->cap) {
        pool->cap = pool->cap ? pool->cap * 2 : FIRST_TEXTS;
        pool->offsets = xrealloc(pool->offsets, pool->cap * sizeof(*pool->offsets));
    }
    if (pool->text_len + len + 1 > pool->text_cap) {
        pool->text_cap = (pool->text_len + len + 1) * 2;
        pool->text = xrealloc(pool->text, pool->text_cap);
    }
    memcpy(pool->text + pool->text_len, text, len);
    pool->text[pool->text_len + len] = '\0';
    pool->offsets[pool->count] = (uint32_t)pool->text_len;
    pool->text_len += len + 1;
    pool->slots[slot] = ++pool->count;
    return pool->count - 1;
}

uint32_t pool_number(struct pool *pool, const char *text, size_t len, bool may_add)
{
    if (pool->count * 2 >= pool->slot_count)
        grow_slots(pool);
    uint32_t slot = hash_of(text, len) & (pool->slot_count - 1);
    for (; pool->slots[slot]; slot = (slot + 1) & (pool->slot_count - 1)) {
        const char *known = pool_text(pool, pool->slots[slot] - 1);
        if (strncmp(known, text, len) == 0 && known[len] == '\0')
            return pool->slots[slot] - 1;
    }
    return may_add && pool->count < pool->most ? add_at(pool, text, len, slot) : POOL_NONE;
}

void pool_reset(struct pool *pool)
{
    if (pool->slots)
        memset(pool->slots, 0, pool->slot_count * sizeof(*pool->slots));
    pool->count = 0;
    pool->text_len = 0;
}

void pool_fini(struct pool *pool)
{
    free(pool->text);
    free(pool->offsets);
    free(pool->slots);
}
