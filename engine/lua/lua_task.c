/* engine.task - work side by side. */
/* task.sleep is the pattern of all bindings that wait: see task.h. */
#include "core/engine.h"
#include "loop/loop.h"
#include "lua/lua_modules.h"
#include "lua/lua_util.h"
#include "lua/state.h"
#include "lua/task.h"

/* ---- sleep */

struct sleep_wait {
    struct task_wait wait;
    struct loop *loop;
    uint64_t timer;
};

static void on_timer(void *arg)
{
    task_wait_complete(arg);
}

static int push_sleep(lua_State *L, struct task_wait *wait)
{
    (void)L;
    (void)wait;
    return 0;
}

static void cancel_sleep(struct task_wait *wait)
{
    struct sleep_wait *sleep = (struct sleep_wait *)wait;
    loop_timer_cancel(sleep->loop, sleep->timer);
    task_wait_unref(wait);
}

/*** Waits. For seconds, not for minutes: what must survive a restart is a job with a delay.
 * @function task.sleep(duration)
 * @param duration string|integer "100ms", "2s", or milliseconds
 * @yields
 */
static int l_task_sleep(lua_State *L)
{
    static const struct task_wait_ops OPS = { "task.sleep", push_sleep, cancel_sleep, NULL };
    int64_t ms = lua_util_check_duration(L, 1);
    struct sleep_wait *sleep = task_wait_new(L, &OPS, sizeof(*sleep));
    sleep->loop = state_engine(L)->loop;
    sleep->timer = loop_timer(sleep->loop, ms, on_timer, task_wait_ref(&sleep->wait));
    return task_wait_yield(L, &sleep->wait);
}

/* ---- several at once */

/*** Runs a function in a task of its own, beside the caller. Its errors are logged.
 * @function task.spawn(fn, ...)
 * @param fn function what to run
 * @param ... any its arguments
 * @return integer id of the task, for task.join
 * @nowait
 */
static int l_task_spawn(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_pushinteger(L, (lua_Integer)task_spawn(L, lua_gettop(L) - 1));
    return 1;
}

/*** Waits until a task has ended.
 * @function task.join(id)
 * @param id integer from task.spawn
 * @return true|nil done also for a task that ended long ago
 * @return Error|nil err why the task failed
 * @yields
 */
static int l_task_join(lua_State *L)
{
    return task_join(L, (uint64_t)luaL_checkinteger(L, 1));
}

/*** Runs functions side by side and waits for all of them.
 * @function task.all(functions)
 * @param functions function[] at most 1000
 * @return any[]|nil results the first result of each
 * @return Error|nil err of the one that threw (the others are ended), or that answered nil and an
 *   error
 * @yields
 */
static int l_task_all(lua_State *L)
{
    return task_all(L, 1);
}

/*** Runs functions side by side; the first to end wins, the others are ended.
 * @function task.race(functions)
 * @param functions function[] at most 1000
 * @return any first what the winner returns
 * @return any second
 * @yields
 */
static int l_task_race(lua_State *L)
{
    return task_race(L, 1);
}

static const luaL_Reg FUNCTIONS[] = {
    { "sleep", l_task_sleep }, { "spawn", l_task_spawn }, { "join", l_task_join },
    { "all", l_task_all },     { "race", l_task_race },   { NULL, NULL },
};

int luaopen_engine_task(lua_State *L)
{
    luaL_newlib(L, FUNCTIONS);
    return 1;
}
