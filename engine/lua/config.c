#include "lua/config.h"

#include "base/buf.h"
#include "base/mem.h"
#include "lua/config_lines.h"
#include "lua/lua_api.h"
#include "lua/lua_util.h"
#include "lua/report.h"
#include "lua/snapshot.h"
#include "lua/state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET "engine.secret"       /* metatable of an unrevealed secret */
#define RAW    "engine.config.raw"   /* registry: what config.lua returned */
#define UNITS  "engine.config.units" /* registry: list of {path=, fields=} */
#define CONFIG "engine.config.value" /* registry: the validated config, read-only */

enum { SECRET_FILE_MAX = 64 << 10 };

/* ---- what config.lua can call */

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value && value[0] ? value : NULL;
}

static int l_env(lua_State *L)
{
    const char *value = environment(luaL_checkstring(L, 1));
    if (value)
        lua_pushstring(L, value);
    else
        lua_settop(L, 2);
    return 1;
}

static int l_secret_tostring(lua_State *L)
{
    lua_pushliteral(L, "(secret)");
    return 1;
}

/* Pops the text on top and pushes it as a secret. */
static void push_secret(lua_State *L)
{
    lua_newuserdatauv(L, 0, 1);
    lua_insert(L, -2);
    lua_setiuservalue(L, -2, 1);
    if (luaL_newmetatable(L, SECRET)) {
        lua_pushcfunction(L, l_secret_tostring);
        lua_setfield(L, -2, "__tostring");
        lua_pushboolean(L, 0);
        lua_setfield(L, -2, "__metatable");
    }
    lua_setmetatable(L, -2);
}

/* throws. Pushes the file's content without the newline at its end. */
static void push_secret_file(lua_State *L, const char *name, const char *path)
{
    luaL_Buffer content;
    char *room = luaL_buffinitsize(L, &content, SECRET_FILE_MAX);
    FILE *file = fopen(path, "re");
    if (!file)
        luaL_error(L, "secret(\"%s\"): the file of %s_FILE cannot be read: %s", name, name,
                   strerror(errno));
    size_t len = fread(room, 1, SECRET_FILE_MAX, file);
    bool is_whole = feof(file) != 0;
    fclose(file);
    if (!is_whole)
        luaL_error(L, "secret(\"%s\"): the file of %s_FILE is too large or cannot be read", name,
                   name);
    while (len > 0 && (room[len - 1] == '\n' || room[len - 1] == '\r'))
        len--;
    luaL_pushresultsize(&content, len);
}

static int l_secret(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    const char *value = environment(name);
    if (value) {
        lua_pushstring(L, value);
        push_secret(L);
        return 1;
    }
    const char *path = environment(lua_pushfstring(L, "%s_FILE", name));
    if (!path)
        return 0;
    push_secret_file(L, name, path);
    push_secret(L);
    return 1;
}

static int l_unit(lua_State *L)
{
    double value = luaL_checknumber(L, 1) * (double)lua_tointeger(L, lua_upvalueindex(1));
    luaL_argcheck(L, value >= 0 && value < 9e15, 1, "out of range");
    lua_pushinteger(L, (lua_Integer)value);
    return 1;
}

static int l_unknown_name(lua_State *L)
{
    return luaL_error(L,
                      "unknown name `%s`: config.lua is data; it has env, secret, seconds, "
                      "minutes, hours, days, kib and mib",
                      luaL_tolstring(L, 2, NULL));
}

static int l_no_globals(lua_State *L)
{
    return luaL_error(L, "config.lua cannot set `%s`; it returns a table",
                      luaL_tolstring(L, 2, NULL));
}

