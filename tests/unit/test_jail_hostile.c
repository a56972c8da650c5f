/* jail: what strategies cannot do to the engine, to each other and to the machine. */
#define _GNU_SOURCE /* memmem */
#include "jail_fixture.h"

#include "lua/jail_confine.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { BUSY_TICKS = 20 };

static const struct hostile {
    const char *name, *body, *words;
} ENDLESS[] = {
    { "loops", "while true do end", "than" },
    { "loops_in_pcall", "while true do pcall(function() while true do end end) end", "than" },
    { "loops_in_xpcall", "while true do xpcall(error, function() while true do end end) end",
      "than" },
    { "loops_in_close",
      "local t <close> = setmetatable({}, { __close = function() while true do end end })",
      "than" },
    { "loops_in_sort", "table.sort({ 3, 2, 1 }, function() while true do end end)", "than" },
    { "loops_in_index", "return setmetatable({}, { __index = function() while true do end end }).x",
      "than" },
    { "repeats_nothing", "return (''):rep(1 << 62)", "took longer than 200 ms and was stopped" },
    { "eats_in_pcall", "while true do pcall(string.rep, 'x', 1 << 24) end", "" },
    { "doubles_for_ever",
      "local p = find.usergroup('payments') while true do p:add(find.nobody():add(p), 'again') end",
      "" },
}, HOSTILE[] = {
    { "pattern_bomb", "return (('a'):rep(28):find(('a?'):rep(28) .. ('a'):rep(28)))",
      "pattern takes too long" },
    { "eats_memory",
      "local hoard = {} while true do hoard[#hoard + 1] = ('x'):rep(1000000) .. #hoard end",
      "not enough memory" },
    { "huge_text", "return ('x'):rep(1 << 40)", "" },
    { "throws", "error('on purpose')", "invites/throws.lua:3: on purpose" },
    { "throws_a_table", "error({ message = 'a table' })", "a table" },
    { "throws_nil", "error(nil)", "" },
    { "recursion", "local function f() return 1 + f() end return f()", "" },
    { "deep_pcall", "local function f() return pcall(f) end f() return find.no_such_thing",
      "there is no find.no_such_thing" },
    { "finalizer", "setmetatable({}, { __gc = function() while true do end end }) return 1",
      "finalizers" },
    { "opens_files", "io.open('/tmp/halligan-was-here', 'w'):write('x')", "unknown global `io`" },
    { "runs_programs", "os.execute('true')", "unknown global `os`" },
    { "loads_bytecode", "return load('\\27Lua')", "unknown global `load`" },
    { "coroutines", "return coroutine.wrap(function() end)", "unknown global `coroutine`" },
    { "network", "return require('engine.http')", "not available to invite strategies" },
    { "kernel", "return require('engine.kernel')", "not available to invite strategies" },
    { "writes", "find.store.put('x', 'y')", "there is no find.store" },
    { "changes_find", "find.on_call = nil", "`find` cannot be changed" },
    { "changes_incident", "incident.priority.value = 5", "incident is read-only" },
    { "global", "leak = 1", "assignment to global `leak`" },
    { "forges_people", "return find.nobody():add({ id = 'root', name = 'Root' })",
      "not a person that `find` gave" },
    { "forges_list", "return setmetatable({}, getmetatable(find.nobody()))", "" },
    { "answers_a_number", "return 42", "it must answer people that `find` gave" },
    { "answers_nothing", "", "invite() answers nil" },
    { "answers_a_table", "return { { id = 'x' } }", "invite() answers table" },
    { "empty_reason", "return find.person('ada@example.com'):because('  ')",
      "a reason must say something" },
    { "many_reasons", "for i = 1, 20000 do find.person('ada@example.com'):because('r' .. i) end",
      "different reasons" },
};
enum { ENDLESS_COUNT = sizeof(ENDLESS) / sizeof(ENDLESS[0]) };
enum { HOSTILE_COUNT = sizeof(HOSTILE) / sizeof(HOSTILE[0]) };

static void test_strategies_without_an_end_are_stopped(void **state)
{
    struct world *world = *state;
    log_configure(LOG_ERROR_LEVEL, false);
    world->deadline_ms = SHORT_MS;
    for (int i = 0; i < ENDLESS_COUNT; i++)
        add_body(world, ENDLESS[i].name, ENDLESS[i].body);
    add_strategy(world, "loops_while_loading", false, "while true do end");
    collect(world);
    for (int i = 0; i < ENDLESS_COUNT; i++)
        assert_failed(world, ENDLESS[i].name, ENDLESS[i].words);
    assert_failed(world, "loops_while_loading", "than");
}

