/* jail_fixture - a jail over a store with six people, their groups, conversations and duties, and ways to
 * ask it. Whoever includes it answers to "jail" as the product does. */
#pragma once
#include "core_fixture.h"

#include "loop/loop.h"
#include "lua/jail.h"
#include "lua/snapshot.h"

#include <signal.h>
#include <unistd.h>

/* Of a strategy that shall answer, also where thirty others want the processor; of those that never do; and of some of
 * each together. */
enum { DEADLINE_MS = 30000, SHORT_MS = 200, SHARED_MS = 3000, PATIENCE_MS = 300000 };
enum { LOOK_MS = 10 };

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

static inline char *database_path(const struct world *world)
{
    return xasprintf("%s/test.db", world->fixture->folder);
}

static inline void fill(struct world *world)
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

static inline void set_members(struct world *world, const char *op, const char *key, const char *id,
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

static inline void fill_members(struct world *world)
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

static inline json_t *declare(struct world *world, const char *category)
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

static inline int begin(void **state)
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

static inline int end(void **state)
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

static inline void add_file(struct world *world, const char *path, const char *text)
{
    json_object_set_new(world->files, path, json_string(text));
}

/* A strategy whose file is <text>. */
static inline void add_strategy(struct world *world, const char *name, bool is_private,
                                const char *text)
{
    AUTO_FREE char *path = xasprintf("strategies/invites/%s.lua", name);
    add_file(world, path, text);
    json_array_append_new(world->strategies, json_pack("{ss ss sb}", "strategy", name, "path", path,
                                                       "is_private", is_private));
}

/* One whose invite() has this body, in line 3. */
static inline void add_body(struct world *world, const char *name, const char *body)
{
    AUTO_FREE char *text = xasprintf(
        "local M = { about = 'x' }\nfunction M.invite(incident, find)\n%s\nend\nreturn M\n", body);
    add_strategy(world, name, false, text);
}

static inline void on_done(void *arg, int rc, const json_t *answer, const struct err *err)
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

static inline void on_impatience(void *arg)
{
    (void)arg;
    fail_msg("no answer");
}

static inline void submit(struct world *world)
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

static inline void run_loop(struct world *world)
{
    uint64_t patience = loop_timer(world->loop, PATIENCE_MS, on_impatience, NULL);
    loop_run(world->loop);
    loop_timer_cancel(world->loop, patience);
}

static inline void collect(struct world *world)
{
    submit(world);
    run_loop(world);
    if (world->rc != OK)
        fail_msg("%s", world->err.msg);
}

static inline void stop_loop(void *arg)
{
    loop_stop(arg);
}

static inline int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "ada: reason (line); ": one a row of the answer that <strategy> gave, sorted. */
static inline const char *told(struct world *world, const char *strategy)
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

static inline json_t *run_of(struct world *world, const char *strategy)
{
    size_t index;
    json_t *row;
    json_array_foreach (at(world->answer, "runs"), index, row)
        if (strcmp(text_at(row, "strategy"), strategy) == 0)
            return row;
    fail_msg("%s was not asked", strategy);
    return NULL;
}

static inline void assert_state(struct world *world, const char *strategy, const char *state)
{
    json_t *row = run_of(world, strategy);
    if (strcmp(text_at(row, "state"), state) != 0)
        fail_msg("%s: %s, not %s: %s", strategy, text_at(row, "state"), state,
                 json_string_value(json_object_get(row, "error")));
}

static inline void assert_failed(struct world *world, const char *strategy, const char *words)
{
    assert_state(world, strategy, "failed");
    const char *error = text_at(run_of(world, strategy), "error");
    if (!strstr(error, words))
        fail_msg("%s: \"%s\" is not in: %s", strategy, words, error);
}

/* ---- the child */

static inline void kill_child(struct world *world)
{
    assert_int_equal(kill(jail_pid(world->jail), SIGSYS), 0);
}

static inline void stop_when_gone(void *arg)
{
    struct world *world = arg;
    if (jail_pid(world->jail) == 0)
        loop_stop(world->loop);
    else
        loop_timer(world->loop, LOOK_MS, stop_when_gone, world);
}

static inline void wait_until_gone(struct world *world)
{
    loop_timer(world->loop, LOOK_MS, stop_when_gone, world);
    run_loop(world);
}

#define JAIL_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)
