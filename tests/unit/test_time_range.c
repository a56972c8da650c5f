#include "base/buf.h"
#include "base/tz.h"
#include "core/time_range.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

#define NOW_MS INT64_C(1795435200000) /* Monday 2026-11-23 12:00 UTC */

static const char *zone_name = "UTC";

/* "2022-01-01 .. 2022-12-31": a start at midnight and an end at a day's last millisecond are
 * written as dates, else with their time; "open"; or the error's code and text. */
static void describe(const char *text, struct buf *out)
{
    struct err err = { 0 };
    struct time_range range;
    struct tz *tz = tz_load(zone_name, &err);
    int rc = time_range_parse(text, strlen(text), tz, NOW_MS, &range, &err);
    for (int side = 0; side < 2 && rc == OK; side++) {
        struct civil at;
        bool has = side ? range.has_end : range.has_start;
        int64_t ms = side ? range.end_ms : range.start_ms;
        tz_to_local(tz, side ? ms + 1 : ms, &at);
        bool is_day = at.hour == 0 && at.minute == 0 && at.second == 0;
        tz_to_local(tz, ms, &at);
        buf_puts(out, side ? " .. " : "");
        if (!has)
            buf_puts(out, "open");
        else if (is_day)
            buf_printf(out, "%04d-%02d-%02d", at.year, at.month, at.day);
        else
            buf_printf(out, "%04d-%02d-%02d %02d:%02d:%02d", at.year, at.month, at.day, at.hour,
                       at.minute, at.second);
    }
    if (rc != OK)
        buf_printf(out, "%s: %s", err_name(rc), err.msg);
    tz_free(tz);
}

struct vector {
    const char *text, *wanted; /* the beginning of what describe() gives */
};

static void check_all(const struct vector *vectors, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        AUTO_BUF struct buf got = BUF_INIT;
        describe(vectors[i].text, &got);
        if (strncmp(buf_text(&got), vectors[i].wanted, strlen(vectors[i].wanted)) != 0)
            fail_msg("\"%s\"\nwanted %s\ngot    %s", vectors[i].text, vectors[i].wanted,
                     buf_text(&got));
    }
}

#define CHECK_ALL(vectors) check_all(vectors, sizeof(vectors) / sizeof(*(vectors)))

static void test_the_vectors_of_the_reference(void **state)
{
    (void)state;
    static const struct vector VECTORS[] = {
        { "2022", "2022-01-01 .. 2022-12-31" },
        { "I2022", "2022-01-03 .. 2023-01-01" },
        { "2022/Q1", "2022-01-03 .. 2022-04-03" },
        { "2022Q1", "2022-01-03 .. 2022-04-03" },
        { "2020/Q4", "2020-09-28 .. 2021-01-03" },
        { "2024/Q4", "2024-09-30 .. 2024-12-29" },
        { "Q1", "2025-12-29 .. 2026-03-29" },
        { "W5", "2026-01-26 .. 2026-02-01" },
        { "w05", "2026-01-26 .. 2026-02-01" },
        { "2026/W53", "2026-12-28 .. 2027-01-03" },
        { "2025/W53", "invalid: Invalid week" },
        { "current_quarter", "2026-09-28 .. 2027-01-03" },
        { "last_quarter", "2026-06-29 .. 2026-09-27" },
        { "current_week", "2026-11-23 .. 2026-11-29" },
        { "last_week", "2026-11-16 .. 2026-11-22" },
        { "now", "2026-11-23 .. 2026-11-23" },
        { "today", "2026-11-23 .. 2026-11-23" },
        { "2 weeks ago", "2026-11-09 .. 2026-11-15" },
        { "3 hours ago", "2026-11-23 .. 2026-11-23" },
        { "last month", "2026-10-01 .. 2026-10-31" },
        { "last year", "2024-12-30 .. 2025-12-28" },
        { "this week", "2026-11-23 .. 2026-11-29" },
        { "May 2022", "2022-05-01 .. 2022-05-31" },
        { "2022/05", "2022-05-01 .. 2022-05-31" },
        { "2022/05/03", "2022-05-03 .. 2022-05-03" },
        { "2020-2021", "2020-01-01 .. 2021-12-31" },
        { "Q1 - now", "2025-12-29 .. 2026-11-23" },
        { "2022/Q1 - May 2022", "2022-01-03 .. 2022-05-31" },
        { "1577883600 - 1578009540", "2020-01-01 13:00:00 .. 2020-01-02 23:59:00" },
        { "6:00 am - 1:00 pm", "2026-11-23 06:00:00 .. 2026-11-23 13:00:00" },
        { "2022/05/03T10:15:30+00:00 - now", "2022-05-03 10:15:30 .. 2026-11-23" },
        { "2022/Q1 - ", "2022-01-03 .. open" },
        { "foo", "syntax: Invalid date range: foo." },
        { "W00", "syntax: Invalid date range" },
        { "previous_quarter", "syntax: Invalid date range" },
        { "2020-01-01 - 2020-01-31", "2020-01-01 .. 2020-01-31" },
    };
    CHECK_ALL(VECTORS);
}

