/* Declaring an incident: the rows it makes, what it refuses, and that it happens once. */
#include "core_fixture.h"

#define DECLARE                                                        \
    "'title':'Card payments fail','description':'Every third card is " \
    "refused','category':'Payment',"                                   \
    "'priority':'P1','environment':'PRD'"

static json_t *declare(struct fixture *fixture, const char *more)
{
    char args[2000];
    snprintf(args, sizeof(args), "{" DECLARE ",'created_by_email':'ada@example.com'%s}", more);
    return run(fixture, "incident.declare", args);
}

static void refuse_declare(struct fixture *fixture, const char *args, const char *field)
{
    int64_t incidents = count(fixture, "SELECT COUNT(*) FROM incident");
    int64_t people = count(fixture, "SELECT COUNT(*) FROM person");
    refuse(fixture, "incident.declare", args, ERR_INVALID, field);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM incident"), incidents);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM person"), people);
}

static void declares_with_all_rows(void **state)
{
    struct fixture *fixture = *state;
    run_quietly(fixture, "subscription.replace",
                "{'rows':[{'event_kind':'incident.created','handler':'second','position':20},"
                "{'event_kind':'incident.created','handler':'first','position':10},{'event_kind':'"
                "other','handler':'none'}]}");
    json_t *answer = declare(fixture, ",'impacts':{'business_impact':'HT'}");
    assert_true(bool_at(answer, "created"));
    assert_int_equal(int_at(answer, "id"), 1);
    assert_string_equal(text_at(answer, "incident.title"), "Card payments fail");
    assert_string_equal(text_at(answer, "incident.status_label"), "Open");
    assert_string_equal(text_at(answer, "incident.response_type"), "critical");
    assert_string_equal(text_at(answer, "incident.url"), "https://halligan.test/incident/1/");
    assert_string_equal(text_at(answer, "incident.category.group.name"), "Shop");
    assert_string_equal(text_at(answer, "incident.roles.0.slug"), "commander");
    assert_string_equal(text_at(answer, "incident.roles.0.person.email"), "ada@example.com");
    assert_string_equal(text_at(answer, "incident.impacts.0.level.value"), "HT");
    assert_true(json_is_null(at(answer, "incident.conversation")));
    json_decref(answer);

    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM incident_member WHERE incident_id = 1"),
                     1);
    assert_int_equal(
        count(
            fixture,
            "SELECT COUNT(*) FROM incident_update WHERE status = 10 AND environment_id IS NOT NULL"
            " AND roles LIKE '%commander%'"),
        1);
    assert_int_equal(
        count(fixture, "SELECT COUNT(*) FROM incident_update WHERE event_type = 'declared'"), 1);
    assert_int_equal(
        count(fixture,
              "SELECT COUNT(*) FROM audit WHERE action = 'incident.declare' AND incident_id = 1"),
        1);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM event WHERE kind = 'incident.created'"),
                     1);
    assert_int_equal(count(fixture,
                           "SELECT COUNT(*) FROM job WHERE lane = 'incident:1'"
                           " AND args = '{\"incident_id\":1,\"response_type\":\"critical\"}'"),
                     2);
    assert_int_equal(count(fixture, "SELECT handler = 'first' FROM job ORDER BY id LIMIT 1"), 1);
}

static void names_are_read_in_any_case(void **state)
{
    struct fixture *fixture = *state;
    json_t *answer = run(fixture, "incident.declare",
                         "{'title':'t','description':'d','category':'shop/PAYMENT','priority':'p1',"
                         "'environment':'prd','created_by_email':'ada@example.com'}");
    assert_string_equal(text_at(answer, "incident.category.name"), "Payment");
    assert_string_equal(text_at(answer, "incident.priority.name"), "P1");
    assert_string_equal(text_at(answer, "incident.environment.value"), "PRD");
    json_decref(answer);
}

