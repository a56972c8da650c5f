/* Reference data: reconciled by natural key, idempotent, never deleted, and refused with the path
 * of the mistake. */
#include "core_fixture.h"

static int64_t reconcile(struct fixture *fixture, const char *args)
{
    json_t *answer = run(fixture, "reference.reconcile", args);
    int64_t changes = int_at(answer, "changes");
    json_decref(answer);
    return changes;
}

static json_t *list(struct fixture *fixture, const char *kind)
{
    char args[60];
    snprintf(args, sizeof(args), "{'kind':'%s'}", kind);
    return run(fixture, "reference.list", args);
}

static void second_time_changes_nothing(void **state)
{
    assert_int_equal(reconcile(*state, REFERENCE), 0);
    assert_int_equal(
        count(*state, "SELECT COUNT(*) FROM audit WHERE action = 'reference.reconcile'"), 1);
}

static void lists_every_kind(void **state)
{
    json_t *rows = list(*state, "priorities");
    assert_int_equal(json_array_size(rows), 5);
    assert_int_equal(int_at(rows, "0.sla_ms"), 7200000);
    json_decref(rows);
    rows = list(*state, "environments");
    assert_string_equal(text_at(rows, "0.id"), "e5c46eb0-5620-4a30-81c6-4a647c189ff2");
    json_decref(rows);
    rows = list(*state, "categories");
    assert_int_equal(json_array_size(rows), 4);
    assert_string_equal(text_at(rows, "0.group.name"), "Shop");
    assert_true(bool_at(rows, "2.is_private"));
    json_decref(rows);
    rows = list(*state, "impacts");
    assert_string_equal(text_at(rows, "0.levels.0.value"), "NO");
    assert_string_equal(text_at(rows, "0.levels.1.value"), "HT");
    json_decref(rows);
    static const char *const OTHERS[] = { "groups", "roles", "milestones", "metrics",
                                          "cost_types" };
    for (size_t i = 0; i < sizeof(OTHERS) / sizeof(OTHERS[0]); i++) {
        rows = list(*state, OTHERS[i]);
        assert_true(json_array_size(rows) > 0);
        json_decref(rows);
    }
    refuse(*state, "reference.list", "{'kind':'moons'}", ERR_INVALID, "kind");
}

static void names_are_told_by_key(void **state)
{
    reconcile(*state, "{'roles':[{'slug':'commander','name':'Boss'}]}");
    json_t *names = run(*state, "reference.names", "{}");
    assert_string_equal(text_at(names, "roles.commander"), "Boss");
    assert_string_equal(text_at(names, "roles.communication_lead"), "Communication Lead");
    assert_string_equal(text_at(names, "milestones.started"), "Started");
    assert_int_equal(json_object_size(json_object_get(names, "milestones")), 2);
    json_decref(names);
    refuse(*state, "reference.names", "{'kind':'roles'}", ERR_INVALID, "kind");
}

/* A database that is built again has the same ids, so that links and exports stay good. */
static void ids_follow_from_the_names(void **state)
{
    struct fixture *fixture = *state;
    struct fixture other = *fixture;
    char path[96];
    snprintf(path, sizeof(path), "%s/other.db", fixture->folder);
    struct db_options options = { .path = path };
    assert_int_equal(db_open(&options, &other.db, NULL), OK);
    run_quietly(&other, "reference.reconcile", REFERENCE);
    static const char *const KINDS[] = { "priorities", "environments", "groups", "categories",
                                         "impacts" };
    for (size_t i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++) {
        json_t *here = list(fixture, KINDS[i]);
        json_t *there = list(&other, KINDS[i]);
        for (size_t row = 0; row < json_array_size(here); row++)
            assert_true(json_equal(json_object_get(json_array_get(here, row), "id"),
                                   json_object_get(json_array_get(there, row), "id")));
        json_decref(here);
        json_decref(there);
    }
    db_close(other.db);
}

