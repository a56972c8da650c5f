/* What is JSON and what is not, each judged by jansson too, and thousands of damaged documents on which both must
 * agree. */
#include "unit.h"

#include <stdint.h>
#include <string.h>

#include "../fuzz/json_tree.h"

enum { ROUNDS = 20000, MOST = 600, SEED = 11 };

static const char DOCUMENT[] =
    "{\"id\":42,\"title\":\"Checkout \\\"slow\\\" \\u00e9 \\ud83e\\uddef "
    "\xc3\xa9\",\"empty\":{},\"list\":[],"
    "\"numbers\":[0,-0,-12,1.5,2e3,-1E-2,9223372036854775807,-9223372036854775808],"
    "\"words\":[true,false,null],\"deep\":[[[{\"a\":[{}]}]]],\"control\":\"\\b\\f\\n\\r\\t\\/"
    "\\\\\\u0000\"}";

static void good_json_is_read_as_jansson_reads_it(void **state)
{
    (void)state;
    static const char *const GOOD[] = {
        DOCUMENT,
        "5",
        " [ 1 , 2 ] ",
        "\"\"",
        "null",
        "{\"a\":1,\"a\":2}",
        "[[],{}]",
        "-0.0",
        "1e-400",
        "\"\\u0041\"",
        "\"\\uD834\\uDD1E\"",
        "\t\r\n true",
        "1E+2",
        "-0",
        "[999999999999999999,-99999999999999999,1000000000000000000,-1000000000000000000]",
        "[100000000000000000,-9223372036854775807,1e18,-1e+17,0.5E-3]",
        "\"\x7f\"",
    };
    for (size_t i = 0; i < sizeof(GOOD) / sizeof(GOOD[0]); i++) {
        struct json_reader reader;
        json_t *tree = tree_read(&reader, GOOD[i], strlen(GOOD[i]));
        if (!tree)
            fail_msg("%s: %s", GOOD[i], reader.problem);
        json_decref(tree);
        assert_true(tree_agrees(GOOD[i], strlen(GOOD[i])));
    }
}

static void what_is_no_json_is_refused_with_the_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t at;
    } BAD[] = {
        { "", 0 },
        { "  ", 2 },
        { "{", 1 },
        { "[1,]", 3 },
        { "{\"a\":}", 5 },
        { "{\"a\"1}", 4 },
        { "{a:1}", 1 },
        { "[1 2]", 3 },
        { "01", 0 },
        { "1.", 0 },
        { "-", 0 },
        { "+1", 0 },
        { "nul", 0 },
        { "\"a", 2 },
        { "\"\\x\"", 1 },
        { "\"\\ud83e\"", 1 },
        { "\"\\udc00\"", 1 },
        { "\"\xff\"", 1 },
        { "\"\n\"", 1 },
        { "1 1", 2 },
        { "[}", 1 },
        { "{\"\\u0000\":1}", 9 },
        { "9223372036854775808", 0 },
        { "-9223372036854775809", 0 },
        { "1e999", 0 },
        { "1e", 0 },
        { "1e+", 0 },
        { "-x", 0 },
        { "1.e5", 0 },
        { "-01", 0 },
        { "'a'", 0 },
    };
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        struct json_reader reader;
        json_t *tree = tree_read(&reader, BAD[i].text, strlen(BAD[i].text));
        if (tree || reader.at != BAD[i].at)
            fail_msg("%s: %s at byte %zu", BAD[i].text, tree ? "read" : reader.problem, reader.at);
        assert_non_null(reader.problem);
        assert_true(tree_agrees(BAD[i].text, strlen(BAD[i].text)));
        assert_int_equal(json_reader_next(&reader), PIECE_BROKEN);
    }
}

static void nesting_and_numbers_have_bounds(void **state)
{
    (void)state;
    struct json_reader reader;
    char text[1000];
    memset(text, '[', 65);
    json_t *tree = tree_read(&reader, text, 65);
    assert_null(tree);
    assert_true(reader.is_too_deep);
    memset(text + 64, ']', 64);
    tree = tree_read(&reader, text, 128);
    assert_non_null(tree);
    json_decref(tree);
    memset(text, '1', sizeof(text));
    assert_null(tree_read(&reader, text, sizeof(text)));
    assert_string_equal(reader.problem, JSON_READER_LONG_NUMBER);
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Bytes that mean something to a reader of JSON come more often than others. */
static char damage(uint32_t *seed)
{
    static const char LIKELY[] = "{}[]\",:\\u0123e.-tfn \xc3\xa9\xed\xa0";
    uint32_t chance = next_random(seed);
    return chance % 4 ? LIKELY[next_random(seed) % (sizeof(LIKELY) - 1)] : (char)next_random(seed);
}

static void damaged_documents_are_judged_as_jansson_judges_them(void **state)
{
    (void)state;
    uint32_t seed = SEED;
    for (int round = 0; round < ROUNDS; round++) {
        char text[MOST];
        size_t len = sizeof(DOCUMENT) - 1;
        memcpy(text, DOCUMENT, len);
        for (uint32_t i = next_random(&seed) % 4; i < 4; i++)
            text[next_random(&seed) % len] = damage(&seed);
        if (next_random(&seed) % 4 == 0)
            len = next_random(&seed) % len;
        if (!tree_agrees(text, len))
            fail_msg("round %d: %.*s", round, (int)len, text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_json_is_read_as_jansson_reads_it),
        cmocka_unit_test(what_is_no_json_is_refused_with_the_place),
        cmocka_unit_test(nesting_and_numbers_have_bounds),
        cmocka_unit_test(damaged_documents_are_judged_as_jansson_judges_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
