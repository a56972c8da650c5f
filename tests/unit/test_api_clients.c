/* What programs written for other engines of this API send and expect: times in the zone of the config, long lists of
 * ids, every way to name a format. */
#include "api_fixture.h"
#include "core/status.h"

static void set_zone(struct fixture *fixture, const char *zone)
{
    api_set_options(fixture->api, &(struct api_options){ .time_zone = zone });
}

static void test_times_are_those_of_the_config(void **state)
{
    static const struct {
        const char *query, *wanted;
    } CASES[] = {
        { "created_at=2026-11-24", "[{" }, /* the incident is of 2026-11-23 at 23:30 UTC */
        { "created_at=2026-11-23", "[]" },
        { "created_at__gte=2026-11-24", "[{" },
        { "created_at__lt=2026-11-24", "[]" },
        { "created_at__gte=2026-11-23T23:31:00Z", "[]" },
        { "created_at__gte=2026-11-24T00:30:00", "[{" },
    };
    struct fixture *fixture = *state;
    char path[128];
    set_zone(fixture, "Europe/Paris");
    clock_set_ms(NOW_MS + INT64_C(41400000));
    post(fixture, fixture->writer, GOOD);
    expect(fixture, 201, "\"created_at\":\"2026-11-24T00:30:00.123000+01:00\",");
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        snprintf(path, sizeof(path), API "incidents/?%s", CASES[i].query);
        get(fixture, path, fixture->reader);
        expect(fixture, 200, CASES[i].wanted);
    }
    get(fixture, API "priorities/p1/", fixture->reader);
    expect(fixture, 200, "\"created_at\":\"2026-11-23T13:00:00.123000+01:00\"");
    get(fixture, API "incidents/1/updates/", fixture->reader);
    expect(fixture, 200, "\"created_at\":\"2026-11-24T00:30:00.123000+01:00\"");
    set_zone(fixture, "Asia/Kolkata"); /* as after a reload: nothing kept from before is shown */
    get(fixture, API "incidents/1/", fixture->reader);
    expect(fixture, 200, "\"created_at\":\"2026-11-24T05:00:00.123000+05:30\",");
    assert_null(strstr(fixture->answer, "+01:00"));
}

static void test_a_revoked_key_is_refused_at_once(void **state)
{
    struct fixture *fixture = *state;
    get(fixture, API "incidents/", fixture->reader);
    expect(fixture, 200, "[]");
    sql(fixture, "UPDATE api_key SET revoked_at_ms = 1");
    api_forget_keys(fixture->api);
    get(fixture, API "incidents/", fixture->reader);
    expect(fixture, 401, "authentication_failed");
}

static void test_long_lists_of_ids_are_read_whole(void **state)
{
    struct fixture *fixture = *state;
    AUTO_BUF struct buf path = BUF_INIT;
    post(fixture, fixture->writer, GOOD);
    buf_puts(&path, API "incidents/?id__in=");
    for (int id = 2000; id > 1; id--)
        buf_printf(&path, "%d,", id);
    buf_puts(&path, "1");
    get(fixture, path.data, fixture->reader);
    expect(fixture, 200, "[{\"id\":1,");
    buf_clear(&path);
    buf_puts(&path, API "incidents/?environment__value__in=");
    for (int i = 0; i < 500; i++)
        buf_printf(&path, "E%d,", i);
    buf_puts(&path, "PRD");
    get(fixture, path.data, fixture->reader);
    expect(fixture, 200, "[{\"id\":1,");
}

static void test_too_many_values_are_refused_not_cut_off(void **state)
{
    struct fixture *fixture = *state;
    AUTO_BUF struct buf path = BUF_INIT;
    buf_puts(&path, API "incidents/?id__in=1");
    for (int i = 0; i < 5000; i++)
        buf_puts(&path, ",1");
    get(fixture, path.data, fixture->reader);
    expect(fixture, 400, "More than 5000 values.");
}

