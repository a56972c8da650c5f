/* task: coroutines that wait, end, are ended, and never run after their end. */
#include "unit.h"

#include "base/clock.h"
#include "base/mem.h"
#include "core/engine.h"
#include "loop/loop.h"
#include "lua/lua_api.h"
#include "lua/lua_util.h"
#include "lua/state.h"
#include "lua/task.h"

#include <lauxlib.h>
#include <string.h>

enum { PATIENCE_MS = 5000 };

static struct engine engine;
static struct tasks *tasks;
static struct state *state;
static struct buf said;        /* what scripts told say() */
static struct task_wait *held; /* the operation of hold() */
static int done_count, done_rc;
static struct err done_err;

/* ---- what the tests' scripts can call */

static int l_say(lua_State *L)
{
    buf_puts(&said, luaL_tolstring(L, 1, NULL));
    buf_putc(&said, ' ');
    return 0;
}

static int push_held(lua_State *L, struct task_wait *wait)
{
    (void)wait;
    lua_pushliteral(L, "released");
    return 1;
}

/* Waits until the test calls task_wait_complete(held); cannot be stopped. */
static int l_hold(lua_State *L)
{
    static const struct task_wait_ops OPS = { "test.hold", push_held, NULL, NULL };
    struct task_wait *wait = task_wait_new(L, &OPS, sizeof(*wait));
    held = task_wait_ref(wait);
    return task_wait_yield(L, wait);
}

/* Its operation is over before it waits. */
static int l_at_once(lua_State *L)
{
    static const struct task_wait_ops OPS = { "test.at_once", push_held, NULL, NULL };
    struct task_wait *wait = task_wait_new(L, &OPS, sizeof(*wait));
    task_wait_complete(task_wait_ref(wait));
    return task_wait_yield(L, wait);
}

struct again_wait {
    struct task_wait wait;
    int left;
};

static void again_done(void *arg)
{
    task_wait_complete(arg);
}

static int push_again(lua_State *L, struct task_wait *wait)
{
    struct again_wait *again = (struct again_wait *)wait;
    if (--again->left > 0) {
        loop_post(engine.loop, again_done, task_wait_ref(wait));
        return TASK_WAIT_AGAIN;
    }
    lua_pushinteger(L, 42);
    return 1;
}

/* Three operations one after the other before it answers. */
static int l_thrice(lua_State *L)
{
    static const struct task_wait_ops OPS = { "test.thrice", push_again, NULL, NULL };
    struct again_wait *again = task_wait_new(L, &OPS, sizeof(*again));
    again->left = 3;
    loop_post(engine.loop, again_done, task_wait_ref(&again->wait));
    return task_wait_yield(L, &again->wait);
}

static int open_test_module(lua_State *L)
{
    static const luaL_Reg FUNCTIONS[] = {
        { "say", l_say },       { "hold", l_hold }, { "at_once", l_at_once },
        { "thrice", l_thrice }, { NULL, NULL },
    };
    luaL_newlib(L, FUNCTIONS);
    lua_api_preload(L, "test");
    return 0;
}

/* ---- fixture */

static int set_up(void **context)
{
    (void)context;
    struct err err;
    engine = (struct engine){ .loop = loop_new(&err) };
    tasks = tasks_new(engine.loop);
    struct state_options options = { .engine = &engine, .kind = KIND_CORE, .burst_us = 30000 };
    state = state_new(&options, &err);
    done_count = 0;
    held = NULL;
    return state_pcall(state, open_test_module, NULL, 0, &err);
}

static int tear_down(void **context)
{
    (void)context;
    assert_int_equal(tasks_alive(tasks), 0);
    assert_int_equal(state_live_tasks(state), 0);
    state_free(state);
    tasks_free(tasks);
    loop_free(engine.loop);
    buf_fini(&said);
    return 0;
}

static void on_done(void *arg, int rc, const struct err *err)
{
    (void)arg;
    done_count++;
    done_rc = rc;
    done_err = *err;
}

static int end_script(lua_State *L, int status, lua_KContext context)
{
    (void)L;
    (void)status;
    (void)context;
    return 0;
}

static int run_script(lua_State *L)
{
    size_t len;
    lua_pushfstring(
        L, "local task = require 'engine.task' local test = require 'test' local say = test.say %s",
        (const char *)lua_touserdata(L, 1));
    const char *text = lua_tolstring(L, -1, &len);
    state_load_text(L, "test.lua", text, len);
    lua_callk(L, 0, 0, 0, end_script);
    return 0;
}

