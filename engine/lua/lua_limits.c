/* engine.limits - the vendors' budgets: token buckets by name. A caller waits a short while for its
 * token or is told when to come. */
#include "core/engine.h"
#include "base/mem.h"
#include "core/limits.h"
#include "loop/loop.h"
#include "lua/lua_modules.h"
#include "lua/lua_util.h"
#include "lua/options.h"
#include "lua/state.h"
#include "lua/task.h"

#include <stdio.h>

enum { NAME_SIZE = 160, PATIENCE_MS = 10000 };

struct take_wait {
    struct task_wait wait;
    struct engine *engine;
    char name[NAME_SIZE];
    double per_minute, burst;
    int64_t left_ms; /* of the caller's patience */
    int64_t wait_ms; /* until a token is free, as last heard */
    uint64_t timer;
    bool is_taken;
};

static void on_time(void *arg);

/* True when it is decided; else a timer runs. */
static bool try_take(struct take_wait *take)
{
    take->wait_ms = limits_take(take->engine->limits, take->name, take->per_minute, take->burst);
    take->is_taken = take->wait_ms == 0;
    if (take->is_taken || take->wait_ms > take->left_ms)
        return true;
    take->left_ms -= take->wait_ms;
    take->timer = loop_timer(take->engine->loop, take->wait_ms, on_time, take);
    return false;
}

static void on_time(void *arg)
{
    struct take_wait *take = arg;
    if (try_take(take))
        task_wait_complete(&take->wait);
}

static int push_take(lua_State *L, struct task_wait *wait)
{
    struct take_wait *take = (struct take_wait *)wait;
    if (take->is_taken) {
        lua_pushboolean(L, true);
        return 1;
    }
    struct err err;
    err_set(&err, ERR_RATE_LIMITED, "%s: the next call is free in %lld ms", take->name,
            (long long)take->wait_ms);
    lua_util_push_err(L, &err);
    lua_pushinteger(L, take->wait_ms);
    lua_setfield(L, -2, "retry_after_ms");
    return 2;
}

static void cancel_take(struct task_wait *wait)
{
    struct take_wait *take = (struct take_wait *)wait;
    loop_timer_cancel(take->engine->loop, take->timer);
    task_wait_unref(wait);
}

/* throws. The budget's name, argument 1. */
static const char *check_budget(lua_State *L)
{
    size_t len;
    const char *name = luaL_checklstring(L, 1, &len);
    luaL_argcheck(L, len > 0 && len < NAME_SIZE, 1, "a name has 1 to 159 bytes");
    return name;
}

/*** Takes one token of a budget, made with these numbers when it is first seen.
 * @function limits.take(name, options)
 * @param name string "chat.postMessage:C1"
 * @param options {per_minute: number, burst: number?, wait: string?} burst: how many at once (1);
 *   wait: how long to queue ("10s")
 * @return true|nil taken
 * @return Error|nil err code "rate_limited", with err.retry_after_ms
 * @yields
 */
static int l_limits_take(lua_State *L)
{
    static const struct task_wait_ops OPS = { "limits.take", push_take, cancel_take, NULL };
    static const char *const KEYS[] = { "per_minute", "burst", "wait", NULL };
    const char *name = check_budget(L);
    struct options options = options_need(L, 2, "limits.take", KEYS);
    double per_minute = options_rate(&options, "per_minute", 0);
    double burst = options_rate(&options, "burst", 1);
    int64_t patience_ms = options_duration(&options, "wait", PATIENCE_MS);
    struct take_wait *take = task_wait_new(L, &OPS, sizeof(*take));
    take->engine = state_engine(L);
    copy_text(take->name, sizeof(take->name), name);
    take->per_minute = per_minute;
    take->burst = burst;
    take->left_ms = patience_ms;
    task_wait_ref(&take->wait);
    if (try_take(take)) {
        task_wait_unref(&take->wait);
        return push_take(L, &take->wait);
    }
    return task_wait_yield(L, &take->wait);
}

/*** The vendor said "not before": nobody gets a token of this budget for that long. Survives a
 * restart.
 * @function limits.block(name, duration)
 * @param name string
 * @param duration string|integer "30s", or milliseconds
 * @nowait
 */
static int l_limits_block(lua_State *L)
{
    struct engine *engine = state_engine(L);
    const char *name = check_budget(L);
    int64_t ms = lua_util_check_duration(L, 2);
    if (!engine)
        return luaL_error(L, "limits.block cannot be used while loading");
    limits_block(engine->limits, name, ms);
    return 0;
}

static const luaL_Reg FUNCTIONS[] = { { "take", l_limits_take },
                                      { "block", l_limits_block },
                                      { NULL, NULL } };

int luaopen_engine_limits(lua_State *L)
{
    luaL_newlib(L, FUNCTIONS);
    return 1;
}
