#include "unit.h"

#include "base/utf8.h"

#include <string.h>

#define VALID(text) utf8_is_valid(text, sizeof(text) - 1)

static void knows_well_formed_text(void **state)
{
    (void)state;
    assert_true(VALID(""));
    assert_true(VALID("plain"));
    assert_true(VALID("a\0b"));
    assert_true(VALID("é€🔥"));
    assert_true(VALID("\xed\x9f\xbf\xee\x80\x80"));
    assert_true(VALID("\xf4\x8f\xbf\xbf"));
}

static void refuses_what_is_not(void **state)
{
    (void)state;
    assert_false(VALID("\x80"));
    assert_false(VALID("\xc3"));
    assert_false(VALID("\xc3x"));
    assert_false(VALID("\xe2\x82"));
    assert_false(VALID("\xc0\x80")); /* overlong */
    assert_false(VALID("\xe0\x9f\xbf"));
    assert_false(VALID("\xf0\x8f\xbf\xbf"));
    assert_false(VALID("\xed\xa0\x80"));     /* a surrogate */
    assert_false(VALID("\xf4\x90\x80\x80")); /* past U+10FFFF */
    assert_false(VALID("\xff"));
}

/* Texts are read eight bytes at a time while they are ASCII. */
static void finds_the_one_byte_wherever_it_is(void **state)
{
    (void)state;
    char text[40];
    for (size_t len = 1; len <= sizeof(text); len++)
        for (size_t at = 0; at < len; at++) {
            memset(text, 'x', sizeof(text));
            text[at] = '\xff';
            assert_false(utf8_is_valid(text, len));
            assert_int_equal(utf8_length(text, len), len);
            assert_true(utf8_is_valid(text, at));
            if (at + 1 == len)
                continue;
            memcpy(text + at, "é", 2);
            assert_true(utf8_is_valid(text, len));
            assert_int_equal(utf8_length(text, len), len - 1);
        }
}

static void counts_code_points(void **state)
{
    (void)state;
    assert_int_equal(utf8_length("", 0), 0);
    assert_int_equal(utf8_length("é€🔥x", strlen("é€🔥x")), 4);
    assert_int_equal(utf8_length("a\xff\xffz", 4), 4);
}

static void cuts_between_code_points(void **state)
{
    (void)state;
    const char *text = "é€🔥x";
    size_t len = strlen(text);
    assert_int_equal(utf8_cut(text, len, 0), 0);
    assert_int_equal(utf8_cut(text, len, 1), 2);
    assert_int_equal(utf8_cut(text, len, 2), 5);
    assert_int_equal(utf8_cut(text, len, 3), 9);
    assert_int_equal(utf8_cut(text, len, 4), 10);
    assert_int_equal(utf8_cut(text, len, 400), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_well_formed_text),
        cmocka_unit_test(refuses_what_is_not),
        cmocka_unit_test(finds_the_one_byte_wherever_it_is),
        cmocka_unit_test(counts_code_points),
        cmocka_unit_test(cuts_between_code_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
