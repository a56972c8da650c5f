/* test_runner: what passes passes, and everything else is counted as failed. */
#include "script_fixture.h"

#include "lua/test_runner.h"

static int set_up(void **context)
{
    (void)context;
    make_root();
    AUTO_FREE char *harness = realpath("scripts/test", NULL);
    AUTO_FREE char *link = xasprintf("%s/scripts/test", root);
    assert_non_null(harness);
    assert_int_equal(symlink(harness, link), 0);
    return 0;
}

static int tear_down(void **context)
{
    (void)context;
    remove_root();
    return 0;
}

static struct test_outcome run(const char *only)
{
    AUTO_FREE char *folder = xasprintf("%s/tests", root);
    const struct test_options options = {
        .root = root, .config_path = config_path, .folder = folder, .only = only
    };
    struct test_outcome outcome;
    struct err err = { 0 };
    if (test_runner_run(&options, &outcome, &err) != OK)
        fail_msg("%s", err.msg);
    return outcome;
}

static void assert_outcome(const char *body, int passed, int failed)
{
    write_script("tests/one_test.lua", body);
    struct test_outcome outcome = run(NULL);
    if (outcome.passed != passed || outcome.failed != failed)
        fail_msg("%s: %d passed, %d failed; wanted %d, %d", body, outcome.passed, outcome.failed,
                 passed, failed);
}

static void tests_pass_and_fail_by_themselves(void **context)
{
    (void)context;
    assert_outcome("return { a = function(t) t.equal(1, 1) end,"
                   " b = function(t) t.equal(1, 2) end, c = function() error({}) end }",
                   1, 2);
    assert_int_equal(run("one_test.lua: a").failed, 0);
    assert_int_equal(run("no such test").passed, 0);
}

static void checks_tell_values_apart(void **context)
{
    (void)context;
    assert_outcome("local same, fails = function(t, a, b) t.equal(a, b) end\n"
                   "return { a = function(t) t.equal({ 1, { x = 2 } }, { 1, { x = 2 } }) end,"
                   " b = function(t) t.equal(1, 1.0) end,"
                   " c = function(t) t.equal({ a = 1 }, { a = 1, b = 2 }) end,"
                   " d = function(t) t.equal({ a = 1, b = 2 }, { a = 1 }) end,"
                   " e = function(t) t.fails(function() end) end,"
                   " f = function(t) t.fails(function() error 'x' end, '%[y%]') end,"
                   " g = function(t) t.refused('limit', nil, { code = 'limit' }) end,"
                   " h = function(t) t.refused('limit', 1) end }",
                   2, 6);
}

static void what_is_left_alive_fails_the_test(void **context)
{
    (void)context;
    assert_outcome("local task = require 'engine.task'\n"
                   "return { a = function() task.spawn(function() task.sleep '10m' end) end,"
                   " b = function() task.spawn(function() task.sleep '5ms' end) end }",
                   1, 1);
}

static void a_stub_wants_each_call_and_no_other(void **context)
{
    (void)context;
    assert_outcome("local http = require 'engine.http'\n"
                   "local function ask(stub, path) http.request { url = stub.url .. path } end\n"
                   "return { a = function(t) ask(t.http_stub { ['GET /a'] = {} }, '/a') end,"
                   " b = function(t) t.http_stub { ['GET /a'] = {} } end,"
                   " c = function(t) ask(t.http_stub {}, '/a') end,"
                   " d = function(t) ask(t.http_stub {"
                   " ['GET /a'] = function() error 'x' end }, '/a') end }",
                   1, 3);
}

static void an_endless_loop_ends_its_test_only(void **context)
{
    (void)context;
    assert_outcome("return { a = function() while true do end end, b = function() end }", 1, 1);
}

static void a_file_that_does_not_load_counts_as_failed(void **context)
{
    (void)context;
    assert_outcome("return {", 0, 1);
    assert_outcome("return 5", 0, 1);
    assert_outcome("return { a = 1 }", 0, 1);
    assert_outcome("error 'x'", 0, 1);
    write_script("scripts/broken.lua", "return {");
    assert_outcome("return { a = function() end }", 0, 1);
}

static void a_config_beside_the_tests_is_theirs(void **context)
{
    (void)context;
    write_script("tests/config.lua",
                 "return { " ROWS " base_url = 'http://own.example', time_zone = 'UTC' }");
    assert_outcome("return { a = function(t)"
                   " t.equal(require('engine.info').base_url, 'http://own.example') end }",
                   1, 0);
}

static void no_tests_is_an_error(void **context)
{
    (void)context;
    AUTO_FREE char *folder = xasprintf("%s/nowhere", root);
    const struct test_options options = { .root = root,
                                          .config_path = config_path,
                                          .folder = folder };
    struct test_outcome outcome;
    struct err err;
    assert_int_equal(test_runner_run(&options, &outcome, &err), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tests_pass_and_fail_by_themselves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(checks_tell_values_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_left_alive_fails_the_test, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stub_wants_each_call_and_no_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_endless_loop_ends_its_test_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_does_not_load_counts_as_failed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_config_beside_the_tests_is_theirs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_tests_is_an_error, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
