/* Private fails closed: what a private incident says, and that it is, reaches only those who may
 * see it. */
#include "core_fixture.h"

static const char CANARY[] = "canary-7f3a";

struct scene {
    struct fixture *fixture;
    char author[40], member[40], stranger[40];
};

static void make_scene(struct fixture *fixture, struct scene *scene)
{
    char args[400];
    scene->fixture = fixture;
    add_person(fixture, "author", scene->author);
    add_person(fixture, "member", scene->member);
    add_person(fixture, "stranger", scene->stranger);
    snprintf(args, sizeof(args),
             "{'title':'%s','description':'%s','category':'Data"
             " breach','priority':'P1','environment':'PRD','created_by':'%s'}",
             CANARY, CANARY, scene->author);
    run_quietly(fixture, "incident.declare", args);
    run_quietly(fixture, "incident.declare",
                "{'title':'Public','description':'d','category':'Payment','priority':'P1','"
                "environment':'PRD',"
                "'created_by_email':'x@example.com'}");
    snprintf(args, sizeof(args),
             "{'incident_id':1,'results':[{'person_id':'%s','state':'invited'}]}", scene->member);
    run_quietly(fixture, "invitation.outcome", args);
    run_quietly(fixture, "conversation.opened",
                "{'incident_id':1,'platform':'chat','external_id':'C1','name':'canary-7f3a','type':"
                "'private'}");
    run_quietly(
        fixture, "conversation.opened",
        "{'incident_id':2,'platform':'chat','external_id':'C2','name':'public','type':'public'}");
    json_t *conversation = run(fixture, "conversation.get", "{'incident_id':1}");
    snprintf(args, sizeof(args),
             "{'conversation_id':'%s','external_id':'1.2','kind':'declared','incident_id':1,'text':"
             "'%s'}",
             text_at(conversation, "id"), CANARY);
    json_decref(conversation);
    run_quietly(fixture, "message.save", args);
}

/* Every reading operation that could show incident 1. */
static const char *const READS[][2] = {
    { "incident.get", "{'id':1}" },
    { "incident.get", "{'conversation':{'platform':'chat','external_id':'C1'}}" },
    { "incident.detail", "{'id':1}" },
    { "incident.list", "{}" },
    { "incident.list", "{'is_brief':true}" },
    { "incident.board", "{}" },
    { "conversation.get", "{'incident_id':1}" },
    { "conversation.get", "{'platform':'chat','external_id':'C1'}" },
    { "conversation.list", "{'platform':'chat','incident_channels':true}" },
    { "message.find", "{'incident_id':1,'kind':'declared'}" },
    { "audit.list", "{'incident_id':1}" },
    { "invitation.explain", "{'incident_id':1}" },
    { "invitation.pending", "{'incident_id':1,'platform':'chat'}" },
    { "strategy_run.list", "{'incident_id':1}" },
};
enum { READ_COUNT = sizeof(READS) / sizeof(READS[0]) };

/* How many of the reads show the canary; the rest are refused as unknown or leave it out. */
static int canaries_shown(struct fixture *fixture, const struct actor *actor)
{
    int shown = 0;
    for (int i = 0; i < READ_COUNT; i++) {
        json_t *answer = run_as(fixture, actor, READS[i][0], READS[i][1]);
        if (!answer) {
            assert_int_equal(fixture->err.code, ERR_NOT_FOUND);
            assert_null(strstr(fixture->err.msg, CANARY));
            continue;
        }
        char *text = json_dumps(answer, JSON_ENCODE_ANY);
        shown += strstr(text, CANARY) != NULL;
        free(text);
        json_decref(answer);
    }
    return shown;
}

static void private_incident_is_for_its_people(void **state)
{
    struct scene scene;
    make_scene(*state, &scene);
    struct actor author = person_actor(scene.author);
    struct actor member = person_actor(scene.member);
    struct actor stranger = person_actor(scene.stranger);
    struct actor key = { .kind = ACTOR_KEY, .id = "1", .source = "rest" };
    struct actor nobody = { .kind = ACTOR_PERSON, .source = "web" };
    int all = canaries_shown(*state, &ACTOR_ENGINE);
    assert_true(all >= 8);
    assert_int_equal(canaries_shown(*state, &author), all);
    assert_int_equal(canaries_shown(*state, &member), all);
    assert_int_equal(canaries_shown(*state, &stranger), 0);
    assert_int_equal(canaries_shown(*state, &key), 0);
    assert_int_equal(canaries_shown(*state, &nobody), 0);
}

/* One entry of the audit log names the stranger at <path>. */
static void assert_audited(struct scene *scene, const char *action, const char *path)
{
    char sql[300];
    snprintf(sql, sizeof(sql),
             "SELECT COUNT(*) FROM audit WHERE action = '%s' AND after ->> '%s' = '%s'", action,
             path, scene->stranger);
    assert_int_equal(count(scene->fixture, sql), 1);
}

/* Whoever is invited sees the incident from then on; the audit log says who, once. */
static void an_invitation_lets_in_and_is_audited(void **state)
{
    struct scene scene;
    char args[200];
    make_scene(*state, &scene);
    struct actor stranger = person_actor(scene.stranger);
    snprintf(args, sizeof(args),
             "{'incident_id':1,'results':[{'person_id':'%s','state':'invited'}]}", scene.stranger);
    run_quietly(*state, "invitation.outcome", args);
    run_quietly(*state, "invitation.outcome", args);
    assert_true(canaries_shown(*state, &stranger) > 0);
    assert_audited(&scene, "invitation.outcome", "$.person_ids[0]");
}

