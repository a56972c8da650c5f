/* Answers in pieces. The exchange stays open, and its connection in HANDLING, until the end. */
#include "net/http_internal.h"

#include "base/mem.h"

#include <string.h>

static bool is_head(const struct http_exchange *exchange)
{
    return !strcmp(exchange->head.method, "HEAD");
}

/* The producer is below: it sees for itself whether something waits to be sent. */
static void send_quietly(struct http_exchange *exchange)
{
    exchange->is_stream_writing = true;
    http_connection_send(exchange->connection);
    exchange->is_stream_writing = false;
}

void http_stream_begin(struct http_exchange *exchange, int status, const char *content_type)
{
    struct http_connection *connection = exchange->connection;
    if (CHECK_FAIL(exchange->is_open && !exchange->is_streaming))
        return;
    exchange->is_streaming = true;
    exchange->stream_status = status;
    if (!connection)
        return;
    http_exchange_decide_close(exchange);
    connection->wants_close |= exchange->head.minor == 0; /* that is how the client sees the end */
    http_exchange_write_head(exchange, status, content_type, -1);
    send_quietly(exchange);
}

void http_stream_write(struct http_exchange *exchange, const char *data, size_t len)
{
    struct http_connection *connection = exchange->connection;
    if (CHECK_FAIL(exchange->is_streaming) || !connection)
        return;
    bool is_chunked = exchange->head.minor > 0;
    if (!is_head(exchange) && len > 0) {
        buf_reserve(&connection->out, len + 32);
        if (is_chunked)
            buf_printf(&connection->out, "%zx\r\n", len);
        buf_append(&connection->out, data, len);
        if (is_chunked)
            buf_append(&connection->out, "\r\n", 2);
    }
    send_quietly(exchange);
}

bool http_stream_is_drained(const struct http_exchange *exchange)
{
    return !exchange->connection || exchange->connection->out.len == 0;
}

bool http_stream_is_wanted(const struct http_exchange *exchange)
{
    return exchange->connection && !is_head(exchange);
}

void http_stream_on_drained(struct http_exchange *exchange, void (*fn)(void *arg), void *arg)
{
    exchange->on_drained = fn;
    exchange->on_drained_arg = arg;
}

void http_stream_drained(struct http_exchange *exchange)
{
    if (exchange->is_streaming && !exchange->is_stream_writing && exchange->on_drained)
        exchange->on_drained(exchange->on_drained_arg);
}

void http_stream_end(struct http_exchange *exchange, bool is_whole)
{
    struct http_connection *connection = exchange->connection;
    struct http_server *server = exchange->server;
    if (CHECK_FAIL(exchange->is_streaming))
        return;
    http_stream_on_drained(exchange, NULL, NULL);
    if (!is_whole && connection) {
        http_abort(exchange);
        return;
    }
    if (connection && !is_head(exchange) && exchange->head.minor > 0)
        buf_puts(&connection->out, "0\r\n\r\n");
    http_exchange_note(exchange, exchange->stream_status);
    http_exchange_free(exchange);
    if (connection)
        http_connection_answered(connection);
    else if (server)
        http_server_check_drained(server);
}
