/* The whole table: from every status to every other, with and without a post-mortem; then what a step asks for, writes
 * and tells. */
#include "life_fixture.h"

static const int STATUSES[] = { OPEN, INVESTIGATING, MITIGATING, MITIGATED, POSTMORTEM, CLOSED };

/* The steps that are allowed when everything that a step asks for is given. */
static bool is_expected(bool postmortem, int from, int to)
{
    if (from == to)
        return true;
    switch (from) {
    case OPEN:
        return to == INVESTIGATING || to == CLOSED;
    case INVESTIGATING:
        return to == MITIGATING || to == CLOSED;
    case MITIGATING:
        return to == MITIGATED;
    case MITIGATED:
        return to == INVESTIGATING || to == MITIGATING || to == (postmortem ? POSTMORTEM : CLOSED);
    case POSTMORTEM:
        return to == INVESTIGATING || to == MITIGATING || to == CLOSED;
    default:
        return to == INVESTIGATING || to == MITIGATING || (postmortem && to == POSTMORTEM);
    }
}

static void check_table(struct fixture *fixture, const char *priority, bool postmortem)
{
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < 6; j++) {
            char args[300];
            int64_t id = declare(fixture, priority, "PRD");
            set_key_events(fixture, id);
            put_status(fixture, id, STATUSES[i]);
            snprintf(args, sizeof(args),
                     "{'id':%lld,'status':%d,'message':'a message that justifies "
                     "it','closure_reason':%s}",
                     (long long)id, STATUSES[j], STATUSES[i] < MITIGATING ? "'duplicate'" : "null");
            json_t *answer = run_as(fixture, NULL, "incident.update", args);
            if ((answer != NULL) != is_expected(postmortem, STATUSES[i], STATUSES[j]))
                fail_msg("%s from %d to %d: %s", priority, STATUSES[i], STATUSES[j],
                         answer ? "allowed" : fixture->err.msg);
            if (!answer)
                assert_string_equal(fixture->err.field, "status");
            json_decref(answer);
        }
}

static void every_step_with_and_without_a_postmortem(void **state)
{
    check_table(*state, "P1", true);
    check_table(*state, "P3", false);
}

static void outside_production_there_is_no_postmortem(void **state)
{
    struct fixture *fixture = *state;
    int64_t id = declare(fixture, "P1", "STG");
    char args[100];
    snprintf(args, sizeof(args), "{'id':%lld}", (long long)id);
    json_t *answer = run(fixture, "incident.lifecycle", args);
    assert_string_equal(text_at(answer, "regime"), "normal");
    json_decref(answer);
}

static void early_closing_needs_a_reason_that_exists(void **state)
{
    struct fixture *fixture = *state;
    declare(fixture, "P1", "PRD");
    refuse(fixture, "incident.close", "{'id':1,'message':'not needed'}", ERR_INVALID,
           "closure_reason");
    refuse(fixture, "incident.close", "{'id':1,'closure_reason':'boredom'}", ERR_INVALID,
           "closure_reason");
    json_t *answer = run(fixture, "incident.close",
                         "{'id':1,'closure_reason':'duplicate','closure_reference':'#7'}");
    assert_int_equal(int_at(answer, "incident.status"), CLOSED);
    assert_string_equal(text_at(answer, "incident.closure_reason"), "duplicate");
    assert_true(int_at(answer, "incident.closed_at_ms") > 0);
    json_decref(answer);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM event WHERE kind = 'incident.closed'"),
                     1);
}

static void a_reason_does_not_outlive_a_reopening(void **state)
{
    struct fixture *fixture = *state;
    declare(fixture, "P1", "PRD");
    refuse(fixture, "incident.reopen", "{'id':1,'message':'it was never closed'}", ERR_INVALID,
           "status");
    run_quietly(fixture, "incident.close", "{'id':1,'closure_reason':'duplicate'}");
    refuse(fixture, "incident.reopen", "{'id':1,'message':'short'}", ERR_INVALID, "message");
    refuse(fixture, "incident.reopen", "{'id':1}", ERR_INVALID, "message");
    json_t *answer = run(fixture, "incident.reopen", "{'id':1,'message':'it is not a duplicate'}");
    assert_int_equal(int_at(answer, "incident.status"), INVESTIGATING);
    assert_true(json_is_null(at(answer, "incident.closure_reason")));
    assert_true(json_is_null(at(answer, "incident.closed_at_ms")));
    json_decref(answer);
    json_t *standing = run(fixture, "incident.lifecycle", "{'id':1}");
    assert_false(bool_at(standing, "can_be_closed"));
    json_decref(standing);
}

