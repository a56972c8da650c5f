/* engine.websocket - connections that carry messages both ways. Who connects again, and when, is the script's
 * business. */
#include "lua/lua_websocket.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "core/engine.h"
#include "loop/loop.h"
#include "lua/lua_modules.h"
#include "lua/lua_util.h"
#include "lua/options.h"
#include "lua/state.h"
#include "lua/task.h"
#include "net/websocket.h"

#include <string.h>

#define SOCKET "engine.Socket"

enum {
    HEADERS_MAX = 16,
    MESSAGE_MAX = 16 << 20,
    TIMEOUT_MAX_MS = 120000,
    NAME_MAX_LEN = 80,
    REASON_MAX = 123,
};

/* ---- the object */

static int l_collect(lua_State *L)
{
    struct websocket **box = lua_touserdata(L, 1);
    websocket_unref(*box);
    *box = NULL;
    return 0;
}

void lua_websocket_new(lua_State *L)
{
    struct websocket **box = lua_newuserdatauv(L, sizeof(struct websocket *), 0);
    *box = NULL;
    if (luaL_newmetatable(L, SOCKET)) {
        lua_pushcfunction(L, l_collect);
        lua_setfield(L, -2, "__gc");
        lua_pushboolean(L, 0);
        lua_setfield(L, -2, "__metatable");
    }
    lua_setmetatable(L, -2);
}

void lua_websocket_set(lua_State *L, int index, struct websocket *websocket)
{
    struct websocket **box = lua_touserdata(L, index);
    *box = websocket;
}

static struct websocket *check_socket(lua_State *L)
{
    return *(struct websocket **)luaL_checkudata(L, 1, SOCKET);
}

static int push_why(lua_State *L, const struct websocket *websocket)
{
    struct err err = *websocket_why_closed(websocket);
    if (err.code == OK)
        err_set(&err, ERR_CLOSED, "the connection is closing");
    return lua_util_push_err(L, &err);
}

/* ---- connect */

struct connect_wait {
    struct task_wait wait;
    struct websocket *websocket;
};

static void on_connect_ready(void *arg)
{
    task_wait_complete(arg);
}

static int push_connected(lua_State *L, struct task_wait *wait)
{
    struct connect_wait *connect = (struct connect_wait *)wait;
    if (websocket_state(connect->websocket) == WEBSOCKET_CLOSED)
        return push_why(L, connect->websocket);
    lua_websocket_new(L);
    lua_websocket_set(L, -1, connect->websocket);
    connect->websocket = NULL;
    return 1;
}

static void cancel_connect(struct task_wait *wait)
{
    struct connect_wait *connect = (struct connect_wait *)wait;
    websocket_unlisten(connect->websocket, connect);
    task_wait_unref(wait);
}

static void fini_connect(struct task_wait *wait)
{
    websocket_unref(((struct connect_wait *)wait)->websocket);
}

/* throws. Pushes the table that keeps the lines. */
static void read_headers(lua_State *L, struct websocket_options *options, const char **lines)
{
    lua_newtable(L);
    int kept = lua_gettop(L);
    options->headers = lines;
    lua_pushliteral(L, "headers");
    if (lua_rawget(L, 1) == LUA_TTABLE) {
        for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
            if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING)
                luaL_error(L, "websocket.connect: options.headers: names and values are texts");
            if (options->header_count == HEADERS_MAX)
                luaL_error(L, "websocket.connect: options.headers: more than %d", HEADERS_MAX);
            lua_pushfstring(L, "%s: %s", lua_tostring(L, -2), lua_tostring(L, -1));
            lines[options->header_count++] = lua_tostring(L, -1);
            lua_rawseti(L, kept, options->header_count);
        }
    } else if (!lua_isnil(L, -1)) {
        luaL_error(L, "websocket.connect: options.headers: expected a table, got %s",
                   luaL_typename(L, -1));
    }
    lua_pop(L, 1);
}

/*** Opens a connection. Certificates are verified; a proxy of the environment is used.
 * @function websocket.connect(options)
 * @param options {url: string, headers: table<string, string>?, timeout: string?, ping: string?, max_bytes: integer?}
 *   url: ws:// or wss://; timeout: "15s", until it is open; ping: "20s", how long it may be quiet before the other side
 *   is asked for a sign of life; max_bytes: of one received message, 1 MiB
 * @return engine.Socket|nil socket
 * @return Error|nil err codes: timeout, network, unavailable (the server refused), invalid
 * @yields
 */
