/* Transcripts of channels, messages by filter, one record of a timeline, and who wants no
 * invitations. */
#include "core_fixture.h"

static const struct actor NOBODY = { .kind = ACTOR_SYSTEM, .source = "web" };

static void make_incident(struct fixture *fixture, const char *category)
{
    char args[300];
    snprintf(args, sizeof(args),
             "{'title':'t','description':'d','category':'%s','priority':'P1','environment':'PRD',"
             "'created_by_email':'author@example.com'}",
             category);
    run_quietly(fixture, "incident.declare", args);
}

static void a_transcript_is_saved_in_pieces_and_read_in_order(void **state)
{
    struct fixture *fixture = *state;
    char id[40], args[400];
    make_incident(fixture, "Payment");
    add_person(fixture, "ada", id);
    run_quietly(fixture, "transcript.save",
                "{'incident_id':1,'messages':[{'external_id':'2.0','at_ms':2000,'text':'second',"
                "'author':'Bob'}]}");
    snprintf(args, sizeof(args),
             "{'incident_id':1,'messages':[{'external_id':'1.0','at_ms':1000,'text':'first',"
             "'person_id':'%s'},{'external_id':'2.0','at_ms':2000,'text':'second, edited',"
             "'thread_id':'1.0','author':'Bob'}],'is_complete':true}",
             id);
    json_t *answer = run(fixture, "transcript.save", args);
    assert_int_equal(int_at(answer, "count"), 2);
    json_decref(answer);
    answer = run(fixture, "transcript.get", "{'incident_id':1}");
    assert_true(json_is_true(at(answer, "is_complete")));
    assert_string_equal(text_at(answer, "messages.0.text"), "first");
    assert_string_equal(text_at(answer, "messages.0.person.id"), id);
    assert_string_equal(text_at(answer, "messages.1.text"), "second, edited");
    assert_string_equal(text_at(answer, "messages.1.thread_id"), "1.0");
    json_decref(answer);
    answer = run(fixture, "transcript.get", "{'incident_id':1,'limit':1,'offset':1}");
    assert_string_equal(text_at(answer, "messages.0.external_id"), "2.0");
    json_decref(answer);
}

static void save_thousand(struct fixture *fixture, int from)
{
    json_t *rows = json_array();
    for (int i = from; i < from + 1000; i++)
        json_array_append_new(rows, json_pack("{s:o s:i s:s}", "external_id",
                                              json_sprintf("%d.0", i), "at_ms", i, "text", "x"));
    json_t *answer =
        run_json(fixture, NULL, "transcript.save",
                 json_pack("{s:i s:o s:b}", "incident_id", 1, "messages", rows, "is_complete", 1));
    assert_non_null(answer);
    assert_int_equal(json_is_true(at(answer, "is_full")), from >= 10000);
    json_decref(answer);
}

static void a_transcript_is_bounded_and_says_so(void **state)
{
    struct fixture *fixture = *state;
    make_incident(fixture, "Payment");
    for (int from = 0; from <= 10000; from += 1000)
        save_thousand(fixture, from);
    json_t *answer = run(fixture, "transcript.get", "{'incident_id':1,'limit':0}");
    assert_int_equal(int_at(answer, "count"), 10000);
    assert_false(json_is_true(at(answer, "is_complete")));
    json_decref(answer);
}

static void a_private_transcript_is_as_hidden_as_its_incident(void **state)
{
    struct fixture *fixture = *state;
    make_incident(fixture, "Data breach");
    run_quietly(fixture, "transcript.save",
                "{'incident_id':1,'messages':[{'external_id':'1','at_ms':1,'text':'secret'}]}");
    assert_null(run_as(fixture, &NOBODY, "transcript.get", "{'incident_id':1}"));
    assert_int_equal(fixture->err.code, ERR_NOT_FOUND);
}

static void messages_are_found_by_what_they_belong_to(void **state)
{
    struct fixture *fixture = *state;
    make_incident(fixture, "Payment");
    json_t *channel = run(fixture, "conversation.opened",
                          "{'incident_id':1,'platform':'chat','external_id':'C1','name':'one'}");
    char args[300];
    for (int i = 1; i <= 3; i++) {
        snprintf(args, sizeof(args),
                 "{'conversation_id':'%s','external_id':'%d.5','kind':'%s','incident_id':1,"
                 "'update_id':'u%d'}",
                 text_at(channel, "id"), i, i == 3 ? "other" : "status", i);
        run_quietly(fixture, "message.save", args);
    }
    json_decref(channel);
    json_t *answer =
        run(fixture, "message.find", "{'incident_id':1,'kind':'status','update_id':'u1'}");
    assert_string_equal(text_at(answer, "external_id"), "1.5");
    json_decref(answer);
    answer = run(fixture, "message.list", "{'incident_id':1,'kind':'status'}");
    assert_int_equal(json_array_size(answer), 2);
    assert_string_equal(text_at(answer, "0.external_id"), "2.5");
    json_decref(answer);
    refuse(fixture, "message.list", "{'kind':'status'}", ERR_INVALID, "conversation_id");
    refuse(fixture, "message.find", "{'incident_id':1}", ERR_INVALID, "kind");
}

