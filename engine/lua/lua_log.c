/* engine.log - one line an event, with the script's file and line in front. Never log a secret. */
#include "base/log.h"
#include "lua/lua_modules.h"
#include "lua/options.h"
#include "lua/task.h"

#include <lauxlib.h>
#include <string.h>

/* throws. The incident that the fields at 2 name, else <otherwise>. */
static int64_t find_incident(lua_State *L, int64_t otherwise)
{
    int is_integer = 0;
    lua_pushliteral(L, "incident");
    int type = lua_rawget(L, 2);
    lua_Integer named = lua_tointegerx(L, -1, &is_integer);
    if (type != LUA_TNIL && !is_integer)
        luaL_error(L, "log: fields.incident: expected an incident's id, got %s",
                   luaL_typename(L, -1));
    lua_pop(L, 1);
    return type == LUA_TNIL ? otherwise : named;
}

/* throws. The message with the fields that follow it, in the order of their names. */
static void push_line(lua_State *L)
{
    luaL_Buffer out;
    if (lua_istable(L, 2))
        options_push_names(L, 2, "log: fields");
    else
        lua_newtable(L);
    lua_Integer count = (lua_Integer)lua_rawlen(L, 3);
    luaL_buffinit(L, &out);
    luaL_where(L, 1);
    luaL_addvalue(&out);
    luaL_tolstring(L, 1, NULL);
    luaL_addvalue(&out);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, 3, i);
        const char *name = lua_tostring(L, -1);
        if (strcmp(name, "incident") == 0) {
            lua_pop(L, 1);
            continue;
        }
        lua_pushfstring(L, " %s=", name);
        lua_pushvalue(L, -2);
        lua_rawget(L, 2);
        luaL_tolstring(L, -1, NULL);
        lua_remove(L, -2);
        lua_concat(L, 2);
        lua_remove(L, -2);
        luaL_addvalue(&out);
    }
    luaL_pushresult(&out);
}

static int write_line(lua_State *L, enum log_level level)
{
    luaL_checkany(L, 1);
    if (!lua_isnoneornil(L, 2))
        luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    if (!log_is_on(LOG_SCRIPT, level))
        return 0;
    struct task *task = task_current(L);
    int64_t incident_id = task ? task_incident(task) : 0;
    if (lua_istable(L, 2))
        incident_id = find_incident(L, incident_id);
    push_line(L);
    log_write(level, LOG_SCRIPT, incident_id, "%s", lua_tostring(L, -1));
    return 0;
}

/*** Logs for those who look for a mistake.
 * @function log.debug(message, fields)
 * @param message any
 * @param fields table<string, any>|nil named values; `incident` is the incident's id
 * @nowait
 */
static int l_log_debug(lua_State *L)
{
    return write_line(L, LOG_DEBUG_LEVEL);
}

/*** Logs what an operator may want to know.
 * @function log.info(message, fields)
 * @param message any
 * @param fields table<string, any>|nil named values; `incident` is the incident's id
 * @nowait
 */
static int l_log_info(lua_State *L)
{
    return write_line(L, LOG_INFO_LEVEL);
}

/*** Logs what an operator should look at some day.
 * @function log.warn(message, fields)
 * @param message any
 * @param fields table<string, any>|nil named values; `incident` is the incident's id
 * @nowait
 */
static int l_log_warn(lua_State *L)
{
    return write_line(L, LOG_WARN_LEVEL);
}

/*** Logs what an operator should look at now.
 * @function log.error(message, fields)
 * @param message any
 * @param fields table<string, any>|nil named values; `incident` is the incident's id
 * @nowait
 */
static int l_log_error(lua_State *L)
{
    return write_line(L, LOG_ERROR_LEVEL);
}

static const luaL_Reg FUNCTIONS[] = {
    { "debug", l_log_debug }, { "info", l_log_info }, { "warn", l_log_warn },
    { "error", l_log_error }, { NULL, NULL },
};

int luaopen_engine_log(lua_State *L)
{
    luaL_newlib(L, FUNCTIONS);
    return 1;
}
