/* Invitations, conversations and their members: who is asked in, why, and what became of it. */
#include "core_fixture.h"

static void make_incident(struct fixture *fixture)
{
    run_quietly(
        fixture, "incident.declare",
        "{'title':'t','description':'d','category':'Payment','priority':'P1','environment':'PRD',"
        "'created_by_email':'author@example.com'}");
}

/* Requests one person for one reason. */
static json_t *request(struct fixture *fixture, const char *person_id, const char *strategy,
                       const char *reason)
{
    char args[600];
    snprintf(args, sizeof(args),
             "{'incident_id':1,'platform':'chat','people':[{'person_id':'%s','strategy':'%s','"
             "reason':'%s','source_line':7}],'runs':[{'strategy':'%s','state':'answered','people':"
             "1,'duration_ms':3}]}",
             person_id, strategy, reason, strategy);
    return run(fixture, "invitation.request", args);
}

static void outcome(struct fixture *fixture, const char *person_id, const char *state)
{
    char args[300];
    snprintf(args, sizeof(args),
             "{'incident_id':1,'results':[{'person_id':'%s','state':'%s','error':'why'}]}",
             person_id, state);
    run_quietly(fixture, "invitation.outcome", args);
}

static void same_person_is_invited_once_with_all_reasons(void **state)
{
    struct fixture *fixture = *state;
    char id[40];
    make_incident(fixture);
    add_person(fixture, "ada", id);
    json_t *answer = request(fixture, id, "invites/category", "member of payments");
    assert_string_equal(text_at(answer, "pending.0.external_ids.chat"), "U-ada");
    json_decref(answer);
    json_decref(request(fixture, id, "invites/category", "member of payments"));
    json_decref(request(fixture, id, "invites/oncall", "on call for shop"));
    answer = run(fixture, "invitation.explain", "{'incident_id':1}");
    assert_int_equal(json_array_size(answer), 1);
    assert_int_equal(json_array_size(at(answer, "0.reasons")), 2);
    assert_string_equal(text_at(answer, "0.reasons.1.strategy"), "invites/oncall");
    assert_int_equal(int_at(answer, "0.reasons.1.source_line"), 7);
    json_decref(answer);
    answer = run(fixture, "strategy_run.list", "{'incident_id':1}");
    assert_int_equal(json_array_size(answer), 2);
    json_decref(answer);
}

static void invited_people_are_members_and_never_asked_again(void **state)
{
    struct fixture *fixture = *state;
    char id[40];
    make_incident(fixture);
    add_person(fixture, "ada", id);
    json_decref(request(fixture, id, "s", "r"));
    outcome(fixture, id, "invited");
    json_t *answer = request(fixture, id, "s", "another reason");
    assert_int_equal(json_array_size(at(answer, "pending")), 0);
    assert_int_equal(int_at(answer, "known"), 1);
    json_decref(answer);
    answer = run(fixture, "invitation.pending", "{'incident_id':1,'platform':'chat'}");
    assert_int_equal(json_array_size(answer), 0);
    json_decref(answer);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM incident_member"), 2);
}

static void who_came_without_a_request_has_a_reason_too(void **state)
{
    struct fixture *fixture = *state;
    char id[40], args[300];
    make_incident(fixture);
    add_person(fixture, "ada", id);
    snprintf(args, sizeof(args),
             "{'incident_id':1,'results':[{'person_id':'%s','state':'invited','strategy':'roles',"
             "'reason':'was given a role'}]}",
             id);
    run_quietly(fixture, "invitation.outcome", args);
    run_quietly(fixture, "invitation.outcome", args);
    json_t *answer = run(fixture, "invitation.explain", "{'incident_id':1}");
    assert_int_equal(json_array_size(at(answer, "0.reasons")), 1);
    assert_string_equal(text_at(answer, "0.reasons.0.strategy"), "roles");
    assert_string_equal(text_at(answer, "0.reasons.0.reason"), "was given a role");
    json_decref(answer);
    snprintf(args, sizeof(args),
             "{'incident_id':1,'results':[{'person_id':'%s','state':'invited','reason':'why'}]}",
             id);
    refuse(fixture, "invitation.outcome", args, ERR_INVALID, "results[1].strategy");
}

