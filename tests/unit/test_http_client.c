#include "net/http_client.h"

#include "base/inject.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "net/http_server.h"
#include "net/listen.h"
#include "unit.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What a request came to. */
struct result {
    struct fixture *fixture;
    int calls, status, code;
    int may_have_arrived;
    bool retryable;
    char body[256], headers[1024], text[600];
};

struct fixture {
    struct loop *loop;
    struct http_client *client;
    struct http_server *server;
    char url[64];
    int waiting; /* results still to come */
    int served, held_count;
    struct http_exchange *held[4];
};

static void on_request(struct http_exchange *exchange, void *arg)
{
    struct fixture *fixture = arg;
    size_t len;
    const char *body = http_body(exchange, &len);
    const char *path = http_path(exchange);
    fixture->served++;
    if (!strcmp(path, "/never")) {
        fixture->held[fixture->held_count++] = exchange;
        return;
    }
    if (!strcmp(path, "/redirect")) {
        http_add_header(exchange, "Location", "/elsewhere");
        http_reply(exchange, 302, "text/plain", "", 0);
        return;
    }
    if (!strcmp(path, "/endless")) {
        http_stream_begin(exchange, 200, "text/plain");
        char piece[1000];
        memset(piece, 'x', sizeof(piece));
        for (int i = 0; i < 200; i++)
            http_stream_write(exchange, piece, sizeof(piece));
        http_stream_end(exchange, true);
        return;
    }
    if (!strcmp(path, "/large")) {
        char *large = xcalloc(1, 200000);
        memset(large, 'x', 199999);
        http_reply(exchange, 200, "text/plain", large, 199999);
        free(large);
        return;
    }
    AUTO_BUF struct buf text = BUF_INIT;
    const char *custom = http_header(exchange, "X-Custom");
    buf_printf(&text, "%s %s %s expect=%s ", http_method(exchange), path, custom ? custom : "-",
               http_header(exchange, "Expect") ? "yes" : "no");
    buf_append(&text, body, len);
    http_add_header(exchange, "X-ANSWER", "  Mixed Case ");
    http_reply(exchange, 200, "text/plain", text.data, text.len);
}

static void on_done(void *arg, const struct http_client_response *response, const struct err *err)
{
    struct result *result = arg;
    result->calls++;
    if (response) {
        result->status = response->status;
        snprintf(result->body, sizeof(result->body), "%s", response->body);
        snprintf(result->headers, sizeof(result->headers), "%s", response->headers);
    } else {
        result->code = err->code;
        result->may_have_arrived = err->status;
        result->retryable = err->retryable;
        snprintf(result->text, sizeof(result->text), "%s", err->msg);
    }
    if (--result->fixture->waiting == 0)
        loop_stop(result->fixture->loop);
}

static void begin(struct fixture *fixture)
{
    struct err err;
    memset(fixture, 0, sizeof(*fixture));
    fixture->loop = loop_new(&err);
    fixture->client = http_client_new(fixture->loop, 4, &err);
    assert_non_null(fixture->client);
    struct http_server_options options = { .listen = "127.0.0.1:0" };
    fixture->server = http_server_new(fixture->loop, &options, on_request, fixture, &err);
    assert_non_null(fixture->server);
    snprintf(fixture->url, sizeof(fixture->url), "http://127.0.0.1:%d",
             http_server_port(fixture->server));
}

static void end(struct fixture *fixture)
{
    http_client_free(fixture->client);
    for (int i = 0; i < fixture->held_count; i++)
        http_reply(fixture->held[i], 200, "text/plain", "", 0);
    http_server_free(fixture->server);
    loop_free(fixture->loop);
}

static uint64_t start(struct fixture *fixture, struct http_client_options options, const char *path,
                      struct result *result)
{
    char url[300];
    uint64_t id = 0;
    struct err err;
    snprintf(url, sizeof(url), "%s%s", path[0] == '/' ? fixture->url : "", path);
    options.url = url;
    options.method = options.method ? options.method : "GET";
    memset(result, 0, sizeof(*result));
    result->fixture = fixture;
    if (http_client_start(fixture->client, &options, on_done, result, &id, &err) != OK)
        fail_msg("not started: %s", err.msg);
    fixture->waiting++;
    return id;
}

