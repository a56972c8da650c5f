/* Reading order: moment_read, then one function for each form of a day. A form either takes its
 * words from the reader or leaves the reader where it was. */
#include "core/moment.h"

#include "base/iso_time.h"
#include "base/tz.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST = 128, DAY_S = 86400, LONGEST_NUMBER = 6 };

struct reader {
    const char *at; /* lower case, NUL-terminated */
    const struct tz *tz;
    int64_t now_ms;
    struct civil today;
    enum moment_period period;
    struct civil date;
};

struct time_of_day {
    int hour, minute, second, millis;
};

static const char *const WEEKDAYS[] = { "sunday",   "monday", "tuesday", "wednesday",
                                        "thursday", "friday", "saturday" };
static const char *const MONTHS[] = { "january",   "february", "march",    "april",
                                      "may",       "june",     "july",     "august",
                                      "september", "october",  "november", "december" };

static void skip_spaces(struct reader *r)
{
    r->at += strspn(r->at, " \t,");
}

static bool is_at_end(struct reader *r)
{
    skip_spaces(r);
    return !*r->at;
}

/* A whole word: "may" is not taken from "maybe". */
static bool take_word(struct reader *r, const char *word)
{
    size_t len = strlen(word);
    skip_spaces(r);
    if (strncmp(r->at, word, len) != 0 || isalpha((unsigned char)r->at[len]))
        return false;
    r->at += len;
    return true;
}

/* The position in <words> of the word that comes, in full or as its first three letters; -1: none
 * of them. */
static int take_name(struct reader *r, const char *const *words, int count)
{
    skip_spaces(r);
    size_t len = 0;
    while (isalpha((unsigned char)r->at[len]))
        len++;
    for (int i = 0; i < count && len >= 3; i++) {
        bool is_short = len == 3 || (len == 4 && !strncmp(r->at, "sept", len));
        if (strncmp(r->at, words[i], len) != 0 || (!is_short && words[i][len]))
            continue;
        r->at += len;
        r->at += *r->at == '.';
        return i;
    }
    return -1;
}

/* 1 to LONGEST_NUMBER digits; how many, or 0. */
static int take_digits(struct reader *r, int *value)
{
    int digits = 0;
    *value = 0;
    while (isdigit((unsigned char)r->at[digits]) && digits <= LONGEST_NUMBER)
        *value = *value * 10 + (r->at[digits++] - '0');
    if (digits > LONGEST_NUMBER)
        return 0;
    r->at += digits;
    return digits;
}

/* ---- dates ------------------------------------------------------------------------------------ */

static void set_days(struct reader *r, int64_t days)
{
    civil_from_seconds(days * DAY_S, &r->date);
}

static int64_t days_of(const struct civil *date)
{
    return civil_to_days(date->year, date->month, date->day);
}

static bool is_date(int year, int month, int day)
{
    struct civil real;
    if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31)
        return false;
    civil_from_seconds(civil_to_days(year, month, day) * DAY_S, &real);
    return real.day == day;
}

static bool set_date(struct reader *r, enum moment_period period, int year, int month, int day)
{
    if (!is_date(year, month, day))
        return false;
    r->period = period;
    set_days(r, civil_to_days(year, month, day));
    return true;
}

/* Today, moved by <count> units. The unit is how precisely the answer is meant. */
static bool move(struct reader *r, const char *unit, int count)
{
    struct civil date = r->today;
    int64_t seconds = 0;
    int months = 0;
    r->period = MOMENT_DAY;
    if (!strcmp(unit, "second") || !strcmp(unit, "minute") || !strcmp(unit, "hour")) {
        seconds = (*unit == 's' ? 1 : *unit == 'm' ? 60 : 3600) * (int64_t)count;
        tz_to_local(r->tz, r->now_ms + seconds * 1000, &date);
    } else if (!strcmp(unit, "day")) {
        date.day += count;
    } else if (!strcmp(unit, "week")) {
        date.day += 7 * count;
        r->period = MOMENT_WEEK;
    } else {
        bool is_year = !strcmp(unit, "year");
        months = is_year ? 12 * count : count;
        r->period = is_year ? MOMENT_ISO_YEAR : MOMENT_MONTH;
        date.month += months;
        /* The 31st, moved to a month that ends earlier, is its last day. */
        int64_t next_month = civil_to_days(date.year, date.month + 1, 1);
        int64_t day = days_of(&date);
        set_days(r, day < next_month ? day : next_month - 1);
        return true;
    }
    set_days(r, days_of(&date));
    return true;
}

