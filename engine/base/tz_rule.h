/* tz_rule - the POSIX text for a zone's future: "CET-1CEST,M3.5.0,M10.5.0/3". Private to tz.c and its tests. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* What clocks show for a while. */
struct tz_type {
    int offset_s; /* seconds east of UTC */
    char abbrev[8];
};

/* A day of any year, and a time on it. */
struct tz_rule_day {
    enum { TZ_DAY_WEEKDAY, TZ_DAY_JULIAN, TZ_DAY_ZERO_BASED } kind;
    int month; /* WEEKDAY: 1 to 12 */
    int week;  /* WEEKDAY: 1 to 5, 5 is the last */
    int day; /* WEEKDAY: 0 is Sunday; JULIAN: 1 to 365 without 29 February; ZERO_BASED: 0 to 365 */
    int time_s; /* seconds after midnight of the local time then in force; may be negative or beyond a day */
};

struct tz_rule {
    struct tz_type standard;
    struct tz_type summer; /* used when has_summer */
    bool has_summer;
    struct tz_rule_day begin; /* of summer time */
    struct tz_rule_day end;
};

/* False when <text> is not such a rule. Summer time without its two dates is refused. */
bool tz_rule_parse(const char *text, struct tz_rule *rule);

/* The type in force at <seconds> since the epoch; borrowed from <rule>. */
const struct tz_type *tz_rule_at(const struct tz_rule *rule, int64_t seconds);
