/* engine.log - one line an event, with the script's file and line in front. Never log a secret. */
#include "base/log.h"
#include "lua/lua_modules.h"
#include "lua/lua_util.h"
#include "lua/task.h"

#include <string.h>

/* throws. The `incident` of the table at 2, 0 when it names none; checks the names of the others.
 */
static int64_t find_incident(lua_State *L)
{
    int64_t incident_id = 0;
    for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            luaL_error(L, "log: the names of fields must be strings");
        if (!strcmp(lua_tostring(L, -2), "incident"))
            incident_id = lua_tointeger(L, -1);
    }
    return incident_id;
}

/* throws. The message with its fields, as one string on the stack's top. */
static void push_line(lua_State *L)
{
    const char *message = luaL_tolstring(L, 1, NULL);
    luaL_where(L, 1);
    lua_pushfstring(L, "%s%s", lua_tostring(L, -1), message);
    if (!lua_istable(L, 2))
        return;
    for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1)) {
        const char *name = lua_tostring(L, -2);
        if (!strcmp(name, "incident"))
            continue;
        const char *value = luaL_tolstring(L, -1, NULL);
        lua_pushfstring(L, "%s %s=%s", lua_tostring(L, -4), name, value);
        lua_replace(L, -5);
        lua_pop(L, 1);
    }
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
    if (lua_istable(L, 2)) {
        int64_t named = find_incident(L);
        incident_id = named ? named : incident_id;
    }
    push_line(L);
    log_write(level, LOG_SCRIPT, incident_id, "%s", lua_tostring(L, -1));
    return 0;
}

/*** Logs for those who look for a mistake.
 * @function log.debug(message, fields)
 * @param message any
 * @param fields table|nil named values; `incident` is the incident's id
 * @nowait
 */
static int l_log_debug(lua_State *L)
{
    return write_line(L, LOG_DEBUG_LEVEL);
}

/*** Logs what an operator may want to know.
 * @function log.info(message, fields)
 * @param message any
 * @param fields table|nil named values; `incident` is the incident's id
 * @nowait
 */
static int l_log_info(lua_State *L)
{
    return write_line(L, LOG_INFO_LEVEL);
}

/*** Logs what an operator should look at some day.
 * @function log.warn(message, fields)
 * @param message any
 * @param fields table|nil named values; `incident` is the incident's id
 * @nowait
 */
static int l_log_warn(lua_State *L)
{
    return write_line(L, LOG_WARN_LEVEL);
}

/*** Logs what an operator should look at now.
 * @function log.error(message, fields)
 * @param message any
 * @param fields table|nil named values; `incident` is the incident's id
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