/* Where the original fails or answers nonsense. */
static void test_what_the_original_cannot_read(void **state)
{
    (void)state;
    static const struct vector VECTORS[] = {
        { "2022-01-01", "2022-01-01 .. 2022-01-01" },
        { "2022-05", "2022-05-01 .. 2022-05-31" },
        { "2022-05-03T10:15:30+02:00", "2022-05-03 08:15:30 .. 2022-05-03 08:15:30" },
        { "2022-05-03T10:15:30-02:00 - now", "2022-05-03 12:15:30 .. 2026-11-23" },
        { "2022-05-03 10:15 - 2022-05-03 11:15", "2022-05-03 10:15:00 .. 2022-05-03 11:15:00" },
        { "2025/W53 - now", "syntax: Invalid week" }, /* was an HTTP 500 */
        { "W53 - 2020", "syntax: The start of the date range (2026-12-28" },
        { "2021 - 2020", "syntax: The start of the date range (2021-01-01 00:00:00) is after its "
                         "end (2020-12-31 23:59:59)." },
        { "2020-01-01 - 2020-02-01 - 2020-03-01", "syntax: Invalid date range: only one" },
        { "2020-01-01-2020-02-01", "syntax: Invalid date range: only one" },
        { " - ", "syntax: Invalid date range" },
        { "foo - bar", "syntax: Invalid date range" },
        { "- 2022", "open .. 2022-12-31" },
        { "", "open .. open" },
        { "  \t", "open .. open" },
    };
    CHECK_ALL(VECTORS);
}

static void test_english(void **state)
{
    (void)state;
    static const struct vector VECTORS[] = {
        { "yesterday", "2026-11-22 .. 2026-11-22" },
        { "Tomorrow", "2026-11-24 .. 2026-11-24" },
        { "yesterday at 14:30", "2026-11-22 14:30:00 .. 2026-11-22 14:30:00" },
        { "14:30 yesterday", "2026-11-22 14:30:00 .. 2026-11-22 14:30:00" },
        { "6am", "2026-11-23 06:00:00" },
        { "12:01 am", "2026-11-23 00:01:00" },
        { "12pm", "2026-11-23 12:00:00" },
        { "13 pm", "syntax" },
        { "a week ago", "2026-11-16 .. 2026-11-22" },
        { "two months ago", "2026-09-01 .. 2026-09-30" },
        { "one day ago", "2026-11-22 .. 2026-11-22" },
        { "in 3 days", "2026-11-26 .. 2026-11-26" },
        { "13 hours ago", "2026-11-22 .. 2026-11-22" },
        { "2 years ago", "2024-01-01 .. 2024-12-29" },
        { "next month", "2026-12-01 .. 2026-12-31" },
        { "monday", "2026-11-23 .. 2026-11-23" },
        { "last monday", "2026-11-16 .. 2026-11-16" },
        { "next fri", "2026-11-27 .. 2026-11-27" },
        { "3 May 2022", "2022-05-03 .. 2022-05-03" },
        { "May 3rd, 2022", "2022-05-03 .. 2022-05-03" },
        { "Tuesday, 3 May 2022 10:00", "2022-05-03 10:00:00" },
        { "may", "2026-05-01 .. 2026-05-31" },
        { "May 3", "2026-05-03 .. 2026-05-03" },
        { "maybe", "syntax" },
        { "Sept 2021", "2021-09-01 .. 2021-09-30" },
        { "29 february 2023", "syntax" },
        { "29 feb 2024", "2024-02-29 .. 2024-02-29" },
        { "2022/13", "syntax" },
        { "2022/5", "2022-05-01 .. 2022-05-31" },
        { "999999 years ago", "syntax" },
        { "0000", "syntax" },
        { "W54", "syntax" },
        { "Q5", "syntax" },
        { "/", "syntax" },
        { "I", "syntax" },
    };
    CHECK_ALL(VECTORS);
}

