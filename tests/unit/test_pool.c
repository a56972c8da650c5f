/* pool: the same text has the same number, also among many. */
#include "unit.h"

#include "base/mem.h"
#include "base/pool.h"

#include <stdio.h>
#include <string.h>

static void test_same_text_same_number(void **state)
{
    (void)state;
    struct pool pool = { .most = 10 };
    assert_int_equal(pool_number(&pool, "one", 3, true), 0);
    assert_int_equal(pool_number(&pool, "once", 3, true), 1);
    assert_int_equal(pool_number(&pool, "one", 3, true), 0);
    assert_int_equal(pool_number(&pool, "", 0, true), 2);
    assert_string_equal(pool_text(&pool, 1), "onc");
    assert_string_equal(pool_text(&pool, 2), "");
    pool_fini(&pool);
}

static void test_asking_adds_nothing(void **state)
{
    (void)state;
    struct pool pool = { .most = 10 };
    assert_int_equal(pool_number(&pool, "one", 3, false), POOL_NONE);
    assert_int_equal(pool.count, 0);
    pool_fini(&pool);
}

static void test_full_pool_knows_what_it_has(void **state)
{
    (void)state;
    struct pool pool = { .most = 2 };
    pool_number(&pool, "a", 1, true);
    pool_number(&pool, "b", 1, true);
    assert_int_equal(pool_number(&pool, "c", 1, true), POOL_NONE);
    assert_int_equal(pool_number(&pool, "b", 1, true), 1);
    pool_reset(&pool);
    assert_int_equal(pool_number(&pool, "c", 1, true), 0);
    pool_fini(&pool);
}

static void test_many(void **state)
{
    (void)state;
    enum { MANY = 20000 };
    char text[20];
    struct pool pool = { .most = MANY };
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < MANY; i++) {
            int len = snprintf(text, sizeof(text), "person-%u", i);
            assert_int_equal(pool_number(&pool, text, (size_t)len, true), i);
            assert_string_equal(pool_text(&pool, i), text);
        }
    }
    pool_fini(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_text_same_number),
        cmocka_unit_test(test_asking_adds_nothing),
        cmocka_unit_test(test_full_pool_knows_what_it_has),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
