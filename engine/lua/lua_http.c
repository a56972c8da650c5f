/* engine.http - requests to the outside. One request a call; no redirects, no retries: what an
 * answer means is the script's business. */
#include "base/buf.h"
#include "core/engine.h"
#include "lua/lua_api.h"
#include "lua/lua_modules.h"
#include "lua/lua_util.h"
#include "lua/options.h"
#include "lua/state.h"
#include "lua/task.h"
#include "net/http_client.h"

#include <string.h>
#include <strings.h>

enum { HEADERS_MAX = 64, METHOD_MAX = 16, ANSWER_MAX = 64 << 20, TIMEOUT_MAX_MS = 120000 };

struct request_wait {
    struct task_wait wait;
    struct http_client *client;
    uint64_t id;
    int status;
    struct buf body, headers; /* of the answer */
    struct err err;
};

/* ---- the answer */

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

/* throws. Into the table on top; a header that came twice is joined with ", ". */
static void add_header(lua_State *L, const char *line, size_t len, size_t name_len)
{
    size_t value = name_len + 1;
    while (value < len && line[value] == ' ')
        value++;
    lua_pushlstring(L, line, name_len);
    lua_pushvalue(L, -1);
    if (lua_rawget(L, -3) == LUA_TNIL)
        lua_pop(L, 1);
    else
        lua_pushliteral(L, ", ");
    lua_pushlstring(L, line + value, len - value);
    if (lua_type(L, -3) == LUA_TSTRING)
        lua_concat(L, 3);
    lua_rawset(L, -3);
}

static void push_headers(lua_State *L, const char *text)
{
    lua_newtable(L);
    while (*text) {
        size_t len = strcspn(text, "\n");
        const char *colon = memchr(text, ':', len);
        if (colon)
            add_header(L, text, len, (size_t)(colon - text));
        text += len + (text[len] == '\n');
    }
}

static int push_failure(lua_State *L, struct err *err)
{
    bool may_have_arrived = err->status == 1; /* how the client says it */
    err->status = 0;
    lua_util_push_err(L, err);
    lua_pushstring(L, may_have_arrived ? "unknown" : "not_sent");
    lua_setfield(L, -2, "outcome");
    return 2;
}

static int push_response(lua_State *L, struct task_wait *wait)
{
    struct request_wait *request = (struct request_wait *)wait;
    if (request->err.code != OK)
        return push_failure(L, &request->err);
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

/* ---- the request */

static bool is_token(const char *text)
{
    static const char ALLOWED[] = "!#$%&'*+-.^_`|~0123456789"
                                  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return text[0] && text[strspn(text, ALLOWED)] == '\0';
}

/* throws unless the pair on top is a header: nothing in it may begin a line of its own. */
static void check_header(lua_State *L)
{
    if (lua_type(L, -2) != LUA_TSTRING)
        luaL_error(L, "http.request: options.headers: names are texts");
    size_t name_len, value_len;
    const char *name = lua_tolstring(L, -2, &name_len);
    if (lua_type(L, -1) != LUA_TSTRING && lua_type(L, -1) != LUA_TNUMBER)
        luaL_error(L, "http.request: options.headers[\"%s\"]: expected a text, got %s", name,
                   luaL_typename(L, -1));
    lua_pushvalue(L, -1);
    const char *value = lua_tolstring(L, -1, &value_len);
    bool is_header =
        strlen(name) == name_len && is_token(name) && strcspn(value, "\r\n") == value_len;
    if (!is_header)
        luaL_error(L, "http.request: options.headers[\"%s\"]: not a header", name);
    lua_pop(L, 1);
}

/* The lines are in a table at <lines>, so that they live while the request is started. */
struct header_list {
    int lines;
    int count;
    bool has_type;
    const char *items[HEADERS_MAX];
};

/* throws. Pops the line on top. */
static void add_line(lua_State *L, struct header_list *list)
{
    if (list->count == HEADERS_MAX)
        luaL_error(L, "http.request: options.headers: more than %d", HEADERS_MAX);
    const char *line = lua_tostring(L, -1);
    list->has_type = list->has_type || strncasecmp(line, "content-type:", 13) == 0;
    list->items[list->count++] = line;
    lua_rawseti(L, list->lines, list->count);
}

/* throws. Pushes the table that keeps the lines. */
static void read_headers(lua_State *L, struct header_list *list)
{
    lua_newtable(L);
    list->lines = lua_gettop(L);
    lua_pushliteral(L, "headers");
    if (lua_rawget(L, 1) == LUA_TNIL) {
        lua_pop(L, 1);
        return;
    }
    if (!lua_istable(L, -1))
        luaL_error(L, "http.request: options.headers: expected a table, got %s",
                   luaL_typename(L, -1));
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        check_header(L);
        luaL_tolstring(L, -1, NULL);
        lua_pushfstring(L, "%s: %s", lua_tostring(L, -3), lua_tostring(L, -1));
        add_line(L, list);
        lua_pop(L, 1); /* the value as a text */
    }
    lua_pop(L, 1);
}

