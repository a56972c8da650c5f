/* engine.time - now, zones, durations. Instants are epoch milliseconds; zones are IANA names. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/iso_time.h"
#include "base/mem.h"
#include "base/tz.h"
#include "lua/lua_modules.h"
#include "lua/lua_util.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ZONE  "engine.time.zone"  /* a boxed struct tz */
#define ZONES "engine.time.zones" /* registry: name -> box; a state's zones are read once */

enum { PART_MOST = 1000000, MS_MOST_DAYS = 100000000 };

static int l_zone_gc(lua_State *L)
{
    struct tz **zone = lua_touserdata(L, 1);
    tz_free(*zone);
    *zone = NULL;
    return 0;
}

/* throws. The zone named at <index>, kept by the state; UTC when absent. Pushes nothing. */
static const struct tz *check_zone(lua_State *L, int index)
{
    struct err err = { 0 };
    const char *name = luaL_optstring(L, index, "UTC");
    luaL_getsubtable(L, LUA_REGISTRYINDEX, ZONES);
    if (lua_getfield(L, -1, name) == LUA_TNIL) {
        lua_pop(L, 1);
        struct tz **box = lua_newuserdatauv(L, sizeof(*box), 0);
        *box = NULL;
        luaL_setmetatable(L, ZONE);
        *box = tz_load(name, &err);
        if (!*box)
            luaL_argerror(L, index, err.msg);
        lua_pushvalue(L, -1);
        lua_setfield(L, -3, name);
    }
    struct tz **zone = lua_touserdata(L, -1);
    lua_pop(L, 2);
    return *zone;
}

/* throws. An instant that a calendar can show. */
static int64_t check_ms(lua_State *L, int index)
{
    int64_t ms = luaL_checkinteger(L, index), most = MS_MOST_DAYS * INT64_C(86400000);
    luaL_argcheck(L, ms >= -most && ms <= most, index, "too far away for a calendar");
    return ms;
}

/*** The time of day, UTC epoch milliseconds.
 * @function time.now_ms()
 * @return integer ms
 * @nowait
 */
static int l_time_now_ms(lua_State *L)
{
    lua_pushinteger(L, clock_now_ms());
    return 1;
}

/*** A clock that only goes forward, in milliseconds; for measuring.
 * @function time.mono_ms()
 * @return integer ms
 * @nowait
 */
static int l_time_mono_ms(lua_State *L)
{
    lua_pushinteger(L, clock_mono_ms());
    return 1;
}

static const char *const DAYS[] = { "Sunday",   "Monday", "Tuesday", "Wednesday",
                                    "Thursday", "Friday", "Saturday" };
static const char *const MONTHS[] = { "January",   "February", "March",    "April",
                                      "May",       "June",     "July",     "August",
                                      "September", "October",  "November", "December" };

/* throws for an unknown letter. */
static void add_piece(lua_State *L, luaL_Buffer *out, char letter, const struct civil *at)
{
    char piece[32];
    int offset_min = at->offset_s / 60;
    switch (letter) {
    case 'Y':
        snprintf(piece, sizeof(piece), "%04d", at->year);
        break;
    case 'm':
        snprintf(piece, sizeof(piece), "%02d", at->month);
        break;
    case 'd':
        snprintf(piece, sizeof(piece), "%02d", at->day);
        break;
    case 'e':
        snprintf(piece, sizeof(piece), "%d", at->day);
        break;
    case 'H':
        snprintf(piece, sizeof(piece), "%02d", at->hour);
        break;
    case 'M':
        snprintf(piece, sizeof(piece), "%02d", at->minute);
        break;
    case 'S':
        snprintf(piece, sizeof(piece), "%02d", at->second);
        break;
    case 'j':
        snprintf(piece, sizeof(piece), "%03d", at->yearday);
        break;
    case 'u':
        snprintf(piece, sizeof(piece), "%d", at->weekday == 0 ? 7 : at->weekday);
        break;
    case 'A':
        copy_text(piece, sizeof(piece), DAYS[at->weekday]);
        break;
    case 'a':
        snprintf(piece, sizeof(piece), "%.3s", DAYS[at->weekday]);
        break;
    case 'B':
        copy_text(piece, sizeof(piece), MONTHS[at->month - 1]);
        break;
    case 'b':
        snprintf(piece, sizeof(piece), "%.3s", MONTHS[at->month - 1]);
        break;
    case 'Z':
        copy_text(piece, sizeof(piece), at->abbrev);
        break;
    case 'z':
        snprintf(piece, sizeof(piece), "%c%02d%02d", offset_min < 0 ? '-' : '+',
                 abs(offset_min) / 60, abs(offset_min) % 60);
        break;
    case '%':
        snprintf(piece, sizeof(piece), "%%");
        break;
    default:
        luaL_error(L, "time.format: %%%c is not known (Y m d e H M S j u A a B b Z z)", letter);
        return;
    }
    luaL_addstring(out, piece);
}