static struct result run(struct fixture *fixture, struct http_client_options options,
                         const char *path)
{
    struct result result;
    start(fixture, options, path, &result);
    loop_run(fixture->loop);
    assert_int_equal(result.calls, 1);
    return result;
}

#define PLAIN                    \
    (struct http_client_options) \
    {                            \
        0                        \
    }

static void test_a_request_and_its_answer(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    const char *headers[] = { "X-Custom: yes", "Content-Type: text/x" };
    struct http_client_options options = {
        .method = "POST", .headers = headers, .header_count = 2, .body = "hello", .body_len = 5
    };
    struct result result = run(&fixture, options, "/a");
    assert_int_equal(result.status, 200);
    assert_string_equal(result.body, "POST /a yes expect=no hello");
    assert_non_null(strstr(result.headers, "x-answer: Mixed Case\n"));
    assert_null(strstr(result.headers, "HTTP/"));
    static const char *const METHODS[] = { "GET", "PUT", "PATCH", "DELETE", "OPTIONS" };
    for (size_t i = 0; i < sizeof(METHODS) / sizeof(*METHODS); i++) {
        result = run(&fixture, (struct http_client_options){ .method = METHODS[i] }, "/m");
        assert_int_equal(strncmp(result.body, METHODS[i], strlen(METHODS[i])), 0);
    }
    result = run(&fixture, (struct http_client_options){ .method = "HEAD" }, "/m");
    assert_int_equal(result.status, 200);
    assert_string_equal(result.body, "");
    end(&fixture);
}

static void test_redirects_are_not_followed(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    struct result result = run(&fixture, PLAIN, "/redirect");
    assert_int_equal(result.status, 302);
    assert_non_null(strstr(result.headers, "location: /elsewhere\n"));
    assert_int_equal(fixture.served, 1);
    end(&fixture);
}

static void test_many_at_once_beyond_the_limit_of_connections(void **state)
{
    (void)state;
    struct fixture fixture;
    struct result results[50];
    begin(&fixture);
    for (int i = 0; i < 50; i++)
        start(&fixture, PLAIN, "/many", &results[i]);
    assert_int_equal(http_client_running(fixture.client), 50);
    loop_run(fixture.loop);
    for (int i = 0; i < 50; i++)
        assert_true(results[i].calls == 1 && results[i].status == 200);
    struct http_server_stats stats;
    http_server_stats(fixture.server, &stats);
    assert_true(stats.connections <= 4);
    assert_int_equal(http_client_running(fixture.client), 0);
    end(&fixture);
}

static void test_no_connection_is_certainly_not_sent(void **state)
{
    (void)state;
    struct fixture fixture;
    struct listen_socket closed;
    struct err err;
    char url[64];
    begin(&fixture);
    assert_int_equal(listen_open("127.0.0.1:0", &closed, &err), OK);
    close(closed.fd);
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/?token=hush", closed.port);
    struct result result = run(&fixture, (struct http_client_options){ .method = "POST" }, url);
    assert_int_equal(result.code, ERR_NETWORK);
    assert_int_equal(result.may_have_arrived, 0);
    assert_true(result.retryable);
    assert_null(strstr(result.text, "hush"));
    result = run(&fixture, PLAIN, "http://no-such-host.invalid/");
    assert_int_equal(result.code, ERR_NETWORK);
    assert_int_equal(result.may_have_arrived, 0);
    end(&fixture);
}

static void test_silence_is_a_timeout_of_unknown_outcome(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    struct result result = run(
        &fixture, (struct http_client_options){ .method = "POST", .timeout_ms = 200 }, "/never");
    assert_int_equal(result.code, ERR_TIMEOUT);
    assert_int_equal(result.may_have_arrived, 1);
    assert_string_equal(result.text, "127.0.0.1: no answer within 200 ms");
    end(&fixture);
}