/* "day", "days" and so on; NULL when the next word is no unit. */
static const char *take_unit(struct reader *r)
{
    static const char *const UNITS[] = {
        "second", "minute", "hour", "day", "week", "month", "year"
    };
    for (size_t i = 0; i < sizeof(UNITS) / sizeof(*UNITS); i++) {
        char plural[16];
        snprintf(plural, sizeof(plural), "%ss", UNITS[i]);
        if (take_word(r, UNITS[i]) || take_word(r, plural))
            return UNITS[i];
    }
    return NULL;
}

static bool read_named_day(struct reader *r)
{
    static const struct {
        const char *word;
        int days;
    } NAMES[] = { { "now", 0 }, { "today", 0 }, { "yesterday", -1 }, { "tomorrow", 1 } };
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(*NAMES); i++)
        if (take_word(r, NAMES[i].word))
            return move(r, "day", NAMES[i].days);
    return false;
}

/* The day of that name in the seven days that end today; with <step>, weeks later or earlier. */
static bool set_weekday(struct reader *r, int weekday, int step)
{
    int back = (r->today.weekday - weekday + 7) % 7;
    if (step < 0 && back == 0)
        back = 7;
    r->period = MOMENT_DAY;
    set_days(r, days_of(&r->today) - back + (step > 0 ? 7 : 0));
    return true;
}

/* "last week", "this month", "next friday". */
static bool read_neighbour(struct reader *r)
{
    static const struct {
        const char *word;
        int step;
    } STEPS[] = { { "this", 0 },      { "current", 0 }, { "last", -1 },
                  { "previous", -1 }, { "past", -1 },   { "next", 1 } };
    for (size_t i = 0; i < sizeof(STEPS) / sizeof(*STEPS); i++) {
        if (!take_word(r, STEPS[i].word))
            continue;
        const char *unit = take_unit(r);
        if (unit)
            return move(r, unit, STEPS[i].step);
        int weekday = take_name(r, WEEKDAYS, 7);
        return weekday >= 0 && set_weekday(r, weekday, STEPS[i].step);
    }
    return false;
}

/* "3", "a", "two". */
static bool take_count(struct reader *r, int *count)
{
    static const char *const WORDS[] = { "an",  "a",     "two",   "three", "four", "five",
                                         "six", "seven", "eight", "nine",  "ten",  "twelve" };
    static const int VALUES[] = { 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12 };
    skip_spaces(r);
    if (take_digits(r, count))
        return true;
    for (size_t i = 0; i < sizeof(WORDS) / sizeof(*WORDS); i++) {
        *count = VALUES[i];
        if (take_word(r, WORDS[i]))
            return true;
    }
    return take_word(r, "one") && (*count = 1);
}

/* "3 hours ago", "in 2 weeks". */
static bool read_distance(struct reader *r)
{
    int count;
    bool is_ahead = take_word(r, "in");
    if (!take_count(r, &count))
        return false;
    const char *unit = take_unit(r);
    if (!unit || (!is_ahead && !take_word(r, "ago")))
        return false;
    return move(r, unit, is_ahead ? count : -count);
}

/* A year where a month was read, or this one. */
static bool take_year(struct reader *r, int *year)
{
    const char *before = r->at;
    skip_spaces(r);
    int digits = take_digits(r, year);
    if (digits == 4 && *r->at != ':')
        return true;
    *year = r->today.year;
    r->at = before;
    return false;
}

