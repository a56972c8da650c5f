/* incident_filter_bounds - filters with one value each. An empty value is no filter. */
#include "api/incident_filter_internal.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/tz.h"
#include "core/moment.h"
#include "core/status.h"
#include "core/time_range.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { DATE_MAX = 64 };

static const int64_t DAY_MS = 24 * 3600 * 1000;
static const int64_t LARGEST = INT64_C(1000000000000000000); /* above every id */

/* The last value of <name>; NULL when it is absent or empty. */
static const struct form_field *given(const struct filter_reading *r, const char *name)
{
    const struct form_field *field = form_last(r->filter->form, name);
    return field && field->value_len > 0 ? field : NULL;
}

static void add_condition(struct filter_reading *r, const char *sql, struct db_value value)
{
    if (filter_add_value(r, value))
        buf_puts(&r->filter->sql, sql);
}

static void add_int(struct filter_reading *r, const char *sql, int64_t number)
{
    add_condition(r, sql, (struct db_value){ .type = 'i', .i = number });
}

/* ---- numbers */

/* Blanks around a value mean nothing. */
static void trim(const char **text, size_t *len)
{
    while (*len && isspace((unsigned char)**text))
        ++*text, --*len;
    while (*len && isspace((unsigned char)(*text)[*len - 1]))
        --*len;
}

/* "398", "-1", "+398.50": the whole number at or below it, or with <is_up> at or above it. What is
 * larger than any id is the largest number. */
static bool read_decimal(const struct form_field *field, bool is_up, int64_t *out)
{
    const char *text = field->value;
    size_t len = field->value_len;
    trim(&text, &len);
    bool is_negative = len && *text == '-';
    if (is_negative || (len && *text == '+'))
        text++, len--;
    size_t digits = strspn(text, "0123456789");
    size_t point = digits < len && text[digits] == '.';
    size_t decimals = point ? strspn(text + digits + 1, "0123456789") : 0;
    if (digits + point + decimals != len || digits + decimals == 0)
        return false;
    int64_t number = 0;
    for (size_t i = 0; i < digits; i++)
        number = number < LARGEST / 10 ? number * 10 + (text[i] - '0') : LARGEST;
    bool has_rest = point && strspn(text + digits + 1, "0") < decimals;
    number = is_negative ? -number : number;
    number -= is_negative && has_rest;
    *out = number + (has_rest && is_up);
    return true;
}

static void read_number_bounds(struct filter_reading *r)
{
    static const struct {
        const char *name, *sql;
        bool is_up;
    } BOUNDS[] = {
        { "id__gte", " AND i.id >= ?", true },
        { "id__lte", " AND i.id <= ?", false },
        { "id__gt", " AND i.id > ?", false },
        { "id__lt", " AND i.id < ?", true },
    };
    for (size_t i = 0; i < sizeof(BOUNDS) / sizeof(*BOUNDS); i++) {
        const struct form_field *field = given(r, BOUNDS[i].name);
        int64_t number;
        if (!field)
            continue;
        if (read_decimal(field, BOUNDS[i].is_up, &number))
            add_int(r, BOUNDS[i].sql, number);
        else
            api_errors_add(r->errors, "invalid", BOUNDS[i].name, "Enter a number.");
    }
}

/* Which statuses are within: a set has an index, a range of it would be read to its end. */
static void read_status_bounds(struct filter_reading *r)
{
    static const struct {
        const char *name;
        bool is_up, is_below, is_equal;
    } BOUNDS[] = {
        { .name = "_status__gte", .is_up = true, .is_equal = true },
        { .name = "_status__lte", .is_below = true, .is_equal = true },
        { .name = "_status__gt" },
        { .name = "_status__lt", .is_up = true, .is_below = true },
    };
    for (size_t i = 0; i < sizeof(BOUNDS) / sizeof(*BOUNDS); i++) {
        const struct form_field *field = given(r, BOUNDS[i].name);
        int64_t number;
        if (!field)
            continue;
        if (!read_decimal(field, BOUNDS[i].is_up, &number)) {
            api_errors_add(r->errors, "invalid", BOUNDS[i].name, "Enter a number.");
            continue;
        }
        unsigned within = 0;
        for (int status = STATUS_OPEN; status <= STATUS_CLOSED; status += 10)
            if ((BOUNDS[i].is_equal && status == number) ||
                (BOUNDS[i].is_below ? status < number : status > number))
                within |= FILTER_STATUS(status);
        r->statuses &= within;
    }
}

/* What is no number is equal to none. */
static void read_id(struct filter_reading *r, const char *name)
{
    const struct form_field *field = given(r, name);
    int64_t number;
    if (field && filter_read_number(field->value, field->value_len, &number))
        add_int(r, " AND i.id = ?", number);
    else if (field)
        buf_puts(&r->filter->sql, " AND 1 = 0");
}

/* " AND <column> IN (?,?)" for the items between commas; <is_number>: they are numbers. */
static void read_list(struct filter_reading *r, const char *name, const char *column,
                      bool is_number)
{
    const struct form_field *field = given(r, name);
    int count = 0;
    for (const char *at = field ? field->value : ""; field; at++) {
        size_t len = strcspn(at, ",");
        struct db_value value = { .type = is_number ? 'i' : 'n', .t = at, .n = len };
        if (is_number)
            trim(&value.t, &value.n);
        if (is_number && !filter_read_number(value.t, value.n, &value.i)) {
            api_errors_add(r->errors, "invalid", name, "Enter numbers with commas between them.");
            return;
        }
        if (!filter_add_value(r, value))
            return;
        buf_printf(&r->filter->sql, count++ ? ",?" : " AND %s IN (?", column);
        at += len;
        if (!*at)
            break;
    }
    if (count)
        buf_putc(&r->filter->sql, ')');
}

