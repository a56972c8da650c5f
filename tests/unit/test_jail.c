/* jail: strategies in the real child process (this program answers to "jail" as the product
 * does): what they find, and what they cannot do to the engine, to each other and to the
 * machine. */
#define _GNU_SOURCE /* memmem */
#include "core_fixture.h"

#include "loop/loop.h"
#include "lua/jail.h"
#include "lua/jail_confine.h"
#include "lua/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* Of a strategy that shall answer, also where thirty others want the processor; of those that never do; and of some of
 * each together. */
enum { DEADLINE_MS = 30000, SHORT_MS = 200, SHARED_MS = 3000, PATIENCE_MS = 300000 };
enum { LOOK_MS = 10, BUSY_TICKS = 20 };

struct world {
    struct fixture *fixture; /* first: core_fixture's functions take it */
    struct loop *loop;
    struct jail *jail;
    json_t *files, *strategies; /* of the next collection */
    json_t *incident, *answer;
    struct err err;
    int rc, done;
    int64_t deadline_ms;
    long ticks;         /* of processor time that the child may use before it is killed */
    char people[6][40]; /* ids of ada, ben, cho, dan, eve, fay */
};

enum { ADA, BEN, CHO, DAN, EVE, FAY };

/* ---- fixture */

static char *database_path(const struct world *world)
{
    return xasprintf("%s/test.db", world->fixture->folder);
}

static void fill(struct world *world)
{
    static const char *const NAMES[] = { "ada", "ben", "cho", "dan", "eve", "fay" };
    struct fixture *fixture = world->fixture;
    for (int i = 0; i < 6; i++)
        add_person(fixture, NAMES[i], world->people[i]);
    run_quietly(fixture, "reference.reconcile",
                "{'usergroups':[{'platform':'chat','external_id':'S-PAY','handle':'payments','"
                "categories':['Payment']},"
                "{'platform':'chat','external_id':'S-LEAD','handle':'leads','tag':'invited_for_all_"
                "public_p1'}],"
                "'conversations':[{'platform':'chat','external_id':'C-PAY','name':'pay-room','"
                "categories':['Payment']},"
                "{'platform':'chat','external_id':'C-OPS','name':'ops','tag':'operations'}],"
                "'oncall':[{'service':'shop','level':1,'email':'ada@example.com'},{'service':'shop'"
                ",'level':2,'email':'ben@example.com'},"
                "{'service':'bank','level':1,'email':'cho@example.com'}]}");
}

static void set_members(struct world *world, const char *op, const char *key, const char *id,
                        const int *who, int who_count)
{
    json_t *args = json_pack("{ss s[]}", key, id, "people");
    for (int i = 0; i < who_count; i++)
        json_array_append_new(json_object_get(args, "people"), json_string(world->people[who[i]]));
    json_t *answer = run_json(world->fixture, NULL, op, args);
    if (!answer)
        fail_msg("%s: %s", op, world->fixture->err.msg);
    json_decref(answer);
}

static void fill_members(struct world *world)
{
    json_t *groups = run(world->fixture, "usergroup.list", "{'platform':'chat'}");
    size_t index;
    json_t *group;
    json_array_foreach (groups, index, group) {
        bool is_pay = strcmp(text_at(group, "handle"), "payments") == 0;
        set_members(world, "usergroup.set_members", "usergroup_id", text_at(group, "id"),
                    is_pay ? (const int[]){ ADA, BEN } : (const int[]){ DAN }, is_pay ? 2 : 1);
    }
    json_decref(groups);
    json_t *room =
        run(world->fixture, "conversation.get", "{'platform':'chat','external_id':'C-PAY'}");
    set_members(world, "conversation.set_members", "conversation_id", text_at(room, "id"),
                (const int[]){ BEN, EVE }, 2);
    json_decref(room);
    json_t *ops = run(world->fixture, "conversation.get", "{'tag':'operations'}");
    set_members(world, "conversation.set_members", "conversation_id", text_at(ops, "id"),
                (const int[]){ FAY }, 1);
    json_decref(ops);
}