static void what_disappears_is_deactivated_and_may_return(void **state)
{
    struct fixture *fixture = *state;
    json_t *before = list(fixture, "environments");
    assert_int_equal(
        reconcile(fixture, "{'environments':[{'value':'PRD','name':'Prod','default':true}]}"), 2);
    json_t *rows = list(fixture, "environments");
    assert_int_equal(json_array_size(rows), 1);
    json_decref(rows);
    rows = run(fixture, "reference.list", "{'kind':'environments','all':true}");
    assert_int_equal(json_array_size(rows), 3);
    json_decref(rows);
    reconcile(fixture, REFERENCE);
    rows = list(fixture, "environments");
    assert_string_equal(text_at(rows, "1.id"), text_at(before, "1.id"));
    json_decref(rows);
    json_decref(before);
    refuse(fixture, "incident.declare",
           "{'title':'t','description':'d','category':'Payment','priority':'P1','environment':'"
           "GONE','created_by_email':'a@b.c'}",
           ERR_INVALID, "environment");
}

static void names_and_values_may_be_swapped(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(reconcile(fixture,
                               "{'priorities':[{'name':'P2','value':1},{'name':'P1','value':2},"
                               "{'name':'P4','value':4,'default':true},{'name':'P5','value':6},"
                               "{'name':'DRILL','value':20,'response_type':'critical'}]}"),
                     3);
    assert_int_equal(count(fixture, "SELECT value FROM priority WHERE name = 'P5'"), 6);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM priority"), 5);
    /* A new row with the value that P5 was born with does not get P5's id. */
    assert_int_equal(reconcile(fixture,
                               "{'priorities':[{'name':'P2','value':1},{'name':'P1','value':2},"
                               "{'name':'P4','value':4,'default':true},{'name':'P5','value':6},{'"
                               "name':'New','value':5},"
                               "{'name':'DRILL','value':20,'response_type':'critical'}]}"),
                     1);
}

static void row_with_an_id_may_be_renamed(void **state)
{
    struct fixture *fixture = *state;
    reconcile(fixture, "{'environments':[{'value':'PROD','name':'Prod','id':'e5c46eb0-5620-4a30-"
                       "81c6-4a647c189ff2','default':true}]}");
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM environment WHERE value = 'PROD'"
                                    " AND id = 'e5c46eb0-5620-4a30-81c6-4a647c189ff2'"),
                     1);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM environment"), 3);
}

static void mistakes_are_named_by_path(void **state)
{
    static const char *const CASES[][2] = {
        { "{'priorities':[{'name':'P1','value':1}]}", "priorities" },
        { "{'priorities':[{'name':'P1','value':1,'default':true},{'name':'P2','value':2,'default':"
          "true}]}",
          "priorities" },
        { "{'priorities':[{'name':'P1','value':1,'default':true},{'name':'P2','value':1}]}",
          "priorities[2].value" },
        { "{'priorities':[{'name':'P1','value':1,'default':true},{'name':'P1','value':2}]}",
          "priorities[2].name" },
        { "{'priorities':[{'name':'P1','value':1,'default':true,'colour':'red'}]}",
          "priorities[1].colour" },
        { "{'priorities':[{'name':'P1','value':1,'default':true,'response_type':'calm'}]}",
          "priorities" },
        { "{'environments':[{'value':'','name':'x'}]}", "environments[1].value" },
        { "{'environments':['PRD']}", "environments[1]" },
        { "{'groups':[{'name':'g','categories':[{'name':'a'},{'name':'a'}]}]}",
          "groups[1].categories[2].name" },
        { "{'groups':[{'name':'g'}],'categories':[{'name':'a','group':'h'}]}",
          "categories[1].group" },
        { "{'roles':[{'slug':'Commander','name':'c'}]}", "roles[1].slug" },
        { "{'milestones':[{'event_type':'a','name':'A'}],'metrics':[{'type':'m','code':'M','name':'"
          "m','end':'b','start':'a'}]}",
          "metrics" },
        { "{'milestones':[{'event_type':'a','name':'A'}],'metrics':[{'type':'m','code':'M','name':'"
          "m','end':'a','start':'a'}]}",
          "metrics" },
        { "{'impacts':[{'value':'i','name':'I','levels':[{'value':'HT'}]}]}", "impacts" },
        { "{'impacts':[{'value':'i','name':'I','levels':[{'value':'NO'},{'value':'XX'}]}]}",
          "impacts" },
        { "{'conversations':[{'platform':'chat','id':'C1','tag':'t'},{'platform':'chat','id':'C2','"
          "tag':'t'}]}",
          "conversations[2].tag" },
        { "{'conversations':[{'platform':'chat','id':'C1'},{'platform':'chat','id':'C1'}]}",
          "conversations[2].id" },
        { "{'conversations':[{'platform':'chat','tag':'t'}]}", "conversations[1].id" },
        { "{'conversations':[{'platform':'chat','id':'C1','categories':['Moon']}]}",
          "conversations[1].categories" },
        { "{'conversations':[{'platform':'chat','id':'C1','categories':['Other']}]}",
          "conversations[1].categories" },
        { "{'usergroups':[{'platform':'chat'}]}", "usergroups[1].id" },
        { "{'oncall':[{'service':'s','email':'nobody'}]}", "oncall[1].email" },
        { "{'moons':[]}", "moons" },
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++)
        refuse(*state, "reference.reconcile", CASES[i][0], ERR_INVALID, CASES[i][1]);
    assert_int_equal(reconcile(*state, REFERENCE), 0);
}

