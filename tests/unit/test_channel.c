/* channel: whole messages over a socket, whatever pieces they come in. */
#include "unit.h"

#include "base/buf.h"
#include "base/mem.h"
#include "loop/channel.h"
#include "loop/loop.h"

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 1 << 20 };

static struct loop *loop;
static struct channel *channel;
static int other; /* the other side, blocking */
static struct buf got;
static int messages, ends;
static struct err end;
static bool must_free;

static void on_message(void *arg, const char *data, size_t len)
{
    (void)arg;
    messages++;
    buf_append(&got, data, len < 100 ? len : 100);
    buf_putc(&got, '|');
    if (must_free) {
        channel_free(channel);
        channel = NULL;
    }
}

static void on_closed(void *arg, const struct err *err)
{
    (void)arg;
    ends++;
    end = *err;
}

static int set_up(void **state)
{
    (void)state;
    int pair[2];
    struct err err;
    messages = ends = 0;
    must_free = false;
    buf_clear(&got);
    loop = loop_new(&err);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    other = pair[1];
    const struct channel_options options = {
        .fd = pair[0], .max_bytes = MOST, .on_message = on_message, .on_closed = on_closed
    };
    channel = channel_new(loop, &options, &err);
    assert_non_null(channel);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    channel_free(channel);
    loop_free(loop);
    if (other >= 0)
        close(other);
    buf_fini(&got);
    return 0;
}

static void stop(void *arg)
{
    loop_stop(arg);
}

static void turn(void)
{
    loop_timer(loop, 20, stop, loop);
    loop_run(loop);
}

static void put(const char *text)
{
    unsigned char header[CHANNEL_HEADER];
    channel_put_header(header, (uint32_t)strlen(text));
    assert_int_equal(write(other, header, sizeof(header)), sizeof(header));
    assert_int_equal(write(other, text, strlen(text)), strlen(text));
}

static void test_messages_arrive_whole_and_in_order(void **state)
{
    (void)state;
    put("one");
    put("");
    put("three");
    turn();
    assert_string_equal(buf_text(&got), "one||three|");
}

static void test_message_in_pieces(void **state)
{
    (void)state;
    static const char BYTES[] = "\0\0\0\5hello";
    for (size_t i = 0; i < sizeof(BYTES) - 1; i++) {
        assert_int_equal(messages, 0);
        assert_int_equal(write(other, BYTES + i, 1), 1);
        turn();
    }
    assert_string_equal(buf_text(&got), "hello|");
}

static void test_end_is_told_once_after_the_messages(void **state)
{
    (void)state;
    put("last");
    assert_int_equal(write(other, "\0\0", 2), 2);
    close(other);
    other = -1;
    turn();
    turn();
    assert_string_equal(buf_text(&got), "last|");
    assert_int_equal(ends, 1);
    assert_int_equal(end.code, ERR_CLOSED);
}

static void test_too_long_message_ends_it(void **state)
{
    (void)state;
    assert_int_equal(write(other, "\xff\xff\xff\xff....", 8), 8);
    turn();
    assert_int_equal(messages, 0);
    assert_int_equal(ends, 1);
    assert_int_equal(end.code, ERR_LIMIT);
}

static void test_freed_by_its_own_callback(void **state)
{
    (void)state;
    must_free = true;
    put("one");
    put("two");
    turn();
    assert_string_equal(buf_text(&got), "one|");
    assert_null(channel);
}

static void test_sends_more_than_the_socket_takes(void **state)
{
    (void)state;
    size_t len = 4 << 20, received = 0;
    AUTO_FREE char *large = xcalloc(1, len);
    AUTO_FREE char *block = xmalloc(1 << 16);
    unsigned char header[CHANNEL_HEADER];
    channel_send(channel, large, len);
    turn();
    assert_int_equal(read(other, header, sizeof(header)), sizeof(header));
    assert_int_equal(channel_get_header(header), len);
    while (received < len) {
        ssize_t part = recv(other, block, 1 << 16, MSG_DONTWAIT);
        if (part > 0)
            received += (size_t)part;
        else
            turn();
    }
    assert_int_equal(received, len);
}

static void test_sending_to_nobody_is_harmless(void **state)
{
    (void)state;
    close(other);
    other = -1;
    channel_send(channel, "hello", 5);
    turn();
    channel_send(channel, "hello", 5);
    turn();
    assert_int_equal(ends, 1);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_messages_arrive_whole_and_in_order),  TEST(test_message_in_pieces),
        TEST(test_end_is_told_once_after_the_messages), TEST(test_too_long_message_ends_it),
        TEST(test_freed_by_its_own_callback),           TEST(test_sends_more_than_the_socket_takes),
        TEST(test_sending_to_nobody_is_harmless),
    };
    (void)signal(SIGPIPE, SIG_IGN); /* as the engine does */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
