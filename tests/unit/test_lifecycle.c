/* The whole table: from every status to every other, with and without a post-mortem; then what a step asks for, writes
 * and tells; then random lives. */
#include "core_fixture.h"

#include "core/lifecycle.h"
#include "core/lifecycle_config.h"

enum {
    OPEN = 10,
    INVESTIGATING = 20,
    MITIGATING = 30,
    MITIGATED = 40,
    POSTMORTEM = 50,
    CLOSED = 60
};

static const int STATUSES[] = { OPEN, INVESTIGATING, MITIGATING, MITIGATED, POSTMORTEM, CLOSED };

static const char ROWS[] =
    "{'priorities':[{'name':'P1','value':1,'needs_postmortem':true,'default':true},{'name':'P3','"
    "value':3},{'name':'P4',"
    "'value':4}],'environments':[{'value':'PRD','name':'Prod','order':0},{'value':'STG','name':'"
    "Stg','order':1}],"
    "'groups':[{'name':'Shop','categories':[{'name':'Payment'}]}],"
    "'milestones':[{'event_type':'started','name':'Started','required':true},{'event_type':'"
    "detected','name':'Detected',"
    "'required':true},{'event_type':'declared','name':'Declared','required':true,'user_editable':"
    "false},"
    "{'event_type':'recovered','name':'Recovered','required':true},{'event_type':'resolved','name':"
    "'Resolved',"
    "'user_editable':false},{'event_type':'mitigated','name':'Mitigated','user_editable':false}],"
    "'metrics':[{'type':'ttd','code':'TTD','name':'d','start':'started','end':'detected'},"
    "{'type':'tta','code':'TTA','name':'a','start':'started','end':'declared'},"
    "{'type':'ttrep','code':'TTRep','name':'r','start':'declared','end':'mitigated'},"
    "{'type':'ttf','code':'TTF','name':'f','start':'declared','end':'recovered'},"
    "{'type':'ttrec','code':'TTRec','name':'c','start':'started','end':'recovered'},"
    "{'type':'ttresp','code':'TTResp','name':'s','start':'detected','end':'recovered'},"
    "{'type':'ttreso','code':'TTReso','name':'o','start':'started','end':'resolved'}]}";

static int setup_life(void **state)
{
    int rc = setup_empty(state);
    run_quietly(*state, "reference.reconcile", ROWS);
    return rc;
}

