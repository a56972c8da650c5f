/* json_read: texts of many rows become the same Lua values as jansson's tree of them does, and damaged ones none. */
#include "unit.h"

#include "base/buf.h"
#include "base/json_reader.h"
#include "lua/lua_api.h"
#include "lua/lua_util.h"
#include "lua/state.h"

#include <lauxlib.h>
#include <stdint.h>
#include <string.h>

enum { ROUNDS = 1000, SEED = 5, NAMES = 90, DEPTH = 4, BUDGET_US = 5000000 };

static struct state *state;
static uint32_t seed;
static int unequal_round; /* 0: none */

static int set_up(void **context)
{
    (void)context;
    struct err err = { 0 };
    struct state_options options = { .kind = KIND_CORE };
    state = state_new(&options, &err);
    return state ? 0 : -1;
}

static int tear_down(void **context)
{
    (void)context;
    state_free(state);
    return 0;
}

static uint32_t below(uint32_t limit)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % limit;
}

/* ---- documents */

/* Names of all lengths around what is kept, more than are kept, some with escapes or in other alphabets. */
static void put_name(struct buf *out)
{
    static const char *const ODD[] = { "", "\\u0061", "\\n", "\xc3\xa9t\xc3\xa9", "a\\\"b" };
    uint32_t number = below(NAMES);
    buf_putc(out, '"');
    if (number < 5)
        buf_puts(out, ODD[number]);
    else
        for (uint32_t i = 0; i <= number % 40; i++)
            buf_putc(out, (char)('a' + (number + i * (number % 3)) % 26));
    buf_putc(out, '"');
}

static void put_leaf(struct buf *out)
{
    static const char *const LEAVES[] = {
        "0",
        "-0",
        "5",
        "5.0",
        "-12",
        "1e3",
        "0.1",
        "true",
        "false",
        "\"\"",
        "\"a text\"",
        "999999999999999999",
        "-99999999999999999",
        "1000000000000000000",
        "-1000000000000000000",
        "9223372036854775807",
        "-9223372036854775808",
        "\"\\u0000\\ud83e\\uddef\"",
        "{}",
        "[]",
    };
    buf_puts(out, LEAVES[below(sizeof(LEAVES) / sizeof(LEAVES[0]))]);
}

static void put_value(struct buf *out, int depth);

/* A name may come twice: the last one counts. null would leave the one before. */
static void put_object(struct buf *out, int depth)
{
    buf_putc(out, '{');
    for (uint32_t i = 0, count = below(8) ? below(14) : below(80); i < count; i++) {
        if (i > 0)
            buf_putc(out, ',');
        put_name(out);
        buf_putc(out, ':');
        put_value(out, depth + 1);
    }
    buf_putc(out, '}');
}

static void put_array(struct buf *out, int depth)
{
    buf_putc(out, '[');
    for (uint32_t i = 0, count = below(8) ? below(6) : below(80); i < count; i++) {
        if (i > 0)
            buf_putc(out, ',');
        if (below(9) == 0)
            buf_puts(out, "null");
        else
            put_value(out, depth + 1);
    }
    buf_putc(out, ']');
}

static void put_value(struct buf *out, int depth)
{
    uint32_t kind = below(5);
    if (depth == 0 || (kind == 0 && depth < DEPTH))
        put_object(out, depth);
    else if (kind == 1 && depth < DEPTH)
        put_array(out, depth);
    else
        put_leaf(out);
}

static void damage(struct buf *text)
{
    static const char LIKELY[] = "{}[]\",:\\u0123e.-tfn \xc3\xa9\xed";
    for (uint32_t i = below(4); i < 4; i++)
        text->data[below((uint32_t)text->len)] = LIKELY[below(sizeof(LIKELY) - 1)];
}

/* ---- both ways */

/* The JSON text of the value on top, which it pops. */
static void write_top(lua_State *L, struct lua_util_json_text *work)
{
    struct err err = { 0 };
    if (lua_util_write_json(L, lua_gettop(L), false, work, &err) != OK)
        luaL_error(L, "%s", err.msg);
    lua_pop(L, 1);
}

/* Is the text refused by both, or the same value for both? */
static bool is_agreed(lua_State *L, const struct buf *text)
{
    struct lua_util_json_text ours = { 0 }, theirs = { 0 };
    struct err err = { 0 };
    json_t *tree = json_loadb(text->data, text->len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    int top = lua_gettop(L);
    bool is_read = lua_util_read_json(L, text->data, text->len, &err) == OK;
    bool is_same = is_read == !!tree && lua_gettop(L) == top + is_read;
    if (is_same && is_read) {
        write_top(L, &ours);
        lua_util_push_json(L, tree);
        write_top(L, &theirs);
        is_same = strcmp(buf_text(&ours.text), buf_text(&theirs.text)) == 0;
    }
    lua_util_json_text_fini(&ours);
    lua_util_json_text_fini(&theirs);
    json_decref(tree);
    return is_same;
}

static int compare_all(lua_State *L)
{
    struct buf text = BUF_INIT;
    for (int round = 1; round <= ROUNDS && !unequal_round; round++) {
        buf_clear(&text);
        put_value(&text, 0);
        if (!is_agreed(L, &text))
            unequal_round = round;
        damage(&text);
        if (!is_agreed(L, &text))
            unequal_round = round;
    }
    buf_fini(&text);
    return 0;
}

static void values_are_those_of_janssons_tree(void **context)
{
    (void)context;
    struct err err = { 0 };
    seed = SEED;
    unequal_round = 0;
    if (state_pcall(state, compare_all, NULL, BUDGET_US, &err) != OK)
        fail_msg("%s", err.msg);
    assert_int_equal(unequal_round, 0);
}

/* ---- deep texts, which take much of the stack */

static int read_deep(lua_State *L)
{
    char text[2 * JSON_READER_DEPTH + 2];
    struct err err = { 0 };
    memset(text, '[', JSON_READER_DEPTH);
    memset(text + JSON_READER_DEPTH, ']', JSON_READER_DEPTH);
    for (int i = 0; i < 100; i++) {
        if (lua_util_read_json(L, text, 2 * JSON_READER_DEPTH, &err) != OK)
            return luaL_error(L, "%s", err.msg);
        lua_pop(L, 1);
    }
    memset(text, '[', sizeof(text));
    if (lua_util_read_json(L, text, sizeof(text), &err) != ERR_LIMIT)
        return luaL_error(L, "deeper than allowed, and read");
    return 0;
}

static void nesting_has_a_bound(void **context)
{
    (void)context;
    struct err err = { 0 };
    if (state_pcall(state, read_deep, NULL, BUDGET_US, &err) != OK)
        fail_msg("%s", err.msg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(values_are_those_of_janssons_tree, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nesting_has_a_bound, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