/*** Writes an instant as people of a zone do.
 * @function time.format(ms, pattern, zone)
 * @param ms integer epoch milliseconds
 * @param pattern string "%Y-%m-%d %H:%M"; Y m d e H M S j u A a B b Z z as in strftime
 * @param zone string|nil "Europe/Paris"; UTC when absent
 * @return string text
 * @nowait
 */
static int l_time_format(lua_State *L)
{
    int64_t ms = check_ms(L, 1);
    const char *pattern = luaL_checkstring(L, 2);
    struct civil at;
    luaL_Buffer out;
    tz_to_local(check_zone(L, 3), ms, &at);
    luaL_buffinit(L, &out);
    for (; *pattern; pattern++) {
        if (*pattern == '%' && pattern[1])
            add_piece(L, &out, *++pattern, &at);
        else
            luaL_addchar(&out, *pattern);
    }
    luaL_pushresult(&out);
    return 1;
}

static void set_int(lua_State *L, const char *name, lua_Integer value)
{
    lua_pushinteger(L, value);
    lua_setfield(L, -2, name);
}

/*** The local date and time of an instant.
 * @function time.to_local(ms, zone)
 * @param ms integer epoch milliseconds
 * @param zone string|nil UTC when absent
 * @return {year: integer, month: integer, day: integer, hour: integer, minute: integer,
 *   second: integer, weekday: integer, yearday: integer, offset_s: integer, abbrev: string} date
 *   weekday: 0 is Sunday
 * @nowait
 */
static int l_time_to_local(lua_State *L)
{
    struct civil at;
    tz_to_local(check_zone(L, 2), check_ms(L, 1), &at);
    lua_createtable(L, 0, 10);
    set_int(L, "year", at.year);
    set_int(L, "month", at.month);
    set_int(L, "day", at.day);
    set_int(L, "hour", at.hour);
    set_int(L, "minute", at.minute);
    set_int(L, "second", at.second);
    set_int(L, "weekday", at.weekday);
    set_int(L, "yearday", at.yearday);
    set_int(L, "offset_s", at.offset_s);
    lua_pushstring(L, at.abbrev);
    lua_setfield(L, -2, "abbrev");
    return 1;
}

/* throws. The member of the table at 1. Within bounds in which no sum overflows. */
static int get_int(lua_State *L, const char *name, int otherwise)
{
    int is_integer = 1;
    lua_Integer value = otherwise;
    if (lua_getfield(L, 1, name) != LUA_TNIL)
        value = lua_tointegerx(L, -1, &is_integer);
    if (!is_integer || value < -PART_MOST || value > PART_MOST)
        luaL_error(L, "time.from_local: date.%s: expected an integer, got %s", name,
                   luaL_tolstring(L, -1, NULL));
    lua_pop(L, 1);
    return (int)value;
}

/*** The instant of a local date and time.
 * @function time.from_local(date, zone)
 * @param date {year: integer, month: integer, day: integer, hour: integer?, minute: integer?,
 *   second: integer?} may be out of range and carries over: day 0 is the last of the month before
 * @param zone string|nil UTC when absent
 * @return integer ms a time that the zone leaves out in spring moves forward; of one that it has
 *   twice in autumn it is the first
 * @nowait
 */
