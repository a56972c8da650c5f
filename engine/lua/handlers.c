/* handlers - from durable work to a script's function and back: a job to its outcome. Each runs in a
 * task of its own; what Lua returns is read within that task, so that a mistake in it is the task's
 * error. */
#include "lua/generation_internal.h"

#include "base/log.h"
#include "base/mem.h"
#include "core/engine.h"
#include "core/job.h"
#include "lua/lua_util.h"
#include "lua/state.h"
#include "lua/task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

enum {
    READY_MS = 5 * 60000,
    JOB_MS = 15 * 60000,
    DISABLED_WAIT_MS = 5 * 60000, /* a job of an integration that is switched off */
    LIMIT_SPREAD_MOST_MS = 10000,
    SWAP_WAIT_MS = 1000,       /* a job of scripts that are about to take over */
    LAST_GOOD_WAIT_MS = 60000, /* a job that only the broken files may know */
};

/* ---- jobs */

struct job_call {
    struct generations *generations;
    struct job *job;
    struct job_call **box; /* where the script's ctx points here from; NULL: collected */
    int ref;
    enum job_outcome outcome;
    int64_t delay_ms;
    bool is_unknown;
    struct err err; /* code OK: none */
};

/* ---- ctx:note{...}: keeps what the handler noted, durably */

struct note_wait {
    struct task_wait wait;
    int rc;
    struct err err;
};

static int push_note(lua_State *L, struct task_wait *wait)
{
    struct note_wait *note = (struct note_wait *)wait;
    if (note->rc != OK)
        return lua_util_push_err(L, &note->err);
    lua_pushboolean(L, 1);
    return 1;
}

static void on_noted(void *arg, int rc, const struct err *err)
{
    struct note_wait *note = arg;
    note->rc = rc;
    if (rc != OK)
        note->err = *err;
    task_wait_complete(&note->wait);
}

/* Merges the table at index 2 into ctx.progress, as the store does with the row. */
static void merge_progress(lua_State *L)
{
    if (lua_getfield(L, 1, "progress") == LUA_TTABLE) {
        lua_pushnil(L);
        while (lua_next(L, 2)) {
            lua_pushvalue(L, -2);
            lua_insert(L, -2);
            lua_rawset(L, -4);
        }
    }
    lua_pop(L, 1);
}

static int l_ctx_note(lua_State *L)
{
    static const struct task_wait_ops OPS = { "ctx.note", push_note, NULL, NULL };
    struct job_call *call = *(struct job_call **)lua_touserdata(L, lua_upvalueindex(1));
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, 2, LUA_TTABLE);
    if (!call)
        return luaL_error(L, "ctx.note: the job has ended");
    task_check_can_wait(L, OPS.name);
    merge_progress(L);
    struct note_wait *note = task_wait_new(L, &OPS, sizeof(*note));
    struct err err;
    json_t *value = lua_util_to_json(L, 2, &err);
    if (!value)
        return luaL_error(L, "ctx.note: %s", err.msg);
    job_note(call->generations->engine->jobs, call->job, value, on_noted,
             task_wait_ref(&note->wait));
    json_decref(value);
    return task_wait_yield(L, &note->wait);
}

static int l_collect_box(lua_State *L)
{
    struct job_call **box = lua_touserdata(L, 1);
    if (*box)
        (*box)->box = NULL;
    *box = NULL;
    return 0;
}

/* Pushes the `note` function of a ctx. */
static void push_note_function(lua_State *L, struct job_call *call)
{
    struct job_call **box = lua_newuserdatauv(L, sizeof(struct job_call *), 0);
    *box = NULL;
    if (luaL_newmetatable(L, "engine.job_call")) {
        lua_pushcfunction(L, l_collect_box);
        lua_setfield(L, -2, "__gc");
        lua_pushboolean(L, 0);
        lua_setfield(L, -2, "__metatable");
    }
    lua_setmetatable(L, -2);
    *box = call;
    call->box = box;
    lua_pushcclosure(L, l_ctx_note, 1);
}

static void push_ctx(lua_State *L, struct job_call *call)
{
    const struct job *job = call->job;
    lua_createtable(L, 0, 8);
    lua_pushinteger(L, job->id);
    lua_setfield(L, -2, "job_id");
    lua_pushinteger(L, job->attempt);
    lua_setfield(L, -2, "attempt");
    lua_pushinteger(L, job->created_at_ms);
    lua_setfield(L, -2, "created_at_ms");
    if (job->incident_id) {
        lua_pushinteger(L, job->incident_id);
        lua_setfield(L, -2, "incident_id");
    }
    lua_pushboolean(L, job->is_unknown);
    lua_setfield(L, -2, "unknown");
    if (json_is_object(job->progress))
        lua_util_push_json(L, job->progress);
    else
        lua_newtable(L);
    lua_setfield(L, -2, "progress");
    push_note_function(L, call);
    lua_setfield(L, -2, "note");
}

/* For an event: {kind, incident_id} and the payload's members; else the job's arguments. */
static void push_job_args(lua_State *L, const struct job *job)
{
    if (json_is_object(job->args))
        lua_util_push_json(L, job->args);
    else
        lua_newtable(L);
    if (!job->event_kind)
        return;
    lua_pushstring(L, job->event_kind);
    lua_setfield(L, -2, "kind");
    if (job->incident_id) {
        lua_pushinteger(L, job->incident_id);
        lua_setfield(L, -2, "incident_id");
    }
}

/* The two results are on top: `nil, err`, `"wait", err`, anything else is done. A rate limit that
 * says when it ends is no failure: waiting for it uses up no attempt. */
