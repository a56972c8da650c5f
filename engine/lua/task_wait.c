/* task_wait - how a task waits for an operation of the engine, or for another task. The coroutine
 * holds one reference to its wait, the operation another; whoever lets go last frees it. */
#include "lua/task_internal.h"

#include "base/log.h"
#include "base/mem.h"
#include "lua/lua_util.h"
#include "lua/state.h"

#include <lauxlib.h>

/* ---- waits */

static struct task *waiting_task(struct task_wait *wait)
{
    struct task *task = task_find(wait->tasks, wait->slot, wait->seq);
    return task && task->wait == wait ? task : NULL;
}

void *task_wait_ref(struct task_wait *wait)
{
    wait->refs++;
    return wait;
}

void task_wait_unref(struct task_wait *wait)
{
    if (--wait->refs > 0)
        return;
    if (wait->ops->fini)
        wait->ops->fini(wait);
    tasks_release(wait->tasks);
    free(wait);
}

void task_wait_cancel(struct task_wait *wait)
{
    if (wait->is_done || wait->is_cancelled)
        return;
    wait->is_cancelled = true;
    if (wait->ops->cancel && wait->refs > 1)
        wait->ops->cancel(wait);
}

/* The coroutine lets go of its wait. */
static void drop_box(struct task_wait *wait)
{
    *wait->box = NULL;
    wait->box = NULL;
    task_wait_unref(wait);
}

static int l_collect_wait(lua_State *L)
{
    struct task_wait **box = lua_touserdata(L, 1);
    if (*box) {
        (*box)->is_cancelled =
            true; /* a binding threw after the start: the operation's end finds nobody */
        drop_box(*box);
    }
    return 0;
}

void *task_wait_new(lua_State *L, const struct task_wait_ops *ops, size_t size)
{
    struct task *task = task_check_can_wait(L, ops->name);
    struct task_wait **box = lua_newuserdatauv(L, sizeof(struct task_wait *), 0);
    *box = NULL;
    if (luaL_newmetatable(L, "engine.wait")) {
        lua_pushcfunction(L, l_collect_wait);
        lua_setfield(L, -2, "__gc");
        lua_pushboolean(L, 0);
        lua_setfield(L, -2, "__metatable");
    }
    lua_setmetatable(L, -2);
    struct task_wait *wait = xcalloc(1, size);
    wait->ops = ops;
    wait->tasks = task->tasks;
    wait->tasks->refs++;
    wait->slot = task->slot;
    wait->seq = task->seq;
    wait->refs = 1;
    wait->box = box;
    *box = wait;
    return wait;
}

void task_wait_complete(struct task_wait *wait)
{
    struct task *task = waiting_task(wait);
    if (wait->is_cancelled || (wait->is_yielded && !task)) {
        wait->tasks->stats.stale++;
        log_debug(LOG_LUA, 0, "%s ended after its task", wait->ops->name);
    } else if (!wait->is_done) {
        wait->is_done = true;
        if (task && task->status == TASK_WAITING)
            task_enqueue(task);
    }
    task_wait_unref(wait);
}

static int push_results(lua_State *L, int status, lua_KContext context)
{
    (void)status;
    struct task_wait *wait = (struct task_wait *)context;
    wait->is_yielded = false;
    wait->is_done = false;
    int count = wait->ops->push(L, wait);
    if (count == TASK_WAIT_AGAIN)
        return task_wait_yield(L, wait);
    drop_box(wait);
    return count;
}

int task_wait_yield(lua_State *L, struct task_wait *wait)
{
    struct task *task = task_current(L);
    REQUIRE(task && task->slot == wait->slot && task->seq == wait->seq);
    task->wait = wait;
    wait->is_yielded = true;
    return lua_yieldk(L, 0, (lua_KContext)wait, push_results);
}

/* ---- join */

static int push_join(lua_State *L, struct task_wait *wait)
{
    struct join_wait *join = (struct join_wait *)wait;
    if (join->rc != OK)
        return lua_util_push_err(L, &join->err);
    lua_pushboolean(L, 1);
    return 1;
}

static void cancel_join(struct task_wait *wait)
{
    struct join_wait *join = (struct join_wait *)wait;
    LIST_REMOVE(join, link);
    task_wait_unref(wait);
}

int task_join(lua_State *L, uint64_t id)
{
    static const struct task_wait_ops OPS = { "task.join", push_join, cancel_join, NULL };
    struct task *caller = task_check_can_wait(L, OPS.name);
    struct task *target = task_find_id(caller->tasks, id);
    if (target == caller)
        return luaL_error(L, "a task cannot join itself");
    if (!target) {
        lua_pushboolean(L, 1);
        return 1;
    }
    struct join_wait *join = task_wait_new(L, &OPS, sizeof(*join));
    join->target = target;
    LIST_INSERT_HEAD(&target->joiners, join, link);
    task_wait_ref(&join->wait);
    return task_wait_yield(L, &join->wait);
}
