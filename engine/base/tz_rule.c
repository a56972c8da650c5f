#include "base/tz_rule.h"

#include "base/civil.h"

#include <ctype.h>
#include <string.h>

enum { DAY_S = 86400, DEFAULT_TIME_S = 2 * 3600 };

/* The parsers below move *at on and answer false where the text is wrong. */

static bool parse_abbrev(const char **at, char abbrev[8])
{
    bool quoted = **at == '<';
    const char *begin = *at + quoted;
    const char *end = begin;
    while (quoted ? isalnum((unsigned char)*end) || *end == '+' || *end == '-'
                  : isalpha((unsigned char)*end))
        end++;
    size_t len = (size_t)(end - begin);
    if (len < 3 || len > 7 || (quoted && *end != '>'))
        return false;
    memcpy(abbrev, begin, len);
    abbrev[len] = '\0';
    *at = end + quoted;
    return true;
}

static bool parse_number(const char **at, int low, int high, int *value)
{
    if (!isdigit((unsigned char)**at))
        return false;
    int number = 0;
    while (isdigit((unsigned char)**at) && number <= high)
        number = number * 10 + (*(*at)++ - '0');
    *value = number;
    return number >= low && number <= high;
}

/* [+-]hh[:mm[:ss]] */
static bool parse_time(const char **at, int *time_s)
{
    int sign = **at == '-' ? -1 : 1;
    if (**at == '-' || **at == '+')
        (*at)++;
    int hours;
    int minutes = 0;
    int seconds = 0;
    if (!parse_number(at, 0, 167, &hours))
        return false;
    if (**at == ':') {
        (*at)++;
        if (!parse_number(at, 0, 59, &minutes))
            return false;
        if (**at == ':') {
            (*at)++;
            if (!parse_number(at, 0, 59, &seconds))
                return false;
        }
    }
    *time_s = sign * (hours * 3600 + minutes * 60 + seconds);
    return true;
}

/* Mm.w.d, Jn or n, then an optional /time */
static bool parse_day(const char **at, struct tz_rule_day *day)
{
    bool ok;
    if (**at == 'M') {
        (*at)++;
        day->kind = TZ_DAY_WEEKDAY;
        ok = parse_number(at, 1, 12, &day->month) && *(*at)++ == '.' &&
             parse_number(at, 1, 5, &day->week) && *(*at)++ == '.' &&
             parse_number(at, 0, 6, &day->day);
    } else if (**at == 'J') {
        (*at)++;
        day->kind = TZ_DAY_JULIAN;
        ok = parse_number(at, 1, 365, &day->day);
    } else {
        day->kind = TZ_DAY_ZERO_BASED;
        ok = parse_number(at, 0, 365, &day->day);
    }
    if (!ok)
        return false;
    day->time_s = DEFAULT_TIME_S;
    if (**at != '/')
        return true;
    (*at)++;
    return parse_time(at, &day->time_s);
}

bool tz_rule_parse(const char *text, struct tz_rule *rule)
{
    const char *at = text;
    *rule = (struct tz_rule){ 0 };
    int west_s;
    if (!parse_abbrev(&at, rule->standard.abbrev) || !parse_time(&at, &west_s))
        return false;
    rule->standard.offset_s = -west_s;
    if (!*at)
        return true;
    rule->has_summer = true;
    if (!parse_abbrev(&at, rule->summer.abbrev))
        return false;
    rule->summer.offset_s = rule->standard.offset_s + 3600;
    if (*at && *at != ',') {
        if (!parse_time(&at, &west_s))
            return false;
        rule->summer.offset_s = -west_s;
    }
    return *at++ == ',' && parse_day(&at, &rule->begin) && *at++ == ',' &&
           parse_day(&at, &rule->end) && !*at;
}

/* Days since the epoch of <day> in <year>. */
static int64_t day_in_year(const struct tz_rule_day *day, int year)
{
    if (day->kind == TZ_DAY_ZERO_BASED)
        return civil_to_days(year, 1, 1) + day->day;
    if (day->kind == TZ_DAY_JULIAN) {
        /* Counted on a year without 29 February. */
        bool is_leap = civil_to_days(year, 3, 1) - civil_to_days(year, 2, 28) == 2;
        return civil_to_days(year, 1, 1) + day->day - 1 + (is_leap && day->day >= 60);
    }
    int64_t first = civil_to_days(year, day->month, 1);
    int first_weekday = (int)((first % 7 + 11) % 7);
    int64_t found = first + (day->day - first_weekday + 7) % 7 + (day->week - 1) * 7;
    if (found >= civil_to_days(year, day->month + 1, 1))
        found -= 7;
    return found;
}

static int64_t change_in_year(const struct tz_rule_day *day, int year, int offset_before_s)
{
    return day_in_year(day, year) * DAY_S + day->time_s - offset_before_s;
}

const struct tz_type *tz_rule_at(const struct tz_rule *rule, int64_t seconds)
{
    if (!rule->has_summer)
        return &rule->standard;
    struct civil date;
    civil_from_seconds(seconds + rule->standard.offset_s, &date);
    int64_t begin = change_in_year(&rule->begin, date.year, rule->standard.offset_s);
    int64_t end = change_in_year(&rule->end, date.year, rule->summer.offset_s);
    /* In the south summer spans the new year. */
    bool is_summer =
        begin < end ? seconds >= begin && seconds < end : seconds >= begin || seconds < end;
    return is_summer ? &rule->summer : &rule->standard;
}
