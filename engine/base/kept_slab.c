#include "base/kept_slab.h"

#include "base/mem.h"
#include "base/slab.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* In front of a piece that is too large for the slab. */
struct large {
    struct large *next, **link;
};
_Static_assert(sizeof(struct large) % SLAB_STEP == 0, "pieces are aligned");

struct kept_slab {
    char *block;
    size_t size, used;   /* of the block */
    char *image;         /* of its used bytes; NULL: not yet */
    struct slab slab;    /* small pieces since then */
    struct large *since; /* large ones */
};

/* ---- in the block: cut one behind the other; what is given back there is gone until the rewind */

static bool is_in_block(const struct kept_slab *kept, const void *ptr)
{
    const char *at = ptr;
    return at >= kept->block && at < kept->block + kept->used;
}

static void *cut(struct kept_slab *kept, size_t size)
{
    size_t length = (size + SLAB_STEP - 1) / SLAB_STEP * SLAB_STEP;
    if (length < size || length > kept->size - kept->used)
        return NULL;
    char *piece = kept->block + kept->used;
    kept->used += length;
    return piece;
}

/* ---- large pieces */

static void *link_large(struct kept_slab *kept, struct large *large)
{
    if (!large)
        return NULL;
    large->next = kept->since;
    large->link = &kept->since;
    if (large->next)
        large->next->link = &large->next;
    kept->since = large;
    return large + 1;
}

static struct large *unlink_large(void *ptr)
{
    struct large *large = (struct large *)ptr - 1;
    *large->link = large->next;
    if (large->next)
        large->next->link = large->link;
    return large;
}

static void *take_large(struct kept_slab *kept, size_t size)
{
    return size > SIZE_MAX - sizeof(struct large)
               ? NULL
               : link_large(kept, try_malloc(sizeof(struct large) + size));
}

/* ---- all of them */

static void *take(struct kept_slab *kept, size_t size)
{
    if (!kept->image)
        return cut(kept, size);
    return slab_holds(size) ? slab_resize(&kept->slab, NULL, 0, size) : take_large(kept, size);
}

static void give_back(struct kept_slab *kept, void *ptr, size_t size)
{
    if (!ptr || is_in_block(kept, ptr))
        return;
    if (slab_holds(size))
        slab_resize(&kept->slab, ptr, size, 0);
    else
        free(unlink_large(ptr));
}

void *kept_slab_resize(struct kept_slab *kept, void *ptr, size_t old_size, size_t size)
{
    if (size == 0) {
        give_back(kept, ptr, old_size);
        return NULL;
    }
    if (ptr && size <= old_size && is_in_block(kept, ptr))
        return ptr;
    void *moved = take(kept, size);
    if (moved && ptr) {
        memcpy(moved, ptr, old_size < size ? old_size : size);
        give_back(kept, ptr, old_size);
    }
    return moved;
}

/* ---- life */

struct kept_slab *kept_slab_new(size_t size)
{
    struct kept_slab *kept = try_malloc(sizeof(*kept));
    if (!kept)
        return NULL;
    *kept = (struct kept_slab){ .block = try_malloc(size), .size = size };
    if (kept->block)
        return kept;
    free(kept);
    return NULL;
}

static void give_back_since(struct kept_slab *kept)
{
    slab_fini(&kept->slab);
    while (kept->since)
        free(unlink_large(kept->since + 1));
}

void kept_slab_free(struct kept_slab *kept)
{
    if (!kept)
        return;
    give_back_since(kept);
    free(kept->image);
    free(kept->block);
    free(kept);
}

void kept_slab_keep(struct kept_slab *kept)
{
    REQUIRE(!kept->image);
    kept->image = xmalloc(kept->used);
    memcpy(kept->image, kept->block, kept->used);
}

void kept_slab_rewind(struct kept_slab *kept)
{
    REQUIRE(kept->image);
    give_back_since(kept);
    memcpy(kept->block, kept->image, kept->used);
}
