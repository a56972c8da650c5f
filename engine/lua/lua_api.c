#include "lua/lua_api.h"

#include "lua/lua_modules.h"
#include "lua/snapshot.h"
#include "lua/state.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#define SCRIPTS  (KIND_CORE | KIND_TEST)
#define EVERYONE (KIND_CORE | KIND_TEST | KIND_INVITE)

static const struct lua_module {
    const char *name; /* "engine.http" */
    lua_CFunction open;
    unsigned kinds; /* who may require it */
} MODULES[] = {
    { "engine.config", luaopen_engine_config, SCRIPTS },
    { "engine.conversations", luaopen_engine_conversations, SCRIPTS },
    { "engine.crypto", luaopen_engine_crypto, SCRIPTS },
    { "engine.events", luaopen_engine_events, SCRIPTS },
    { "engine.html", luaopen_engine_html, SCRIPTS },
    { "engine.http", luaopen_engine_http, SCRIPTS },
    { "engine.incidents", luaopen_engine_incidents, SCRIPTS },
    { "engine.info", luaopen_engine_info, SCRIPTS },
    { "engine.invitations", luaopen_engine_invitations, SCRIPTS },
    { "engine.invites", luaopen_engine_invites, SCRIPTS },
    { "engine.jobs", luaopen_engine_jobs, SCRIPTS },
    { "engine.json", luaopen_engine_json, EVERYONE },
    { "engine.kernel", luaopen_engine_kernel, SCRIPTS },
    { "engine.limits", luaopen_engine_limits, SCRIPTS },
    { "engine.log", luaopen_engine_log, SCRIPTS },
    { "engine.messages", luaopen_engine_messages, SCRIPTS },
    { "engine.people", luaopen_engine_people, SCRIPTS },
    { "engine.reference", luaopen_engine_reference, SCRIPTS },
    { "engine.schedule", luaopen_engine_schedule, SCRIPTS },
    { "engine.store", luaopen_engine_store, SCRIPTS },
    { "engine.task", luaopen_engine_task, SCRIPTS },
    { "engine.text", luaopen_engine_text, EVERYONE },
    { "engine.time", luaopen_engine_time, EVERYONE },
    { "engine.url", luaopen_engine_url, SCRIPTS },
    { "engine.costs", luaopen_engine_costs, SCRIPTS },
    { "engine.custom_fields", luaopen_engine_custom_fields, SCRIPTS },
    { "engine.updates", luaopen_engine_updates, SCRIPTS },
    { "engine.usergroups", luaopen_engine_usergroups, SCRIPTS },
    { "engine.websocket", luaopen_engine_websocket, SCRIPTS },
};
enum { MODULE_COUNT = sizeof(MODULES) / sizeof(MODULES[0]) };

#define LOADED \
    "engine.loaded" /* registry: name -> what require gave, or false while the file runs */

static const struct lua_module *find_module(const char *name)
{
    for (int i = 0; i < MODULE_COUNT; i++)
        if (strcmp(MODULES[i].name, name) == 0)
            return &MODULES[i];
    return NULL;
}

static const char *kind_text(unsigned kind)
{
    if (kind & KIND_INVITE)
        return "invite strategies";
    return kind & KIND_CONFIG ? "the config schema" : "these scripts";
}

/* ---- engine.* */

static int l_read_only(lua_State *L)
{
    return luaL_error(L, "%s cannot be changed", lua_tostring(L, lua_upvalueindex(1)));
}

static int l_pairs(lua_State *L)
{
    lua_getglobal(L, "next");
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushnil(L);
    return 3;
}

/* Pops the module table and pushes a view of it that cannot be written. Other values stay as they
 * are, and so do modules that bring their own metatable. */
