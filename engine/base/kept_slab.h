/* kept_slab - a slab that goes back to what it was: for a state that is begun again and again and
 * costs much to begin. What is taken before kept_slab_keep() lies in one block, of which that makes
 * an image; kept_slab_rewind() puts the same bytes at the same addresses and gives back all that
 * was taken since. Not thread-safe. */
#pragma once
#include <stddef.h>

struct kept_slab;

/* <size>: bytes of the block. NULL when there is no memory. */
struct kept_slab *kept_slab_new(size_t size);
/* Frees all. NULL is allowed. */
void kept_slab_free(struct kept_slab *kept);

/* As slab_resize(). NULL also when the block is full, before kept_slab_keep(). */
void *kept_slab_resize(struct kept_slab *kept, void *ptr, size_t old_size, size_t size);

/* Once. NULL memory is fatal. */
void kept_slab_keep(struct kept_slab *kept);
void kept_slab_rewind(struct kept_slab *kept);
