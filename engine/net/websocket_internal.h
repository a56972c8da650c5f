/* websocket_internal - what the files of the WebSocket share: websocket.c (messages, pings, the end),
 * websocket_set.c (names and figures of all), websocket_client.c (the way out through libcurl), websocket_server.c (the
 * upgrade of a request). */
#pragma once
#include "base/buf.h"
#include "net/websocket.h"

#include <sys/queue.h>
#include <sys/types.h>
#include <wslay/wslay.h>

struct event;

/* Bytes in and out. Both return the number of bytes, 0 when it would block, -1 when the connection is gone. */
struct websocket_transport {
    ssize_t (*read)(struct websocket *websocket, void *data, size_t len);
    ssize_t (*write)(struct websocket *websocket, const void *data, size_t len);
    /* Closes the socket and frees what the role keeps; called once, after the events are gone. */
    void (*close)(struct websocket *websocket);
};

struct websocket_queued {
    struct websocket_message message;
    STAILQ_ENTRY(websocket_queued) link;
};

struct websocket {
    struct websockets *set;
    LIST_ENTRY(websocket) link;
    int refs; /* the set holds one until it is closed */
    char *name;
    enum websocket_state state;
    struct err end;
    const struct websocket_transport *transport;
    void *role;                        /* the transport's */
    int fd;                            /* -1 until connected; the transport closes it */
    struct event *readable, *writable; /* NULL until connected */
    wslay_event_context_ptr frames;
    struct buf early; /* bytes that came together with the handshake */
    size_t early_at;
    STAILQ_HEAD(, websocket_queued) inbox;
    int inbox_count;
    size_t inbox_bytes;
    size_t max_message_bytes;
    bool is_paused; /* the inbox is full: the socket is not read */
    bool is_told;   /* tell() is posted */
    void (*ready)(void *arg);
    void *ready_arg;
    uint64_t tick_timer; /* pings and deadlines */
    int64_t ping_ms;
    int64_t deadline_ms; /* monotonic; of connecting or closing, 0: none */
    int64_t heard_ms;    /* monotonic: when bytes came last */
    int64_t listened_ms; /* monotonic: when somebody listened last */
    int64_t since_ms;
    uint64_t received, sent;
};

struct websockets {
    struct loop *loop;
    LIST_HEAD(, websocket) list;
    struct websockets_stats stats;
    int refs; /* its owner, and every connection */
};

/* A connection being made, with one reference for the set and one for the caller. */
struct websocket *websocket_new(struct websockets *set, const struct websocket_options *options,
                                const struct websocket_transport *transport);
/* The handshake is done: <fd> is connected and non-blocking, <early> are bytes that came behind the handshake. */
void websocket_open(struct websocket *websocket, int fd, bool is_client, const char *early,
                    size_t len);
/* It ends now, for the reason in <err>. Harmless when it is closed. */
void websocket_end(struct websocket *websocket, const struct err *err);

/* Nobody but the set knows it any more. */
bool websocket_is_forgotten(const struct websocket *websocket);
/* One holder less; the last one frees the set. */
void websockets_release(struct websockets *set);

/* The value of Sec-WebSocket-Accept for a request's key. */
void websocket_accept_value(const char *key, char out[29]);
/* Is <word> one of the comma-separated words of a header's value? Any case; NULL is no value. */
bool websocket_has_word(const char *value, const char *word);
