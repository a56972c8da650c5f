#include "unit.h"

#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

static void an_empty_buf_is_empty_text(void **state)
{
    (void)state;
    struct buf buf = BUF_INIT;
    assert_string_equal(buf_text(&buf), "");
    buf_clear(&buf);
    buf_append(&buf, NULL, 0);
    assert_null(buf.data);
    buf_fini(&buf);
}

static void it_grows_and_stays_terminated(void **state)
{
    (void)state;
    AUTO_BUF struct buf buf = BUF_INIT;
    for (int i = 0; i < 1000; i++) {
        buf_putc(&buf, 'a');
        assert_int_equal(buf.data[buf.len], '\0');
    }
    buf_puts(&buf, "end");
    assert_int_equal(buf.len, 1003);
    assert_string_equal(buf_text(&buf) + 998, "aaend");
}

static void it_holds_nul_bytes(void **state)
{
    (void)state;
    AUTO_BUF struct buf buf = BUF_INIT;
    buf_append(&buf, "a\0b", 3);
    assert_int_equal(buf.len, 3);
    assert_memory_equal(buf.data, "a\0b", 4);
}

static void printf_fits_at_every_length(void **state)
{
    (void)state;
    for (int width = 1; width < 300; width++) {
        AUTO_BUF struct buf buf = BUF_INIT;
        buf_puts(&buf, "<");
        buf_printf(&buf, "%*d>", width, 7);
        assert_int_equal(buf.len, (size_t)width + 2);
        assert_int_equal(buf.data[buf.len - 1], '>');
        assert_int_equal(strlen(buf.data), buf.len);
    }
}

static void clear_keeps_the_memory(void **state)
{
    (void)state;
    AUTO_BUF struct buf buf = BUF_INIT;
    buf_puts(&buf, "something");
    char *before = buf.data;
    buf_clear(&buf);
    assert_string_equal(buf_text(&buf), "");
    buf_puts(&buf, "else");
    assert_ptr_equal(buf.data, before);
}

static void take_moves_the_text_out(void **state)
{
    (void)state;
    struct buf buf = BUF_INIT;
    buf_puts(&buf, "text");
    size_t len;
    char *text = buf_take(&buf, &len);
    assert_string_equal(text, "text");
    assert_int_equal(len, 4);
    assert_null(buf.data);
    free(text);

    text = buf_take(&buf, NULL);
    assert_string_equal(text, "");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_buf_is_empty_text),
        cmocka_unit_test(it_grows_and_stays_terminated),
        cmocka_unit_test(it_holds_nul_bytes),
        cmocka_unit_test(printf_fits_at_every_length),
        cmocka_unit_test(clear_keeps_the_memory),
        cmocka_unit_test(take_moves_the_text_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
