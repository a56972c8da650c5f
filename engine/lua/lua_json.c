/* engine.json - JSON text for scripts. Integers stay integers, an empty list stays a list, errors
 * name the place. */
/* Writing is jansson's; reading is json_read.c, which makes no tree: it was a third of what the
 * engine did. lua-cjson has neither 64-bit integers nor empty lists. */
#include "lua/lua_modules.h"
#include "lua/lua_util.h"
#include "lua/options.h"

#include <jansson.h>

#define VALUE "engine.json.value" /* a boxed json_t, so that an error on the way frees it */

/* throws. Pushes an empty box. */
static json_t **push_box(lua_State *L)
{
    json_t **box = lua_newuserdatauv(L, sizeof(*box), 0);
    *box = NULL;
    luaL_setmetatable(L, VALUE);
    return box;
}

static int l_value_gc(lua_State *L)
{
    json_t **box = lua_touserdata(L, 1);
    json_decref(*box);
    *box = NULL;
    return 0;
}

/*** Reads JSON text. Members that are null are left out of objects; within lists they are
 * json.null. A number that is whole becomes an integer, also when it was written 5.0.
 * @function json.decode(text)
 * @param text string
 * @return any|nil value
 * @return Error|nil err code "syntax": not JSON, or not UTF-8; "limit": nested too deeply
 * @nowait
 */
static int l_json_decode(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    struct err err = { 0 };
    if (lua_util_read_json(L, text, len, &err) != OK)
        return lua_util_push_err(L, &err);
    return 1;
}

/*** Writes a value as JSON text, members in the order of their names. Throws, naming the path, for
 * what has no JSON form: functions, NaN, bytes that are no UTF-8, lists with gaps, tables with both
 * numbers and names as keys, tables that contain themselves.
 * @function json.encode(value, options)
 * @param value any tables, texts, numbers, booleans, json.null; an empty table is an object unless
 *   json.array marked it
 * @param options {pretty: boolean?}|nil pretty: over several lines
 * @return string text
 * @nowait
 */
static int l_json_encode(lua_State *L)
{
    static const char *const KEYS[] = { "pretty", NULL };
    struct err err = { 0 };
    luaL_checkany(L, 1);
    struct options options = options_check(L, 2, "json.encode", KEYS);
    size_t layout = options_flag(&options, "pretty") ? JSON_INDENT(2) : JSON_COMPACT;
    size_t flags = JSON_ENCODE_ANY | JSON_SORT_KEYS | JSON_REAL_PRECISION(17) | layout;
    json_t **box = push_box(L);
    *box = lua_util_to_json(L, 1, &err);
    if (!*box)
        return luaL_error(L, "json.encode: %s", err.msg);
    luaL_Buffer out;
    size_t len = json_dumpb(*box, NULL, 0, flags);
    char *text = luaL_buffinitsize(L, &out, len + 1);
    json_dumpb(*box, text, len, flags);
    luaL_pushresultsize(&out, len);
    json_decref(*box);
    *box = NULL;
    return 1;
}

/*** Marks a table as a list, so that it is written as [] also when it is empty.
 * @function json.array(list)
 * @param list table|nil an empty one when absent
 * @return table list the same table
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

/*** @field json.null userdata what stands for null within lists, and in tables that are encoded */
int luaopen_engine_json(lua_State *L)
{
    if (luaL_newmetatable(L, VALUE)) {
        lua_pushcfunction(L, l_value_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_pop(L, 1);
    luaL_newlib(L, FUNCTIONS);
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
    return 1;
}
