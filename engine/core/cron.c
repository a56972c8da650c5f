#include "core/cron.h"

#include "base/civil.h"
#include "base/tz.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    MINUTE_MS = 60 * 1000,
    ALL_HOURS = (1 << 24) - 1,
    DAYS_SEARCHED = 366 * 9, /* February 29 may be eight years away */
    FIELD_TEXT_SIZE = 128,
};

/* ---- reading --------------------------------------------------------------------------------- */

struct field_rule {
    const char *name;
    int least, most;
    const char *const *names; /* of the values from <least> on; NULL: numbers only */
};

static const char *const MONTHS[] = { "jan", "feb", "mar", "apr", "may", "jun", "jul",
                                      "aug", "sep", "oct", "nov", "dec", NULL };
static const char *const WEEKDAYS[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL };

enum { FIELD_COUNT = 5 };
static const struct field_rule RULES[FIELD_COUNT] = {
    { "minute", 0, 59, NULL },
    { "hour", 0, 23, NULL },
    { "day of the month", 1, 31, NULL },
    { "month", 1, 12, MONTHS },
    { "day of the week", 0, 7, WEEKDAYS },
};

static const struct {
    const char *name, *text;
} SHORTHANDS[] = {
    { "@hourly", "0 * * * *" },   { "@daily", "0 0 * * *" },   { "@midnight", "0 0 * * *" },
    { "@weekly", "0 0 * * 0" },   { "@monthly", "0 0 1 * *" }, { "@yearly", "0 0 1 1 *" },
    { "@annually", "0 0 1 1 *" },
};

static int read_number(const char *text, int *value)
{
    if (!*text || strlen(text) > 4)
        return ERR_INVALID;
    for (const char *c = text; *c; c++)
        if (!isdigit((unsigned char)*c))
            return ERR_INVALID;
    *value = atoi(text);
    return OK;
}

static int read_value(const struct field_rule *rule, const char *text, int *value, struct err *err)
{
    for (int i = 0; rule->names && rule->names[i]; i++) {
        if (strcasecmp(text, rule->names[i]) == 0) {
            *value = rule->least + i;
            return OK;
        }
    }
    if (read_number(text, value) != OK)
        return err_set(err, ERR_INVALID, "%s: \"%s\" is not a number%s", rule->name, text,
                       rule->names ? " or a name of three letters" : "");
    if (*value < rule->least || *value > rule->most)
        return err_set(err, ERR_INVALID, "%s: %s is not between %d and %d", rule->name, text,
                       rule->least, rule->most);
    return OK;
}

static int read_step(const struct field_rule *rule, const char *text, int *step, struct err *err)
{
    if (read_number(text, step) != OK || *step < 1 || *step > rule->most)
        return err_set(err, ERR_INVALID, "%s: the step \"%s\" is not between 1 and %d", rule->name,
                       text, rule->most);
    return OK;
}

/* One item of a list: "*", "5", "1-5", with "/2" behind it. Cut up in place. */
static int read_item(const struct field_rule *rule, char *item, uint64_t *bits, struct err *err)
{
    int step = 1, first = rule->least, last = rule->most;
    char *slash = strchr(item, '/');
    if (slash) {
        *slash = '\0';
        if (read_step(rule, slash + 1, &step, err) != OK)
            return ERR_INVALID;
    }
    char *dash = strchr(item, '-');
    if (dash)
        *dash = '\0';
    if (strcmp(item, "*") != 0) {
        if (read_value(rule, item, &first, err) != OK)
            return ERR_INVALID;
        if (dash && read_value(rule, dash + 1, &last, err) != OK)
            return ERR_INVALID;
        if (!dash && !slash)
            last = first;
    } else if (dash) {
        return err_set(err, ERR_INVALID, "%s: \"*-%s\" is not a range", rule->name, dash + 1);
    }
    if (first > last)
        return err_set(err, ERR_INVALID, "%s: the range %d-%d runs backwards", rule->name, first,
                       last);
    for (int value = first; value <= last; value += step)
        *bits |= 1ULL << value;
    return OK;
}

static int read_field(const struct field_rule *rule, char *text, uint64_t *bits, struct err *err)
{
    *bits = 0;
    for (char *rest = text, *item; (item = strsep(&rest, ",")) != NULL;)
        if (read_item(rule, item, bits, err) != OK)
            return ERR_INVALID;
    return OK;
}

static const char *expand_shorthand(const char *text)
{
    for (size_t i = 0; i < sizeof(SHORTHANDS) / sizeof(SHORTHANDS[0]); i++)
        if (strcasecmp(text, SHORTHANDS[i].name) == 0)
            return SHORTHANDS[i].text;
    return text;
}