static int exec_in_tx(struct tx *tx, void *arg, struct err *err)
{
    struct stmt *stmt = tx_query_values(tx, err, arg, NULL, 0);
    int rc = stmt ? stmt_next(stmt, err) : err->code;
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

static int64_t declare(struct fixture *fixture, const char *priority, const char *environment)
{
    char args[300];
    snprintf(args, sizeof(args),
             "{'title':'It is "
             "broken','description':'d','category':'Payment','priority':'%s','environment':'%s',"
             "'created_by_email':'x@example.com'}",
             priority, environment);
    json_t *answer = run(fixture, "incident.declare", args);
    int64_t id = int_at(answer, "id");
    json_decref(answer);
    return id;
}

static void put_status(struct fixture *fixture, int64_t id, int status)
{
    char args[120];
    snprintf(args, sizeof(args), "UPDATE incident SET status = %d WHERE id = %lld", status,
             (long long)id);
    struct err err = { 0 };
    assert_int_equal(db_write_now(fixture->db, exec_in_tx, args, &err), OK);
}

static void set_key_events(struct fixture *fixture, int64_t id)
{
    char args[160];
    snprintf(args, sizeof(args),
             "{'id':%lld,'key_events':{'started':1000,'detected':2000,'recovered':9000}}",
             (long long)id);
    run_quietly(fixture, "incident.set_key_events", args);
}

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

static void a_postmortem_is_for_the_environments_that_are_named(void **state)
{
    struct fixture *fixture = *state;
    run_quietly(fixture, "reference.reconcile",
                "{'environments':[{'value':'production-in-europe','name':'EU'},{'value':'PRD',"
                "'name':'Prod'}],'lifecycle':{'postmortem':{'environments':['production-in-europe']"
                "}}}");
    static const char *const CASES[][2] = { { "production-in-europe", "postmortem" },
                                            { "PRD", "normal" } };
    for (size_t i = 0; i < 2; i++) {
        char args[60];
        snprintf(args, sizeof(args), "{'id':%lld}", (long long)declare(fixture, "P1", CASES[i][0]));
        json_t *answer = run(fixture, "incident.lifecycle", args);
        assert_string_equal(text_at(answer, "regime"), CASES[i][1]);
        json_decref(answer);
    }
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

static int64_t events(struct fixture *fixture, const char *event_type)
{
    char sql[200];
    snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM incident_update WHERE event_type = '%s'",
             event_type);
    return count(fixture, sql);
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

static void what_turns_out_to_be_a_drill_is_measured_no_more(void **state)
{
    struct fixture *fixture = *state;
    declare(fixture, "P3", "PRD");
    set_key_events(fixture, 1);
    assert_true(count(fixture, "SELECT COUNT(*) FROM incident_metric") > 0);
    json_t *answer = run(fixture, "incident.update", "{'id':1,'drill':true}");
    assert_true(bool_at(answer, "incident.is_drill"));
    json_decref(answer);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM incident_metric"), 0);
    run_quietly(fixture, "incident.update", "{'id':1,'drill':false}");
    assert_true(count(fixture, "SELECT COUNT(*) FROM incident_metric") > 0);
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

static void a_metric_vanishes_with_its_key_event(void **state)
{
    struct fixture *fixture = *state;
    declare(fixture, "P3", "PRD");
    set_key_events(fixture, 1);
    assert_true(count(fixture, "SELECT COUNT(*) FROM incident_metric") > 0);
    run_quietly(fixture, "incident.set_key_events",
                "{'id':1,'key_events':{'started':null,'detected':null}}");
    assert_int_equal(count(fixture,
                           "SELECT COUNT(*) FROM incident_metric m JOIN metric_type t ON t.id ="
                           " m.metric_type_id WHERE t.milestone_start IN ('started', 'detected')"),
                     0);
    refuse(fixture, "incident.set_key_events", "{'id':1,'key_events':{'declared':5}}", ERR_INVALID,
           "key_events.declared");
    refuse(fixture, "incident.set_key_events", "{'id':1,'key_events':{'eaten':5}}", ERR_INVALID,
           "key_events.eaten");
    refuse(fixture, "incident.set_key_events", /* microseconds */
           "{'id':1,'key_events':{'started':1700000000000000}}", ERR_INVALID, "key_events.started");
    refuse(fixture, "incident.update", "{'id':1,'message':'m','event_at_ms':1700000000000000}",
           ERR_INVALID, "event_at_ms");
}

static void the_operators_table_rules_until_it_is_taken_away(void **state)
{
    struct fixture *fixture = *state;
    declare(fixture, "P4", "PRD");
    refuse(fixture, "incident.update", "{'id':1,'status':'mitigated'}", ERR_INVALID, "status");
    static const char OPERATORS[] =
        "{'lifecycle':{'transitions':{'normal':{'open':['mitigated','closed']}},"
        "'closure_reasons':[{'value':'bored','label':'Bored'}]}}";
    json_t *answer = run(fixture, "reference.reconcile", OPERATORS);
    assert_int_equal(int_at(answer, "changes"), 1);
    json_decref(answer);
    answer = run(fixture, "reference.reconcile", OPERATORS);
    assert_int_equal(int_at(answer, "changes"), 0);
    json_decref(answer);
    run_quietly(fixture, "incident.update", "{'id':1,'status':'mitigated'}");
    refuse(fixture, "reference.reconcile",
           "{'lifecycle':{'transitions':{'normal':{'mitigating':[],'open':['mitigating']}}}}",
           ERR_INVALID, "lifecycle.transitions.normal");
    answer = run(fixture, "incident.lifecycle", "{'id':1}");
    assert_string_equal(text_at(answer, "closure_reasons.0.value"), "bored");
    json_decref(answer);
    run_quietly(fixture, "reference.reconcile", "{'lifecycle':{}}");
    declare(fixture, "P4", "PRD");
    refuse(fixture, "incident.update", "{'id':2,'status':'mitigated'}", ERR_INVALID, "status");
}

/* Without a post-mortem from Mitigating, with one from Mitigated; Mitigated is not gone through
 * where the table does not want it. */
static void an_incident_is_closed_from_where_the_table_says(void **state)
{
    struct fixture *fixture = *state;
    run_quietly(fixture, "reference.reconcile",
                "{'lifecycle':{'transitions':{'normal':{'mitigating':['closed']},"
                "'postmortem':{'mitigated':['postmortem','closed']}}}}");
    declare(fixture, "P4", "PRD");
    run_quietly(fixture, "incident.update", "{'id':1,'status':'investigating'}");
    json_t *standing = run(fixture, "incident.lifecycle", "{'id':1}");
    assert_string_equal(text_at(standing, "reasons.0.text"),
                        "it is Investigating, and must be Mitigated first");
    json_decref(standing);
    run_quietly(fixture, "incident.update", "{'id':1,'status':'mitigating'}");
    standing = run(fixture, "incident.lifecycle", "{'id':1}");
    assert_true(bool_at(standing, "can_be_closed"));
    json_decref(standing);
    run_quietly(fixture, "incident.close", "{'id':1}");
    declare(fixture, "P1", "PRD");
    set_key_events(fixture, 2);
    put_status(fixture, 2, MITIGATED);
    run_quietly(fixture, "incident.close", "{'id':2}");
}

/* A priority that is raised would hold an incident in Mitigated. */
#define ONLY_THE_OTHER_TABLE_KNOWS_MITIGATED                                                 \
    ("{'transitions':{'postmortem':{'investigating':['postmortem'],'postmortem':['closed']," \
     "'closed':[],'mitigating':['closed'],'mitigated':[]}}}")

static void statuses_are_called_what_the_operator_calls_them(void **state)
{
    struct fixture *fixture = *state;
    struct err err = { 0 };
    declare(fixture, "P4", "PRD");
    run_quietly(fixture, "reference.reconcile",
                "{'lifecycle':{'statuses':{'investigating':'Ermittlung läuft','closed':'Done'}}}");
    assert_int_equal(lifecycle_config_use(fixture->db, &err), OK);
    json_t *answer = run(fixture, "incident.update", "{'id':1,'status':'ermittlung läuft'}");
    assert_int_equal(int_at(answer, "incident.status"), INVESTIGATING);
    assert_string_equal(text_at(answer, "incident.status_label"), "Ermittlung läuft");
    json_decref(answer);
    run_quietly(fixture, "incident.update", "{'id':1,'status':'Investigating'}");
    answer = run(fixture, "incident.lifecycle", "{'id':1}");
    assert_string_equal(text_at(answer, "next.2.label"), "Done");
    json_decref(answer);
    static const char *const BAD[] = {
        "{'lifecycle':{'statuses':{'investigating':'Closed'}}}",
        "{'lifecycle':{'statuses':{'investigating':'Busy','mitigating':'busy'}}}",
        "{'lifecycle':{'statuses':{'open':'closed','closed':'open'}}}",
        "{'lifecycle':{'statuses':{'open':'postmortem'}}}",
    };
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++)
        refuse(fixture, "reference.reconcile", BAD[i], ERR_INVALID, "lifecycle.statuses");
    refuse(fixture, "reference.reconcile", "{'lifecycle':{'statuses':{'asleep':'Asleep'}}}",
           ERR_INVALID, "lifecycle.statuses.asleep");
    run_quietly(fixture, "reference.reconcile", "{'lifecycle':{}}");
    assert_int_equal(lifecycle_config_use(fixture->db, &err), OK);
    assert_string_equal(status_label(CLOSED), "Closed");
}

/* Forty letters of any script; the label is neither cut nor broken. */
static void a_closure_reason_may_be_in_any_script(void **state)
{
    struct fixture *fixture = *state;
    run_quietly(
        fixture, "reference.reconcile",
        "{'lifecycle':{'closure_reasons':[{'value':'external','label':'外部の原因または既知の"
        "問題によるインシデントの終了'}]}}");
    declare(fixture, "P4", "PRD");
    json_t *answer = run(fixture, "incident.lifecycle", "{'id':1}");
    assert_string_equal(text_at(answer, "closure_reasons.0.label"),
                        "外部の原因または既知の問題によるインシデントの終了");
    json_decref(answer);
}

static void an_impossible_table_is_refused(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        /* a priority that is lowered would hold an incident in Post-mortem for ever */
        "{'transitions':{'normal':{'postmortem':[]}}}",
        ONLY_THE_OTHER_TABLE_KNOWS_MITIGATED,
        "{'transitions':{'normal':{'mitigating':[]}}}",
        "{'transitions':{'normal':{'open':['asleep']}}}",
        "{'transitions':{'postmortem':{'mitigated':['closed'],'closed':['investigating']}}}",
        "{'transitions':{'normal':{'asleep':['closed']}}}",
    };
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        struct lifecycle lifecycle;
        struct err err = { 0 };
        json_t *config = parse(BAD[i]);
        assert_int_equal(lifecycle_read(config, &lifecycle, &err), ERR_INVALID);
        assert_int_equal(strncmp(err.field, "lifecycle.transitions.", 22), 0);
        json_decref(config);
    }
    struct lifecycle lifecycle;
    struct err err = { 0 };
    json_t *config = parse(
        "{'transitions':{'normal':{'open':['investigating','mitigated','closed']}},'postmortem':{"
        "'environments':['STG'],'document':true},'closure_reasons':[{'value':'dup','label':'D'}]}");
    assert_int_equal(lifecycle_read(config, &lifecycle, &err), OK);
    assert_true(lifecycle_allows(&lifecycle, REGIME_NORMAL, OPEN, MITIGATED));
    assert_string_equal(lifecycle_reason_label(&lifecycle, "dup"), "D");
    json_decref(config);
}

