#include "unit.h"

#include "base/json_writer.h"

#include <float.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void puts_commas_by_itself(void **state)
{
    (void)state;
    AUTO_BUF struct buf out = BUF_INIT;
    struct json_writer w;
    json_writer_init(&w, &out);
    json_object_begin(&w);
    json_put_text(&w, "title", "Down");
    json_put_int(&w, "id", -42);
    json_key(&w, "tags");
    json_array_begin(&w);
    json_text(&w, "a");
    json_array_begin(&w);
    json_array_finish(&w);
    json_object_begin(&w);
    json_object_finish(&w);
    json_bool(&w, true);
    json_array_finish(&w);
    json_put_bool(&w, "private", false);
    json_put_null(&w, "closed_at");
    json_put_text(&w, "note", NULL);
    json_put_raw(&w, "raw", "{\"x\":1}");
    json_object_finish(&w);
    assert_string_equal(
        buf_text(&out),
        "{\"title\":\"Down\",\"id\":-42,\"tags\":[\"a\",[],{},true],\"private\":false,"
        "\"closed_at\":null,\"note\":null,\"raw\":{\"x\":1}}");
}

static void assert_int_written(int64_t value, const char *expected)
{
    AUTO_BUF struct buf out = BUF_INIT;
    struct json_writer w;
    json_writer_init(&w, &out);
    json_int(&w, value);
    assert_string_equal(buf_text(&out), expected);
}

static void integers_are_whole(void **state)
{
    (void)state;
    assert_int_written(0, "0");
    assert_int_written(-1, "-1");
    assert_int_written(INT64_MAX, "9223372036854775807");
    assert_int_written(INT64_MIN, "-9223372036854775808");
}

static void assert_real_reads_back(double value)
{
    AUTO_BUF struct buf out = BUF_INIT;
    struct json_writer w;
    json_writer_init(&w, &out);
    json_double(&w, value);
    assert_true(strtod(buf_text(&out), NULL) == value);
}

static void reals_read_back_and_are_short(void **state)
{
    (void)state;
    const double values[] = { 0.1, 1.0 / 3, DBL_MAX, DBL_MIN, 1e21, -2.5, 123456789.123456789 };
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        assert_real_reads_back(values[i]);
    AUTO_BUF struct buf out = BUF_INIT;
    struct json_writer w;
    json_writer_init(&w, &out);
    json_array_begin(&w);
    json_double(&w, 0.1);
    json_double(&w, NAN);
    json_double(&w, INFINITY);
    json_array_finish(&w);
    assert_string_equal(buf_text(&out), "[0.1,null,null]");
}

static void assert_escaped(const char *text, size_t len, const char *expected)
{
    AUTO_BUF struct buf out = BUF_INIT;
    bool is_valid = json_escape(&out, text, len);
    assert_string_equal(buf_text(&out), expected);
    assert_int_equal(is_valid, strstr(expected, "\xef\xbf\xbd") == NULL);
}

static void escapes_what_json_asks_for(void **state)
{
    (void)state;
    assert_escaped("", 0, "\"\"");
    assert_escaped("a\"b\\c\n\t\r\b\f", 10, "\"a\\\"b\\\\c\\n\\t\\r\\b\\f\"");
    assert_escaped("\0\x01\x1f\x7f", 4, "\"\\u0000\\u0001\\u001f\\u007f\"");
    assert_escaped("é € 🔥", 11, "\"é € 🔥\"");
}

static void bytes_that_are_no_utf8_become_replacement_characters(void **state)
{
    (void)state;
    assert_escaped("a\xffz", 3, "\"a\xef\xbf\xbdz\"");
    assert_escaped("\xc3", 1, "\"\xef\xbf\xbd\"");
    assert_escaped("\xc0\x80", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\"");
    assert_escaped("\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

/* Every pair of bytes, read back by another's parser. */
static void any_two_bytes_give_valid_json(void **state)
{
    (void)state;
    AUTO_BUF struct buf out = BUF_INIT;
    for (int i = 0; i < 65536; i++) {
        char text[2] = { (char)(i >> 8), (char)(i & 255) };
        buf_clear(&out);
        json_escape(&out, text, 2);
        json_t *read = json_loadb(out.data, out.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        assert_non_null(read);
        json_decref(read);
    }
}

/* Eight bytes are looked at together: what needs an escape is found wherever it is among plain ones. */
static void every_character_is_read_back_from_every_place(void **state)
{
    (void)state;
    AUTO_BUF struct buf out = BUF_INIT;
    for (int byte = 1; byte < 128; byte++)
        for (size_t len = 1; len < 20; len++)
            for (size_t at = 0; at < len; at++) {
                char text[21];
                memset(text, 'a', len);
                text[at] = (char)byte;
                text[len] = '\0';
                buf_clear(&out);
                json_escape(&out, text, len);
                json_t *read = json_loadb(out.data, out.len, JSON_DECODE_ANY, NULL);
                assert_string_equal(json_string_value(read), text);
                json_decref(read);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_commas_by_itself),
        cmocka_unit_test(integers_are_whole),
        cmocka_unit_test(reals_read_back_and_are_short),
        cmocka_unit_test(escapes_what_json_asks_for),
        cmocka_unit_test(bytes_that_are_no_utf8_become_replacement_characters),
        cmocka_unit_test(any_two_bytes_give_valid_json),
        cmocka_unit_test(every_character_is_read_back_from_every_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
