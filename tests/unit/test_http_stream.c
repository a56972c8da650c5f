#include "base/mem.h"
#include "loop/loop.h"
#include "net/http_server.h"
#include "net_talk.h"
#include "unit.h"

#include <stdio.h>

enum { PIECE = 64 * 1024, PIECES = 64 };

/* A producer of PIECES pieces that never has more than one of them waiting to be sent. */
struct fixture {
    struct loop *loop;
    struct http_server *server;
    struct http_exchange *exchange;
    int port, written, waits, pieces;
    bool breaks_off, is_over, was_wanted;
};

static void produce(void *arg)
{
    struct fixture *fixture = arg;
    static char piece[PIECE];
    while (http_stream_is_drained(fixture->exchange)) {
        bool is_wanted = http_stream_is_wanted(fixture->exchange);
        fixture->was_wanted = is_wanted;
        if (!is_wanted || fixture->written == fixture->pieces) {
            fixture->is_over = true;
            http_stream_end(fixture->exchange, !fixture->breaks_off);
            return;
        }
        memset(piece, 'a' + fixture->written % 26, sizeof(piece));
        fixture->written++;
        http_stream_write(fixture->exchange, piece, sizeof(piece));
    }
    fixture->waits++;
}

static void on_request(struct http_exchange *exchange, void *arg)
{
    struct fixture *fixture = arg;
    if (!strcmp(http_path(exchange), "/plain")) {
        http_reply(exchange, 200, "text/plain", "plain", 5);
        return;
    }
    fixture->exchange = exchange;
    fixture->written = 0;
    http_stream_begin(exchange, 200, "text/csv");
    http_stream_on_drained(exchange, produce, fixture);
    produce(fixture);
}

static void begin(struct fixture *fixture, int pieces)
{
    struct err err;
    *fixture = (struct fixture){ .pieces = pieces };
    fixture->loop = loop_new(&err);
    struct http_server_options options = { .listen = "127.0.0.1:0" };
    fixture->server = http_server_new(fixture->loop, &options, on_request, fixture, &err);
    assert_non_null(fixture->server);
    fixture->port = http_server_port(fixture->server);
}

static void end(struct fixture *fixture)
{
    http_server_free(fixture->server);
    loop_free(fixture->loop);
}

static void ask(struct fixture *fixture, const char *request, struct buf *got)
{
    struct talk talk = { .send = request };
    talk_all(fixture->loop, fixture->port, &talk, 1);
    *got = talk.got;
}

static void test_pieces_arrive_whole_and_in_order(void **state)
{
    (void)state;
    struct fixture fixture;
    AUTO_BUF struct buf got = BUF_INIT;
    AUTO_BUF struct buf body = BUF_INIT;
    begin(&fixture, PIECES);
    ask(&fixture, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", &got);
    assert_non_null(strstr(got.data, "Transfer-Encoding: chunked\r\n"));
    assert_null(strstr(got.data, "Content-Length"));
    assert_int_equal(unchunk(strstr(got.data, "\r\n\r\n") + 4, &body), PIECES);
    assert_int_equal(body.len, (size_t)PIECES * PIECE);
    for (int i = 0; i < PIECES; i++)
        assert_int_equal(body.data[i * PIECE], 'a' + i % 26);
    assert_true(fixture.is_over);
    end(&fixture);
}

static void test_the_connection_goes_on_after_a_stream(void **state)
{
    (void)state;
    struct fixture fixture;
    AUTO_BUF struct buf got = BUF_INIT;
    begin(&fixture, 2);
    ask(&fixture,
        "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /plain HTTP/1.1\r\nHost: x\r\nConnection: "
        "close\r\n\r\n",
        &got);
    const char *last = strstr(got.data, "0\r\n\r\nHTTP/1.1 200");
    assert_non_null(last);
    assert_non_null(strstr(last, "\r\n\r\nplain"));
    end(&fixture);
}

static void test_http_1_0_reads_until_the_connection_closes(void **state)
{
    (void)state;
    struct fixture fixture;
    AUTO_BUF struct buf got = BUF_INIT;
    begin(&fixture, 3);
    ask(&fixture, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", &got);
    const char *body = strstr(got.data, "\r\n\r\n") + 4;
    assert_null(strstr(got.data, "chunked"));
    assert_int_equal(got.len - (size_t)(body - got.data), 3 * PIECE);
    end(&fixture);
}

static void test_head_gets_no_pieces(void **state)
{
    (void)state;
    struct fixture fixture;
    AUTO_BUF struct buf got = BUF_INIT;
    begin(&fixture, PIECES);
    ask(&fixture, "HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", &got);
    assert_string_equal(strstr(got.data, "\r\n\r\n"), "\r\n\r\n");
    assert_int_equal(fixture.written, 0);
    end(&fixture);
}

static void test_a_stream_that_fails_breaks_off(void **state)
{
    (void)state;
    struct fixture fixture;
    AUTO_BUF struct buf got = BUF_INIT;
    begin(&fixture, 2);
    fixture.breaks_off = true;
    ask(&fixture, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", &got);
    assert_null(strstr(got.data, "0\r\n\r\n"));
    end(&fixture);
}

static void stop(void *arg)
{
    struct fixture *fixture = arg;
    loop_stop(fixture->loop);
}

/* A client that reads nothing: the producer stops when the socket is full, far from the end. */
static void test_a_client_that_does_not_read_holds_the_producer(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, 10000);
    int fd = talk_connect(fixture.port);
    assert_true(send(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27, 0) == 27);
    loop_timer(fixture.loop, 300, stop, &fixture);
    loop_run(fixture.loop);
    assert_true(fixture.waits > 0 && !fixture.is_over && fixture.written < 1000);
    assert_false(http_stream_is_drained(fixture.exchange));
    /* It goes away: the producer hears of it and ends the stream. */
    close(fd);
    loop_timer(fixture.loop, 300, stop, &fixture);
    loop_run(fixture.loop);
    assert_true(fixture.is_over && !fixture.was_wanted);
    end(&fixture);
}

/* The server is freed with a stream under way. */
static void test_the_end_of_the_server_ends_streams(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, 10000);
    int fd = talk_connect(fixture.port);
    assert_true(send(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27, 0) == 27);
    loop_timer(fixture.loop, 200, stop, &fixture);
    loop_run(fixture.loop);
    assert_false(fixture.is_over);
    end(&fixture);
    assert_true(fixture.is_over);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_arrive_whole_and_in_order),
        cmocka_unit_test(test_the_connection_goes_on_after_a_stream),
        cmocka_unit_test(test_http_1_0_reads_until_the_connection_closes),
        cmocka_unit_test(test_head_gets_no_pieces),
        cmocka_unit_test(test_a_stream_that_fails_breaks_off),
        cmocka_unit_test(test_a_client_that_does_not_read_holds_the_producer),
        cmocka_unit_test(test_the_end_of_the_server_ends_streams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
