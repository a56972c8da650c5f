/* engine.text - text as people see it: counted and cut in whole characters. */
#include "base/utf8.h"
#include "lua/clean.h"
#include "lua/lua_modules.h"

#include <lauxlib.h>

/*** Counts code points; a byte that is no UTF-8 counts as one.
 * @function text.length(text)
 * @param text string
 * @return integer count
 * @nowait
 */
static int l_text_length(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    lua_pushinteger(L, (lua_Integer)utf8_length(text, len));
    return 1;
}

/*** Whether a text is valid UTF-8.
 * @function text.is_utf8(text)
 * @param text string
 * @return boolean is_valid
 * @nowait
 */
static int l_text_is_utf8(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    lua_pushboolean(L, utf8_is_valid(text, len));
    return 1;
}

/* ---- whole characters */

enum { JOINER = 0x200D };

struct range {
    uint32_t first, last;
};

static bool is_within(uint32_t point, struct range range)
{
    return point >= range.first && point <= range.last;
}

/* Half of a flag. */
static bool is_regional(uint32_t point)
{
    return is_within(point, (struct range){ 0x1F1E6, 0x1F1FF });
}

/* Belongs to the character before it. */
static bool is_extension(uint32_t point)
{
    static const struct range RANGES[] = {
        { 0x0300, 0x036F },   { 0x1AB0, 0x1AFF }, { 0x20D0, 0x20FF }, /* accents and frames */
        { JOINER, JOINER },   { 0xFE00, 0xFE0F }, { 0xFE20, 0xFE2F }, /* joiners, variants */
        { 0x1F3FB, 0x1F3FF },                                         /* skin tones */
        { 0xE0020, 0xE007F },                                         /* tags of regional flags */
    };
    for (size_t i = 0; i < sizeof(RANGES) / sizeof(RANGES[0]); i++)
        if (is_within(point, RANGES[i]))
            return true;
    return false;
}

/* The bytes of the longest prefix of whole characters with at most <max> code points. */
static size_t cut_whole(const char *text, size_t len, size_t max)
{
    size_t at = 0, points = 0, whole = 0, regionals = 0, size;
    uint32_t before = 0;
    while (at < len) {
        uint32_t point = clean_point_at(text + at, len - at, &size);
        bool closes_flag = is_regional(point) && regionals % 2 == 1;
        if (!is_extension(point) && before != JOINER && !closes_flag)
            whole = at;
        if (points == max)
            return whole;
        regionals = is_regional(point) ? regionals + 1 : 0;
        before = point;
        points++;
        at += size;
    }
    return len;
}

/*** Shortens a text to whole characters: an emoji with its skin tone, a family, a flag, a letter
 * with its accent are kept or dropped as one.
 * @function text.cut(text, max, ellipsis)
 * @param text string
 * @param max integer the most code points, those of the ellipsis included
 * @param ellipsis string|nil put at the end when something was cut; "" when absent
 * @return string text
 * @nowait
 */
static int l_text_cut(lua_State *L)
{
    size_t len, ellipsis_len;
    const char *text = luaL_checklstring(L, 1, &len);
    lua_Integer max = luaL_checkinteger(L, 2);
    const char *ellipsis = luaL_optlstring(L, 3, "", &ellipsis_len);
    size_t ellipsis_points = utf8_length(ellipsis, ellipsis_len);
    luaL_argcheck(L, max >= (lua_Integer)ellipsis_points, 2, "shorter than the ellipsis");
    if (utf8_length(text, len) <= (size_t)max) {
        lua_settop(L, 1);
        return 1;
    }
    lua_pushlstring(L, text, cut_whole(text, len, (size_t)max - ellipsis_points));
    lua_pushlstring(L, ellipsis, ellipsis_len);
    lua_concat(L, 2);
    return 1;
}

/*** Makes foreign bytes a clean text: bytes that are no UTF-8 become U+FFFD, control characters but
 * newline and tab go.
 * @function text.clean(text)
 * @param text string
 * @return string text valid UTF-8
 * @nowait
 */
static int l_text_clean(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    clean_push(L, text, len, CLEAN_CONTROLS);
    return 1;
}

/*** A clean text without the characters that turn the direction of what stands around them
 * (U+202A to U+202E, U+2066 to U+2069); a right-to-left title needs none of them.
 * @function text.plain(text)
 * @param text string
 * @return string text valid UTF-8
 * @nowait
 */
static int l_text_plain(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    clean_push(L, text, len, CLEAN_CONTROLS | CLEAN_OVERRIDES);
    return 1;
}

/*** The same on one line: a run of white space is one space, and none is at either end.
 * @function text.line(text)
 * @param text string
 * @return string text valid UTF-8
 * @nowait
 */
static int l_text_line(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    clean_push(L, text, len, CLEAN_CONTROLS | CLEAN_OVERRIDES | CLEAN_LINE);
    return 1;
}

static const luaL_Reg FUNCTIONS[] = {
    { "length", l_text_length },
    { "is_utf8", l_text_is_utf8 },
    { "cut", l_text_cut },
    { "clean", l_text_clean },
    { "plain", l_text_plain },
    { "line", l_text_line },
    { NULL, NULL },
};

int luaopen_engine_text(lua_State *L)
{
    luaL_newlib(L, FUNCTIONS);
    return 1;
}