/* ---- random lives */

enum { LIVES = 20, STEPS = 60 };

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void random_step(struct fixture *fixture, uint32_t *seed, int64_t id, char *args,
                        size_t size)
{
    static const char *const PRIORITIES[] = { "P1", "P3", "P4" };
    int status = STATUSES[next_random(seed) % 6];
    switch (next_random(seed) % 6) {
    case 0:
        snprintf(args, size, "{'id':%lld,'priority':'%s'}", (long long)id,
                 PRIORITIES[next_random(seed) % 3]);
        break;
    case 1:
        snprintf(args, size, "{'id':%lld,'environment':'%s'}", (long long)id,
                 next_random(seed) % 2 ? "PRD" : "STG");
        break;
    case 2:
        set_key_events(fixture, id);
        snprintf(args, size, "{'id':%lld}", (long long)id);
        break;
    default:
        snprintf(args, size,
                 "{'id':%lld,'status':%d,'message':'because of number %u','closure_reason':%s}",
                 (long long)id, status, next_random(seed),
                 status == CLOSED && next_random(seed) % 2 ? "'cancelled'" : "null");
    }
}

static void check_life(struct fixture *fixture, uint32_t seed)
{
    int64_t id = declare(fixture, "P1", "PRD");
    uint32_t random = seed;
    int64_t closings = 0;
    int status = OPEN;
    char args[300];
    for (int i = 0; i < STEPS; i++) {
        random_step(fixture, &random, id, args, sizeof(args));
        json_t *answer = run_as(fixture, NULL, "incident.update", args);
        if (!answer)
            continue;
        int now = (int)int_at(answer, "incident.status");
        if (!is_expected(true, status, now) && !is_expected(false, status, now))
            fail_msg("seed %u, step %d: from %d to %d", seed, i, status, now);
        if ((now == CLOSED) != !json_is_null(at(answer, "incident.closed_at_ms")))
            fail_msg("seed %u, step %d: closed_at does not fit status %d", seed, i, now);
        closings += now == CLOSED && status != CLOSED;
        status = now;
        json_decref(answer);
    }
    char sql[200];
    snprintf(sql, sizeof(sql),
             "SELECT COUNT(*) FROM event WHERE kind = 'incident.closed' AND incident_id = %lld",
             (long long)id);
    if (count(fixture, sql) != closings)
        fail_msg("seed %u: %lld closings were not told once each", seed, (long long)closings);
}

