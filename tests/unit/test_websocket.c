#include "net/websocket.h"

#include "base/inject.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "net/http_server.h"
#include "net_talk.h"
#include "unit.h"

#include <signal.h>
#include <stdio.h>

enum { SIDES_MOST = 8 };

/* One end of a connection, and what it has seen. */
struct side {
    struct fixture *fixture;
    struct websocket *websocket;
    int messages, texts;
    char last[256];
    size_t last_len;
    bool is_echo, is_lazy; /* lazy: takes nothing */
};

struct fixture {
    struct loop *loop;
    struct http_server *server;
    struct websockets *set;
    struct side served[SIDES_MOST];
    int served_count;
    struct websocket_options accept;
    bool serves_lazily;
    int port;
    char url[64];
    bool (*is_over)(struct fixture *fixture, void *arg);
    void *over_arg;
    int patience;
};

static void listen_again(struct side *side);

static void on_side(void *arg)
{
    struct side *side = arg;
    struct websocket_message message;
    struct err err;
    while (!side->is_lazy && websocket_take(side->websocket, &message)) {
        side->messages++;
        side->texts += message.is_text;
        side->last_len = message.len;
        snprintf(side->last, sizeof(side->last), "%s", message.data);
        if (side->is_echo)
            websocket_send(side->websocket, message.data, message.len, message.is_text, &err);
        free(message.data);
    }
    listen_again(side);
}

static void listen_again(struct side *side)
{
    if (websocket_state(side->websocket) != WEBSOCKET_CLOSED)
        assert_true(websocket_listen(side->websocket, on_side, side));
}

static void on_request(struct http_exchange *exchange, void *arg)
{
    struct fixture *fixture = arg;
    struct err err;
    if (strcmp(http_path(exchange), "/plain") == 0) {
        http_reply(exchange, 200, "text/plain", "no", 2);
        return;
    }
    struct side *side = &fixture->served[fixture->served_count];
    side->websocket = websocket_accept(fixture->set, exchange, &fixture->accept, &err);
    if (!side->websocket) {
        http_reply_error(exchange, err.status, "upgrade", err.msg, NULL);
        return;
    }
    fixture->served_count++;
    side->fixture = fixture;
    side->is_echo = true;
    side->is_lazy = fixture->serves_lazily;
    listen_again(side);
}

static int set_up(void **state)
{
    struct fixture *fixture = xcalloc(1, sizeof(*fixture));
    const struct http_server_options options = { .listen = "127.0.0.1:0" };
    struct err err;
    signal(SIGPIPE, SIG_IGN);
    fixture->loop = loop_new(&err);
    fixture->set = websockets_new(fixture->loop);
    fixture->server = http_server_new(fixture->loop, &options, on_request, fixture, &err);
    fixture->port = http_server_port(fixture->server);
    snprintf(fixture->url, sizeof(fixture->url), "ws://127.0.0.1:%d/socket?x=1", fixture->port);
    *state = fixture;
    return 0;
}

static void let_go(struct side *side)
{
    websocket_unlisten(side->websocket, side);
    websocket_unref(side->websocket);
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < fixture->served_count; i++)
        let_go(&fixture->served[i]);
    websockets_free(fixture->set);
    http_server_free(fixture->server);
    loop_free(fixture->loop);
    free(fixture);
    return 0;
}

static void look(void *arg)
{
    struct fixture *fixture = arg;
    if (fixture->is_over(fixture, fixture->over_arg) || --fixture->patience == 0)
        loop_stop(fixture->loop);
    else
        loop_timer(fixture->loop, 2, look, fixture);
}

/* Runs the loop until <is_over> says so. */
static void run_until(struct fixture *fixture, bool (*is_over)(struct fixture *fixture, void *arg),
                      void *arg)
{
    fixture->is_over = is_over;
    fixture->over_arg = arg;
    fixture->patience = 4000;
    look(fixture);
    loop_run(fixture->loop);
    assert_int_not_equal(fixture->patience, 0);
}