static void administrators_see_all_while_they_are_named(void **state)
{
    struct scene scene;
    make_scene(*state, &scene);
    struct actor stranger = person_actor(scene.stranger);
    struct actor key = { .kind = ACTOR_KEY, .source = "rest" };
    snprintf(key.id, sizeof(key.id), "%s", scene.stranger);
    int all = canaries_shown(*state, &ACTOR_ENGINE);
    run_quietly(*state, "reference.reconcile",
                "{'administrators':['Stranger@Example.com','nobody@example.com']}");
    assert_int_equal(canaries_shown(*state, &stranger), all);
    assert_int_equal(canaries_shown(*state, &key), 0);
    refuse(*state, "reference.reconcile", "{'administrators':['stranger@']}", ERR_INVALID,
           "administrators");
    run_quietly(*state, "reference.reconcile", "{'administrators':['on-call-leads']}");
    assert_int_equal(canaries_shown(*state, &stranger), 0);
    run_quietly(*state, "reference.reconcile",
                "{'usergroups':[{'platform':'chat','external_id':'S1','handle':'on-call-leads',"
                "'name':'Leads'}]}");
    json_t *groups = run(*state, "usergroup.list", "{'platform':'chat'}");
    char args[300];
    snprintf(args, sizeof(args), "{'usergroup_id':'%s','people':['%s']}", text_at(groups, "0.id"),
             scene.stranger);
    json_decref(groups);
    run_quietly(*state, "usergroup.set_members", args);
    run_quietly(*state, "usergroup.set_members", args);
    assert_int_equal(canaries_shown(*state, &stranger), all);
    assert_audited(&scene, "usergroup.set_members", "$.administrators[0]");
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM audit WHERE action ="
                                   " 'reference.reconcile' AND after ->> '$.administrators[0]' ="
                                   " 'on-call-leads'"),
                     1);
    run_quietly(*state, "reference.reconcile", "{'administrators':[]}");
    assert_int_equal(canaries_shown(*state, &stranger), 0);
}

static void what_becomes_private_is_hidden_at_once(void **state)
{
    struct scene scene;
    make_scene(*state, &scene);
    struct actor stranger = person_actor(scene.stranger);
    json_decref(run_as(*state, &stranger, "incident.get", "{'id':2}"));
    json_t *answer = run(*state, "incident.make_private", "{'id':2}");
    assert_true(bool_at(answer, "is_changed") && bool_at(answer, "incident.is_private"));
    json_decref(answer);
    assert_null(run_as(*state, &stranger, "incident.get", "{'id':2}"));
    assert_null(run_as(*state, &stranger, "incident.make_private", "{'id':1}"));
    answer = run(*state, "incident.make_private", "{'id':2}");
    assert_false(bool_at(answer, "is_changed"));
    json_decref(answer);
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM audit WHERE action ="
                                   " 'incident.make_private'"),
                     1);
}

static void the_whole_audit_log_is_for_those_who_see_everything(void **state)
{
    struct scene scene;
    make_scene(*state, &scene);
    struct actor author = person_actor(scene.author);
    assert_null(run_as(*state, &author, "audit.list", "{}"));
    assert_int_equal(scene.fixture->err.code, ERR_FORBIDDEN);
    json_t *all = run(*state, "audit.list", "{'limit':2}");
    assert_int_equal(json_array_size(all), 2);
    assert_true(int_at(all, "0.id") > int_at(all, "1.id"));
    json_decref(all);
}

/* A key whose id happens to be a member's id is no person. */
static void key_does_not_borrow_a_persons_rights(void **state)
{
    struct scene scene;
    make_scene(*state, &scene);
    struct actor key = person_actor(scene.author);
    key.kind = ACTOR_KEY;
    assert_int_equal(canaries_shown(*state, &key), 0);
}

static void hidden_and_missing_are_the_same(void **state)
{
    struct scene scene;
    make_scene(*state, &scene);
    struct actor stranger = person_actor(scene.stranger);
    char hidden[512];
    assert_null(run_as(*state, &stranger, "incident.get", "{'id':1}"));
    snprintf(hidden, sizeof(hidden), "%s", scene.fixture->err.msg);
    assert_null(run_as(*state, &stranger, "incident.get", "{'id':7}"));
    char *digit = strchr(hidden, '1');
    assert_non_null(digit);
    *digit = '7';
    assert_string_equal(hidden, scene.fixture->err.msg);
    assert_null(run_as(*state, &stranger, "incident.update", "{'id':1,'message':'hello'}"));
    assert_int_equal(scene.fixture->err.code, ERR_NOT_FOUND);
}

static void lists_count_only_what_may_be_seen(void **state)
{
    struct scene scene;
    make_scene(*state, &scene);
    struct actor stranger = person_actor(scene.stranger);
    json_t *list = run_as(*state, &stranger, "incident.list", "{'limit':1,'order':'status'}");
    assert_int_equal(json_array_size(list), 1);
    assert_int_equal(int_at(list, "0.id"), 2);
    json_decref(list);
    list = run(
        *state, "incident.list",
        "{'status_below':60,'status_in':[10,20],'priority_value_at_most':1,'created_after_ms':0}");
    assert_int_equal(json_array_size(list), 2);
    assert_int_equal(int_at(list, "0.id"), 2);
    json_decref(list);
    list = run(*state, "incident.list", "{'status_in':[]}");
    assert_int_equal(json_array_size(list), 0);
    json_decref(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(private_incident_is_for_its_people),
        TEST(an_invitation_lets_in_and_is_audited),
        TEST(administrators_see_all_while_they_are_named),
        TEST(what_becomes_private_is_hidden_at_once),
        TEST(the_whole_audit_log_is_for_those_who_see_everything),
        TEST(key_does_not_borrow_a_persons_rights),
        TEST(hidden_and_missing_are_the_same),
        TEST(lists_count_only_what_may_be_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