/* ---- words */

static void read_environment(struct filter_reading *r)
{
    const struct form_field *field = given(r, "environment__value");
    if (field)
        add_condition(r, " AND @i.environment_id IN (SELECT id FROM environment WHERE value = ?)",
                      (struct db_value){ .type = 'n', .t = field->value, .n = field->value_len });
    if (!given(r, "environment__value__in"))
        return;
    read_list(r, "environment__value__in",
              "@i.environment_id IN (SELECT id FROM environment WHERE value", false);
    buf_putc(&r->filter->sql, ')');
}

/* Words that are neither yes nor no are no filter: clients rely on it. */
static void read_ignore(struct filter_reading *r)
{
    static const struct {
        const char *word;
        int value;
    } WORDS[] = { { "true", 1 },  { "True", 1 },  { "2", 1 },
                  { "false", 0 }, { "False", 0 }, { "3", 0 } };
    const struct form_field *field = given(r, "ignore");
    for (size_t i = 0; field && i < sizeof(WORDS) / sizeof(*WORDS); i++)
        if (!strcmp(field->value, WORDS[i].word))
            add_int(r, " AND i.is_ignored = ?", WORDS[i].value);
}

/* ---- times */

static void read_range(struct filter_reading *r)
{
    const struct form_field *field = given(r, "created_at");
    struct time_range range;
    struct err err = { 0 };
    if (!field)
        return;
    int rc = time_range_parse(field->value, field->value_len, r->read->zone, clock_now_ms(), &range,
                              &err);
    if (rc != OK) {
        api_errors_add(r->errors, rc == ERR_INVALID ? "invalid" : NULL, "created_at", "%s",
                       err.msg);
        return;
    }
    if (range.has_start && range.start_ms > r->created_from_ms)
        r->created_from_ms = range.start_ms;
    if (range.has_end && range.end_ms < r->created_to_ms)
        r->created_to_ms = range.end_ms;
}

/* "05/03/2022 10:00" and "5/3/22" as "2022-05-03 10:00": the American order that clients may send. Others stay. */
static void put_year_first(const char *text, char out[DATE_MAX])
{
    int month, day, year, end = 0;
    copy_text(out, DATE_MAX, text);
    if (strcspn(text, "/") > 2 || sscanf(text, "%2d/%2d/%4d%n", &month, &day, &year, &end) != 3 ||
        !end)
        return;
    if (year < 100)
        year += year < 69 ? 2000 : 1900;
    snprintf(out, DATE_MAX, "%04d-%02d-%02d%.40s", year % 10000, month % 100, day % 100,
             text + end);
}

/* An instant, or the midnight that a day begins with. */
static bool read_instant(const struct filter_reading *r, const struct form_field *field,
                         int64_t *at_ms)
{
    struct moment moment;
    char text[DATE_MAX];
    if (field->value_len >= DATE_MAX)
        return false;
    put_year_first(field->value, text);
    if (!strpbrk(text, "0123456789") ||
        !moment_read(text, strlen(text), r->read->zone, clock_now_ms(), &moment))
        return false;
    struct civil midnight = { .year = moment.date.year,
                              .month = moment.date.month,
                              .day = moment.date.day };
    *at_ms = moment.period == MOMENT_INSTANT ? moment.instant_ms
                                             : tz_from_local(r->read->zone, &midnight);
    return (moment.period == MOMENT_INSTANT || moment.period == MOMENT_DAY) &&
           *at_ms > -DAY_MS * 365 * 3000;
}

static void read_time_bounds(struct filter_reading *r)
{
    static const struct {
        const char *name;
        int to_add_ms; /* until the first, or the last, instant that is within */
        bool is_end;
    } BOUNDS[] = {
        { "created_at__gte", 0, false },
        { "created_at__lte", 0, true },
        { "created_at__gt", 1, false },
        { "created_at__lt", -1, true },
    };
    for (size_t i = 0; i < sizeof(BOUNDS) / sizeof(*BOUNDS); i++) {
        const struct form_field *field = given(r, BOUNDS[i].name);
        int64_t at_ms;
        if (!field)
            continue;
        if (!read_instant(r, field, &at_ms)) {
            api_errors_add(r->errors, "invalid", BOUNDS[i].name, "Enter a valid date/time.");
            continue;
        }
        at_ms += BOUNDS[i].to_add_ms;
        if (BOUNDS[i].is_end && at_ms < r->created_to_ms)
            r->created_to_ms = at_ms;
        if (!BOUNDS[i].is_end && at_ms > r->created_from_ms)
            r->created_from_ms = at_ms;
    }
}

void filter_read_bounds(struct filter_reading *r)
{
    read_id(r, "id");
    read_id(r, "id__iexact");
    read_number_bounds(r);
    read_status_bounds(r);
    read_list(r, "id__in", "i.id", true);
    read_environment(r);
    read_ignore(r);
    read_range(r);
    read_time_bounds(r);
}
