/* http_server - HTTP/1.1 on evhttp. Owns connections and exchanges; enforces limits on header, body, time and number of
 * connections before any handler runs. Loop thread only.
 * An exchange is answered exactly once, at once or later; the client may be gone by then, which is harmless. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct loop;
struct http_server;
struct http_exchange;

struct http_server_options {
    const char *listen;         /* "127.0.0.1:8080", "[::1]:8080", port 0: any free one */
    size_t max_header_bytes;    /* 0: 16 KiB */
    size_t max_body_bytes;      /* 0: 1 MiB + 64 KiB; larger: 413 with a JSON error */
    int timeout_s;              /* 0: 30; idle or slow connections are closed */
    int max_connections;        /* 0: 1024; more: 503 */
};

typedef void (*http_handler_fn)(struct http_exchange *exchange, void *arg);

struct http_server *http_server_new(struct loop *loop, const struct http_server_options *options,
                                    http_handler_fn handler, void *arg, struct err *err);
void http_server_free(struct http_server *server);          /* closes everything */
/* Stops accepting; <done> is called when the last exchange is answered or <grace_ms> is over. */
void http_server_drain(struct http_server *server, int grace_ms, void (*done)(void *arg), void *arg);
int http_server_port(struct http_server *server);
bool http_server_is_loopback(struct http_server *server);   /* bound to 127.0.0.0/8 or ::1 */
int http_server_open_exchanges(struct http_server *server);

/* The request. All borrowed, valid until the exchange is answered. */
const char *http_method(const struct http_exchange *exchange);              /* "GET", ... */
const char *http_path(const struct http_exchange *exchange);                /* decoded, without query */
const char *http_query(const struct http_exchange *exchange);               /* raw, "" when none */
const char *http_header(const struct http_exchange *exchange, const char *name);   /* any case; NULL when absent */
/* Walks the headers: *cursor starts NULL. False at the end. */
bool http_header_each(const struct http_exchange *exchange, void **cursor, const char **name, const char **value);
const char *http_body(const struct http_exchange *exchange, size_t *len);   /* raw bytes, may hold NULs; never NULL */
const char *http_peer(const struct http_exchange *exchange);                /* "127.0.0.1" */
bool http_peer_is_loopback(const struct http_exchange *exchange);
int64_t http_started_us(const struct http_exchange *exchange);              /* clock_mono_us() at arrival */

/* Adds a header to the coming answer; a value with CR or LF is refused (ERR_INVALID). */
int http_add_header(struct http_exchange *exchange, const char *name, const char *value);
/* Answers. Copies <body>. Adds Content-Length, X-Content-Type-Options and Date; HEAD gets no body. */
void http_reply(struct http_exchange *exchange, int status, const char *content_type, const char *body, size_t len);
/* {"type":"client_error"|"server_error","errors":[{"code":..,"detail":..,"attr":..}]} (attr NULL: null). */
void http_reply_error(struct http_exchange *exchange, int status, const char *code, const char *detail, const char *attr);