int cron_parse(const char *text, struct cron *out, struct err *err)
{
    char copy[FIELD_TEXT_SIZE];
    uint64_t bits[FIELD_COUNT];
    bool is_any[FIELD_COUNT];
    int count = 0;
    const char *expanded = expand_shorthand(text);
    if (*expanded == '@')
        return err_set(
            err, ERR_INVALID,
            "\"%s\" is not known (there are @hourly, @daily, @weekly, @monthly, @yearly)", text);
    if (strlen(expanded) >= sizeof(copy))
        return err_set(err, ERR_INVALID, "longer than %zu characters", sizeof(copy) - 1);
    memcpy(copy, expanded, strlen(expanded) + 1);
    char *state = NULL;
    for (char *field = strtok_r(copy, " \t", &state); field;
         field = strtok_r(NULL, " \t", &state)) {
        if (count < FIELD_COUNT) {
            is_any[count] = *field == '*';
            if (read_field(&RULES[count], field, &bits[count], err) != OK)
                return ERR_INVALID;
        }
        count++;
    }
    if (count != FIELD_COUNT)
        return err_set(err, ERR_INVALID,
                       "%d fields instead of 5 (minute, hour, day of the month, month, day of the "
                       "week)",
                       count);
    *out = (struct cron){
        .minutes = bits[0],
        .hours = (uint32_t)bits[1],
        .days = (uint32_t)bits[2],
        .months = (uint32_t)bits[3],
        .weekdays = (uint32_t)((bits[4] | bits[4] >> 7) & 0x7f), /* 7 is Sunday, too */
        .any_day = is_any[2],
        .any_weekday = is_any[4],
    };
    return OK;
}

/* ---- the next time --------------------------------------------------------------------------- */

/* <date>: year, month, day and weekday. As everywhere: two restricted days are "or". */
static bool matches_day(const struct cron *cron, const struct civil *date)
{
    bool day = cron->days >> date->day & 1;
    bool weekday = cron->weekdays >> date->weekday & 1;
    if (!(cron->months >> date->month & 1))
        return false;
    return cron->any_day || cron->any_weekday ? day && weekday : day || weekday;
}

static bool is_same_time(const struct civil *a, const struct civil *b)
{
    return a->day == b->day && a->hour == b->hour && a->minute == b->minute;
}

/* The instant at which the clock was put forward, somewhere in the day before <later_ms>. */
static int64_t find_gap_end(const struct tz *tz, int64_t later_ms)
{
    struct civil civil;
    tz_to_local(tz, later_ms, &civil);
    int offset_s = civil.offset_s;
    int64_t before_s = later_ms / 1000 - 24 * 3600, after_s = later_ms / 1000;
    while (after_s - before_s > 1) {
        int64_t middle_s = before_s + (after_s - before_s) / 2;
        tz_to_local(tz, middle_s * 1000, &civil);
        if (civil.offset_s == offset_s)
            after_s = middle_s;
        else
            before_s = middle_s;
    }
    return after_s * 1000;
}

/* The instant of a local time of day; the end of the gap when there is no such time that day. */
static int64_t instant_of(const struct tz *tz, const struct civil *date, int hour, int minute)
{
    struct civil wanted = {
        .year = date->year, .month = date->month, .day = date->day, .hour = hour, .minute = minute
    };
    struct civil found;
    int64_t at_ms = tz_from_local(tz, &wanted);
    tz_to_local(tz, at_ms, &found);
    return is_same_time(&wanted, &found) ? at_ms : find_gap_end(tz, at_ms);
}

/* The first matching time of <date> after <after_ms>, or -1. */
static int64_t first_of_day(const struct cron *cron, const struct tz *tz, const struct civil *date,
                            int64_t after_ms)
{
    for (int hour = 0; hour < 24; hour++) {
        if (!(cron->hours >> hour & 1))
            continue;
        for (int minute = 0; minute < 60; minute++) {
            if (!(cron->minutes >> minute & 1))
                continue;
            int64_t at_ms = instant_of(tz, date, hour, minute);
            if (at_ms > after_ms)
                return at_ms;
        }
    }
    return -1;
}

/* The same for an expression of every hour: goes through the minutes that really pass, so that the
 * hour that comes twice has its times twice. */
static int64_t first_of_day_by_minute(const struct cron *cron, const struct tz *tz,
                                      const struct civil *date, int64_t after_ms)
{
    struct civil at;
    int64_t start_ms = instant_of(tz, date, 0, 0);
    if (start_ms <= after_ms)
        start_ms = after_ms - after_ms % MINUTE_MS + MINUTE_MS;
    for (int64_t at_ms = start_ms;; at_ms += MINUTE_MS) {
        tz_to_local(tz, at_ms, &at);
        if (at.day != date->day)
            return -1;
        if (cron->minutes >> at.minute & 1)
            return at_ms;
    }
}

int64_t cron_next(const struct cron *cron, const struct tz *tz, int64_t after_ms)
{
    bool is_every_hour = cron->hours == ALL_HOURS;
    struct civil date;
    tz_to_local(tz, after_ms, &date);
    int64_t today = civil_to_days(date.year, date.month, date.day);
    for (int64_t day = today; day < today + DAYS_SEARCHED; day++) {
        civil_from_seconds(day * 24 * 3600, &date);
        if (!matches_day(cron, &date))
            continue;
        int64_t at_ms = is_every_hour ? first_of_day_by_minute(cron, tz, &date, after_ms)
                                      : first_of_day(cron, tz, &date, after_ms);
        if (at_ms >= 0)
            return at_ms;
    }
    return -1;
}
