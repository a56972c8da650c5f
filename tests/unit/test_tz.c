#include "unit.h"

#include "base/tz.h"
#include "base/tz_rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int64_t utc_ms(int year, int month, int day, int hour, int minute)
{
    struct civil date = {
        .year = year, .month = month, .day = day, .hour = hour, .minute = minute
    };
    return civil_to_seconds(&date) * 1000;
}

static void assert_local(const struct tz *tz, int64_t epoch_ms, const char *expected)
{
    struct civil local;
    tz_to_local(tz, epoch_ms, &local);
    char text[80];
    snprintf(text, sizeof(text), "%04d-%02d-%02d %02d:%02d %s %d", local.year, local.month,
             local.day, local.hour, local.minute, local.abbrev, local.offset_s);
    assert_string_equal(text, expected);
}

/* Local time in <tz> to UTC. */
static void assert_from_local(const struct tz *tz, int year, int month, int day, int hour,
                              int minute, int64_t expected)
{
    struct civil local = {
        .year = year, .month = month, .day = day, .hour = hour, .minute = minute
    };
    assert_int_equal(tz_from_local(tz, &local), expected);
}

static struct tz *load(const char *name)
{
    struct err err = { 0 };
    struct tz *tz = tz_load(name, &err);
    assert_string_equal(err.msg, "");
    assert_non_null(tz);
    return tz;
}

static void paris_around_the_changes(void **state)
{
    (void)state;
    struct tz *tz = load("Europe/Paris");
    assert_local(tz, utc_ms(2026, 3, 29, 0, 59), "2026-03-29 01:59 CET 3600");
    assert_local(tz, utc_ms(2026, 3, 29, 1, 0), "2026-03-29 03:00 CEST 7200");
    assert_local(tz, utc_ms(2026, 10, 25, 0, 59), "2026-10-25 02:59 CEST 7200");
    assert_local(tz, utc_ms(2026, 10, 25, 1, 0), "2026-10-25 02:00 CET 3600");

    assert_from_local(tz, 2026, 3, 29, 1, 59, utc_ms(2026, 3, 29, 0, 59));
    assert_from_local(tz, 2026, 3, 29, 2, 30,
                      utc_ms(2026, 3, 29, 1, 30)); /* does not exist: 03:30 */
    assert_from_local(tz, 2026, 3, 29, 3, 0, utc_ms(2026, 3, 29, 1, 0));
    assert_from_local(tz, 2026, 10, 25, 1, 59, utc_ms(2026, 10, 24, 23, 59));
    assert_from_local(tz, 2026, 10, 25, 2, 30, utc_ms(2026, 10, 25, 0, 30)); /* twice: the first */
    assert_from_local(tz, 2026, 10, 25, 3, 0, utc_ms(2026, 10, 25, 2, 0));
    tz_free(tz);
}

static void new_york_around_the_changes(void **state)
{
    (void)state;
    struct tz *tz = load("America/New_York");
    assert_local(tz, utc_ms(2026, 3, 8, 6, 59), "2026-03-08 01:59 EST -18000");
    assert_local(tz, utc_ms(2026, 3, 8, 7, 0), "2026-03-08 03:00 EDT -14400");
    assert_local(tz, utc_ms(2026, 11, 1, 5, 59), "2026-11-01 01:59 EDT -14400");
    assert_local(tz, utc_ms(2026, 11, 1, 6, 0), "2026-11-01 01:00 EST -18000");
    assert_from_local(tz, 2026, 3, 8, 2, 30, utc_ms(2026, 3, 8, 7, 30));
    assert_from_local(tz, 2026, 11, 1, 1, 30, utc_ms(2026, 11, 1, 5, 30));
    tz_free(tz);
}

static void far_years_follow_the_rule(void **state)
{
    (void)state;
    struct tz *tz = load("Europe/Paris");
    assert_local(tz, utc_ms(2500, 7, 1, 12, 0), "2500-07-01 14:00 CEST 7200");
    assert_local(tz, utc_ms(2500, 1, 1, 12, 0), "2500-01-01 13:00 CET 3600");
    tz_free(tz);
    tz = load("Australia/Sydney");
    assert_local(tz, utc_ms(2500, 1, 1, 12, 0), "2500-01-01 23:00 AEDT 39600");
    assert_local(tz, utc_ms(2500, 7, 1, 12, 0), "2500-07-01 22:00 AEST 36000");
    tz_free(tz);
    tz = load("Asia/Kolkata");
    assert_local(tz, utc_ms(2500, 7, 1, 12, 0), "2500-07-01 17:30 IST 19800");
    tz_free(tz);
}

static void a_day_that_was_left_out_moves_on(void **state)
{
    (void)state;
    struct tz *tz = load("Pacific/Apia"); /* no 30 December 2011 */
    assert_from_local(tz, 2011, 12, 30, 12, 0, utc_ms(2011, 12, 30, 22, 0));
    assert_local(tz, utc_ms(2011, 12, 30, 22, 0), "2011-12-31 12:00 +14 50400");
    tz_free(tz);
}