static void test_ids_in_every_spelling_of_a_uuid(void **state)
{
    static const char *const SPELLINGS[] = { "0a1b2c3d-4e5f-4061-8293-a4b5c6d7e8f9",
                                             "0A1B2C3D-4E5F-4061-8293-A4B5C6D7E8F9",
                                             "0a1b2c3d4e5f40618293A4B5C6D7E8F9" };
    struct fixture *fixture = *state;
    char text[400];
    json_decref(run_op(fixture, "reference.reconcile",
                       "{\"environments\":[{\"id\":\"0a1b2c3d-4e5f-4061-8293-a4b5c6d7e8f9\","
                       "\"value\":\"UUID\",\"name\":\"With an id\"}]}"));
    for (size_t i = 0; i < sizeof(SPELLINGS) / sizeof(SPELLINGS[0]); i++) {
        snprintf(text, sizeof(text),
                 "{\"title\":\"t\",\"description\":\"d\",\"environment_id\":\"%s\","
                 "\"incident_category_id\":\"c1\",\"priority_id\":\"p1\","
                 "\"created_by_email\":\"ann@example.org\"}",
                 SPELLINGS[i]);
        post(fixture, fixture->writer, text);
        expect(fixture, 201, "\"value\":\"UUID\"");
        snprintf(text, sizeof(text), API "incidents/?environment=%s", SPELLINGS[i]);
        get(fixture, text, fixture->reader);
        expect(fixture, 200, "[{\"id\":");
        snprintf(text, sizeof(text), API "environments/%s/", SPELLINGS[i]);
        get(fixture, text, fixture->reader);
        expect(fixture, 200, "\"value\":\"UUID\"");
    }
    get(fixture, API "incidents/?environment=0a1b2c3d_4e5f_4061_8293_a4b5c6d7e8f9",
        fixture->reader);
    expect(fixture, 400, "is not a valid UUID.");
    get(fixture, API "incidents/?environment=0a1b2c3d4e5f40618293a4b5c6d7e8f0", fixture->reader);
    expect(fixture, 400, "invalid_choice");
}

static void test_every_list_and_detail_in_every_format(void **state)
{
    static const char *const PATHS[] = {
        "environments",
        "environments/prd",
        "severities",
        "severities/p1",
        "priorities",
        "groups",
        "groups/g1",
        "components",
        "incident-categories",
        "components/c1",
        "incidents",
        "incidents/1",
        "incident_cost_types",
        "incident_costs",
        "incident_costs/1",
        "incident_cost_types/1",
        "incidents/1/updates",
        "incidents/1/roles",
        "incidents/1/key-events",
        "incidents/1/members",
    };
    struct fixture *fixture = *state;
    char path[128];
    post(fixture, fixture->writer, GOOD);
    sql(fixture, "INSERT INTO incident_cost (incident_id, cost_type_id, amount_cents, "
                 "created_at_ms, updated_at_ms) SELECT 1, id, 1050, 0, 0 FROM cost_type");
    for (size_t i = 0; i < sizeof(PATHS) / sizeof(PATHS[0]); i++) {
        snprintf(path, sizeof(path), API "%s/", PATHS[i]);
        get(fixture, path, fixture->reader);
        expect(fixture, 200, "");
        AUTO_FREE char *json = xstrdup(fixture->answer);
        snprintf(path, sizeof(path), API "%s.json", PATHS[i]);
        get(fixture, path, fixture->reader);
        expect(fixture, 200, json);
        snprintf(path, sizeof(path), API "%s.csv?fields=id,name", PATHS[i]);
        get(fixture, path, fixture->reader);
        expect(fixture, 200, "id,name\r\n");
        assert_non_null(strstr(fixture->head, "Content-Type: text/csv; charset=utf-8\r\n"));
        snprintf(path, sizeof(path), API "%s.tsv?fields=id,name", PATHS[i]);
        get(fixture, path, fixture->reader);
        expect(fixture, 200, "id\tname\r\n");
        snprintf(path, sizeof(path), API "%s.xml", PATHS[i]);
        get(fixture, path, fixture->reader);
        expect(fixture, 404, "\"code\":\"not_found\"");
    }
    get(fixture, API "incident_costs/1/", fixture->reader);
    expect(fixture, 200, "{\"id\":1,\"cost_type\":{\"id\":1,\"name\":\"Lost sales\",");
    expect(fixture, 200, "\"amount\":\"10.50\"");
    sql(fixture, "UPDATE incident SET is_private = 1");
    get(fixture, API "incident_costs/1/", fixture->reader);
    expect(fixture, 404, "not_found");
    get(fixture, API "incident_costs/x/", fixture->reader);
    expect(fixture, 404, "not_found");
}