static void failed_people_are_tried_at_the_next_request(void **state)
{
    struct fixture *fixture = *state;
    char id[40];
    make_incident(fixture);
    add_person(fixture, "ada", id);
    json_decref(request(fixture, id, "s", "r"));
    outcome(fixture, id, "pending");
    json_t *answer = run(fixture, "invitation.pending", "{'incident_id':1,'platform':'chat'}");
    assert_int_equal(int_at(answer, "0.attempts"), 1);
    json_decref(answer);
    outcome(fixture, id, "failed");
    answer = run(fixture, "invitation.explain", "{'incident_id':1}");
    assert_string_equal(text_at(answer, "0.state"), "failed");
    assert_string_equal(text_at(answer, "0.error"), "why");
    json_decref(answer);
    answer = request(fixture, id, "s", "r");
    assert_int_equal(json_array_size(at(answer, "pending")), 1);
    json_decref(answer);
}

static void who_cannot_come_is_skipped_with_a_word(void **state)
{
    struct fixture *fixture = *state;
    static const char *const PEOPLE[][2] = {
        { "{'platform':'chat','external_id':'U1','is_active':false}",
          "the person is not active any more" },
        { "{'platform':'chat','external_id':'U2','is_bot':true}", "bots are not invited" },
        { "{'platform':'mail','external_id':'U3'}", "the person has no account on this platform" },
    };
    make_incident(fixture);
    for (int i = 0; i < 3; i++) {
        json_t *person = run(fixture, "person.upsert", PEOPLE[i][0]);
        json_t *answer = request(fixture, text_at(person, "id"), "s", "r");
        assert_int_equal(int_at(answer, "skipped"), 1);
        assert_int_equal(json_array_size(at(answer, "pending")), 0);
        json_decref(answer);
        char args[100];
        snprintf(args, sizeof(args), "{'incident_id':1,'person_id':'%s'}", text_at(person, "id"));
        answer = run(fixture, "invitation.explain", args);
        assert_string_equal(text_at(answer, "0.state"), "skipped");
        assert_string_equal(text_at(answer, "0.error"), PEOPLE[i][1]);
        json_decref(answer);
        json_decref(person);
    }
    json_t *answer = request(fixture, "nobody", "s", "r");
    assert_int_equal(int_at(answer, "unknown"), 1);
    json_decref(answer);
}

static void channel_of_an_incident_is_opened_once(void **state)
{
    struct fixture *fixture = *state;
    make_incident(fixture);
    for (int i = 0; i < 2; i++)
        run_quietly(fixture, "conversation.opened",
                    "{'incident_id':1,'platform':'chat','external_id':'C1','name':'20261123-1','"
                    "type':'public','url':'https://c/1'}");
    assert_int_equal(
        count(fixture, "SELECT COUNT(*) FROM event WHERE kind = 'conversation.created'"), 1);
    refuse(fixture, "conversation.opened",
           "{'incident_id':1,'platform':'chat','external_id':'C2','name':'x'}", ERR_CONFLICT, NULL);
    make_incident(fixture);
    refuse(fixture, "conversation.opened",
           "{'incident_id':2,'platform':'chat','external_id':'C1','name':'x'}", ERR_CONFLICT, NULL);
    refuse(fixture, "conversation.opened",
           "{'incident_id':3,'platform':'chat','external_id':'C3','name':'x'}", ERR_NOT_FOUND,
           NULL);
    for (int i = 0; i < 2; i++)
        run_quietly(fixture, "conversation.ready", "{'incident_id':1}");
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM event WHERE kind = 'conversation.ready'"),
                     1);
    json_t *answer =
        run(fixture, "incident.get", "{'conversation':{'platform':'chat','external_id':'C1'}}");
    assert_string_equal(text_at(answer, "conversation.url"), "https://c/1");
    json_decref(answer);
}

