/* Reading order: time_range_parse (one moment or two), read_side, read_short for the forms with
 * quarters, weeks and years; all else is a moment (moment.h). */
#include "core/time_range.h"

#include "base/tz.h"
#include "core/moment.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { DAY_S = 86400, WEEKS_A_QUARTER = 13 };

/* What a text was. */
enum side { SIDE_READ, SIDE_UNREADABLE, SIDE_NO_SUCH_WEEK };

struct reading {
    const struct tz *tz;
    int64_t now_ms;
    struct civil today;
};

/* ---- ISO weeks: days are counted from 1970-01-01, a Thursday ----------------------------------- */

static int64_t monday_of(int64_t day)
{
    return day - ((day + 3) % 7 + 7) % 7;
}

/* The Monday of week 1. */
static int64_t iso_year_start(int year)
{
    return monday_of(civil_to_days(year, 1, 4));
}

static int weeks_in(int year)
{
    return (int)((iso_year_start(year + 1) - iso_year_start(year)) / 7);
}

static int64_t days_of(const struct civil *date)
{
    return civil_to_days(date->year, date->month, date->day);
}

/* A week belongs to the year of its Thursday. */
static int iso_year_of(int64_t day)
{
    struct civil thursday;
    civil_from_seconds((monday_of(day) + 3) * DAY_S, &thursday);
    return thursday.year;
}

/* ---- periods ----------------------------------------------------------------------------------- */

static int64_t midnight(const struct reading *r, int64_t day)
{
    struct civil date = { .year = 1970, .month = 1, .day = (int)day + 1 };
    return tz_from_local(r->tz, &date);
}

/* From the first moment of one local day to the last of another. */
static enum side set_days(const struct reading *r, int64_t first, int64_t last,
                          struct time_range *out)
{
    out->has_start = out->has_end = true;
    out->start_ms = midnight(r, first);
    out->end_ms = midnight(r, last + 1) - 1;
    return SIDE_READ;
}

static enum side set_weeks(const struct reading *r, int year, int first, int last,
                           struct time_range *out)
{
    int64_t start = iso_year_start(year);
    return set_days(r, start + (int64_t)(first - 1) * 7, start + (int64_t)last * 7 - 1, out);
}

static enum side set_quarter(const struct reading *r, int year, int quarter, struct time_range *out)
{
    int last = quarter == 4 ? weeks_in(year) : WEEKS_A_QUARTER * quarter;
    return set_weeks(r, year, WEEKS_A_QUARTER * (quarter - 1) + 1, last, out);
}

/* The quarter of today's week, or the one before. */
static enum side set_near_quarter(const struct reading *r, bool is_last, struct time_range *out)
{
    int64_t today = days_of(&r->today);
    int year = iso_year_of(today);
    int week = (int)((today - iso_year_start(year)) / 7);
    int quarter = week / WEEKS_A_QUARTER < 4 ? week / WEEKS_A_QUARTER + 1 : 4;
    if (is_last && --quarter == 0) {
        quarter = 4;
        year--;
    }
    return set_quarter(r, year, quarter, out);
}

static enum side set_near_week(const struct reading *r, bool is_last, struct time_range *out)
{
    int64_t monday = monday_of(days_of(&r->today)) - (is_last ? 7 : 0);
    return set_days(r, monday, monday + 6, out);
}

/* ---- one side ---------------------------------------------------------------------------------- */

static bool is_text(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && !strncasecmp(text, word, len);
}

