/* handlers_route - from a request to a script's function and back to its response, as handlers.c
 * does for jobs. */
#include "lua/generation_internal.h"

#include "base/log.h"
#include "base/mem.h"
#include "core/engine.h"
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

enum {
    ROUTE_MS = 30000,
    SANDBOX_ROUTE_MS = 120000, /* an imitation may be told to keep its clients waiting */
};

/* ---- the request */

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

static void push_lower(lua_State *L, const char *text)
{
    luaL_Buffer out;
    size_t len = strlen(text);
    char *to = luaL_buffinitsize(L, &out, len);
    for (size_t i = 0; i < len; i++)
        to[i] = (char)tolower((unsigned char)text[i]);
    luaL_pushresultsize(&out, len);
}

/* Names in lower case; a header that came twice is joined with ", ". */
static void push_headers(lua_State *L, const struct http_exchange *exchange)
{
    void *cursor = NULL;
    const char *name, *value;
    lua_newtable(L);
    while (http_header_each(exchange, &cursor, &name, &value)) {
        push_lower(L, name);
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

/* ---- the response */

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
        copy_text(call->params[i].name, sizeof(call->params[i].name), match->params[i].name);
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
