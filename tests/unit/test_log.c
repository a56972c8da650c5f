#define _GNU_SOURCE
#include "unit.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Standard error goes into a file in memory for the length of a test. */
static int captured_fd;
static int real_stderr;

static int begin_capture(void **state)
{
    (void)state;
    clock_set_ms(1795435200123);
    log_configure(LOG_INFO_LEVEL, false);
    captured_fd = memfd_create("log", MFD_CLOEXEC);
    /* A file in memory does not lock its position between two writers as files and pipes do. */
    fcntl(captured_fd, F_SETFL, O_APPEND);
    real_stderr = dup(STDERR_FILENO);
    return dup2(captured_fd, STDERR_FILENO) < 0;
}

static int end_capture(void **state)
{
    (void)state;
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    close(captured_fd);
    clock_set_ms(-1);
    return 0;
}

static void read_log(struct buf *out)
{
    char chunk[4096];
    off_t at = 0;
    ssize_t size;
    while ((size = pread(captured_fd, chunk, sizeof(chunk), at)) > 0) {
        buf_append(out, chunk, (size_t)size);
        at += size;
    }
}

static void assert_log(const char *expected)
{
    AUTO_BUF struct buf text = BUF_INIT;
    read_log(&text);
    assert_string_equal(buf_text(&text), expected);
}

static void writes_logfmt(void **state)
{
    (void)state;
    log_warn(LOG_HTTP, 42, "upstream %s: %s", "a.example", "reset");
    log_info(LOG_ENGINE, 0, "ready");
    assert_log("ts=2026-11-23T12:00:00.123000Z level=warn group=http incident=42 msg=\"upstream "
               "a.example: reset\"\n"
               "ts=2026-11-23T12:00:00.123000Z level=info group=engine msg=\"ready\"\n");
}

static void writes_json(void **state)
{
    (void)state;
    log_configure(LOG_INFO_LEVEL, true);
    log_error(LOG_STORE, 7, "say \"no\"");
    assert_log("{\"ts\":\"2026-11-23T12:00:00.123000Z\",\"level\":\"error\",\"group\":\"store\","
               "\"incident\":7,"
               "\"msg\":\"say \\\"no\\\"\"}\n");
}

static void a_message_cannot_forge_a_line(void **state)
{
    (void)state;
    log_info(LOG_SCRIPT, 0, "one\nts=0 level=info msg=\"two\"\xff");
    assert_log("ts=2026-11-23T12:00:00.123000Z level=info group=script "
               "msg=\"one\\nts=0 level=info msg=\\\"two\\\"\xef\xbf\xbd\"\n");
}

static void groups_are_switched_one_by_one(void **state)
{
    (void)state;
    assert_false(log_is_on(LOG_JOB, LOG_DEBUG_LEVEL));
    log_debug(LOG_JOB, 0, "not yet");
    log_set_group(LOG_JOB, LOG_DEBUG_LEVEL);
    log_set_group(LOG_HTTP, LOG_ERROR_LEVEL);
    log_debug(LOG_JOB, 0, "now");
    log_warn(LOG_HTTP, 0, "not heard");
    assert_log("ts=2026-11-23T12:00:00.123000Z level=debug group=job msg=\"now\"\n");
}

static void level_names_are_known(void **state)
{
    (void)state;
    assert_int_equal(log_level_from_name("debug"), LOG_DEBUG_LEVEL);
    assert_int_equal(log_level_from_name("error"), LOG_ERROR_LEVEL);
    assert_int_equal(log_level_from_name("loud"), -1);
}

static void a_long_message_is_cut(void **state)
{
    (void)state;
    char *text = malloc(100001);
    memset(text, 'x', 100000);
    text[100000] = '\0';
    log_info(LOG_LUA, 0, "%s", text);
    free(text);
    AUTO_BUF struct buf line = BUF_INIT;
    read_log(&line);
    assert_true(line.len < 9000);
    assert_non_null(strstr(buf_text(&line), "x [cut]\"\n"));
}

static void *log_many(void *arg)
{
    for (int i = 0; i < 200; i++)
        log_info(LOG_ENGINE, 0, "%s", (const char *)arg);
    return NULL;
}

static void lines_of_threads_do_not_mix(void **state)
{
    (void)state;
    pthread_t one;
    pthread_t two;
    pthread_create(&one, NULL, log_many, (void *)"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    pthread_create(&two, NULL, log_many, (void *)"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    AUTO_BUF struct buf text = BUF_INIT;
    read_log(&text);
    int lines = 0;
    char *rest = NULL;
    for (char *line = strtok_r(text.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        assert_memory_equal(line, "ts=2026-", 8);
        assert_true(!strchr(strstr(line, "msg="), 'a') || !strchr(strstr(line, "msg="), 'b'));
        lines++;
    }
    assert_int_equal(lines, 400);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_capture, end_capture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(writes_logfmt),
        TEST(writes_json),
        TEST(a_message_cannot_forge_a_line),
        TEST(groups_are_switched_one_by_one),
        TEST(level_names_are_known),
        TEST(a_long_message_is_cut),
        TEST(lines_of_threads_do_not_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