/* throws. A body made of the member <name> by another module's function: form by url.encode, json
 * by json.encode. The text is pushed and anchored on the stack. */
static void make_body(lua_State *L, struct http_client_options *options, struct header_list *list,
                      const char *name)
{
    bool is_form = strcmp(name, "form") == 0;
    lua_api_require(L, is_form ? "engine.url" : "engine.json");
    lua_getfield(L, -1, "encode");
    lua_getfield(L, 1, name);
    lua_call(L, 1, 1);
    options->body = lua_tolstring(L, -1, &options->body_len);
    if (list->has_type)
        return;
    lua_pushstring(L, is_form ? "Content-Type: application/x-www-form-urlencoded"
                              : "Content-Type: application/json; charset=utf-8");
    add_line(L, list);
}

/* throws. At most one of body, form and json. */
static void read_body(lua_State *L, const struct options *given,
                      struct http_client_options *options, struct header_list *list)
{
    static const char *const MADE[] = { "form", "json" };
    options->body = options_text(given, "body", &options->body_len);
    for (size_t i = 0; i < sizeof(MADE) / sizeof(MADE[0]); i++) {
        lua_pushstring(L, MADE[i]);
        if (lua_rawget(L, 1) == LUA_TNIL)
            continue;
        if (options->body)
            luaL_error(L, "http.request: give one of body, form and json");
        make_body(L, options, list, MADE[i]);
    }
}

static void check_method(lua_State *L, const char *method)
{
    static const char UPPER[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t len = strspn(method, UPPER);
    if (len == 0 || len > METHOD_MAX || method[len])
        luaL_error(L, "http.request: options.method: \"%s\" is no method", method);
}

/*** Sends a request and waits for the whole answer, whatever its status.
 * @function http.request(options)
 * @param options {method: string?, url: string, headers: table<string, string>?, body: string?,
 *   form: table<string, string|number|boolean>?, json: any?, timeout: string?, max_bytes: integer?}
 *   method: "GET"; one of body, form and json; timeout: "15s", two minutes at most; max_bytes: of
 *   the answer, 16 MiB
 * @return {status: integer, headers: table<string, string>, body: string}|nil response header names
 *   in lower case
 * @return Error|nil err err.outcome is "not_sent", or "unknown" when the request may have arrived;
 *   codes: timeout, network, limit, closed, invalid
 * @yields
 */
static int l_http_request(lua_State *L)
{
    static const struct task_wait_ops OPS = { "http.request", push_response, cancel_request,
                                              fini_request };
    static const char *const KEYS[] = { "method", "url",     "headers",   "body", "form",
                                        "json",   "timeout", "max_bytes", NULL };
    struct http_client_options options = { 0 };
    struct header_list headers = { 0 };
    lua_settop(L, 1);
    struct options given = options_need(L, 1, "http.request", KEYS);
    options.method = options_text(&given, "method", NULL);
    options.method = options.method ? options.method : "GET";
    check_method(L, options.method);
    options.url = options_text(&given, "url", NULL);
    if (!options.url)
        return luaL_error(L, "http.request: options.url: expected a text, got nil");
    options.timeout_ms = options_duration(&given, "timeout", 0);
    if (options.timeout_ms > TIMEOUT_MAX_MS)
        return luaL_error(L, "http.request: options.timeout: more than 2 minutes");
    options.max_response_bytes = (size_t)options_integer(&given, "max_bytes", 1, ANSWER_MAX, 0);
    read_headers(L, &headers);
    read_body(L, &given, &options, &headers);
    options.headers = headers.items;
    options.header_count = headers.count;
    struct request_wait *request = task_wait_new(L, &OPS, sizeof(*request));
    request->client = state_engine(L)->client;
    int rc = http_client_start(request->client, &options, on_done, task_wait_ref(&request->wait),
                               &request->id, &request->err);
    if (rc != OK) {
        task_wait_unref(&request->wait);
        return push_failure(L, &request->err);
    }
    return task_wait_yield(L, &request->wait);
}

static const luaL_Reg FUNCTIONS[] = {
    { "request", l_http_request },
    { NULL, NULL },
};

int luaopen_engine_http(lua_State *L)
{
    luaL_newlib(L, FUNCTIONS);
    return 1;
}
