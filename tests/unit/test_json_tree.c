/* json_tree: what jansson makes of a text, and nothing of what jansson refuses. */
#include "unit.h"

#include "base/json_tree.h"
#include "base/json_writer.h"

#include <stdlib.h>
#include <string.h>

static void assert_same(const char *text)
{
    json_t *wanted = json_loadb(text, strlen(text), 0, NULL);
    json_t *tree = json_tree(text, strlen(text));
    if (!wanted != !tree || (wanted && !json_equal(wanted, tree)))
        fail_msg("%s: %s", text, tree ? "something else" : "refused");
    json_decref(wanted);
    json_decref(tree);
}

static void makes_what_jansson_makes(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {
        "{}",
        "[]",
        " [ 1 , -2 , 9223372036854775807 , 1.5 , -1e-3 , true , false , null ] ",
        "{\"a\":{\"b\":[[],{},[{\"c\":\"d\"}]]},\"\":\"\",\"a b\":1}",
        "{\"a\":1,\"a\":2}",
        "[\"\\u00e9\\n\\\"\\\\\\/\\ud83d\\ude00\",\"\xc3\xa9\xf0\x9f\x98\x80\"]",
        "{\"\\u00e9\\n\":1,\"\\u0061\":2}",
    };
    for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
        assert_same(TEXTS[i]);
        json_t *tree = json_tree(TEXTS[i], strlen(TEXTS[i]));
        assert_non_null(tree);
        json_decref(tree);
    }
}

static void refuses_what_jansson_refuses(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {
        "",
        "7",
        "\"a\"",
        "null",
        "{",
        "[",
        "}",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":}",
        "{\"a\":1",
        "{\"a\":1,",
        "{\"a\":1,}",
        "{a:1}",
        "[1]]",
        "[1] 2",
        "{} {}",
        "[01]",
        "[1.]",
        "[nul]",
        "[\"a]",
        "[\"\\x\"]",
        "[\"\\ud83d\"]",
        "[\"\\u0000\"]",
        "[\"\xff\"]",
        "[\"\n\"]",
        "{\"\\u0000\":1}",
        "[9223372036854775808]",
        "[1e999]",
        "{\"a\":[{\"b\":\"\\u0000\"}]}",
    };
    for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
        assert_same(TEXTS[i]);
        assert_null(json_tree(TEXTS[i], strlen(TEXTS[i])));
    }
}

/* Every beginning of a text is refused, and nothing of it leaks. */
static void refuses_what_was_cut_off(void **state)
{
    (void)state;
    static const char TEXT[] = "{\"a\":[1,{\"b\\n\":\"c\\u00e9\"},[true,null]],\"d\":{\"e\":1.5}}";
    for (size_t len = 0; len < strlen(TEXT); len++)
        assert_null(json_tree(TEXT, len));
    assert_same(TEXT);
}

static void refuses_what_is_too_deep(void **state)
{
    (void)state;
    enum { DEEP = 100000 };
    char *text = malloc(DEEP);
    memset(text, '[', DEEP);
    assert_null(json_tree(text, DEEP));
    free(text);
}

static void assert_written_back(const char *text)
{
    json_t *tree = json_loads(text, JSON_DECODE_ANY, NULL);
    AUTO_BUF struct buf out = BUF_INIT;
    struct json_writer w;
    assert_non_null(tree);
    json_writer_init(&w, &out);
    json_tree_write(&w, tree);
    char *expected = json_dumps(tree, JSON_COMPACT | JSON_ENCODE_ANY);
    assert_string_equal(buf_text(&out), expected);
    free(expected);
    json_decref(tree);
}

static void writes_what_jansson_writes(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {
        "{}",
        "[]",
        "null",
        "[true,false,null,0,-7,9223372036854775807,5.0,-0.5,1e300,0.1]",
        "\"a \\\" \\\\ \\n \\u0001 / \u00e9 \xf0\x9f\x94\xa5\"",
        "{\"a\":{\"b\":[1,{\"c\":[]}]},\"\":\"\",\"d\\\"e\":[[[[]]]]}",
    };
    for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++)
        assert_written_back(TEXTS[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_what_jansson_makes),
        cmocka_unit_test(refuses_what_jansson_refuses),
        cmocka_unit_test(refuses_what_was_cut_off),
        cmocka_unit_test(refuses_what_is_too_deep),
        cmocka_unit_test(writes_what_jansson_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
