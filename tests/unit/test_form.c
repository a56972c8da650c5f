#include "net/form.h"

#include "unit.h"

#include <string.h>

static void expect_field(const struct form *form, int index, const char *name, const char *value)
{
    assert_true(index < form->count);
    assert_string_equal(form->fields[index].name, name);
    assert_string_equal(form->fields[index].value, value);
}

static void test_fields_in_order_with_repeats(void **state)
{
    (void)state;
    struct form form;
    struct err err;
    static const char text[] = "a=1&b=two+words&a=%C3%A9%2B&&flag&=nameless&c==x=&";
    assert_int_equal(form_parse(text, sizeof(text) - 1, &form, &err), OK);
    assert_int_equal(form.count, 6);
    expect_field(&form, 0, "a", "1");
    expect_field(&form, 1, "b", "two words");
    expect_field(&form, 2, "a", "\xc3\xa9+");
    expect_field(&form, 3, "flag", "");
    expect_field(&form, 4, "", "nameless");
    expect_field(&form, 5, "c", "=x=");
    assert_string_equal(form_first(&form, "a")->value, "1");
    assert_string_equal(form_last(&form, "a")->value, "\xc3\xa9+");
    assert_null(form_first(&form, "d"));
    form_fini(&form);
}

static void test_broken_escapes_stay_as_they_are(void **state)
{
    (void)state;
    struct form form;
    struct err err;
    static const char text[] = "a=%&b=%4&c=%zz%41&%41%=100%";
    assert_int_equal(form_parse(text, sizeof(text) - 1, &form, &err), OK);
    expect_field(&form, 0, "a", "%");
    expect_field(&form, 1, "b", "%4");
    expect_field(&form, 2, "c", "%zzA");
    expect_field(&form, 3, "A%", "100%");
    form_fini(&form);
}

static void test_nuls_and_foreign_bytes_keep_their_length(void **state)
{
    (void)state;
    struct form form;
    struct err err;
    static const char text[] = "a=x%00y&b=\0raw\xff&c%00d=1";
    assert_int_equal(form_parse(text, sizeof(text) - 1, &form, &err), OK);
    assert_int_equal(form.count, 3);
    assert_int_equal(form.fields[0].value_len, 3);
    assert_memory_equal(form.fields[0].value, "x\0y", 4);
    assert_int_equal(form.fields[1].value_len, 5);
    assert_memory_equal(form.fields[1].value, "\0raw\xff", 6);
    /* A name with a NUL in it is not the name before the NUL. */
    assert_null(form_first(&form, "c"));
    form_fini(&form);
}

static void test_nothing_is_no_field(void **state)
{
    (void)state;
    struct form form;
    struct err err;
    assert_int_equal(form_parse(NULL, 0, &form, &err), OK);
    assert_int_equal(form.count, 0);
    form_fini(&form);
    assert_int_equal(form_parse("&&&", 3, &form, &err), OK);
    assert_int_equal(form.count, 0);
    form_fini(&form);
}

static void test_too_many_fields_are_refused(void **state)
{
    (void)state;
    AUTO_BUF struct buf text = BUF_INIT;
    struct form form;
    struct err err;
    for (int i = 0; i < FORM_MAX_FIELDS; i++)
        buf_puts(&text, i ? "&a=b" : "a=b");
    assert_int_equal(form_parse(text.data, text.len, &form, &err), OK);
    assert_int_equal(form.count, FORM_MAX_FIELDS);
    form_fini(&form);
    buf_puts(&text, "&a");
    assert_int_equal(form_parse(text.data, text.len, &form, &err), ERR_LIMIT);
    assert_int_equal(form.count, 0);
    assert_null(form.fields);
}

static void test_encode_and_back(void **state)
{
    (void)state;
    char bytes[256];
    for (int i = 0; i < 256; i++)
        bytes[i] = (char)i;
    AUTO_BUF struct buf text = BUF_INIT;
    url_encode(&text, bytes, sizeof(bytes));
    assert_int_equal(
        strspn(text.data, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-._~%"),
        text.len);
    assert_int_equal(url_decode(text.data, text.len, 1), 256);
    assert_memory_equal(text.data, bytes, 256);
    char plus[] = "a+b%2B";
    assert_int_equal(url_decode(plus, 6, 0), 4);
    assert_memory_equal(plus, "a+b+", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_in_order_with_repeats),
        cmocka_unit_test(test_broken_escapes_stay_as_they_are),
        cmocka_unit_test(test_nuls_and_foreign_bytes_keep_their_length),
        cmocka_unit_test(test_nothing_is_no_field),
        cmocka_unit_test(test_too_many_fields_are_refused),
        cmocka_unit_test(test_encode_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
