/* civil - calendar arithmetic on the proleptic Gregorian calendar; no zones here (tz.h has those). */
#pragma once
#include <stdint.h>

/* A date and time of day as people write it. */
struct civil {
    int year;
    int month; /* 1 to 12 */
    int day;   /* 1 to 31 */
    int hour;
    int minute;
    int second;
    int weekday;    /* 0 is Sunday */
    int yearday;    /* 1 to 366 */
    int offset_s;   /* seconds east of UTC */
    char abbrev[8]; /* "CET", "+0330" */
};

/* Days from 1970-01-01; <month> and <day> may be out of range and carry over (month 13, day 0). */
int64_t civil_to_days(int year, int month, int day);

/* Fills all of <out> but the offset and the abbreviation from seconds since the epoch, taken as they are. */
void civil_from_seconds(int64_t seconds, struct civil *out);

/* Seconds since the epoch of the date and time in <in>, taken as they are; only year to second are read. */
int64_t civil_to_seconds(const struct civil *in);
