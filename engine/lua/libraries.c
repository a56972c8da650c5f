#include "lua/libraries.h"

#include "lua/lua_api.h"
#include "lua/state.h"
#include "lua/string_patterns.h"

#include <lauxlib.h>
#include <lualib.h>

enum { LONGEST_TABLE = 10 * 1000 * 1000 };

/* ---- in place of Lua's own */

static int l_setmetatable(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argexpected(L, lua_isnil(L, 2) || lua_istable(L, 2), 2, "nil or table");
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
        return luaL_error(L, "cannot change a protected metatable");
    if (lua_istable(L, 2)) {
        /* Finalizers run with hooks off: a loop in one could not be stopped. */
        lua_pushliteral(L, "__gc");
        if (lua_rawget(L, 2) != LUA_TNIL)
            return luaL_error(L, "setmetatable: scripts have no finalizers (__gc)");
    }
    lua_settop(L, 2);
    lua_setmetatable(L, 1);
    return 1;
}

static int after_handler(lua_State *L, int status, lua_KContext context)
{
    (void)status;
    (void)context;
    return lua_gettop(L) - 2;
}

static int after_call(lua_State *L, int status, lua_KContext context)
{
    (void)context;
    if (status == LUA_OK || status == LUA_YIELD)
        return lua_gettop(L) - 2;
    lua_pushboolean(L, 0);
    lua_replace(L, 3);
    lua_pushvalue(L, 2);
    lua_insert(L, 4);
    status = lua_pcallk(L, 1, LUA_MULTRET, 0, 0, after_handler);
    return after_handler(L, status, 0);
}

/* xpcall whose handler runs after the stack is left: Lua's own would run it within the hook that
 * ends a script, with hooks off, and a loop in it could not be stopped. */
static int l_xpcall(lua_State *L)
{
    int arg_count = lua_gettop(L) - 2;
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_pushboolean(L, 1);
    lua_pushvalue(L, 1);
    lua_rotate(L, 3, 2); /* function, handler, true, function, arguments */
    int status = lua_pcallk(L, arg_count, LUA_MULTRET, 0, 0, after_call);
    return after_call(L, status, 0);
}

static int l_unknown_global(lua_State *L)
{
    return luaL_error(L, "unknown global `%s`", luaL_tolstring(L, 2, NULL));
}

static int l_new_global(lua_State *L)
{
    return luaL_error(L, "assignment to global `%s` (write `local`)", luaL_tolstring(L, 2, NULL));
}

static int l_read_only(lua_State *L)
{
    return luaL_error(L, "`%s` cannot be changed", luaL_tolstring(L, 2, NULL));
}

/* Pops the table on top and pushes a proxy that reads from it. */
static void push_frozen(lua_State *L)
{
    lua_newtable(L);
    lua_createtable(L, 0, 3);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, l_read_only);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_remove(L, -2);
}

/* ---- what C could be kept busy with */

/* Each wrapper's upvalue is the library's function; this calls it with all the arguments. */
static int call_wrapped(lua_State *L)
{
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

/* A table's length may be whatever its metatable says, and a loop over it in C could not be
 * stopped. */
static int l_insert_or_remove(lua_State *L)
{
    luaL_argcheck(L, !lua_istable(L, 1) || luaL_len(L, 1) <= LONGEST_TABLE, 1,
                  "the table is too long");
    return call_wrapped(L);
}

static int l_move(lua_State *L)
{
    lua_Integer first = luaL_checkinteger(L, 2), last = luaL_checkinteger(L, 3);
    luaL_argcheck(L, last < first || (lua_Unsigned)last - (lua_Unsigned)first < LONGEST_TABLE, 3,
                  "too many elements to move");
    return call_wrapped(L);
}

/* The library's takes its time over many times nothing. */
static int l_rep(lua_State *L)
{
    size_t len, separator_len;
    luaL_checklstring(L, 1, &len);
    luaL_optlstring(L, 3, "", &separator_len);
    if (len + separator_len == 0) {
        lua_pushliteral(L, "");
        return 1;
    }
    return call_wrapped(L);
}

/* ---- opening them */

static void clear_fields(lua_State *L, const char *const *names)
{
    for (; *names; names++) {
        lua_pushnil(L);
        lua_setfield(L, -2, *names);
    }
}

static void open_base(lua_State *L)
{
    static const char *const UNWANTED[] = {
        "dofile", "loadfile", "load", "collectgarbage", "print", "rawset", "warn", "_G", NULL,
    };
    luaL_requiref(L, LUA_GNAME, luaopen_base, 0);
    clear_fields(L, UNWANTED);
    lua_pushcfunction(L, l_setmetatable);
    lua_setfield(L, -2, "setmetatable");
    lua_pushcfunction(L, l_xpcall);
    lua_setfield(L, -2, "xpcall");
    lua_pop(L, 1);
}

static void wrap_field(lua_State *L, const char *name, lua_CFunction wrapper)
{
    lua_getfield(L, -1, name);
    lua_pushcclosure(L, wrapper, 1);
    lua_setfield(L, -2, name);
}

static int open_string(lua_State *L)
{
    luaopen_string(L);
    if (state_kind(L) == KIND_CORE) /* the jail has a deadline */
        wrap_field(L, "rep", l_rep);
    string_patterns_install(L);
    return 1;
}

static int open_table(lua_State *L)
{
    luaopen_table(L);
    wrap_field(L, "insert", l_insert_or_remove);
    wrap_field(L, "remove", l_insert_or_remove);
    wrap_field(L, "move", l_move);
    return 1;
}

static void open_others(lua_State *L)
{
    static const luaL_Reg LIBRARIES[] = {
        { LUA_STRLIBNAME, open_string },
        { LUA_TABLIBNAME, open_table },
        { LUA_MATHLIBNAME, luaopen_math },
        { LUA_UTF8LIBNAME, luaopen_utf8 },
    };
    static const char *const UNWANTED[] = { "dump", NULL };
    for (size_t i = 0; i < sizeof(LIBRARIES) / sizeof(LIBRARIES[0]); i++) {
        luaL_requiref(L, LIBRARIES[i].name, LIBRARIES[i].func, 0);
        clear_fields(L, UNWANTED);
        push_frozen(L);
        lua_setglobal(L, LIBRARIES[i].name);
    }
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 2);
}

void libraries_open(lua_State *L)
{
    open_base(L);
    open_others(L);
}

void libraries_close_globals(lua_State *L)
{
    static const luaL_Reg STRICT[] = {
        { "__index", l_unknown_global },
        { "__newindex", l_new_global },
        { NULL, NULL },
    };
    lua_pushglobaltable(L);
    luaL_newlib(L, STRICT);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}
