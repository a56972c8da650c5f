/* What an incident gathers: tags, impacts and costs; who may, what is refused, what every change
 * leaves behind, and that no change leaves nothing. */
#include "core_fixture.h"

static void declare(struct fixture *fixture)
{
    char ada[40];
    add_person(fixture, "ada", ada);
    run_quietly(fixture, "incident.declare",
                "{'title':'Card payments fail','description':'d','category':'Payment',"
                "'priority':'P1','environment':'PRD','created_by_email':'ada@example.com',"
                "'impacts':{'business_impact':'HT'}}");
}

static int setup_incident(void **state)
{
    setup(state);
    declare(*state);
    return 0;
}

static void assert_traces(struct fixture *fixture, const char *action, int64_t wanted)
{
    char sql[200];
    snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM audit WHERE action = '%s'", action);
    assert_int_equal(count(fixture, sql), wanted);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM event WHERE kind = 'records.changed'"),
                     wanted);
}

static void tags_are_one_however_they_are_written(void **state)
{
    run_quietly(*state, "incident.set_tags", "{'id':1,'tags':['Payment','black friday']}");
    json_t *answer =
        run(*state, "incident.set_tags", "{'id':1,'tags':['payment','Black Friday','PAYMENT']}");
    assert_false(bool_at(answer, "is_changed"));
    json_decref(answer);
    assert_traces(*state, "incident.set_tags", 1);
    answer = run(*state, "incident.set_tags", "{'id':1,'tags':['payment']}");
    assert_true(bool_at(answer, "is_changed"));
    assert_string_equal(text_at(answer, "incident.tags.0"), "Payment");
    assert_int_equal(json_array_size(at(answer, "incident.tags")), 1);
    json_decref(answer);
    assert_traces(*state, "incident.set_tags", 2);
}

static void tags_are_refused_by_name(void **state)
{
    refuse(*state, "incident.set_tags", "{'id':1}", ERR_INVALID, "tags");
    refuse(*state, "incident.set_tags", "{'id':1,'tags':['']}", ERR_INVALID, "tags");
    refuse(*state, "incident.set_tags", "{'id':1,'tags':[7]}", ERR_INVALID, "tags");
    refuse(*state, "incident.set_tags", "{'id':2,'tags':[]}", ERR_NOT_FOUND, NULL);
    assert_traces(*state, "incident.set_tags", 0);
}

static void impacts_change_type_by_type(void **state)
{
    json_t *answer =
        run(*state, "incident.set_impacts", "{'id':1,'impacts':{'business_impact':'NO'}}");
    assert_true(bool_at(answer, "is_changed"));
    assert_int_equal(int_at(answer, "suggested_priority_value"), 6);
    assert_string_equal(text_at(answer, "incident.impacts.0.level.value"), "NO");
    json_decref(answer);
    answer = run(*state, "incident.set_impacts", "{'id':1,'impacts':{'business_impact':null}}");
    assert_int_equal(json_array_size(at(answer, "incident.impacts")), 0);
    json_decref(answer);
    answer = run(*state, "incident.set_impacts", "{'id':1,'impacts':{'business_impact':null}}");
    assert_false(bool_at(answer, "is_changed"));
    json_decref(answer);
    assert_traces(*state, "incident.set_impacts", 2);
}

static void impacts_are_refused_by_type(void **state)
{
    refuse(*state, "incident.set_impacts", "{'id':1}", ERR_INVALID, "impacts");
    refuse(*state, "incident.set_impacts", "{'id':1,'impacts':{'mood':'HT'}}", ERR_INVALID,
           "impacts.mood");
    refuse(*state, "incident.set_impacts", "{'id':1,'impacts':{'business_impact':'HUGE'}}",
           ERR_INVALID, "impacts.business_impact");
}

static void several_costs_of_one_type_are_summed_exactly(void **state)
{
    static const char *const AMOUNTS[] = { "'0.10'", "0.2", "'-0.05'", "null" };
    for (size_t i = 0; i < sizeof(AMOUNTS) / sizeof(AMOUNTS[0]); i++) {
        char args[120];
        snprintf(args, sizeof(args), "{'incident_id':1,'cost_type':'Lost sales','amount':%s}",
                 AMOUNTS[i]);
        run_quietly(*state, "cost.add", args);
    }
    json_t *answer = run(*state, "cost.list", "{'incident_id':1}");
    assert_string_equal(text_at(answer, "total"), "0.25");
    assert_int_equal(json_array_size(at(answer, "costs")), 4);
    assert_string_equal(text_at(answer, "costs.2.amount"), "-0.05");
    assert_true(json_is_null(at(answer, "costs.3.amount")));
    assert_string_equal(text_at(answer, "costs.0.cost_type.name"), "Lost sales");
    json_decref(answer);
    assert_traces(*state, "cost.add", 4);
}