static void test_the_others_answer_beside_those_without_an_end(void **state)
{
    struct world *world = *state;
    log_configure(LOG_ERROR_LEVEL, false);
    world->deadline_ms = SHARED_MS;
    add_body(world, "a_good", "return find.person('ada@example.com')");
    add_body(world, "b_stops_itself", "while true do end");
    add_body(world, "c_good", "return find.person('ben@example.com')");
    add_body(world, "d_is_killed", "return (''):rep(1 << 62)");
    add_body(world, "e_good", "return find.person('cho@example.com')");
    collect(world);
    assert_string_equal(told(world, "a_good"), "ada: named by the strategy (3); ");
    assert_failed(world, "b_stops_itself", "than");
    assert_string_equal(told(world, "c_good"), "ben: named by the strategy (3); ");
    assert_failed(world, "d_is_killed", "took longer than 3 s and was stopped");
    assert_string_equal(told(world, "e_good"), "cho: named by the strategy (3); ");
}

static void test_hostile_strategies_fail_alone(void **state)
{
    struct world *world = *state;
    log_configure(LOG_ERROR_LEVEL, false);
    for (int i = 0; i < HOSTILE_COUNT; i++) {
        AUTO_FREE char *good = xasprintf("good_%d", i);
        add_body(world, HOSTILE[i].name, HOSTILE[i].body);
        add_body(world, good, "return find.person('ada@example.com')");
    }
    add_strategy(world, "syntax", false, "return {");
    add_strategy(world, "returns_nothing", false, "local x = 1");
    add_strategy(world, "bytecode", false, "\x1bLua");
    collect(world);
    for (int i = 0; i < HOSTILE_COUNT; i++) {
        AUTO_FREE char *good = xasprintf("good_%d", i);
        assert_failed(world, HOSTILE[i].name, HOSTILE[i].words);
        assert_string_equal(told(world, good), "ada: named by the strategy (3); ");
    }
    assert_failed(world, "syntax", "strategies/invites/syntax.lua:1:");
    assert_failed(world, "returns_nothing", "a strategy returns its table");
    assert_failed(world, "bytecode", "");
    assert_int_equal(access("/tmp/halligan-was-here", F_OK), -1);
}

/* Processor time of the process. */
static long ticks_of(pid_t pid)
{
    AUTO_FREE char *path = xasprintf("/proc/%d/stat", (int)pid);
    long user = 0, system = 0;
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    int found = fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld",
                       &user, &system);
    fclose(file);
    assert_int_equal(found, 2);
    return user + system;
}

/* None but the crashing strategy uses the processor for so long. */
static void kill_when_busy(void *arg)
{
    struct world *world = arg;
    if (ticks_of(jail_pid(world->jail)) > world->ticks)
        kill_child(world);
    else
        loop_timer(world->loop, LOOK_MS, kill_when_busy, world);
}

static void test_a_crash_costs_one_strategy(void **state)
{
    struct world *world = *state;
    log_configure(LOG_ERROR_LEVEL, false);
    add_body(world, "a_good", "return find.person('ada@example.com')");
    add_body(world, "b_crash", "return (''):rep(1 << 62)");
    add_body(world, "c_good",
             "assert(incident.category.name == 'Payment') "
             "return find.person('ben@example.com')");
    json_t *all = world->strategies;
    world->strategies = json_array();
    json_array_append(world->strategies, json_array_get(all, 0));
    collect(world); /* the child has started */
    json_decref(world->strategies);
    world->strategies = all;
    world->ticks = ticks_of(jail_pid(world->jail)) + BUSY_TICKS;
    loop_timer(world->loop, LOOK_MS, kill_when_busy, world);
    collect(world);
    assert_string_equal(told(world, "a_good"), "ada: named by the strategy (3); ");
    assert_failed(world, "b_crash", "its process ended");
    assert_string_equal(told(world, "c_good"), "ben: named by the strategy (3); ");
}

/* ---- the process */

static bool file_says(pid_t pid, const char *name, const char *words)
{
    AUTO_FREE char *path = xasprintf("/proc/%d/%s", (int)pid, name);
    char text[8192];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t len = fread(text, 1, sizeof(text), file);
    fclose(file);
    return memmem(text, len, words, strlen(words)) != NULL;
}

static void test_child_is_confined(void **state)
{
    struct world *world = *state;
    setenv("HALLIGAN_TEST_SECRET", "xoxb-secret", 1);
    add_body(world, "good", "return find.person('ada@example.com')");
    collect(world);
    pid_t child = jail_pid(world->jail);
    assert_true(file_says(child, "status", "NoNewPrivs:\t1"));
    assert_true(file_says(child, "status", "Seccomp:\t2"));
    assert_false(file_says(child, "environ", "HALLIGAN_TEST_SECRET"));
    assert_true(file_says(child, "cmdline", "jail"));
}

