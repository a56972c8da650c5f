/* kept_slab: whatever is done with pieces from before and after the image, a rewind brings back the
 * bytes of the image; the sanitizer watches the rest. */
#include "unit.h"

#include "base/kept_slab.h"

#include <stdint.h>
#include <string.h>

enum { BEFORE = 50, SINCE = 200, ROUNDS = 20, STEPS = 2000, BLOCK = 64 << 10 };

struct piece {
    unsigned char *at;
    size_t size;
    unsigned char pattern;
};

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void resize(struct kept_slab *kept, struct piece *piece, size_t size)
{
    size_t left = size < piece->size ? size : piece->size;
    piece->at = kept_slab_resize(kept, piece->at, piece->size, size);
    assert_true((size == 0) == (piece->at == NULL));
    assert_int_equal((uintptr_t)piece->at % 16, 0);
    for (size_t i = 0; i < left; i++)
        assert_int_equal(piece->at[i], piece->pattern);
    piece->size = size;
    if (size > 0)
        memset(piece->at, piece->pattern, size);
}

static void resize_some(struct kept_slab *kept, struct piece *pieces, uint32_t count,
                        uint32_t *seed)
{
    static const size_t LIMITS[] = { 600, 40, 5000 };
    for (int i = 0; i < STEPS; i++) {
        struct piece *piece = &pieces[next_random(seed) % count];
        size_t limit = LIMITS[next_random(seed) % 3];
        resize(kept, piece, next_random(seed) % 4 ? next_random(seed) % limit : 0);
    }
}

static void a_rewind_brings_back_what_was_kept(void **state)
{
    (void)state;
    static struct piece before[BEFORE], pieces[BEFORE + SINCE];
    uint32_t seed = 7;
    struct kept_slab *kept = kept_slab_new(BLOCK);
    assert_non_null(kept);
    for (int i = 0; i < BEFORE; i++) {
        before[i].pattern = (unsigned char)(1 + i);
        resize(kept, &before[i], 10 + next_random(&seed) % 500);
        resize(kept, &before[i], 10 + next_random(&seed) % 700);
    }
    kept_slab_keep(kept);
    for (int round = 0; round < ROUNDS; round++) {
        memcpy(pieces, before, sizeof(before));
        for (int i = BEFORE; i < BEFORE + SINCE; i++)
            pieces[i] = (struct piece){ .pattern = (unsigned char)i };
        resize_some(kept, pieces, BEFORE + SINCE, &seed);
        kept_slab_rewind(kept);
        for (int i = 0; i < BEFORE; i++)
            for (size_t at = 0; at < before[i].size; at++)
                assert_int_equal(before[i].at[at], before[i].pattern);
    }
    resize_some(kept, before, BEFORE, &seed); /* what is left is given back by the end */
    kept_slab_free(kept);
}

static void a_full_block_refuses(void **state)
{
    (void)state;
    struct kept_slab *kept = kept_slab_new(1024);
    void *piece = kept_slab_resize(kept, NULL, 0, 1000);
    assert_non_null(piece);
    assert_null(kept_slab_resize(kept, NULL, 0, 17));
    assert_null(kept_slab_resize(kept, NULL, 0, SIZE_MAX));
    assert_null(kept_slab_resize(kept, piece, 1000, 1100));
    kept_slab_keep(kept);
    assert_non_null(kept_slab_resize(kept, NULL, 0, 5000));
    assert_null(kept_slab_resize(kept, NULL, 0, SIZE_MAX));
    kept_slab_free(kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rewind_brings_back_what_was_kept),
        cmocka_unit_test(a_full_block_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