static void protect(lua_State *L, const char *name)
{
    if (!lua_istable(L, -1))
        return;
    if (lua_getmetatable(L, -1)) {
        lua_pop(L, 1);
        return;
    }
    lua_newtable(L);
    lua_createtable(L, 0, 4);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushvalue(L, -3);
    lua_pushcclosure(L, l_pairs, 1);
    lua_setfield(L, -2, "__pairs");
    lua_pushstring(L, name);
    lua_pushcclosure(L, l_read_only, 1);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_remove(L, -2);
}

static void push_engine_module(lua_State *L, const char *name)
{
    const struct lua_module *module = find_module(name);
    if (!module)
        luaL_error(L, "there is no module \"%s\"", name);
    if (!(module->kinds & state_kind(L)))
        luaL_error(L, "module \"%s\" is not available to %s", name, kind_text(state_kind(L)));
    state_must_close(L); /* modules may keep what must be given back */
    lua_pushcfunction(L, module->open);
    lua_pushstring(L, name);
    lua_call(L, 1, 1);
    protect(L, name);
}

/* ---- files of the snapshot */

/* "chat.client" -> "scripts/chat/client.lua"; false for a name that is no such path. */
static bool script_path(const char *name, char *out, size_t size)
{
    int len = snprintf(out, size, "scripts/%s.lua", name);
    if (len < 0 || (size_t)len >= size || strchr(name, '/') || strstr(name, "..") ||
        name[0] == '.' || name[0] == '\0')
        return false;
    size_t prefix = strlen("scripts/");
    for (char *c = out + prefix; c < out + (size_t)len - strlen(".lua"); c++)
        if (*c == '.')
            *c = '/';
    return true;
}

static void push_file(lua_State *L, const char *name)
{
    char path[256];
    const struct snapshot *snapshot = state_snapshot(L);
    bool is_path = script_path(name, path, sizeof(path));
    const struct snapshot_file *file = snapshot && is_path ? snapshot_find(snapshot, path) : NULL;
    if (!file)
        luaL_error(L, "there is no module \"%s\"%s%s%s", name, is_path ? " (no file " : "",
                   is_path ? path : "", is_path ? ")" : "");
    state_load_text(L, path, file->text, file->len);
    lua_pushstring(L, name);
    lua_call(L, 1, 1);
    if (lua_isnil(L, -1))
        luaL_error(L, "%s returns nothing; a module returns its table", path);
}

/* ---- require */

void lua_api_require(lua_State *L, const char *name)
{
    luaL_checkstack(L, 10, NULL);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LOADED);
    int type = lua_getfield(L, -1, name);
    if (type == LUA_TBOOLEAN && !lua_toboolean(L, -1))
        luaL_error(L, "module \"%s\" requires itself, directly or in a circle", name);
    if (type != LUA_TNIL) {
        lua_remove(L, -2);
        return;
    }
    lua_pop(L, 1);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, name);
    if (strncmp(name, "engine.", strlen("engine.")) == 0)
        push_engine_module(L, name);
    else
        push_file(L, name);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, name);
    lua_remove(L, -2);
}

/* Index 1: the name. Protected, so that a file that failed may be required again. */
static int require_unprotected(lua_State *L)
{
    lua_api_require(L, lua_tostring(L, 1));
    return 1;
}

static int l_require(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    lua_settop(L, 1);
    lua_pushcfunction(L, require_unprotected);
    lua_pushvalue(L, 1);
    if (lua_pcall(L, 1, 1, 0) == LUA_OK)
        return 1;
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LOADED);
    if (lua_getfield(L, -1, name) == LUA_TBOOLEAN) {
        lua_pushnil(L);
        lua_setfield(L, -3, name);
    }
    lua_pop(L, 2);
    if (lua_type(L, -1) == LUA_TSTRING && !strstr(lua_tostring(L, -1), ".lua:")) {
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

void lua_api_preload(lua_State *L, const char *name)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LOADED);
    lua_insert(L, -2);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}

void lua_api_install(lua_State *L)
{
    lua_pushcfunction(L, l_require);
    lua_setglobal(L, "require");
}
