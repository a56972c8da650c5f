/* Roles and members: who holds what, who is part of it, and what every change leaves behind. */
#include "core_fixture.h"

struct scene {
    struct fixture *fixture;
    char ada[40], ben[40], eve[40];
};

/* Incident 1 is Ada's: she is its member and its commander. */
static void make_scene(struct fixture *fixture, struct scene *scene)
{
    char args[400];
    scene->fixture = fixture;
    add_person(fixture, "ada", scene->ada);
    add_person(fixture, "ben", scene->ben);
    add_person(fixture, "eve", scene->eve);
    snprintf(args, sizeof(args),
             "{'title':'Card payments fail','description':'d','category':'Payment','priority':'P1',"
             "'environment':'PRD','created_by':'%s'}",
             scene->ada);
    run_quietly(fixture, "incident.declare", args);
}

/* Runs incident.set_roles with <roles>, a text with one or two person ids in it. */
static json_t *set_roles(struct scene *scene, const char *roles, const char *first,
                         const char *second)
{
    char filled[400], args[500];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(filled, sizeof(filled), roles, first, second);
#pragma GCC diagnostic pop
    snprintf(args, sizeof(args), "{'id':1,'roles':{%s}}", filled);
    return run(scene->fixture, "incident.set_roles", args);
}

static void gives_a_role_with_all_traces(void **state)
{
    struct scene scene;
    make_scene(*state, &scene);
    clock_set_ms(1800000000000);
    json_t *answer = set_roles(&scene, "'communication_lead':'%s'", scene.ben, "");
    assert_string_equal(text_at(answer, "added.0.slug"), "communication_lead");
    assert_string_equal(text_at(answer, "added.0.person_id"), scene.ben);
    assert_int_equal(json_array_size(at(answer, "removed")), 0);
    assert_string_equal(text_at(answer, "incident.roles.1.person.id"), scene.ben);
    assert_int_equal(int_at(answer, "incident.updated_at_ms"), 1800000000000);
    assert_int_equal(strlen(text_at(answer, "update_id")), 36);
    json_decref(answer);

    assert_int_equal(count(*state, "SELECT COUNT(*) FROM incident_member"), 2);
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM incident_update WHERE roles LIKE"
                                   " '{\"communication_lead\":\"%-%\"}'"),
                     1);
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM event WHERE kind = 'roles.assigned'"), 1);
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM event WHERE kind = 'incident.updated'"),
                     0);
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM audit WHERE action = 'incident.set_roles'"
                                   " AND before = '{\"communication_lead\":[]}'"),
                     1);
}

static void a_role_may_have_several_holders(void **state)
{
    struct scene scene;
    make_scene(*state, &scene);
    json_t *answer = set_roles(&scene, "'communication_lead':['%s','%s']", scene.ben, scene.eve);
    assert_int_equal(json_array_size(at(answer, "added")), 2);
    json_decref(answer);
    answer = set_roles(&scene, "'communication_lead':['%s']", scene.eve, "");
    assert_int_equal(json_array_size(at(answer, "added")), 0);
    assert_string_equal(text_at(answer, "removed.0.person_id"), scene.ben);
    json_decref(answer);
    answer = set_roles(&scene, "'communication_lead':null", "", "");
    assert_string_equal(text_at(answer, "removed.0.person_id"), scene.eve);
    assert_int_equal(json_array_size(at(answer, "incident.roles")), 1);
    json_decref(answer);
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM incident_update WHERE roles ="
                                   " '{\"communication_lead\":null}'"),
                     1);
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM incident_member"), 3);
}

static void what_changes_nothing_leaves_no_trace(void **state)
{
    struct scene scene;
    make_scene(*state, &scene);
    int64_t updates = count(*state, "SELECT COUNT(*) FROM incident_update");
    int64_t audits = count(*state, "SELECT COUNT(*) FROM audit");
    json_t *answer = set_roles(&scene, "'commander':'%s','communication_lead':null", scene.ada, "");
    assert_true(json_is_null(at(answer, "update_id")));
    json_decref(answer);
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM incident_update"), updates);
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM audit"), audits);
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM event WHERE kind = 'roles.assigned'"), 0);
}

static void refuses_what_makes_no_sense(void **state)
{
    struct scene scene;
    make_scene(*state, &scene);
    refuse(*state, "incident.set_roles", "{'id':1,'roles':{'commander':null}}", ERR_INVALID,
           "roles.commander");
    refuse(*state, "incident.set_roles", "{'id':1,'roles':{'commander':[]}}", ERR_INVALID,
           "roles.commander");
    refuse(*state, "incident.set_roles", "{'id':1,'roles':{'cook':null}}", ERR_INVALID,
           "roles.cook");
    refuse(*state, "incident.set_roles", "{'id':1,'roles':{'commander':'nobody'}}", ERR_INVALID,
           "roles.commander");
    refuse(*state, "incident.set_roles", "{'id':1,'roles':{'commander':7}}", ERR_INVALID,
           "roles.commander");
    refuse(*state, "incident.set_roles", "{'id':1}", ERR_INVALID, "roles");
    refuse(*state, "incident.set_roles", "{'id':9,'roles':{}}", ERR_NOT_FOUND, NULL);
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM incident_role"), 1);
}

