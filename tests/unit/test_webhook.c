#include "core_fixture.h"

static const char HOOKS[] =
    "{'webhooks':[{'name':'open','url':'https://a.example/'},"
    "{'name':'insider','url':'https://b.example/','events':['incident.closed'],'private':true}]}";

/* 0: it may not hear of the incident. */
static int64_t prepare(struct fixture *fixture, const char *webhook, int job)
{
    char args[200];
    snprintf(args, sizeof(args),
             "{'webhook':'%s','kind':'incident.created','incident_id':1,'job_id':%d,'body':'{}'}",
             webhook, job);
    json_t *answer = run(fixture, "webhook.prepare", args);
    int64_t id = json_integer_value(json_object_get(answer, "id"));
    json_decref(answer);
    return id;
}

static int make_private(struct tx *tx, void *arg, struct err *err)
{
    (void)arg;
    int rc = tx_exec(tx, err, "UPDATE incident SET is_private = 1", "");
    return rc < 0 ? rc : OK;
}

static void begin(struct fixture *fixture, const char *category)
{
    run_quietly(fixture, "webhook.declare", HOOKS);
    char args[300];
    snprintf(args, sizeof(args),
             "{'title':'t','description':'d','category':'%s','priority':'P1','environment':'PRD',"
             "'created_by_email':'author@example.com'}",
             category);
    run_quietly(fixture, "incident.declare", args);
}

static void one_event_is_one_delivery_a_webhook(void **state)
{
    struct fixture *fixture = *state;
    begin(fixture, "Payment");
    int64_t id = prepare(fixture, "open", 7);
    assert_true(id > 0);
    assert_int_equal(prepare(fixture, "open", 7), id);
    assert_true(prepare(fixture, "open", 8) > id);
    assert_true(prepare(fixture, "insider", 7) > id);
    assert_int_equal(prepare(fixture, "nobody", 7), 0);
    refuse(fixture, "webhook.deliveries", "{'webhook':'nobody'}", ERR_INVALID, "webhook");
    refuse(fixture, "webhook.deliveries", "{'state':'lost'}", ERR_INVALID, "state");
    json_t *waiting = run(fixture, "webhook.deliveries", "{'webhook':'open','state':'waiting'}");
    assert_int_equal(json_array_size(waiting), 2);
    json_decref(waiting);
    assert_int_equal(count(fixture, "SELECT count(*) FROM job WHERE handler = "
                                    "'task:webhooks.deliver'"),
                     3);
}

static void a_private_incident_is_told_to_insiders_only(void **state)
{
    struct fixture *fixture = *state;
    begin(fixture, "Data breach");
    assert_int_equal(prepare(fixture, "open", 7), 0);
    assert_true(prepare(fixture, "insider", 7) > 0);
}

static void what_became_private_is_not_sent(void **state)
{
    struct fixture *fixture = *state;
    char args[64];
    begin(fixture, "Payment");
    snprintf(args, sizeof(args), "{'id':%d}", (int)prepare(fixture, "open", 7));
    json_t *answer = run(fixture, "webhook.to_send", args);
    assert_true(bool_at(answer, "may_send"));
    json_decref(answer);
    assert_int_equal(db_write_now(fixture->db, make_private, NULL, &fixture->err), OK);
    answer = run(fixture, "webhook.to_send", args);
    assert_false(bool_at(answer, "may_send"));
    json_decref(answer);
}

static void a_webhook_that_left_the_config_hears_no_more(void **state)
{
    struct fixture *fixture = *state;
    begin(fixture, "Payment");
    run_quietly(fixture, "webhook.declare", "{'webhooks':[]}");
    assert_int_equal(prepare(fixture, "open", 7), 0);
    json_t *answer = run(fixture, "webhook.list", "{}");
    assert_int_equal(json_array_size(answer), 0);
    json_decref(answer);
}

static void what_ended_long_ago_is_forgotten_with_its_tries(void **state)
{
    struct fixture *fixture = *state;
    begin(fixture, "Payment");
    prepare(fixture, "open", 7);
    prepare(fixture, "open", 8);
    run_quietly(fixture, "webhook.attempted",
                "{'id':1,'state':'delivered','duration_ms':3,'status':204}");
    json_t *answer = run(fixture, "webhook.prune", "{'before_ms':1}");
    assert_int_equal(int_at(answer, "count"), 0);
    json_decref(answer);
    answer = run(fixture, "webhook.prune", "{'before_ms':99999999999999}");
    assert_int_equal(int_at(answer, "count"), 1);
    json_decref(answer);
    assert_int_equal(count(fixture, "SELECT count(*) FROM webhook_attempt"), 0);
    assert_int_equal(count(fixture, "SELECT id FROM webhook_delivery"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_event_is_one_delivery_a_webhook),
        TEST(a_private_incident_is_told_to_insiders_only),
        TEST(what_became_private_is_not_sent),
        TEST(a_webhook_that_left_the_config_hears_no_more),
        TEST(what_ended_long_ago_is_forgotten_with_its_tries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
