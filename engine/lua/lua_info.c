/* engine.info - facts of the running engine: version, base_url, generation, started_at_ms. Looked
 * up when they are read. */
#include "core/engine.h"
#include "lua/generation.h"
#include "lua/lua_modules.h"
#include "lua/lua_util.h"
#include "lua/state.h"

#include <string.h>

static int l_info_index(lua_State *L)
{
    const struct engine *engine = state_engine(L);
    const char *name = luaL_checkstring(L, 2);
    if (!strcmp(name, "version"))
        lua_pushstring(L, HALLIGAN_VERSION);
    else if (!strcmp(name, "base_url"))
        lua_pushstring(L, engine ? engine->base_url : "");
    else if (!strcmp(name, "generation"))
        lua_pushstring(L,
                       engine && engine->generations ? generations_hash(engine->generations) : "");
    else if (!strcmp(name, "started_at_ms"))
        lua_pushinteger(L, engine ? engine->started_at_ms : 0);
    else
        return luaL_error(L, "engine.info has no \"%s\"", name);
    return 1;
}

static int l_info_newindex(lua_State *L)
{
    return luaL_error(L, "engine.info is read-only");
}

/*** @field info.version string of the engine: "0.1.0"
 * @field info.base_url string where people reach the pages, without a final slash
 * @field info.generation string the hash that names the scripts that run
 * @field info.started_at_ms integer when the engine was started
 */
int luaopen_engine_info(lua_State *L)
{
    lua_newtable(L);
    lua_newtable(L);
    lua_pushcfunction(L, l_info_index);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, l_info_newindex);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    return 1;
}