static void test_the_next_page_has_the_same_format(void **state)
{
    struct fixture *fixture = *state;
    post(fixture, fixture->writer, GOOD);
    post(fixture, fixture->writer, GOOD);
    get(fixture, API "incidents.csv?limit=1&fields=id", fixture->reader);
    assert_non_null(strstr(fixture->head, "incidents/?limit=1&fields=id&format=csv&cursor=2>"));
    ask(fixture, "GET", API "incidents/?limit=1", fixture->reader,
        "Accept: text/tab-separated-values\r\n", "", 0);
    assert_non_null(strstr(fixture->head, "incidents/?limit=1&format=tsv&cursor=2>"));
}

static void test_accept_is_weighed(void **state)
{
    static const struct {
        const char *accept, *type; /* NULL: 406 */
    } CASES[] = {
        { "text/csv", "text/csv;" },
        { "TEXT/CSV ; charset=utf-8", "text/csv;" },
        { "text/csv;q=0.5, application/json", "application/json" },
        { "application/json;q=0.2, text/csv;q=0.9", "text/csv;" },
        { "text/csv, application/json", "application/json" },
        { "*/*, text/csv", "text/csv;" },
        { "text/*", "text/csv;" },
        { "text/*, text/csv;q=0", "text/tab-separated-values;" },
        { "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/json" },
        { "application/json;q=0, */*", "text/csv;" },
        { "*/*;q=0.001", "application/json" },
        { "application/*;version=1;q=1.0", "application/json" },
        { ",, ,text/tab-separated-values,", "text/tab-separated-values;" },
        { "image/png", NULL },
        { "application/json;q=0", NULL },
        { "*/*;q=0.000", NULL },
        { ";q=1", NULL },
    };
    struct fixture *fixture = *state;
    char header[120];
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        snprintf(header, sizeof(header), "Accept: %s\r\n", CASES[i].accept);
        ask(fixture, "GET", API "environments/", fixture->reader, header, "", 0);
        snprintf(header, sizeof(header), "Content-Type: %s",
                 CASES[i].type ? CASES[i].type : "application/json");
        if (fixture->status != (CASES[i].type ? 200 : 406) || !strstr(fixture->head, header))
            fail_msg("%s: %d %s", CASES[i].accept, fixture->status, fixture->head);
    }
}

static void test_the_document_is_yaml_too(void **state)
{
    static const char *const ACCEPTS[][2] = {
        { "application/vnd.oai.openapi, application/yaml, */*", "application/yaml\r\n" },
        { "application/vnd.oai.openapi", "application/vnd.oai.openapi\r\n" },
        { "application/vnd.oai.openapi+json; q=1", "application/vnd.oai.openapi+json\r\n" },
        { "*/*", "application/json\r\n" },
    };
    struct fixture *fixture = *state;
    char header[120];
    for (size_t i = 0; i < sizeof(ACCEPTS) / sizeof(ACCEPTS[0]); i++) {
        snprintf(header, sizeof(header), "Accept: %s\r\n", ACCEPTS[i][0]);
        ask(fixture, "GET", API "schema", fixture->reader, header, "", 0);
        expect(fixture, 200, "{\"openapi\":\"3.1.0\",");
        snprintf(header, sizeof(header), "Content-Type: %s", ACCEPTS[i][1]);
        assert_non_null(strstr(fixture->head, header));
    }
    get(fixture, API "schema?format=yaml", fixture->reader);
    assert_non_null(strstr(fixture->head, "Content-Type: application/yaml\r\n"));
    ask(fixture, "GET", API "schema", fixture->reader, "Accept: application/yamlish\r\n", "", 0);
    expect(fixture, 406, "not_acceptable");
}

