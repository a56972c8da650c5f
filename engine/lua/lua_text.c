/* engine.text - text as people see it: counted and cut in whole characters. */
#include "base/utf8.h"
#include "lua/lua_modules.h"
#include "lua/lua_util.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/*** Counts code points; a byte that is no UTF-8 counts as one.
 * @function text.length(text)
 * @param text string
 * @return integer
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
 * @return boolean
 * @nowait
 */
static int l_text_is_utf8(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    lua_pushboolean(L, utf8_is_valid(text, len));
    return 1;
}

/* The code point at <text>; its bytes in *size. A broken byte is itself. */
static uint32_t point_at(const char *text, size_t left, size_t *size)
{
    unsigned char c = (unsigned char)text[0];
    size_t wanted = c < 0x80 ? 1 : c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;
    uint32_t point = wanted == 1 ? c : c & (0xFFu >> (wanted + 1));
    if (wanted > left || !utf8_is_valid(text, wanted)) {
        *size = 1;
        return c;
    }
    for (size_t i = 1; i < wanted; i++)
        point = point << 6 | ((unsigned char)text[i] & 0x3F);
    *size = wanted;
    return point;
}

static bool is_regional(uint32_t point)
{
    return point >= 0x1F1E6 && point <= 0x1F1FF;
}

/* Belongs to the character before it: joiners, accents, variation selectors, skin tones. */
static bool is_extension(uint32_t point)
{
    return point == 0x200D || (point >= 0x0300 && point <= 0x036F) ||
           (point >= 0x1AB0 && point <= 0x1AFF) || (point >= 0x20D0 && point <= 0x20FF) ||
           (point >= 0xFE00 && point <= 0xFE0F) || (point >= 0x1F3FB && point <= 0x1F3FF) ||
           (point >= 0xE0020 && point <= 0xE007F);
}

/* The bytes of the longest prefix of whole characters with at most <max> code points. */
static size_t cut_whole(const char *text, size_t len, size_t max)
{
    size_t at = 0, points = 0, good = 0, flags = 0, size;
    uint32_t before = 0;
    while (at < len) {
        uint32_t point = point_at(text + at, len - at, &size);
        bool joins =
            is_extension(point) || before == 0x200D || (is_regional(point) && flags % 2 == 1);
        if (!joins)
            good = at;
        if (points == max)
            return good;
        flags = is_regional(point) ? flags + 1 : 0;
        before = point;
        points++;
        at += size;
    }
    return len;
}

/*** Shortens a text to whole characters: an emoji with its skin tone, a flag, a letter with its
 * accent stay whole.
 * @function text.cut(text, max, ellipsis)
 * @param text string
 * @param max integer the most code points, the ellipsis included
 * @param ellipsis string|nil put at the end when something was cut ("" when absent)
 * @return string
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

static bool is_control(uint32_t point)
{
    return (point < 0x20 && point != '\n' && point != '\t') || point == 0x7F;
}

/*** Makes foreign bytes a clean text: bytes that are no UTF-8 become U+FFFD, control characters but
 * newline and tab go.
 * @function text.clean(text)
 * @param text string
 * @return string valid UTF-8
 * @nowait
 */
static int l_text_clean(lua_State *L)
{
    size_t len, size;
    const char *text = luaL_checklstring(L, 1, &len);
    luaL_Buffer out;
    luaL_buffinit(L, &out);
    for (size_t at = 0; at < len; at += size) {
        uint32_t point = point_at(text + at, len - at, &size);
        if (size == 1 && point >= 0x80)
            luaL_addstring(&out, "\xEF\xBF\xBD");
        else if (!is_control(point))
            luaL_addlstring(&out, text + at, size);
    }
    luaL_pushresult(&out);
    return 1;
}

static const luaL_Reg FUNCTIONS[] = {
    { "length", l_text_length },
    { "is_utf8", l_text_is_utf8 },
    { "cut", l_text_cut },
    { "clean", l_text_clean },
    { NULL, NULL },
};

int luaopen_engine_text(lua_State *L)
{
    luaL_newlib(L, FUNCTIONS);
    return 1;
}
