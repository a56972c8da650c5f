/* category_mtbf: the time between the failures of a category, less what was spent on fixing them. */
#include "life_fixture.h"

#define HOUR 3600000LL

static void change(struct fixture *fixture, const char *sql)
{
    struct err err = { 0 };
    if (db_write_now(fixture->db, exec_in_tx, (void *)sql, &err) != OK)
        fail_msg("%s: %s", sql, err.msg);
}

/* Incident <id> began at <hour>. */
static void put_hour(struct fixture *fixture, int64_t id, int hour)
{
    char sql[160];
    snprintf(sql, sizeof(sql), "UPDATE incident SET created_at_ms = %lld WHERE id = %lld",
             hour * HOUR, (long long)id);
    change(fixture, sql);
}

/* Three incidents in the first ten hours, and one behind. */
static int setup_failures(void **state)
{
    int rc = setup_life(state);
    struct fixture *fixture = *state;
    run_quietly(fixture, "reference.reconcile",
                "{'milestones':[{'event_type':'declared','name':'Declared'},{'event_type':"
                "'recovered','name':'Recovered'}],'metrics':[{'type':'time_to_fix','code':'TTF',"
                "'name':'Time to fix','start':'declared','end':'recovered'}]}");
    for (int i = 0; i < 4; i++)
        put_hour(fixture, declare(fixture, "P4", "STG"), i < 3 ? i + 1 : 10);
    return rc;
}

static void put_fix(struct fixture *fixture, int64_t id, int hours)
{
    char sql[200];
    snprintf(sql, sizeof(sql),
             "INSERT INTO incident_metric (incident_id, metric_type_id, duration_ms)"
             " SELECT %lld, id, %lld FROM metric_type WHERE type = 'time_to_fix'",
             (long long)id, hours * HOUR);
    change(fixture, sql);
}

/* Of the first ten hours. */
static void assert_mtbf(struct fixture *fixture, int64_t incidents, int64_t mtbf_ms)
{
    json_t *answer = run(fixture, "reference.category_mtbf", "{'from_ms':0,'to_ms':36000000}");
    assert_int_equal(json_array_size(answer), 1);
    assert_string_equal(text_at(answer, "0.category"), "Payment");
    assert_int_equal(int_at(answer, "0.incident_count"), incidents);
    json_t *mtbf = json_object_get(json_array_get(answer, 0), "mtbf_ms");
    assert_int_equal(json_is_null(mtbf) ? -1 : json_integer_value(mtbf), mtbf_ms);
    json_decref(answer);
}

static void time_to_fix_is_no_time_between(void **state)
{
    struct fixture *fixture = *state;
    assert_mtbf(fixture, 3, -1);
    put_fix(fixture, 1, 1);
    assert_mtbf(fixture, 3, 3 * HOUR);
    put_fix(fixture, 2, 3);
    assert_mtbf(fixture, 3, 2 * HOUR);
    put_fix(fixture, 3, 30);
    assert_mtbf(fixture, 3, 0);
}

static void what_is_ignored_and_drills_are_no_failures(void **state)
{
    struct fixture *fixture = *state;
    put_fix(fixture, 1, 1);
    change(fixture, "UPDATE incident SET is_drill = 1 WHERE id = 2");
    change(fixture, "UPDATE incident SET is_ignored = 1 WHERE id = 3");
    assert_mtbf(fixture, 1, 9 * HOUR);
}

static void private_incidents_count_for_those_who_see_them(void **state)
{
    struct fixture *fixture = *state;
    put_fix(fixture, 1, 1);
    change(fixture, "UPDATE incident SET is_private = 1 WHERE id = 2");
    assert_mtbf(fixture, 3, 3 * HOUR);
    struct actor eve = { .kind = ACTOR_PERSON, .source = "web" };
    add_person(fixture, "eve", eve.id);
    json_t *answer =
        run_as(fixture, &eve, "reference.category_mtbf", "{'from_ms':0,'to_ms':36000000}");
    assert_int_equal(int_at(answer, "0.incident_count"), 2);
    json_decref(answer);
}

static void a_period_ends_now_at_the_latest(void **state)
{
    struct fixture *fixture = *state;
    put_fix(fixture, 1, 1);
    json_t *open = run(fixture, "reference.category_mtbf", "{'from_ms':0}");
    json_t *future =
        run(fixture, "reference.category_mtbf", "{'from_ms':0,'to_ms':4102444800000000}");
    int64_t apart = int_at(future, "0.mtbf_ms") - int_at(open, "0.mtbf_ms");
    assert_true(apart >= 0 && apart < HOUR);
    json_decref(open);
    json_decref(future);
    refuse(fixture, "reference.category_mtbf", "{}", ERR_INVALID, "from_ms");
    refuse(fixture, "reference.category_mtbf", "{'from_ms':5,'to_ms':5}", ERR_INVALID, "from_ms");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(time_to_fix_is_no_time_between, setup_failures, teardown),
        cmocka_unit_test_setup_teardown(what_is_ignored_and_drills_are_no_failures, setup_failures,
                                        teardown),
        cmocka_unit_test_setup_teardown(private_incidents_count_for_those_who_see_them,
                                        setup_failures, teardown),
        cmocka_unit_test_setup_teardown(a_period_ends_now_at_the_latest, setup_failures, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
