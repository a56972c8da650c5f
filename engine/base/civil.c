#include "base/civil.h"

#include <stdbool.h>

enum { DAY_S = 86400, DAYS_PER_ERA = 146097, YEARS_PER_ERA = 400 };

static int64_t floor_div(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Years are counted from March, so that the leap day is the last one and a month's start is a straight line. */
int64_t civil_to_days(int year, int month, int day)
{
    int64_t months = (int64_t)year * 12 + (month - 1) - 2;
    int64_t march_year = floor_div(months, 12);
    int64_t march_month = months - march_year * 12;
    int64_t era = floor_div(march_year, YEARS_PER_ERA);
    int64_t year_of_era = march_year - era * YEARS_PER_ERA;
    int64_t day_of_year = (153 * march_month + 2) / 5;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - 719468 + (day - 1);
}

void civil_from_seconds(int64_t seconds, struct civil *out)
{
    int64_t days = floor_div(seconds, DAY_S);
    int second_of_day = (int)(seconds - days * DAY_S);
    out->hour = second_of_day / 3600;
    out->minute = second_of_day / 60 % 60;
    out->second = second_of_day % 60;
    out->weekday = (int)((days % 7 + 11) % 7);

    int64_t shifted = days + 719468;
    int64_t era = floor_div(shifted, DAYS_PER_ERA);
    int64_t day_of_era = shifted - era * DAYS_PER_ERA;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int march_month = (int)((5 * day_of_year + 2) / 153);
    out->day = (int)(day_of_year - (153 * march_month + 2) / 5 + 1);
    out->month = march_month < 10 ? march_month + 3 : march_month - 9;
    out->year = (int)(year_of_era + era * YEARS_PER_ERA + (out->month <= 2));
    /* 306 days lie between 1 March and 1 January. */
    out->yearday =
        (int)(out->month <= 2 ? day_of_year - 306 + 1 : day_of_year + 59 + is_leap(out->year) + 1);
}

int64_t civil_to_seconds(const struct civil *in)
{
    return civil_to_days(in->year, in->month, in->day) * DAY_S + (int64_t)in->hour * 3600 +
           (int64_t)in->minute * 60 + in->second;
}