static uint64_t start_with_deadline(const char *text, int64_t deadline_ms)
{
    struct err err;
    uint64_t id = 0;
    struct task_options options = {
        .kind = TASK_TEST,
        .script = "test",
        .incident_id = 7,
        .deadline_ms = deadline_ms,
        .done = on_done,
    };
    if (task_start(tasks, state, &options, run_script, (void *)text, &id, &err) != OK)
        fail_msg("%s", err.msg);
    return id;
}

static uint64_t start(const char *text)
{
    return start_with_deadline(text, 0);
}

static bool nothing_alive(void)
{
    return tasks_alive(tasks) == 0;
}

static bool is_held(void)
{
    return held != NULL;
}

static bool (*wanted)(void);
static int64_t give_up_at_ms;

static void look(void *arg)
{
    (void)arg;
    if (wanted() || clock_mono_ms() > give_up_at_ms)
        loop_stop(engine.loop);
    else
        loop_timer(engine.loop, 1, look, NULL);
}

static void run_until(bool (*condition)(void))
{
    wanted = condition;
    give_up_at_ms = clock_mono_ms() + PATIENCE_MS;
    look(NULL);
    loop_run(engine.loop);
    assert_true(condition());
}

static void assert_said(const char *text)
{
    assert_string_equal(buf_text(&said), text);
}

static void run(const char *text)
{
    start(text);
    run_until(nothing_alive);
}

/* ---- tests */

static void a_task_sleeps_and_goes_on(void **context)
{
    (void)context;
    run("say 'a' task.sleep '5ms' say 'b'");
    assert_said("a b ");
    assert_int_equal(done_count, 1);
    assert_int_equal(done_rc, OK);
}

static void waits_pass_through_pcall_iterators_and_metamethods(void **context)
{
    (void)context;
    run("pcall(function() task.sleep(1) say 'pcall' end)"
        " for i in function(_, i) task.sleep(1) return (i or 0) < 1 and 1 or nil end do say 'for' "
        "end"
        " local t = setmetatable({}, { __index = function() task.sleep(1) return 'index' end }) "
        "say(t.x)");
    assert_int_equal(done_rc, OK);
    assert_said("pcall for index ");
}

static void waits_that_cannot_be_name_the_reason(void **context)
{
    (void)context;
    run("local ok, why = pcall(table.sort, { 2, 1 }, function() task.sleep(1) end) say(why)");
    assert_non_null(
        strstr(buf_text(&said), "task.sleep cannot be used inside sort, gsub, tostring"));
}

static void an_operation_may_end_before_the_wait(void **context)
{
    (void)context;
    run("say(test.at_once()) say(test.thrice())");
    assert_said("released 42 ");
}

static void a_thrown_error_ends_the_task_and_is_told(void **context)
{
    (void)context;
    run("task.sleep(1) error 'broken'");
    assert_int_equal(done_rc, ERR_SCRIPT);
    assert_string_equal(done_err.msg, "test.lua:1: broken");
}

static void a_loop_is_killed_and_the_others_live(void **context)
{
    (void)context;
    start("while true do pcall(function() while true do end end) end");
    start("task.sleep(20) say 'alive'");
    run_until(nothing_alive);
    struct tasks_stats stats;
    tasks_stats(tasks, &stats);
    assert_int_equal(stats.killed, 1);
    assert_int_equal(done_count, 2);
    assert_said("alive ");
}

static void a_killed_task_closes_its_variables(void **context)
{
    (void)context;
    run("local x <close> = setmetatable({}, { __close = function() say 'closed' end }) while true "
        "do end");
    assert_int_equal(done_rc, ERR_LIMIT);
    assert_non_null(strstr(done_err.msg, "test.lua:1: used more than 30 ms"));
    assert_said("closed ");
}

static void a_cancelled_task_never_goes_on(void **context)
{
    (void)context;
    uint64_t id = start("local x <close> = setmetatable({}, { __close = function() say 'closed' "
                        "end }) test.hold() say 'wrong'");
    run_until(is_held);
    task_cancel(tasks, id);
    assert_int_equal(done_rc, ERR_CLOSED);
    assert_said("closed ");
    task_wait_complete(held); /* too late: finds nobody */
    struct tasks_stats stats;
    tasks_stats(tasks, &stats);
    assert_int_equal(stats.stale, 1);
    task_cancel(tasks, id);
    run_until(nothing_alive);
    assert_int_equal(done_count, 1);
}