static void names_the_wrong_argument(void **state)
{
    struct fixture *fixture = *state;
#define BY ",'created_by_email':'new@example.com'"
    refuse_declare(fixture,
                   "{'description':'d','category':'Payment','priority':'P1','environment':'PRD'" BY
                   "}",
                   "title");
    refuse_declare(fixture,
                   "{'title':'   "
                   "','description':'d','category':'Payment','priority':'P1','environment':'PRD'" BY
                   "}",
                   "title");
    refuse_declare(fixture, "{" DECLARE BY ",'category':'Nothing'}", "category");
    refuse_declare(fixture, "{" DECLARE BY ",'category':'Other'}", "category");
    refuse_declare(fixture, "{" DECLARE BY ",'priority':'P9'}", "priority");
    refuse_declare(fixture, "{" DECLARE BY ",'priority':9}", "priority");
    refuse_declare(fixture, "{" DECLARE BY ",'environment':'MOON'}", "environment");
    refuse_declare(fixture, "{" DECLARE BY ",'environments':[]}", "environments");
    refuse_declare(fixture, "{" DECLARE BY ",'impacts':{'moon':'HT'}}", "impacts.moon");
    refuse_declare(fixture, "{" DECLARE BY ",'impacts':{'business_impact':'LO'}}",
                   "impacts.business_impact");
    refuse_declare(fixture, "{" DECLARE BY ",'dedup_key':'  '}", "dedup_key");
    refuse_declare(fixture, "{" DECLARE BY ",'response_type':'calm'}", "response_type");
    refuse_declare(fixture, "{" DECLARE BY ",'colour':'red'}", "colour");
    refuse_declare(fixture, "{" DECLARE BY ",'private':'yes'}", "private");
    refuse_declare(fixture, "{" DECLARE ",'created_by_email':'nobody'}", "created_by_email");
    refuse_declare(fixture, "{" DECLARE ",'created_by':'nobody'}", "created_by");
    refuse_declare(fixture, "{" DECLARE "}", "created_by");
    refuse_declare(fixture, "{" DECLARE BY ",'form':true,'title':'Too short'}", "title");
    refuse_declare(fixture, "{" DECLARE BY ",'require_enabled':true,'priority':'P5'}", "priority");
}

static void refuses_hostile_text(void **state)
{
    struct fixture *fixture = *state;
    refuse_declare(fixture, "{" DECLARE BY ",'title':'a\\u0000b'}", "title");
    refuse_declare(fixture, "{" DECLARE BY ",'custom_fields':{'x':['\\u0000']}}", "custom_fields");
    json_t *args = parse("{" DECLARE BY "}");
    char long_title[10001];
    memset(long_title, 'x', sizeof(long_title) - 1);
    long_title[10000] = '\0';
    json_object_set_new(args, "title", json_string(long_title));
    assert_null(run_json(fixture, NULL, "incident.declare", json_incref(args)));
    assert_string_equal(fixture->err.msg, "title must have at most 128 characters (it has 10000)");
    json_object_set_new(args, "title", json_stringn_nocheck("bad \xff text", 10));
    assert_null(run_json(fixture, NULL, "incident.declare", args));
    assert_string_equal(fixture->err.field, "title");
}

static void counts_code_points_after_trimming(void **state)
{
    struct fixture *fixture = *state;
    json_t *args = parse("{" DECLARE BY "}");
    char title[2 + 128 * 4 + 3] = "  ";
    for (int i = 0; i < 128; i++)
        strcat(title, "🔥");
    strcat(title, " \n");
    json_object_set_new(args, "title", json_string(title));
    json_t *answer = run_json(fixture, NULL, "incident.declare", args);
    assert_non_null(answer);
    assert_int_equal(strlen(text_at(answer, "incident.title")), 128 * 4);
    json_decref(answer);
}

static void open_dedup_key_is_answered_with_the_incident(void **state)
{
    struct fixture *fixture = *state;
    json_decref(declare(fixture, ",'dedup_key':'alert-7'"));
    json_t *answer =
        declare(fixture, ",'dedup_key':' alert-7 ','created_by_email':'else@example.com'");
    assert_false(bool_at(answer, "created"));
    assert_int_equal(int_at(answer, "id"), 1);
    json_decref(answer);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM person WHERE email = 'else@example.com'"),
                     0);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM event"), 1);
}

static void hidden_incident_is_not_given_away_by_its_dedup_key(void **state)
{
    struct fixture *fixture = *state;
    json_decref(declare(fixture, ",'dedup_key':'alert-8','private':true"));
    struct actor key = { .kind = ACTOR_KEY, .id = "1", .source = "rest" };
    assert_null(
        run_as(fixture, &key, "incident.declare", "{" DECLARE BY ",'dedup_key':'alert-8'}"));
    assert_int_equal(fixture->err.code, ERR_CONFLICT);
    assert_string_equal(fixture->err.field, "dedup_key");
}

static void same_request_declares_once(void **state)
{
    struct fixture *fixture = *state;
    run_quietly(fixture, "kv.put", "{'scope':'draft','key':'d1','value':{'step':2}}");
    json_decref(declare(fixture, ",'request_key':'V123','draft':{'scope':'draft','key':'d1'}"));
    json_t *draft = run(fixture, "kv.get", "{'scope':'draft','key':'d1'}");
    assert_true(json_is_null(draft));
    json_decref(draft);
    json_t *answer = declare(fixture, ",'request_key':'V123'");
    assert_false(bool_at(answer, "created"));
    json_decref(answer);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM incident"), 1);
}

