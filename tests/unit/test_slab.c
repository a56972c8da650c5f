/* Pieces of all sizes are taken, resized and given back at random; each is filled with a pattern of
 * its own, which must stand until it is given back. */
#include "unit.h"

#include "base/slab.h"

#include <stdint.h>
#include <string.h>

enum { PIECES = 400, ROUNDS = 20000, SEED = 7 };

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

static void check_pattern(const struct piece *piece, size_t size)
{
    for (size_t i = 0; i < size; i++)
        assert_int_equal(piece->at[i], piece->pattern);
}

static void resize(struct slab *slab, struct piece *piece, size_t size)
{
    size_t kept = size < piece->size ? size : piece->size;
    unsigned char *moved = slab_resize(slab, piece->at, piece->size, size);
    if (size == 0)
        assert_null(moved);
    else
        assert_int_equal((uintptr_t)moved % 16, 0);
    piece->at = moved;
    check_pattern(piece, kept);
    piece->size = size;
    if (size > 0)
        memset(moved, piece->pattern, size);
}

static void test_pieces_keep_their_contents(void **state)
{
    (void)state;
    static struct piece pieces[PIECES];
    struct slab slab = SLAB_INIT;
    uint32_t seed = SEED;
    for (int i = 0; i < PIECES; i++)
        pieces[i] = (struct piece){ .pattern = (unsigned char)i };
    for (int round = 0; round < ROUNDS; round++) {
        struct piece *piece = &pieces[next_random(&seed) % PIECES];
        size_t size = next_random(&seed) % 4 ? next_random(&seed) % 600 : 0;
        resize(&slab, piece, size);
    }
    for (int i = 0; i < PIECES; i++)
        resize(&slab, &pieces[i], 0);
    slab_fini(&slab);
}

static void test_what_was_given_back_is_used_again(void **state)
{
    (void)state;
    struct slab slab = SLAB_INIT;
    size_t chunks = 0;
    for (int i = 0; i < 100000; i++) {
        void *piece = slab_resize(&slab, NULL, 0, 100);
        assert_non_null(piece);
        assert_null(slab_resize(&slab, piece, 100, 0));
    }
    for (void *chunk = slab.chunks; chunk; chunk = *(void **)chunk)
        chunks++;
    assert_in_range(chunks, 0, 1);
    slab_fini(&slab);
}

static void test_the_owners_end_frees_what_it_holds(void **state)
{
    (void)state;
    struct slab slab = SLAB_INIT;
    void *pieces[5000];
    for (int i = 0; i < 5000; i++) {
        pieces[i] = slab_resize(&slab, NULL, 0, (size_t)i % SLAB_LARGEST + 1);
        assert_non_null(pieces[i]);
    }
    if (!slab.chunks) /* under AddressSanitizer each piece is malloc()'s */
        for (int i = 0; i < 5000; i++)
            slab_resize(&slab, pieces[i], (size_t)i % SLAB_LARGEST + 1, 0);
    slab_fini(&slab);
    assert_null(slab.chunks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_keep_their_contents),
        cmocka_unit_test(test_what_was_given_back_is_used_again),
        cmocka_unit_test(test_the_owners_end_frees_what_it_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