static bool is_open(struct fixture *fixture, void *arg)
{
    (void)fixture;
    const struct side *side = arg;
    return websocket_state(side->websocket) != WEBSOCKET_CONNECTING;
}

static bool is_closed(struct fixture *fixture, void *arg)
{
    (void)fixture;
    const struct side *side = arg;
    return websocket_state(side->websocket) == WEBSOCKET_CLOSED;
}

static bool has_message(struct fixture *fixture, void *arg)
{
    (void)fixture;
    const struct side *side = arg;
    return side->messages > 0;
}

static void start(struct fixture *fixture, struct side *side,
                  const struct websocket_options *options)
{
    struct websocket_options with_url = *options;
    struct err err;
    if (!with_url.url)
        with_url.url = fixture->url;
    side->fixture = fixture;
    side->websocket = websocket_connect(fixture->set, &with_url, &err);
    assert_non_null(side->websocket);
    listen_again(side);
}

static void open_side(struct fixture *fixture, struct side *side)
{
    start(fixture, side, &(struct websocket_options){ 0 });
    run_until(fixture, is_open, side);
    assert_int_equal(websocket_state(side->websocket), WEBSOCKET_OPEN);
}

/* ---- messages */

static void test_echo(void **state)
{
    struct fixture *fixture = *state;
    struct side client = { 0 };
    struct err err;
    open_side(fixture, &client);
    assert_int_equal(websocket_send(client.websocket, "h\xc3\xa9llo", 6, true, &err), OK);
    run_until(fixture, has_message, &client);
    assert_string_equal(client.last, "h\xc3\xa9llo");
    assert_int_equal(client.texts, 1);
    client.messages = 0;
    assert_int_equal(websocket_send(client.websocket, "a\0b", 3, false, &err), OK);
    run_until(fixture, has_message, &client);
    assert_int_equal(client.last_len, 3);
    assert_int_equal(client.texts, 1);
    websocket_close(client.websocket, WEBSOCKET_NORMAL, "done");
    run_until(fixture, is_closed, &client);
    run_until(fixture, is_closed, &fixture->served[0]);
    assert_int_equal(websocket_why_closed(client.websocket)->code, ERR_CLOSED);
    assert_int_equal(websocket_why_closed(fixture->served[0].websocket)->code, ERR_CLOSED);
    assert_int_equal(websocket_send(client.websocket, "x", 1, true, &err), ERR_CLOSED);
    let_go(&client);
}

static bool has_all(struct fixture *fixture, void *arg)
{
    (void)fixture;
    const struct side *side = arg;
    return side->messages == 5000;
}

/* Who does not take his messages is not drowned in them, and gets all of them in the end. */
static void test_slow_reader_loses_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct side client = { 0 };
    struct err err;
    char text[600];
    fixture->serves_lazily = true;
    open_side(fixture, &client);
    memset(text, '.', sizeof(text));
    for (int i = 0; i < 5000; i++) {
        text[snprintf(text, sizeof(text), "%d", i)] = ' ';
        assert_int_equal(websocket_send(client.websocket, text, sizeof(text), true, &err), OK);
    }
    struct side *slow = &fixture->served[0];
    slow->is_echo = false;
    struct side other = { 0 };
    open_side(fixture, &other); /* time passes */
    struct websockets_stats stats;
    websockets_stats(fixture->set, &stats);
    assert_true(stats.received < 1000);
    slow->is_lazy = false;
    run_until(fixture, has_all, slow);
    assert_memory_equal(slow->last, "4999 ", 5);
    let_go(&other);
    let_go(&client);
}

static bool has_what_was_sent(struct fixture *fixture, void *arg)
{
    const int *sent = arg;
    return fixture->served[0].messages == *sent;
}