static void a_cost_is_changed_and_taken_away(void **state)
{
    run_quietly(*state, "cost.add",
                "{'incident_id':1,'cost_type':1,'amount':'12.5','details':'refunds'}");
    json_t *cost = run(*state, "cost.update", "{'id':1,'amount':'12.50'}");
    assert_string_equal(text_at(cost, "amount"), "12.50");
    json_decref(cost);
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM audit WHERE action = 'cost.update'"), 0);
    cost = run(*state, "cost.update", "{'id':1,'amount':null,'details':null}");
    assert_true(json_is_null(at(cost, "amount")) && json_is_null(at(cost, "details")));
    json_decref(cost);
    run_quietly(*state, "cost.remove", "{'id':1}");
    refuse(*state, "cost.remove", "{'id':1}", ERR_NOT_FOUND, NULL);
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM audit WHERE action = 'cost.remove'"
                                   " AND after IS NULL AND before LIKE '%Lost sales%'"),
                     1);
}

static void amounts_are_whole_cents(void **state)
{
    static const char *const BAD[] = { "'1.234'", "0.001",  "'ten'", "'1.'",   "'.5'",
                                       "'--1'",   "'1e3'",  "true",  "[]",     "'123456789012'",
                                       "1e300",   "'1,50'", "''",    "'0x10'", "'1 000'" };
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        char args[120];
        snprintf(args, sizeof(args), "{'incident_id':1,'cost_type':1,'amount':%s}", BAD[i]);
        refuse(*state, "cost.add", args, ERR_INVALID, "amount");
    }
    refuse(*state, "cost.add", "{'incident_id':1,'amount':1}", ERR_INVALID, "cost_type");
    refuse(*state, "cost.add", "{'incident_id':1,'cost_type':'Bribes'}", ERR_INVALID, "cost_type");
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM incident_cost"), 0);
}

static void a_private_incident_keeps_its_records_to_itself(void **state)
{
    char eve[40];
    add_person(*state, "eve", eve);
    run_quietly(*state, "incident.declare",
                "{'title':'Somebody reads our mail','description':'d','category':'Data breach',"
                "'priority':'P1','environment':'PRD','created_by_email':'ada@example.com'}");
    run_quietly(*state, "cost.add", "{'incident_id':2,'cost_type':1,'amount':1}");
    const struct actor actor = person_actor(eve);
    static const char *const CALLS[][2] = {
        { "incident.set_tags", "{'id':2,'tags':['x']}" },
        { "incident.set_impacts", "{'id':2,'impacts':{}}" },
        { "cost.add", "{'incident_id':2,'cost_type':1}" },
        { "cost.update", "{'id':1,'amount':2}" },
        { "cost.remove", "{'id':1}" },
        { "cost.list", "{'incident_id':2}" },
    };
    for (size_t i = 0; i < sizeof(CALLS) / sizeof(CALLS[0]); i++) {
        struct fixture *fixture = *state;
        if (run_as(fixture, &actor, CALLS[i][0], CALLS[i][1]))
            fail_msg("%s shows a private incident", CALLS[i][0]);
        assert_int_equal(fixture->err.code, ERR_NOT_FOUND);
    }
}

/* ---- custom fields */

static const char FIELDS[] =
    "{'custom_fields':[{'key':'customer','name':'Customer','type':'text','min':2,'max':5},"
    "{'key':'lost','name':'Lost orders','type':'number','min':0,'max':100},"
    "{'key':'known','name':'Known','type':'boolean'},{'key':'due','name':'Due','type':'date'},"
    "{'key':'board','name':'Board','type':'url'},"
    "{'key':'felt_in','name':'Felt in','type':'choice','choices':[{'value':'eu','name':'Europe'}]},"
    "{'key':'teams','name':'Teams','type':'choices','choices':[{'value':'a','name':'A'},"
    "{'value':'b','name':'B'}]},"
    "{'key':'breach','name':'Breach','type':'text','categories':['Security/Data breach']}]}";

