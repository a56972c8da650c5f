/* websocket - connections that carry messages both ways (RFC 6455), as a client and as a server.
 * libwslay does the framing; a client's way out (names, proxies, TLS with its certificates) is libcurl's.
 * Owns: the sockets, what was received and not taken yet, pings, time-outs, the connections' names.
 * Never: runs Lua, connects again, looks into a message. Loop thread only.
 *
 * Nobody is called with a message: whoever waits is told that there is something, and takes it. Taken too slowly,
 * the socket is not read any more until there is room. A connection that has a name outlives whoever made it and is
 * found again by it; one that nobody has listened to for ten seconds is closed. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct http_exchange;
struct loop;
struct websocket;
struct websockets;

enum websocket_state {
    WEBSOCKET_CONNECTING,
    WEBSOCKET_OPEN,
    WEBSOCKET_CLOSING, /* a side has said that it closes; what was received can still be taken */
    WEBSOCKET_CLOSED,
};

/* Status codes of a close (RFC 6455, 7.4.1). */
enum { WEBSOCKET_NORMAL = 1000, WEBSOCKET_GOING_AWAY = 1001 };

/* ---- all connections of an engine */

/* Never NULL. */
struct websockets *websockets_new(struct loop *loop);
/* Closes what is open, at once. References that are still held stay valid until they are given back. NULL is
 * allowed. */
void websockets_free(struct websockets *set);

struct websockets_stats {
    int open; /* now, of both roles */
    uint64_t opened, lost, received,
        sent; /* since the start; lost: ended without a close from either side */
};
/* Says good-bye on all of them, at the engine's end; those without an answer end after two seconds. */
void websockets_close_all(struct websockets *set);

/* Figures for /metrics. */
void websockets_stats(const struct websockets *set, struct websockets_stats *out);

/* What /healthz says of a connection that has a name. */
struct websocket_info {
    const char *name; /* borrowed */
    enum websocket_state state;
    int64_t since_ms;        /* when it opened; UTC, 0: not yet */
    uint64_t received, sent; /* messages */
};
/* Steps through the connections that have a name: *cursor starts NULL. False at the end. */
bool websockets_each_named(const struct websockets *set, const struct websocket **cursor,
                           struct websocket_info *out);

/* ---- one connection; counted: every function that gives one gives a reference */

struct websocket_options {
    const char *url;            /* ws://host/path or wss://; only for websocket_connect() */
    const char *const *headers; /* "Name: value", of a client's request */
    int header_count;
    int64_t timeout_ms; /* until it is open; 0: 15 s */
    int64_t ping_ms;    /* quiet for so long: a ping; twice as long: it is lost. 0: 20 s */
    size_t
        max_message_bytes; /* of one received message; 0: 1 MiB. A longer one ends the connection */
};

/* Begins to connect. NULL + err (ERR_INVALID) when nothing was begun. Copies the options. */
struct websocket *websocket_connect(struct websockets *set, const struct websocket_options *options,
                                    struct err *err);
/* Answers a request to upgrade with 101 and takes its socket over. NULL + err (ERR_INVALID, and err->status to
 * answer): it is no such request, and the exchange is as before. */
struct websocket *websocket_accept(struct websockets *set, struct http_exchange *exchange,
                                   const struct websocket_options *options, struct err *err);
/* The one that has the name, NULL when none has. */
struct websocket *websockets_find(struct websockets *set, const char *name);

/* Gives the connection a name; whoever had it before loses it. NULL takes the name away. Copies. */
void websocket_set_name(struct websocket *websocket, const char *name);

/* Returns <websocket>. */
struct websocket *websocket_ref(struct websocket *websocket);
/* The last one of a connection without a name says good-bye to the other side, and goes. NULL is allowed. */
void websocket_unref(struct websocket *websocket);

/* How far it is. */
enum websocket_state websocket_state(const struct websocket *websocket);
/* Why it is closed; code OK while it is not. A close that was asked for is ERR_CLOSED. Borrowed. */
const struct err *websocket_why_closed(const struct websocket *websocket);

/* <ready> is called once, from the loop's top level, when a message can be taken or the state has changed since the
 * last call. Replaces the listener before. False: somebody else listens already. */
bool websocket_listen(struct websocket *websocket, void (*ready)(void *arg), void *arg);
/* <ready> will not be called any more. Harmless when another listens. */
void websocket_unlisten(struct websocket *websocket, void *arg);

struct websocket_message {
    char *data; /* NUL-terminated; the taker frees it */
    size_t len;
    bool is_text; /* valid UTF-8 then */
};
/* Whether one can be taken, and the bytes of it. */
bool websocket_has_message(const struct websocket *websocket);
size_t websocket_next_len(const struct websocket *websocket);
/* Takes the oldest message that was received; false when there is none. */
bool websocket_take(struct websocket *websocket, struct websocket_message *out);

/* Queues a message and sends what the socket takes. ERR_CLOSED when it is not open, ERR_LIMIT when more than 4 MiB
 * wait to be sent. Copies. */
int websocket_send(struct websocket *websocket, const char *data, size_t len, bool is_text,
                   struct err *err);
/* Says good-bye and ends when the other side has answered, or after two seconds. What is received until then can
 * still be taken. <reason> at most 123 bytes. Harmless when it is closing. */
void websocket_close(struct websocket *websocket, int status, const char *reason);
/* Ends it at once, without a word to the other side. */
void websocket_abort(struct websocket *websocket);
