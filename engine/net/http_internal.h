/* http_internal - what the three files of the HTTP server share: http_server.c (accepting,
 * deadlines, stopping), http_connection.c (bytes in, bytes out, one request after the other),
 * http_exchange.c (a request and its answer). */
#pragma once
#include "net/http_parse.h"
#include "net/http_server.h"

#include <netinet/in.h>

struct event;
struct evconnlistener;

enum { READ_CHUNK = 64 * 1024 };

enum connection_state { READING_HEAD, READING_BODY, HANDLING, LINGERING };

struct http_connection {
    struct http_server *server;
    struct http_connection *previous, *next;
    int fd;
    struct event *readable, *writable;
    enum connection_state state;
    struct buf in, out;
    size_t in_at, out_at;            /* bytes of them done with */
    size_t scanned;                  /* of the head being awaited */
    struct http_exchange *exchange;  /* being read, or open */
    struct http_chunks chunks;
    int64_t deadline_ms;             /* monotonic; 0 while a handler works */
    bool wants_close;                /* once <out> is sent */
    bool has_spoken;                 /* something came on it */
    bool is_read_ended;              /* the client sent its last byte */
    bool is_advancing, is_dead;      /* dead while advancing: freed by advance() */
    char peer[INET6_ADDRSTRLEN];
    bool peer_is_loopback;
};

struct http_exchange {
    struct http_server *server;      /* NULL once the server is gone */
    struct http_exchange *previous, *next;
    struct http_connection *connection;   /* NULL once the client is gone */
    struct http_head head;
    char *head_text;
    char *path;
    const char *query;
    char route[96];                  /* the pattern that matched, "" when none */
    struct buf body, headers;        /* headers: of the answer */
    void *data;                      /* the handler's */
    void (*free_data)(void *data);
    int64_t started_us;
    bool is_open;                    /* given to the handler, not yet answered */
    bool is_streaming;               /* between http_stream_begin() and http_stream_end() */
    bool is_stream_writing;          /* below http_stream_write(): nobody is told of what happens */
    int stream_status;
    void (*on_drained)(void *arg);   /* of a stream */
    void *on_drained_arg;
    bool peer_is_loopback, server_is_loopback;
    char peer[INET6_ADDRSTRLEN];
};

struct http_server {
    struct loop *loop;
    struct evconnlistener *listener;
    http_handler_fn handler;
    void *arg;
    http_observer_fn observer;
    void *observer_arg;
    size_t max_header_bytes, max_body_bytes;
    int64_t timeout_ms;
    int max_connections;
    bool is_loopback;
    int port;
    struct http_connection *connections;
    struct http_exchange *exchanges;
    struct http_server_stats stats;
    uint64_t sweep_timer, accept_timer, drain_timer;
    int accepted;                    /* since the listener was paused last */
    int64_t accept_told_at_ms;       /* the log has heard that none can be accepted; 0: never */
    void (*drained)(void *arg);
    void *drained_arg;
    bool is_draining;
    char date[40];
    int64_t date_s;
    char chunk[READ_CHUNK];
};

/* Takes over <fd> and begins to read, unless <reads> is false: then the caller refuses it. */
struct http_connection *http_connection_new(struct http_server *server, int fd,
                                            const struct sockaddr *address, bool reads);
/* Also from below its own callbacks: then it is freed when they are done. An open exchange lives
 * on. */
void http_connection_free(struct http_connection *connection);
/* Between two requests, with nothing to send. */
bool http_connection_is_idle(const struct http_connection *connection);
/* Answers in the handler's place and ends the connection: where the next request begins is not
 * known any more. */
void http_connection_refuse(struct http_connection *connection, int status, const char *why);
/* Its exchange has been answered into <out>: sends, and goes on to the next request. The
 * connection may be gone after this. */
void http_connection_answered(struct http_connection *connection);

/* Being read, on <connection>; http_exchange_free() unless it is opened and answered. */
struct http_exchange *http_exchange_new(struct http_connection *connection);
/* Takes it off the server's list. */
void http_exchange_free(struct http_exchange *exchange);
/* Splits the target of a parsed head into path and query. Returns 200, or the status to answer
 * with <err> filled. */
int http_exchange_split_target(struct http_exchange *exchange, struct err *err);
/* The handler's from here on, until it is answered. */
void http_exchange_open(struct http_exchange *exchange);
/* Writes status line and headers for a body of <len> bytes, -1: of a stream. False when none
 * follows (HEAD, 204, 304). */
bool http_exchange_write_head(struct http_exchange *exchange, int status, const char *content_type,
                              int64_t len);
/* Before the head of an answer: whether it is the connection's last one. */
void http_exchange_decide_close(struct http_exchange *exchange);
/* Counts and logs an answer. */
void http_exchange_note(const struct http_exchange *exchange, int status);
/* All that a stream has written is sent, or the client is gone: its producer is told. Nothing when
 * the exchange is no stream. May end it. */
void http_stream_drained(struct http_exchange *exchange);
/* Sends what is in <out>; the exchange goes on. May free the connection. */
void http_connection_send(struct http_connection *connection);
/* The client is gone: an open exchange lives on until its handler answers into the void. */
void http_exchange_detach(struct http_exchange *exchange);

/* Ends a drain when nothing is left. */
void http_server_check_drained(struct http_server *server);
/* "Mon, 23 Nov 2026 06:11:34 GMT", borrowed until the next call. */
const char *http_server_date(struct http_server *server);
