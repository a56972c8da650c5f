/* engine.json - JSON text for scripts. Integers stay integers, an empty list stays a list, errors
 * name the place. */
#include "base/json_writer.h"
#include "lua/lua_modules.h"
#include "lua/lua_util.h"

#include <string.h>

/*** Reads JSON text. Members that are null are left out of objects; within lists they are
 * json.null.
 * @function json.decode(text)
 * @param text string
 * @return any|nil the value; nil and an error
 * @nowait
 */
static int l_json_decode(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    json_error_t problem;
    json_t **box = lua_newuserdatauv(L, sizeof(*box), 0);
    *box = NULL;
    luaL_setmetatable(L, "engine.json.value");
    *box = json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &problem);
    if (!*box) {
        struct err err;
        err_set(&err, ERR_SYNTAX, "not JSON: %s, at byte %d", problem.text, problem.position);
        return lua_util_push_err(L, &err);
    }
    lua_util_push_json(L, *box);
    json_decref(*box);
    *box = NULL;
    return 1;
}

static int l_value_gc(lua_State *L)
{
    json_t **box = lua_touserdata(L, 1);
    json_decref(*box);
    *box = NULL;
    return 0;
}

/*** Writes a value as JSON text, members in the order of their names.
 * @function json.encode(value, options)
 * @param value any tables, texts, numbers, booleans, json.null
 * @param options {pretty:boolean?}|nil
 * @return string
 * @nowait
 */
static int l_json_encode(lua_State *L)
{
    static const char *const KEYS[] = { "pretty", NULL };
    struct err err = { 0 };
    size_t flags = JSON_ENCODE_ANY | JSON_SORT_KEYS | JSON_COMPACT | JSON_REAL_PRECISION(17);
    luaL_checkany(L, 1);
    if (!lua_isnoneornil(L, 2)) {
        lua_util_check_keys(L, 2, "json.encode", KEYS);
        lua_getfield(L, 2, "pretty");
        if (lua_toboolean(L, -1))
            flags = (flags & ~(size_t)JSON_COMPACT) | JSON_INDENT(2);
    }
    json_t **box = lua_newuserdatauv(L, sizeof(*box), 0);
    *box = NULL;
    luaL_setmetatable(L, "engine.json.value");
    *box = lua_util_to_json(L, 1, &err);
    if (!*box)
        return luaL_error(L, "json.encode: %s", err.msg);
    luaL_Buffer out;
    size_t len = json_dumpb(*box, NULL, 0, flags);
    char *text = luaL_buffinitsize(L, &out, len + 1);
    json_dumpb(*box, text, len, flags);
    luaL_pushresultsize(&out, len);
    return 1;
}

/*** Marks a table as a list, so that it is written as [] also when it is empty.
 * @function json.array(list)
 * @param list table|nil an empty one when absent
 * @return table the same table
 * @nowait
 */
static int l_json_array(lua_State *L)
{
    lua_settop(L, 1);
    if (lua_isnil(L, 1)) {
        lua_newtable(L);
        lua_replace(L, 1);
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_util_mark_array(L, 1);
    return 1;
}

static const luaL_Reg FUNCTIONS[] = {
    { "decode", l_json_decode },
    { "encode", l_json_encode },
    { "array", l_json_array },
    { NULL, NULL },
};

int luaopen_engine_json(lua_State *L)
{
    if (luaL_newmetatable(L, "engine.json.value")) {
        lua_pushcfunction(L, l_value_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_pop(L, 1);
    luaL_newlib(L, FUNCTIONS);
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
    return 1;
}