static void a_completion_after_the_whole_set_is_harmless(void **context)
{
    (void)context;
    start("test.hold()");
    run_until(is_held);
    tasks_free(tasks);
    task_wait_complete(held);
    tasks = tasks_new(engine.loop);
    assert_int_equal(done_rc, ERR_CLOSED);
}

static void a_deadline_ends_the_task(void **context)
{
    (void)context;
    start_with_deadline("task.sleep '10s' say 'wrong'", 20);
    run_until(nothing_alive);
    assert_int_equal(done_rc, ERR_TIMEOUT);
    assert_said("");
}

static void spawned_tasks_run_beside(void **context)
{
    (void)context;
    run("local id = task.spawn(function(a, b) task.sleep(5) say(a .. b) end, 'x', 'y') say 'first' "
        "say(task.join(id))"
        " say(task.join(id))");
    assert_said("first xy true true ");
    run("local ok, err = task.join(task.spawn(function() error 'inner' end)) say(err)");
    assert_non_null(strstr(buf_text(&said), "test.lua:1: inner"));
}

static void all_waits_for_every_function(void **context)
{
    (void)context;
    run("local r = task.all { function() task.sleep(10) return 'slow' end, function() return "
        "'fast' end } say(r[1]) say(r[2])"
        " say(#task.all {})");
    assert_said("slow fast 0 ");
}

static void all_tells_the_first_failure(void **context)
{
    (void)context;
    run("local r, err = task.all { function() task.sleep '10s' end, function() error 'one broke' "
        "end } say(r) say(err)");
    assert_said("nil test.lua:1: one broke ");
    buf_clear(&said);
    run("local r, err = task.all { function() return nil, 'refused' end, function() return 1 end } "
        "say(r) say(err)");
    assert_said("nil refused ");
}

static void race_ends_the_losers(void **context)
{
    (void)context;
    run("say(task.race { function() task.sleep '10s' return 'slow' end, function() task.sleep(2) "
        "return 'fast' end })");
    assert_said("fast ");
}

static void cancelling_a_group_ends_its_members(void **context)
{
    (void)context;
    uint64_t id = start("task.all { function() test.hold() end, function() task.sleep '10s' end }");
    run_until(is_held);
    assert_int_equal(tasks_alive(tasks), 3);
    task_cancel(tasks, id);
    assert_int_equal(tasks_alive(tasks), 0);
    task_wait_complete(held);
}

static void tasks_can_be_listed(void **context)
{
    (void)context;
    AUTO_BUF struct buf list = BUF_INIT;
    uint64_t id = start("test.hold()");
    run_until(is_held);
    tasks_describe(tasks, &list);
    assert_non_null(strstr(buf_text(&list),
                           "\"script\":\"test\",\"incident_id\":7,\"waits_for\":\"test.hold\""));
    task_cancel(tasks, id);
    task_wait_complete(held);
}

static void many_tasks_take_turns(void **context)
{
    (void)context;
    run("local n = 0 local list = {} for i = 1, 1000 do list[i] = function() task.sleep(1) n = n + "
        "1 end end"
        " task.all(list) say(n)");
    assert_said("1000 ");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_task_sleeps_and_goes_on),
        TEST(waits_pass_through_pcall_iterators_and_metamethods),
        TEST(waits_that_cannot_be_name_the_reason),
        TEST(an_operation_may_end_before_the_wait),
        TEST(a_thrown_error_ends_the_task_and_is_told),
        TEST(a_loop_is_killed_and_the_others_live),
        TEST(a_killed_task_closes_its_variables),
        TEST(a_cancelled_task_never_goes_on),
        TEST(a_completion_after_the_whole_set_is_harmless),
        TEST(a_deadline_ends_the_task),
        TEST(spawned_tasks_run_beside),
        TEST(all_waits_for_every_function),
        TEST(all_tells_the_first_failure),
        TEST(race_ends_the_losers),
        TEST(cancelling_a_group_ends_its_members),
        TEST(tasks_can_be_listed),
        TEST(many_tasks_take_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