static void channels_and_groups_follow_the_configuration(void **state)
{
    struct fixture *fixture = *state;
    static const char FIRST[] =
        "{'conversations':[{'platform':'chat','id':'C1','tag':'a','categories':['Payment','"
        "Security/"
        "Other']},{'platform':'chat','id':'C2','tag':'b'}],'usergroups':[{'platform':'chat','id':'"
        "S1','tag':'p1'},{'platform':'chat','handle':'leads','tag':'p1'}]}";
    assert_int_equal(reconcile(fixture, FIRST), 4);
    assert_int_equal(reconcile(fixture, FIRST), 0);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM conversation_category"), 2);
    /* The tags change places, which no order of single updates could do. */
    assert_int_equal(
        reconcile(
            fixture,
            "{'conversations':[{'platform':'chat','id':'C1','tag':'b','categories':['Payment']},"
            "{'platform':'chat','id':'C2','tag':'a'}]}"),
        2);
    assert_int_equal(
        count(fixture, "SELECT COUNT(*) FROM conversation WHERE tag = 'a' AND external_id = 'C2'"),
        1);
    assert_int_equal(reconcile(fixture, "{'conversations':[],'usergroups':[]}"), 4);
    assert_int_equal(
        count(fixture, "SELECT COUNT(*) FROM conversation WHERE tag IS NULL AND is_declared = 0"),
        2);
    json_t *groups = run(fixture, "usergroup.list", "{'platform':'chat'}");
    assert_int_equal(json_array_size(groups), 0);
    json_decref(groups);
}

static void on_call_rows_make_their_people(void **state)
{
    struct fixture *fixture = *state;
    reconcile(fixture, "{'oncall':[{'service':'shop','email':'ada@example.com'},{'service':'shop','"
                       "level':2,'email':'bob@example.com'}]}");
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM oncall WHERE provider = 'config'"), 2);
    reconcile(fixture, "{'oncall':[{'service':'shop','email':'ada@example.com'}]}");
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM oncall"), 1);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM person"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(second_time_changes_nothing),     TEST(lists_every_kind),
        TEST(ids_follow_from_the_names),       TEST(what_disappears_is_deactivated_and_may_return),
        TEST(names_and_values_may_be_swapped), TEST(row_with_an_id_may_be_renamed),
        TEST(mistakes_are_named_by_path),      TEST(channels_and_groups_follow_the_configuration),
        TEST(on_call_rows_make_their_people),  TEST(names_are_told_by_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
