/* Values that scripts keep: types, end of life, and the promise of put_new. */
#include "core_fixture.h"

static void assert_value(struct fixture *fixture, const char *key, const char *expected)
{
    char args[100];
    snprintf(args, sizeof(args), "{'scope':'s','key':'%s'}", key);
    json_t *value = run(fixture, "kv.get", args);
    json_t *wanted = parse(expected);
    assert_true(json_equal(value, wanted));
    json_decref(value);
    json_decref(wanted);
}

static bool is_new(struct fixture *fixture, const char *args)
{
    json_t *answer = run(fixture, "kv.put_new", args);
    bool result = bool_at(answer, "is_new");
    json_decref(answer);
    return result;
}

static void keeps_any_json(void **state)
{
    static const char *const VALUES[] = { "null",   "false", "0",  "9007199254740993",
                                          "'text'", "[]",    "{}", "{'a':[1,2,{'b':'ü'}]}" };
    for (size_t i = 0; i < sizeof(VALUES) / sizeof(VALUES[0]); i++) {
        char args[200];
        snprintf(args, sizeof(args), "{'scope':'s','key':'k','value':%s}", VALUES[i]);
        run_quietly(*state, "kv.put", args);
        assert_value(*state, "k", VALUES[i]);
    }
    run_quietly(*state, "kv.delete", "{'scope':'s','key':'k'}");
    assert_value(*state, "k", "null");
    run_quietly(*state, "kv.delete", "{'scope':'s','key':'k'}");
}

static void values_expire(void **state)
{
    struct fixture *fixture = *state;
    clock_set_ms(1000000);
    run_quietly(fixture, "kv.put", "{'scope':'s','key':'short','value':1,'ttl_ms':1000}");
    run_quietly(fixture, "kv.put", "{'scope':'s','key':'long','value':2}");
    clock_set_ms(1000999);
    assert_value(fixture, "short", "1");
    clock_set_ms(1001000);
    assert_value(fixture, "short", "null");
    assert_value(fixture, "long", "2");
    json_t *answer = run(fixture, "kv.purge", "{}");
    assert_int_equal(int_at(answer, "count"), 1);
    json_decref(answer);
}

static void put_new_is_new_once(void **state)
{
    struct fixture *fixture = *state;
    clock_set_ms(1000000);
    assert_true(is_new(fixture, "{'scope':'seen','key':'e1','value':1,'ttl_ms':500}"));
    assert_false(is_new(fixture, "{'scope':'seen','key':'e1','value':2,'ttl_ms':500}"));
    clock_set_ms(1000500);
    assert_true(is_new(fixture, "{'scope':'seen','key':'e1','value':3}"));
    clock_set_ms(INT64_C(9000000000000));
    assert_false(is_new(fixture, "{'scope':'seen','key':'e1','value':4}"));
}

static void refuses_what_it_cannot_keep(void **state)
{
    struct fixture *fixture = *state;
    refuse(fixture, "kv.put", "{'scope':'s','key':'k'}", ERR_INVALID, "value");
    refuse(fixture, "kv.put", "{'scope':'','key':'k','value':1}", ERR_INVALID, "scope");
    refuse(fixture, "kv.put", "{'scope':'s','key':'k','value':'\\u0000'}", ERR_INVALID, "value");
    refuse(fixture, "kv.put", "{'scope':'s','key':'k','value':1,'ttl_ms':0}", ERR_INVALID,
           "ttl_ms");
    json_t *deep = json_array();
    for (int i = 0; i < 100; i++) {
        json_t *outer = json_array();
        json_array_append_new(outer, deep);
        deep = outer;
    }
    json_t *args = json_pack("{s:s, s:s, s:o}", "scope", "s", "key", "k", "value", deep);
    assert_null(run_json(fixture, NULL, "kv.put", args));
    assert_string_equal(fixture->err.field, "value");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_EMPTY(keeps_any_json),
        TEST_EMPTY(values_expire),
        TEST_EMPTY(put_new_is_new_once),
        TEST_EMPTY(refuses_what_it_cannot_keep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
