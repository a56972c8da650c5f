/* alarm: it rings on the thread that set it, when its time is used up and no earlier, until it is cleared. */
#include "unit.h"

#include "base/alarm.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

static _Thread_local atomic_int rung;

static void ring(void *arg)
{
    (void)arg;
    atomic_fetch_add(&rung, 1);
}

static int64_t cpu_us(void)
{
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000000 + used.tv_nsec / 1000;
}

/* Works for so long at most. */
static int rung_after(int64_t us)
{
    int64_t until_us = cpu_us() + us;
    while (cpu_us() < until_us && !atomic_load(&rung))
        ;
    return atomic_load(&rung);
}

/* What heard it may have been in the middle of turning away from it. */
static void it_rings_not_too_early_and_until_it_is_cleared(void **state)
{
    (void)state;
    atomic_store(&rung, 0);
    int64_t from_us = cpu_us();
    assert_true(alarm_set(20000, ring, NULL));
    assert_int_equal(rung_after(5000000), 1);
    assert_true(cpu_us() - from_us >= 10000);
    for (int i = 0; i < 3; i++) {
        from_us = cpu_us();
        atomic_store(&rung, 0);
        assert_int_equal(rung_after(5000000), 1);
        assert_true(cpu_us() - from_us >= 9000);
    }
    alarm_clear();
    atomic_store(&rung, 0);
    assert_int_equal(rung_after(50000), 0);
}

/* On a busy machine a script must not be ended for what the others do. */
static void waiting_is_not_counted_but_for_a_half(void **state)
{
    (void)state;
    atomic_store(&rung, 0);
    assert_true(alarm_set(40000, ring, NULL));
    for (int i = 0; i < 20; i++)
        usleep(10000);
    assert_int_equal(atomic_load(&rung), 0);
    int64_t from_us = cpu_us();
    assert_int_equal(rung_after(5000000), 1);
    assert_true(cpu_us() - from_us >= 15000);
}

static void a_cleared_one_is_silent(void **state)
{
    (void)state;
    atomic_store(&rung, 0);
    assert_true(alarm_set(10000, ring, NULL));
    alarm_clear();
    assert_int_equal(rung_after(50000), 0);
}

/* The timer of an earlier one, which was cleared, still runs. */
static void a_later_one_waits_its_time_and_a_sooner_one_does_not(void **state)
{
    (void)state;
    atomic_store(&rung, 0);
    assert_true(alarm_set(10000, ring, NULL));
    alarm_clear();
    int64_t from_us = cpu_us();
    assert_true(alarm_set(100000, ring, NULL));
    assert_int_equal(rung_after(5000000), 1);
    assert_true(cpu_us() - from_us >= 50000);

    atomic_store(&rung, 0);
    assert_true(alarm_set(60000000, ring, NULL));
    alarm_clear();
    assert_true(alarm_set(10000, ring, NULL));
    assert_int_equal(rung_after(5000000), 1);
}

static void *ring_on_thread(void *arg)
{
    int *seen = arg;
    if (alarm_set(10000, ring, NULL))
        *seen = rung_after(5000000);
    return NULL;
}

/* Threads come and go, each with a timer of its own; this one hears nothing. */
static void each_thread_has_its_own(void **state)
{
    (void)state;
    atomic_store(&rung, 0);
    for (int i = 0; i < 20; i++) {
        pthread_t thread;
        int seen = 0;
        assert_int_equal(pthread_create(&thread, NULL, ring_on_thread, &seen), 0);
        pthread_join(thread, NULL);
        assert_int_equal(seen, 1);
    }
    assert_int_equal(atomic_load(&rung), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_rings_not_too_early_and_until_it_is_cleared),
        cmocka_unit_test(waiting_is_not_counted_but_for_a_half),
        cmocka_unit_test(a_cleared_one_is_silent),
        cmocka_unit_test(a_later_one_waits_its_time_and_a_sooner_one_does_not),
        cmocka_unit_test(each_thread_has_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
