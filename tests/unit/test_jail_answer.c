/* jail_answer: what a jail that was taken over may say, and what comes of it. */
#include "unit.h"

#include "lua/jail_answer.h"

#include <stdlib.h>
#include <string.h>

/* The rows as JSON text, or what is wrong. */
static char *read_answer(const char *text)
{
    json_t *answer = json_loads(text, 0, NULL), *name = json_string("mine"), *people = json_array();
    assert_non_null(answer);
    const char *problem = jail_answer_people(answer, name, people);
    if (problem)
        assert_int_equal(json_array_size(people), 0);
    char *told = problem ? strdup(problem) : json_dumps(people, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(answer);
    json_decref(name);
    json_decref(people);
    return told;
}

static void assert_told(const char *text, const char *wanted)
{
    char *told = read_answer(text);
    assert_string_equal(told, wanted);
    free(told);
}

static void each_has_the_reason_of_its_group(void **state)
{
    (void)state;
    assert_told("{\"reasons\":[\"r0\",\"r1\"],\"people\":[[1,7,\"a\",\"b\"],[0,0,\"c\"]]}",
                "[{\"person_id\":\"a\",\"reason\":\"r1\",\"source_line\":7,\"strategy\":\"mine\"},"
                "{\"person_id\":\"b\",\"reason\":\"r1\",\"source_line\":7,\"strategy\":\"mine\"},"
                "{\"person_id\":\"c\",\"reason\":\"r0\",\"strategy\":\"mine\"}]");
    assert_told("{\"reasons\":[],\"people\":[]}", "[]");
}

static void a_lie_is_refused_as_a_whole(void **state)
{
    (void)state;
    static const char *const LIES[] = {
        "{}",
        "{\"reasons\":[\"r\"],\"people\":7}",
        "{\"reasons\":[\"r\"],\"people\":[[0,1,\"a\"],7]}",
        "{\"reasons\":[\"r\"],\"people\":[[0,1,\"a\"],[0]]}",
        "{\"reasons\":[\"r\"],\"people\":[[0,1,\"a\",7]]}",
        "{\"reasons\":[\"r\"],\"people\":[[0,1,\"a\",null]]}",
        "{\"reasons\":[\"r\"],\"people\":[[1,1,\"a\"]]}",
        "{\"reasons\":[\"r\"],\"people\":[[-1,1,\"a\"]]}",
        "{\"reasons\":[\"r\"],\"people\":[[\"0\",1,\"a\"]]}",
        "{\"reasons\":[\"r\"],\"people\":[[0,\"1\",\"a\"]]}",
        "{\"reasons\":[7],\"people\":[[0,1,\"a\"]]}",
        "{\"people\":[[0,1,\"a\"]]}",
    };
    for (size_t i = 0; i < sizeof(LIES) / sizeof(LIES[0]); i++)
        assert_told(LIES[i], "gave no answer that can be understood");
}

/* <groups> of <ids> people each. */
static char *tell_many(int groups, int ids)
{
    json_t *people = json_array();
    for (int i = 0; i < groups; i++) {
        json_t *group = json_pack("[ii]", 0, 1);
        for (int n = 0; n < ids; n++)
            json_array_append_new(group, json_string("a"));
        json_array_append_new(people, group);
    }
    json_t *answer = json_pack("{s[s] so}", "reasons", "r", "people", people);
    char *text = json_dumps(answer, JSON_COMPACT);
    json_decref(answer);
    char *told = read_answer(text);
    free(text);
    return told;
}

static void too_many_are_refused_however_they_come(void **state)
{
    (void)state;
    static const int SIZES[][2] = { { 1, 20001 }, { 20001, 1 }, { 201, 100 }, { 20001, 0 } };
    for (size_t i = 0; i < sizeof(SIZES) / sizeof(SIZES[0]); i++) {
        char *told = tell_many(SIZES[i][0], SIZES[i][1]);
        assert_string_equal(told, "names more than 20000 people");
        free(told);
    }
    char *told = tell_many(200, 100);
    assert_int_equal(told[0], '[');
    free(told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_has_the_reason_of_its_group),
        cmocka_unit_test(a_lie_is_refused_as_a_whole),
        cmocka_unit_test(too_many_are_refused_however_they_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