static void custom_fields_take_what_their_type_takes(void **state)
{
    run_quietly(*state, "reference.reconcile", FIELDS);
    json_t *answer =
        run(*state, "incident.set_custom_fields",
            "{'id':1,'custom_fields':{'customer':'ACME','lost':7.5,'known':true,'due':'2028-02-29',"
            "'board':'https://board.test/x','felt_in':'eu','teams':['a','b']}}");
    assert_true(bool_at(answer, "is_changed"));
    assert_string_equal(text_at(answer, "incident.custom_fields.customer"), "ACME");
    json_decref(answer);
    answer = run(*state, "incident.set_custom_fields",
                 "{'id':1,'custom_fields':{'customer':null,'lost':7.5}}");
    assert_null(json_object_get(at(answer, "incident.custom_fields"), "customer"));
    json_decref(answer);
    answer = run(*state, "incident.set_custom_fields", "{'id':1,'custom_fields':{'lost':7.5}}");
    assert_false(bool_at(answer, "is_changed"));
    json_decref(answer);
    assert_traces(*state, "incident.set_custom_fields", 2);
}

static void custom_fields_are_refused_by_key(void **state)
{
    static const char *const BAD[][2] = {
        { "customer", "'A'" },
        { "customer", "'ACME Inc'" },
        { "customer", "7" },
        { "lost", "-1" },
        { "lost", "101" },
        { "lost", "'7'" },
        { "known", "1" },
        { "due", "'2027-02-29'" },
        { "due", "'23.11.2026'" },
        { "due", "'2026-11-231'" },
        { "due", "'2026- 1- 2'" },
        { "due", "'  26-11-23'" },
        { "due", "'-026-11-23'" },
        { "board", "'javascript:1'" },
        { "board", "'https://a b'" },
        { "felt_in", "'us'" },
        { "teams", "'a'" },
        { "teams", "['a','c']" },
        { "breach", "'x'" },
        { "nothing", "'x'" },
    };
    run_quietly(*state, "reference.reconcile", FIELDS);
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        char args[200], field[60];
        snprintf(args, sizeof(args), "{'id':1,'custom_fields':{'%s':%s}}", BAD[i][0], BAD[i][1]);
        snprintf(field, sizeof(field), "custom_fields.%s", BAD[i][0]);
        refuse(*state, "incident.set_custom_fields", args, ERR_INVALID, field);
    }
    refuse(*state, "incident.declare",
           "{'title':'Card payments fail','description':'d','category':'Payment','priority':'P1',"
           "'environment':'PRD','created_by_email':'ada@example.com','custom_fields':{'lost':-1}}",
           ERR_INVALID, "custom_fields.lost");
    assert_traces(*state, "incident.set_custom_fields", 0);
}

/* A chat form asks for more than the operator declared; what they declared is checked all the same. */
static void scripts_keep_fields_of_their_own(void **state)
{
    struct fixture *fixture = *state;
    const struct actor form = { .kind = ACTOR_SYSTEM, .source = "chat" };
    const struct actor client = { .kind = ACTOR_KEY, .id = "1", .source = "rest" };
    run_quietly(fixture, "reference.reconcile", FIELDS);
    static const char OWN[] = "{'id':1,'custom_fields':{'platforms':['all']}}";
    assert_null(run_as(fixture, &client, "incident.set_custom_fields", OWN));
    json_t *answer = run_as(fixture, &form, "incident.set_custom_fields", OWN);
    assert_string_equal(text_at(answer, "incident.custom_fields.platforms.0"), "all");
    json_decref(answer);
    assert_null(run_as(fixture, &form, "incident.set_custom_fields",
                       "{'id':1,'custom_fields':{'lost':-1}}"));
    assert_null(run_as(fixture, &form, "incident.set_custom_fields",
                       "{'id':1,'custom_fields':{'breach':'x'}}"));
    assert_string_equal(fixture->err.field, "custom_fields.breach");
}

static void a_category_has_its_own_fields(void **state)
{
    run_quietly(*state, "reference.reconcile", FIELDS);
    json_t *all = run(*state, "custom_field.list", "{}");
    assert_int_equal(json_array_size(all), 8);
    json_decref(all);
    json_t *incident = run(*state, "incident.get", "{'id':1}");
    char args[120];
    snprintf(args, sizeof(args), "{'category_id':'%s'}", text_at(incident, "category.id"));
    json_decref(incident);
    json_t *some = run(*state, "custom_field.list", args);
    assert_int_equal(json_array_size(some), 7);
    json_decref(some);
    run_quietly(*state, "reference.reconcile", "{'custom_fields':[]}");
    run_quietly(*state, "incident.set_custom_fields", "{'id':1,'custom_fields':{'nothing':'x'}}");
}

