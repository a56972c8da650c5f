#include "unit.h"

#include "base/civil.h"
#include "base/tz.h"
#include "core/cron.h"

#include <stdio.h>
#include <string.h>

/* Milliseconds of "2026-03-29 01:30:00" in UTC. */
static int64_t utc(const char *text)
{
    struct civil at = { 0 };
    int count = sscanf(text, "%d-%d-%d %d:%d:%d", &at.year, &at.month, &at.day, &at.hour,
                       &at.minute, &at.second);
    assert_int_equal(count, 6);
    return civil_to_seconds(&at) * 1000;
}

static struct cron parsed(const char *text)
{
    struct cron cron;
    struct err err = { 0 };
    if (cron_parse(text, &cron, &err) != OK)
        fail_msg("%s: %s", text, err.msg);
    return cron;
}

/* The next time of <text> in <zone> after <after> (UTC) must be <wanted> (UTC). */
static void expect(const char *text, const char *zone, const char *after, const char *wanted)
{
    struct err err = { 0 };
    struct tz *tz = tz_load(zone, &err);
    if (!tz)
        fail_msg("%s", err.msg);
    struct cron cron = parsed(text);
    int64_t next_ms = cron_next(&cron, tz, utc(after));
    tz_free(tz);
    if (next_ms == utc(wanted))
        return;
    struct civil found;
    civil_from_seconds(next_ms / 1000, &found);
    fail_msg("%s in %s after %s: wanted %s, got %04d-%02d-%02d %02d:%02d:%02d", text, zone, after,
             wanted, found.year, found.month, found.day, found.hour, found.minute, found.second);
}

static void refuse(const char *text, const char *part)
{
    struct cron cron;
    struct err err = { 0 };
    assert_int_equal(cron_parse(text, &cron, &err), ERR_INVALID);
    if (!strstr(err.msg, part))
        fail_msg("%s: \"%s\" does not say \"%s\"", text, err.msg, part);
}

static void plain_times(void **state)
{
    (void)state;
    expect("* * * * *", "UTC", "2026-11-23 12:00:00", "2026-11-23 12:01:00");
    expect("* * * * *", "UTC", "2026-11-23 12:00:59", "2026-11-23 12:01:00");
    expect("*/15 * * * *", "UTC", "2026-11-23 12:50:00", "2026-11-23 13:00:00");
    expect("5,35 8-10 * * *", "UTC", "2026-11-23 10:35:00", "2026-11-24 08:05:00");
    expect("10/20 6 * * *", "UTC", "2026-11-23 06:10:00", "2026-11-23 06:30:00");
    expect("0 0 1 * *", "UTC", "2026-12-01 00:00:00", "2027-01-01 00:00:00");
    expect("59 23 31 dec *", "UTC", "2026-12-31 23:59:00", "2027-12-31 23:59:00");
}

static void the_local_day_counts(void **state)
{
    (void)state;
    expect("30 9 * * *", "Europe/Paris", "2026-07-01 00:00:00", "2026-07-01 07:30:00");
    expect("30 9 * * *", "Europe/Paris", "2026-12-01 00:00:00", "2026-12-01 08:30:00");
    expect("0 0 * * mon", "Pacific/Auckland", "2026-11-20 00:00:00", "2026-11-22 11:00:00");
    expect("15 * * * *", "Asia/Kolkata", "2026-11-20 00:00:00", "2026-11-20 00:45:00");
}

static void days_of_the_week(void **state)
{
    (void)state;
    expect("0 9 * * 1-5", "UTC", "2026-11-20 09:00:00", "2026-11-23 09:00:00");
    expect("0 9 * * MON-FRI", "UTC", "2026-11-20 09:00:00", "2026-11-23 09:00:00");
    expect("0 9 * * 7", "UTC", "2026-11-23 00:00:00", "2026-11-29 09:00:00");
    expect("0 9 * * 0", "UTC", "2026-11-23 00:00:00", "2026-11-29 09:00:00");
    expect("0 9 * * 5-7", "UTC", "2026-11-28 10:00:00", "2026-11-29 09:00:00");
}

static void two_restricted_days_are_either(void **state)
{
    (void)state;
    expect("0 0 13 * fri", "UTC", "2026-11-01 00:00:00", "2026-11-06 00:00:00");
    expect("0 0 13 * fri", "UTC", "2026-12-11 00:00:00", "2026-12-13 00:00:00");
}

static void leap_day(void **state)
{
    (void)state;
    expect("0 0 29 2 *", "UTC", "2026-01-01 00:00:00", "2028-02-29 00:00:00");
    expect("0 0 29 2 *", "UTC", "2096-02-29 00:00:00", "2104-02-29 00:00:00");
}

static void a_day_that_never_comes(void **state)
{
    (void)state;
    struct cron cron = parsed("0 0 30 2 *");
    struct tz *tz = tz_load("UTC", NULL);
    assert_true(cron_next(&cron, tz, 0) < 0);
    tz_free(tz);
}

