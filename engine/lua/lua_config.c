/* engine.config - the operator's config, checked, with its defaults; read-only. */
#include "lua/config.h"
#include "lua/lua_modules.h"

int luaopen_engine_config(lua_State *L)
{
    config_push_view(L);
    return 1;
}
