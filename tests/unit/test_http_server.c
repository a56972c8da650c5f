#include "net/http_server.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "net/http_parse.h"
#include "net/listen.h"
#include "net_talk.h"
#include "unit.h"

#include <event2/event.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/resource.h>

struct fixture {
    struct loop *loop;
    struct http_server *server;
    struct http_exchange *held; /* of "/hold" and "/keep" */
    int handled, port;
    bool drained;
};

static void answer_held(void *arg)
{
    struct fixture *fixture = arg;
    http_reply(fixture->held, 200, "text/plain", "late", 4);
    fixture->held = NULL;
}

/* Echoes method, path, query and body; "/hold" is answered 100 ms later, "/keep" by the test. */
static void on_request(struct http_exchange *exchange, void *arg)
{
    struct fixture *fixture = arg;
    size_t len;
    const char *body = http_body(exchange, &len);
    fixture->handled++;
    if (!strcmp(http_path(exchange), "/hold")) {
        fixture->held = exchange;
        loop_timer(fixture->loop, 100, answer_held, fixture);
        return;
    }
    if (!strcmp(http_path(exchange), "/keep")) {
        fixture->held = exchange;
        return;
    }
    if (!strcmp(http_path(exchange), "/big")) {
        size_t size = 8 * 1024 * 1024;
        char *big = xmalloc(size);
        memset(big, 'x', size);
        http_reply(exchange, 200, "text/plain", big, size);
        free(big);
        return;
    }
    AUTO_BUF struct buf text = BUF_INIT;
    buf_printf(&text, "%s|%s|%s|", http_method(exchange), http_path(exchange),
               http_query(exchange));
    buf_append(&text, body, len);
    assert_int_equal(http_add_header(exchange, "X-Echo", "yes"), OK);
    http_reply(exchange, 200, "text/plain", text.data, text.len);
}

static void begin(struct fixture *fixture, struct http_server_options options)
{
    struct err err;
    memset(fixture, 0, sizeof(*fixture));
    options.listen = options.listen ? options.listen : "127.0.0.1:0";
    fixture->loop = loop_new(&err);
    assert_non_null(fixture->loop);
    fixture->server = http_server_new(fixture->loop, &options, on_request, fixture, &err);
    assert_non_null(fixture->server);
    fixture->port = http_server_port(fixture->server);
}

static void end(struct fixture *fixture)
{
    http_server_free(fixture->server);
    loop_free(fixture->loop);
}

/* One connection that says <text>; the answer must begin with <status line> and hold <part>. */
static void expect(struct http_server_options options, struct talk talk, const char *status,
                   const char *part)
{
    struct fixture fixture;
    begin(&fixture, options);
    talk_all(fixture.loop, fixture.port, &talk, 1);
    const char *got = buf_text(&talk.got);
    if (strncmp(got, status, strlen(status)) || !strstr(got, part))
        fail_msg("asked:\n%.200s\nwanted: %s ... %s\ngot:\n%.500s", talk.send, status, part, got);
    buf_fini(&talk.got);
    end(&fixture);
}

#define PLAIN                    \
    (struct http_server_options) \
    {                            \
        0                        \
    }
#define SAYS(...)                               \
    (struct talk)                               \
    {                                           \
        .half_close = true, .send = __VA_ARGS__ \
    }