/* The day on which the clocks change has 23 or 25 hours, and all of them belong to it. */
static void test_days_of_a_zone_begin_at_its_midnight(void **state)
{
    (void)state;
    struct err err;
    struct time_range range;
    struct tz *tz = tz_load("Europe/Paris", &err);
    assert_int_equal(time_range_parse("2026-10-25", 10, tz, NOW_MS, &range, &err), OK);
    assert_int_equal(range.end_ms + 1 - range.start_ms, 25 * 3600 * 1000);
    assert_int_equal(time_range_parse("2026-03-29", 10, tz, NOW_MS, &range, &err), OK);
    assert_int_equal(range.end_ms + 1 - range.start_ms, 23 * 3600 * 1000);
    assert_int_equal(time_range_parse("2026-03-29", 10, tz, NOW_MS, &range, &err), OK);
    assert_true(range.start_ms == INT64_C(1774738800000));
    tz_free(tz);
    zone_name = "America/New_York";
    static const struct vector VECTORS[] = {
        { "today", "2026-11-23 .. 2026-11-23" },
        { "13 hours ago", "2026-11-22 .. 2026-11-22" },
        { "2022-05-03T00:00:00Z", "2022-05-02 20:00:00" },
    };
    CHECK_ALL(VECTORS);
    zone_name = "UTC";
}

/* Whatever is read is in order, ends a day late at most and reads back from its own dates. */
static void test_weeks_tile_the_years(void **state)
{
    (void)state;
    struct err err;
    struct tz *tz = tz_load("UTC", &err);
    int64_t next_ms = 0;
    for (int year = 1990; year < 2060; year++) {
        struct time_range whole, week;
        char text[32];
        snprintf(text, sizeof(text), "I%d", year);
        assert_int_equal(time_range_parse(text, strlen(text), tz, NOW_MS, &whole, &err), OK);
        assert_true(!next_ms || whole.start_ms == next_ms);
        next_ms = whole.start_ms;
        for (int number = 1; number <= 53; number++) {
            snprintf(text, sizeof(text), "%d/W%d", year, number);
            int rc = time_range_parse(text, strlen(text), tz, NOW_MS, &week, &err);
            if (number == 53 && rc != OK) {
                assert_int_equal(rc, ERR_INVALID);
                break;
            }
            assert_int_equal(rc, OK);
            assert_true(week.start_ms == next_ms);
            next_ms = week.end_ms + 1;
        }
        assert_true(next_ms == whole.end_ms + 1);
        next_ms = whole.start_ms;
        for (int quarter = 1; quarter <= 4; quarter++) {
            snprintf(text, sizeof(text), "%dQ%d", year, quarter);
            assert_int_equal(time_range_parse(text, strlen(text), tz, NOW_MS, &week, &err), OK);
            assert_true(week.start_ms == next_ms);
            next_ms = week.end_ms + 1;
        }
        assert_true(next_ms == whole.end_ms + 1);
    }
    tz_free(tz);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_vectors_of_the_reference),
        cmocka_unit_test(test_what_the_original_cannot_read),
        cmocka_unit_test(test_english),
        cmocka_unit_test(test_days_of_a_zone_begin_at_its_midnight),
        cmocka_unit_test(test_weeks_tile_the_years),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