/* A server that does <act> with each connection's first request. */
struct odd_server {
    struct event *event;
    struct listen_socket socket;
    const char *answer; /* for the first request on a connection; NULL: closes */
    int requests;       /* over all connections */
    int open;
};

static void on_odd_request(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct odd_server *server = arg;
    char chunk[4096];
    ssize_t got = recv(fd, chunk, sizeof(chunk), 0);
    if (got <= 0) {
        close(fd);
        server->open--;
        return;
    }
    server->requests++;
    if (server->answer)
        (void)!send(fd, server->answer, strlen(server->answer), MSG_NOSIGNAL);
    if (!server->answer) {
        close(fd);
        server->open--;
        return;
    }
    server->answer = NULL; /* the next request finds the connection closed */
    struct event_base *base = event_get_base(server->event);
    event_base_once(base, fd, EV_READ, on_odd_request, server, NULL);
}

static void on_odd_accept(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct odd_server *server = arg;
    int connection = accept(fd, NULL, NULL);
    server->open++;
    event_base_once(event_get_base(server->event), connection, EV_READ, on_odd_request, server,
                    NULL);
}

static void odd_begin(struct odd_server *server, struct fixture *fixture, const char *answer)
{
    struct err err;
    memset(server, 0, sizeof(*server));
    assert_int_equal(listen_open("127.0.0.1:0", &server->socket, &err), OK);
    server->answer = answer;
    server->event = event_new(loop_base(fixture->loop), server->socket.fd, EV_READ | EV_PERSIST,
                              on_odd_accept, server);
    event_add(server->event, NULL);
    snprintf(fixture->url, sizeof(fixture->url), "http://127.0.0.1:%d", server->socket.port);
}

static void odd_end(struct odd_server *server)
{
    event_free(server->event);
    close(server->socket.fd);
}

static void test_a_connection_closed_without_an_answer(void **state)
{
    (void)state;
    struct fixture fixture;
    struct odd_server odd;
    begin(&fixture);
    odd_begin(&odd, &fixture, NULL);
    struct result result = run(&fixture, (struct http_client_options){ .method = "POST" }, "/x");
    assert_int_equal(result.code, ERR_NETWORK);
    assert_int_equal(result.may_have_arrived, 1);
    assert_int_equal(odd.requests, 1);
    odd_end(&odd);
    end(&fixture);
}

/* libcurl sends a request again by itself when a kept connection closes under it: a message would be posted twice. */
static void test_a_post_on_a_stale_connection_is_not_sent_twice(void **state)
{
    (void)state;
    static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    struct fixture fixture;
    struct odd_server odd;
    begin(&fixture);
    odd_begin(&odd, &fixture, ok);
    struct result result =
        run(&fixture, (struct http_client_options){ .method = "POST" }, "/first");
    assert_int_equal(result.status, 200);
    result = run(&fixture, (struct http_client_options){ .method = "POST" }, "/second");
    assert_int_equal(result.code, ERR_NETWORK);
    assert_int_equal(result.may_have_arrived, 1);
    assert_int_equal(odd.requests, 2);
    odd_end(&odd);
    end(&fixture);
}

static void test_garbage_for_an_answer(void **state)
{
    (void)state;
    struct fixture fixture;
    struct odd_server odd;
    begin(&fixture);
    odd_begin(&odd, &fixture, "\x16\x03\x01 what is this\r\n\r\n");
    struct result result = run(&fixture, PLAIN, "/x");
    assert_int_equal(result.code, ERR_NETWORK);
    assert_int_equal(result.may_have_arrived, 1);
    odd_end(&odd);
    end(&fixture);
}

static void test_an_answer_beyond_the_cap(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    struct result result =
        run(&fixture, (struct http_client_options){ .max_response_bytes = 100000 }, "/large");
    assert_int_equal(result.code, ERR_LIMIT);
    assert_false(result.retryable);
    result = run(&fixture, (struct http_client_options){ .max_response_bytes = 199999 }, "/large");
    assert_int_equal(result.status, 200);
    /* Nobody says beforehand how long it will be. */
    result =
        run(&fixture, (struct http_client_options){ .max_response_bytes = 199999 }, "/endless");
    assert_int_equal(result.code, ERR_LIMIT);
    result =
        run(&fixture, (struct http_client_options){ .max_response_bytes = 200000 }, "/endless");
    assert_int_equal(result.status, 200);
    end(&fixture);
}

