#include "unit.h"

#include "base/clock.h"
#include "base/mem.h"
#include "loop/loop.h"

#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct loop *loop;
static char trace[64];

static int make_loop(void **state)
{
    (void)state;
    struct err err;
    loop = loop_new(&err);
    trace[0] = '\0';
    return loop ? 0 : 1;
}

static int drop_loop(void **state)
{
    (void)state;
    loop_free(loop);
    return 0;
}

/* Appends the letter <arg> points to; "." stops the loop. */
static void note(void *arg)
{
    const char *letter = arg;
    size_t len = strlen(trace);
    REQUIRE(len + 1 < sizeof(trace));
    trace[len] = *letter;
    trace[len + 1] = '\0';
    if (*letter == '.')
        loop_stop(loop);
}

static void posts_run_in_order(void **state)
{
    (void)state;
    loop_post(loop, note, "a");
    loop_post(loop, note, "b");
    loop_post(loop, note, ".");
    loop_run(loop);
    assert_string_equal(trace, "ab.");
}

static void a_stop_before_the_run_is_not_lost(void **state)
{
    (void)state;
    loop_post(loop, note, "a");
    loop_stop(loop);
    loop_run(loop);
    assert_string_equal(trace, "a");
}

static void what_is_left_runs_when_the_loop_is_freed(void **state)
{
    (void)state;
    loop_stop(loop);
    loop_run(loop);
    loop_post(loop, note, "x");
    loop_timer(loop, 0, note, "t");
    loop_free(loop);
    loop = NULL;
    assert_string_equal(trace, "x");
}

static void timers_fire_by_time_and_never_early(void **state)
{
    (void)state;
    int64_t begin = clock_mono_us();
    loop_timer(loop, 60, note, ".");
    loop_timer(loop, 20, note, "b");
    loop_timer(loop, 0, note, "a");
    loop_run(loop);
    assert_string_equal(trace, "ab.");
    assert_true(clock_mono_us() - begin >= 60000);
}

static void a_cancelled_timer_stays_silent(void **state)
{
    (void)state;
    uint64_t id = loop_timer(loop, 5, note, "x");
    loop_timer(loop, 30, note, ".");
    loop_timer_cancel(loop, id);
    loop_timer_cancel(loop, id);
    loop_timer_cancel(loop, 0);
    loop_timer_cancel(loop, 0xffffffffffffu);
    loop_run(loop);
    assert_string_equal(trace, ".");
}

static void an_old_id_does_not_cancel_the_timer_that_took_its_place(void **state)
{
    (void)state;
    uint64_t old = loop_timer(loop, 5, note, "x");
    loop_timer_cancel(loop, old);
    uint64_t new = loop_timer(loop, 5, note, ".");
    assert_true(old != new);
    loop_timer_cancel(loop, old);
    loop_run(loop);
    assert_string_equal(trace, ".");
}

static uint64_t own_id;

static void timers_follow_a_clock_that_is_put_forward(void **state)
{
    (void)state;
    assert_int_equal(loop_next_timer_ms(loop), -1);
    loop_timer(loop, 3600 * 1000, note, "b");
    uint64_t gone = loop_timer(loop, 1000, note, "x");
    loop_timer(loop, 1800 * 1000, note, "a");
    loop_timer_cancel(loop, gone);
    int64_t next_ms = loop_next_timer_ms(loop);
    assert_true(next_ms > 1799 * 1000 && next_ms <= 1800 * 1000);
    clock_advance_ms(next_ms);
    loop_recheck_timers(loop);
    loop_timer(loop, 20, note, ".");
    loop_run(loop);
    assert_string_equal(trace, "a.");
    clock_advance_ms(1800 * 1000);
    loop_recheck_timers(loop);
    loop_timer(loop, 20, note, ".");
    loop_run(loop);
    assert_string_equal(trace, "a.b.");
}

static void cancel_itself_and_stop(void *arg)
{
    loop_timer_cancel(loop, own_id);
    note(arg);
}

static void a_timer_may_cancel_itself_while_it_runs(void **state)
{
    (void)state;
    own_id = loop_timer(loop, 1, cancel_itself_and_stop, ".");
    loop_run(loop);
    assert_string_equal(trace, ".");
}