/* What the other side does not read waits here, but not without end. */
static void test_outbox_has_an_end_and_is_emptied(void **state)
{
    struct fixture *fixture = *state;
    struct side client = { 0 };
    struct err err;
    enum { LEN = 64 * 1024, MOST = 2000 };
    char *text = xcalloc(1, LEN);
    int sent = 0;
    fixture->serves_lazily = true;
    open_side(fixture, &client);
    memset(text, '.', LEN);
    while (sent < MOST && websocket_send(client.websocket, text, LEN, true, &err) == OK)
        sent++;
    assert_in_range(sent, 4 * 1024 * 1024 / LEN, MOST - 1);
    assert_int_equal(err.code, ERR_LIMIT);
    assert_int_equal(websocket_state(client.websocket), WEBSOCKET_OPEN);
    struct side *slow = &fixture->served[0];
    slow->is_echo = slow->is_lazy = false;
    run_until(fixture, has_what_was_sent, &sent);
    assert_int_equal(websocket_send(client.websocket, "x", 1, true, &err), OK);
    free(text);
    let_go(&client);
}

static void test_too_long_message_ends_it(void **state)
{
    struct fixture *fixture = *state;
    struct side client = { 0 };
    struct err err;
    char *large = xcalloc(1, 5000);
    fixture->accept.max_message_bytes = 4096;
    open_side(fixture, &client);
    memset(large, 'x', 5000);
    assert_int_equal(websocket_send(client.websocket, large, 5000, true, &err), OK);
    run_until(fixture, is_closed, &fixture->served[0]);
    assert_int_equal(websocket_why_closed(fixture->served[0].websocket)->code, ERR_LIMIT);
    run_until(fixture, is_closed, &client);
    assert_int_equal(fixture->served[0].messages, 0);
    free(large);
    let_go(&client);
}

static void test_what_waits_can_be_taken_after_the_end(void **state)
{
    struct fixture *fixture = *state;
    struct side client = { 0 };
    struct err err;
    fixture->serves_lazily = true;
    open_side(fixture, &client);
    websocket_send(client.websocket, "last words", 10, true, &err);
    websocket_close(client.websocket, WEBSOCKET_NORMAL, "");
    run_until(fixture, is_closed, &fixture->served[0]);
    struct websocket_message message;
    assert_true(websocket_take(fixture->served[0].websocket, &message));
    assert_string_equal(message.data, "last words");
    free(message.data);
    assert_false(websocket_take(fixture->served[0].websocket, &message));
    let_go(&client);
}

/* ---- ends */

static void test_abort_is_a_loss_for_the_other_side(void **state)
{
    struct fixture *fixture = *state;
    struct side client = { 0 };
    open_side(fixture, &client);
    websocket_abort(fixture->served[0].websocket);
    run_until(fixture, is_closed, &client);
    assert_int_equal(websocket_why_closed(client.websocket)->code, ERR_NETWORK);
    assert_true(websocket_why_closed(client.websocket)->retryable);
    struct websockets_stats stats;
    websockets_stats(fixture->set, &stats);
    assert_int_equal(stats.lost, 1);
    assert_int_equal(stats.open, 0);
    let_go(&client);
}

static void test_forgotten_one_says_good_bye(void **state)
{
    struct fixture *fixture = *state;
    struct side client = { 0 };
    open_side(fixture, &client);
    let_go(&client);
    run_until(fixture, is_closed, &fixture->served[0]);
    assert_int_equal(websocket_why_closed(fixture->served[0].websocket)->code, ERR_CLOSED);
}

static bool was_told_to_leave(struct fixture *fixture, void *arg)
{
    (void)fixture;
    return ((struct talk *)arg)->was_closed;
}

