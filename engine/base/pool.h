/* pool - texts, each kept once and known by a small number: for long lists of few different ones.
 * Not thread-safe, and for texts that nobody chooses to collide. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POOL_NONE UINT32_MAX

/* Begin with { .most = ... }: at most so many texts. All else is pool.c's. */
struct pool {
    char *text; /* one behind the other, NUL-terminated */
    size_t text_len, text_cap;
    uint32_t *offsets;
    uint32_t count, cap, most;
    uint32_t *slots;     /* hash table of number + 1 */
    uint32_t slot_count; /* a power of two */
};

/* The number of the <len> bytes, which hold no NUL: 0, 1, 2 ... in the order added. POOL_NONE when
 * they are new and <may_add> is false or the pool is full. */
uint32_t pool_number(struct pool *pool, const char *text, size_t len, bool may_add);
/* Borrowed until the next text is added. */
const char *pool_text(const struct pool *pool, uint32_t number);
/* Forgets all, keeps the memory. */
void pool_reset(struct pool *pool);
/* Frees the memory. */
void pool_fini(struct pool *pool);