/* ---- what other systems hold */

static void an_attachment_keeps_what_is_not_said_again(void **state)
{
    static const char NEW[] = "{'incident_id':1,'kind':'postmortem','provider':'wiki',"
                              "'url':'https://wiki.test/1','is_ready':true}";
    run_quietly(*state, "attachment.save", NEW);
    run_quietly(*state, "attachment.save", NEW);
    assert_traces(*state, "attachment.save", 1);
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM event WHERE kind ="
                                   " 'postmortem.created'"),
                     1);
    json_t *one = run(*state, "attachment.save",
                      "{'incident_id':1,'kind':'postmortem','provider':'wiki','title':'What "
                      "happened'}");
    assert_true(bool_at(one, "is_ready"));
    assert_string_equal(text_at(one, "url"), "https://wiki.test/1");
    assert_traces(*state, "attachment.save", 2);
    char args[120];
    snprintf(args, sizeof(args), "{'id':'%s'}", text_at(one, "id"));
    json_decref(one);
    run_quietly(*state, "attachment.delete", args);
    refuse(*state, "attachment.delete", args, ERR_NOT_FOUND, NULL);
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM audit WHERE action = 'attachment.delete'"
                                   " AND before LIKE '%wiki.test%' AND after IS NULL"),
                     1);
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM event WHERE kind = 'postmortem.created'"),
                     1);
}

/* ---- duplicates and drills */

static void a_duplicate_is_closed_and_names_its_original(void **state)
{
    char ben[40];
    add_person(*state, "ben", ben);
    run_quietly(*state, "incident.declare",
                "{'title':'Nobody can pay','description':'d','category':'Payment','priority':'P1',"
                "'environment':'PRD','created_by_email':'ben@example.com'}");
    json_t *answer = run(*state, "incident.merge", "{'id':2,'into':1}");
    assert_true(bool_at(answer, "is_changed"));
    assert_int_equal(int_at(answer, "incident.status"), 60);
    assert_int_equal(int_at(answer, "incident.duplicate_of"), 1);
    assert_true(bool_at(answer, "incident.is_ignored"));
    assert_string_equal(text_at(answer, "incident.closure_reason"), "duplicate");
    assert_string_equal(text_at(answer, "incident.closure_reference"), "#1");
    assert_int_equal(int_at(answer, "into.status"), 10);
    json_decref(answer);
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM incident_member WHERE incident_id = 1"),
                     2);
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM event WHERE kind = 'incident.merged' AND"
                                   " incident_id = 1"),
                     1);
    answer = run(*state, "incident.merge", "{'id':2,'into':1}");
    assert_false(bool_at(answer, "is_changed"));
    json_decref(answer);
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM audit WHERE action = 'incident.merge' AND"
                                   " (after ->> '$.duplicate_of' = 1 OR"
                                   " json_array_length(after, '$.person_ids') = 1)"),
                     2);
    answer = run(*state, "incident.reopen", "{'id':2,'message':'It is something else after all'}");
    assert_true(json_is_null(at(answer, "incident.duplicate_of")));
    assert_false(bool_at(answer, "incident.is_ignored"));
    json_decref(answer);
}

/* What was closed for another reason says from now on that it was a duplicate. */
static void a_closed_incident_becomes_a_duplicate(void **state)
{
    run_quietly(*state, "incident.declare",
                "{'title':'Nobody can pay','description':'d','category':'Payment','priority':'P1',"
                "'environment':'PRD','created_by_email':'ada@example.com'}");
    run_quietly(*state, "incident.close", "{'id':2,'closure_reason':'external'}");
    json_t *answer = run(*state, "incident.merge", "{'id':2,'into':1}");
    assert_string_equal(text_at(answer, "incident.closure_reason"), "duplicate");
    assert_string_equal(text_at(answer, "incident.closure_reference"), "#1");
    json_decref(answer);
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM event WHERE kind = 'incident.closed'"), 1);
}

