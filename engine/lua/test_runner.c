#include "lua/test_runner.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "lua/lua_api.h"
#include "lua/lua_util.h"
#include "lua/snapshot.h"
#include "lua/state.h"
#include "lua/task.h"
#include "lua/test_engine.h"

#include <dirent.h>
#include <errno.h>
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FILE_MOST = 1 << 20,       /* bytes of a file of tests */
    LOAD_US = 2 * 1000 * 1000, /* its top level */
    TEST_MS = 20 * 1000,       /* one test, in real time */
    QUIET_MS = 1000,           /* what a test started must have ended then */
    QUIET_POLL_MS = 5,
    TURNS = 3, /* of the loop, after each step of the clock */
    CLOCK_STEPS_MOST = 100000,
};

struct test {
    char *name;
    int line; /* where its function begins: the order of the file */
    int ref;  /* the function in the registry */
};

/* One file under way. */
struct runner {
    const struct test_options *options;
    struct test_outcome *outcome;
    struct test_engine engine;
    const char *path;
    struct buf text; /* of the file */
    struct test *tests;
    int test_count;
    int run_ref;  /* the harness's run() */
    int host_ref; /* what the harness is given */
    uint64_t task_id;
    int64_t deadline_ms, quiet_ms; /* monotonic, without what tests added to the clock */
    uint64_t watchdog;
    int rc; /* of the test under way */
    struct err err;
};

/* ---- time: t.advance() and t.at() */

static int64_t real_mono_ms(const struct runner *runner)
{
    return clock_mono_ms() - runner->engine.advanced_ms;
}

struct advance_wait {
    struct task_wait wait;
    struct runner *runner;
    int64_t left_ms;
    int turns, steps;
    uint64_t timer;
};

static void on_turn(void *arg);

/* The loop gets its turns; what became due runs in them. */
static void take_turns(struct advance_wait *advance)
{
    advance->turns = TURNS;
    advance->timer = loop_timer(advance->runner->engine.base.engine.loop, 0, on_turn, advance);
}

/* To the next timer, or as far as was asked. */
static void step_clock(struct advance_wait *advance)
{
    struct loop *loop = advance->runner->engine.base.engine.loop;
    int64_t next_ms = loop_next_timer_ms(loop), step_ms = advance->left_ms;
    bool is_fine = next_ms >= 0 && next_ms < step_ms && ++advance->steps < CLOCK_STEPS_MOST;
    if (is_fine)
        step_ms = next_ms > 0 ? next_ms : 1;
    advance->left_ms -= step_ms;
    advance->runner->engine.advanced_ms += step_ms;
    clock_advance_ms(step_ms);
    loop_recheck_timers(loop);
    take_turns(advance);
}

static void on_turn(void *arg)
{
    struct advance_wait *advance = arg;
    if (--advance->turns > 0)
        advance->timer = loop_timer(advance->runner->engine.base.engine.loop, 0, on_turn, advance);
    else if (advance->left_ms > 0)
        step_clock(advance);
    else
        task_wait_complete(&advance->wait);
}

static int push_nothing(lua_State *L, struct task_wait *wait)
{
    (void)L;
    (void)wait;
    return 0;
}

static void cancel_advance(struct task_wait *wait)
{
    struct advance_wait *advance = (struct advance_wait *)wait;
    loop_timer_cancel(advance->runner->engine.base.engine.loop, advance->timer);
    task_wait_unref(wait);
}

