#include "lua/clean.h"

#include "base/utf8_decode.h"

#include <lauxlib.h>

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

void clean_push(lua_State *L, const char *text, size_t len, bool drops_controls)
{
    luaL_Buffer out;
    luaL_buffinit(L, &out);
    size_t size, kept = 0; /* <kept>: the beginning of what is taken over as it is */
    for (size_t at = 0; at < len; at += size) {
        uint32_t point = clean_point_at(text + at, len - at, &size);
        bool is_broken = point == REPLACEMENT && size == 1;
        bool is_dropped = drops_controls && !is_broken && is_control(point);
        if (!is_broken && !is_dropped && point != 0)
            continue;
        luaL_addlstring(&out, text + kept, at - kept);
        kept = at + size;
        if (!is_dropped)
            luaL_addstring(&out, "\xEF\xBF\xBD");
    }
    luaL_addlstring(&out, text + kept, len - kept);
    luaL_pushresult(&out);
}