static void utc_needs_no_file(void **state)
{
    (void)state;
    struct tz *tz = load("UTC");
    assert_local(tz, utc_ms(2026, 11, 23, 12, 0), "2026-11-23 12:00 UTC 0");
    assert_from_local(tz, 2026, 11, 23, 12, 0, utc_ms(2026, 11, 23, 12, 0));
    assert_from_local(tz, 2026, 11, 31, 25, 0, utc_ms(2026, 12, 2, 1, 0)); /* carries over */
    struct civil local;
    tz_to_local(tz, -1, &local);
    assert_int_equal(local.year, 1969);
    assert_int_equal(local.second, 59);
    tz_free(tz);
    tz_free(NULL);
}

static void names_that_are_no_zone_are_refused(void **state)
{
    (void)state;
    const char *const names[] = {
        "",        "/etc/passwd", "../../etc/passwd", "Europe/../Paris", "Europe//Paris", "Europe/",
        "Eu rope", ".",           "Europe/Paris\n"
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct err err;
        assert_null(tz_load(names[i], &err));
        assert_int_equal(err.code, ERR_INVALID);
    }
    struct err err;
    assert_null(tz_load("Europe/Atlantis", &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_null(tz_load("Europe", &err));
    assert_int_equal(err.code, ERR_IO);
    assert_null(tz_load("tzdata.zi", &err));
}

/* Every hour of three years, and every day of two centuries, against the C library; and back. */
static void agrees_with_the_c_library(void **state)
{
    (void)state;
    const char *const names[] = { "Europe/Paris",      "America/New_York",    "Europe/Dublin",
                                  "Africa/Casablanca", "Asia/Tehran",         "America/Sao_Paulo",
                                  "Asia/Kathmandu",    "Australia/Lord_Howe", "Pacific/Apia",
                                  "America/St_Johns",  "Antarctica/Troll" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        setenv("TZ", names[i], 1);
        tzset();
        struct tz *tz = load(names[i]);
        int64_t step = 86400 - 1234;
        for (int64_t seconds = -2000000000; seconds < 5000000000; seconds += step) {
            step = seconds > 1700000000 && seconds < 1790000000 ? 1800 : 86400 - 1234;
            time_t when = (time_t)seconds;
            struct tm theirs;
            localtime_r(&when, &theirs);
            struct civil ours;
            tz_to_local(tz, seconds * 1000, &ours);
            assert_int_equal(ours.offset_s, theirs.tm_gmtoff);
            assert_int_equal(ours.hour, theirs.tm_hour);
            assert_int_equal(ours.weekday, theirs.tm_wday);
            assert_string_equal(ours.abbrev, theirs.tm_zone);
            struct civil again;
            tz_to_local(tz, tz_from_local(tz, &ours), &again);
            assert_int_equal(civil_to_seconds(&again), civil_to_seconds(&ours));
        }
        tz_free(tz);
    }
    unsetenv("TZ");
    tzset();
}

static void instants_are_written_with_their_offset(void **state)
{
    static const struct {
        const char *zone, *text;
        int64_t ms;
    } CASES[] = {
        { "UTC", "2026-11-23T12:00:00.123000Z", INT64_C(1795435200123) },
        { "Europe/Paris", "2026-11-23T13:00:00.123000+01:00", INT64_C(1795435200123) },
        { "Europe/Paris", "2026-07-01T01:30:00.000000+02:00", INT64_C(1782862200000) },
        { "Europe/London", "2026-11-23T12:00:00.000000Z", INT64_C(1795435200000) },
        { "America/New_York", "1969-12-31T18:59:59.999000-05:00", -1 },
        { "Asia/Kolkata", "2026-11-23T17:30:00.000000+05:30", INT64_C(1795435200000) },
        { "America/St_Johns", "2026-11-23T08:30:00.000000-03:30", INT64_C(1795435200000) },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        AUTO_BUF struct buf text = BUF_INIT;
        struct tz *tz = tz_load(CASES[i].zone, NULL);
        tz_format_iso(tz, CASES[i].ms, &text);
        assert_string_equal(buf_text(&text), CASES[i].text);
        tz_free(tz);
    }
}

static void rules_are_read_strictly(void **state)
{
    (void)state;
    struct tz_rule rule;
    assert_true(tz_rule_parse("<-03>3", &rule));
    assert_int_equal(rule.standard.offset_s, -3 * 3600);
    assert_true(tz_rule_parse("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", &rule));
    assert_int_equal(rule.standard.offset_s, 37800);
    assert_true(tz_rule_parse("EST5EDT,J60,300/-26", &rule));
    assert_int_equal(rule.end.time_s, -26 * 3600);
    const char *const wrong[] = { "",
                                  "C",
                                  "CET",
                                  "CET-1CEST",
                                  "CET-1CEST,M3.5.0",
                                  "CET-1CEST,M13.5.0,M10.5.0",
                                  "CET-1CEST,M3",
                                  "CET-1CEST,M3.5.0,M10.5.0/3x",
                                  "CET-999",
                                  "<CET-1",
                                  "TOOLONGNAME1" };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(tz_rule_parse(wrong[i], &rule));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paris_around_the_changes),
        cmocka_unit_test(new_york_around_the_changes),
        cmocka_unit_test(far_years_follow_the_rule),
        cmocka_unit_test(a_day_that_was_left_out_moves_on),
        cmocka_unit_test(utc_needs_no_file),
        cmocka_unit_test(names_that_are_no_zone_are_refused),
        cmocka_unit_test(agrees_with_the_c_library),
        cmocka_unit_test(instants_are_written_with_their_offset),
        cmocka_unit_test(rules_are_read_strictly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