static void push_environment(lua_State *L)
{
    static const luaL_Reg FUNCTIONS[] = { { "env", l_env },
                                          { "secret", l_secret },
                                          { NULL, NULL } };
    static const luaL_Reg STRICT[] = { { "__index", l_unknown_name },
                                       { "__newindex", l_no_globals },
                                       { NULL, NULL } };
    static const struct {
        const char *name;
        lua_Integer factor;
    } UNIT_FUNCTIONS[] = {
        { "seconds", 1000 },  { "minutes", 60000 }, { "hours", 3600000 },
        { "days", 86400000 }, { "kib", 1024 },      { "mib", 1 << 20 },
    };
    luaL_newlib(L, FUNCTIONS);
    for (size_t i = 0; i < sizeof(UNIT_FUNCTIONS) / sizeof(UNIT_FUNCTIONS[0]); i++) {
        lua_pushinteger(L, UNIT_FUNCTIONS[i].factor);
        lua_pushcclosure(L, l_unit, 1);
        lua_setfield(L, -2, UNIT_FUNCTIONS[i].name);
    }
    luaL_newlib(L, STRICT);
    lua_setmetatable(L, -2);
}

/* ---- evaluation */

static int evaluate(lua_State *L)
{
    const struct snapshot *snapshot = lua_touserdata(L, 1);
    const struct snapshot_file *file = snapshot_find(snapshot, "config.lua");
    const char *name = snapshot_config_name(snapshot);
    if (!file)
        return luaL_error(L, "%s: there is no such file", name);
    state_load_text(L, name, file->text, file->len);
    push_environment(L);
    lua_setupvalue(L, -2, 1);
    lua_call(L, 0, 1);
    if (!lua_istable(L, -1))
        return luaL_error(L, "%s:1: returns %s; it must return a table", name,
                          luaL_typename(L, -1));
    lua_setfield(L, LUA_REGISTRYINDEX, RAW);
    return 0;
}

int config_evaluate(struct state *state, const struct snapshot *snapshot, struct err *err)
{
    return state_pcall(state, evaluate, (void *)snapshot, STATE_LOAD_US, err);
}

void config_add_fields(lua_State *L, const char *path)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, UNITS);
    lua_createtable(L, 0, 2);
    lua_pushstring(L, path);
    lua_setfield(L, -2, "path");
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "fields");
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    lua_pop(L, 2);
}

/* ---- validation */

struct validation {
    const struct snapshot *snapshot;
    struct report *report;
    struct err *err;
    json_t *shown;
};

static int l_reveal(lua_State *L)
{
    luaL_checkudata(L, 1, SECRET);
    lua_getiuservalue(L, 1, 1);
    return 1;
}

static int l_mark_array(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_util_mark_array(L, 1);
    lua_settop(L, 1);
    return 1;
}

/* Pushes the function <name> of scripts/config/load.lua. */
static void push_loader(lua_State *L, const char *name)
{
    lua_api_require(L, "config.load");
    lua_getfield(L, -1, name);
    lua_remove(L, -2);
}

static void push_tools(lua_State *L)
{
    static const luaL_Reg TOOLS[] = { { "reveal", l_reveal },
                                      { "array", l_mark_array },
                                      { NULL, NULL } };
    luaL_newlib(L, TOOLS);
}

/* The field of the table on top, or "". Valid while the table is. */
static const char *text_field(lua_State *L, const char *name)
{
    const char *text = lua_getfield(L, -1, name) == LUA_TSTRING ? lua_tostring(L, -1) : "";
    lua_pop(L, 1);
    return text;
}

