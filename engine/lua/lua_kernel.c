/* engine.kernel - the kernel's operations for scripts, by name; and the modules that hold those of
 * one subject (incidents.declare is kernel.call("incident.declare")). A call is one transaction;
 * its answer is here after the commit. */
#include "base/mem.h"
#include "core/engine.h"
#include "core/op.h"
#include "lua/lua_modules.h"
#include "lua/lua_util.h"
#include "lua/state.h"
#include "lua/task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct call_wait {
    struct task_wait wait;
    char *answer; /* JSON, owned; NULL: <err> says why */
    size_t answer_len;
    struct err err;
};

static void on_answer(void *arg, int rc, const char *json, size_t len, const struct err *err)
{
    struct call_wait *call = arg;
    if (rc != OK) {
        call->err = *err;
    } else {
        call->answer = xmalloc(len);
        call->answer_len = len;
        memcpy(call->answer, json, len);
    }
    task_wait_complete(&call->wait);
}

static int push_answer(lua_State *L, struct task_wait *wait)
{
    struct call_wait *call = (struct call_wait *)wait;
    struct err err = { 0 };
    if (!call->answer)
        return lua_util_push_err(L, &call->err);
    if (lua_util_read_json(L, call->answer, call->answer_len, &err) != OK)
        return luaL_error(L, "an operation's answer: %s", err.msg);
    if (lua_islightuserdata(L, -1))
        lua_pushnil(L);
    return 1;
}

static void fini_call(struct task_wait *wait)
{
    free(((struct call_wait *)wait)->answer);
}

static void copy_field(lua_State *L, int index, const char *name, char *to, size_t size)
{
    if (lua_getfield(L, index, name) != LUA_TNIL) {
        const char *text = luaL_checkstring(L, -1);
        if (strlen(text) >= size)
            luaL_error(L, "actor.%s: more than %d characters", name, (int)size - 1);
        copy_text(to, size, text);
    }
    lua_pop(L, 1);
}

/* throws. nil is the engine itself, which sees everything; a table is somebody, who sees private
 * incidents only if it says so. */
static struct actor check_actor(lua_State *L, int index)
{
    static const char *const KEYS[] = { "person", "source", "sees_private", NULL };
    if (lua_isnoneornil(L, index))
        return ACTOR_ENGINE;
    struct actor actor = { .kind = ACTOR_SYSTEM };
    lua_util_check_keys(L, index, "actor", KEYS);
    copy_field(L, index, "person", actor.id, sizeof(actor.id));
    snprintf(actor.source, sizeof(actor.source), "script");
    copy_field(L, index, "source", actor.source, sizeof(actor.source));
    if (actor.id[0])
        actor.kind = ACTOR_PERSON;
    lua_getfield(L, index, "sees_private");
    actor.sees_private = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return actor;
}

/* Arguments at <index>, actor behind them. */
static int call_op(lua_State *L, const struct op *op, int index)
{
    static const struct task_wait_ops OPS = { "kernel.call", push_answer, NULL, fini_call };
    struct engine *engine = state_engine(L);
    lua_settop(L, index + 1); /* what is put on the stack from here on is no argument */
    struct actor actor = check_actor(L, index + 1);
    if (!lua_isnoneornil(L, index))
        luaL_checktype(L, index, LUA_TTABLE);
    struct call_wait *call = task_wait_new(L, &OPS, sizeof(*call));
    json_t *args =
        lua_isnoneornil(L, index) ? json_object() : lua_util_to_json(L, index, &call->err);
    if (!args)
        return lua_util_push_err(L, &call->err);
    op_submit(engine->db, op, args, &actor, on_answer, task_wait_ref(&call->wait));
    return task_wait_yield(L, &call->wait);
}

/*** Carries out one of the kernel's operations.
 * @function kernel.call(name, args, actor)
 * @param name string "incident.declare"; see the list of operations
 * @param args table|nil its arguments; an unknown one is an error
 * @param actor Actor|nil who does it; nil: the engine itself, which sees private incidents
 * @return any|nil answer
 * @return Error|nil err
 * @yields
 */
static int l_kernel_call(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    const struct op *op = op_find(name);
    if (!op)
        return luaL_error(L, "kernel.call: there is no operation \"%s\"", name);
    return call_op(L, op, 2);
}

static const luaL_Reg FUNCTIONS[] = { { "call", l_kernel_call }, { NULL, NULL } };

int luaopen_engine_kernel(lua_State *L)
{
    luaL_newlib(L, FUNCTIONS);
    return 1;
}

/* ---- the modules of one subject */

static int l_subject_call(lua_State *L)
{
    return call_op(L, lua_touserdata(L, lua_upvalueindex(1)), 1);
}

/* A function for each operation whose name begins with <subject>. */
static int open_subject(lua_State *L, const char *subject)
{
    size_t len = strlen(subject);
    const struct op *op;
    lua_newtable(L);
    for (int i = 0; (op = op_at(i)); i++) {
        if (strncmp(op->name, subject, len) || op->name[len] != '.')
            continue;
        lua_pushlightuserdata(L, (void *)op);
        lua_pushcclosure(L, l_subject_call, 1);
        lua_setfield(L, -2, op->name + len + 1);
    }
    return 1;
}

int luaopen_engine_incidents(lua_State *L)
{
    return open_subject(L, "incident");
}
int luaopen_engine_custom_fields(lua_State *L)
{
    return open_subject(L, "custom_field");
}
int luaopen_engine_costs(lua_State *L)
{
    return open_subject(L, "cost");
}
int luaopen_engine_people(lua_State *L)
{
    return open_subject(L, "person");
}
int luaopen_engine_conversations(lua_State *L)
{
    return open_subject(L, "conversation");
}
int luaopen_engine_updates(lua_State *L)
{
    return open_subject(L, "update");
}
int luaopen_engine_usergroups(lua_State *L)
{
    return open_subject(L, "usergroup");
}
int luaopen_engine_invitations(lua_State *L)
{
    return open_subject(L, "invitation");
}
int luaopen_engine_messages(lua_State *L)
{
    return open_subject(L, "message");
}
int luaopen_engine_reference(lua_State *L)
{
    return open_subject(L, "reference");
}
int luaopen_engine_jobs(lua_State *L)
{
    return open_subject(L, "job");
}
int luaopen_engine_events(lua_State *L)
{
    return open_subject(L, "event");
}