static void test_cancel_and_free(void **state)
{
    (void)state;
    struct fixture fixture;
    struct result results[3];
    begin(&fixture);
    uint64_t id = start(&fixture, PLAIN, "/never", &results[0]);
    http_client_cancel(fixture.client, id);
    http_client_cancel(fixture.client, id);
    http_client_cancel(fixture.client, 999);
    assert_int_equal(results[0].calls, 0);
    loop_run(fixture.loop);
    assert_int_equal(results[0].code, ERR_CLOSED);
    assert_int_equal(results[0].may_have_arrived, 0);
    start(&fixture, PLAIN, "/never", &results[1]);
    start(&fixture, PLAIN, "/never", &results[2]);
    end(&fixture); /* the loop's end delivers what is posted */
    assert_true(results[1].calls == 1 && results[1].code == ERR_CLOSED);
    assert_true(results[2].calls == 1 && results[2].code == ERR_CLOSED);
}

static void test_what_is_not_started(void **state)
{
    (void)state;
    struct fixture fixture;
    struct err err;
    begin(&fixture);
    const char *split[] = { "X: a\r\nY: b" };
    const char *bare[] = { "no colon" };
    const struct http_client_options BAD[] = {
        { .method = "GET", .url = "ftp://127.0.0.1/" },
        { .method = "GET", .url = "file:///etc/passwd" },
        { .method = "GET", .url = "not a url" },
        { .method = "GET", .url = NULL },
        { .method = "GET /", .url = "http://127.0.0.1/" },
        { .method = "GET", .url = "http://127.0.0.1/", .timeout_ms = 120001 },
        { .method = "GET", .url = "http://127.0.0.1/", .headers = split, .header_count = 1 },
        { .method = "GET", .url = "http://127.0.0.1/", .headers = bare, .header_count = 1 },
    };
    static const char *const FIELDS[] = { "url",    "url",     "url",     "url",
                                          "method", "timeout", "headers", "headers" };
    for (size_t i = 0; i < sizeof(BAD) / sizeof(*BAD); i++) {
        assert_int_equal(http_client_start(fixture.client, &BAD[i], on_done, NULL, NULL, &err),
                         ERR_INVALID);
        assert_string_equal(err.field, FIELDS[i]);
    }
    assert_int_equal(http_client_running(fixture.client), 0);
    end(&fixture);
}

static void test_fault_points(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    inject_configure("http.connect=fail:1,http.answer=fail:1");
    struct result result = run(&fixture, PLAIN, "/x");
    assert_true(result.code == ERR_NETWORK && result.may_have_arrived == 0);
    assert_int_equal(fixture.served, 0);
    result = run(&fixture, PLAIN, "/x");
    assert_true(result.code == ERR_NETWORK && result.may_have_arrived == 1);
    assert_int_equal(fixture.served, 1);
    inject_configure(NULL);
    result = run(&fixture, PLAIN, "/x");
    assert_int_equal(result.status, 200);
    end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_request_and_its_answer),
        cmocka_unit_test(test_redirects_are_not_followed),
        cmocka_unit_test(test_many_at_once_beyond_the_limit_of_connections),
        cmocka_unit_test(test_no_connection_is_certainly_not_sent),
        cmocka_unit_test(test_silence_is_a_timeout_of_unknown_outcome),
        cmocka_unit_test(test_a_connection_closed_without_an_answer),
        cmocka_unit_test(test_a_post_on_a_stale_connection_is_not_sent_twice),
        cmocka_unit_test(test_garbage_for_an_answer),
        cmocka_unit_test(test_an_answer_beyond_the_cap),
        cmocka_unit_test(test_cancel_and_free),
        cmocka_unit_test(test_what_is_not_started),
        cmocka_unit_test(test_fault_points),
    };
    setenv("no_proxy", "*", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
