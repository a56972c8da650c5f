/* handlers - from the engine's work to a script's function and back: a request to a response, a job
 * to its outcome. Each runs in a task of its own; what Lua returns is read within that task, so
 * that a mistake in it is the task's error. */
#include "lua/generation_internal.h"

#include "base/log.h"
#include "base/mem.h"
#include "core/engine.h"
#include "core/job.h"
#include "lua/lua_util.h"
#include "lua/lua_websocket.h"
#include "lua/snapshot.h"
#include "lua/state.h"
#include "lua/task.h"
#include "net/form.h"
#include "net/websocket.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

enum {
    ROUTE_MS = 30000,
    SANDBOX_ROUTE_MS = 120000, /* an imitation may be told to keep its clients waiting */
    READY_MS = 5 * 60000,
    JOB_MS = 15 * 60000,
    DISABLED_WAIT_MS = 5 * 60000, /* a job of an integration that is switched off */
    LIMIT_SPREAD_MOST_MS = 10000,
    SWAP_WAIT_MS = 1000,          /* a job of scripts that are about to take over */
    LAST_GOOD_WAIT_MS = 60000,    /* a job that only the broken files may know */
};

/* ---- routes: the request */

struct route_call {
    const struct lua_route *route;
    struct http_exchange *exchange; /* NULL once answered */
    struct form query;
    int param_count;
    struct {
        char name[64];
        char value[sizeof(((struct route_match *)NULL)->params[0].value)];
    } params[ROUTE_MAX_PARAMS];
};

static void set_text(lua_State *L, const char *name, const char *text)
{
    lua_pushstring(L, text);
    lua_setfield(L, -2, name);
}

/* Names in lower case; a header that came twice is joined with ", ". */
static void push_headers(lua_State *L, const struct http_exchange *exchange)
{
    void *cursor = NULL;
    const char *name, *value;
    lua_newtable(L);
    while (http_header_each(exchange, &cursor, &name, &value)) {
        luaL_Buffer lower;
        luaL_buffinit(L, &lower);
        for (const char *c = name; *c; c++)
            luaL_addchar(&lower, (char)tolower((unsigned char)*c));
        luaL_pushresult(&lower);
        lua_pushvalue(L, -1);
        if (lua_rawget(L, -3) == LUA_TSTRING)
            lua_pushfstring(L, "%s, %s", lua_tostring(L, -1), value);
        else
            lua_pushstring(L, value);
        lua_remove(L, -2);
        lua_rawset(L, -3);
    }
}

static void push_query(lua_State *L, const struct form *query)
{
    lua_newtable(L);
    for (int i = 0; i < query->count; i++) {
        lua_pushlstring(L, query->fields[i].name, query->fields[i].name_len);
        lua_pushlstring(L, query->fields[i].value, query->fields[i].value_len);
        lua_rawset(L, -3);
    }
}

static void push_request(lua_State *L, const struct route_call *call)
{
    size_t body_len;
    const char *body = http_body(call->exchange, &body_len);
    lua_createtable(L, 0, 8);
    set_text(L, "method", http_method(call->exchange));
    set_text(L, "path", http_path(call->exchange));
    set_text(L, "peer", http_peer(call->exchange));
    lua_pushlstring(L, body, body_len);
    lua_setfield(L, -2, "body");
    lua_pushinteger(L, http_started_us(call->exchange));
    lua_setfield(L, -2, "started_us");
    push_headers(L, call->exchange);
    lua_setfield(L, -2, "headers");
    push_query(L, &call->query);
    lua_setfield(L, -2, "query");
    lua_createtable(L, 0, call->param_count);
    for (int i = 0; i < call->param_count; i++)
        set_text(L, call->params[i].name, call->params[i].value);
    lua_setfield(L, -2, "params");
}

/* ---- routes: the response */

static void add_header(lua_State *L, struct http_exchange *exchange, const char *name, int value)
{
    if (!lua_isstring(L, value))
        luaL_error(L, "response.headers[\"%s\"]: expected a text or a list of texts, got %s", name,
                   luaL_typename(L, value));
    if (http_add_header(exchange, name, lua_tostring(L, value)) != OK)
        luaL_error(L, "response.headers[\"%s\"]: not a header's name or value", name);
}

static void add_headers(lua_State *L, struct http_exchange *exchange, int response)
{
    if (lua_getfield(L, response, "headers") != LUA_TTABLE) {
        lua_pop(L, 1);
        return;
    }
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            luaL_error(L, "response.headers: names are texts, got a %s", luaL_typename(L, -2));
        const char *name = lua_tostring(L, -2);
        int value = lua_gettop(L);
        if (lua_istable(L, value))
            for (int i = 1; lua_rawgeti(L, value, i) != LUA_TNIL; i++)
                add_header(L, exchange, name, lua_gettop(L));
        else
            add_header(L, exchange, name, value);
        lua_settop(L, value - 1);
    }
    lua_pop(L, 1);
}

static int response_status(lua_State *L, int response)
{
    lua_getfield(L, response, "status");
    int is_integer = 0;
    lua_Integer status = lua_isnil(L, -1) ? 200 : lua_tointegerx(L, -1, &is_integer);
    if (!lua_isnil(L, -1) && (!is_integer || status < 200 || status > 599))
        luaL_error(L, "response.status: must be 200 to 599");
    lua_pop(L, 1);
    return (int)status;
}

/* The function of `after` runs once the answer is on its way. */
static void start_after(lua_State *L, int response)
{
    if (lua_getfield(L, response, "after") == LUA_TFUNCTION)
        task_spawn(L, 0);
    else
        lua_pop(L, 1);
}

