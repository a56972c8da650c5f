#include "net/http_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "net/listen.h"

#include <errno.h>
#include <event2/listener.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    SWEEP_MS = 500,        /* how often deadlines are looked at */
    ACCEPT_PAUSE_MS = 200, /* after the process ran out of descriptors */
    ACCEPTS_A_TURN = 64,   /* then those who are connected already come first */
    SILENT_MS = 1000,      /* a connection on which nothing came is idle then */
    TELL_AGAIN_MS = 60 * 1000,
    EXTRA_REFUSALS =
        64, /* connections beyond the limit that are told so; further ones are just closed */
};

/* One that was accepted just now is silent because nobody has listened to it yet. */
static bool is_at_rest(const struct http_connection *connection, int64_t now_ms)
{
    int64_t since_ms = connection->deadline_ms - connection->server->timeout_ms;
    return http_connection_is_idle(connection) &&
           (connection->has_spoken || now_ms - since_ms >= SILENT_MS);
}

/* The listener is full: an idle kept-alive connection gives way. Returns false when all are at
 * work. */
static bool make_room(struct http_server *server)
{
    int64_t now_ms = clock_mono_ms();
    struct http_connection *oldest = NULL;
    for (struct http_connection *each = server->connections; each; each = each->next)
        if (is_at_rest(each, now_ms) && (!oldest || each->deadline_ms < oldest->deadline_ms))
            oldest = each;
    if (oldest)
        http_connection_free(oldest);
    return oldest != NULL;
}

static void resume_accepting(void *arg)
{
    struct http_server *server = arg;
    server->accept_timer = 0;
    server->accepted = 0;
    if (server->listener)
        evconnlistener_enable(server->listener);
}

static void pause_accepting(struct http_server *server, int64_t ms)
{
    evconnlistener_disable(server->listener);
    if (!server->accept_timer)
        server->accept_timer = loop_timer(server->loop, ms, resume_accepting, server);
}

/* libevent calls this for as long as somebody waits to be accepted: who connects faster than we accept
 * would keep the loop here for ever. */
static void count_accepted(struct http_server *server)
{
    if (++server->accepted >= ACCEPTS_A_TURN)
        pause_accepting(server, 0);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
                      int len, void *arg)
{
    (void)listener, (void)len;
    struct http_server *server = arg;
    count_accepted(server);
    bool has_room = server->stats.connections < server->max_connections || make_room(server);
    /* Refusals are answered too, but only so many at a time. */
    if (!has_room && server->stats.connections >= server->max_connections + EXTRA_REFUSALS) {
        server->stats.refused++;
        close(fd);
        return;
    }
    struct http_connection *connection = http_connection_new(server, fd, address, has_room);
    if (has_room)
        return;
    server->stats.refused++;
    http_connection_refuse(connection, 503,
                           "Too many connections are open; try again in a moment.");
}

/* Out of descriptors: an idle connection gives way, as when there are too many. Without one the
 * listener pauses, or the loop would spin on the same error. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
    (void)listener;
    struct http_server *server = arg;
    int cause = errno;
    int64_t now_ms = clock_mono_ms();
    bool is_known = server->accept_told_at_ms && now_ms - server->accept_told_at_ms < TELL_AGAIN_MS;
    if (!is_known) {
        server->accept_told_at_ms = now_ms;
        log_error(LOG_HTTP, 0, "cannot accept a connection: %s", strerror(cause));
    }
    if ((cause == EMFILE || cause == ENFILE) && make_room(server))
        return;
    pause_accepting(server, ACCEPT_PAUSE_MS);
}

/* What is late: a request that is not there yet gets 408, everything else is closed. */
static void sweep(void *arg)
{
    struct http_server *server = arg;
    int64_t now_ms = clock_mono_ms();
    struct http_connection *next = NULL;
    for (struct http_connection *each = server->connections; each; each = next) {
        next = each->next;
        if (!each->deadline_ms || each->deadline_ms > now_ms)
            continue;
        bool is_reading = each->state == READING_HEAD || each->state == READING_BODY;
        if (is_reading && !http_connection_is_idle(each) && each->out.len == 0)
            http_connection_refuse(each, 408, "The request did not arrive in time.");
        else
            http_connection_free(each);
    }
    server->sweep_timer = loop_timer(server->loop, SWEEP_MS, sweep, server);
}

