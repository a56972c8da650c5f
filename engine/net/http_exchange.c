#include "net/http_internal.h"

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <strings.h>

struct http_exchange *http_exchange_new(struct http_connection *connection)
{
    struct http_exchange *exchange = xcalloc(1, sizeof(*exchange));
    exchange->server = connection->server;
    exchange->connection = connection;
    exchange->started_us = clock_mono_us();
    exchange->peer_is_loopback = connection->peer_is_loopback;
    exchange->server_is_loopback = connection->server->is_loopback;
    exchange->query = "";
    exchange->head.method = "GET";
    memcpy(exchange->peer, connection->peer, sizeof(exchange->peer));
    exchange->next = connection->server->exchanges;
    if (exchange->next)
        exchange->next->previous = exchange;
    connection->server->exchanges = exchange;
    return exchange;
}

void http_exchange_free(struct http_exchange *exchange)
{
    if (exchange->previous)
        exchange->previous->next = exchange->next;
    else if (exchange->server)
        exchange->server->exchanges = exchange->next;
    if (exchange->next)
        exchange->next->previous = exchange->previous;
    if (exchange->is_open && exchange->server)
        exchange->server->stats.exchanges--;
    if (exchange->free_data)
        exchange->free_data(exchange->data);
    free(exchange->head_text);
    free(exchange->path);
    buf_fini(&exchange->body);
    buf_fini(&exchange->headers);
    free(exchange);
}

void http_exchange_detach(struct http_exchange *exchange)
{
    if (!exchange)
        return;
    exchange->connection = NULL;
    if (!exchange->is_open)
        http_exchange_free(exchange);
    else
        http_stream_drained(exchange);
}

