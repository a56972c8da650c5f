#include "lua/options.h"

#include "lua/lua_util.h"

#include <stdlib.h>
#include <string.h>

struct options options_check(lua_State *L, int index, const char *what, const char *const *names)
{
    if (lua_isnoneornil(L, index))
        return (struct options){ .L = L, .what = what };
    return options_need(L, index, what, names);
}

struct options options_need(lua_State *L, int index, const char *what, const char *const *names)
{
    lua_util_check_keys(L, index, what, names);
    return (struct options){ .L = L, .index = lua_absindex(L, index), .what = what };
}

/* Pushes the member; its type. */
static int push_member(const struct options *options, const char *name)
{
    if (options->index == 0) {
        lua_pushnil(options->L);
        return LUA_TNIL;
    }
    lua_pushstring(options->L, name);
    return lua_rawget(options->L, options->index);
}

static void refuse(const struct options *options, const char *name, const char *expected)
{
    lua_State *L = options->L;
    int type = lua_type(L, -1);
    bool is_plain = type == LUA_TSTRING || type == LUA_TNUMBER || type == LUA_TBOOLEAN;
    luaL_error(L, "%s: options.%s: expected %s, got %s", options->what, name, expected,
               is_plain ? luaL_tolstring(L, -1, NULL) : luaL_typename(L, -1));
}

const char *options_text(const struct options *options, const char *name, size_t *len)
{
    size_t text_len = 0;
    int type = push_member(options, name);
    if (type != LUA_TNIL && type != LUA_TSTRING)
        refuse(options, name, "a text");
    const char *text = type == LUA_TNIL ? NULL : lua_tolstring(options->L, -1, &text_len);
    if (text && !len && strlen(text) != text_len)
        refuse(options, name, "a text without NUL bytes");
    if (len)
        *len = text_len;
    lua_pop(options->L, 1);
    return text;
}

int64_t options_duration(const struct options *options, const char *name, int64_t otherwise)
{
    int64_t ms = otherwise;
    int is_integer = 0;
    int type = push_member(options, name);
    if (type == LUA_TSTRING) {
        is_integer = lua_util_parse_duration(lua_tostring(options->L, -1), &ms);
    } else if (type == LUA_TNUMBER) {
        ms = lua_tointegerx(options->L, -1, &is_integer);
        is_integer = is_integer && ms >= 0;
    }
    if (type != LUA_TNIL && !is_integer)
        refuse(options, name, "a duration (\"150ms\", \"15s\", \"5m\", \"1h\" or \"2d\")");
    lua_pop(options->L, 1);
    return ms;
}

int64_t options_integer(const struct options *options, const char *name, int64_t least,
                        int64_t most, int64_t otherwise)
{
    int is_integer = 0;
    bool is_absent = push_member(options, name) == LUA_TNIL;
    lua_Integer value =
        lua_type(options->L, -1) == LUA_TNUMBER ? lua_tointegerx(options->L, -1, &is_integer) : 0;
    if (!is_absent && (!is_integer || value < least || value > most))
        luaL_error(options->L, "%s: options.%s: expected an integer from %I to %I, got %s",
                   options->what, name, (LUAI_UACINT)least, (LUAI_UACINT)most,
                   luaL_tolstring(options->L, -1, NULL));
    lua_pop(options->L, 1);
    return is_absent ? otherwise : value;
}

double options_rate(const struct options *options, const char *name, double otherwise)
{
    double value = otherwise;
    int type = push_member(options, name);
    if (type == LUA_TNUMBER)
        value = lua_tonumber(options->L, -1);
    if ((type != LUA_TNIL && type != LUA_TNUMBER) || !(value > 0))
        refuse(options, name, "a number above 0");
    lua_pop(options->L, 1);
    return value;
}

bool options_flag(const struct options *options, const char *name)
{
    int type = push_member(options, name);
    if (type != LUA_TNIL && type != LUA_TBOOLEAN)
        refuse(options, name, "true or false");
    bool is_set = lua_toboolean(options->L, -1);
    lua_pop(options->L, 1);
    return is_set;
}

/* ---- names */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void options_push_names(lua_State *L, int index, const char *what)
{
    index = lua_absindex(L, index);
    luaL_checkstack(L, 8, NULL);
    size_t count = 0, at = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1), count++)
        if (lua_type(L, -2) != LUA_TSTRING)
            luaL_error(L, "%s: names are texts, got %s", what, luaL_tolstring(L, -2, NULL));
    const char **names = lua_newuserdatauv(L, (count + 1) * sizeof(*names), 0);
    for (lua_pushnil(L); lua_next(L, index) && at < count; lua_pop(L, 1))
        names[at++] = lua_tostring(L, -2); /* kept by the table */
    qsort(names, count, sizeof(*names), by_text);
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        lua_pushstring(L, names[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_remove(L, -2);
}