static json_t *declare(struct world *world, const char *category)
{
    json_t *args = parse("{'title':'Checkout fails','description':'Nobody can "
                         "pay','priority':'P1','environment':'PRD'}");
    json_object_set_new(args, "category", json_string(category));
    json_object_set_new(args, "created_by", json_string(world->people[ADA]));
    json_t *declared = run_json(world->fixture, NULL, "incident.declare", args);
    if (!declared)
        fail_msg("%s", world->fixture->err.msg);
    json_t *incident = json_incref(at(declared, "incident"));
    json_decref(declared);
    return incident;
}

static int begin(void **state)
{
    struct world *world = xcalloc(1, sizeof(*world));
    void *fixture;
    setup(&fixture);
    world->fixture = fixture;
    world->loop = loop_new(&world->err);
    assert_non_null(world->loop);
    AUTO_FREE char *path = database_path(world);
    world->jail = jail_new(world->loop, path);
    world->files = json_object();
    world->strategies = json_array();
    world->deadline_ms = DEADLINE_MS;
    fill(world);
    fill_members(world);
    world->incident = declare(world, "Payment");
    *state = world;
    return 0;
}

static int end(void **state)
{
    struct world *world = *state;
    jail_free(world->jail);
    loop_free(world->loop);
    json_decref(world->files);
    json_decref(world->strategies);
    json_decref(world->incident);
    json_decref(world->answer);
    void *fixture = world->fixture;
    free(world);
    return teardown(&fixture);
}

/* ---- asking */

static void add_file(struct world *world, const char *path, const char *text)
{
    json_object_set_new(world->files, path, json_string(text));
}

/* A strategy whose file is <text>. */
static void add_strategy(struct world *world, const char *name, bool is_private, const char *text)
{
    AUTO_FREE char *path = xasprintf("strategies/invites/%s.lua", name);
    add_file(world, path, text);
    json_array_append_new(world->strategies, json_pack("{ss ss sb}", "strategy", name, "path", path,
                                                       "is_private", is_private));
}

/* One whose invite() has this body, in line 3. */
static void add_body(struct world *world, const char *name, const char *body)
{
    AUTO_FREE char *text = xasprintf(
        "local M = { about = 'x' }\nfunction M.invite(incident, find)\n%s\nend\nreturn M\n", body);
    add_strategy(world, name, false, text);
}

static void on_done(void *arg, int rc, const json_t *answer, const struct err *err)
{
    struct world *world = arg;
    world->rc = rc;
    world->done++;
    json_decref(world->answer);
    world->answer = json_incref((json_t *)answer);
    if (err)
        world->err = *err;
    loop_stop(world->loop);
}

static void on_impatience(void *arg)
{
    (void)arg;
    fail_msg("no answer");
}

static void submit(struct world *world)
{
    struct err err;
    struct snapshot *snapshot = snapshot_from_json(world->files, &err);
    assert_non_null(snapshot);
    const struct jail_request request = {
        .snapshot = snapshot,
        .strategies = world->strategies,
        .incident = world->incident,
        .deadline_ms = world->deadline_ms,
    };
    jail_collect(world->jail, &request, on_done, world);
    snapshot_unref(snapshot);
}

static void run_loop(struct world *world)
{
    uint64_t patience = loop_timer(world->loop, PATIENCE_MS, on_impatience, NULL);
    loop_run(world->loop);
    loop_timer_cancel(world->loop, patience);
}

static void collect(struct world *world)
{
    submit(world);
    run_loop(world);
    if (world->rc != OK)
        fail_msg("%s", world->err.msg);
}

static void stop_loop(void *arg)
{
    loop_stop(arg);
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "ada: reason (line); ": one a row of the answer that <strategy> gave, sorted. */
static const char *told(struct world *world, const char *strategy)
{
    static const char *const NAMES[] = { "ada", "ben", "cho", "dan", "eve", "fay" };
    static char text[1000];
    char *lines[20];
    size_t index, count = 0;
    json_t *row;
    json_array_foreach (at(world->answer, "people"), index, row) {
        int who = 0;
        if (strcmp(text_at(row, "strategy"), strategy) != 0)
            continue;
        while (who < 6 && strcmp(world->people[who], text_at(row, "person_id")) != 0)
            who++;
        assert_in_range(who, 0, 5);
        assert_true(count < 20);
        lines[count++] =
            xasprintf("%s: %s (%lld); ", NAMES[who], text_at(row, "reason"),
                      (long long)json_integer_value(json_object_get(row, "source_line")));
    }
    qsort(lines, count, sizeof(lines[0]), compare_lines);
    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(text);
        snprintf(text + len, sizeof(text) - len, "%s", lines[i]);
        free(lines[i]);
    }
    return text;
}

