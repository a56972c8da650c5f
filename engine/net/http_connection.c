/* Reading order: on_readable, advance (a connection's states), read_head, read_body,
 * http_connection_answered. */
#include "net/http_internal.h"

#include "base/clock.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "net/listen.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    LINGER_MS = 2000
}; /* how long a refused client may go on sending, so that it gets to read why */

static void advance(struct http_connection *connection);

void http_connection_free(struct http_connection *connection)
{
    struct http_server *server = connection->server;
    if (connection->is_advancing) {
        connection->is_dead = true;
        return;
    }
    http_exchange_detach(connection->exchange);
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        server->connections = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    server->stats.connections--;
    event_free(connection->readable);
    event_free(connection->writable);
    if (connection->fd >= 0) /* else it was taken over */
        close(connection->fd);
    buf_fini(&connection->in);
    buf_fini(&connection->out);
    free(connection);
    http_server_check_drained(server);
}

bool http_connection_is_idle(const struct http_connection *connection)
{
    return connection->state == READING_HEAD && connection->in.len == connection->in_at &&
           connection->out.len == 0;
}

static void set_deadline(struct http_connection *connection, int64_t delay_ms)
{
    connection->deadline_ms = clock_mono_ms() + delay_ms;
}

/* After the last byte of a refusal: the client may still be sending; closing now would reset the
 * connection and take the answer away with it. So only our side is closed, and for a while what
 * comes is read and dropped. */
static void linger(struct http_connection *connection)
{
    connection->state = LINGERING;
    buf_fini(&connection->in);
    connection->in_at = 0;
    set_deadline(connection, LINGER_MS);
    shutdown(connection->fd, SHUT_WR);
    event_add(connection->readable, NULL);
}

static bool is_streaming(const struct http_connection *connection)
{
    return connection->exchange && connection->exchange->is_streaming;
}

static void sent_all(struct http_connection *connection)
{
    buf_clear(&connection->out);
    connection->out_at = 0;
    if (connection->out.cap > READ_CHUNK)
        buf_fini(&connection->out);
    event_del(connection->writable);
    if (is_streaming(connection)) {
        connection->deadline_ms = 0; /* the next piece is ours to make */
        return;
    }
    if (!connection->wants_close)
        return;
    if (connection->is_read_ended)
        http_connection_free(connection);
    else
        linger(connection);
}

/* Sends what the socket takes now; the rest follows when it is writable. May free the
 * connection. */
static void flush(struct http_connection *connection)
{
    struct buf *out = &connection->out;
    while (connection->out_at < out->len) {
        ssize_t sent = send(connection->fd, out->data + connection->out_at,
                            out->len - connection->out_at, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno == EAGAIN) {
            set_deadline(connection, connection->server->timeout_ms);
            event_add(connection->writable, NULL);
            return;
        }
        if (sent < 0) {
            http_connection_free(connection);
            return;
        }
        connection->out_at += (size_t)sent;
    }
    sent_all(connection);
}

/* flush() for callers that go on with the connection: false when it had to be freed. */
static bool flush_and_keep(struct http_connection *connection)
{
    bool was_advancing = connection->is_advancing;
    connection->is_advancing = true;
    flush(connection);
    connection->is_advancing = was_advancing;
    if (!connection->is_dead || was_advancing)
        return !connection->is_dead;
    http_connection_free(connection);
    return false;
}