static int read_outcome(lua_State *L, int status, lua_KContext context)
{
    (void)status;
    struct job_call *call = (struct job_call *)context;
    bool is_wait = lua_type(L, -2) == LUA_TSTRING && strcmp(lua_tostring(L, -2), "wait") == 0;
    bool is_failed = lua_isnil(L, -2) && !lua_isnil(L, -1);
    if (!is_wait && !is_failed)
        return 0;
    struct err err = { 0 };
    int64_t retry_after_ms = 0;
    bool is_unknown = false;
    if (!lua_isnil(L, -1))
        lua_util_to_err(L, -1, &err, &retry_after_ms, &is_unknown);
    else
        err_set(&err, ERR_BUSY, "waits");
    call->err = err;
    call->delay_ms = retry_after_ms > 0 ? retry_after_ms : 0;
    call->is_unknown = is_unknown;
    bool is_limited = err.code == ERR_RATE_LIMITED && err.retryable && retry_after_ms > 0;
    if (is_limited) /* those who wait for the same limit do not come back all at once */
        call->delay_ms += arc4random_uniform((uint32_t)MIN(retry_after_ms, LIMIT_SPREAD_MOST_MS));
    if (is_wait || is_limited)
        call->outcome = JOB_WAIT;
    else
        call->outcome = err.retryable ? JOB_RETRY : JOB_DEAD;
    return 0;
}

static int run_job(lua_State *L)
{
    struct job_call *call = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, call->ref);
    push_ctx(L, call);
    push_job_args(L, call->job);
    lua_callk(L, 2, 2, (lua_KContext)call, read_outcome);
    return read_outcome(L, LUA_OK, (lua_KContext)call);
}

static void on_job_done(void *arg, int rc, const struct err *err)
{
    struct job_call *call = arg;
    struct jobs *jobs = call->generations->engine->jobs;
    if (call->box)
        *call->box = NULL;
    if (rc != OK) { /* it threw, or was ended in the middle of something */
        call->outcome = JOB_RETRY;
        call->err = *err;
        call->is_unknown = true;
        call->delay_ms = 0;
    }
    job_finish(jobs, call->job, call->outcome, call->delay_ms, call->is_unknown,
               call->err.code != OK ? &call->err : NULL);
    free(call);
}

/* A job that the current scripts do not run now. */
static void put_off(struct generations *generations, struct job *job, int64_t delay_ms,
                    const char *why)
{
    struct err err;
    err_set(&err, ERR_UNAVAILABLE, "%s: %s", job->handler, why);
    job_finish(generations->engine->jobs, job, JOB_WAIT, delay_ms, job->is_unknown, &err);
}

static void refuse_job(struct generations *generations, struct job *job)
{
    struct err err;
    if (generations->reload) {
        put_off(generations, job, SWAP_WAIT_MS, "waits for scripts that are being loaded");
    } else if (generations->is_last_good) {
        put_off(generations, job, LAST_GOOD_WAIT_MS,
                "is not in the last good scripts; the ones on disk are broken");
    } else {
        err_set(&err, ERR_NOT_FOUND, "no script handles %s%s%s", job->handler,
                job->event_kind ? " for " : "", job->event_kind ? job->event_kind : "");
        job_finish(generations->engine->jobs, job, JOB_DEAD, 0, job->is_unknown, &err);
    }
}

static const struct handler_entry *find_entry(const struct handler *handler, const char *event_kind)
{
    for (int i = 0; handler && i < handler->count; i++) {
        const char *kind = handler->entries[i].event_kind;
        if (!kind || (event_kind && strcmp(kind, event_kind) == 0))
            return &handler->entries[i];
    }
    return NULL;
}

void generations_run_job(void *arg, struct job *job)
{
    struct generations *generations = arg;
    const struct handler *handler = generation_find_handler(generations->current, job->handler);
    const struct handler_entry *entry = find_entry(handler, job->event_kind);
    struct err err;
    if (!entry) {
        refuse_job(generations, job);
        return;
    }
    if (!handler->is_enabled) {
        put_off(generations, job, DISABLED_WAIT_MS, "its integration is switched off");
        return;
    }
    struct job_call *call = xcalloc(1, sizeof(*call));
    call->generations = generations;
    call->job = job;
    call->ref = entry->ref;
    call->outcome = JOB_DONE;
    struct task_options options = {
        .kind = TASK_JOB,
        .script = job->handler,
        .incident_id = job->incident_id,
        .deadline_ms = JOB_MS,
        .done = on_job_done,
        .arg = call,
    };
    if (task_start(generations->tasks, generations->current->state, &options, run_job, call, NULL,
                   &err) != OK) {
        free(call);
        put_off(generations, job, SWAP_WAIT_MS, err.msg);
    }
}

/* ---- on_ready */

static int end_ready(lua_State *L, int status, lua_KContext context)
{
    (void)L;
    (void)status;
    (void)context;
    return 0;
}

static int run_ready(lua_State *L)
{
    const int *ref = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, *ref);
    lua_callk(L, 0, 0, 0, end_ready);
    return 0;
}

void handlers_run_ready(struct generation *generation)
{
    for (int i = 0; i < generation->ready_count; i++) {
        struct task_options options = {
            .kind = TASK_READY,
            .script = generation->ready_scripts[i],
            .deadline_ms = READY_MS,
        };
        struct err err;
        int rc = task_start(generation->owner->tasks, generation->state, &options, run_ready,
                            &generation->ready_refs[i], NULL, &err);
        if (rc != OK)
            log_error(LOG_SCRIPT, 0, "%s: %s", generation->ready_scripts[i], err.msg);
    }
}
