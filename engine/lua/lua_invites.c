/* engine.invites - asks the invite strategies, in the jail. */
#include "core/engine.h"
#include "lua/generation.h"
#include "lua/jail.h"
#include "lua/lua_modules.h"
#include "lua/lua_util.h"
#include "lua/state.h"
#include "lua/task.h"

struct collect_wait {
    struct task_wait wait;
    json_t *answer; /* NULL: <err> says why */
    struct err err;
};

static void on_answer(void *arg, int rc, const json_t *answer, const struct err *err)
{
    struct collect_wait *collect = arg;
    if (rc == OK)
        collect->answer = json_incref((json_t *)answer);
    else
        collect->err = *err;
    task_wait_complete(&collect->wait);
}

static int push_answer(lua_State *L, struct task_wait *wait)
{
    struct collect_wait *collect = (struct collect_wait *)wait;
    if (!collect->answer)
        return lua_util_push_err(L, &collect->err);
    lua_util_push_json(L, collect->answer);
    return 1;
}

static void fini_collect(struct task_wait *wait)
{
    json_decref(((struct collect_wait *)wait)->answer);
}

/*** Asks every invite strategy of the current scripts who is needed; for a private incident only
 * those that say `private = true`. A strategy that fails is named in `runs` and does not keep the
 * others' people out.
 * @function invites.collect(incident)
 * @param incident table as incidents.get gives it
 * @return {people: {person_id: string, strategy: string, reason: string, source_line: integer}[],
 *   runs: {strategy: string, state: string, error: string?, duration_ms: integer,
 *   people: integer}[], notes: {strategy: string, text: string}[]}|nil answer notes: what a
 *   strategy named that does not exist
 * @return Error|nil err nobody could be asked
 * @yields
 */
static int l_invites_collect(lua_State *L)
{
    static const struct task_wait_ops OPS = { "invites.collect", push_answer, NULL, fini_collect };
    struct engine *engine = state_engine(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    struct collect_wait *collect = task_wait_new(L, &OPS, sizeof(*collect));
    if (!engine->jail) {
        err_set(&collect->err, ERR_UNAVAILABLE, "there is no jail to run invite strategies in");
        return lua_util_push_err(L, &collect->err);
    }
    json_t *incident = lua_util_to_json(L, 1, &collect->err);
    if (!incident)
        return lua_util_push_err(L, &collect->err);
    const json_t *config = generations_config(engine->generations);
    const struct jail_request request = {
        .incident = incident,
        .strategies = generations_invites(engine->generations),
        .snapshot = generations_snapshot(engine->generations),
        .deadline_ms =
            json_integer_value(json_object_get(json_object_get(config, "invites"), "deadline")),
    };
    jail_collect(engine->jail, &request, on_answer, task_wait_ref(&collect->wait));
    json_decref(incident);
    return task_wait_yield(L, &collect->wait);
}

static const luaL_Reg FUNCTIONS[] = { { "collect", l_invites_collect }, { NULL, NULL } };

int luaopen_engine_invites(lua_State *L)
{
    luaL_newlib(L, FUNCTIONS);
    return 1;
}