/* Index <errors>: the list of mistakes. */
static void report_errors(lua_State *L, int errors, const struct snapshot *snapshot,
                          struct report *report)
{
    for (lua_Integer i = 1; lua_rawgeti(L, errors, i) == LUA_TTABLE; i++) {
        const char *unit = text_field(L, "file"), *path = text_field(L, "path"),
                   *message = text_field(L, "message");
        if (unit[0])
            report_add(report, "%s: %s", unit, message);
        else
            config_report(report, snapshot, path[0] ? path : "config", message);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

void config_report(struct report *report, const struct snapshot *snapshot, const char *path,
                   const char *message)
{
    const struct snapshot_file *file = snapshot_find(snapshot, "config.lua");
    struct config_lines *lines = config_lines_new(file ? file->text : "", file ? file->len : 0);
    report_add(report, "%s:%d %s: %s", snapshot_config_name(snapshot),
               config_lines_find(lines, path), path, message);
    config_lines_free(lines);
}

static int validate(lua_State *L)
{
    struct validation *validation = lua_touserdata(L, 1);
    push_loader(L, "validate");
    lua_getfield(L, LUA_REGISTRYINDEX, RAW);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, UNITS);
    push_tools(L);
    lua_call(L, 3, 3);
    int errors = lua_gettop(L);
    if (lua_rawlen(L, errors) > 0) {
        report_errors(L, errors, validation->snapshot, validation->report);
        return 0;
    }
    lua_pushvalue(L, errors - 2);
    lua_util_push_readonly(L, "the config");
    lua_setfield(L, LUA_REGISTRYINDEX, CONFIG);
    validation->shown = lua_util_to_json(L, errors - 1, validation->err);
    return 0;
}

int config_validate(struct state *state, const struct snapshot *snapshot, struct report *report,
                    json_t **shown, struct err *err)
{
    struct validation validation = { snapshot, report, err, NULL };
    int mistakes = report->count;
    int rc = state_pcall(state, validate, &validation, STATE_LOAD_US, err);
    if (rc == OK && !validation.shown && report->count == mistakes)
        rc = err->code;
    *shown = validation.shown;
    return rc;
}

static int set_empty(lua_State *L)
{
    lua_newtable(L);
    lua_util_push_readonly(L, "the config");
    lua_setfield(L, LUA_REGISTRYINDEX, CONFIG);
    return 0;
}

int config_set_empty(struct state *state, struct err *err)
{
    return state_pcall(state, set_empty, NULL, 0, err);
}

static int peek(lua_State *L)
{
    struct validation *validation = lua_touserdata(L, 1);
    push_loader(L, "peek");
    lua_getfield(L, LUA_REGISTRYINDEX, RAW);
    push_tools(L);
    lua_call(L, 2, 2);
    if (lua_rawlen(L, -1) > 0)
        report_errors(L, lua_gettop(L), validation->snapshot, validation->report);
    else
        validation->shown = lua_util_to_json(L, -2, validation->err);
    return 0;
}

int config_peek(struct state *state, const struct snapshot *snapshot, json_t **shown,
                struct err *err)
{
    struct report report;
    report_init(&report);
    struct validation validation = { snapshot, &report, err, NULL };
    int rc = state_pcall(state, peek, &validation, STATE_LOAD_US, err);
    if (rc == OK && !validation.shown)
        rc = report.count > 0 ? report_to_err(&report, err) : err->code;
    *shown = validation.shown;
    report_fini(&report);
    return rc;
}

/* ---- for scripts */

void config_push(lua_State *L)
{
    if (lua_getfield(L, LUA_REGISTRYINDEX, CONFIG) == LUA_TNIL)
        luaL_error(L, "engine.config cannot be read while loading; read it inside a function");
}

static int l_view_index(lua_State *L)
{
    config_push(L);
    lua_pushvalue(L, 2);
    lua_gettable(L, -2);
    return 1;
}

static int l_view_pairs(lua_State *L)
{
    config_push(L);
    luaL_getmetafield(L, -1, "__pairs");
    lua_insert(L, -2);
    lua_call(L, 1, 3);
    return 3;
}

static int l_view_write(lua_State *L)
{
    return luaL_error(L, "the config is read-only");
}

void config_push_view(lua_State *L)
{
    static const luaL_Reg VIEW[] = {
        { "__index", l_view_index },
        { "__pairs", l_view_pairs },
        { "__newindex", l_view_write },
        { NULL, NULL },
    };
    lua_newtable(L);
    luaL_newlib(L, VIEW);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
}
