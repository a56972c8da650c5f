/* state: what scripts cannot do, and that nothing they do outlives their budget. */
#include "unit.h"

#include "base/clock.h"
#include "base/mem.h"
#include "lua/lua_api.h"
#include "lua/snapshot.h"
#include "lua/state.h"

#include <lauxlib.h>
#include <string.h>
#include <unistd.h>

static struct state *state;
static struct err err;

static int set_up(void **context)
{
    (void)context;
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

static int run_text(lua_State *L)
{
    const char *text = lua_touserdata(L, 1);
    state_load_text(L, "test.lua", text, strlen(text));
    lua_call(L, 0, 0);
    return 0;
}

static int run(const char *text)
{
    err = (struct err){ 0 };
    return state_pcall(state, run_text, (void *)text, 50000, &err);
}

static void assert_fails(const char *text, int code, const char *words)
{
    int rc = run(text);
    if (rc != code || !strstr(err.msg, words))
        fail_msg("%s: got %s \"%s\", wanted %s with \"%s\"", text, err_name(rc), err.msg,
                 err_name(code), words);
}

static void libraries_are_allow_listed(void **context)
{
    (void)context;
    static const char *const UNWANTED[] = {
        "io",     "os",       "package", "debug",          "coroutine", "load",
        "dofile", "loadfile", "print",   "collectgarbage", "rawset",    "_G"
    };
    for (size_t i = 0; i < sizeof(UNWANTED) / sizeof(UNWANTED[0]); i++) {
        AUTO_FREE char *text = xasprintf("local x = %s", UNWANTED[i]);
        AUTO_FREE char *words = xasprintf("test.lua:1: unknown global `%s`", UNWANTED[i]);
        assert_fails(text, ERR_SCRIPT, words);
    }
    assert_fails("string.dump(require)", ERR_SCRIPT, "nil value (field 'dump')");
    assert_int_equal(run("assert(('x'):rep(3) == 'xxx' and math.max(1, 2) == 2 and utf8.char(8364) "
                         "and table.concat{})"),
                     OK);
}

static void globals_and_libraries_cannot_be_changed(void **context)
{
    (void)context;
    assert_fails("\nfoo = 1", ERR_SCRIPT, "test.lua:2: assignment to global `foo`");
    assert_fails("string.rep = nil", ERR_SCRIPT, "`rep` cannot be changed");
    assert_fails("getmetatable('').__index = {}", ERR_SCRIPT,
                 "test.lua:1: attempt to index a boolean value");
}

static void finalizers_are_refused(void **context)
{
    (void)context;
    assert_fails("setmetatable({}, { __gc = function() while true do end end })", ERR_SCRIPT,
                 "__gc");
    assert_fails("setmetatable(setmetatable({}, { __metatable = 1 }), {})", ERR_SCRIPT,
                 "protected metatable");
    assert_int_equal(run("local t = setmetatable({}, { __index = { a = 1 } }) assert(t.a == 1)"),
                     OK);
}

static void bytecode_is_refused(void **context)
{
    (void)context;
    assert_fails("\x1bLua", ERR_SYNTAX, "attempt to load a binary chunk");
    assert_fails("local x =", ERR_SYNTAX, "test.lua:1: unexpected symbol");
}

static void loops_end_at_the_budget(void **context)
{
    (void)context;
    static const char *const LOOPS[] = {
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "while true do xpcall(function() while true do end end, function() while true do end end) "
        "end",
        "table.sort({ 3, 2, 1 }, function() while true do pcall(function() while true do end end) "
        "end end)",
        "('a'):gsub('a', function() while true do end end)",
        "while true do pcall(string.find, ('a'):rep(5000), ('a-'):rep(8) .. 'b') end",
        "while true do pcall(string.gsub, ('a'):rep(28), ('a?'):rep(28) .. ('a'):rep(29), '') end",
        "local function f() return f() end f()",
        "do local x <close> = setmetatable({}, { __close = function() while true do end end }) end",
    };
    for (size_t i = 0; i < sizeof(LOOPS) / sizeof(LOOPS[0]); i++) {
        int64_t start_us = clock_mono_us();
        assert_fails(LOOPS[i], ERR_LIMIT, "test.lua:1: used more than 50 ms of CPU time");
        assert_true(clock_mono_us() - start_us < 2000000);
        assert_int_equal(run("local x = 1"), OK);
    }
}

/* As on_count() may, just when the time is up. */
static int loop_behind_a_lost_hook(lua_State *L)
{
    while (!lua_gethook(L))
        ;
    lua_sethook(L, NULL, 0, 0);
    return run_text(L);
}

/* It would run for ever. */
static void a_loop_ends_though_its_hook_was_lost(void **context)
{
    (void)context;
    alarm(60);
    int rc = state_pcall(state, loop_behind_a_lost_hook, "while true do end", 50000, &err);
    alarm(0);
    assert_int_equal(rc, ERR_LIMIT);
    assert_true(state_was_killed(state));
}

static int load_twice(lua_State *L)
{
    const bool *is_kept = lua_touserdata(L, 1);
    state_keep_chunks(L, *is_kept);
    state_load_text(L, "a.lua", "return 1", 8);
    state_load_text(L, "b.lua", "return 1", 8);
    state_load_text(L, "a.lua", "return 1", 8);
    assert_int_equal(lua_rawequal(L, -1, -3), *is_kept);
    assert_false(lua_rawequal(L, -1, -2));
    state_keep_chunks(L, false);
    state_load_text(L, "a.lua", "return 1", 8);
    assert_false(lua_rawequal(L, -1, -2));
    return 0;
}

static void a_kept_chunk_is_compiled_once(void **context)
{
    (void)context;
    for (int i = 0; i < 2; i++) {
        bool is_kept = i == 1;
        assert_int_equal(state_pcall(state, load_twice, &is_kept, 0, &err), OK);
    }
}

static void memory_ends_at_the_cap(void **context)
{
    (void)context;
    assert_fails("table.insert(setmetatable({}, { __len = function() return 1 << 60 end }), 1, 1)",
                 ERR_SCRIPT, "the table is too long");
    assert_fails("table.remove(setmetatable({}, { __len = function() return 1 << 60 end }), 1)",
                 ERR_SCRIPT, "the table is too long");
    assert_int_equal(run("assert((''):rep(1 << 62) == '' and ('a'):rep(2, ',') == 'a,a')"), OK);
    assert_fails("table.move({}, 1, 1 << 60, 2)", ERR_SCRIPT, "too many elements");
    assert_fails("('a'):rep(28):find(('a?'):rep(28) .. ('a'):rep(29))", ERR_SCRIPT,
                 "takes too long");
    assert_fails("local x = ('x'):rep(1 << 30)", ERR_LIMIT,
                 "not enough memory: all that scripts hold may take 64 MB");
    assert_fails("local t = {} for i = 1, 1e9 do t[i] = {} end", ERR_LIMIT, "");
    assert_true(state_memory_used(state) <= (size_t)STATE_MEMORY_CAP + (64 << 10));
    size_t full = state_memory_used(state);
    assert_int_equal(run("local x = ('x'):rep(1 << 20)"), OK);
    assert_true(state_memory_used(state) < full / 2);
}

static void endless_recursion_ends(void **context)
{
    (void)context;
    int rc =
        state_pcall(state, run_text, "local function f() return 1 + f() end f()", 5000000, &err);
    assert_true(rc == ERR_SCRIPT ||
                rc == ERR_LIMIT); /* the stack's size or the memory, whichever is reached first */
    assert_int_equal(run("local x = 1"), OK);
}

static void error_values_have_a_text_and_a_place(void **context)
{
    (void)context;
    assert_fails("\n\nerror('broken')", ERR_SCRIPT, "test.lua:3: broken");
    assert_fails("error { message = 'as a table' }", ERR_SCRIPT, "test.lua:1: as a table");
    assert_fails("error(nil)", ERR_SCRIPT, "error value without a text");
    run("local function inner() error 'x' end\nlocal function outer() inner() end\nouter()");
    assert_non_null(strstr(state_traceback(state), "test.lua:2"));
}

static void xpcall_hands_the_error_to_its_handler(void **context)
{
    (void)context;
    assert_int_equal(run("local ok, a, b = xpcall(function(x, y) return x, y end, error, 1, 2) "
                         "assert(ok and a == 1 and b == 2)"),
                     OK);
    assert_int_equal(run("local ok, a = xpcall(error, function(e) return e .. '!' end, 'x') "
                         "assert(not ok and a == 'x!')"),
                     OK);
    assert_int_equal(run("local ok, a = xpcall(error, function() error({}) end, 'x') assert(not ok "
                         "and type(a) == 'table')"),
                     OK);
}

static void modules_are_given_by_kind(void **context)
{
    (void)context;
    struct state_options options = { .kind = KIND_INVITE };
    assert_int_equal(run("local task = require 'engine.task' assert(task.sleep)"), OK);
    assert_fails("require('engine.task').sleep = 1", ERR_SCRIPT, "engine.task cannot be changed");
    assert_fails("require 'engine.nothing'", ERR_SCRIPT, "there is no module \"engine.nothing\"");
    assert_fails("require('engine.task').sleep(1)", ERR_SCRIPT,
                 "task.sleep cannot be used while loading");
    struct state *core = state;
    state = state_new(&options, &err);
    assert_fails("require 'engine.http'", ERR_SCRIPT, "not available to invite strategies");
    state_free(state);
    state = core;
}

static void files_are_required_once(void **context)
{
    (void)context;
    json_t *files =
        json_pack("{ss ss ss ss}", "scripts/a/one.lua", "return { count = 0 }", "scripts/a/two.lua",
                  "local one = require 'a.one' one.count = one.count + 1 return one",
                  "scripts/ring.lua", "return require 'ring'", "scripts/silent.lua", "local x = 1");
    struct snapshot *snapshot = snapshot_from_json(files, &err);
    struct state_options options = { .kind = KIND_CORE, .snapshot = snapshot };
    struct state *plain = state;
    state = state_new(&options, &err);
    assert_int_equal(run("require 'a.two' require 'a.two' assert(require('a.one').count == 1)"),
                     OK);
    assert_fails("require 'ring'", ERR_SCRIPT, "requires itself");
    assert_fails("require 'silent'", ERR_SCRIPT, "scripts/silent.lua returns nothing");
    assert_fails("require 'a.three'", ERR_SCRIPT,
                 "no module \"a.three\" (no file scripts/a/three.lua)");
    assert_fails("require '../secret'", ERR_SCRIPT, "there is no module");
    state_free(state);
    state = plain;
    snapshot_unref(snapshot);
    json_decref(files);
}

/* ---- going back */

/* A state of the jail's kind with one module, kept. */
static struct snapshot *begin_kept(void)
{
    json_t *files = json_pack("{ss}", "scripts/memory.lua", "return {}");
    struct snapshot *snapshot = snapshot_from_json(files, &err);
    json_decref(files);
    assert_non_null(snapshot);
    const struct state_options options = {
        .kind = KIND_INVITE, .snapshot = snapshot, .memory_cap = 1 << 20, .is_kept = true
    };
    state_free(state);
    state = state_new(&options, &err);
    assert_non_null(state);
    state_keep(state);
    return snapshot;
}

static const char LEAVES[] = "local memory = require('memory')\n"
                             "assert(#memory == 0)\n"
                             "for i = 1, 100 do memory[i] = ('x'):rep(i * 20) .. i end\n";

static void a_state_goes_back_to_what_was_kept(void **context)
{
    (void)context;
    struct snapshot *snapshot = begin_kept();
    size_t used = state_memory_used(state);
    for (int round = 0; round < 20; round++) {
        if (run(LEAVES) != OK)
            fail_msg("%s", err.msg);
        assert_true(state_memory_used(state) > used + 100000);
        assert_true(state_rewind(state));
        assert_int_equal(state_memory_used(state), used);
    }
    assert_fails("local all = {} for i = 1, 1e9 do all[i] = ('x'):rep(i) end", ERR_LIMIT, "memory");
    assert_true(state_rewind(state));
    assert_fails("while true do end", ERR_LIMIT, "more than");
    assert_true(state_rewind(state));
    assert_fails("local function f() return 1 + f() end f()", ERR_LIMIT, "memory");
    assert_true(state_rewind(state));
    assert_int_equal(state_memory_used(state), used);
    assert_int_equal(run(LEAVES), OK);
    snapshot_unref(snapshot);
}

static void a_state_with_finalizers_does_not_go_back(void **context)
{
    (void)context;
    struct snapshot *snapshot = begin_kept();
    assert_int_equal(run("require('engine.json').encode({ 1, 2 })"), OK);
    assert_false(state_rewind(state)); /* what the module holds is given back by tear_down() */
    snapshot_unref(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(libraries_are_allow_listed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(globals_and_libraries_cannot_be_changed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(finalizers_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bytecode_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_kept_chunk_is_compiled_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(loops_end_at_the_budget, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_loop_ends_though_its_hook_was_lost, set_up, tear_down),
        cmocka_unit_test_setup_teardown(memory_ends_at_the_cap, set_up, tear_down),
        cmocka_unit_test_setup_teardown(endless_recursion_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(error_values_have_a_text_and_a_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(xpcall_hands_the_error_to_its_handler, set_up, tear_down),
        cmocka_unit_test_setup_teardown(modules_are_given_by_kind, set_up, tear_down),
        cmocka_unit_test_setup_teardown(files_are_required_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_state_goes_back_to_what_was_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_state_with_finalizers_does_not_go_back, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
