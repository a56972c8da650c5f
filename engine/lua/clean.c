#include "lua/clean.h"

#include "base/utf8_decode.h"

#include <lauxlib.h>
#include <stdbool.h>

enum { REPLACEMENT = 0xFFFD };

uint32_t clean_point_at(const char *text, size_t len, size_t *size)
{
    size_t bytes = utf8_sequence(text, len);
    *size = bytes ? bytes : 1;
    unsigned char first = (unsigned char)text[0];
    if (bytes == 0)
        return REPLACEMENT;
    if (bytes == 1)
        return first;
    uint32_t point = first & (0x7Fu >> bytes);
    for (size_t i = 1; i < bytes; i++)
        point = point << 6 | ((unsigned char)text[i] & 0x3F);
    return point;
}

static bool is_control(uint32_t point)
{
    return (point < 0x20 && point != '\n' && point != '\t') || (point >= 0x7F && point < 0xA0);
}

/* U+202A to U+202E and U+2066 to U+2069. */
static bool is_override(uint32_t point)
{
    return (point >= 0x202A && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069);
}

static bool is_space(uint32_t point)
{
    return point == ' ' || (point >= '\t' && point <= '\r');
}

/* Nothing in it is ever changed: printable ASCII without white space at the ends or in runs. */
static bool is_untouchable(const char *text, size_t len)
{
    unsigned char before = ' ';
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte < ' ' || byte > '~' || (byte == ' ' && before == ' '))
            return false;
        before = byte;
    }
    return len == 0 || before != ' ';
}

enum verdict { KEEP, DROP, REPLACE, SPACE };

static enum verdict judge(uint32_t point, size_t size, unsigned what)
{
    if (point == REPLACEMENT && size == 1)
        return REPLACE;
    if ((what & CLEAN_LINE) && is_space(point))
        return SPACE;
    if (((what & CLEAN_CONTROLS) && is_control(point)) ||
        ((what & CLEAN_OVERRIDES) && is_override(point)))
        return DROP;
    return point == 0 ? REPLACE : KEEP;
}

void clean_push(lua_State *L, const char *text, size_t len, unsigned what)
{
    if (is_untouchable(text, len)) {
        lua_pushlstring(L, text, len);
        return;
    }
    luaL_Buffer out;
    luaL_buffinit(L, &out);
    bool is_space_due = false;
    size_t size, kept = 0; /* <kept>: the beginning of what is taken over as it is */
    for (size_t at = 0; at < len; at += size) {
        uint32_t point = clean_point_at(text + at, len - at, &size);
        enum verdict verdict = judge(point, size, what);
        if (verdict != KEEP) {
            luaL_addlstring(&out, text + kept, at - kept);
            kept = at + size;
        }
        if (verdict == SPACE)
            is_space_due = luaL_bufflen(&out) > 0;
        if (is_space_due && (verdict == KEEP || verdict == REPLACE)) {
            luaL_addchar(&out, ' ');
            is_space_due = false;
        }
        if (verdict == REPLACE)
            luaL_addstring(&out, "\xEF\xBF\xBD");
    }
    luaL_addlstring(&out, text + kept, len - kept);
    luaL_pushresult(&out);
}
