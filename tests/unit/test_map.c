#include "unit.h"

#include "base/map.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int freed;

static void count_free(void *value)
{
    freed++;
    free(value);
}

static void finds_what_was_put(void **state)
{
    (void)state;
    freed = 0;
    struct map *map = map_new(count_free);
    map_put(map, "one", xstrdup("1"));
    map_put(map, "", xstrdup("empty"));
    assert_string_equal(map_get(map, "one"), "1");
    assert_string_equal(map_get(map, ""), "empty");
    assert_null(map_get(map, "two"));
    map_put(map, "one", xstrdup("uno"));
    assert_int_equal(freed, 1);
    assert_string_equal(map_get(map, "one"), "uno");
    assert_int_equal(map_count(map), 2);
    map_free(map);
    assert_int_equal(freed, 3);
    map_free(NULL);
}

static void taking_does_not_free(void **state)
{
    (void)state;
    freed = 0;
    struct map *map = map_new(count_free);
    map_put(map, "key", xstrdup("value"));
    char *value = map_take(map, "key");
    assert_string_equal(value, "value");
    assert_null(map_take(map, "key"));
    assert_false(map_remove(map, "key"));
    assert_int_equal(freed, 0);
    free(value);
    map_free(map);
}

/* A plain array is the model; random puts and removals must leave both the same. */
static void behaves_like_its_model(void **state)
{
    (void)state;
    enum { KEYS = 500, STEPS = 50000 };
    static int model[KEYS];
    memset(model, 0, sizeof(model));
    struct map *map = map_new(NULL);
    static int values[KEYS];
    size_t count = 0;
    unsigned random = 12345;
    for (int step = 0; step < STEPS; step++) {
        random = random * 1103515245u + 12345u;
        int which = (int)(random >> 8) % KEYS;
        char key[32];
        snprintf(key, sizeof(key), "key-%d", which);
        if (random >> 30) {
            map_put(map, key, &values[which]);
            count += !model[which];
            model[which] = 1;
        } else {
            assert_int_equal(map_remove(map, key), model[which]);
            count -= (size_t)model[which];
            model[which] = 0;
        }
        assert_int_equal(map_count(map), count);
    }
    for (int which = 0; which < KEYS; which++) {
        char key[32];
        snprintf(key, sizeof(key), "key-%d", which);
        assert_ptr_equal(map_get(map, key), model[which] ? (void *)&values[which] : NULL);
    }
    map_free(map);
}

static void steps_through_each_entry_once(void **state)
{
    (void)state;
    enum { COUNT = 1000 };
    static int seen[COUNT];
    memset(seen, 0, sizeof(seen));
    struct map *map = map_new(NULL);
    for (int i = 0; i < COUNT; i++) {
        char key[32];
        snprintf(key, sizeof(key), "%d", i);
        map_put(map, key, &seen[i]);
    }
    size_t cursor = 0;
    const char *key;
    void *value;
    while (map_each(map, &cursor, &key, &value)) {
        assert_ptr_equal(value, &seen[atoi(key)]);
        ++*(int *)value;
    }
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(seen[i], 1);
    map_free(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_was_put),
        cmocka_unit_test(taking_does_not_free),
        cmocka_unit_test(behaves_like_its_model),
        cmocka_unit_test(steps_through_each_entry_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