static void many_timers_at_once(void **state)
{
    (void)state;
    enum { COUNT = 2000 };
    uint64_t ids[COUNT];
    for (int i = 0; i < COUNT; i++)
        ids[i] = loop_timer(loop, i % 7, note, "x");
    for (int i = 0; i < COUNT; i++)
        if (i != 1000)
            loop_timer_cancel(loop, ids[i]);
    loop_timer(loop, 20, note, ".");
    loop_run(loop);
    assert_string_equal(trace, "x.");
}

/* ---- other threads */

enum { THREADS = 4, POSTS = 5000 };
static int arrived;
static int last_of[THREADS];
static int stamps[THREADS][POSTS];

static void arrive(void *arg)
{
    int *stamp = arg;
    int thread = (int)((stamp - &stamps[0][0]) / POSTS);
    assert_true(*stamp > last_of[thread]);
    last_of[thread] = *stamp;
    if (++arrived == THREADS * POSTS)
        loop_stop(loop);
}

static void *post_many(void *arg)
{
    int *row = arg;
    for (int i = 0; i < POSTS; i++) {
        row[i] = i + 1;
        loop_post(loop, arrive, &row[i]);
    }
    return NULL;
}

static void posts_of_many_threads_all_arrive_in_order(void **state)
{
    (void)state;
    arrived = 0;
    memset(last_of, 0, sizeof(last_of));
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, post_many, stamps[i]);
    loop_run(loop);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(arrived, THREADS * POSTS);
}

static void *stop_later(void *arg)
{
    usleep(20000);
    loop_stop(arg);
    return NULL;
}

static void another_thread_wakes_and_stops_an_idle_loop(void **state)
{
    (void)state;
    pthread_t thread;
    pthread_create(&thread, NULL, stop_later, loop);
    loop_run(loop);
    pthread_join(thread, NULL);
}

/* ---- fairness */

static bool is_read;

static void post_itself(void *arg)
{
    if (!is_read)
        loop_post(loop, post_itself, arg);
    else
        loop_stop(loop);
}

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    (void)arg;
    char byte;
    is_read = read(fd, &byte, 1) == 1;
}

static void posts_that_post_do_not_starve_the_sockets(void **state)
{
    (void)state;
    is_read = false;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    struct event *event = event_new(loop_base(loop), pair[0], EV_READ, on_socket, NULL);
    event_add(event, NULL);
    assert_int_equal(write(pair[1], "x", 1), 1);
    for (int i = 0; i < 1000; i++)
        loop_post(loop, post_itself, NULL);
    loop_run(loop);
    assert_true(is_read);
    event_free(event);
    close(pair[0]);
    close(pair[1]);
}

/* ---- signals */

static void raise_signal(void *arg)
{
    (void)arg;
    raise(SIGUSR1);
}

static void a_signal_arrives_each_time(void **state)
{
    (void)state;
    struct err err;
    assert_int_equal(loop_signal(loop, SIGUSR1, note, "s", &err), OK);
    loop_timer(loop, 1, raise_signal, NULL);
    loop_timer(loop, 10, raise_signal, NULL);
    loop_timer(loop, 40, note, ".");
    loop_run(loop);
    assert_string_equal(trace, "ss.");
    assert_int_equal(loop_signal(loop, 4000, note, "s", &err), ERR_IO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_loop, drop_loop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(posts_run_in_order),
        TEST(a_stop_before_the_run_is_not_lost),
        TEST(what_is_left_runs_when_the_loop_is_freed),
        TEST(timers_fire_by_time_and_never_early),
        TEST(a_cancelled_timer_stays_silent),
        TEST(an_old_id_does_not_cancel_the_timer_that_took_its_place),
        TEST(timers_follow_a_clock_that_is_put_forward),
        TEST(a_timer_may_cancel_itself_while_it_runs),
        TEST(many_timers_at_once),
        TEST(posts_of_many_threads_all_arrive_in_order),
        TEST(another_thread_wakes_and_stops_an_idle_loop),
        TEST(posts_that_post_do_not_starve_the_sockets),
        TEST(a_signal_arrives_each_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
