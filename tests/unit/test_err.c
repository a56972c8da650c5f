#include "unit.h"

#include "base/err.h"

#include <string.h>

static void set_fills_and_returns_the_code(void **state)
{
    (void)state;
    struct err err;
    assert_int_equal(err_set(&err, ERR_TIMEOUT, "after %d ms", 250), ERR_TIMEOUT);
    assert_int_equal(err.code, ERR_TIMEOUT);
    assert_true(err.retryable);
    assert_string_equal(err.msg, "after 250 ms");
    assert_string_equal(err.field, "");
    assert_int_equal(err_set(NULL, ERR_IO, "nobody reads this"), ERR_IO);
}

static void a_message_may_quote_the_error_it_replaces(void **state)
{
    (void)state;
    struct err err;
    err_set(&err, ERR_IO, "disk full");
    err_set(&err, ERR_DB, "cannot commit: %s", err.msg);
    assert_string_equal(err.msg, "cannot commit: disk full");
    err_field(&err, "title", "too long: %s", err.msg);
    assert_string_equal(err.msg, "too long: cannot commit: disk full");
}

static void a_field_error_is_invalid_and_names_the_field(void **state)
{
    (void)state;
    struct err err;
    assert_int_equal(err_field(&err, "opts.headers[2]", "expected text"), ERR_INVALID);
    assert_string_equal(err.field, "opts.headers[2]");
    assert_false(err.retryable);
}

static void a_long_message_is_cut_and_stays_text(void **state)
{
    (void)state;
    char text[2000];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    struct err err;
    err_set(&err, ERR_LIMIT, "%s", text);
    assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
}

static void names_and_codes_are_each_others_inverse(void **state)
{
    (void)state;
    for (int code = ERR_BUG; code >= ERR_SCRIPT; code--) {
        assert_non_null(err_name(code));
        assert_int_equal(err_from_name(err_name(code)), code);
    }
    assert_string_equal(err_name(OK), "ok");
    assert_string_equal(err_name(-999), "bug");
    assert_string_equal(err_name(7), "bug");
    assert_int_equal(err_from_name("no such name"), ERR_BUG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_fills_and_returns_the_code),
        cmocka_unit_test(a_message_may_quote_the_error_it_replaces),
        cmocka_unit_test(a_field_error_is_invalid_and_names_the_field),
        cmocka_unit_test(a_long_message_is_cut_and_stays_text),
        cmocka_unit_test(names_and_codes_are_each_others_inverse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