static void members_are_replaced_by_difference(void **state)
{
    struct fixture *fixture = *state;
    char ada[40], bob[40], eve[40], args[400];
    add_person(fixture, "ada", ada);
    add_person(fixture, "bob", bob);
    add_person(fixture, "eve", eve);
    run_quietly(fixture, "reference.reconcile",
                "{'usergroups':[{'platform':'chat','handle':'@payments','tag':'t','categories':['"
                "Payment']}]}");
    json_t *groups = run(fixture, "usergroup.list", "{'platform':'chat'}");
    assert_string_equal(text_at(groups, "0.handle"), "payments");
    assert_true(json_is_null(at(groups, "0.external_id")));
    assert_string_equal(text_at(groups, "0.categories.0.name"), "Payment");
    snprintf(
        args, sizeof(args),
        "{'usergroup_id':'%s','people':['%s','%s','nobody'],'external_id':'S1','name':'Payments'}",
        text_at(groups, "0.id"), ada, bob);
    json_t *answer = run(fixture, "usergroup.set_members", args);
    assert_int_equal(int_at(answer, "added"), 2);
    json_decref(answer);
    snprintf(args, sizeof(args), "{'usergroup_id':'%s','people':['%s','%s']}",
             text_at(groups, "0.id"), bob, eve);
    answer = run(fixture, "usergroup.set_members", args);
    assert_int_equal(int_at(answer, "added"), 1);
    assert_int_equal(int_at(answer, "removed"), 1);
    json_decref(answer);
    json_decref(groups);
    groups = run(fixture, "usergroup.list", "{'platform':'chat'}");
    assert_int_equal(int_at(groups, "0.member_count"), 2);
    assert_string_equal(text_at(groups, "0.external_id"), "S1");
    json_decref(groups);
}

static void conversations_are_saved_and_listed(void **state)
{
    struct fixture *fixture = *state;
    char ada[40], args[300];
    add_person(fixture, "ada", ada);
    run_quietly(fixture, "reference.reconcile",
                "{'conversations':[{'platform':'chat','id':'C1','tag':'tech_incidents'},{'platform'"
                ":'chat','id':'C2','tag':'raid_a'}]}");
    run_quietly(
        fixture, "conversation.save",
        "{'platform':'chat','external_id':'C1','name':'tech','type':'public','is_shared':true}");
    refuse(fixture, "conversation.save", "{'platform':'chat','external_id':'C9'}", ERR_NOT_FOUND,
           NULL);
    json_t *answer = run(fixture, "conversation.get", "{'tag':'tech_incidents'}");
    assert_string_equal(text_at(answer, "name"), "tech");
    assert_true(bool_at(answer, "is_shared"));
    snprintf(args, sizeof(args), "{'conversation_id':'%s','person_id':'%s'}", text_at(answer, "id"),
             ada);
    json_decref(answer);
    run_quietly(fixture, "conversation.add_member", args);
    run_quietly(fixture, "conversation.add_member", args);
    answer = run(fixture, "conversation.get", "{'platform':'chat','external_id':'C1'}");
    assert_int_equal(int_at(answer, "member_count"), 1);
    json_decref(answer);
    run_quietly(fixture, "conversation.remove_member", args);
    answer = run(fixture, "conversation.list", "{'platform':'chat','tag_prefix':'raid'}");
    assert_int_equal(json_array_size(answer), 1);
    json_decref(answer);
    answer = run(fixture, "conversation.list", "{'platform':'chat','incident_channels':false}");
    assert_int_equal(json_array_size(answer), 2);
    json_decref(answer);
    run_quietly(fixture, "conversation.save",
                "{'platform':'chat','external_id':'C1','new_external_id':'G1'}");
    json_decref(run(fixture, "conversation.get", "{'platform':'chat','external_id':'G1'}"));
}

static void assert_opened(struct fixture *fixture, size_t count)
{
    json_t *answer = run(fixture, "conversation.list",
                         "{'platform':'chat','incident_channels':true,'opened':true}");
    assert_int_equal(json_array_size(answer), count);
    json_decref(answer);
}

static void archived_channels_are_not_among_the_opened(void **state)
{
    struct fixture *fixture = *state;
    make_incident(fixture);
    run_quietly(fixture, "conversation.opened",
                "{'incident_id':1,'platform':'chat','external_id':'C1','name':'one'}");
    assert_opened(fixture, 1);
    run_quietly(fixture, "conversation.save",
                "{'platform':'chat','external_id':'C1','status':'archived'}");
    assert_opened(fixture, 0);
    refuse(fixture, "conversation.list", "{'platform':'chat','opened':true}", ERR_INVALID,
           "opened");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(same_person_is_invited_once_with_all_reasons),
        TEST(invited_people_are_members_and_never_asked_again),
        TEST(who_came_without_a_request_has_a_reason_too),
        TEST(failed_people_are_tried_at_the_next_request),
        TEST(who_cannot_come_is_skipped_with_a_word),
        TEST(channel_of_an_incident_is_opened_once),
        TEST(members_are_replaced_by_difference),
        TEST(conversations_are_saved_and_listed),
        TEST(archived_channels_are_not_among_the_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
