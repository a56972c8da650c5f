/* engine.schedule - which task runs when, as the current scripts say. */
#include "core/engine.h"
#include "lua/generation.h"
#include "lua/lua_modules.h"
#include "lua/lua_util.h"
#include "lua/state.h"

/*** The schedules that are on.
 * @function schedule.list()
 * @return {name: string, task: string, every_ms: integer?, cron: string?, time_zone: string,
 *   catch_up: string, args: table, about: string}[] rows
 * @nowait
 */
static int l_schedule_list(lua_State *L)
{
    struct engine *engine = state_engine(L);
    const json_t *rows =
        engine && engine->generations ? generations_schedules(engine->generations) : NULL;
    if (rows)
        lua_util_push_json(L, rows);
    else
        lua_newtable(L);
    return 1;
}

static const luaL_Reg FUNCTIONS[] = { { "list", l_schedule_list }, { NULL, NULL } };

int luaopen_engine_schedule(lua_State *L)
{
    luaL_newlib(L, FUNCTIONS);
    return 1;
}