static void test_answers_with_the_headers_that_always_stand(void **state)
{
    (void)state;
    struct talk talk = SAYS("GET /a%20b/%C3%A9?x=%31&y HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(PLAIN, talk, "HTTP/1.1 200 OK\r\nDate: ", "\r\n\r\nGET|/a b/\xc3\xa9|x=%31&y|");
    talk.got = (struct buf)BUF_INIT;
    expect(PLAIN, talk, "HTTP/1.1 200",
           "X-Content-Type-Options: nosniff\r\nContent-Type: text/plain\r\nContent-Length: 20\r\n");
    expect(PLAIN, talk, "HTTP/1.1 200", "X-Echo: yes\r\n");
}

static void test_head_has_the_length_but_no_body(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, PLAIN);
    struct talk talk = SAYS("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
    talk_all(fixture.loop, fixture.port, &talk, 1);
    assert_non_null(strstr(talk.got.data, "Content-Length: 8\r\n"));
    assert_string_equal(talk.got.data + talk.got.len - 4, "\r\n\r\n");
    buf_fini(&talk.got);
    end(&fixture);
}

static void test_any_method_reaches_the_handler(void **state)
{
    (void)state;
    expect(PLAIN, SAYS("PATCH / HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 200", "PATCH|/||");
    expect(PLAIN, SAYS("DELETE / HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 200", "DELETE|/||");
    expect(PLAIN, SAYS("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 200", "OPTIONS|*||");
    expect(PLAIN, SAYS("BREW http://x/pot HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 200",
           "BREW|/pot||");
}

static void test_body_by_length_keeps_nuls(void **state)
{
    (void)state;
    static const char request[] = "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\na\0b\0c";
    struct talk talk = { .send = request, .len = sizeof(request) - 1, .half_close = true };
    struct fixture fixture;
    begin(&fixture, PLAIN);
    talk_all(fixture.loop, fixture.port, &talk, 1);
    static const char tail[] = "POST|/p||a\0b\0c";
    assert_memory_equal(talk.got.data + talk.got.len - (sizeof(tail) - 1), tail, sizeof(tail) - 1);
    buf_fini(&talk.got);
    end(&fixture);
}

static void test_body_in_chunks_byte_by_byte(void **state)
{
    (void)state;
    struct talk talk = SAYS("POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                            "4;ext=1\r\nWiki\r\n5\r\npedia\r\n0\r\nTrailer: y\r\n\r\n",
                            .step = 1);
    expect(PLAIN, talk, "HTTP/1.1 200", "POST|/p||Wikipedia");
}

static void test_continue_is_sent_when_asked_for(void **state)
{
    (void)state;
    struct talk talk =
        SAYS("POST /p HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab",
             .step = 70, .pause_ms = 50);
    expect(PLAIN, talk, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200", "|ab");
    talk = SAYS("POST /p HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab",
                .step = 62, .pause_ms = 50);
    expect(PLAIN, talk, "HTTP/1.1 200", "|ab");
}

static void test_pipelined_requests_are_answered_in_order(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, PLAIN);
    struct talk talk =
        SAYS("GET /hold HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n"
             "\r\nGET /hold HTTP/1.1\r\nHost: x\r\n\r\nGET /4 HTTP/1.1\r\nHost: x\r\n\r\n");
    talk_all(fixture.loop, fixture.port, &talk, 1);
    const char *first = strstr(talk.got.data, "late");
    const char *second = first ? strstr(first, "GET|/2|") : NULL;
    const char *third = second ? strstr(second, "late") : NULL;
    assert_non_null(third);
    assert_non_null(strstr(third, "GET|/4|"));
    assert_true(talk.was_closed);
    assert_int_equal(fixture.handled, 4);
    buf_fini(&talk.got);
    end(&fixture);
}

static void test_what_cannot_be_read_is_400(void **state)
{
    (void)state;
    static const char *const BROKEN[] = {
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
        "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /% HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET x HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
         "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
        /* One byte, for who counts with 64 bits. */
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
        "chunked\r\n\r\n10000000000000001\r\na\r\n0\r\n\r\n",
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "nonsense\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof(BROKEN) / sizeof(*BROKEN); i++)
        expect(PLAIN, SAYS(BROKEN[i]), "HTTP/1.1 400 Bad Request", "\"code\":\"parse_error\"");
    struct talk nul = { .send = "GET / HTTP/1.1\r\nHost: \0x\r\n\r\n",
                        .len = 28,
                        .half_close = true };
    expect(PLAIN, nul, "HTTP/1.1 400", "\"attr\":null");
    expect(PLAIN, SAYS("GET / HTTP/2.0\r\nHost: x\r\n\r\n"), "HTTP/1.1 505",
           "version_not_supported");
    expect(PLAIN, SAYS("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n"),
           "HTTP/1.1 501", "not_implemented");
}

static void test_large_headers_are_431(void **state)
{
    (void)state;
    AUTO_BUF struct buf request = BUF_INIT;
    buf_puts(&request, "GET / HTTP/1.1\r\nHost: x\r\nX-Long: ");
    for (int i = 0; i < 200000; i++)
        buf_putc(&request, 'a');
    expect(
        PLAIN, (struct talk){ .send = request.data, .half_close = true }, "HTTP/1.1 431",
        "\"code\":\"headers_too_large\",\"detail\":\"The headers are larger than 16384 bytes.\"");
    for (int more = 0; more < 2; more++) {
        buf_clear(&request);
        buf_puts(&request, "GET / HTTP/1.1\r\nHost: x\r\n");
        for (int i = 1; i < HTTP_MAX_HEADERS + more; i++)
            buf_printf(&request, "X-%d: y\r\n", i);
        buf_puts(&request, "\r\n");
        expect(PLAIN, (struct talk){ .send = request.data, .half_close = true },
               more ? "HTTP/1.1 431" : "HTTP/1.1 200", more ? "Too many headers." : "GET|/|");
    }
}

/* The client sends all of it before it reads: without the lingering close it would get a reset
 * instead of the answer. */
static void test_large_bodies_are_413_and_the_client_gets_to_read_it(void **state)
{
    (void)state;
    AUTO_BUF struct buf request = BUF_INIT;
    buf_puts(&request, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n");
    for (int i = 0; i < 3000000; i++)
        buf_putc(&request, 'a');
    struct fixture fixture;
    begin(&fixture, PLAIN);
    struct talk by_length = { .send = request.data, .len = request.len, .half_close = true };
    talk_all(fixture.loop, fixture.port, &by_length, 1);
    assert_int_equal(strncmp(by_length.got.data, "HTTP/1.1 413 Content Too Large", 30), 0);
    assert_non_null(strstr(by_length.got.data, "\"code\":\"body_too_large\""));
    assert_false(by_length.was_reset);
    buf_fini(&by_length.got);
    end(&fixture);
    expect((struct http_server_options){ .max_body_bytes = 10 },
           SAYS("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
                "chunked\r\n\r\n6\r\nabcdef\r\n6\r\nabcdef\r\n0\r\n\r\n"),
           "HTTP/1.1 413", "larger than 10 bytes");
    expect((struct http_server_options){ .max_body_bytes = 10 },
           SAYS("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123456789"),
           "HTTP/1.1 200", "|0123456789");
}

static void test_http_1_0_closes_and_keep_alive_is_obeyed(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, PLAIN);
    struct talk talks[] = {
        { .send = "GET /a HTTP/1.0\r\n\r\n" },
        { .send = "GET /b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", .wait_ms = 200 },
        { .send = "GET /c HTTP/1.1\r\nHost: x\r\n\r\n", .wait_ms = 200 },
        { .send = "GET /d HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" },
    };
    talk_all(fixture.loop, fixture.port, talks, 4);
    static const bool CLOSED[] = { true, false, false, true };
    for (int i = 0; i < 4; i++) {
        assert_int_equal(talks[i].was_closed, CLOSED[i]);
        assert_non_null(strstr(talks[i].got.data, "GET|/"));
        buf_fini(&talks[i].got);
    }
    end(&fixture);
}

static void test_a_slow_request_is_cut_off_with_408(void **state)
{
    (void)state;
    /* A byte every 100 ms would keep the connection alive for ever if only pauses counted. */
    struct talk talk = {
        .send =
            "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n",
        .step = 1,
        .pause_ms = 50
    };
    int64_t from = clock_mono_ms();
    expect((struct http_server_options){ .timeout_s = 1 }, talk, "HTTP/1.1 408",
           "did not arrive in time");
    assert_true(clock_mono_ms() - from < 10000);
}

static void test_a_slow_body_is_cut_off_with_408(void **state)
{
    (void)state;
    struct talk talk = {
        .send = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        .step = 2,
        .pause_ms = 50
    };
    int64_t from = clock_mono_ms();
    expect((struct http_server_options){ .timeout_s = 1 }, talk, "HTTP/1.1 408",
           "did not arrive in time");
    assert_true(clock_mono_ms() - from < 10000);
}

static void test_an_idle_connection_is_closed_silently(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, (struct http_server_options){ .timeout_s = 1 });
    struct talk talk = { .send = "\r\n" };
    struct talk kept = { .send = "GET / HTTP/1.1\r\nHost: x\r\n\r\n" };
    talk_all(fixture.loop, fixture.port, &talk, 1);
    assert_true(talk.was_closed);
    assert_int_equal(talk.got.len, 0);
    talk_all(fixture.loop, fixture.port, &kept, 1);
    assert_true(kept.was_closed);
    assert_non_null(strstr(kept.got.data, "GET|/|"));
    assert_null(strstr(kept.got.data, "408"));
    buf_fini(&talk.got);
    buf_fini(&kept.got);
    end(&fixture);
}

static void test_a_client_that_went_away_does_no_harm(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, PLAIN);
    struct talk talks[] = {
        { .send = "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n", .vanish = true },
        { .send = "GET /big HTTP/1.1\r\nHost: x\r\n\r\n", .vanish = true },
        { .send = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf", .vanish = true },
        { .send = "GET /x HTTP/1.1\r\nHost: x\r\n\r\n", .wait_ms = 300 },
    };
    talk_all(fixture.loop, fixture.port, talks, 4);
    assert_non_null(strstr(talks[3].got.data, "GET|/x|"));
    assert_int_equal(http_server_open_exchanges(fixture.server), 0);
    for (int i = 0; i < 4; i++)
        buf_fini(&talks[i].got);
    end(&fixture);
}

static void test_a_large_answer_arrives_whole(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, PLAIN);
    struct talk talk = {
        .send = "GET /big HTTP/1.1\r\nHost: x\r\n\r\nGET /after HTTP/1.1\r\nHost: x\r\n\r\n",
        .half_close = true
    };
    talk_all(fixture.loop, fixture.port, &talk, 1);
    assert_true(talk.got.len > 8 * 1024 * 1024);
    assert_non_null(strstr(talk.got.data + 8 * 1024 * 1024, "GET|/after|"));
    buf_fini(&talk.got);
    end(&fixture);
}

static void stop_loop(void *arg)
{
    loop_stop(arg);
}

/* Lets the server read what was sent before. */
static void run_for(struct loop *loop, int64_t ms)
{
    loop_timer(loop, ms, stop_loop, loop);
    loop_run(loop);
}

static void test_beyond_the_limit_of_connections(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, (struct http_server_options){ .max_connections = 2 });
    /* Two that are in the middle of a request do not give way; the third is told so. */
    int busy[2] = { talk_connect(fixture.port), talk_connect(fixture.port) };
    for (int i = 0; i < 2; i++)
        assert_int_equal(send(busy[i], "GET ", 4, 0), 4);
    run_for(fixture.loop, 50);
    struct talk first = { .send = "GET / HTTP/1.1\r\nHost: x\r\n\r\n" };
    talk_all(fixture.loop, fixture.port, &first, 1);
    assert_int_equal(strncmp(first.got.data, "HTTP/1.1 503", 12), 0);
    assert_non_null(strstr(first.got.data, "\"type\":\"server_error\""));
    /* One that finished its request and idles makes room. */
    assert_int_equal(send(busy[0], "/ HTTP/1.1\r\nHost: x\r\n\r\n", 23, 0), 23);
    struct talk second = { .send = "GET /room HTTP/1.1\r\nHost: x\r\n\r\n", .wait_ms = 300 };
    run_for(fixture.loop, 50);
    talk_all(fixture.loop, fixture.port, &second, 1);
    assert_non_null(strstr(second.got.data, "GET|/room|"));
    buf_fini(&first.got);
    buf_fini(&second.got);
    close(busy[0]);
    close(busy[1]);
    end(&fixture);
}

/* Refusals are told to so many at a time, and what comes beyond them costs nothing. */
static void test_a_flood_beyond_the_limit_is_not_told(void **state)
{
    (void)state;
    enum { MANY = 100 };
    struct fixture fixture;
    int fds[MANY], told = 0;
    begin(&fixture, (struct http_server_options){ .max_connections = 1 });
    for (int i = 0; i < MANY; i++) {
        fds[i] = talk_connect(fixture.port);
        assert_int_equal(send(fds[i], "GET ", 4, MSG_NOSIGNAL), 4);
        run_for(fixture.loop, 2);
    }
    run_for(fixture.loop, 50);
    struct http_server_stats stats;
    http_server_stats(fixture.server, &stats);
    assert_int_equal(stats.refused, MANY - 1);
    for (int i = 0; i < MANY; i++) {
        char byte;
        told += recv(fds[i], &byte, 1, MSG_DONTWAIT) == 1;
        close(fds[i]);
    }
    assert_int_equal(told, 64);
    end(&fixture);
}

/* A client that sends one request after the other while the first is being answered fills its own
 * side of the connection, not our memory. */
static void test_requests_that_come_early_wait_at_the_client(void **state)
{
    (void)state;
    static const char request[] = "GET /keep HTTP/1.1\r\nHost: x\r\n\r\n";
    struct fixture fixture;
    begin(&fixture, PLAIN);
    int fd = talk_connect(fixture.port);
    assert_int_equal(send(fd, request, sizeof(request) - 1, 0), sizeof(request) - 1);
    while (!fixture.held)
        run_for(fixture.loop, 2);
    char *more = xcalloc(1, 1 << 20);
    size_t sent = 0;
    for (int i = 0; i < 200 && sent < (64u << 20); i++) {
        ssize_t took = send(fd, more, 1 << 20, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (took > 0)
            sent += (size_t)took;
        run_for(fixture.loop, 2);
    }
    assert_true(sent < (32u << 20));
    free(more);
    close(fd);
    answer_held(&fixture);
    end(&fixture);
}

/* As long as others connect, those who are connected must be heard as well. */
static void test_a_flood_of_connections_leaves_turns_to_requests(void **state)
{
    (void)state;
    enum { CLIENTS = 200 };
    static const char REQUEST[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    struct fixture fixture;
    int clients[CLIENTS];
    int most = 0;
    begin(&fixture, PLAIN);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = talk_connect(fixture.port);
        assert_int_equal(send(clients[i], REQUEST, sizeof(REQUEST) - 1, 0), sizeof(REQUEST) - 1);
    }
    while (fixture.handled < CLIENTS) {
        struct http_server_stats stats;
        event_base_loop(loop_base(fixture.loop), EVLOOP_ONCE);
        http_server_stats(fixture.server, &stats);
        int unheard = stats.connections - fixture.handled;
        most = unheard > most ? unheard : most;
    }
    assert_in_range(most, 1, 128);
    for (int i = 0; i < CLIENTS; i++)
        close(clients[i]);
    end(&fixture);
}

static void test_idle_connections_give_way_when_files_run_out(void **state)
{
    (void)state;
    enum { CLIENTS = 12, FREE = 4 };
    static const char REQUEST[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    struct fixture fixture;
    struct rlimit before;
    int clients[CLIENTS];
    begin(&fixture, PLAIN);
    log_configure(LOG_ERROR_LEVEL + 1, false);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = talk_connect(fixture.port);
        assert_int_equal(send(clients[i], REQUEST, sizeof(REQUEST) - 1, 0), sizeof(REQUEST) - 1);
    }
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit tight = before;
    tight.rlim_cur = (rlim_t)clients[CLIENTS - 1] + 1 + FREE;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    int64_t give_up_at_ms =
        clock_mono_ms() + 10000; /* well below what an idle connection is given */
    while (fixture.handled < CLIENTS && clock_mono_ms() < give_up_at_ms)
        run_for(fixture.loop, 20);
    setrlimit(RLIMIT_NOFILE, &before);
    assert_int_equal(fixture.handled, CLIENTS);
    for (int i = 0; i < CLIENTS; i++)
        close(clients[i]);
    end(&fixture);
    log_configure(LOG_INFO_LEVEL, false);
}

static void note_drained(void *arg)
{
    struct fixture *fixture = arg;
    fixture->drained = true;
    http_server_free(fixture->server);
    fixture->server = NULL;
}

static void start_drain(void *arg)
{
    struct fixture *fixture = arg;
    http_server_drain(fixture->server, 2000, note_drained, fixture);
}

static void test_draining_answers_what_is_open(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, PLAIN);
    loop_timer(fixture.loop, 50, start_drain, &fixture);
    struct talk talk = { .send = "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n" };
    int64_t from = clock_mono_ms();
    talk_all(fixture.loop, fixture.port, &talk, 1);
    assert_non_null(strstr(talk.got.data, "Connection: close\r\n"));
    assert_non_null(strstr(talk.got.data, "late"));
    assert_true(clock_mono_ms() - from < 1500);
    buf_fini(&talk.got);
    end(&fixture);
}

/* Nothing is on its way there: the client would keep us waiting for nothing. */
static void test_draining_does_not_wait_for_idle_connections(void **state)
{
    (void)state;
    struct fixture fixture;
    static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    begin(&fixture, PLAIN);
    int fd = talk_connect(fixture.port);
    assert_int_equal(send(fd, request, sizeof(request) - 1, 0), sizeof(request) - 1);
    while (fixture.handled == 0)
        run_for(fixture.loop, 5);
    int64_t from = clock_mono_ms();
    http_server_drain(fixture.server, 60000, note_drained, &fixture);
    while (!fixture.drained && clock_mono_ms() - from < 30000)
        run_for(fixture.loop, 5);
    assert_true(fixture.drained);
    close(fd);
    end(&fixture);
}

/* A request that nobody answers, and a client that does not read its answer. */
static void test_draining_gives_up_when_its_time_is_over(void **state)
{
    (void)state;
    static const char *const REQUESTS[] = { "GET /keep HTTP/1.1\r\nHost: x\r\n\r\n",
                                            "GET /big HTTP/1.1\r\nHost: x\r\n\r\n" };
    struct fixture fixture;
    int fds[2];
    char byte;
    begin(&fixture, PLAIN);
    log_configure(LOG_ERROR_LEVEL, false);
    for (int i = 0; i < 2; i++) {
        fds[i] = talk_connect(fixture.port);
        assert_int_equal(send(fds[i], REQUESTS[i], strlen(REQUESTS[i]), 0), strlen(REQUESTS[i]));
    }
    while (fixture.handled < 2)
        run_for(fixture.loop, 5);
    http_server_drain(fixture.server, 30, note_drained, &fixture);
    assert_false(fixture.drained);
    while (!fixture.drained)
        run_for(fixture.loop, 5);
    assert_int_equal(recv(fds[0], &byte, 1, 0), 0); /* closed, unanswered */
    answer_held(&fixture);                          /* into the void */
    for (int i = 0; i < 2; i++)
        close(fds[i]);
    end(&fixture);
    log_configure(LOG_INFO_LEVEL, false);
}

static void stop_now(void *arg)
{
    struct fixture *fixture = arg;
    http_server_free(fixture->server);
    fixture->server = NULL;
}

static void test_freeing_the_server_leaves_open_exchanges_answerable(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, PLAIN);
    loop_timer(fixture.loop, 50, stop_now, &fixture);
    struct talk talk = { .send = "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n" };
    struct talk *talks = &talk;
    talk_all(fixture.loop, fixture.port, talks, 1);
    assert_true(talk.was_closed);
    if (fixture.held)
        answer_held(&fixture);
    buf_fini(&talk.got);
    loop_free(fixture.loop);
}

static void test_header_values_cannot_split_the_answer(void **state)
{
    (void)state;
    struct http_exchange *none = NULL;
    assert_int_equal(http_add_header(none, "X", "a\r\nSet-Cookie: b"), ERR_INVALID);
    assert_int_equal(http_add_header(none, "X\n", "a"), ERR_INVALID);
    assert_int_equal(http_add_header(none, "X Y", "a"), ERR_INVALID);
    assert_int_equal(http_add_header(none, "", "a"), ERR_INVALID);
    assert_int_equal(http_add_header(none, "content-length", "5"), ERR_INVALID);
    assert_int_equal(http_add_header(none, "Transfer-Encoding", "chunked"), ERR_INVALID);
}

static void test_addresses(void **state)
{
    (void)state;
    struct err err;
    struct loop *loop = loop_new(&err);
    static const char *const BAD[] = { "",
                                       "8080",
                                       "127.0.0.1",
                                       "127.0.0.1:",
                                       "127.0.0.1:70000",
                                       "::1:80",
                                       "no.such.host.invalid:1",
                                       "1.2.3.4:x" };
    for (size_t i = 0; i < sizeof(BAD) / sizeof(*BAD); i++) {
        struct http_server_options options = { .listen = BAD[i] };
        assert_null(http_server_new(loop, &options, on_request, NULL, &err));
        assert_int_equal(err.code, ERR_INVALID);
        assert_string_equal(err.field, "listen");
    }
    struct http_server_options any = { .listen = ":0" };
    struct http_server *server = http_server_new(loop, &any, on_request, NULL, &err);
    assert_non_null(server);
    assert_false(http_server_is_loopback(server));
    char taken[32];
    snprintf(taken, sizeof(taken), ":%d", http_server_port(server));
    struct http_server_options again = { .listen = taken };
    assert_null(http_server_new(loop, &again, on_request, NULL, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    http_server_free(server);
    loop_free(loop);
}

/* Whatever the split of the bytes, the decoder says the same. */
/* Without it each answer but the first would wait for the client's delayed acknowledgement. */
static void test_small_answers_are_not_held_back(void **state)
{
    (void)state;
    struct err err;
    struct listen_socket bound;
    int is_on = 0;
    socklen_t len = sizeof(is_on);
    assert_int_equal(listen_open("127.0.0.1:0", &bound, &err), OK);
    assert_int_equal(getsockopt(bound.fd, IPPROTO_TCP, TCP_NODELAY, &is_on, &len), 0);
    assert_true(is_on);
    close(bound.fd);
}

/* On [::] every IPv4 client comes as ::ffff:a.b.c.d. */
static void test_who_is_on_this_machine(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_loopback;
    } PEERS[] = { { "::1", true },
                  { "::ffff:127.0.0.1", true },
                  { "::ffff:127.8.9.1", true },
                  { "::ffff:10.0.0.1", false },
                  { "::2", false },
                  { "2001:db8::1", false } };
    for (size_t i = 0; i < sizeof(PEERS) / sizeof(*PEERS); i++) {
        struct sockaddr_in6 peer = { .sin6_family = AF_INET6 };
        assert_int_equal(inet_pton(AF_INET6, PEERS[i].text, &peer.sin6_addr), 1);
        assert_int_equal(listen_is_loopback((struct sockaddr *)&peer), PEERS[i].is_loopback);
    }
    struct sockaddr_in peer = { .sin_family = AF_INET };
    peer.sin_addr.s_addr = htonl(0x7f000102);
    assert_true(listen_is_loopback((struct sockaddr *)&peer));
    peer.sin_addr.s_addr = htonl(0x0a00007f);
    assert_false(listen_is_loopback((struct sockaddr *)&peer));
}

static void test_chunks_in_any_split(void **state)
{
    (void)state;
    static const char text[] =
        "3\r\nabc\r\n0a;x=\"y\"\r\n0123456789\r\n0\r\nA: b\r\nC: d\r\n\r\nREST";
    for (size_t cut = 0; cut < sizeof(text) - 1; cut++) {
        struct http_chunks chunks = { 0 };
        AUTO_BUF struct buf body = BUF_INIT;
        size_t used = 0;
        size_t more = 0;
        int status = http_chunks_read(&chunks, text, cut, &body, 100, &used);
        if (status == 0)
            status =
                http_chunks_read(&chunks, text + cut, sizeof(text) - 1 - cut, &body, 100, &more);
        assert_int_equal(status, 200);
        assert_int_equal(used + more, sizeof(text) - 5);
        assert_string_equal(body.data, "abc0123456789");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_with_the_headers_that_always_stand),
        cmocka_unit_test(test_head_has_the_length_but_no_body),
        cmocka_unit_test(test_any_method_reaches_the_handler),
        cmocka_unit_test(test_body_by_length_keeps_nuls),
        cmocka_unit_test(test_body_in_chunks_byte_by_byte),
        cmocka_unit_test(test_continue_is_sent_when_asked_for),
        cmocka_unit_test(test_pipelined_requests_are_answered_in_order),
        cmocka_unit_test(test_what_cannot_be_read_is_400),
        cmocka_unit_test(test_large_headers_are_431),
        cmocka_unit_test(test_large_bodies_are_413_and_the_client_gets_to_read_it),
        cmocka_unit_test(test_http_1_0_closes_and_keep_alive_is_obeyed),
        cmocka_unit_test(test_a_slow_request_is_cut_off_with_408),
        cmocka_unit_test(test_a_slow_body_is_cut_off_with_408),
        cmocka_unit_test(test_an_idle_connection_is_closed_silently),
        cmocka_unit_test(test_a_client_that_went_away_does_no_harm),
        cmocka_unit_test(test_a_large_answer_arrives_whole),
        cmocka_unit_test(test_beyond_the_limit_of_connections),
        cmocka_unit_test(test_a_flood_beyond_the_limit_is_not_told),
        cmocka_unit_test(test_requests_that_come_early_wait_at_the_client),
        cmocka_unit_test(test_a_flood_of_connections_leaves_turns_to_requests),
        cmocka_unit_test(test_idle_connections_give_way_when_files_run_out),
        cmocka_unit_test(test_draining_answers_what_is_open),
        cmocka_unit_test(test_draining_does_not_wait_for_idle_connections),
        cmocka_unit_test(test_draining_gives_up_when_its_time_is_over),
        cmocka_unit_test(test_freeing_the_server_leaves_open_exchanges_answerable),
        cmocka_unit_test(test_header_values_cannot_split_the_answer),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_small_answers_are_not_held_back),
        cmocka_unit_test(test_who_is_on_this_machine),
        cmocka_unit_test(test_chunks_in_any_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
