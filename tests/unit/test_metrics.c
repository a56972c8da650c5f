/* Metrics: all seven, always what the key events give, also for incidents from before a metric was declared. */
#include "life_fixture.h"

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

/* A metric that is added, or measures something else, is there for the incidents of before; what is
 * not changed is left alone, also what another system measured finer. */
static void old_incidents_have_new_metrics(void **state)
{
    struct fixture *fixture = *state;
    declare(fixture, "P4", "PRD");
    declare(fixture, "P4", "PRD");
    set_key_events(fixture, 1);
    run_quietly(fixture, "incident.update", "{'id':2,'drill':true}");
    set_key_events(fixture, 2);
    struct err err = { 0 };
    assert_int_equal(db_write_now(fixture->db, exec_in_tx,
                                  "UPDATE incident_metric SET extra_us = 7 WHERE metric_type_id ="
                                  " (SELECT id FROM metric_type WHERE type = 'ttd')",
                                  &err),
                     OK);
    run_quietly(fixture, "reference.reconcile",
                "{'milestones':[{'event_type':'started','name':'S'},{'event_type':'detected','name'"
                ":'D'},{'event_type':'recovered','name':'R'}],'metrics':[{'type':'ttd','code':'TTD'"
                ",'name':'renamed','start':'started','end':'detected'},{'type':'ttresp','code':'X',"
                "'name':'x','start':'started','end':'recovered'},{'type':'new','code':'N','name':"
                "'n','start':'detected','end':'recovered'}]}");
    static const char *const WANTED[][2] = { { "ttd", "1000" },
                                             { "ttresp", "8000" },
                                             { "new", "7000" } };
    for (size_t i = 0; i < sizeof(WANTED) / sizeof(WANTED[0]); i++) {
        char sql[200];
        snprintf(sql, sizeof(sql),
                 "SELECT COUNT(*) FROM incident_metric m JOIN metric_type t ON t.id ="
                 " m.metric_type_id WHERE t.type = '%s' AND duration_ms = %s",
                 WANTED[i][0], WANTED[i][1]);
        assert_int_equal(count(fixture, sql), 1);
    }
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM incident_metric WHERE extra_us = 7"), 1);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM incident_metric WHERE incident_id = 2"),
                     0);
}

/* The original's list never had the time to repair nor the time to resolve. */
static void a_whole_life_has_all_seven_metrics(void **state)
{
    struct fixture *fixture = *state;
    static const char *const STEPS[] = { "20", "30", "40", "60" };
    clock_set_ms(100000);
    declare(fixture, "P3", "PRD");
    run_quietly(fixture, "incident.set_key_events",
                "{'id':1,'key_events':{'started':10000,'detected':20000}}");
    for (size_t i = 0; i < 4; i++) {
        char args[60];
        clock_set_ms(200000 + (int64_t)i * 100000);
        snprintf(args, sizeof(args), "{'id':1,'status':%s}", STEPS[i]);
        run_quietly(fixture, "incident.update", args);
    }
    static const struct {
        const char *type;
        int64_t seconds;
    } WANTED[] = { { "ttd", 10 },    { "tta", 90 },     { "ttrep", 300 }, { "ttf", 300 },
                   { "ttrec", 390 }, { "ttresp", 380 }, { "ttreso", 490 } };
    for (size_t i = 0; i < sizeof(WANTED) / sizeof(WANTED[0]); i++) {
        char sql[200];
        snprintf(sql, sizeof(sql),
                 "SELECT duration_ms FROM incident_metric m JOIN metric_type t ON t.id ="
                 " m.metric_type_id WHERE t.type = '%s'",
                 WANTED[i].type);
        assert_int_equal(count(fixture, sql), WANTED[i].seconds * 1000);
    }
    assert_int_equal(count(fixture, "SELECT mitigated_at_ms FROM incident"), 400000);
    assert_int_equal(count(fixture, "SELECT closed_at_ms FROM incident"), 500000);
}

#define LIFE(test) cmocka_unit_test_setup_teardown(test, setup_life, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LIFE(a_metric_vanishes_with_its_key_event),
        LIFE(what_turns_out_to_be_a_drill_is_measured_no_more),
        LIFE(old_incidents_have_new_metrics),
        LIFE(a_whole_life_has_all_seven_metrics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
