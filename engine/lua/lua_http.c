/* engine.http - requests to the outside. One request a call; no redirects, no retries: what an
 * answer means is the script's business. */
#include "base/buf.h"
#include "core/engine.h"
#include "lua/lua_modules.h"
#include "lua/lua_util.h"
#include "lua/state.h"
#include "lua/task.h"
#include "net/http_client.h"

#include <string.h>

enum { HEADERS_MAX = 64 };

struct request_wait {
    struct task_wait wait;
    struct http_client *client;
    uint64_t id;
    int status;
    struct buf body, headers; /* of the answer */
    struct err err;
};

static void on_done(void *arg, const struct http_client_response *response, const struct err *err)
{
    struct request_wait *request = arg;
    if (response) {
        request->status = response->status;
        buf_append(&request->body, response->body, response->body_len);
        buf_puts(&request->headers, response->headers);
    } else {
        request->err = *err;
    }
    task_wait_complete(&request->wait);
}

static void push_headers(lua_State *L, const char *text)
{
    lua_newtable(L);
    while (*text) {
        size_t len = strcspn(text, "\n");
        const char *colon = memchr(text, ':', len);
        if (colon) {
            const char *value = colon + 1 + strspn(colon + 1, " ");
            lua_pushlstring(L, text, (size_t)(colon - text));
            lua_pushlstring(L, value, (size_t)(text + len - value));
            lua_rawset(L, -3);
        }
        text += len + (text[len] == '\n');
    }
}

static int push_response(lua_State *L, struct task_wait *wait)
{
    struct request_wait *request = (struct request_wait *)wait;
    if (request->err.code != OK) {
        bool may_have_arrived = request->err.status == 1;
        request->err.status = 0;
        lua_util_push_err(L, &request->err);
        lua_pushstring(L, may_have_arrived ? "unknown" : "not_sent");
        lua_setfield(L, -2, "outcome");
        return 2;
    }
    lua_createtable(L, 0, 3);
    lua_pushinteger(L, request->status);
    lua_setfield(L, -2, "status");
    lua_pushlstring(L, buf_text(&request->body), request->body.len);
    lua_setfield(L, -2, "body");
    push_headers(L, buf_text(&request->headers));
    lua_setfield(L, -2, "headers");
    return 1;
}

/* The client answers a cancelled request with ERR_CLOSED by itself. */
static void cancel_request(struct task_wait *wait)
{
    struct request_wait *request = (struct request_wait *)wait;
    http_client_cancel(request->client, request->id);
}

static void fini_request(struct task_wait *wait)
{
    struct request_wait *request = (struct request_wait *)wait;
    buf_fini(&request->body);
    buf_fini(&request->headers);
}

/* throws. Leaves "Name: value" strings on the stack, so that they live while the request is
 * started. */
static int check_headers(lua_State *L, const char **headers)
{
    int count = 0;
    if (lua_getfield(L, 1, "headers") == LUA_TNIL)
        return 0;
    luaL_checktype(L, -1, LUA_TTABLE);
    int table = lua_gettop(L);
    luaL_checkstack(L, HEADERS_MAX + 4, "too many headers");
    for (lua_pushnil(L); lua_next(L, table);) {
        if (lua_type(L, -2) != LUA_TSTRING || !lua_isstring(L, -1))
            luaL_error(L, "http.request: headers: names and values must be strings");
        const char *name = lua_tostring(L, -2), *value = lua_tostring(L, -1);
        if (!*name || name[strcspn(name, "\r\n: \t")] || value[strcspn(value, "\r\n")])
            luaL_error(L, "http.request: headers[\"%s\"]: not a header", name);
        if (count == HEADERS_MAX)
            luaL_error(L, "http.request: headers: more than %d", HEADERS_MAX);
        headers[count++] = lua_pushfstring(L, "%s: %s", name, value);
        lua_insert(L, -3);
        lua_pop(L, 1);
    }
    return count;
}

static const char *optional_text(lua_State *L, const char *name, const char *fallback, size_t *len)
{
    size_t ignored;
    if (lua_getfield(L, 1, name) == LUA_TNIL)
        return fallback;
    return luaL_checklstring(L, -1, len ? len : &ignored);
}

/*** Sends a request and waits for the whole answer.
 * @function http.request(options)
 * @param options {method:string?, url:string, headers:table?, body:string?, timeout:string?,
 * max_bytes:integer?} timeout: "15s"
 * @return {status:integer, headers:table, body:string}|nil header names in lower case; nil and an
 * error whose `outcome` is "not_sent" or "unknown" (it may have arrived)
 */
static int l_http_request(lua_State *L)
{
    static const struct task_wait_ops OPS = { "http.request", push_response, cancel_request,
                                              fini_request };
    static const char *const KEYS[] = { "method",  "url",       "headers", "body",
                                        "timeout", "max_bytes", NULL };
    struct http_client_options options = { 0 };
    const char *headers[HEADERS_MAX];
    lua_util_check_keys(L, 1, "http.request", KEYS);
    options.method = optional_text(L, "method", "GET", NULL);
    options.url = optional_text(L, "url", NULL, NULL);
    if (!options.url)
        return luaL_error(L, "http.request: options.url: expected a string");
    options.body = optional_text(L, "body", NULL, &options.body_len);
    if (lua_getfield(L, 1, "timeout") != LUA_TNIL)
        options.timeout_ms = lua_util_check_duration(L, -1);
    if (lua_getfield(L, 1, "max_bytes") != LUA_TNIL)
        options.max_response_bytes = (size_t)luaL_checkinteger(L, -1);
    options.header_count = check_headers(L, headers);
    options.headers = headers;
    struct request_wait *request = task_wait_new(L, &OPS, sizeof(*request));
    request->client = state_engine(L)->client;
    int rc = http_client_start(request->client, &options, on_done, task_wait_ref(&request->wait),
                               &request->id, &request->err);
    if (rc != OK) {
        task_wait_unref(&request->wait);
        return push_response(L, &request->wait);
    }
    return task_wait_yield(L, &request->wait);
}

static const luaL_Reg FUNCTIONS[] = { { "request", l_http_request }, { NULL, NULL } };

int luaopen_engine_http(lua_State *L)
{
    luaL_newlib(L, FUNCTIONS);
    return 1;
}