static void closing_tells_all_reasons_against_it(void **state)
{
    struct fixture *fixture = *state;
    declare(fixture, "P1", "PRD");
    put_status(fixture, 1, MITIGATING);
    refuse(fixture, "incident.close", "{'id':1}", ERR_CONFLICT, "status");
    assert_non_null(strstr(fixture->err.msg, "Post-mortem"));
    assert_non_null(strstr(fixture->err.msg, "Started"));
    json_t *standing = run(fixture, "incident.lifecycle", "{'id':1}");
    assert_string_equal(text_at(standing, "reasons.0.code"), "STATUS_NOT_POST_MORTEM");
    assert_string_equal(text_at(standing, "reasons.1.code"), "MISSING_REQUIRED_KEY_EVENTS");
    json_decref(standing);
    declare(fixture, "P4", "PRD");
    put_status(fixture, 2, MITIGATED);
    run_quietly(fixture, "incident.close", "{'id':2}");
}

static void downgrading_closes_at_once(void **state)
{
    struct fixture *fixture = *state;
    declare(fixture, "P1", "PRD");
    put_status(fixture, 1, MITIGATING);
    json_t *answer =
        run(fixture, "incident.downgrade", "{'id':1,'message':'goes on in the ticket'}");
    assert_int_equal(int_at(answer, "incident.status"), CLOSED);
    assert_true(bool_at(answer, "incident.is_ignored"));
    json_decref(answer);
}

/* The mark that came with a downgrade goes when work is taken up again; one that was there before
 * stays, until somebody takes it away. */
static void a_downgrade_does_not_outlive_a_reopening(void **state)
{
    struct fixture *fixture = *state;
    declare(fixture, "P1", "PRD");
    put_status(fixture, 1, MITIGATING);
    run_quietly(fixture, "incident.downgrade", "{'id':1}");
    assert_int_equal(events(fixture, "resolved"), 0);
    json_t *answer = run(fixture, "incident.reopen", "{'id':1,'message':'it was one after all'}");
    assert_false(bool_at(answer, "incident.is_ignored"));
    assert_string_equal(text_at(answer, "updated_fields.1"), "ignore");
    json_decref(answer);
    json_t *standing = run(fixture, "incident.lifecycle", "{'id':1}");
    assert_false(bool_at(standing, "can_be_closed"));
    json_decref(standing);
    declare(fixture, "P4", "PRD");
    run_quietly(fixture, "incident.update", "{'id':2,'ignore':true}");
    run_quietly(fixture, "incident.close", "{'id':2}");
    answer = run(fixture, "incident.reopen", "{'id':2,'message':'one more time, please'}");
    assert_true(bool_at(answer, "incident.is_ignored"));
    json_decref(answer);
    answer = run(fixture, "incident.update", "{'id':2,'ignore':false}");
    assert_false(bool_at(answer, "incident.is_ignored"));
    json_decref(answer);
    answer = run(fixture, "incident.update", "{'id':2,'ignore':false}");
    assert_true(json_is_null(at(answer, "update_id")));
    json_decref(answer);
}

/* What was calm and becomes critical is answered as such; the other way people stay at work. */
static void a_raised_priority_raises_the_response(void **state)
{
    struct fixture *fixture = *state;
    declare(fixture, "P4", "PRD");
    json_t *answer = run(fixture, "incident.update", "{'id':1,'priority':'P1'}");
    assert_string_equal(text_at(answer, "incident.response_type"), "critical");
    assert_string_equal(text_at(answer, "updated_fields.1"), "response_type");
    json_decref(answer);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM event WHERE kind = 'incident.updated' AND"
                                    " payload LIKE '%\"response_type\":\"critical\"%'"),
                     1);
    answer = run(fixture, "incident.update", "{'id':1,'priority':'P4'}");
    assert_string_equal(text_at(answer, "incident.response_type"), "critical");
    json_decref(answer);
}