static json_t *run_of(struct world *world, const char *strategy)
{
    size_t index;
    json_t *row;
    json_array_foreach (at(world->answer, "runs"), index, row)
        if (strcmp(text_at(row, "strategy"), strategy) == 0)
            return row;
    fail_msg("%s was not asked", strategy);
    return NULL;
}

static void assert_state(struct world *world, const char *strategy, const char *state)
{
    json_t *row = run_of(world, strategy);
    if (strcmp(text_at(row, "state"), state) != 0)
        fail_msg("%s: %s, not %s: %s", strategy, text_at(row, "state"), state,
                 json_string_value(json_object_get(row, "error")));
}

static void assert_failed(struct world *world, const char *strategy, const char *words)
{
    assert_state(world, strategy, "failed");
    const char *error = text_at(run_of(world, strategy), "error");
    if (!strstr(error, words))
        fail_msg("%s: \"%s\" is not in: %s", strategy, words, error);
}

#define JAIL_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

/* ---- what strategies find */

static void test_finds_and_says_why(void **state)
{
    struct world *world = *state;
    add_body(world, "groups", "return find.category_groups()");
    add_body(world, "rooms", "return find.category_conversations()");
    add_body(world, "duty", "return find.on_call { level = 1 }");
    add_body(world, "service", "return find.on_call { service = 'shop', provider = 'config' }");
    add_body(world, "handle", "return find.usergroup('@payments')");
    add_body(world, "external", "return find.usergroup('S-LEAD')");
    add_body(world, "tag", "return find.usergroup { tag = 'invited_for_all_public_p1' }");
    add_body(world, "room", "return find.conversation_members('operations')");
    add_body(world, "person", "return find.person('Dan@Example.com')");
    add_body(world, "role", "return find.role('commander')");
    collect(world);
    assert_string_equal(told(world, "groups"), "ada: @payments (3); ben: @payments (3); ");
    assert_string_equal(told(world, "rooms"), "ben: #pay-room (3); eve: #pay-room (3); ");
    assert_string_equal(
        told(world, "duty"),
        "ada: on call for shop (level 1) (3); cho: on call for bank (level 1) (3); ");
    assert_string_equal(
        told(world, "service"),
        "ada: on call for shop (level 1) (3); ben: on call for shop (level 2) (3); ");
    assert_string_equal(told(world, "handle"), "ada: @payments (3); ben: @payments (3); ");
    assert_string_equal(told(world, "external"), "dan: @leads (3); ");
    assert_string_equal(told(world, "tag"), "dan: @leads (3); ");
    assert_string_equal(told(world, "room"), "fay: #ops (3); ");
    assert_string_equal(told(world, "person"), "dan: named by the strategy (3); ");
    assert_string_equal(told(world, "role"), "ada: Commander (3); ");
}

/* So that the same reason comes once for all whom it is for. */
static void test_on_call_comes_by_level_and_service(void **state)
{
    struct world *world = *state;
    static const int WHO[] = { CHO, ADA, BEN };
    add_body(world, "duty", "return find.on_call()");
    collect(world);
    json_t *people = at(world->answer, "people");
    assert_int_equal(json_array_size(people), 3);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(text_at(json_array_get(people, i), "person_id"), world->people[WHO[i]]);
}