static void one_record_of_a_timeline_is_read(void **state)
{
    struct fixture *fixture = *state;
    make_incident(fixture, "Data breach");
    json_t *updated = run(fixture, "incident.update", "{'id':1,'message':'we look at the logs'}");
    char args[100];
    snprintf(args, sizeof(args), "{'id':'%s'}", text_at(updated, "update_id"));
    json_decref(updated);
    json_t *answer = run(fixture, "update.get", args);
    assert_string_equal(text_at(answer, "message"), "we look at the logs");
    json_decref(answer);
    assert_null(run_as(fixture, &NOBODY, "update.get", args));
    refuse(fixture, "update.get", "{'id':'none'}", ERR_NOT_FOUND, NULL);
}

/* Asks for the person; the answer's number <what>. */
static int64_t request(struct fixture *fixture, int incident, const char *person_id,
                       const char *what)
{
    char args[300];
    snprintf(args, sizeof(args),
             "{'incident_id':%d,'platform':'chat','people':[{'person_id':'%s','strategy':'s',"
             "'reason':'r'}]}",
             incident, person_id);
    json_t *answer = run(fixture, "invitation.request", args);
    int64_t number = int_at(answer, what);
    json_decref(answer);
    return number;
}

static void who_opted_out_of_a_category_is_skipped_there_only(void **state)
{
    struct fixture *fixture = *state;
    char id[40], args[200];
    make_incident(fixture, "Payment");
    make_incident(fixture, "Data breach");
    add_person(fixture, "ada", id);
    json_t *incident = run(fixture, "incident.get", "{'id':1}");
    snprintf(args, sizeof(args), "{'person_id':'%s','category_id':'%s'}", id,
             text_at(incident, "category.id"));
    json_decref(incident);
    run_quietly(fixture, "invitation.opt_out", args);
    assert_int_equal(request(fixture, 1, id, "skipped"), 1);
    assert_int_equal(request(fixture, 2, id, "skipped"), 0);
    json_t *answer = run(fixture, "invitation.explain", "{'incident_id':1}");
    assert_non_null(strstr(text_at(answer, "0.error"), "does not want"));
    json_decref(answer);
    run_quietly(fixture, "invitation.opt_in", args);
    assert_int_equal(request(fixture, 1, id, "skipped"), 0);
}

static void who_opted_out_of_everything_is_skipped_until_taken_back(void **state)
{
    struct fixture *fixture = *state;
    char id[40], args[200];
    make_incident(fixture, "Payment");
    add_person(fixture, "ada", id);
    snprintf(args, sizeof(args), "{'person_id':'%s'}", id);
    run_quietly(fixture, "invitation.opt_out", args);
    json_t *answer = run(fixture, "invitation.opt_outs", args);
    assert_int_equal(json_array_size(answer), 1);
    assert_true(json_is_null(json_object_get(json_array_get(answer, 0), "category")));
    json_decref(answer);
    answer = run(fixture, "invitation.opted_out", "{'category_id':'any'}");
    assert_string_equal(json_string_value(json_array_get(answer, 0)), id);
    json_decref(answer);
    assert_int_equal(request(fixture, 1, id, "skipped"), 1);
    run_quietly(fixture, "invitation.opt_in", args);
    answer = run(fixture, "invitation.opted_out", "{'category_id':'any'}");
    assert_int_equal(json_array_size(answer), 0);
    json_decref(answer);
    assert_int_equal(request(fixture, 1, id, "skipped"), 0);
    refuse(fixture, "invitation.opt_out", "{'person_id':'nobody'}", ERR_INVALID, "person_id");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_transcript_is_saved_in_pieces_and_read_in_order),
        TEST(a_transcript_is_bounded_and_says_so),
        TEST(a_private_transcript_is_as_hidden_as_its_incident),
        TEST(messages_are_found_by_what_they_belong_to),
        TEST(one_record_of_a_timeline_is_read),
        TEST(who_opted_out_of_a_category_is_skipped_there_only),
        TEST(who_opted_out_of_everything_is_skipped_until_taken_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