static int l_time_from_local(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    struct civil at = {
        .year = get_int(L, "year", 1970),
        .month = get_int(L, "month", 1),
        .day = get_int(L, "day", 1),
        .hour = get_int(L, "hour", 0),
        .minute = get_int(L, "minute", 0),
        .second = get_int(L, "second", 0),
    };
    lua_pushinteger(L, tz_from_local(check_zone(L, 2), &at));
    return 1;
}

/*** Reads a date and time as ISO 8601 and RFC 3339 write it: "2026-11-23", "2026-11-23T14:02",
 * "2026-11-23 14:02:11.5+01:00", "2026-11-23T14:02:11Z".
 * @function time.parse(text, zone)
 * @param text string
 * @param zone string|nil of a text that does not name its offset; UTC when absent
 * @return integer|nil ms epoch milliseconds
 * @return Error|nil err code "invalid"
 * @nowait
 */
static int l_time_parse(lua_State *L)
{
    struct err err;
    int64_t ms = 0;
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    const struct tz *zone = check_zone(L, 2);
    if (iso_time_parse(text, len, zone, &ms, &err) != OK)
        return lua_util_push_err(L, &err);
    lua_pushinteger(L, ms);
    return 1;
}

/*** The milliseconds of a duration.
 * @function time.duration(duration)
 * @param duration string|integer "15m", "2h", or milliseconds
 * @return integer ms
 * @nowait
 */
static int l_time_duration(lua_State *L)
{
    lua_pushinteger(L, lua_util_check_duration(L, 1));
    return 1;
}

/* Adds " and 5 minutes". */
static void add_count(luaL_Buffer *out, bool is_second, int64_t count, const char *unit)
{
    char digits[BUF_INT_SIZE];
    size_t len;
    const char *text = buf_int_text(digits, count, &len);
    if (is_second)
        luaL_addlstring(out, " and ", 5);
    luaL_addlstring(out, text, len);
    luaL_addchar(out, ' ');
    luaL_addlstring(out, unit, strlen(unit) - (count == 1));
}

/*** A duration as people say it: its two largest units, "3 hours and 5 minutes".
 * @function time.humanize(ms)
 * @param ms integer
 * @return string text "an instant" below a second; a negative duration is taken as it is long
 * @nowait
 */
static int l_time_humanize(lua_State *L)
{
    static const struct {
        int64_t ms;
        const char *name;
    } UNITS[] = {
        { 7 * 86400000LL, "weeks" }, { 86400000, "days" }, { 3600000, "hours" },
        { 60000, "minutes" },        { 1000, "seconds" },
    };
    int64_t left = luaL_checkinteger(L, 1);
    left = left < 0 ? -(left + (left == INT64_MIN)) : left;
    int said = 0;
    luaL_Buffer out;
    luaL_buffinit(L, &out);
    for (int i = 0; i < 5 && said < 2; i++) {
        int64_t count = left / UNITS[i].ms;
        if (count == 0 && said == 0)
            continue;
        left -= count * UNITS[i].ms;
        said++;
        if (count > 0)
            add_count(&out, said == 2, count, UNITS[i].name);
    }
    if (said == 0)
        luaL_addstring(&out, "an instant");
    luaL_pushresult(&out);
    return 1;
}

static const luaL_Reg FUNCTIONS[] = {
    { "now_ms", l_time_now_ms },
    { "mono_ms", l_time_mono_ms },
    { "format", l_time_format },
    { "parse", l_time_parse },
    { "to_local", l_time_to_local },
    { "from_local", l_time_from_local },
    { "duration", l_time_duration },
    { "humanize", l_time_humanize },
    { NULL, NULL },
};

int luaopen_engine_time(lua_State *L)
{
    if (luaL_newmetatable(L, ZONE)) {
        lua_pushcfunction(L, l_zone_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_pop(L, 1);
    luaL_newlib(L, FUNCTIONS);
    return 1;
}
