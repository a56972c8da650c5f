#include "unit.h"

#include "base/civil.h"
#include "base/clock.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void assert_iso(int64_t epoch_ms, const char *expected)
{
    AUTO_BUF struct buf out = BUF_INIT;
    clock_format_iso(epoch_ms, &out);
    assert_string_equal(buf_text(&out), expected);
}

static void formats_iso(void **state)
{
    (void)state;
    assert_iso(0, "1970-01-01T00:00:00.000000Z");
    assert_iso(1795435200123, "2026-11-23T12:00:00.123000Z");
    assert_iso(951782400000, "2000-02-29T00:00:00.000000Z");
    assert_iso(-1, "1969-12-31T23:59:59.999000Z");
    assert_iso(253402300799999, "9999-12-31T23:59:59.999000Z");
}

static void wall_time_freezes_and_thaws(void **state)
{
    (void)state;
    clock_set_ms(1234);
    assert_int_equal(clock_now_ms(), 1234);
    int64_t before = clock_mono_us();
    while (clock_mono_us() == before)
        ;
    clock_set_ms(-1);
    int64_t now_s = (int64_t)time(NULL);
    assert_in_range(clock_now_ms() / 1000, now_s - 1, now_s + 1);
}

static void both_clocks_advance(void **state)
{
    (void)state;
    int64_t mono_ms = clock_mono_ms(), now_ms = clock_now_ms();
    clock_advance_ms(60000);
    assert_true(clock_mono_ms() - mono_ms >= 60000);
    assert_true(clock_now_ms() - now_ms >= 60000);
    clock_set_ms(1000);
    clock_advance_ms(500);
    assert_int_equal(clock_now_ms(), 1500);
    clock_set_ms(-1);
    assert_true(clock_now_ms() - now_ms >= 60500);
}

enum { MANY_UUIDS = 1000 };

static int by_text(const void *left, const void *right)
{
    return strcmp(left, right);
}

static void many_uuids_differ_also_from_those_of_a_child(void **state)
{
    (void)state;
    static char uuids[MANY_UUIDS + 1][37];
    int fds[2];
    for (int i = 0; i < MANY_UUIDS / 2; i++)
        clock_uuid4(uuids[i]);
    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    if (child == 0) {
        char own[37];
        clock_uuid4(own);
        _exit(write(fds[1], own, sizeof(own)) != sizeof(own));
    }
    for (int i = MANY_UUIDS / 2; i < MANY_UUIDS; i++)
        clock_uuid4(uuids[i]);
    assert_int_equal(read(fds[0], uuids[MANY_UUIDS], sizeof(uuids[0])), sizeof(uuids[0]));
    close(fds[0]);
    close(fds[1]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    qsort(uuids, MANY_UUIDS + 1, sizeof(uuids[0]), by_text);
    for (int i = 0; i < MANY_UUIDS; i++)
        assert_string_not_equal(uuids[i], uuids[i + 1]);
}

static void uuids_have_their_form_and_differ(void **state)
{
    (void)state;
    char one[37];
    char two[37];
    clock_uuid4(one);
    clock_uuid4(two);
    assert_int_equal(strlen(one), 36);
    assert_int_equal(one[14], '4');
    assert_non_null(strchr("89ab", one[19]));
    for (int i = 0; i < 36; i++)
        assert_int_equal(one[i] == '-', i == 8 || i == 13 || i == 18 || i == 23);
    assert_string_not_equal(one, two);
}

/* The C library is the other opinion. */
static void the_calendar_agrees_with_the_c_library(void **state)
{
    (void)state;
    for (int64_t seconds = -5000000000; seconds < 9000000000; seconds += 86399 * 3) {
        struct civil ours;
        civil_from_seconds(seconds, &ours);
        time_t when = (time_t)seconds;
        struct tm theirs;
        gmtime_r(&when, &theirs);
        assert_int_equal(ours.year, theirs.tm_year + 1900);
        assert_int_equal(ours.month, theirs.tm_mon + 1);
        assert_int_equal(ours.day, theirs.tm_mday);
        assert_int_equal(ours.hour, theirs.tm_hour);
        assert_int_equal(ours.minute, theirs.tm_min);
        assert_int_equal(ours.second, theirs.tm_sec);
        assert_int_equal(ours.weekday, theirs.tm_wday);
        assert_int_equal(ours.yearday, theirs.tm_yday + 1);
        assert_int_equal(civil_to_seconds(&ours), seconds);
    }
}

static void months_and_days_carry_over(void **state)
{
    (void)state;
    assert_int_equal(civil_to_days(2026, 13, 1), civil_to_days(2027, 1, 1));
    assert_int_equal(civil_to_days(2026, 0, 31), civil_to_days(2025, 12, 31));
    assert_int_equal(civil_to_days(2024, 3, 0), civil_to_days(2024, 2, 29));
    assert_int_equal(civil_to_days(2026, 11, 31), civil_to_days(2026, 12, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_iso),
        cmocka_unit_test(wall_time_freezes_and_thaws),
        cmocka_unit_test(both_clocks_advance),
        cmocka_unit_test(uuids_have_their_form_and_differ),
        cmocka_unit_test(many_uuids_differ_also_from_those_of_a_child),
        cmocka_unit_test(the_calendar_agrees_with_the_c_library),
        cmocka_unit_test(months_and_days_carry_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