static struct runner *runner_of(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

/* host.advance(ms): time passes; what sleeps wakes in its order. */
static int l_host_advance(lua_State *L)
{
    static const struct task_wait_ops OPS = { "t.advance", push_nothing, cancel_advance, NULL };
    int64_t ms = lua_util_check_duration(L, 1);
    struct advance_wait *advance = task_wait_new(L, &OPS, sizeof(*advance));
    advance->runner = runner_of(L);
    advance->left_ms = ms;
    task_wait_ref(&advance->wait);
    take_turns(advance); /* first what is due now, and tasks that did not begin yet */
    return task_wait_yield(L, &advance->wait);
}

/* host.set_time(ms or nil): wall time stands still there; nil: it is real again. */
static int l_host_set_time(lua_State *L)
{
    clock_set_ms(lua_isnoneornil(L, 1) ? -1 : luaL_checkinteger(L, 1));
    return 0;
}

/* host.load(path): runs a file of the root, "strategies/tags/payments.lua", and answers what it
 * returns. */
static int l_host_load(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    const struct snapshot_file *file = snapshot_find(state_snapshot(L), path);
    if (!file)
        return luaL_error(L, "t.load: there is no file %s", path);
    state_load_text(L, path, file->text, file->len);
    lua_call(L, 0, 1);
    return 1;
}

/* ---- loading a file of tests */

/* throws. The harness, and the table of what it is given. */
static int prepare_harness(lua_State *L)
{
    struct runner *runner = lua_touserdata(L, 1);
    static const luaL_Reg HOST[] = {
        { "advance", l_host_advance },
        { "set_time", l_host_set_time },
        { "load", l_host_load },
        { NULL, NULL },
    };
    lua_newtable(L);
    lua_pushlightuserdata(L, runner);
    luaL_setfuncs(L, HOST, 1);
    lua_pushstring(L, runner->engine.url);
    lua_setfield(L, -2, "url");
    runner->host_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_api_require(L, "test.harness");
    lua_getfield(L, -1, "run");
    runner->run_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_getfield(L, -1, "serve");
    runner->engine.stub.ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

static int read_text(struct runner *runner, struct err *err)
{
    FILE *file = fopen(runner->path, "r");
    if (!file)
        return err_set(err, ERR_IO, "%s: %s", runner->path, strerror(errno));
    char chunk[16384];
    size_t len;
    while ((len = fread(chunk, 1, sizeof(chunk), file)) > 0 && runner->text.len <= FILE_MOST)
        buf_append(&runner->text, chunk, len);
    bool is_broken = ferror(file) != 0;
    fclose(file);
    if (is_broken || runner->text.len > FILE_MOST)
        return err_set(err, ERR_IO, "%s: cannot be read, or too large", runner->path);
    return OK;
}

/* throws. The pair on top, a test's name and function; both are left there. */
static void add_test(lua_State *L, struct runner *runner)
{
    if (lua_type(L, -2) != LUA_TSTRING || !lua_isfunction(L, -1))
        luaL_error(L, "%s: returns a table of tests, name = function(t)", runner->path);
    lua_Debug debug = { 0 };
    lua_pushvalue(L, -1);
    lua_getinfo(L, ">S", &debug);
    lua_pushvalue(L, -1);
    int ref = luaL_ref(L, LUA_REGISTRYINDEX);
    runner->tests = xrealloc(runner->tests, ((size_t)runner->test_count + 1) * sizeof(struct test));
    runner->tests[runner->test_count++] = (struct test){ .name = xstrdup(lua_tostring(L, -2)),
                                                         .line = debug.linedefined,
                                                         .ref = ref };
}

/* throws. Runs the file's top level and notes its tests. */
static int load_tests(lua_State *L)
{
    struct runner *runner = lua_touserdata(L, 1);
    state_load_text(L, runner->path, buf_text(&runner->text), runner->text.len);
    lua_call(L, 0, 1);
    if (!lua_istable(L, -1))
        luaL_error(L, "%s: returns a table of tests, name = function(t)", runner->path);
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
        add_test(L, runner);
    return 0;
}

static int by_line(const void *a, const void *b)
{
    const struct test *one = a, *other = b;
    return one->line != other->line ? one->line - other->line : strcmp(one->name, other->name);
}

/* ---- running one test */

static void stop_loop(struct runner *runner)
{
    loop_timer_cancel(runner->engine.base.engine.loop, runner->watchdog);
    runner->watchdog = 0;
    loop_stop(runner->engine.base.engine.loop);
}

/* After the test: what it started may come to its end by itself. */
static void wait_for_quiet(void *arg)
{
    struct runner *runner = arg;
    AUTO_BUF struct buf left = BUF_INIT;
    if (!test_engine_is_quiet(&runner->engine, &left)) {
        if (real_mono_ms(runner) < runner->quiet_ms) {
            loop_timer(runner->engine.base.engine.loop, QUIET_POLL_MS, wait_for_quiet, runner);
            return;
        }
        tasks_cancel_state(test_engine_tasks(&runner->engine), test_engine_state(&runner->engine));
        if (runner->rc == OK)
            runner->rc = err_set(&runner->err, ERR_SCRIPT, "still alive after the test: %s",
                                 buf_text(&left));
    }
    stop_loop(runner);
}

static void on_test_done(void *arg, int rc, const struct err *err)
{
    struct runner *runner = arg;
    if (runner->rc == OK && rc != OK) {
        runner->rc = rc;
        runner->err = *err;
    }
    runner->quiet_ms = real_mono_ms(runner) + QUIET_MS;
    loop_timer(runner->engine.base.engine.loop, 0, wait_for_quiet, runner);
}

static void on_watchdog(void *arg)
{
    struct runner *runner = arg;
    int64_t left_ms = runner->deadline_ms - real_mono_ms(runner);
    runner->watchdog = 0;
    if (left_ms > 0) {
        runner->watchdog =
            loop_timer(runner->engine.base.engine.loop, left_ms, on_watchdog, runner);
        return;
    }
    runner->rc = err_set(&runner->err, ERR_TIMEOUT, "not done after %d s", TEST_MS / 1000);
    task_cancel(test_engine_tasks(&runner->engine), runner->task_id);
}

struct body {
    const struct runner *runner;
    int ref; /* the test's function */
};

static int end_body(lua_State *L, int status, lua_KContext context)
{
    (void)L;
    (void)status;
    (void)context;
    return 0;
}

/* harness.run(function, host) */
static int run_body(lua_State *L)
{
    const struct body *body = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, body->runner->run_ref);
    lua_rawgeti(L, LUA_REGISTRYINDEX, body->ref);
    lua_rawgeti(L, LUA_REGISTRYINDEX, body->runner->host_ref);
    lua_callk(L, 2, 0, 0, end_body);
    return 0;
}

static void print_outcome(struct runner *runner, const struct test *test, int64_t took_ms)
{
    if (runner->rc == OK) {
        runner->outcome->passed++;
        printf("  ok    %s (%lld ms)\n", test->name, (long long)took_ms);
        return;
    }
    runner->outcome->failed++;
    printf("  FAIL  %s\n", test->name);
    for (const char *line = runner->err.msg; *line;) {
        int len = (int)strcspn(line, "\n");
        printf("        %.*s\n", len, line);
        line += len + (line[len] == '\n');
    }
}

static void run_test(struct runner *runner, const struct test *test)
{
    struct body body = { runner, test->ref };
    const struct task_options options = {
        .kind = TASK_TEST, .script = test->name, .done = on_test_done, .arg = runner
    };
    runner->rc = OK;
    runner->err = (struct err){ 0 };
    int64_t started_ms = real_mono_ms(runner);
    int rc = task_start(test_engine_tasks(&runner->engine), test_engine_state(&runner->engine),
                        &options, run_body, &body, &runner->task_id, &runner->err);
    if (rc == OK) {
        runner->deadline_ms = started_ms + TEST_MS;
        runner->watchdog =
            loop_timer(runner->engine.base.engine.loop, TEST_MS, on_watchdog, runner);
        loop_run(runner->engine.base.engine.loop);
    }
    runner->rc = rc != OK ? rc : runner->rc;
    clock_set_ms(-1);
    print_outcome(runner, test, real_mono_ms(runner) - started_ms);
    fflush(stdout);
}

/* ---- running one file */

static bool is_wanted(const struct runner *runner, const struct test *test)
{
    AUTO_FREE char *label = xasprintf("%s: %s", runner->path, test->name);
    return !runner->options->only || strstr(label, runner->options->only) != NULL;
}

static int load_file(struct runner *runner, const char *config_path, struct err *err)
{
    int rc = read_text(runner, err);
    if (rc == OK)
        rc = test_engine_start(&runner->engine, runner->options->root, config_path, err);
    if (rc == OK)
        rc = state_pcall(test_engine_state(&runner->engine), prepare_harness, runner, LOAD_US, err);
    if (rc == OK)
        rc = state_pcall(test_engine_state(&runner->engine), load_tests, runner, LOAD_US, err);
    return rc;
}

static void run_file(const struct test_options *options, const char *path, const char *config_path,
                     struct test_outcome *outcome)
{
    struct runner runner = { .options = options, .outcome = outcome, .path = path };
    struct err err = { 0 };
    printf("%s\n", path);
    if (load_file(&runner, config_path, &err) == OK) {
        qsort(runner.tests, (size_t)runner.test_count, sizeof(struct test), by_line);
        for (int i = 0; i < runner.test_count; i++)
            if (is_wanted(&runner, &runner.tests[i]))
                run_test(&runner, &runner.tests[i]);
    } else {
        outcome->failed++;
        printf("  FAIL  does not load\n        %s\n", err.msg);
    }
    test_engine_stop(&runner.engine);
    for (int i = 0; i < runner.test_count; i++)
        free(runner.tests[i].name);
    free(runner.tests);
    buf_fini(&runner.text);
}

/* ---- finding files */

struct paths {
    char **items;
    int count;
};

static void add_path(struct paths *paths, const char *path)
{
    paths->items = xrealloc(paths->items, ((size_t)paths->count + 1) * sizeof(char *));
    paths->items[paths->count++] = xstrdup(path);
}

static bool is_test_file(const char *path)
{
    static const char ENDING[] = "_test.lua";
    size_t len = strlen(path);
    return len > strlen(ENDING) && strcmp(path + len - strlen(ENDING), ENDING) == 0;
}

static void find_files(struct paths *paths, const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return;
    if (!S_ISDIR(st.st_mode)) {
        if (is_test_file(path))
            add_path(paths, path);
        return;
    }
    DIR *folder = opendir(path);
    struct dirent *entry;
    while (folder && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        AUTO_FREE char *below = xasprintf("%s/%s", path, entry->d_name);
        find_files(paths, below);
    }
    if (folder)
        closedir(folder);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The config beside the tests, when there is one; heap. */
static char *find_config(const struct test_options *options)
{
    const char *slash = strrchr(options->folder, '/');
    int folder_len = (int)strlen(options->folder);
    if (is_test_file(options->folder))
        folder_len = slash ? (int)(slash - options->folder) : 0;
    char *own = xasprintf("%.*s%sconfig.lua", folder_len, options->folder, folder_len ? "/" : "");
    if (access(own, R_OK) == 0)
        return own;
    free(own);
    return xstrdup(options->config_path);
}

int test_runner_run(const struct test_options *options, struct test_outcome *outcome,
                    struct err *err)
{
    struct paths paths = { 0 };
    AUTO_FREE char *config_path = find_config(options);
    *outcome = (struct test_outcome){ 0 };
    find_files(&paths, options->folder);
    if (paths.count == 0)
        return err_set(err, ERR_NOT_FOUND, "%s: no file whose name ends with _test.lua",
                       options->folder);
    qsort(paths.items, (size_t)paths.count, sizeof(char *), by_text);
    log_configure(LOG_ERROR_LEVEL, false);
    for (int i = 0; i < paths.count; i++) {
        run_file(options, paths.items[i], config_path, outcome);
        free(paths.items[i]);
    }
    free(paths.items);
    printf("%d passed, %d failed\n", outcome->passed, outcome->failed);
    return OK;
}