/* All or nothing: the good half of a refused request is not kept. */
static void refused_request_changes_nothing(void **state)
{
    struct scene scene;
    char args[300];
    make_scene(*state, &scene);
    snprintf(args, sizeof(args),
             "{'id':1,'roles':{'communication_lead':'%s','commander':'nobody'}}", scene.ben);
    refuse(*state, "incident.set_roles", args, ERR_INVALID, "roles.commander");
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM incident_role"), 1);
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM incident_member"), 1);
}

static void inactive_people_get_no_role_but_keep_theirs(void **state)
{
    struct scene scene;
    char args[300];
    make_scene(*state, &scene);
    json_decref(set_roles(&scene, "'communication_lead':'%s'", scene.ben, ""));
    run_quietly(*state, "person.upsert",
                "{'platform':'chat','external_id':'U-ben','handle':'ben','is_active':false}");
    run_quietly(*state, "person.upsert",
                "{'platform':'chat','external_id':'U-eve','handle':'eve','is_active':false}");
    snprintf(args, sizeof(args), "{'id':1,'roles':{'communication_lead':['%s','%s']}}", scene.ben,
             scene.eve);
    refuse(*state, "incident.set_roles", args, ERR_INVALID, "roles.communication_lead");
    json_decref(set_roles(&scene, "'communication_lead':'%s'", scene.ben, ""));
}

static void the_same_request_happens_once(void **state)
{
    struct scene scene;
    char args[300];
    make_scene(*state, &scene);
    snprintf(args, sizeof(args),
             "{'id':1,'roles':{'communication_lead':'%s'},'request_key':'view-7'}", scene.ben);
    json_t *first = run(*state, "incident.set_roles", args);
    json_decref(set_roles(&scene, "'communication_lead':'%s'", scene.eve, ""));
    json_t *second = run(*state, "incident.set_roles", args);
    assert_string_equal(text_at(first, "update_id"), text_at(second, "update_id"));
    assert_string_equal(text_at(second, "added.0.person_id"), scene.ben);
    assert_string_equal(text_at(second, "incident.roles.1.person.id"), scene.eve);
    json_decref(first);
    json_decref(second);
    run_quietly(*state, "incident.declare",
                "{'title':'t','description':'d','category':'Payment','priority':'P1',"
                "'environment':'PRD','created_by_email':'x@example.com'}");
    refuse(*state, "incident.set_roles", "{'id':2,'roles':{},'request_key':'view-7'}", ERR_CONFLICT,
           "request_key");
}

static void claiming_takes_the_role_over(void **state)
{
    struct scene scene;
    make_scene(*state, &scene);
    struct actor ben = person_actor(scene.ben);
    json_t *answer = run_as(*state, &ben, "incident.claim_role", "{'id':1,'role':'commander'}");
    assert_non_null(answer);
    assert_string_equal(text_at(answer, "added.0.person_id"), scene.ben);
    assert_string_equal(text_at(answer, "removed.0.person_id"), scene.ada);
    assert_int_equal(json_array_size(at(answer, "incident.roles")), 1);
    json_decref(answer);
    refuse(*state, "incident.claim_role", "{'id':1,'role':'commander'}", ERR_FORBIDDEN, NULL);
    assert_null(run_as(*state, &ben, "incident.claim_role", "{'id':1,'role':'cook'}"));
    assert_string_equal(scene.fixture->err.field, "role");
}

/* ---- members */

static json_t *move(struct scene *scene, const struct actor *actor, const char *operation,
                    const char *person_id)
{
    char args[200];
    snprintf(args, sizeof(args), "{'id':1,'person_id':'%s','reason':'joined the channel'}",
             person_id);
    json_t *answer = run_as(scene->fixture, actor, operation, args);
    if (!answer)
        fail_msg("%s: %s", operation, scene->fixture->err.msg);
    return answer;
}

static void members_join_and_leave_once(void **state)
{
    struct scene scene;
    make_scene(*state, &scene);
    json_t *answer = move(&scene, NULL, "incident.add_member", scene.ben);
    assert_true(bool_at(answer, "is_changed"));
    json_decref(answer);
    answer = move(&scene, NULL, "incident.add_member", scene.ben);
    assert_false(bool_at(answer, "is_changed"));
    json_decref(answer);
    json_t *members = run(*state, "incident.members", "{'id':1}");
    assert_int_equal(json_array_size(members), 2);
    assert_string_equal(text_at(members, "0.person.email"), "ada@example.com");
    assert_true(int_at(members, "1.since_ms") > 0);
    json_decref(members);
    answer = move(&scene, NULL, "incident.remove_member", scene.ben);
    assert_true(bool_at(answer, "is_changed"));
    json_decref(answer);
    answer = move(&scene, NULL, "incident.remove_member", scene.ben);
    assert_false(bool_at(answer, "is_changed"));
    json_decref(answer);
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM event WHERE kind = 'members.changed'"), 2);
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM audit WHERE action IN"
                                   " ('incident.add_member','incident.remove_member')"),
                     2);
    refuse(*state, "incident.add_member", "{'id':1,'person_id':'nobody'}", ERR_INVALID,
           "person_id");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(gives_a_role_with_all_traces),
        TEST(a_role_may_have_several_holders),
        TEST(what_changes_nothing_leaves_no_trace),
        TEST(refuses_what_makes_no_sense),
        TEST(refused_request_changes_nothing),
        TEST(inactive_people_get_no_role_but_keep_theirs),
        TEST(the_same_request_happens_once),
        TEST(claiming_takes_the_role_over),
        TEST(members_join_and_leave_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
