/* What an incident gathers, over REST: tags, impacts, custom fields, costs, duplicates. */
#include "api_fixture.h"

static void send_json(struct fixture *fixture, const char *method, const char *path,
                      const char *body)
{
    char whole[200];
    snprintf(whole, sizeof(whole), API "%s", path);
    ask(fixture, method, whole, fixture->writer, "Content-Type: application/json\r\n", body,
        strlen(body));
}

static int begin_with_two(void **state)
{
    int rc = begin(state);
    for (int i = 0; i < 2; i++)
        post(*state, ((struct fixture *)*state)->writer,
             "{\"title\":\"Checkout is down\"," GOOD_BUT_TITLE "}");
    return rc;
}

static void tags_are_set_whole(void **state)
{
    struct fixture *fixture = *state;
    send_json(fixture, "PUT", "incidents/1/tags/", "{\"tags\":[\"Payment\",\"payment\",\"vip\"]}");
    expect(fixture, 200, "\"tags\":[\"Payment\",\"vip\"]");
    send_json(fixture, "PUT", "incidents/1/tags/", "{\"tags\":[]}");
    expect(fixture, 200, "\"tags\":[]");
    send_json(fixture, "PUT", "incidents/1/tags/", "{\"tags\":\"vip\"}");
    expect(fixture, 400, "\"attr\":\"tags\"");
    send_json(fixture, "PUT", "incidents/9/tags/", "{\"tags\":[]}");
    expect(fixture, 404, "not_found");
}

static void costs_are_added_changed_and_taken_away(void **state)
{
    struct fixture *fixture = *state;
    send_json(fixture, "POST", "incidents/1/costs/",
              "{\"cost_type\":\"Lost sales\",\"amount\":\"10\"}");
    expect(fixture, 201, "\"amount\":\"10.00\"");
    send_json(fixture, "POST", "incidents/1/costs/",
              "{\"cost_type\":\"Lost sales\",\"amount\":0.5,\"details\":\"more\"}");
    expect(fixture, 201, "\"name\":\"Lost sales\"");
    send_json(fixture, "POST", "incidents/1/costs/",
              "{\"cost_type\":\"Lost sales\",\"amount\":\"a lot\"}");
    expect(fixture, 400, "\"attr\":\"amount\"");
    send_json(fixture, "PATCH", "incident_costs/1/", "{\"amount\":null}");
    expect(fixture, 200, "\"amount\":null");
    get(fixture, API "incidents/1/costs/", fixture->reader);
    expect(fixture, 200, "\"details\":\"more\"");
    get(fixture, API "incident_costs/?format=csv&fields=id,amount,cost_type.name,incident",
        fixture->reader);
    assert_string_equal(
        fixture->answer,
        "id,amount,cost_type.name,incident\r\n2,0.50,Lost sales,1\r\n1,,Lost sales,1\r\n");
    get(fixture, API "incident_cost_types/", fixture->reader);
    expect(fixture, 200, "\"name\":\"Lost sales\"");
    send_json(fixture, "DELETE", "incident_costs/1/", "");
    assert_int_equal(fixture->status, 204);
    sql(fixture, "UPDATE incident SET is_private = 1");
    get(fixture, API "incident_costs/", fixture->reader);
    assert_string_equal(fixture->answer, "[]");
    send_json(fixture, "PATCH", "incident_costs/2/", "{\"amount\":1}");
    expect(fixture, 404, "not_found");
}

static void costs_come_in_pages_when_asked(void **state)
{
    struct fixture *fixture = *state;
    sql(fixture,
        "INSERT INTO incident_cost (incident_id, cost_type_id, amount_cents, created_at_ms, "
        "updated_at_ms) VALUES (1, 1, 1, 0, 0), (1, 1, 2, 0, 0), (2, 1, 3, 0, 0)");
    get(fixture, API "incident_costs/", fixture->reader);
    expect(fixture, 200, "[{\"id\":3,");
    assert_null(strstr(fixture->head, "Link:"));
    get(fixture, API "incident_costs.csv?limit=2&fields=id", fixture->reader);
    expect(fixture, 200, "id\r\n3\r\n2\r\n");
    assert_non_null(strstr(fixture->head,
                           "Link: <https://halligan.example" API
                           "incident_costs/?limit=2&fields=id&format=csv&cursor=2>"));
    get(fixture, API "incident_costs/?limit=2&cursor=2", fixture->reader);
    expect(fixture, 200, "[{\"id\":1,");
    assert_null(strstr(fixture->head, "Link:"));
    get(fixture, API "incident_costs/?limit=all", fixture->reader);
    expect(fixture, 200, "[{\"id\":3,");
    get(fixture, API "incident_costs/?limit=0&cursor=x", fixture->reader);
    expect(fixture, 400, "\"attr\":\"limit\"},");
    expect(fixture, 400, "\"attr\":\"cursor\"}");
}

