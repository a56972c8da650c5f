#include "base/slab.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 64 << 10, CHUNK_HEAD = SLAB_STEP };

static size_t class_of(size_t size)
{
    return (size - 1) / SLAB_STEP;
}

static bool add_chunk(struct slab *slab)
{
    char *chunk = try_realloc(NULL, CHUNK);
    if (!chunk)
        return false;
    *(void **)chunk = slab->chunks;
    slab->chunks = chunk;
    slab->next = chunk + CHUNK_HEAD;
    slab->left = CHUNK - CHUNK_HEAD;
    return true;
}

static void put(struct slab *slab, void *piece, size_t class)
{
    *(void **)piece = slab->free[class];
    slab->free[class] = piece;
}

/* What is left of a chunk that is too short for the next piece is one smaller piece. */
static void use_rest(struct slab *slab)
{
    if (slab->left >= SLAB_STEP)
        put(slab, slab->next, class_of(slab->left));
    slab->left = 0;
}

static void *take(struct slab *slab, size_t size)
{
    size_t class = class_of(size);
    void *piece = slab->free[class];
    if (piece) {
        slab->free[class] = *(void **)piece;
        return piece;
    }
    size_t length = (class + 1) * SLAB_STEP;
    if (slab->left < length) {
        use_rest(slab);
        if (!add_chunk(slab))
            return NULL;
    }
    piece = slab->next;
    slab->next += length;
    slab->left -= length;
    return piece;
}

void *slab_resize(struct slab *slab, void *ptr, size_t old_size, size_t size)
{
    bool was_small = ptr && slab_holds(old_size);
    if (!was_small && !slab_holds(size)) {
        if (size > 0)
            return try_realloc(ptr, size);
        free(ptr);
        return NULL;
    }
    if (was_small && slab_holds(size) && class_of(old_size) == class_of(size))
        return ptr;
    void *moved = NULL;
    if (size > 0) {
        moved = slab_holds(size) ? take(slab, size) : try_realloc(NULL, size);
        if (!moved)
            return NULL;
        if (ptr)
            memcpy(moved, ptr, old_size < size ? old_size : size);
    }
    if (was_small)
        put(slab, ptr, class_of(old_size));
    else
        free(ptr);
    return moved;
}

void slab_fini(struct slab *slab)
{
    while (slab->chunks) {
        void *next = *(void **)slab->chunks;
        free(slab->chunks);
        slab->chunks = next;
    }
    *slab = (struct slab)SLAB_INIT;
}