static void test_lists(void **state)
{
    struct world *world = *state;
    add_body(world, "because",
             "local people = find.on_call { level = 1 }:because('payments on-call')\n"
             "people:add(find.usergroup('leads'), 'lead of the group')\nreturn people");
    add_body(world, "without",
             "local all = find.usergroup('payments')\nlocal rest = "
             "all:without(find.person('ada@example.com'))\n"
             "assert(#all == 2 and #rest == 1)\nreturn rest");
    add_body(world, "twice",
             "local all = find.category_groups():add(find.category_conversations())\nassert(#all "
             "== 3)\nreturn all");
    add_body(world, "walk",
             "local names, picked = {}, find.nobody()\nfor i, person in "
             "ipairs(find.usergroup('payments')) do\n"
             "names[i] = person.username .. '=' .. "
             "person.email\npicked:add(person)\nend\ntable.sort(names)\n"
             "for i, person in pairs(find.usergroup('payments')) do assert(person.id == "
             "picked[i].id) end\n"
             "return picked:because(table.concat(names, ' '))");
    add_body(world, "nobody", "return find.nobody()");
    add_body(world, "missing", "return find.usergroup('nobody-knows'):add(find.role('dancer'))");
    collect(world);
    assert_string_equal(
        told(world, "because"),
        "ada: payments on-call (3); cho: payments on-call (3); dan: lead of the group (4); ");
    assert_string_equal(told(world, "without"), "ben: @payments (3); ");
    assert_string_equal(
        told(world, "twice"),
        "ada: @payments (3); ben: #pay-room (3); ben: @payments (3); eve: #pay-room (3); ");
    assert_int_equal(int_at(run_of(world, "twice"), "people"), 3);
    assert_string_equal(told(world, "walk"), "ada: ada=ada@example.com ben=ben@example.com (10); "
                                             "ben: ada=ada@example.com ben=ben@example.com (10); ");
    assert_state(world, "nobody", "answered");
    assert_state(world, "missing", "answered");
    assert_int_equal(json_array_size(at(world->answer, "notes")), 2);
    assert_string_equal(text_at(world->answer, "notes.0.text"),
                        "find.usergroup: there is no user group \"nobody-knows\"");
}

static void test_applies(void **state)
{
    struct world *world = *state;
    add_strategy(world, "not_for_p1", false,
                 "return { about = 'x', applies = function(incident) return "
                 "incident.priority.value > 1 end,\n"
                 "invite = function(_, find) return find.person('ada@example.com') end }");
    add_strategy(world, "for_shop", false,
                 "return { about = 'x', applies = function(incident) return "
                 "incident.category.group.name == 'Shop' end,\n"
                 "invite = function(_, find) return find.person('ada@example.com') end }");
    collect(world);
    assert_state(world, "not_for_p1", "not_applicable");
    assert_string_equal(told(world, "for_shop"), "ada: named by the strategy (2); ");
}

static void test_requires_scripts_and_harmless_modules(void **state)
{
    struct world *world = *state;
    add_file(world, "scripts/lib/duty.lua",
             "local M = {}\nfunction M.first(find)\nreturn find.on_call { service = 'bank' "
             "}\nend\nreturn M\n");
    add_body(world, "library",
             "local time = require 'engine.time'\nassert(time.now_ms() > 0)\n"
             "local people = require('lib.duty').first(find)\nreturn people");
    collect(world);
    assert_string_equal(told(world, "library"), "cho: on call for bank (level 1) (5); ");
}

static void test_private_incidents_are_for_private_strategies(void **state)
{
    struct world *world = *state;
    static const char OPEN[] = "return { about = 'x', invite = function(_, find) return "
                               "find.person('ada@example.com') end }";
    static const char PRIVATE[] = "return { about = 'x', private = true, invite = function(_, "
                                  "find) return find.person('ben@example.com') end }";
    json_decref(world->incident);
    world->incident = declare(world, "Data breach");
    assert_true(bool_at(world->incident, "is_private"));
    add_strategy(world, "open", false, OPEN);
    add_strategy(world, "private", true, PRIVATE);
    add_strategy(world, "pretends", true, OPEN);
    collect(world);
    assert_int_equal(json_array_size(at(world->answer, "runs")), 2);
    assert_string_equal(told(world, "private"), "ben: named by the strategy (1); ");
    assert_state(world, "pretends", "not_applicable");
}

static void test_nothing_stays_between_incidents(void **state)
{
    struct world *world = *state;
    add_strategy(world, "remembers", false,
                 "local seen = {}\nreturn { about = 'x', invite = function(incident, find)\n"
                 "if #seen > 0 then error('I know of incident ' .. seen[1]) end\nseen[1] = "
                 "incident.id\nreturn find.nobody() end }");
    collect(world);
    pid_t child = jail_pid(world->jail);
    collect(world);
    assert_state(world, "remembers", "answered");
    assert_int_equal(jail_pid(world->jail), child);
}

