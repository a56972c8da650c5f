/* slab - memory for very many small things that live and die together, such as the values of a
 * script state: free lists by size, cut from large chunks, so that most requests cost a few
 * instructions and the end of the owner costs one free() a chunk. What is larger than SLAB_LARGEST
 * bytes is malloc()'s. Whoever gives memory back says how large it is. Not thread-safe. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

enum { SLAB_STEP = 16, SLAB_LARGEST = 512, SLAB_CLASSES = SLAB_LARGEST / SLAB_STEP };

/* Begin with SLAB_INIT. */
struct slab {
    void *free[SLAB_CLASSES]; /* each piece begins with the address of the next one */
    void *chunks;             /* so does each chunk */
    char *next;               /* what was not cut yet */
    size_t left;
};
#define SLAB_INIT \
    {             \
        0         \
    }

/* Whether a piece of this size comes from the chunks. */
static inline bool slab_holds(size_t size)
{
    return !MEM_IS_CHECKED && size > 0 && size <= SLAB_LARGEST;
}

/* realloc() with sizes: <old_size> 0 makes a new piece, <size> 0 gives it back and answers NULL.
 * Aligned for any type. NULL when there is no memory; then the old piece stands as it was. */
void *slab_resize(struct slab *slab, void *ptr, size_t old_size, size_t size);

/* Frees all small pieces at once. Larger ones must have been given back. */
void slab_fini(struct slab *slab);
