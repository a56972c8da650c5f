#include "jobs_fixture.h"

#include "core/limits.h"

static struct limits *fresh(struct live *live)
{
    struct limits *limits = limits_new(&live->engine);
    assert_non_null(limits);
    return limits;
}

static void a_burst_then_one_by_one(void **state)
{
    struct limits *limits = fresh(*state);
    for (int i = 0; i < 3; i++)
        assert_int_equal(limits_take(limits, "a", 60, 3), 0);
    assert_in_range(limits_take(limits, "a", 60, 3), 900, 1001);
    assert_in_range(limits_take(limits, "a", 60, 3), 1900, 2001);
    assert_in_range(limits_take(limits, "a", 60, 3), 2900, 3001);
    limits_free(limits);
}

static void names_do_not_share(void **state)
{
    struct limits *limits = fresh(*state);
    assert_int_equal(limits_take(limits, "a", 1, 1), 0);
    assert_true(limits_take(limits, "a", 1, 1) > 0);
    assert_int_equal(limits_take(limits, "b", 1, 1), 0);
    limits_free(limits);
}

/* Who was told a time gets the token then, however many came later. */
static void a_place_is_kept(void **state)
{
    struct limits *limits = fresh(*state);
    assert_int_equal(limits_take(limits, "a", 1200, 1), 0); /* one in 50 ms */
    int64_t first_ms = limits_take(limits, "a", 1200, 1);
    int64_t second_ms = limits_take(limits, "a", 1200, 1);
    assert_in_range(second_ms - first_ms, 45, 55);
    usleep((unsigned)(first_ms + 2) * 1000);
    assert_int_equal(limits_take(limits, "a", 1200, 1), 0);
    assert_in_range(limits_take(limits, "a", 1200, 1), 70, 100); /* behind the second */
    usleep(50 * 1000);
    assert_int_equal(limits_take(limits, "a", 1200, 1), 0);
    limits_free(limits);
}

static void a_block_holds_and_ends(void **state)
{
    struct limits *limits = fresh(*state);
    limits_block(limits, "a", 100);
    limits_block(limits, "a", 20); /* shorter: changes nothing */
    int64_t first_ms = limits_take(limits, "a", 6000, 5);
    assert_in_range(first_ms, 80, 101);
    assert_in_range(limits_take(limits, "a", 6000, 5), first_ms + 5,
                    first_ms + 12); /* no burst after a block */
    usleep((unsigned)(first_ms + 2) * 1000);
    assert_int_equal(limits_take(limits, "a", 6000, 5), 0);
    limits_free(limits);
}

/* A place before the block's end is worth nothing any more. */
static void a_block_takes_places_away(void **state)
{
    struct limits *limits = fresh(*state);
    assert_int_equal(limits_take(limits, "a", 6000, 1), 0);
    assert_in_range(limits_take(limits, "a", 6000, 1), 1, 10);
    limits_block(limits, "a", 1000);
    usleep(20 * 1000);
    assert_in_range(limits_take(limits, "a", 6000, 1), 900, 990);
    limits_free(limits);
}

static void a_block_survives_a_restart(void **state)
{
    struct live *live = *state;
    struct limits *limits = fresh(live);
    limits_block(limits, "a", 60000);
    limits_block(limits, "a", 10000);
    limits_block(limits, "over", 1);
    run_for(live, 50);
    limits_free(limits);
    limits = fresh(live);
    assert_in_range(limits_take(limits, "a", 60, 1), 55000, 60000);
    assert_int_equal(limits_take(limits, "over", 60, 1), 0);
    assert_int_equal(count(&live->fixture, "SELECT count(*) FROM limit_block"), 1);
    limits_free(limits);
}

static void idle_buckets_are_forgotten(void **state)
{
    struct limits *limits = fresh(*state);
    limits_block(limits, "kept", 60000);
    assert_int_equal(limits_take(limits, "waiting", 1, 1), 0);
    int64_t wait_ms = limits_take(limits, "waiting", 1, 1);
    for (int i = 0; i < 5000; i++) {
        char name[20];
        snprintf(name, sizeof(name), "n%d", i);
        assert_int_equal(limits_take(limits, name, 6e7, 1), 0); /* idle again after a microsecond */
    }
    assert_true(limits_count(limits) < 2000);
    assert_in_range(limits_take(limits, "kept", 60, 1), 50000, 60000);
    assert_true(limits_take(limits, "waiting", 1, 1) > wait_ms);
    limits_free(limits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_LIVE(a_burst_then_one_by_one),
        TEST_LIVE(names_do_not_share),
        TEST_LIVE(a_place_is_kept),
        TEST_LIVE(a_block_holds_and_ends),
        TEST_LIVE(a_block_takes_places_away),
        TEST_LIVE(a_block_survives_a_restart),
        TEST_LIVE(idle_buckets_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