static void a_reason_is_for_closing_and_can_be_corrected(void **state)
{
    struct fixture *fixture = *state;
    declare(fixture, "P1", "PRD");
    refuse(fixture, "incident.update", "{'id':1,'closure_reason':'duplicate','message':'m'}",
           ERR_INVALID, "closure_reason");
    refuse(fixture, "incident.update", "{'id':1,'closure_reference':'#7','title':'t'}", ERR_INVALID,
           "closure_reference");
    json_t *open =
        run(fixture, "incident.update",
            "{'id':1,'status':20,'closure_reason':'duplicate','closure_reference':'#7'}");
    assert_true(json_is_null(at(open, "incident.closure_reason")));
    assert_string_equal(text_at(open, "incident.closure_reference"), "");
    json_decref(open);
    run_quietly(fixture, "incident.close", "{'id':1,'closure_reason':'cancelled'}");
    refuse(fixture, "incident.update", "{'id':1,'closure_reason':'boredom'}", ERR_INVALID,
           "closure_reason");
    int64_t closed_at_ms = count(fixture, "SELECT closed_at_ms FROM incident");
    json_t *answer = run(fixture, "incident.update",
                         "{'id':1,'closure_reason':'duplicate','closure_reference':'#7'}");
    assert_string_equal(text_at(answer, "incident.closure_reason"), "duplicate");
    assert_string_equal(text_at(answer, "incident.closure_reference"), "#7");
    assert_int_equal(int_at(answer, "incident.closed_at_ms"), closed_at_ms);
    json_decref(answer);
    answer = run(fixture, "incident.close",
                 "{'id':1,'closure_reason':'duplicate','closure_reference':'#7'}");
    assert_true(json_is_null(at(answer, "update_id")));
    json_decref(answer);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM event WHERE kind = 'incident.closed'"),
                     1);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM audit WHERE before LIKE '%cancelled%' AND"
                                    " after LIKE '%duplicate%'"),
                     1);
}

/* A step that carries another word is still the key event that its status is. */
static void a_word_of_the_callers_hides_no_key_event(void **state)
{
    struct fixture *fixture = *state;
    declare(fixture, "P4", "PRD");
    put_status(fixture, 1, MITIGATING);
    run_quietly(fixture, "incident.update", "{'id':1,'status':40,'event_type':'ticket_sync'}");
    run_quietly(fixture, "incident.close", "{'id':1,'closure_reason':'external'}");
    assert_int_equal(events(fixture, "ticket_sync"), 1);
    assert_int_equal(events(fixture, "mitigated"), 1);
    assert_int_equal(events(fixture, "recovered"), 1);
    assert_int_equal(events(fixture, "closure_reason"), 1);
    assert_int_equal(events(fixture, "resolved"), 1);
    refuse(fixture, "incident.update", "{'id':1,'message':'m','event_type':'declared'}",
           ERR_INVALID, "event_type");
    refuse(fixture, "incident.update", "{'id':1,'message':'m','event_type':'resolved'}",
           ERR_INVALID, "event_type");
}

/* To Post-mortem again: resolved it is not, mitigated it still is. */
static void a_reopening_takes_back_only_what_it_undoes(void **state)
{
    struct fixture *fixture = *state;
    declare(fixture, "P1", "PRD");
    set_key_events(fixture, 1);
    put_status(fixture, 1, MITIGATING);
    run_quietly(fixture, "incident.update", "{'id':1,'status':40}");
    run_quietly(fixture, "incident.update", "{'id':1,'status':50}");
    run_quietly(fixture, "incident.close", "{'id':1}");
    run_quietly(fixture, "incident.reopen",
                "{'id':1,'status':50,'message':'the actions are missing'}");
    assert_int_equal(events(fixture, "mitigated"), 1);
    assert_int_equal(events(fixture, "resolved"), 0);
    run_quietly(fixture, "incident.update",
                "{'id':1,'status':20,'message':'it has come back again'}");
    assert_int_equal(events(fixture, "mitigated"), 0);
}