/* A day of a month: "3", "3rd". */
static bool take_day(struct reader *r, int *day)
{
    static const char *const ENDINGS[] = { "st", "nd", "rd", "th" };
    const char *before = r->at;
    skip_spaces(r);
    int digits = take_digits(r, day);
    if (digits < 1 || digits > 2 || *r->at == ':') {
        r->at = before;
        return false;
    }
    bool is_word = isalpha((unsigned char)*r->at);
    for (size_t i = 0; is_word && i < sizeof(ENDINGS) / sizeof(*ENDINGS); i++)
        if (take_word(r, ENDINGS[i]))
            break;
    if (isalpha((unsigned char)*r->at)) { /* "6am" is a time */
        r->at = before;
        return false;
    }
    return true;
}

/* "May 2022", "3 May", "Tuesday, May 3rd, 2022". */
static bool read_month(struct reader *r)
{
    int day = 0;
    int year;
    (void)take_name(r, WEEKDAYS, 7);
    bool has_day = take_day(r, &day);
    if (has_day)
        (void)take_word(r, "of");
    int month = take_name(r, MONTHS, 12);
    if (month < 0)
        return false;
    if (!has_day)
        has_day = take_day(r, &day);
    (void)take_year(r, &year);
    return set_date(r, has_day ? MOMENT_DAY : MOMENT_MONTH, year, month + 1, has_day ? day : 1);
}

static bool read_weekday(struct reader *r)
{
    int weekday = take_name(r, WEEKDAYS, 7);
    return weekday >= 0 && set_weekday(r, weekday, 0);
}

/* "2022/5", "2022-05-03". */
static bool read_numbers(struct reader *r)
{
    int year, month;
    int day = 1;
    skip_spaces(r);
    if (take_digits(r, &year) != 4 || !*r->at || !strchr("/-.", *r->at))
        return false;
    char separator = *r->at++;
    int digits = take_digits(r, &month);
    if (digits < 1 || digits > 2)
        return false;
    bool has_day = *r->at == separator && isdigit((unsigned char)r->at[1]);
    if (has_day) {
        r->at++;
        digits = take_digits(r, &day);
    }
    return digits <= 2 && set_date(r, has_day ? MOMENT_DAY : MOMENT_MONTH, year, month, day);
}

static bool read_day(struct reader *r)
{
    static bool (*const FORMS[])(struct reader * r) = {
        read_named_day, read_neighbour, read_distance, read_numbers, read_month, read_weekday,
    };
    const char *before = r->at;
    for (size_t i = 0; i < sizeof(FORMS) / sizeof(*FORMS); i++) {
        if (FORMS[i](r))
            return true;
        r->at = before;
    }
    return false;
}

/* ---- times of day ----------------------------------------------------------------------------- */

static bool take_fraction(struct reader *r, int *millis)
{
    int scale = 100;
    *millis = 0;
    if (*r->at != '.')
        return true;
    if (!isdigit((unsigned char)*++r->at))
        return false;
    for (; isdigit((unsigned char)*r->at); scale /= 10)
        *millis += (*r->at++ - '0') * scale;
    return true;
}

/* Two digits behind a colon. */
static bool take_sixtieth(struct reader *r, int *value)
{
    r->at++;
    return take_digits(r, value) == 2 && *value < 60;
}

/* "6 am", "18:30", "10:15:30.25". A number alone is none. */
static bool read_time(struct reader *r, struct time_of_day *time)
{
    *time = (struct time_of_day){ 0 };
    skip_spaces(r);
    if (*r->at == 't')
        r->at++;
    int digits = take_digits(r, &time->hour);
    bool has_minutes = *r->at == ':';
    if (digits < 1 || digits > 2 || (has_minutes && !take_sixtieth(r, &time->minute)))
        return false;
    if (has_minutes && *r->at == ':' &&
        (!take_sixtieth(r, &time->second) || !take_fraction(r, &time->millis)))
        return false;
    bool is_morning = take_word(r, "am");
    bool is_afternoon = !is_morning && take_word(r, "pm");
    if (!is_morning && !is_afternoon)
        return has_minutes && time->hour < 24;
    if (time->hour < 1 || time->hour > 12)
        return false;
    time->hour = time->hour % 12 + (is_afternoon ? 12 : 0);
    return true;
}