/* No metric that the records do not give, and none missing. */
static void check_metrics(struct fixture *fixture)
{
    static const char DIFFERENCE[] =
        "WITH moment AS (SELECT incident_id, event_type, MAX(event_at_ms) AS at_ms FROM"
        " incident_update WHERE event_type IS NOT NULL GROUP BY 1, 2), wanted AS (SELECT"
        " e.incident_id, m.id, e.at_ms - s.at_ms FROM metric_type m JOIN moment e ON e.event_type"
        " = m.milestone_end JOIN moment s ON s.event_type = m.milestone_start AND s.incident_id ="
        " e.incident_id WHERE e.at_ms >= s.at_ms), kept AS (SELECT incident_id, metric_type_id,"
        " duration_ms FROM incident_metric)"
        " SELECT (SELECT COUNT(*) FROM (SELECT * FROM wanted EXCEPT SELECT * FROM kept))"
        " + (SELECT COUNT(*) FROM (SELECT * FROM kept EXCEPT SELECT * FROM wanted))";
    assert_int_equal(count(fixture, DIFFERENCE), 0);
}

static void random_lives_stay_within_the_table(void **state)
{
    for (uint32_t seed = 1; seed <= LIVES; seed++)
        check_life(*state, seed);
    check_metrics(*state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_operators_table_rules_until_it_is_taken_away, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(every_step_with_and_without_a_postmortem, setup_life,
                                        teardown),
        cmocka_unit_test_setup_teardown(outside_production_there_is_no_postmortem, setup_life,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_postmortem_is_for_the_environments_that_are_named,
                                        setup_life, teardown),
        cmocka_unit_test_setup_teardown(early_closing_needs_a_reason_that_exists, setup_life,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_reason_does_not_outlive_a_reopening, setup_life,
                                        teardown),
        cmocka_unit_test_setup_teardown(closing_tells_all_reasons_against_it, setup_life, teardown),
        cmocka_unit_test_setup_teardown(downgrading_closes_at_once, setup_life, teardown),
        cmocka_unit_test_setup_teardown(mitigation_writes_its_time_and_recovery_once, setup_life,
                                        teardown),
        cmocka_unit_test_setup_teardown(nothing_changed_is_no_record_and_no_event, setup_life,
                                        teardown),
        cmocka_unit_test_setup_teardown(environments_are_what_was_said_last, setup_life, teardown),
        cmocka_unit_test_setup_teardown(the_same_request_changes_once, setup_life, teardown),
        cmocka_unit_test_setup_teardown(a_metric_vanishes_with_its_key_event, setup_life, teardown),
        cmocka_unit_test_setup_teardown(an_incident_is_closed_from_where_the_table_says, setup_life,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_downgrade_does_not_outlive_a_reopening, setup_life,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_turns_out_to_be_a_drill_is_measured_no_more,
                                        setup_life, teardown),
        cmocka_unit_test_setup_teardown(a_raised_priority_raises_the_response, setup_life,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_reason_is_for_closing_and_can_be_corrected, setup_life,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_word_of_the_callers_hides_no_key_event, setup_life,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_reopening_takes_back_only_what_it_undoes, setup_life,
                                        teardown),
        cmocka_unit_test_setup_teardown(statuses_are_called_what_the_operator_calls_them,
                                        setup_life, teardown),
        cmocka_unit_test_setup_teardown(a_closure_reason_may_be_in_any_script, setup_life,
                                        teardown),
        cmocka_unit_test(an_impossible_table_is_refused),
        cmocka_unit_test_setup_teardown(random_lives_stay_within_the_table, setup_life, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