/* A peer that answers no ping is lost, though its socket stays open. */
static void test_silent_peer_is_lost(void **state)
{
    struct fixture *fixture = *state;
    fixture->accept.ping_ms = 40;
    struct talk talk = {
        .send = "GET /socket HTTP/1.1\r\nHost: x\r\nUpgrade: WebSocket\r\nConnection: keep-alive, "
                "Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
                "dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    };
    talk_all(fixture->loop, fixture->port, &talk, 1);
    assert_true(was_told_to_leave(fixture, &talk));
    assert_non_null(strstr(talk.got.data, "HTTP/1.1 101 "));
    assert_non_null(
        strstr(talk.got.data, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    size_t head = (size_t)(strstr(talk.got.data, "\r\n\r\n") + 4 - talk.got.data);
    assert_true(talk.got.len > head);
    assert_int_equal((unsigned char)talk.got.data[head], 0x89); /* a ping */
    assert_int_equal(websocket_why_closed(fixture->served[0].websocket)->code, ERR_NETWORK);
    buf_fini(&talk.got);
}

/* A client's frames are masked; what is not is no client's. The frame comes together with the handshake. */
static void test_unmasked_frame_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct talk talk = {
        .send = "GET /socket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
                "\x81\x02hi"
    };
    talk_all(fixture->loop, fixture->port, &talk, 1);
    assert_int_equal(fixture->served[0].messages, 0);
    assert_int_equal(websocket_state(fixture->served[0].websocket), WEBSOCKET_CLOSED);
    assert_int_equal(websocket_why_closed(fixture->served[0].websocket)->code, ERR_LIMIT);
    buf_fini(&talk.got);
}

static void test_masked_frame_with_the_handshake_is_read(void **state)
{
    struct fixture *fixture = *state;
    struct talk talk = {
        .send = "GET /socket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
                "\x81\x82\x01\x01\x01\x01\x69\x68",
        .half_close = true
    };
    talk_all(fixture->loop, fixture->port, &talk, 1);
    assert_int_equal(fixture->served[0].messages, 1);
    assert_string_equal(fixture->served[0].last, "hi");
    buf_fini(&talk.got);
}

/* ---- handshakes */

static void test_ordinary_requests_are_not_upgraded(void **state)
{
    struct fixture *fixture = *state;
    struct talk talks[] = {
        { .send = "GET /socket HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" },
        { .send =
              "GET /socket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: close, "
              "upgrade\r\n"
              "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" },
        { .send = "GET /socket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: close, "
                  "upgrade\r\n"
                  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n\r\n" },
        { .send = "POST /socket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: close, "
                  "upgrade\r\n"
                  "Content-Length: 0\r\nSec-WebSocket-Version: 13\r\n\r\n" },
    };
    static const char *const STATUS[] = { "426", "426", "400", "400" };
    talk_all(fixture->loop, fixture->port, talks, 4);
    for (int i = 0; i < 4; i++) {
        assert_memory_equal(talks[i].got.data + strlen("HTTP/1.1 "), STATUS[i], 3);
        buf_fini(&talks[i].got);
    }
    assert_int_equal(fixture->served_count, 0);
}

static void expect_failure(struct fixture *fixture, const char *url, int code, const char *word)
{
    struct side client = { 0 };
    start(fixture, &client, &(struct websocket_options){ .url = url, .timeout_ms = 500 });
    run_until(fixture, is_closed, &client);
    const struct err *why = websocket_why_closed(client.websocket);
    assert_int_equal(why->code, code);
    if (!strstr(why->msg, word))
        fail_msg("\"%s\" does not say \"%s\"", why->msg, word);
    let_go(&client);
}

static void test_server_that_does_not_upgrade(void **state)
{
    struct fixture *fixture = *state;
    char url[64];
    snprintf(url, sizeof(url), "ws://127.0.0.1:%d/plain", fixture->port);
    expect_failure(fixture, url, ERR_UNAVAILABLE, "HTTP/1.1 200");
    snprintf(url, sizeof(url), "wss://127.0.0.1:%d/socket", fixture->port);
    expect_failure(fixture, url, ERR_TIMEOUT, "in time"); /* it takes the TLS for a request */
    expect_failure(fixture, "ws://127.0.0.1:1/", ERR_NETWORK, "127.0.0.1");
}

static void test_only_websocket_urls(void **state)
{
    struct fixture *fixture = *state;
    static const char *const URLS[] = { "http://a/", "wss://", "", "ws://a b/" };
    struct err err;
    for (size_t i = 0; i < sizeof(URLS) / sizeof(URLS[0]); i++) {
        const struct websocket_options options = { .url = URLS[i] };
        assert_null(websocket_connect(fixture->set, &options, &err));
        assert_string_equal(err.field, "url");
    }
    static const char *const HEADERS[] = { "A: b\r\nC: d" };
    const struct websocket_options options = { .url = fixture->url,
                                               .headers = HEADERS,
                                               .header_count = 1 };
    assert_null(websocket_connect(fixture->set, &options, &err));
    assert_string_equal(err.field, "headers");
}

static void test_lost_reads_are_losses(void **state)
{
    struct fixture *fixture = *state;
    struct side client = { 0 };
    struct err err;
    open_side(fixture, &client);
    inject_configure("websocket.read=fail:1");
    websocket_send(client.websocket, "x", 1, true, &err);
    run_until(fixture, is_closed, &fixture->served[0]);
    inject_configure(NULL);
    assert_int_equal(websocket_why_closed(fixture->served[0].websocket)->code, ERR_NETWORK);
    let_go(&client);
}

/* ---- names */

static void test_named_one_outlives_its_maker(void **state)
{
    struct fixture *fixture = *state;
    struct side client = { 0 };
    struct err err;
    open_side(fixture, &client);
    websocket_set_name(client.websocket, "link");
    websocket_send(client.websocket, "while nobody looks", 18, true, &err);
    let_go(&client);
    run_until(fixture, has_message, &fixture->served[0]);
    struct side second = { .fixture = fixture, .websocket = websockets_find(fixture->set, "link") };
    assert_ptr_equal(second.websocket, client.websocket);
    listen_again(&second);
    run_until(fixture, has_message, &second);
    assert_string_equal(second.last, "while nobody looks");
    assert_false(websocket_listen(second.websocket, on_side, &client)); /* one reader at a time */
    const struct websocket *cursor = NULL;
    struct websocket_info info;
    assert_true(websockets_each_named(fixture->set, &cursor, &info));
    assert_string_equal(info.name, "link");
    assert_int_equal(info.received, 1);
    assert_false(websockets_each_named(fixture->set, &cursor, &info));
    let_go(&second);
}

static void test_name_moves_to_the_newer_one(void **state)
{
    struct fixture *fixture = *state;
    struct side before = { 0 }, after = { 0 };
    open_side(fixture, &before);
    open_side(fixture, &after);
    websocket_set_name(before.websocket, "link");
    websocket_set_name(after.websocket, "link");
    struct websocket *found = websockets_find(fixture->set, "link");
    assert_ptr_equal(found, after.websocket);
    websocket_unref(found);
    assert_int_equal(websocket_state(before.websocket),
                     WEBSOCKET_OPEN); /* its reader still has it */
    websocket_abort(after.websocket);
    assert_null(websockets_find(fixture->set, "link"));
    let_go(&before);
    let_go(&after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_echo, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_slow_reader_loses_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_outbox_has_an_end_and_is_emptied, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_too_long_message_ends_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_waits_can_be_taken_after_the_end, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_abort_is_a_loss_for_the_other_side, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_forgotten_one_says_good_bye, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_silent_peer_is_lost, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unmasked_frame_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_masked_frame_with_the_handshake_is_read, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_ordinary_requests_are_not_upgraded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_server_that_does_not_upgrade, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_only_websocket_urls, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lost_reads_are_losses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_named_one_outlives_its_maker, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_name_moves_to_the_newer_one, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