void http_connection_send(struct http_connection *connection)
{
    (void)flush_and_keep(connection);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct http_connection *connection = arg;
    if (!flush_and_keep(connection) || connection->out.len || connection->state == LINGERING)
        return;
    if (is_streaming(connection)) {
        http_stream_drained(connection->exchange);
        return;
    }
    if (!connection->is_read_ended)
        event_add(connection->readable, NULL);
    advance(connection);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct http_connection *connection = arg;
    struct http_server *server = connection->server;
    ssize_t got = recv(fd, server->chunk, sizeof(server->chunk), 0);
    if (got < 0 && errno != EAGAIN && errno != EINTR) {
        http_connection_free(connection);
        return;
    }
    if (got == 0) {
        /* Only the client's side may be closed: it still gets the answers it waits for. */
        connection->is_read_ended = true;
        event_del(connection->readable);
    }
    if (got > 0)
        connection->has_spoken = true;
    if (got > 0 && connection->state != LINGERING) {
        if (http_connection_is_idle(connection))
            set_deadline(connection, server->timeout_ms);
        buf_append(&connection->in, server->chunk, (size_t)got);
        bool is_early = connection->state == HANDLING || connection->out.len;
        /* The next request came early. Enough of it is kept; the rest stays in the socket. */
        if (is_early && connection->in.len - connection->in_at > server->max_header_bytes)
            event_del(connection->readable);
    }
    advance(connection);
}

void http_connection_refuse(struct http_connection *connection, int status, const char *why)
{
    static const struct {
        int status;
        const char *code;
    } CODES[] = {
        { 400, "parse_error" },           { 408, "timeout" },
        { 413, "body_too_large" },        { 431, "headers_too_large" },
        { 501, "not_implemented" },       { 503, "too_many_connections" },
        { 505, "version_not_supported" },
    };
    const char *code = "error";
    for (size_t i = 0; i < sizeof(CODES) / sizeof(*CODES); i++)
        if (CODES[i].status == status)
            code = CODES[i].code;
    if (!connection->exchange)
        connection->exchange = http_exchange_new(connection);
    http_exchange_open(connection->exchange);
    connection->wants_close = true;
    http_reply_error(connection->exchange, status, code, why, NULL);
}

static void refuse_body(struct http_connection *connection)
{
    char why[80];
    snprintf(why, sizeof(why), "The body is larger than %zu bytes.",
             connection->server->max_body_bytes);
    http_connection_refuse(connection, 413, why);
}

/* Returns false when the head is not there yet or the request was refused. */
static bool read_head(struct http_connection *connection)
{
    struct http_server *server = connection->server;
    struct buf *in = &connection->in;
    const char *from = in->data + connection->in_at;
    size_t left = in->len - connection->in_at;
    size_t blank = 0;
    while (blank + 1 < left && from[blank] == '\r' && from[blank + 1] == '\n')
        blank += 2; /* RFC 9112, 2.2: empty lines before a request are skipped */
    connection->in_at += blank;
    from += blank;
    left -= blank;
    size_t len = http_head_length(from, left, &connection->scanned);
    if ((len ? len : left) > server->max_header_bytes) {
        char why[80];
        snprintf(why, sizeof(why), "The headers are larger than %zu bytes.",
                 server->max_header_bytes);
        http_connection_refuse(connection, 431, why);
        return false;
    }
    if (!len)
        return false;
    struct http_exchange *exchange = connection->exchange = http_exchange_new(connection);
    struct err err;
    exchange->head_text = xmalloc(len);
    memcpy(exchange->head_text, from, len);
    connection->in_at += len;
    connection->scanned = 0;
    int status = http_head_parse(&exchange->head, exchange->head_text, len, &err);
    if (status == 200)
        status = http_exchange_split_target(exchange, &err);
    if (status != 200) {
        http_connection_refuse(connection, status, err.msg);
        return false;
    }
    connection->wants_close |= exchange->head.wants_close;
    connection->chunks = (struct http_chunks){ 0 };
    connection->state = READING_BODY;
    return true;
}

static void send_continue(struct http_connection *connection)
{
    static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
    connection->exchange->head.expects_continue = false;
    /* Only while nothing else waits to be sent, so it fits; a client that cannot take 25 bytes
     * will not be missed. */
    (void)!send(connection->fd, line, sizeof(line) - 1, MSG_NOSIGNAL);
}