static void test_options_say_what_may_be_done(void **state)
{
    struct fixture *fixture = *state;
    ask(fixture, "OPTIONS", API "incidents/1/", fixture->reader, "", "", 0);
    expect(fixture, 200, "\"renders\":[\"application/json\",\"text/csv\",");
    expect(fixture, 200, "\"parses\":[\"application/json\",");
    assert_non_null(strstr(fixture->head, "Allow: GET, HEAD, PATCH, OPTIONS\r\n"));
    ask(fixture, "OPTIONS", API "incidents", fixture->reader, "", "", 0);
    expect(fixture, 200, "\"renders\":[\"application/json\"]");
    assert_non_null(strstr(fixture->head, "Allow: POST, OPTIONS\r\n"));
    ask(fixture, "OPTIONS", API "incidents/", NULL, "", "", 0);
    expect(fixture, 401, "not_authenticated");
}

static void test_costs_of_one_type_are_summed(void **state)
{
    struct fixture *fixture = *state;
    post(fixture, fixture->writer, GOOD);
    post(fixture, fixture->writer, GOOD);
    sql(fixture,
        "INSERT INTO cost_type (name, created_at_ms, updated_at_ms) VALUES ('Fees', 0, 0), "
        "('Zero', 0, 0)");
    sql(fixture, "INSERT INTO incident_cost (incident_id, cost_type_id, amount_cents, details, "
                 "created_at_ms, updated_at_ms) VALUES (1, 1, 1000, 'first', 0, 0), "
                 "(1, 2, NULL, '', 0, 0), (1, 1, NULL, NULL, 0, 0), (1, 1, -1, 'third', 0, 0), "
                 "(2, 1, 5, NULL, 0, 0), (1, 3, 0, 'free', 0, 0), (2, 1, NULL, '', 0, 0)");
    get(fixture, API "incidents/", fixture->reader);
    expect(fixture, 200, "\"costs\":{\"Lost sales\":{\"amount\":\"0.05\",\"details\":\"\"}}");
    expect(fixture, 200,
           "\"costs\":{\"Fees\":{\"amount\":null,\"details\":\"\"},\"Lost sales\":"
           "{\"amount\":\"9.99\",\"details\":\"first; third\"},\"Zero\":"
           "{\"amount\":\"0.00\",\"details\":\"free\"}}");
    get(fixture, API "incidents/1.csv?fields=costs.*.amount", fixture->reader);
    expect(fixture, 200,
           "costs.Fees.amount,costs.Lost sales.amount,costs.Zero.amount\r\n"
           ",9.99,0.00\r\n");
}

static void test_of_several_with_a_role_the_first_is_shown(void **state)
{
    struct fixture *fixture = *state;
    post(fixture, fixture->writer, GOOD);
    sql(fixture, "INSERT INTO person (id, username, name, email, created_at_ms, updated_at_ms) "
                 "VALUES ('0', 'zoe', 'Zoe', 'zoe@example.org', 0, 0)");
    sql(fixture, "INSERT INTO incident_role SELECT 1, id, '0', 9999999999999 FROM role_type");
    get(fixture, API "incidents/1/", fixture->reader);
    expect(fixture, 200, "\"roles\":{\"commander\":{\"id\":");
    assert_null(strstr(fixture->answer, "zoe@example.org"));
}