/* Tries everything that is forbidden; the number of what succeeded is the exit code. */
static _Noreturn void try_to_break_out(const char *folder)
{
    struct err err;
    AUTO_FREE char *path = xasprintf("%s/escaped", folder);
    AUTO_FREE char *kept = xasprintf("%s/kept", folder);
    int open_before = open(kept, O_RDWR | O_CREAT, 0600);
    if (jail_confine(0, &err) != OK)
        _exit(100);
    if (socket(AF_INET, SOCK_STREAM, 0) >= 0)
        _exit(1);
    if (open(path, O_WRONLY | O_CREAT, 0600) >= 0 || open(path, O_RDONLY | O_CREAT, 0600) >= 0)
        _exit(2);
    if (open(kept, O_RDWR) >= 0 || open(kept, O_RDONLY | O_TRUNC) >= 0)
        _exit(3);
    if (write(open_before, "x", 1) > 0 || pwrite(open_before, "x", 1, 0) > 0 ||
        ftruncate(open_before, 9) == 0)
        _exit(4);
    if (unlink(kept) == 0 || rename(kept, path) == 0 || mkdir(path, 0700) == 0 ||
        chmod(kept, 0777) == 0)
        _exit(5);
    pid_t twin = fork();
    if (twin >= 0)
        _exit(twin == 0 ? 0 : 6);
    (void)execl("/bin/true", "true", NULL);
    if (kill(getppid(), 0) == 0)
        _exit(7);
    if (mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
        MAP_FAILED)
        _exit(8);
    if (open("/etc/hostname", O_RDONLY) < 0 && errno == EPERM) /* time zones are read */
        _exit(9);
    _exit(42);
}

static void test_writing_and_sockets_are_refused(void **state)
{
    struct world *world = *state;
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        try_to_break_out(world->fixture->folder);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 100)
        skip(); /* this system filters no system calls */
    assert_int_equal(WEXITSTATUS(status), 42);
}

/* As on a system that does not let us filter system calls. */
static _Noreturn void try_without_filters(const char *folder)
{
    struct err err = { 0 };
    AUTO_FREE char *path = xasprintf("%s/escaped", folder);
    int open_before = open(path, O_RDWR | O_CREAT, 0600);
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (seccomp_rule_add(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(seccomp), 0) != 0 ||
        seccomp_rule_add(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1,
                         SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP, 0)) != 0 ||
        seccomp_load(filter) != 0)
        _exit(100);
    if (jail_confine(0, &err) != ERR_UNAVAILABLE || !err.msg[0])
        _exit(1);
    if (socket(AF_INET, SOCK_STREAM, 0) >= 0 || open("/dev/null", O_RDONLY) >= 0)
        _exit(2);
    if (write(open_before, "x", 1) > 0)
        _exit(3);
    _exit(42);
}

static void test_limits_hold_where_nothing_filters(void **state)
{
    struct world *world = *state;
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        try_without_filters(world->fixture->folder);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 100)
        skip();
    assert_int_equal(WEXITSTATUS(status), 42);
}

/* An engine of its own, with a strategy that never ends; tells the jail's process and runs on. */
static void run_an_engine(struct world *world, int fd)
{
    AUTO_FREE char *path = database_path(world);
    world->loop = loop_new(&world->err);
    world->jail = jail_new(world->loop, path);
    world->deadline_ms = 20 * DEADLINE_MS;
    add_body(world, "loops", "while true do end");
    submit(world);
    while (jail_pid(world->jail) == 0) {
        loop_timer(world->loop, LOOK_MS, stop_loop, world->loop);
        loop_run(world->loop);
    }
    loop_timer(world->loop, 1000, stop_loop, world->loop); /* it is asked by then, or soon */
    loop_run(world->loop);
    pid_t pid = jail_pid(world->jail);
    (void)!write(fd, &pid, sizeof(pid));
    loop_run(world->loop);
}

/* A killed engine ends nobody, and a strategy that is busy does not look whether it is still there. */
static void test_the_child_ends_with_its_engine(void **state)
{
    int pipes[2], status;
    pid_t orphan = 0;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
    assert_int_equal(pipe(pipes), 0);
    pid_t engine = fork();
    if (engine == 0) {
        run_an_engine(*state, pipes[1]);
        _exit(0);
    }
    assert_int_equal(read(pipes[0], &orphan, sizeof(orphan)), sizeof(orphan));
    assert_int_equal(kill(engine, SIGKILL), 0);
    assert_int_equal(waitpid(engine, &status, 0), engine);
    int64_t from = clock_mono_ms();
    assert_int_equal(waitpid(orphan, &status, 0), orphan);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_true(clock_mono_ms() - from < PATIENCE_MS);
    prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
    close(pipes[0]);
    close(pipes[1]);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "jail") == 0)
        return jail_main();
    const struct CMUnitTest tests[] = {
        JAIL_TEST(test_strategies_without_an_end_are_stopped),
        JAIL_TEST(test_the_others_answer_beside_those_without_an_end),
        JAIL_TEST(test_hostile_strategies_fail_alone),
        JAIL_TEST(test_a_crash_costs_one_strategy),
        JAIL_TEST(test_child_is_confined),
        JAIL_TEST(test_writing_and_sockets_are_refused),
        JAIL_TEST(test_limits_hold_where_nothing_filters),
        JAIL_TEST(test_the_child_ends_with_its_engine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
