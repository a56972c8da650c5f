/* task_group - task.all and task.race: a task a function, and a wait that holds a reference for each
 * of them. */
#include "lua/task.h"

#include "base/mem.h"
#include "lua/lua_util.h"

#include <lauxlib.h>

enum { MEMBERS_MOST = 1000 };

struct group {
    struct task_wait wait;
    bool is_race;
    int count, left;
    int decided_by; /* index of the function that decided the outcome; 0: none yet */
    int results;    /* stack index of the table of results, in the caller's frame */
    int rc;
    struct err err;
    uint64_t *ids;
};

/* Index 1: the function, 2: the results, 3: its number. Keeps {first, second} of what it returns.
 */
static int keep_result(lua_State *L, int status, lua_KContext context)
{
    (void)status;
    (void)context;
    lua_settop(L, 5);
    lua_createtable(L, 2, 0);
    lua_insert(L, 4);
    lua_rawseti(L, 4, 2);
    lua_rawseti(L, 4, 1);
    lua_rawset(L, 2);
    return 0;
}

static int run_member(lua_State *L)
{
    lua_pushvalue(L, 1);
    lua_callk(L, 0, 2, 0, keep_result);
    return keep_result(L, LUA_OK, 0);
}

static void cancel_members(struct group *group)
{
    for (int i = 0; i < group->count; i++)
        task_cancel(group->wait.tasks, group->ids[i]);
}

/* The end of one member; <arg> is the reference that it held. */
static void on_member_done(void *arg, int rc, const struct err *err)
{
    struct group *group = arg;
    group->left--;
    bool decides = !group->decided_by && (rc != OK || group->is_race || group->left == 0);
    if (!decides || group->wait.is_cancelled) {
        task_wait_unref(&group->wait);
        return;
    }
    group->decided_by = group->count - group->left;
    group->rc = rc;
    if (rc != OK)
        group->err = *err;
    cancel_members(group);
    task_wait_complete(&group->wait);
}

static void cancel_group(struct task_wait *wait)
{
    cancel_members((struct group *)wait); /* each drops its reference in on_member_done */
}

static void fini_group(struct task_wait *wait)
{
    free(((struct group *)wait)->ids);
}

/* Pushes both kept values of the function <number>; false (nothing pushed) when it has not ended.
 */
static bool push_kept(lua_State *L, const struct group *group, int number)
{
    if (lua_rawgeti(L, group->results, number) != LUA_TTABLE) {
        lua_pop(L, 1);
        return false;
    }
    lua_rawgeti(L, -1, 1);
    lua_rawgeti(L, -2, 2);
    lua_remove(L, -3);
    return true;
}

static int push_group(lua_State *L, struct task_wait *wait)
{
    struct group *group = (struct group *)wait;
    if (group->rc != OK)
        return lua_util_push_err(L, &group->err);
    if (!group->is_race)
        lua_createtable(L, group->count, 0);
    int list = lua_gettop(L);
    for (int number = 1; number <= group->count; number++) {
        if (!push_kept(L, group, number))
            continue;
        if (group->is_race)
            return 2;
        if (lua_isnil(L, -2) && !lua_isnil(L, -1))
            return 2; /* nil, err: the first failure speaks for all */
        lua_pop(L, 1);
        lua_rawseti(L, list, number);
    }
    return 1;
}

/* How many functions the list at <index> has; throws when it is no such list. */
static int check_functions(lua_State *L, int index, int least)
{
    luaL_checktype(L, index, LUA_TTABLE);
    int count = (int)lua_rawlen(L, index);
    luaL_argcheck(L, count >= least, index, "no function to run");
    luaL_argcheck(L, count <= MEMBERS_MOST, index, "more than 1000 functions");
    for (int i = 1; i <= count; i++) {
        luaL_argcheck(L, lua_rawgeti(L, index, i) == LUA_TFUNCTION, index,
                      "not a list of functions");
        lua_pop(L, 1);
    }
    return count;
}

static void add_member(lua_State *L, struct group *group, int index, int number)
{
    struct task *parent = task_current(L);
    bool is_service = task_kind(parent) == TASK_SERVICE;
    struct task_options options = {
        .kind = is_service ? TASK_SERVICE : TASK_SPAWNED,
        .script = task_script(parent),
        .incident_id = task_incident(parent),
        .deadline_ms = is_service ? 0 : TASK_SPAWNED_MS,
        .done = on_member_done,
        .arg = group,
    };
    lua_pushcfunction(L, run_member);
    lua_rawgeti(L, index, number);
    lua_pushvalue(L, group->results);
    lua_pushinteger(L, number);
    struct task *member = task_spawn_with(L, 3, &options); /* throws */
    group->ids[group->count++] = task_id(member);
    group->left++;
    task_wait_ref(&group->wait);
}

static int start_group(lua_State *L, int index, bool is_race)
{
    static const struct task_wait_ops ALL = { "task.all", push_group, cancel_group, fini_group };
    static const struct task_wait_ops RACE = { "task.race", push_group, cancel_group, fini_group };
    const struct task_wait_ops *ops = is_race ? &RACE : &ALL;
    int count = check_functions(L, index, is_race ? 1 : 0);
    lua_createtable(L, count, 0);
    int results = lua_gettop(L);
    if (count == 0)
        return 1;
    struct group *group = task_wait_new(L, ops, sizeof(*group));
    group->is_race = is_race;
    group->results = results;
    group->ids = xcalloc((size_t)count, sizeof(*group->ids));
    for (int number = 1; number <= count; number++)
        add_member(L, group, index, number);
    return task_wait_yield(L, &group->wait);
}

int task_all(lua_State *L, int index)
{
    return start_group(L, lua_absindex(L, index), false);
}

int task_race(lua_State *L, int index)
{
    return start_group(L, lua_absindex(L, index), true);
}