void http_exchange_open(struct http_exchange *exchange)
{
    exchange->is_open = true;
    exchange->server->stats.exchanges++;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* An absolute target ("http://host/path") loses its front. */
int http_exchange_split_target(struct http_exchange *exchange, struct err *err)
{
    const char *target = exchange->head.target;
    if (*target != '/' && strcmp(target, "*")) {
        const char *host = strncasecmp(target, "http://", 7) ? NULL : target + 7;
        target = host ? host + strcspn(host, "/?") : NULL;
        if (!target) {
            err_set(err, ERR_SYNTAX, "The request's target is not a path.");
            return 400;
        }
    }
    size_t len = strcspn(target, "?#");
    if (target[len] == '?')
        exchange->query = target + len + 1;
    char *to = exchange->path = xmalloc(len + 2);
    if (len == 0)
        *to++ = '/';
    for (const char *from = target; from < target + len; from++) {
        if (*from == '%') {
            int high = hex_value(from[1]);
            int low = high < 0 ? -1 : hex_value(from[2]);
            if (low < 0 || (high == 0 && low == 0)) {
                *to = '\0';
                err_set(err, ERR_SYNTAX, "The path's percent encoding is broken.");
                return 400;
            }
            *to++ = (char)(high * 16 + low);
            from += 2;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
    return 200;
}

/* ---- the request, as handlers see it --------------------------------------------------------- */

const char *http_method(const struct http_exchange *exchange)
{
    return exchange->head.method;
}

const char *http_path(const struct http_exchange *exchange)
{
    return exchange->path ? exchange->path : "";
}

const char *http_query(const struct http_exchange *exchange)
{
    return exchange->query;
}

const char *http_header(const struct http_exchange *exchange, const char *name)
{
    return http_head_field(&exchange->head, name);
}

bool http_header_each(const struct http_exchange *exchange, void **cursor, const char **name,
                      const char **value)
{
    const struct http_field *field =
        *cursor ? (const struct http_field *)*cursor + 1 : exchange->head.fields;
    if (field == exchange->head.fields + exchange->head.field_count)
        return false;
    *name = field->name;
    *value = field->value;
    *cursor = (void *)field;
    return true;
}

const char *http_body(const struct http_exchange *exchange, size_t *len)
{
    *len = exchange->body.len;
    return buf_text(&exchange->body);
}

const char *http_peer(const struct http_exchange *exchange)
{
    return exchange->peer;
}

bool http_peer_is_loopback(const struct http_exchange *exchange)
{
    return exchange->peer_is_loopback;
}

bool http_server_side_is_loopback(const struct http_exchange *exchange)
{
    return exchange->server_is_loopback;
}

int64_t http_started_us(const struct http_exchange *exchange)
{
    return exchange->started_us;
}

void http_set_route(struct http_exchange *exchange, const char *label)
{
    copy_text(exchange->route, sizeof(exchange->route), label);
}

const char *http_route(const struct http_exchange *exchange)
{
    return exchange->route;
}

bool http_is_abandoned(const struct http_exchange *exchange)
{
    return exchange->server == NULL;
}

void http_set_data(struct http_exchange *exchange, void *data, void (*free_data)(void *data))
{
    if (exchange->free_data)
        exchange->free_data(exchange->data);
    exchange->data = data;
    exchange->free_data = free_data;
}

void *http_data(const struct http_exchange *exchange)
{
    return exchange->data;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static void put_line(struct buf *out, const char *name, const char *value)
{
    buf_puts(out, name);
    buf_puts(out, value);
    buf_append(out, "\r\n", 2);
}

int http_add_header(struct http_exchange *exchange, const char *name, const char *value)
{
    if (!*name || name[strcspn(name, "\r\n: \t")] || value[strcspn(value, "\r\n")])
        return ERR_INVALID;
    /* Where an answer ends is the server's business alone. */
    if (!strcasecmp(name, "Content-Length") || !strcasecmp(name, "Transfer-Encoding") ||
        !strcasecmp(name, "Connection"))
        return ERR_INVALID;
    buf_puts(&exchange->headers, name);
    put_line(&exchange->headers, ": ", value);
    return OK;
}

bool http_exchange_write_head(struct http_exchange *exchange, int status, const char *content_type,
                              int64_t len)
{
    struct http_connection *connection = exchange->connection;
    struct buf *out = &connection->out;
    bool has_body = status != 204 && status != 304;
    bool sends_body = has_body && strcmp(exchange->head.method, "HEAD") != 0;
    buf_reserve(out, 256 + exchange->headers.len + (sends_body && len > 0 ? (size_t)len : 0));
    buf_puts(out, "HTTP/1.1 ");
    buf_put_int(out, status);
    buf_putc(out, ' ');
    put_line(out, "", http_reason(status));
    put_line(out, "Date: ", http_server_date(connection->server));
    put_line(out, "X-Content-Type-Options: ", "nosniff");
    if (has_body)
        put_line(out, "Content-Type: ", content_type);
    if (has_body && len >= 0) {
        buf_puts(out, "Content-Length: ");
        buf_put_int(out, len);
        buf_append(out, "\r\n", 2);
    } else if (has_body && exchange->head.minor > 0) {
        put_line(out, "Transfer-Encoding: ", "chunked");
    }
    if (connection->wants_close)
        put_line(out, "Connection: ", "close");
    else if (exchange->head.minor == 0)
        put_line(out, "Connection: ", "keep-alive");
    buf_append(out, exchange->headers.data, exchange->headers.len);
    buf_append(out, "\r\n", 2);
    return sends_body;
}

void http_exchange_note(const struct http_exchange *exchange, int status)
{
    struct http_server *server = exchange->server;
    int64_t duration_us = clock_mono_us() - exchange->started_us;
    log_debug(LOG_HTTP, 0, "%s %s %d %lldus", http_method(exchange), http_path(exchange), status,
              (long long)duration_us);
    if (!server)
        return;
    server->stats.requests++;
    if (server->observer)
        server->observer(server->observer_arg, exchange, status, duration_us);
}

/* A client that has half-closed may have sent its next request already; without more to come, this
 * is the last. */
void http_exchange_decide_close(struct http_exchange *exchange)
{
    struct http_connection *connection = exchange->connection;
    connection->wants_close |=
        exchange->server->is_draining ||
        (connection->is_read_ended && connection->in.len == connection->in_at);
}

void http_reply(struct http_exchange *exchange, int status, const char *content_type,
                const char *body, size_t len)
{
    struct http_connection *connection = exchange->connection;
    struct http_server *server = exchange->server;
    if (CHECK_FAIL(exchange->is_open))
        return;
    if (CHECK_FAIL(status >= 200 && status <= 599))
        status = 500;
    if (!content_type || content_type[strcspn(content_type, "\r\n")])
        content_type = "application/octet-stream";
    if (connection) {
        http_exchange_decide_close(exchange);
        if (http_exchange_write_head(exchange, status, content_type, (int64_t)len))
            buf_append(&connection->out, body, len);
    }
    http_exchange_note(exchange, status);
    http_exchange_free(exchange);
    if (connection)
        http_connection_answered(connection);
    else if (server)
        http_server_check_drained(server);
}

int http_take_socket(struct http_exchange *exchange, struct buf *early)
{
    struct http_connection *connection = exchange->connection;
    if (CHECK_FAIL(exchange->is_open) || !connection)
        return -1;
    const struct buf *in = &connection->in;
    int fd = connection->fd;
    buf_append(early, buf_text(in) + connection->in_at, in->len - connection->in_at);
    http_exchange_note(exchange, 101);
    connection->fd = -1;
    connection->exchange = NULL;
    exchange->connection = NULL;
    http_exchange_free(exchange);
    http_connection_free(connection);
    return fd;
}

void http_abort(struct http_exchange *exchange)
{
    struct http_connection *connection = exchange->connection;
    struct http_server *server = exchange->server;
    if (CHECK_FAIL(exchange->is_open))
        return;
    if (connection) {
        struct linger at_once = { .l_onoff = 1 };
        setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        connection->exchange = NULL;
        exchange->connection = NULL;
    }
    http_exchange_free(exchange);
    if (connection)
        http_connection_free(connection);
    else if (server)
        http_server_check_drained(server);
}

void http_reply_error(struct http_exchange *exchange, int status, const char *code,
                      const char *detail, const char *attr)
{
    AUTO_BUF struct buf body = BUF_INIT;
    struct json_writer w;
    json_writer_init(&w, &body);
    json_object_begin(&w);
    json_put_text(&w, "type", status >= 500 ? "server_error" : "client_error");
    json_key(&w, "errors");
    json_array_begin(&w);
    json_object_begin(&w);
    json_put_text(&w, "code", code);
    json_put_text(&w, "detail", detail);
    json_put_text(&w, "attr", attr);
    json_object_finish(&w);
    json_array_finish(&w);
    json_object_finish(&w);
    http_reply(exchange, status, "application/json", body.data, body.len);
}