/* Returns false when more is needed or the request was refused. */
static bool read_body(struct http_connection *connection)
{
    struct http_exchange *exchange = connection->exchange;
    struct buf *in = &connection->in;
    size_t max = connection->server->max_body_bytes;
    size_t left = in->len - connection->in_at;
    size_t used = left;
    int status = 200;
    if (exchange->head.content_length > (int64_t)max) {
        status = 413;
    } else if (exchange->head.is_chunked) {
        const char *from = left ? in->data + connection->in_at : "";
        status = http_chunks_read(&connection->chunks, from, left, &exchange->body, max, &used);
    } else if (exchange->head.content_length > 0) {
        size_t missing = (size_t)exchange->head.content_length - exchange->body.len;
        used = left < missing ? left : missing;
        buf_append(&exchange->body, used ? in->data + connection->in_at : "", used);
        status = used == missing ? 200 : 0;
    } else {
        used = 0;
    }
    connection->in_at += used;
    if (status == 413)
        refuse_body(connection);
    else if (status == 400)
        http_connection_refuse(connection, 400, "The chunked body cannot be read.");
    else if (status == 0 && exchange->head.expects_continue)
        send_continue(connection);
    return status == 200;
}

static void finish_request(struct http_connection *connection)
{
    struct http_exchange *exchange = connection->exchange;
    connection->state = HANDLING;
    connection->deadline_ms = 0;
    http_exchange_open(exchange);
    connection->server->handler(exchange, connection->server->arg);
}

/* Drops what was read; gives back the memory of an unusually large request. */
static void compact_input(struct http_connection *connection)
{
    struct buf *in = &connection->in;
    if (connection->in_at == in->len) {
        connection->in_at = 0;
        buf_clear(in);
        if (in->cap > READ_CHUNK)
            buf_fini(in);
    } else if (connection->in_at > 0) {
        memmove(in->data, in->data + connection->in_at, in->len - connection->in_at);
        in->len -= connection->in_at;
        connection->in_at = 0;
    }
}

/* Takes from <in> as many requests as there are, one at a time: the next waits for the answer to
 * the one before. */
static void advance(struct http_connection *connection)
{
    if (connection->is_advancing)
        return;
    connection->is_advancing = true;
    while (!connection->is_dead && connection->out.len == 0) {
        bool goes_on = false;
        if (connection->state == READING_HEAD)
            goes_on = connection->in.len > connection->in_at && read_head(connection);
        else if (connection->state == READING_BODY && (goes_on = read_body(connection)))
            finish_request(connection);
        if (!goes_on)
            break;
    }
    connection->is_advancing = false;
    bool is_over =
        connection->is_read_ended && connection->state != HANDLING && connection->out.len == 0;
    if (connection->is_dead || is_over) {
        http_connection_free(connection);
        return;
    }
    compact_input(connection);
}

void http_connection_answered(struct http_connection *connection)
{
    connection->exchange = NULL;
    connection->state = READING_HEAD;
    connection->scanned = 0;
    set_deadline(connection, connection->server->timeout_ms);
    if (!flush_and_keep(connection) || connection->is_advancing ||
        connection->state != READING_HEAD)
        return;
    /* A request that came early is taken up from the loop's top level, not below whoever
     * answered this one. */
    if (!connection->is_read_ended)
        event_add(connection->readable, NULL);
    if (connection->in.len > connection->in_at)
        event_active(connection->readable, EV_READ, 0);
}

struct http_connection *http_connection_new(struct http_server *server, int fd,
                                            const struct sockaddr *address, bool reads)
{
    struct event_base *base = loop_base(server->loop);
    struct http_connection *connection = xcalloc(1, sizeof(*connection));
    connection->server = server;
    connection->fd = fd;
    connection->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, connection);
    connection->writable = event_new(base, fd, EV_WRITE | EV_PERSIST, on_writable, connection);
    REQUIRE(connection->readable && connection->writable);
    connection->peer_is_loopback = listen_is_loopback(address);
    listen_format_host(address, connection->peer, sizeof(connection->peer));
    connection->next = server->connections;
    if (connection->next)
        connection->next->previous = connection;
    server->connections = connection;
    server->stats.connections++;
    set_deadline(connection, server->timeout_ms);
    if (reads)
        event_add(connection->readable, NULL);
    return connection;
}