static int count_of(struct fixture *fixture)
{
    json_t *list = json_loads(fixture->answer, 0, NULL);
    int count = (int)json_array_size(list);
    json_decref(list);
    return count;
}

static void test_clients_that_know_no_pages_get_everything(void **state)
{
    struct fixture *fixture = *state;
    post(fixture, fixture->writer, GOOD);
    for (int i = 0; i < 7; i++)
        sql(fixture, "INSERT INTO incident (title, description, status, priority_id, category_id, "
                     "environment_id, created_by, response_type, created_at_ms, updated_at_ms) "
                     "SELECT title, '', status, priority_id, category_id, environment_id, "
                     "created_by, response_type, created_at_ms, updated_at_ms FROM incident");
    get(fixture, API "incidents/?environment=stg", fixture->reader);
    assert_int_equal(count_of(fixture), 0);
    get(fixture, API "incidents/", fixture->reader);
    assert_int_equal(count_of(fixture), 100);
    api_set_options(fixture->api, &(struct api_options){ .is_whole_by_default = true });
    get(fixture, API "incidents/", fixture->reader);
    assert_int_equal(count_of(fixture), 128);
    assert_null(strstr(fixture->head, "Link:"));
    get(fixture, API "incidents/?limit=3", fixture->reader);
    assert_int_equal(count_of(fixture), 3);
    get(fixture, API "incidents/?cursor=129", fixture->reader);
    assert_int_equal(count_of(fixture), 100);
    get(fixture, API "incidents/?id__gte=x", fixture->reader);
    expect(fixture, 400, "\"attr\":\"id__gte\"");
}

static void test_programs_read_the_same_words_whatever_people_say(void **state)
{
    static const char *const LABELS[STATUS_COUNT] = { "Ouvert" };
    static const char *const NONE[STATUS_COUNT] = { NULL };
    struct fixture *fixture = *state;
    post(fixture, fixture->writer, GOOD);
    status_set_labels(LABELS);
    get(fixture, API "incidents/1/", fixture->reader);
    expect(fixture, 200, "\"status\":\"Open\"");
    get(fixture, API "incidents/1/updates/", fixture->reader);
    expect(fixture, 200, "\"status\":\"Open\"");
    get(fixture, API "incidents/1/lifecycle/", fixture->reader);
    expect(fixture, 200, "{\"status\":\"Open\",");
    get(fixture, API "incidents/1/state/", fixture->reader);
    expect(fixture, 200, "\"status\":10,\"status_name\":\"Open\",\"status_label\":\"Ouvert\"");
    status_set_labels(NONE);
}

static void test_no_body_is_an_empty_one(void **state)
{
    struct fixture *fixture = *state;
    post(fixture, fixture->writer, "");
    expect(fixture, 400,
           "{\"code\":\"required\",\"detail\":\"This field is required.\","
           "\"attr\":\"title\"}");
}

static void test_words_that_say_nothing_are_not_looked_for(void **state)
{
    struct fixture *fixture = *state;
    post(fixture, fixture->writer, GOOD); /* Checkout is down */
    get(fixture, API "incidents/?search=why+is+the+checkout+not+down+again", fixture->reader);
    expect(fixture, 200, "[{\"id\":1,");
    get(fixture, API "incidents/?search=%22down+again%22", fixture->reader);
    expect(fixture, 200, "[]");
    get(fixture, API "incidents/?search=again", fixture->reader);
    expect(fixture, 200, "[]");
}