static int l_websocket_connect(lua_State *L)
{
    static const struct task_wait_ops OPS = { "websocket.connect", push_connected, cancel_connect,
                                              fini_connect };
    static const char *const KEYS[] = { "url", "headers", "timeout", "ping", "max_bytes", NULL };
    struct websocket_options options = { 0 };
    const char *lines[HEADERS_MAX];
    struct err err;
    lua_settop(L, 1);
    struct options given = options_need(L, 1, "websocket.connect", KEYS);
    options.url = options_text(&given, "url", NULL);
    if (!options.url)
        return luaL_error(L, "websocket.connect: options.url: expected a text, got nil");
    options.timeout_ms = options_duration(&given, "timeout", 0);
    if (options.timeout_ms > TIMEOUT_MAX_MS)
        return luaL_error(L, "websocket.connect: options.timeout: more than 2 minutes");
    options.ping_ms = options_duration(&given, "ping", 0);
    options.max_message_bytes = (size_t)options_integer(&given, "max_bytes", 1, MESSAGE_MAX, 0);
    read_headers(L, &options, lines);
    struct connect_wait *connect = task_wait_new(L, &OPS, sizeof(*connect));
    connect->websocket = websocket_connect(state_engine(L)->websockets, &options, &err);
    if (!connect->websocket)
        return lua_util_push_err(L, &err);
    websocket_listen(connect->websocket, on_connect_ready, task_wait_ref(&connect->wait));
    return task_wait_yield(L, &connect->wait);
}

/* ---- receive */

struct receive_wait {
    struct task_wait wait;
    struct loop *loop;
    struct websocket *websocket;
    uint64_t timer;
    int64_t deadline_ms; /* monotonic; 0: none */
};

static void on_receive_timer(void *arg)
{
    struct receive_wait *receive = arg;
    receive->timer = 0;
    websocket_unlisten(receive->websocket, receive);
    task_wait_complete(&receive->wait);
}

static void on_receive_ready(void *arg)
{
    struct receive_wait *receive = arg;
    loop_timer_cancel(receive->loop, receive->timer);
    receive->timer = 0;
    task_wait_complete(&receive->wait);
}

/* Holds a reference until it is ready. */
static bool begin_receive(struct receive_wait *receive)
{
    task_wait_ref(&receive->wait);
    if (!websocket_listen(receive->websocket, on_receive_ready, receive)) {
        task_wait_unref(&receive->wait);
        return false;
    }
    int64_t left_ms = receive->deadline_ms - clock_mono_ms();
    if (receive->deadline_ms > 0)
        receive->timer =
            loop_timer(receive->loop, left_ms > 0 ? left_ms : 0, on_receive_timer, receive);
    return true;
}

/* throws. Pushes the message that waits, or why none will come; 0 when one still may. */
static int push_received(lua_State *L, struct websocket *websocket)
{
    struct websocket_message message;
    luaL_Buffer unowned; /* room first: what throws must not hold the message */
    if (!websocket_has_message(websocket))
        return websocket_state(websocket) == WEBSOCKET_CLOSED ? push_why(L, websocket) : 0;
    char *room = luaL_buffinitsize(L, &unowned, websocket_next_len(websocket));
    websocket_take(websocket, &message);
    memcpy(room, message.data, message.len);
    free(message.data);
    luaL_pushresultsize(&unowned, message.len);
    return 1;
}

static int push_receive(lua_State *L, struct task_wait *wait)
{
    struct receive_wait *receive = (struct receive_wait *)wait;
    struct err err;
    int count = push_received(L, receive->websocket);
    if (count > 0)
        return count;
    if (receive->deadline_ms > 0 && clock_mono_ms() >= receive->deadline_ms) {
        err_set(&err, ERR_TIMEOUT, "no message came in time");
        err.retryable = true;
        return lua_util_push_err(L, &err);
    }
    if (!begin_receive(receive))
        return luaL_error(L, "websocket.receive: another task receives from this connection");
    return TASK_WAIT_AGAIN;
}

static void cancel_receive(struct task_wait *wait)
{
    struct receive_wait *receive = (struct receive_wait *)wait;
    loop_timer_cancel(receive->loop, receive->timer);
    websocket_unlisten(receive->websocket, receive);
    task_wait_unref(wait);
}

static void fini_receive(struct task_wait *wait)
{
    websocket_unref(((struct receive_wait *)wait)->websocket);
}

/*** Waits for the next message. What came before a connection ended is still received. A task that is ended while it
 * waits takes no message with it.
 * @function websocket.receive(socket, timeout)
 * @param socket engine.Socket
 * @param timeout string|nil "10s"; none: as long as it takes
 * @return string|nil message
 * @return Error|nil err codes: timeout; closed (a side said good-bye), network, limit: it has ended
 * @yields
 */