/* "z", "utc", "+01:00", "-0530"; behind a time of a given day only. */
static bool read_offset(struct reader *r, int *offset_s)
{
    int hours;
    int minutes = 0;
    *offset_s = 0;
    if (take_word(r, "z") || take_word(r, "utc") || take_word(r, "gmt"))
        return true;
    int sign = *r->at == '+' ? 1 : *r->at == '-' ? -1 : 0;
    if (sign == 0)
        return false;
    r->at++;
    int digits = take_digits(r, &hours);
    if (digits == 4) {
        minutes = hours % 100;
        hours /= 100;
    } else if (digits != 2 || (*r->at == ':' && !take_sixtieth(r, &minutes))) {
        return false;
    }
    *offset_s = sign * (hours * 3600 + minutes * 60);
    return hours < 24 && minutes < 60;
}

/* The instant of the reader's day at <time>; the rest of the text may hold an offset. */
static bool finish_instant(struct reader *r, const struct time_of_day *time, bool may_offset,
                           struct moment *out)
{
    int offset_s;
    r->date.hour = time->hour;
    r->date.minute = time->minute;
    r->date.second = time->second;
    out->period = MOMENT_INSTANT;
    out->date = r->date;
    if (may_offset && !is_at_end(r)) {
        if (!read_offset(r, &offset_s))
            return false;
        out->instant_ms = (civil_to_seconds(&r->date) - offset_s) * 1000;
    } else {
        out->instant_ms = tz_from_local(r->tz, &r->date);
    }
    out->instant_ms += time->millis;
    return is_at_end(r);
}

/* Day and time in either order, or one of them. */
static bool read_words(struct reader *r, struct moment *out)
{
    struct time_of_day time;
    const char *before = r->at;
    if (read_day(r)) {
        out->period = r->period;
        out->date = r->date;
        if (is_at_end(r))
            return true;
        (void)take_word(r, "at");
        return r->period == MOMENT_DAY && read_time(r, &time) &&
               finish_instant(r, &time, true, out);
    }
    r->at = before;
    r->date = r->today;
    r->period = MOMENT_DAY;
    if (!read_time(r, &time))
        return false;
    if (is_at_end(r))
        return finish_instant(r, &time, false, out);
    (void)take_word(r, "on");
    return read_day(r) && r->period == MOMENT_DAY && finish_instant(r, &time, false, out);
}

/* Seconds or milliseconds since the epoch. */
static bool read_stamp(const char *text, size_t len, const struct tz *tz, struct moment *out)
{
    if ((len != 10 && len != 13) || strspn(text, "0123456789") != len)
        return false;
    int64_t value = 0;
    for (size_t i = 0; i < len; i++)
        value = value * 10 + (text[i] - '0');
    out->period = MOMENT_INSTANT;
    out->instant_ms = len == 10 ? value * 1000 : value;
    tz_to_local(tz, out->instant_ms, &out->date);
    return true;
}

bool moment_read(const char *text, size_t len, const struct tz *tz, int64_t now_ms,
                 struct moment *out)
{
    char lower[LONGEST + 1];
    while (len > 0 && isspace((unsigned char)*text))
        text++, len--;
    while (len > 0 && isspace((unsigned char)text[len - 1]))
        len--;
    if (len == 0 || len > LONGEST)
        return false;
    for (size_t i = 0; i < len; i++)
        lower[i] = (char)tolower((unsigned char)text[i]);
    lower[len] = '\0';
    *out = (struct moment){ 0 };
    if (strlen(lower) != len)
        return false;
    if (read_stamp(lower, len, tz, out))
        return true;
    struct reader r = { .at = lower, .tz = tz, .now_ms = now_ms };
    tz_to_local(tz, now_ms, &r.today);
    return read_words(&r, out) && out->date.year >= 1 && out->date.year <= 9999;
}
