/* http_server - HTTP/1.1 on the event loop. Owns connections and exchanges; enforces limits on
 * header, body, time and number of connections before any handler runs. Loop thread only. An
 * exchange is answered exactly once, at once or later; the client may be gone by then, which is
 * harmless.
 *
 * Not evhttp: the one of libevent 2.1 answers over-large and malformed requests with its own
 * HTML, cannot tell 413 from 431, knows no deadline for a whole request (a byte now and then
 * holds a connection for ever) and no limit on connections. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct loop;
struct http_server;
struct http_exchange;

enum { HTTP_CONNECTIONS_DEFAULT = 1024 };

struct http_server_options {
    const char *listen;         /* "127.0.0.1:8080", "[::1]:8080", port 0: any free one */
    size_t max_header_bytes;    /* 0: 16 KiB; larger: 431 with a JSON error */
    size_t max_body_bytes;      /* 0: 1 MiB + 64 KiB; larger: 413 with a JSON error */
    int timeout_s;              /* 0: 30; for a whole request, an idle connection, a stuck reader */
    int max_connections;        /* 0: the default; then an idle one makes room, else the new one gets 503 */
};

typedef void (*http_handler_fn)(struct http_exchange *exchange, void *arg);

/* Listens at once. NULL + err (ERR_INVALID, ERR_CONFLICT when the port is taken). */
struct http_server *http_server_new(struct loop *loop, const struct http_server_options *options,
                                    http_handler_fn handler, void *arg, struct err *err);
void http_server_free(struct http_server *server);          /* closes everything */
/* Stops accepting; <done> is called when the last exchange is answered or <grace_ms> is over. */
void http_server_drain(struct http_server *server, int grace_ms, void (*done)(void *arg),
                       void *arg);
int http_server_port(struct http_server *server);
bool http_server_is_loopback(struct http_server *server);   /* bound to 127.0.0.0/8 or ::1 */
int http_server_open_exchanges(struct http_server *server);

struct http_server_stats {
    int connections, exchanges;     /* open now */
    uint64_t requests;              /* answered, since the start */
    uint64_t refused;               /* connections beyond the limit */
};
void http_server_stats(struct http_server *server, struct http_server_stats *out);

/* Called after each answer; for metrics. <exchange> is valid during the call. */
typedef void (*http_observer_fn)(void *arg, const struct http_exchange *exchange, int status,
                                 int64_t duration_us);
void http_server_observe(struct http_server *server, http_observer_fn observer, void *arg);

/* The request. All borrowed, valid until the exchange is answered. */
const char *http_method(const struct http_exchange *exchange);   /* "GET", ... */
const char *http_path(const struct http_exchange *exchange);     /* decoded, without query */
const char *http_query(const struct http_exchange *exchange);    /* raw, "" when none */
/* Any case; NULL when absent. */
const char *http_header(const struct http_exchange *exchange, const char *name);
/* Walks the headers: *cursor starts NULL. False at the end. */
bool http_header_each(const struct http_exchange *exchange, void **cursor, const char **name,
                      const char **value);
/* Raw bytes, may hold NULs; never NULL. */
const char *http_body(const struct http_exchange *exchange, size_t *len);
const char *http_peer(const struct http_exchange *exchange);     /* "127.0.0.1" */
bool http_peer_is_loopback(const struct http_exchange *exchange);
int64_t http_started_us(const struct http_exchange *exchange);   /* clock_mono_us() at arrival */
/* Its server is bound to a loopback address. */
bool http_server_side_is_loopback(const struct http_exchange *exchange);
/* The pattern that the path matched, for the observer: set by the router, "" when none matched.
 * Copies. */
void http_set_route(struct http_exchange *exchange, const char *label);
const char *http_route(const struct http_exchange *exchange);
/* The server is closed: an answer goes nowhere, and nothing more may be started for the exchange, because the store
 * may be closed as well. For completions that come late. */
bool http_is_abandoned(const struct http_exchange *exchange);
/* Something of the handler's own that goes with the exchange (who is asking); freed with it. */
void http_set_data(struct http_exchange *exchange, void *data, void (*free_data)(void *data));
/* NULL when nothing was set; borrowed. */
void *http_data(const struct http_exchange *exchange);

/* Adds a header to the coming answer; a value with CR or LF is refused (ERR_INVALID). */
int http_add_header(struct http_exchange *exchange, const char *name, const char *value);
/* Answers. Copies <body>. Adds Content-Length, X-Content-Type-Options and Date; HEAD gets no
 * body. */
void http_reply(struct http_exchange *exchange, int status, const char *content_type,
                const char *body, size_t len);
/* ---- answers in pieces, whose length nobody knows yet: chunked, or for HTTP/1.0 until the
 * connection closes. The producer writes a piece, waits until it is sent and makes the next one, so
 * that a slow client costs no memory. */

/* Begins; headers are added before. From now on the exchange is ended by http_stream_end() only. */
void http_stream_begin(struct http_exchange *exchange, int status, const char *content_type);
/* Sends a piece; copies. Nothing for HEAD, or when the client is gone. */
void http_stream_write(struct http_exchange *exchange, const char *data, size_t len);
/* Nothing waits to be sent; also when the client is gone. */
bool http_stream_is_drained(const struct http_exchange *exchange);
/* False: nobody reads any more, or nobody reads bodies (HEAD). */
bool http_stream_is_wanted(const struct http_exchange *exchange);
/* <fn> is called whenever everything was sent that was waiting, and when the client is gone: not below
 * the calls of this section. NULL: nobody. It may end the stream if the client is gone. */
void http_stream_on_drained(struct http_exchange *exchange, void (*fn)(void *arg), void *arg);
/* The last piece was written. <is_whole> false: it could not be made, and the client learns that by
 * a connection that breaks off. */
void http_stream_end(struct http_exchange *exchange, bool is_whole);

/* {"type":"client_error"|"server_error","errors":[{"code":..,"detail":..,"attr":..}]} (attr
 * NULL: null). */
void http_reply_error(struct http_exchange *exchange, int status, const char *code,
                      const char *detail, const char *attr);
/* Ends the exchange with the status 101, which the caller sends: the connection's socket
 * (non-blocking) is the caller's, and <early> gets what the client has sent behind the request.
 * -1 when the client is gone; the exchange is as before. */
int http_take_socket(struct http_exchange *exchange, struct buf *early);
/* Ends the exchange without an answer: the client sees its connection reset. For imitations of
 * servers that break down. */
void http_abort(struct http_exchange *exchange);
