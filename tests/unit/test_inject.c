#include "unit.h"

#include "base/inject.h"
#include "base/mem.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int disarm(void **state)
{
    (void)state;
    inject_configure(NULL);
    return 0;
}

static void nothing_fails_when_nothing_is_set(void **state)
{
    (void)state;
    inject_configure("");
    assert_false(inject_is_armed);
    assert_false(INJECT("store.commit"));
}

static void fails_every_time_or_once(void **state)
{
    (void)state;
    inject_configure("http.connect=fail,store.commit=fail:3");
    for (int hit = 1; hit <= 5; hit++) {
        assert_true(INJECT("http.connect"));
        assert_int_equal(INJECT("store.commit"), hit == 3);
        assert_false(INJECT("other.point"));
    }
}

static void one_point_may_have_two_rules(void **state)
{
    (void)state;
    inject_configure("a=fail:1,a=fail:3");
    assert_true(INJECT("a"));
    assert_false(INJECT("a"));
    assert_true(INJECT("a"));
    assert_false(INJECT("a"));
}

static void allocation_can_fail(void **state)
{
    (void)state;
    inject_configure("mem.try=fail:2");
    void *first = try_malloc(16);
    assert_non_null(first);
    assert_null(try_realloc(first, 32));
    free(first);
}

/* Runs <spec> and one hit of "step" in a child; returns the signal that ended it, 0 when none did. */
static int signal_of_child(const char *spec, int hits)
{
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        dup2(null, STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        inject_configure(spec);
        for (int i = 0; i < hits; i++)
            inject_hit("step");
        _exit(0);
    }
    int status;
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void kill_ends_the_process_at_the_step(void **state)
{
    (void)state;
    assert_int_equal(signal_of_child("step=kill:2", 1), 0);
    assert_int_equal(signal_of_child("step=kill:2", 2), SIGKILL);
}

static void a_broken_spec_aborts(void **state)
{
    (void)state;
    assert_int_equal(signal_of_child("step", 0), SIGABRT);
    assert_int_equal(signal_of_child("step=maybe", 0), SIGABRT);
    assert_int_equal(signal_of_child("step=fail:0", 0), SIGABRT);
    assert_int_equal(signal_of_child("step=fail:x", 0), SIGABRT);
    assert_int_equal(signal_of_child("a=fail,,b=fail", 0), SIGABRT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(nothing_fails_when_nothing_is_set, disarm),
        cmocka_unit_test_teardown(fails_every_time_or_once, disarm),
        cmocka_unit_test_teardown(one_point_may_have_two_rules, disarm),
        cmocka_unit_test_teardown(allocation_can_fail, disarm),
        cmocka_unit_test_teardown(kill_ends_the_process_at_the_step, disarm),
        cmocka_unit_test_teardown(a_broken_spec_aborts, disarm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