static int l_websocket_receive(lua_State *L)
{
    static const struct task_wait_ops OPS = { "websocket.receive", push_receive, cancel_receive,
                                              fini_receive };
    struct websocket *websocket = check_socket(L);
    int64_t deadline_ms =
        lua_isnoneornil(L, 2) ? 0 : clock_mono_ms() + lua_util_check_duration(L, 2);
    task_check_can_wait(L, OPS.name);
    int count = push_received(L, websocket);
    if (count > 0)
        return count;
    struct receive_wait *receive = task_wait_new(L, &OPS, sizeof(*receive));
    receive->loop = state_engine(L)->loop;
    receive->websocket = websocket_ref(websocket);
    receive->deadline_ms = deadline_ms;
    if (!begin_receive(receive))
        return luaL_error(L, "websocket.receive: another task receives from this connection");
    return task_wait_yield(L, &receive->wait);
}

/* ---- what does not wait */

/*** Sends a message of text.
 * @function websocket.send(socket, text)
 * @param socket engine.Socket
 * @param text string UTF-8
 * @return true|nil sent handed over, which is not yet arrived
 * @return Error|nil err codes: closed, network, limit (4 MiB wait already)
 * @nowait
 */
static int l_websocket_send(lua_State *L)
{
    size_t len;
    struct websocket *websocket = check_socket(L);
    const char *text = luaL_checklstring(L, 2, &len);
    struct err err;
    luaL_argcheck(L, utf8_is_valid(text, len), 2, "not UTF-8");
    if (websocket_send(websocket, text, len, true, &err) != OK)
        return lua_util_push_err(L, &err);
    lua_pushboolean(L, 1);
    return 1;
}

/*** Says good-bye; the connection ends when the other side has answered. Messages that come until then can still be
 * received, but nothing can be sent any more.
 * @function websocket.close(socket, status, reason)
 * @param socket engine.Socket
 * @param status integer? 1000
 * @param reason string? at most 123 bytes
 * @nowait
 */
static int l_websocket_close(lua_State *L)
{
    struct websocket *websocket = check_socket(L);
    lua_Integer status = luaL_optinteger(L, 2, WEBSOCKET_NORMAL);
    const char *reason = luaL_optstring(L, 3, "");
    luaL_argcheck(L, status >= 1000 && status <= 4999, 2, "1000 to 4999");
    luaL_argcheck(L, strlen(reason) <= REASON_MAX, 3, "at most 123 bytes");
    websocket_close(websocket, (int)status, reason);
    return 0;
}

/*** Ends a connection without a word, as a broken network does.
 * @function websocket.abort(socket)
 * @param socket engine.Socket
 * @nowait
 */
static int l_websocket_abort(lua_State *L)
{
    websocket_abort(check_socket(L));
    return 0;
}

/*** Gives a connection a name, by which scripts that are loaded later find it: it outlives a reload. Whatever
 * had the name before loses it. nil takes the name away. A connection that has a name and from which nobody
 * has received for ten seconds is closed.
 * @function websocket.keep(socket, name)
 * @param socket engine.Socket
 * @param name string|nil
 * @nowait
 */
static int l_websocket_keep(lua_State *L)
{
    struct websocket *websocket = check_socket(L);
    const char *name = luaL_optstring(L, 2, NULL);
    luaL_argcheck(L, !name || (name[0] && strlen(name) <= NAME_MAX_LEN), 2, "1 to 80 bytes");
    websocket_set_name(websocket, name);
    return 0;
}

/*** The connection that has the name.
 * @function websocket.kept(name)
 * @param name string
 * @return engine.Socket|nil socket nil when it has ended
 * @nowait
 */
static int l_websocket_kept(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    lua_websocket_new(L);
    struct websocket *found = websockets_find(state_engine(L)->websockets, name);
    if (!found)
        return 0;
    lua_websocket_set(L, -1, found);
    return 1;
}

static const luaL_Reg FUNCTIONS[] = {
    { "connect", l_websocket_connect }, { "receive", l_websocket_receive },
    { "send", l_websocket_send },       { "close", l_websocket_close },
    { "abort", l_websocket_abort },     { "keep", l_websocket_keep },
    { "kept", l_websocket_kept },       { NULL, NULL },
};

int luaopen_engine_websocket(lua_State *L)
{
    luaL_newlib(L, FUNCTIONS);
    return 1;
}