static void a_request_is_forgotten_after_a_day(void **state)
{
    enum { DAY_MS = 24 * 3600 * 1000 };
    struct fixture *fixture = *state;
    clock_set_ms(1000);
    json_decref(declare(fixture, ",'request_key':'V123'"));
    clock_set_ms(1000 + DAY_MS - 1);
    json_decref(declare(fixture, ",'request_key':'V123'"));
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM incident"), 1);
    clock_set_ms(1000 + DAY_MS);
    json_decref(declare(fixture, ",'request_key':'V123'"));
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM incident"), 2);
    clock_set_ms(1000 + 2 * DAY_MS);
    run_quietly(fixture, "kv.purge", "{}");
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM request_key"), 0);
}

static void private_category_makes_it_private(void **state)
{
    struct fixture *fixture = *state;
    json_t *answer = declare(fixture, ",'category':'Data breach'");
    assert_true(bool_at(answer, "incident.is_private"));
    json_decref(answer);
    answer = declare(fixture, ",'category':'Data breach','private':false");
    assert_false(bool_at(answer, "incident.is_private"));
    json_decref(answer);
}

static void main_environment_is_the_most_important_one(void **state)
{
    struct fixture *fixture = *state;
    json_t *answer =
        declare(fixture, ",'environments':['INT','PRD','STG'],'custom_fields':{'team':'red'}");
    assert_string_equal(text_at(answer, "incident.environment.value"), "PRD");
    assert_string_equal(text_at(answer, "incident.custom_fields.environments.0"), "INT");
    assert_string_equal(text_at(answer, "incident.custom_fields.team"), "red");
    json_decref(answer);
}

static void response_type_follows_the_priority(void **state)
{
    struct fixture *fixture = *state;
    static const char *const CASES[][2] = {
        { ",'priority':2", "critical" },
        { ",'priority':4", "normal" },
        { ",'priority':'DRILL'", "critical" },
        { ",'priority':1,'response_type':'normal'", "normal" },
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        json_t *answer = declare(fixture, CASES[i][0]);
        assert_string_equal(text_at(answer, "incident.response_type"), CASES[i][1]);
        json_decref(answer);
    }
}

static void person_who_asks_is_the_creator(void **state)
{
    struct fixture *fixture = *state;
    char id[40];
    add_person(fixture, "grace", id);
    struct actor actor = person_actor(id);
    json_t *answer = run_as(fixture, &actor, "incident.declare", "{" DECLARE "}");
    assert_non_null(answer);
    assert_string_equal(text_at(answer, "incident.created_by.accounts.chat.external_id"),
                        "U-grace");
    json_decref(answer);
}

static void unchanged_update_says_nothing(void **state)
{
    struct fixture *fixture = *state;
    json_decref(declare(fixture, ""));
    json_t *answer = run(fixture, "incident.update", "{'id':1,'title':'Card payments fail'}");
    assert_true(json_is_null(at(answer, "update_id")));
    json_decref(answer);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM event WHERE kind = 'incident.updated'"),
                     0);
    answer = run(fixture, "incident.update",
                 "{'id':1,'title':'All payments fail','message':'It spreads'}");
    assert_string_equal(text_at(answer, "incident.title"), "All payments fail");
    json_decref(answer);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM event WHERE kind = 'incident.updated'"),
                     1);
    answer = run(fixture, "incident.detail", "{'id':1}");
    assert_string_equal(text_at(answer, "updates.0.message"), "It spreads");
    assert_string_equal(text_at(answer, "updates.1.event_type"), "declared");
    assert_int_equal(json_array_size(at(answer, "updates")), 3);
    assert_string_equal(text_at(answer, "members.0.email"), "ada@example.com");
    json_decref(answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(declares_with_all_rows),
        TEST(names_are_read_in_any_case),
        TEST(names_the_wrong_argument),
        TEST(refuses_hostile_text),
        TEST(counts_code_points_after_trimming),
        TEST(open_dedup_key_is_answered_with_the_incident),
        TEST(hidden_incident_is_not_given_away_by_its_dedup_key),
        TEST(same_request_declares_once),
        TEST(a_request_is_forgotten_after_a_day),
        TEST(private_category_makes_it_private),
        TEST(main_environment_is_the_most_important_one),
        TEST(response_type_follows_the_priority),
        TEST(person_who_asks_is_the_creator),
        TEST(unchanged_update_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
