#include "base/iso_time.h"

#include "base/civil.h"
#include "base/tz.h"

#include <stdbool.h>
#include <string.h>

struct cursor {
    const char *at, *end;
};

static bool take(struct cursor *cursor, char c)
{
    if (cursor->at == cursor->end || *cursor->at != c)
        return false;
    cursor->at++;
    return true;
}

static bool is_digit(const struct cursor *cursor)
{
    return cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9';
}

/* Exactly <digits> of them, a number from <least> to <most>. */
static bool take_number(struct cursor *cursor, int digits, int least, int most, int *value)
{
    *value = 0;
    for (int i = 0; i < digits; i++) {
        if (!is_digit(cursor))
            return false;
        *value = *value * 10 + (*cursor->at++ - '0');
    }
    return *value >= least && *value <= most;
}

static bool take_date(struct cursor *cursor, struct civil *date)
{
    struct civil real;
    bool is_date = take_number(cursor, 4, 0, 9999, &date->year) && take(cursor, '-') &&
                   take_number(cursor, 2, 1, 12, &date->month) && take(cursor, '-') &&
                   take_number(cursor, 2, 1, 31, &date->day);
    if (!is_date)
        return false;
    civil_from_seconds(civil_to_seconds(date), &real);
    return real.day == date->day; /* else the month is shorter */
}

/* What follows the seconds: digits below the millisecond are dropped. */
static bool take_fraction(struct cursor *cursor, int *millis)
{
    int scale = 100;
    if (!take(cursor, '.') && !take(cursor, ','))
        return true;
    if (!is_digit(cursor))
        return false;
    for (; is_digit(cursor); scale /= 10)
        *millis += (*cursor->at++ - '0') * scale;
    return true;
}

static bool take_time(struct cursor *cursor, struct civil *date, int *millis)
{
    bool is_time = take_number(cursor, 2, 0, 23, &date->hour) && take(cursor, ':') &&
                   take_number(cursor, 2, 0, 59, &date->minute);
    if (!is_time || !take(cursor, ':'))
        return is_time;
    return take_number(cursor, 2, 0, 60, &date->second) && take_fraction(cursor, millis);
}

/* "Z", "+01:00", "+0100" or nothing. */
static bool take_offset(struct cursor *cursor, bool *has_offset, int *offset_s)
{
    int hours, minutes;
    *has_offset = cursor->at < cursor->end;
    *offset_s = 0;
    if (!*has_offset || take(cursor, 'Z') || take(cursor, 'z'))
        return true;
    int sign = take(cursor, '+') ? 1 : take(cursor, '-') ? -1 : 0;
    if (sign == 0 || !take_number(cursor, 2, 0, 23, &hours))
        return false;
    (void)take(cursor, ':');
    if (!take_number(cursor, 2, 0, 59, &minutes))
        return false;
    *offset_s = sign * (hours * 3600 + minutes * 60);
    return true;
}

int iso_time_parse(const char *text, size_t len, const struct tz *zone, int64_t *ms,
                   struct err *err)
{
    struct cursor cursor = { text, text + len };
    struct civil date = { 0 };
    int millis = 0, offset_s = 0;
    bool has_offset = false;
    bool is_valid = take_date(&cursor, &date);
    if (is_valid && (take(&cursor, 'T') || take(&cursor, 't') || take(&cursor, ' ')))
        is_valid =
            take_time(&cursor, &date, &millis) && take_offset(&cursor, &has_offset, &offset_s);
    if (!is_valid || cursor.at != cursor.end)
        return err_set(err, ERR_INVALID, "not a date and time like 2026-11-23T14:02:11Z");
    if (has_offset)
        *ms = (civil_to_seconds(&date) - offset_s) * 1000 + millis;
    else
        *ms = tz_from_local(zone, &date) + millis;
    return OK;
}