/* In chunks of 500 rows, each read and sent before the next: as long lists of incidents are. */
static void all_costs_are_one_stream(void **state)
{
    struct fixture *fixture = *state;
    sql(fixture, "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 1200)"
                 " INSERT INTO incident_cost (id, incident_id, cost_type_id, amount_cents,"
                 " created_at_ms, updated_at_ms) SELECT n, 1, 1, n, 0, 0 FROM s");
    get(fixture, API "incident_costs/", fixture->reader);
    assert_int_equal(fixture->status, 200);
    assert_non_null(strstr(fixture->head, "Transfer-Encoding: chunked"));
    json_t *costs = json_loads(fixture->answer, 0, NULL);
    assert_int_equal(json_array_size(costs), 1200);
    for (size_t i = 0; i < 1200; i++)
        assert_int_equal(json_integer_value(json_object_get(json_array_get(costs, i), "id")),
                         1200 - i);
    json_decref(costs);
    get(fixture, API "incident_costs.csv", fixture->reader);
    assert_non_null(strstr(fixture->head, "Transfer-Encoding: chunked"));
    int lines = 0;
    for (const char *at = fixture->answer; (at = strstr(at, "\r\n")); at += 2)
        lines++;
    assert_int_equal(lines, 1201);
}

static void impacts_and_custom_fields_change_by_name(void **state)
{
    struct fixture *fixture = *state;
    send_json(fixture, "PATCH", "incidents/1/impacts/", "{\"impacts\":{\"mood\":\"HT\"}}");
    expect(fixture, 400, "\"attr\":\"impacts.mood\"");
    send_json(fixture, "PATCH", "incidents/1/impacts/", "{\"impacts\":{}}");
    expect(fixture, 200, "[]");
    send_json(fixture, "PATCH", "incidents/1/custom-fields/",
              "{\"custom_fields\":{\"customer\":\"ACME\"}}");
    expect(fixture, 200, "\"customer\":\"ACME\"");
    get(fixture, API "incidents/1/custom-fields/", fixture->reader);
    expect(fixture, 200, "\"customer\":\"ACME\"");
}

static void a_duplicate_is_merged(void **state)
{
    struct fixture *fixture = *state;
    send_json(fixture, "POST", "incidents/2/merge", "{\"into\":1}");
    expect(fixture, 200, "\"status\":\"Closed\"");
    send_json(fixture, "POST", "incidents/1/merge", "{\"into\":2}");
    expect(fixture, 409, "\"attr\":\"into\"");
    send_json(fixture, "POST", "incidents/1/merge", "{\"into\":99}");
    expect(
        fixture, 400,
        "{\"code\":\"does_not_exist\",\"detail\":\"there is no incident 99\",\"attr\":\"into\"}");
    send_json(fixture, "POST", "incidents/99/merge", "{\"into\":1}");
    expect(fixture, 404, "not_found");
    send_json(fixture, "POST", "incidents/1/merge", "{}");
    expect(fixture, 400, "\"attr\":\"into\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tags_are_set_whole, begin_with_two, end),
        cmocka_unit_test_setup_teardown(costs_are_added_changed_and_taken_away, begin_with_two,
                                        end),
        cmocka_unit_test_setup_teardown(costs_come_in_pages_when_asked, begin_with_two, end),
        cmocka_unit_test_setup_teardown(all_costs_are_one_stream, begin_with_two, end),
        cmocka_unit_test_setup_teardown(impacts_and_custom_fields_change_by_name, begin_with_two,
                                        end),
        cmocka_unit_test_setup_teardown(a_duplicate_is_merged, begin_with_two, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