/* ---- the server ------------------------------------------------------------------------------ */

static size_t or_default(size_t value, size_t fallback)
{
    return value ? value : fallback;
}

struct http_server *http_server_new(struct loop *loop, const struct http_server_options *options,
                                    http_handler_fn handler, void *arg, struct err *err)
{
    struct listen_socket socket;
    if (listen_open(options->listen, &socket, err) != OK)
        return NULL;
    struct http_server *server = xcalloc(1, sizeof(*server));
    server->loop = loop;
    server->handler = handler;
    server->arg = arg;
    server->max_header_bytes = or_default(options->max_header_bytes, 16 * 1024);
    server->max_body_bytes = or_default(options->max_body_bytes, (1024 + 64) * 1024);
    server->timeout_ms = (int64_t)or_default((size_t)options->timeout_s, 30) * 1000;
    server->max_connections =
        (int)or_default((size_t)options->max_connections, HTTP_CONNECTIONS_DEFAULT);
    server->is_loopback = socket.is_loopback;
    server->port = socket.port;
    server->listener = evconnlistener_new(loop_base(loop), on_accept, server,
                                          LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
                                          LISTEN_BACKLOG, socket.fd);
    REQUIRE(server->listener);
    evconnlistener_set_error_cb(server->listener, on_accept_error);
    server->sweep_timer = loop_timer(loop, SWEEP_MS, sweep, server);
    return server;
}

void http_server_free(struct http_server *server)
{
    if (!server)
        return;
    server->drained = NULL;
    if (server->listener)
        evconnlistener_free(server->listener);
    while (server->connections)
        http_connection_free(server->connections);
    for (struct http_exchange *each = server->exchanges; each; each = each->next)
        each->server = NULL;
    loop_timer_cancel(server->loop, server->sweep_timer);
    loop_timer_cancel(server->loop, server->accept_timer);
    loop_timer_cancel(server->loop, server->drain_timer);
    free(server);
}

static void on_grace_over(void *arg)
{
    struct http_server *server = arg;
    log_warn(LOG_HTTP, 0, "stopping with %d requests unanswered", server->stats.exchanges);
    while (server->connections)
        http_connection_free(server->connections);
    void (*drained)(void *arg) = server->drained;
    server->drained = NULL;
    if (drained)
        drained(server->drained_arg); /* may free the server */
}

void http_server_drain(struct http_server *server, int grace_ms, void (*done)(void *arg), void *arg)
{
    server->is_draining = true;
    server->drained = done;
    server->drained_arg = arg;
    if (server->listener)
        evconnlistener_free(server->listener);
    server->listener = NULL;
    server->drain_timer = loop_timer(server->loop, grace_ms, on_grace_over, server);
    struct http_connection *next = NULL;
    for (struct http_connection *each = server->connections; each; each = next) {
        next = each->next;
        if (http_connection_is_idle(each))
            http_connection_free(each);
    }
    http_server_check_drained(server);
}

int http_server_port(struct http_server *server)
{
    return server->port;
}

bool http_server_is_loopback(struct http_server *server)
{
    return server->is_loopback;
}

int http_server_open_exchanges(struct http_server *server)
{
    return server->stats.exchanges;
}

void http_server_stats(struct http_server *server, struct http_server_stats *out)
{
    *out = server->stats;
}

void http_server_observe(struct http_server *server, http_observer_fn observer, void *arg)
{
    server->observer = observer;
    server->observer_arg = arg;
}

void http_server_check_drained(struct http_server *server)
{
    if (!server->is_draining || !server->drained || server->stats.connections ||
        server->stats.exchanges)
        return;
    loop_timer_cancel(server->loop, server->drain_timer);
    loop_post(server->loop, server->drained, server->drained_arg);
    server->drained = NULL;
}

const char *http_server_date(struct http_server *server)
{
    int64_t now_s = clock_now_ms() / 1000;
    if (now_s != server->date_s || !*server->date) {
        time_t seconds = (time_t)now_s;
        struct tm utc;
        gmtime_r(&seconds, &utc);
        strftime(server->date, sizeof(server->date), "%a, %d %b %Y %H:%M:%S GMT", &utc);
        server->date_s = now_s;
    }
    return server->date;
}