/* Strategies before it that leave something behind in what they share the files of, in every way that ends. */
static void test_nothing_stays_between_strategies(void **state)
{
    struct world *world = *state;
    static const char *const LEAVES[] = {
        "",
        "require('engine.json').encode({ 1 })",
        "error('on purpose')",
        "local hoard = {} while true do hoard[#hoard + 1] = ('x'):rep(100000) .. #hoard end",
        "require('engine.time').now_ms() error('on purpose')",
    };
    enum { COUNT = sizeof(LEAVES) / sizeof(LEAVES[0]) };
    log_configure(LOG_ERROR_LEVEL, false);
    add_file(world, "scripts/lib/memory.lua", "return { seen = {} }");
    for (int i = 0; i < COUNT; i++) {
        AUTO_FREE char *leaves = xasprintf("%d_leaves", i), *looks = xasprintf("%d_looks", i);
        AUTO_FREE char *body =
            xasprintf("require('lib.memory').seen[1] = 'me' %s return find.nobody()", LEAVES[i]);
        add_body(world, leaves, body);
        add_body(world, looks,
                 "assert(#require('lib.memory').seen == 0) return find.person('ada@example.com')");
    }
    for (int round = 0; round < 3; round++) {
        collect(world);
        for (int i = 0; i < COUNT; i++) {
            AUTO_FREE char *looks = xasprintf("%d_looks", i);
            assert_state(world, looks, "answered");
        }
    }
}

static void test_each_is_asked_about_the_incident_of_its_run(void **state)
{
    struct world *world = *state;
    for (const char *name = "abc"; *name; name++)
        add_strategy(world, (char[]){ *name, '\0' }, true,
                     "return { about = 'x', private = true, invite = function(incident, find)\n"
                     "error('about ' .. incident.category.name) end }");
    log_configure(LOG_ERROR_LEVEL, false);
    collect(world);
    for (const char *name = "abc"; *name; name++)
        assert_failed(world, (char[]){ *name, '\0' }, "about Payment");
    pid_t child = jail_pid(world->jail);
    json_decref(world->incident);
    world->incident = declare(world, "Data breach");
    collect(world);
    for (const char *name = "abc"; *name; name++)
        assert_failed(world, (char[]){ *name, '\0' }, "about Data breach");
    assert_int_equal(jail_pid(world->jail), child);
}

/* ---- what they cannot do */

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