/* A number of up to <most> digits that the rest of the text is; -1: it is not. */
static int whole_number(const char *text, size_t len, size_t most)
{
    int value = 0;
    if (len == 0 || len > most)
        return -1;
    for (size_t i = 0; i < len; i++) {
        if (!isdigit((unsigned char)text[i]))
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

/* [I][YYYY][/][Qn | Wnn], with something in it. */
static enum side read_short(const struct reading *r, const char *text, size_t len,
                            struct time_range *out)
{
    int year = len >= 4 ? whole_number(text, 4, 4) : -1;
    bool is_iso = false;
    if (year < 0 && len >= 5 && toupper((unsigned char)*text) == 'I') {
        year = whole_number(text + 1, 4, 4);
        is_iso = year >= 0;
    }
    size_t used = year < 0 ? 0 : is_iso ? 5 : 4;
    bool has_year = year >= 0;
    text += used;
    len -= used;
    if (year == 0)
        return SIDE_UNREADABLE;
    if (has_year && len == 0 && is_iso)
        return set_weeks(r, year, 1, weeks_in(year), out);
    if (has_year && len == 0)
        return set_days(r, civil_to_days(year, 1, 1), civil_to_days(year, 12, 31), out);
    if (!has_year)
        year = r->today.year;
    if (len > 0 && *text == '/')
        text++, len--;
    int number = len > 1 ? whole_number(text + 1, len - 1, 2) : -1;
    if (len == 2 && toupper((unsigned char)*text) == 'Q' && number >= 1 && number <= 4)
        return set_quarter(r, year, number, out);
    if (number < 1 || number > 53 || toupper((unsigned char)*text) != 'W')
        return SIDE_UNREADABLE;
    return number > weeks_in(year) ? SIDE_NO_SUCH_WEEK : set_weeks(r, year, number, number, out);
}

static enum side set_moment(const struct reading *r, const struct moment *moment,
                            struct time_range *out)
{
    const struct civil *date = &moment->date;
    int64_t day = days_of(date);
    int iso_year = iso_year_of(day);
    switch (moment->period) {
    case MOMENT_INSTANT:
        out->has_start = out->has_end = true;
        out->start_ms = out->end_ms = moment->instant_ms;
        return SIDE_READ;
    case MOMENT_WEEK:
        return set_days(r, monday_of(day), monday_of(day) + 6, out);
    case MOMENT_MONTH:
        return set_days(r, civil_to_days(date->year, date->month, 1),
                        civil_to_days(date->year, date->month + 1, 1) - 1, out);
    case MOMENT_ISO_YEAR:
        return set_weeks(r, iso_year, 1, weeks_in(iso_year), out);
    case MOMENT_DAY:
        break;
    }
    return set_days(r, day, day, out);
}

static void trim(const char **text, size_t *len)
{
    while (*len > 0 && isspace((unsigned char)**text))
        ++*text, --*len;
    while (*len > 0 && isspace((unsigned char)(*text)[*len - 1]))
        --*len;
}

static enum side read_side(const struct reading *r, const char *text, size_t len,
                           struct time_range *out)
{
    struct moment moment;
    trim(&text, &len);
    if (is_text(text, len, "current_week") || is_text(text, len, "last_week"))
        return set_near_week(r, *text == 'l' || *text == 'L', out);
    if (is_text(text, len, "current_quarter") || is_text(text, len, "last_quarter"))
        return set_near_quarter(r, *text == 'l' || *text == 'L', out);
    enum side side = read_short(r, text, len, out);
    if (side != SIDE_UNREADABLE)
        return side;
    if (!moment_read(text, len, r->tz, r->now_ms, &moment))
        return SIDE_UNREADABLE;
    return set_moment(r, &moment, out);
}

/* ---- the whole --------------------------------------------------------------------------------- */

/* Where the text is cut in two: the only "-", or else the only " - ". Returns its length. */
static size_t find_separator(const char *text, size_t len, size_t *at)
{
    int dashes = 0;
    int spaced = 0;
    size_t dash_at = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] != '-')
            continue;
        dashes++;
        dash_at = i;
        if (i > 0 && i + 1 < len && text[i - 1] == ' ' && text[i + 1] == ' ') {
            spaced++;
            *at = i - 1;
        }
    }
    if (dashes == 1) {
        *at = dash_at;
        return 1;
    }
    return spaced == 1 ? 3 : 0;
}

static int refuse_week(const char *text, size_t len, struct err *err)
{
    return err_set(err, ERR_INVALID, "Invalid week: the year does not have it: %.*s.", (int)len,
                   text);
}

static int refuse_range(const char *text, size_t len, struct err *err)
{
    return err_set(err, ERR_SYNTAX, "Invalid date range: %.*s.", (int)len, text);
}

static void put_date(const struct reading *r, int64_t ms, struct civil *out)
{
    tz_to_local(r->tz, ms, out);
}

static int check_order(const struct reading *r, const struct time_range *range, struct err *err)
{
    struct civil start, end;
    if (!range->has_start || !range->has_end || range->start_ms <= range->end_ms)
        return OK;
    put_date(r, range->start_ms, &start);
    put_date(r, range->end_ms, &end);
    return err_set(err, ERR_SYNTAX,
                   "The start of the date range (%04d-%02d-%02d %02d:%02d:%02d) is after its end "
                   "(%04d-%02d-%02d %02d:%02d:%02d).",
                   start.year, start.month, start.day, start.hour, start.minute, start.second,
                   end.year, end.month, end.day, end.hour, end.minute, end.second);
}

/* The start of the left side and the end of the right one; a side that says nothing is open. */
static int read_both(const struct reading *r, const char *text, size_t len, size_t at, size_t width,
                     struct time_range *out, struct err *err)
{
    struct time_range left = { 0 }, right = { 0 };
    enum side first = read_side(r, text, at, &left);
    enum side second = read_side(r, text + at + width, len - at - width, &right);
    if (first == SIDE_NO_SUCH_WEEK || second == SIDE_NO_SUCH_WEEK) {
        refuse_week(text, len, err);
        err->code = ERR_SYNTAX;
        return ERR_SYNTAX;
    }
    if (first != SIDE_READ && second != SIDE_READ)
        return refuse_range(text, len, err);
    *out = (struct time_range){
        .has_start = first == SIDE_READ,
        .has_end = second == SIDE_READ,
        .start_ms = left.start_ms,
        .end_ms = right.end_ms,
    };
    return check_order(r, out, err);
}

int time_range_parse(const char *text, size_t len, const struct tz *tz, int64_t now_ms,
                     struct time_range *out, struct err *err)
{
    struct reading r = { .tz = tz, .now_ms = now_ms };
    struct err unseen;
    size_t at = 0;
    err = err ? err : &unseen;
    *out = (struct time_range){ 0 };
    tz_to_local(tz, now_ms, &r.today);
    trim(&text, &len);
    if (len == 0)
        return OK;
    if (len > TIME_RANGE_MAX_BYTES)
        return err_set(err, ERR_SYNTAX, "Invalid date range: it is too long.");
    /* The whole first: an ISO date has dashes of its own. */
    enum side side = read_side(&r, text, len, out);
    if (side == SIDE_READ)
        return OK;
    *out = (struct time_range){ 0 };
    if (side == SIDE_NO_SUCH_WEEK)
        return refuse_week(text, len, err);
    if (!memchr(text, '-', len))
        return refuse_range(text, len, err);
    size_t width = find_separator(text, len, &at);
    if (!width)
        return err_set(err, ERR_SYNTAX, "Invalid date range: only one separator is allowed: %.*s.",
                       (int)len, text);
    return read_both(&r, text, len, at, width, out, err);
}
