/* jail: strategies in the real child process (this program answers to "jail" as the product does): what they find, that
 * nothing stays of them, and how the process comes and goes. */
#include "jail_fixture.h"

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

/* ---- the process */

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
        JAIL_TEST(test_idle_child_that_dies_is_replaced),
        JAIL_TEST(test_child_comes_and_goes),
        JAIL_TEST(test_new_files_are_used),
        JAIL_TEST(test_without_a_database_nobody_is_asked),
        JAIL_TEST(test_freed_on_the_way),
        JAIL_TEST(test_one_file_for_the_command_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