static void test_each_key_has_its_rate(void **state)
{
    struct fixture *fixture = *state;
    api_set_options(fixture->api,
                    &(struct api_options){ .requests_per_minute = 60, .requests_burst = 2 });
    for (int i = 0; i < 2; i++) {
        get(fixture, API "incidents/", fixture->reader);
        expect(fixture, 200, "[]");
    }
    get(fixture, API "incidents/", fixture->reader);
    expect(fixture, 429,
           "{\"type\":\"client_error\",\"errors\":[{\"code\":\"throttled\",\"detail\":"
           "\"Request was throttled. Expected available in 1 seconds.\",\"attr\":null}]}");
    assert_non_null(strstr(fixture->head, "Retry-After: 1\r\n"));
    get(fixture, API "incidents/", fixture->writer);
    expect(fixture, 200, "[]");
    clock_advance_ms(1000);
    get(fixture, API "incidents/", fixture->reader);
    expect(fixture, 200, "[]");
    get(fixture, API "incidents/", fixture->reader);
    expect(fixture, 429, "throttled");
    get(fixture, API "monitoring/healthcheck", NULL);
    expect(fixture, 200, "ok");
    api_set_options(fixture->api, &(struct api_options){ 0 });
    get(fixture, API "incidents/", fixture->reader);
    expect(fixture, 200, "[]");
}

static void test_who_guesses_keys_is_held_up(void **state)
{
    static const char GUESS[] = "hk_0000000000000000000000000000000000000000";
    struct fixture *fixture = *state;
    api_set_options(fixture->api, &(struct api_options){ .refusals_per_minute = 3 });
    get(fixture, API "incidents/", fixture->reader);
    expect(fixture, 200, "[]");
    for (int i = 0; i < 3; i++) {
        get(fixture, API "incidents/", i % 2 ? GUESS : NULL);
        expect(fixture, 401, i % 2 ? "authentication_failed" : "not_authenticated");
    }
    get(fixture, API "incidents/", GUESS);
    expect(fixture, 429, "throttled");
    assert_non_null(strstr(fixture->head, "Retry-After: 20\r\n"));
    get(fixture, API "incidents/", fixture->writer);
    expect(fixture, 429, "throttled"); /* it might be a guess too */
    get(fixture, API "incidents/", fixture->reader);
    expect(fixture, 200, "[]"); /* it was good a moment ago */
    clock_advance_ms(20000);
    get(fixture, API "incidents/", fixture->writer);
    expect(fixture, 200, "[]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_times_are_those_of_the_config, begin, end),
        cmocka_unit_test_setup_teardown(test_a_revoked_key_is_refused_at_once, begin, end),
        cmocka_unit_test_setup_teardown(test_long_lists_of_ids_are_read_whole, begin, end),
        cmocka_unit_test_setup_teardown(test_too_many_values_are_refused_not_cut_off, begin, end),
        cmocka_unit_test_setup_teardown(test_ids_in_every_spelling_of_a_uuid, begin, end),
        cmocka_unit_test_setup_teardown(test_every_list_and_detail_in_every_format, begin, end),
        cmocka_unit_test_setup_teardown(test_the_next_page_has_the_same_format, begin, end),
        cmocka_unit_test_setup_teardown(test_accept_is_weighed, begin, end),
        cmocka_unit_test_setup_teardown(test_the_document_is_yaml_too, begin, end),
        cmocka_unit_test_setup_teardown(test_options_say_what_may_be_done, begin, end),
        cmocka_unit_test_setup_teardown(test_costs_of_one_type_are_summed, begin, end),
        cmocka_unit_test_setup_teardown(test_of_several_with_a_role_the_first_is_shown, begin, end),
        cmocka_unit_test_setup_teardown(test_clients_that_know_no_pages_get_everything, begin, end),
        cmocka_unit_test_setup_teardown(test_programs_read_the_same_words_whatever_people_say,
                                        begin, end),
        cmocka_unit_test_setup_teardown(test_no_body_is_an_empty_one, begin, end),
        cmocka_unit_test_setup_teardown(test_words_that_say_nothing_are_not_looked_for, begin, end),
        cmocka_unit_test_setup_teardown(test_each_key_has_its_rate, begin, end),
        cmocka_unit_test_setup_teardown(test_who_guesses_keys_is_held_up, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