static void kill_child(struct world *world)
{
    assert_int_equal(kill(jail_pid(world->jail), SIGSYS), 0);
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

static void stop_when_gone(void *arg)
{
    struct world *world = arg;
    if (jail_pid(world->jail) == 0)
        loop_stop(world->loop);
    else
        loop_timer(world->loop, LOOK_MS, stop_when_gone, world);
}

static void wait_until_gone(struct world *world)
{
    loop_timer(world->loop, LOOK_MS, stop_when_gone, world);
    run_loop(world);
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

static void test_idle_child_that_dies_is_replaced(void **state)
{
    struct world *world = *state;
    log_configure(LOG_ERROR_LEVEL, false);
    add_body(world, "good", "return find.person('ada@example.com')");
    collect(world);
    kill_child(world);
    wait_until_gone(world);
    collect(world);
    assert_state(world, "good", "answered");
}

/* ---- the process */

static void test_child_comes_and_goes(void **state)
{
    struct world *world = *state;
    jail_set_idle_ms(world->jail, 30);
    assert_int_equal(jail_pid(world->jail), 0);
    collect(world);
    assert_int_equal(jail_pid(world->jail), 0); /* nobody was to be asked */
    add_body(world, "good", "return find.person('ada@example.com')");
    collect(world);
    assert_int_not_equal(jail_pid(world->jail), 0);
    wait_until_gone(world);
    collect(world);
    assert_state(world, "good", "answered");
}

static void test_new_files_are_used(void **state)
{
    struct world *world = *state;
    add_body(world, "one", "return find.person('ada@example.com')");
    submit(world);
    json_array_clear(world->strategies);
    add_body(world, "one", "return find.person('ben@example.com')");
    submit(world); /* waits behind the first, which keeps its files */
    run_loop(world);
    if (world->done == 1) {
        assert_string_equal(told(world, "one"), "ada: named by the strategy (3); ");
        run_loop(world);
    }
    assert_int_equal(world->done, 2);
    assert_string_equal(told(world, "one"), "ben: named by the strategy (3); ");
}

static void test_without_a_database_nobody_is_asked(void **state)
{
    struct world *world = *state;
    log_configure(LOG_ERROR_LEVEL + 1, false);
    jail_free(world->jail);
    world->jail = jail_new(world->loop, "/nonexistent/halligan.db");
    add_body(world, "one", "return find.person('ada@example.com')");
    submit(world);
    run_loop(world);
    assert_int_equal(world->rc, ERR_UNAVAILABLE);
    assert_true(world->err.retryable);
    assert_non_null(strstr(world->err.msg, "/nonexistent/halligan.db"));
    assert_int_equal(jail_pid(world->jail), 0);
}

static void test_freed_on_the_way(void **state)
{
    struct world *world = *state;
    add_body(world, "loops", "while true do end");
    submit(world);
    loop_timer(world->loop, SHORT_MS, stop_loop, world->loop);
    run_loop(world);
    assert_int_equal(world->done, 0);
    jail_free(world->jail);
    world->jail = NULL;
    assert_int_equal(world->done, 1);
    assert_int_equal(world->rc, ERR_CLOSED);
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

/* ---- halligan strategy run */

static void test_one_file_for_the_command_line(void **state)
{
    struct world *world = *state;
    AUTO_FREE char *database = database_path(world);
    AUTO_FREE char *path = xasprintf("%s/mine.lua", world->fixture->folder);
    FILE *file = fopen(path, "w");
    fputs("return { about = 'x', invite = function(_, find) return find.person('ada@example.com') "
          "end }",
          file);
    fclose(file);
    const struct jail_once what = { .root = world->fixture->folder,
                                    .database = database,
                                    .strategy_path = path };
    assert_int_equal(jail_run_once(&what, world->incident, &world->answer, &world->err), OK);
    assert_string_equal(told(world, "mine"), "ada: named by the strategy (1); ");
    json_decref(world->answer);
    const struct jail_once missing = { .root = world->fixture->folder,
                                       .database = database,
                                       .strategy_path = "/nonexistent.lua" };
    assert_int_equal(jail_run_once(&missing, world->incident, &world->answer, &world->err),
                     ERR_NOT_FOUND);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "jail") == 0)
        return jail_main();
    const struct CMUnitTest tests[] = {
        JAIL_TEST(test_finds_and_says_why),
        JAIL_TEST(test_on_call_comes_by_level_and_service),
        JAIL_TEST(test_lists),
        JAIL_TEST(test_applies),
        JAIL_TEST(test_requires_scripts_and_harmless_modules),
        JAIL_TEST(test_private_incidents_are_for_private_strategies),
        JAIL_TEST(test_nothing_stays_between_incidents),
        JAIL_TEST(test_nothing_stays_between_strategies),
        JAIL_TEST(test_each_is_asked_about_the_incident_of_its_run),
        JAIL_TEST(test_strategies_without_an_end_are_stopped),
        JAIL_TEST(test_the_others_answer_beside_those_without_an_end),
        JAIL_TEST(test_hostile_strategies_fail_alone),
        JAIL_TEST(test_a_crash_costs_one_strategy),
        JAIL_TEST(test_idle_child_that_dies_is_replaced),
        JAIL_TEST(test_child_comes_and_goes),
        JAIL_TEST(test_new_files_are_used),
        JAIL_TEST(test_without_a_database_nobody_is_asked),
        JAIL_TEST(test_freed_on_the_way),
        JAIL_TEST(test_child_is_confined),
        JAIL_TEST(test_writing_and_sockets_are_refused),
        JAIL_TEST(test_limits_hold_where_nothing_filters),
        JAIL_TEST(test_the_child_ends_with_its_engine),
        JAIL_TEST(test_one_file_for_the_command_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
