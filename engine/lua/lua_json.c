/* engine.json - JSON text for scripts. Integers stay integers, an empty list stays a list, errors
 * name the place. */
/* Neither way makes a tree: json_read.c, json_write.c. lua-cjson has neither 64-bit integers nor
 * empty lists. */
#include "lua/lua_modules.h"
#include "lua/lua_util.h"
#include "lua/options.h"

enum { KEPT_BYTES = 256 << 10, KEPT_MEMBERS = 4 << 10 };

#define WORK "engine.json.work" /* what writing takes, kept from one text to the next */

/* What a large value took is given back, whether it became a text or not. */
static void keep_little(struct lua_util_json_text *work)
{
    if (work->text.cap > KEPT_BYTES || work->cap > KEPT_MEMBERS)
        lua_util_json_text_fini(work);
}

static int l_work_gc(lua_State *L)
{
    lua_util_json_text_fini(lua_touserdata(L, 1));
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
    bool is_pretty = options_flag(&options, "pretty");
    struct lua_util_json_text *work = lua_touserdata(L, lua_upvalueindex(1));
    if (lua_util_write_json(L, 1, is_pretty, work, &err) != OK) {
        keep_little(work);
        return luaL_error(L, "json.encode: %s", err.msg);
    }
    lua_pushlstring(L, work->text.data, work->text.len);
    keep_little(work);
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

/* Pushes what json.encode works with. */
static void push_work(lua_State *L)
{
    struct lua_util_json_text *work = lua_newuserdatauv(L, sizeof(*work), 0);
    *work = (struct lua_util_json_text){ 0 };
    if (luaL_newmetatable(L, WORK)) {
        lua_pushcfunction(L, l_work_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
}

/*** @field json.null userdata what stands for null within lists, and in tables that are encoded */
int luaopen_engine_json(lua_State *L)
{
    luaL_newlibtable(L, FUNCTIONS);
    push_work(L);
    luaL_setfuncs(L, FUNCTIONS, 1);
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
    return 1;
}