static void mitigation_writes_its_time_and_recovery_once(void **state)
{
    struct fixture *fixture = *state;
    declare(fixture, "P3", "PRD");
    put_status(fixture, 1, MITIGATING);
    run_quietly(fixture, "incident.update",
                "{'id':1,'status':'Mitigated','event_at_ms':4102444800000}");
    run_quietly(fixture, "incident.update", "{'id':1,'status':20,'message':'it is back again'}");
    put_status(fixture, 1, MITIGATING);
    run_quietly(fixture, "incident.update", "{'id':1,'status':40,'event_at_ms':4102444900000}");
    assert_int_equal(count(fixture, "SELECT mitigated_at_ms FROM incident WHERE id = 1"),
                     4102444800000);
    assert_int_equal(
        count(fixture, "SELECT COUNT(*) FROM incident_update WHERE event_type = 'recovered'"), 1);
    assert_int_equal(
        count(fixture, "SELECT COUNT(*) FROM incident_update WHERE event_type = 'mitigated'"), 1);
}

static void nothing_changed_is_no_record_and_no_event(void **state)
{
    struct fixture *fixture = *state;
    declare(fixture, "P3", "PRD");
    int64_t events = count(fixture, "SELECT COUNT(*) FROM event");
    json_t *answer =
        run(fixture, "incident.update",
            "{'id':1,'status':10,'priority':'P3','title':'It is broken','category':'Payment'}");
    assert_true(json_is_null(at(answer, "update_id")));
    json_decref(answer);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM event"), events);
}

/* Several environments are a set; who is moved out of it is in the new one only. */
static void environments_are_what_was_said_last(void **state)
{
    struct fixture *fixture = *state;
    declare(fixture, "P3", "PRD");
    run_quietly(fixture, "incident.update", "{'id':1,'environments':['STG','PRD','STG']}");
    json_t *answer = run(fixture, "incident.update", "{'id':1,'environments':['PRD','STG']}");
    assert_true(json_is_null(at(answer, "update_id")));
    assert_int_equal(json_array_size(at(answer, "incident.custom_fields.environments")), 2);
    json_decref(answer);
    answer = run(fixture, "incident.update", "{'id':1,'environment':'STG'}");
    assert_string_equal(text_at(answer, "incident.environment.value"), "STG");
    assert_int_equal(json_array_size(at(answer, "incident.custom_fields.environments")), 2);
    json_decref(answer);
    run_quietly(fixture, "incident.update", "{'id':1,'environments':['STG']}");
    answer = run(fixture, "incident.update", "{'id':1,'environment':'PRD'}");
    assert_string_equal(text_at(answer, "incident.custom_fields.environments.0"), "PRD");
    assert_int_equal(json_array_size(at(answer, "incident.custom_fields.environments")), 1);
    json_decref(answer);
}

static void the_same_request_changes_once(void **state)
{
    struct fixture *fixture = *state;
    declare(fixture, "P3", "PRD");
    static const char ARGS[] = "{'id':1,'message':'we look at it','request_key':'k1'}";
    json_t *first = run(fixture, "incident.update", ARGS);
    json_t *second = run(fixture, "incident.update", ARGS);
    assert_string_equal(text_at(first, "update_id"), text_at(second, "update_id"));
    json_decref(first);
    json_decref(second);
    assert_int_equal(
        count(fixture, "SELECT COUNT(*) FROM incident_update WHERE message = 'we look at it'"), 1);
}

#define LIFE(test) cmocka_unit_test_setup_teardown(test, setup_life, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LIFE(every_step_with_and_without_a_postmortem),
        LIFE(outside_production_there_is_no_postmortem),
        LIFE(early_closing_needs_a_reason_that_exists),
        LIFE(a_reason_does_not_outlive_a_reopening),
        LIFE(closing_tells_all_reasons_against_it),
        LIFE(downgrading_closes_at_once),
        LIFE(a_downgrade_does_not_outlive_a_reopening),
        LIFE(a_raised_priority_raises_the_response),
        LIFE(a_reason_is_for_closing_and_can_be_corrected),
        LIFE(a_word_of_the_callers_hides_no_key_event),
        LIFE(a_reopening_takes_back_only_what_it_undoes),
        LIFE(mitigation_writes_its_time_and_recovery_once),
        LIFE(nothing_changed_is_no_record_and_no_event),
        LIFE(environments_are_what_was_said_last),
        LIFE(the_same_request_changes_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
