/* The lifecycle as an operator declares it: tables, names of statuses, closure reasons, what closing waits for; and
 * that none is accepted in which an incident could not be closed. */
#include "life_fixture.h"

#include "core/lifecycle_config.h"

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

/* Where the operator wants a document: it must be there, then be finished. */
static void closing_waits_for_the_document(void **state)
{
    struct fixture *fixture = *state;
    run_quietly(fixture, "reference.reconcile", "{'lifecycle':{'postmortem':{'document':true}}}");
    declare(fixture, "P1", "PRD");
    put_status(fixture, 1, POSTMORTEM);
    json_t *standing = run(fixture, "incident.lifecycle", "{'id':1}");
    assert_string_equal(text_at(standing, "reasons.0.code"), "POSTMORTEM_NOT_LINKED");
    assert_string_equal(text_at(standing, "reasons.1.code"), "MISSING_REQUIRED_KEY_EVENTS");
    json_decref(standing);
    set_key_events(fixture, 1);
    run_quietly(fixture, "attachment.save",
                "{'incident_id':1,'kind':'postmortem','provider':'wiki'}");
    refuse(fixture, "incident.close", "{'id':1}", ERR_CONFLICT, "status");
    assert_non_null(strstr(fixture->err.msg, "not finished"));
    run_quietly(fixture, "attachment.save",
                "{'incident_id':1,'kind':'postmortem','provider':'wiki','is_ready':true}");
    run_quietly(fixture, "incident.close", "{'id':1}");
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

#define LIFE(test) cmocka_unit_test_setup_teardown(test, setup_life, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LIFE(a_postmortem_is_for_the_environments_that_are_named),
        LIFE(closing_waits_for_the_document),
        LIFE(the_operators_table_rules_until_it_is_taken_away),
        LIFE(an_incident_is_closed_from_where_the_table_says),
        LIFE(statuses_are_called_what_the_operator_calls_them),
        LIFE(a_closure_reason_may_be_in_any_script),
        cmocka_unit_test(an_impossible_table_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