/* Paris: at 2026-03-29 02:00 the clock goes to 03:00 (01:00 UTC). */
static void the_missing_hour_runs_at_its_end(void **state)
{
    (void)state;
    expect("30 2 * * *", "Europe/Paris", "2026-03-28 12:00:00", "2026-03-29 01:00:00");
    expect("30 2 * * *", "Europe/Paris", "2026-03-29 01:00:00", "2026-03-30 00:30:00");
    expect("0,20,40 2 * * *", "Europe/Paris", "2026-03-29 01:00:00", "2026-03-30 00:00:00");
    expect("0 2,3 * * *", "Europe/Paris", "2026-03-29 01:00:00", "2026-03-30 00:00:00");
    expect("*/30 * * * *", "Europe/Paris", "2026-03-29 00:30:00", "2026-03-29 01:00:00");
}

/* Lord Howe goes by half an hour: 02:00 to 02:30 on 2026-10-04 (2026-10-03 15:30 UTC). */
static void half_an_hour_is_missing(void **state)
{
    (void)state;
    expect("10 2 * * *", "Australia/Lord_Howe", "2026-10-03 00:00:00", "2026-10-03 15:30:00");
    expect("45 2 * * *", "Australia/Lord_Howe", "2026-10-03 00:00:00", "2026-10-03 15:45:00");
}

/* Cairo: midnight itself is missing on 2026-04-24 (2026-04-23 22:00 UTC). */
static void midnight_is_missing(void **state)
{
    (void)state;
    expect("@daily", "Africa/Cairo", "2026-04-23 12:00:00", "2026-04-23 22:00:00");
    expect("@hourly", "Africa/Cairo", "2026-04-23 21:00:00", "2026-04-23 22:00:00");
}

/* Paris: at 2026-10-25 03:00 the clock goes back to 02:00 (01:00 UTC). */
static void the_hour_that_comes_twice_runs_once(void **state)
{
    (void)state;
    expect("30 2 * * *", "Europe/Paris", "2026-10-24 12:00:00", "2026-10-25 00:30:00");
    expect("30 2 * * *", "Europe/Paris", "2026-10-25 00:30:00", "2026-10-26 01:30:00");
    expect("30 2 * * *", "Europe/Paris", "2026-10-25 01:10:00", "2026-10-26 01:30:00");
}

static void every_hour_goes_by_real_time(void **state)
{
    (void)state;
    expect("30 * * * *", "Europe/Paris", "2026-10-25 00:30:00", "2026-10-25 01:30:00");
    expect("*/20 * * * *", "Europe/Paris", "2026-10-25 00:40:00", "2026-10-25 01:00:00");
}

static void shorthands(void **state)
{
    (void)state;
    expect("@hourly", "UTC", "2026-11-23 12:00:00", "2026-11-23 13:00:00");
    expect("@daily", "UTC", "2026-11-23 12:00:00", "2026-11-24 00:00:00");
    expect("@midnight", "UTC", "2026-11-23 12:00:00", "2026-11-24 00:00:00");
    expect("@weekly", "UTC", "2026-11-23 12:00:00", "2026-11-29 00:00:00");
    expect("@monthly", "UTC", "2026-11-23 12:00:00", "2026-12-01 00:00:00");
    expect("@yearly", "UTC", "2026-11-23 12:00:00", "2027-01-01 00:00:00");
}

static void mistakes_are_named(void **state)
{
    (void)state;
    refuse("", "0 fields instead of 5");
    refuse("* * * *", "4 fields instead of 5");
    refuse("* * * * * *", "6 fields instead of 5");
    refuse("60 * * * *", "minute: 60 is not between 0 and 59");
    refuse("* 24 * * *", "hour: 24 is not between 0 and 23");
    refuse("* * 0 * *", "day of the month: 0 is not between 1 and 31");
    refuse("* * * 13 *", "month: 13 is not between 1 and 12");
    refuse("* * * * 8", "day of the week: 8 is not between 0 and 7");
    refuse("* * * foo *", "month: \"foo\" is not a number or a name of three letters");
    refuse("5-1 * * * *", "minute: the range 5-1 runs backwards");
    refuse("*/0 * * * *", "minute: the step \"0\"");
    refuse("*/x * * * *", "minute: the step \"x\"");
    refuse("1,,2 * * * *", "minute: \"\" is not a number");
    refuse("-1 * * * *", "minute: \"\" is not a number");
    refuse("*-5 * * * *", "minute: \"*-5\" is not a range");
    refuse("@often", "\"@often\" is not known");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_times),
        cmocka_unit_test(the_local_day_counts),
        cmocka_unit_test(days_of_the_week),
        cmocka_unit_test(two_restricted_days_are_either),
        cmocka_unit_test(leap_day),
        cmocka_unit_test(a_day_that_never_comes),
        cmocka_unit_test(the_missing_hour_runs_at_its_end),
        cmocka_unit_test(half_an_hour_is_missing),
        cmocka_unit_test(midnight_is_missing),
        cmocka_unit_test(the_hour_that_comes_twice_runs_once),
        cmocka_unit_test(every_hour_goes_by_real_time),
        cmocka_unit_test(shorthands),
        cmocka_unit_test(mistakes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