static void duplicates_of_a_duplicate_move_on(void **state)
{
    for (int i = 0; i < 3; i++)
        run_quietly(*state, "incident.declare",
                    "{'title':'Nobody can pay','description':'d','category':'Payment',"
                    "'priority':'P1','environment':'PRD','created_by_email':'ada@example.com'}");
    run_quietly(*state, "incident.merge", "{'id':4,'into':3}");
    refuse(*state, "incident.merge", "{'id':2,'into':4}", ERR_CONFLICT, "into");
    refuse(*state, "incident.merge", "{'id':4,'into':1}", ERR_CONFLICT, "id");
    refuse(*state, "incident.merge", "{'id':1,'into':1}", ERR_CONFLICT, "into");
    run_quietly(*state, "incident.merge", "{'id':3,'into':1}");
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM incident WHERE duplicate_of = 1"), 2);
    run_quietly(*state, "incident.update", "{'id':1,'drill':true}");
    refuse(*state, "incident.merge", "{'id':2,'into':1}", ERR_CONFLICT, "into");
}

static void a_private_incident_is_merged_with_no_public_one(void **state)
{
    run_quietly(*state, "incident.declare",
                "{'title':'Somebody reads our mail','description':'d','category':'Data breach',"
                "'priority':'P1','environment':'PRD','created_by_email':'ada@example.com'}");
    refuse(*state, "incident.merge", "{'id':1,'into':2}", ERR_CONFLICT, "into");
    refuse(*state, "incident.merge", "{'id':2,'into':1}", ERR_CONFLICT, "into");
    char eve[40];
    add_person(*state, "eve", eve);
    const struct actor actor = person_actor(eve);
    struct fixture *fixture = *state;
    assert_null(run_as(fixture, &actor, "incident.merge", "{'id':1,'into':2}"));
    assert_int_equal(fixture->err.code, ERR_NOT_FOUND);
}

static void a_drill_is_marked_and_not_measured(void **state)
{
    run_quietly(*state, "incident.declare",
                "{'title':'What if the shop were down','description':'d','category':'Payment',"
                "'priority':'P1','environment':'PRD','created_by_email':'ada@example.com',"
                "'drill':true}");
    for (int id = 1; id <= 2; id++) {
        char args[200];
        snprintf(args, sizeof(args),
                 "{'id':%d,'key_events':{'started':1700000000000,'detected':1700000060000}}", id);
        run_quietly(*state, "incident.set_key_events", args);
    }
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM incident_metric WHERE incident_id = 1"),
                     1);
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM incident_metric WHERE incident_id = 2"),
                     0);
    json_t *incident = run(*state, "incident.get", "{'id':2}");
    assert_true(bool_at(incident, "is_drill"));
    json_decref(incident);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tags_are_one_however_they_are_written, setup_incident,
                                        teardown),
        cmocka_unit_test_setup_teardown(tags_are_refused_by_name, setup_incident, teardown),
        cmocka_unit_test_setup_teardown(impacts_change_type_by_type, setup_incident, teardown),
        cmocka_unit_test_setup_teardown(impacts_are_refused_by_type, setup_incident, teardown),
        cmocka_unit_test_setup_teardown(several_costs_of_one_type_are_summed_exactly,
                                        setup_incident, teardown),
        cmocka_unit_test_setup_teardown(a_cost_is_changed_and_taken_away, setup_incident, teardown),
        cmocka_unit_test_setup_teardown(amounts_are_whole_cents, setup_incident, teardown),
        cmocka_unit_test_setup_teardown(a_private_incident_keeps_its_records_to_itself,
                                        setup_incident, teardown),
        cmocka_unit_test_setup_teardown(custom_fields_take_what_their_type_takes, setup_incident,
                                        teardown),
        cmocka_unit_test_setup_teardown(custom_fields_are_refused_by_key, setup_incident, teardown),
        cmocka_unit_test_setup_teardown(scripts_keep_fields_of_their_own, setup_incident, teardown),
        cmocka_unit_test_setup_teardown(a_category_has_its_own_fields, setup_incident, teardown),
        cmocka_unit_test_setup_teardown(an_attachment_keeps_what_is_not_said_again, setup_incident,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_closed_incident_becomes_a_duplicate, setup_incident,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_duplicate_is_closed_and_names_its_original,
                                        setup_incident, teardown),
        cmocka_unit_test_setup_teardown(duplicates_of_a_duplicate_move_on, setup_incident,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_private_incident_is_merged_with_no_public_one,
                                        setup_incident, teardown),
        cmocka_unit_test_setup_teardown(a_drill_is_marked_and_not_measured, setup_incident,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