static void check_response(lua_State *L, int response)
{
    static const char *const FIELDS[] = { "status", "headers", "body",      "content_type",
                                          "after",  "abort",   "websocket", NULL };
    static const struct {
        const char *name;
        int type;
    } TYPES[] = { { "headers", LUA_TTABLE },
                  { "body", LUA_TSTRING },
                  { "content_type", LUA_TSTRING },
                  { "after", LUA_TFUNCTION },
                  { "websocket", LUA_TFUNCTION } };
    if (!lua_istable(L, response))
        luaL_error(L, "a route handler returns its response, got %s", luaL_typename(L, response));
    lua_util_check_keys(L, response, "response", FIELDS);
    for (size_t i = 0; i < sizeof(TYPES) / sizeof(TYPES[0]); i++) {
        int type = lua_getfield(L, response, TYPES[i].name);
        if (type != LUA_TNIL && type != TYPES[i].type)
            luaL_error(L, "response.%s: expected %s, got %s", TYPES[i].name,
                       lua_typename(L, TYPES[i].type), lua_typename(L, type));
        lua_pop(L, 1);
    }
}

/* The request becomes a connection, and the function of `websocket`, on top, gets it. */
static void upgrade(lua_State *L, struct route_call *call)
{
    struct http_exchange *exchange = call->exchange;
    const struct websocket_options options = { 0 };
    const struct task_options task = { .kind = TASK_SERVICE, .script = call->route->script };
    struct err err;
    lua_websocket_new(L);
    call->exchange = NULL;
    struct websocket *websocket =
        websocket_accept(state_engine(L)->websockets, exchange, &options, &err);
    if (!websocket) {
        http_add_header(exchange, "Upgrade", "websocket");
        http_reply_error(exchange, err.status ? err.status : 400, "upgrade", err.msg, NULL);
        return;
    }
    lua_websocket_set(L, -1, websocket);
    task_spawn_with(L, 1, &task);
}

/* The response is on top. */
static int answer(lua_State *L, int status, lua_KContext context)
{
    (void)status;
    struct route_call *call = (struct route_call *)context;
    int response = lua_gettop(L);
    check_response(L, response);
    struct http_exchange *exchange = call->exchange;
    lua_getfield(L, response, "abort");
    if (lua_toboolean(L, -1)) {
        call->exchange = NULL;
        http_abort(exchange);
        return 0;
    }
    if (lua_getfield(L, response, "websocket") == LUA_TFUNCTION) {
        upgrade(L, call);
        return 0;
    }
    int http_status = response_status(L, response);
    add_headers(L, exchange, response);
    size_t body_len = 0;
    lua_getfield(L, response, "body");
    const char *body = lua_isnil(L, -1) ? "" : lua_tolstring(L, -1, &body_len);
    lua_getfield(L, response, "content_type");
    const char *type = lua_isnil(L, -1) ? "text/plain; charset=utf-8" : lua_tostring(L, -1);
    call->exchange = NULL;
    http_reply(exchange, http_status, type, body, body_len);
    start_after(L, response);
    return 0;
}

static int run_route(lua_State *L)
{
    struct route_call *call = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, call->route->ref);
    push_request(L, call);
    lua_callk(L, 1, 1, (lua_KContext)call, answer);
    return answer(L, LUA_OK, (lua_KContext)call);
}

static void reply_failure(struct http_exchange *exchange, int rc)
{
    if (rc == ERR_TIMEOUT)
        http_reply_error(exchange, 504, "timeout", "This took too long.", NULL);
    else if (rc == ERR_CLOSED || rc == ERR_NOMEM)
        http_reply_error(exchange, 503, "unavailable",
                         "The engine is restarting or busy; try again.", NULL);
    else
        http_reply_error(exchange, 500, "error",
                         "A script failed here; the engine's log says where.", NULL);
}

static void on_route_done(void *arg, int rc, const struct err *err)
{
    (void)err;
    struct route_call *call = arg;
    if (call->exchange)
        reply_failure(call->exchange, rc == OK ? ERR_SCRIPT : rc);
    form_fini(&call->query);
    free(call);
}

void handlers_run_route(const struct route_match *match, void *arg)
{
    const struct lua_route *route = arg;
    struct generations *generations = route->generation->owner;
    const char *query = http_query(match->exchange);
    struct err err;
    struct route_call *call = xcalloc(1, sizeof(*call));
    call->route = route;
    call->exchange = match->exchange;
    call->param_count = match->param_count;
    for (int i = 0; i < match->param_count; i++) {
        snprintf(call->params[i].name, sizeof(call->params[i].name), "%s", match->params[i].name);
        memcpy(call->params[i].value, match->params[i].value, sizeof(call->params[i].value));
    }
    if (form_parse(query, strlen(query), &call->query, &err) != OK) {
        http_reply_error(match->exchange, 400, "invalid", err.msg, NULL);
        free(call);
        return;
    }
    struct task_options options = {
        .kind = TASK_ROUTE,
        .script = route->script,
        .done = on_route_done,
        .arg = call,
        .deadline_ms = generations->mode == GENERATIONS_SANDBOX ? SANDBOX_ROUTE_MS : ROUTE_MS,
    };
    int rc = task_start(generations->tasks, route->generation->state, &options, run_route, call,
                        NULL, &err);
    if (rc != OK) {
        log_error(LOG_SCRIPT, 0, "%s: %s", route->script, err.msg);
        on_route_done(call, ERR_NOMEM, &err);
    }
}

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
    set_text(L, "kind", job->event_kind);
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
