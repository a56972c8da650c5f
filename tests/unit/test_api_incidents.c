#include "api_fixture.h"

#include "base/inject.h"
#include "hold.h"

enum { READERS = 2 }; /* of a store, unless it is told otherwise */

static void test_who_may_ask(void **state)
{
    struct fixture *fixture = *state;
    get(fixture, API "incidents/", NULL);
    expect(fixture, 401, "{\"type\":\"client_error\",\"errors\":[{\"code\":\"not_authenticated\"");
    assert_non_null(strstr(fixture->head, "WWW-Authenticate: Bearer\r\n"));
    get(fixture, API "incidents/", "hk_0000000000000000000000000000000000000000");
    expect(fixture, 401, "authentication_failed");
    get(fixture, API "incidents/", "a b");
    expect(fixture, 401, "authentication_failed");
    ask(fixture, "GET", API "incidents/", NULL, "Authorization: Token x\r\n", "", 0);
    expect(fixture, 401, "not_authenticated");
    get(fixture, API "incidents/", fixture->reader);
    expect(fixture, 200, "[]");
    get(fixture, API "incidents/", fixture->reader); /* now from the kept answer */
    expect(fixture, 200, "[]");
    post(fixture, fixture->reader, GOOD);
    expect(fixture, 403, "permission_denied");
    get(fixture, API "incidents", fixture->reader);
    expect(fixture, 405, "method_not_allowed");
    get(fixture, API "incidents/1", fixture->reader);
    assert_int_equal(fixture->status, 301);
}

static void test_declare_and_read_back(void **state)
{
    struct fixture *fixture = *state;
    post(fixture, fixture->writer, GOOD);
    expect(fixture, 201,
           "{\"id\":1,\"title\":\"Checkout is down\",\"status\":\"Open\",\"description\":\"Cards "
           "are refused\","
           "\"created_at\":\"2026-11-23T12:00:00.123000Z\",\"environment\":{\"id\":\"prd\","
           "\"value\":\"PRD\","
           "\"name\":\"Production\",\"description\":\"\",\"order\":0,\"default\":true},"
           "\"incident_category\":{\"id\":\"c1\",\"group\":{\"id\":\"g1\",\"name\":\"Payments\"");
    expect(
        fixture, 201,
        "\"reminder_time\":\"01:00:00\",\"sla\":\"02:00:00\",\"recommended_response_type\":null");
    expect(fixture, 201,
           "\"channel_name\":\"\",\"status_page_url\":\"https://halligan.example/incident/1/\","
           "\"postmortem_url\":null,\"ticket_key\":null,\"ticket_url\":null,\"tags\":[],\"created_"
           "by\":{\"id\":");
    expect(fixture, 201, "\"email\":\"ann@example.org\"},\"ignore\":false}");
    assert_null(strstr(fixture->answer, "\"roles\""));
    get(fixture, API "incidents/1/", fixture->reader);
    expect(fixture, 200, "\"costs\":{},\"metrics\":{},\"roles\":{\"commander\":{\"id\":");
    get(fixture, API "incidents/", fixture->reader);
    expect(fixture, 200, "[{\"id\":1,");
    assert_null(strstr(fixture->answer, "\"tags\""));
    get(fixture, API "incidents/?show_tags=true", fixture->reader);
    expect(fixture, 200, "\"tags\":[]");
    get(fixture, API "incidents/2/", fixture->reader);
    expect(fixture, 404, "not_found");
    get(fixture, API "incidents/x/", fixture->reader);
    expect(fixture, 404, "not_found");
    get(fixture, API "incidents/99999999999999999999999/", fixture->reader);
    expect(fixture, 404, "not_found");
}

static void test_what_belongs_to_an_incident(void **state)
{
    struct fixture *fixture = *state;
    post(fixture, fixture->writer, GOOD);
    post(fixture, fixture->writer,
         "{\"title\":\"Second\",\"description\":\"d\",\"environment_id\":\"stg\",\"incident_"
         "category_id\":"
         "\"c1\",\"priority_id\":\"p2\",\"created_by_email\":\"bob@example.org\",\"unknown\":1}");
    expect(fixture, 201, "\"sla\":\"1 02:03:04\"");
    sql(fixture, "INSERT INTO incident_cost (incident_id, cost_type_id, amount_cents, details, "
                 "created_at_ms, updated_at_ms)"
                 " SELECT 1, id, 1005, 'old', 1, 1 FROM cost_type");
    sql(fixture, "INSERT INTO incident_cost (incident_id, cost_type_id, amount_cents, details, "
                 "created_at_ms, updated_at_ms)"
                 " SELECT 1, id, 250000, 'new', 1, 1 FROM cost_type");
    sql(fixture, "INSERT INTO incident_metric (incident_id, metric_type_id, duration_ms) SELECT 1, "
                 "id, 93784500 FROM metric_type");
    sql(fixture, "INSERT INTO incident_tag (incident_id, tag) VALUES (1, 'b'), (1, 'a'), (2, 'c')");
    sql(fixture, "INSERT INTO conversation (id, platform, external_id, name, incident_id, "
                 "created_at_ms, updated_at_ms)"
                 " VALUES ('v', 'chat', 'C1', '20261123-1', 1, 1, 1)");
    get(fixture, API "incidents/?show_tags=true", fixture->reader);
    expect(fixture, 200, "[{\"id\":2,\"title\":\"Second\"");
    expect(fixture, 200, "\"channel_name\":\"#20261123-1\"");
    expect(fixture, 200, "\"tags\":[\"a\",\"b\"],");
    expect(fixture, 200,
           "\"costs\":{\"Lost sales\":{\"amount\":\"2510.05\",\"details\":\"old; new\"}},"
           "\"metrics\":{\"time_to_fix\":{\"duration\":\"1 "
           "02:03:04.500000\",\"duration_seconds\":93784.5,"
           "\"metric_type\":\"Time to fix\"}},\"roles\":{\"commander\":");
    json_t *read = json_loads(fixture->answer, 0, NULL);
    assert_non_null(read);
    json_decref(read);
}

static void test_one_answer_names_all_wrong_fields(void **state)
{
    struct fixture *fixture = *state;
    post(fixture, fixture->writer,
         "{\"title\":\"  "
         "\",\"environment_id\":\"nowhere\",\"incident_category_id\":7,\"priority_id\":null,"
         "\"created_by_email\":\"nobody\",\"dedup_key\":[1],\"ignore\":\"maybe\"}");
    expect(
        fixture, 400,
        "{\"type\":\"validation_error\",\"errors\":["
        "{\"code\":\"blank\",\"detail\":\"This field may not be blank.\",\"attr\":\"title\"},"
        "{\"code\":\"required\",\"detail\":\"This field is required.\",\"attr\":\"description\"},"
        "{\"code\":\"null\",\"detail\":\"This field may not be null.\",\"attr\":\"priority_id\"},"
        "{\"code\":\"invalid\",\"detail\":\"Enter a valid email "
        "address.\",\"attr\":\"created_by_email\"},"
        "{\"code\":\"invalid\",\"detail\":\"Not a valid string.\",\"attr\":\"dedup_key\"},"
        "{\"code\":\"invalid\",\"detail\":\"Must be a valid boolean.\",\"attr\":\"ignore\"},"
        "{\"code\":\"invalid\",\"detail\":\"\\\"nowhere\\\" is not a valid UUID.\","
        "\"attr\":\"environment_id\"},{\"code\":\"invalid\"");
    get(fixture, API "incidents/", fixture->insider);
    expect(fixture, 200, "[]");
    /* All fields look right: only the store knows better. */
    post(fixture, fixture->writer,
         "{\"title\":\"t\",\"description\":\"d\",\"environment_id\":"
         "\"e5c46eb0-5620-4a30-81c6-4a647c189ff2\",\"incident_category_id\":"
         "\"b\","
         "\"priority_id\":\"c\",\"created_by_email\":\"ann@example.org\"}");
    expect(fixture, 400,
           "{\"code\":\"does_not_exist\",\"detail\":\"Invalid pk "
           "\\\"e5c46eb0-5620-4a30-81c6-4a647c189ff2\\\" - object does not exist.\","
           "\"attr\":\"environment_id\"},");
    expect(fixture, 400, "\"attr\":\"incident_category_id\"},");
    expect(fixture, 400, "\"attr\":\"priority_id\"}]}");
}

static void test_hostile_bodies(void **state)
{
    struct fixture *fixture = *state;
    static const char JSON[] = "Content-Type: application/json\r\n";
    AUTO_BUF struct buf body = BUF_INIT;
    for (int i = 0; i < 20000; i++)
        buf_putc(&body, '[');
    ask(fixture, "POST", API "incidents", fixture->writer, JSON, body.data, body.len);
    expect(fixture, 400, "parse_error");
    static const char *const BROKEN[] = {
        "{", "{\"a\":}", "\xff\xfe", "{\"title\":\"\xff\"}", "{\"a\\u0000b\":1}", "nul"
    };
    for (size_t i = 0; i < sizeof(BROKEN) / sizeof(*BROKEN); i++) {
        post(fixture, fixture->writer, BROKEN[i]);
        expect(fixture, 400, "{\"type\":\"client_error\",\"errors\":[{\"code\":\"parse_error\"");
    }
    static const char *const NO_OBJECT[] = { "[]", "1", "\"x\"", "null" };
    for (size_t i = 0; i < sizeof(NO_OBJECT) / sizeof(*NO_OBJECT); i++) {
        post(fixture, fixture->writer, NO_OBJECT[i]);
        expect(fixture, 400, "\"attr\":\"non_field_errors\"");
    }
    post(fixture, fixture->writer, "{\"title\":\"a\\u0000b\"," GOOD_BUT_TITLE "}");
    expect(fixture, 400, "\"code\":\"null_characters_not_allowed\"");
    buf_clear(&body);
    buf_puts(&body, "{\"title\":\"");
    for (int i = 0; i < 10000; i++)
        buf_puts(&body, "\xc3\xa9");
    buf_puts(&body, "\"," GOOD_BUT_TITLE "}");
    post(fixture, fixture->writer, body.data);
    expect(fixture, 400, "Ensure this field has no more than 128 characters.");
    ask(fixture, "POST", API "incidents", fixture->writer, "Content-Type: text/plain\r\n", "x", 1);
    expect(fixture, 415, "Unsupported media type \\\"text/plain\\\" in request.");
    ask(fixture, "POST", API "incidents", fixture->writer, "", "x", 1);
    expect(fixture, 415, "unsupported_media_type");
    ask(fixture, "POST", API "incidents", fixture->writer,
        "Content-Type: application/json\r\nAccept: text/csv\r\n", GOOD, strlen(GOOD));
    expect(fixture, 406, "not_acceptable");
    get(fixture, API "incidents/", fixture->insider);
    expect(fixture, 200, "[]");
}

static void test_form_bodies_emoji_and_right_to_left(void **state)
{
    struct fixture *fixture = *state;
    static const char FORM[] = "Content-Type: application/x-www-form-urlencoded\r\n";
    static const char body[] =
        "title=%F0%9F%94%A5+%D7%A9%D7%9C%D7%95%D7%9D&description=d&environment_id=prd"
        "&incident_category_id=c1&priority_id=p1&created_by_email=ann%40example.org&ignore=true&"
        "dedup_key=";
    ask(fixture, "POST", API "incidents", fixture->writer, FORM, body, sizeof(body) - 1);
    expect(fixture, 201, "\"title\":\"\xf0\x9f\x94\xa5 \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d\"");
    expect(fixture, 201, "\"ignore\":true}");
    static const char bad[] = "title=%00&description=%ff";
    ask(fixture, "POST", API "incidents", fixture->writer, FORM, bad, sizeof(bad) - 1);
    expect(fixture, 400,
           "{\"code\":\"null_characters_not_allowed\",\"detail\":\"Null characters are not "
           "allowed.\",\"attr\":\"title\"},"
           "{\"code\":\"invalid\",\"detail\":\"Not valid UTF-8 text.\",\"attr\":\"description\"}");
}

static void test_the_same_dedup_key_is_the_same_incident(void **state)
{
    struct fixture *fixture = *state;
    static const char body[] = "{\"title\":\"One\",\"dedup_key\":\"k-1\"," GOOD_BUT_TITLE "}";
    post(fixture, fixture->writer, body);
    expect(fixture, 201, "{\"id\":1,");
    post(fixture, fixture->writer, body);
    expect(fixture, 200, "{\"id\":1,");
    get(fixture, API "incidents/", fixture->reader);
    assert_null(strstr(fixture->answer, "\"id\":2,\"title\""));
    post(fixture, fixture->writer, "{\"title\":\"Two\",\"dedup_key\":\"\"," GOOD_BUT_TITLE "}");
    expect(
        fixture, 400,
        "{\"code\":\"blank\",\"detail\":\"This field may not be blank.\",\"attr\":\"dedup_key\"}");
}

static void test_private_incidents_are_seen_by_those_who_may(void **state)
{
    struct fixture *fixture = *state;
    post(fixture, fixture->writer, SECRET);
    expect(fixture, 201, "\"title\":\"Hush\"");
    static const char *const PATHS[] = { API "incidents/", API "incidents/1/",
                                         API "incidents/?order_by=title&priority=p1" };
    for (size_t i = 0; i < sizeof(PATHS) / sizeof(*PATHS); i++) {
        get(fixture, PATHS[i], fixture->reader);
        assert_null(strstr(fixture->answer, "Hush"));
        get(fixture, PATHS[i], fixture->insider);
        expect(fixture, 200, "Hush");
    }
    get(fixture, API "incidents/1/", fixture->reader);
    expect(fixture, 404, "not_found");
    /* A key of the one who declared it. */
    json_t *person = run_op(fixture, "person.get", "{\"email\":\"ann@example.org\"}");
    char args[160];
    snprintf(args, sizeof(args), "{\"name\":\"ann\",\"person_id\":\"%s\"}",
             json_string_value(json_object_get(person, "id")));
    json_t *key = run_op(fixture, "key.create", args);
    get(fixture, API "incidents/1/", json_string_value(json_object_get(key, "key")));
    expect(fixture, 200, "Hush");
    json_decref(person);
    json_decref(key);
}

static void test_filters_orders_and_pages(void **state)
{
    struct fixture *fixture = *state;
    char body[512];
    for (int i = 1; i <= 5; i++) {
        snprintf(body, sizeof(body),
                 "{\"title\":\"T%d\",\"description\":\"d\",\"environment_id\":\"%s\",\"incident_"
                 "category_id\":\"c1\","
                 "\"priority_id\":\"p%d\",\"created_by_email\":\"ann@example.org\"}",
                 6 - i, i % 2 ? "prd" : "stg", i % 2 + 1);
        post(fixture, fixture->writer, body);
        assert_int_equal(fixture->status, 201);
    }
    get(fixture, API "incidents/?environment=stg", fixture->reader);
    expect(fixture, 200, "[{\"id\":4,");
    assert_null(strstr(fixture->answer, "{\"id\":5,"));
    get(fixture, API "incidents/?environment=stg&environment=prd&priority=p2&limit=2",
        fixture->reader);
    expect(fixture, 200, "[{\"id\":5,");
    assert_non_null(strstr(fixture->head, "Link: <https://halligan.example" API
                                          "incidents/?environment=stg&environment=prd"
                                          "&priority=p2&limit=2&cursor=3>; rel=\"next\"\r\n"));
    get(fixture, API "incidents/?priority=p2&limit=2&cursor=3", fixture->reader);
    expect(fixture, 200, "[{\"id\":1,");
    assert_null(strstr(fixture->head, "Link:"));
    get(fixture, API "incidents/?order_by=title&limit=2", fixture->reader);
    expect(fixture, 200, "[{\"id\":5,\"title\":\"T1\"");
    assert_non_null(strstr(fixture->head, "cursor=2>; rel=\"next\""));
    get(fixture, API "incidents/?order_by=title&limit=2&cursor=2", fixture->reader);
    expect(fixture, 200, "[{\"id\":3,\"title\":\"T3\"");
    get(fixture, API "incidents/?order_by=-priority,created_by&status=10&status=60&group=g1",
        fixture->reader);
    expect(fixture, 200, "[{\"id\":5,");
    get(fixture, API "incidents/?status=60", fixture->reader);
    expect(fixture, 200, "[]");
    get(fixture,
        API
        "incidents/"
        "?status=Open&priority=zz&environment=&order_by=-nonsense&limit=0&cursor=x&anything=else",
        fixture->reader);
    expect(fixture, 400, "\"attr\":\"status\"},");
    expect(fixture, 400, "\"attr\":\"priority\"},");
    expect(fixture, 400, "\"attr\":\"environment\"},");
    expect(fixture, 400,
           "\"detail\":\"Select a valid choice. -nonsense is not one of the available "
           "choices.\",\"attr\":\"order_by\"},");
    expect(fixture, 400, "\"attr\":\"limit\"},");
    expect(fixture, 400, "\"attr\":\"cursor\"}]}");
    get(fixture, API "incidents/?priority=%00%ff%27%3B+DROP+TABLE+incident", fixture->reader);
    expect(fixture, 400, "\"attr\":\"priority\"");
    get(fixture, API "incidents/?format=xml", fixture->reader);
    expect(fixture, 404, "not_found");
}

/* The ids of the list, "5,4,". */
static const char *ids_of(struct fixture *fixture, char out[64])
{
    json_error_t error;
    json_t *list = json_loads(fixture->answer, 0, &error);
    size_t index;
    json_t *item;
    if (!json_is_array(list))
        fail_msg("no list: %s", fixture->answer);
    out[0] = '\0';
    json_array_foreach (list, index, item)
        snprintf(out + strlen(out), 64 - strlen(out), "%d,",
                 (int)json_integer_value(json_object_get(item, "id")));
    json_decref(list);
    return out;
}

/* Incidents 1 to 5: the even ones in STG; 2 is Mitigated, 3 is ignored; a day between each, the fifth is of now. */
static void make_five(struct fixture *fixture)
{
    char body[512];
    for (int i = 1; i <= 5; i++) {
        snprintf(body, sizeof(body),
                 "{\"title\":\"T%d\",\"description\":\"d\",\"environment_id\":\"%s\","
                 "\"incident_category_id\":\"c1\",\"priority_id\":\"p1\",\"ignore\":%s,"
                 "\"created_by_email\":\"ann@example.org\"}",
                 i, i % 2 ? "prd" : "stg", i == 3 ? "true" : "false");
        post(fixture, fixture->writer, body);
        assert_int_equal(fixture->status, 201);
    }
    sql(fixture, "UPDATE incident SET created_at_ms = created_at_ms - (5 - id) * 86400000");
    sql(fixture, "UPDATE incident SET status = 40 WHERE id = 2");
}

static void test_filters_with_bounds(void **state)
{
    static const char *const ASKED[][2] = {
        { "id=2", "2," },
        { "id=x", "" },
        { "id=", "5,4,3,2,1," },
        { "id__iexact=4", "4," },
        { "id__in=1,4,99", "4,1," },
        { "id__in=%201,%094%20", "4,1," },
        { "id__gte=-1", "5,4,3,2,1," },
        { "id__gt=3.5", "5,4," },
        { "id__gte=3.5", "5,4," },
        { "id__lt=2.5", "2,1," },
        { "id__lte=2.5", "2,1," },
        { "id__gte=%2B4.0", "5,4," },
        { "id__lte=%203%20&id__gte=.5", "3,2,1," },
        { "id__lt=-0.5", "" },
        { "id__lt=99999999999999999999999999", "5,4,3,2,1," },
        { "id__gt=99999999999999999999999999", "" },
        { "id__gte=4", "5,4," },
        { "id__gt=4", "5," },
        { "id__lte=2&id__gt=1", "2," },
        { "id__lt=2", "1," },
        { "_status__gte=40", "2," },
        { "_status__gt=10", "2," },
        { "_status__lt=40", "5,4,3,1," },
        { "_status__lte=10", "5,4,3,1," },
        { "environment__value=STG", "4,2," },
        { "environment__value=stg", "" },
        { "environment__value__in=STG,PRD", "5,4,3,2,1," },
        { "environment__value__in=STG%20,NO", "" },
        { "ignore=true", "3," },
        { "ignore=2", "3," },
        { "ignore=False", "5,4,2,1," },
        { "ignore=1", "5,4,3,2,1," },
        { "created_at=2026-11-21%20-%202026-11-22", "4,3," },
        { "created_at=today", "5," },
        { "created_at=current_week", "5," },
        { "created_at=last_week%20-%20", "5,4,3,2,1," },
        { "created_at__gte=2026-11-22", "5,4," },
        { "created_at__lt=2026-11-22", "3,2,1," },
        { "created_at__lte=11/20/2026%2023:59", "2,1," },
        { "created_at__gt=11/21/26", "5,4,3," },
        { "created_at__gte=2026-11-22T12:00:00%2B00:00", "5,4," },
        { "created_at__gte=2026-11-22T13:00:00%2B00:00", "5," },
        { "id__gte=2&environment__value=PRD&ignore=false&order_by=id", "5," },
    };
    static const char *const REFUSED[][2] = {
        { "id__gte=x", "id__gte" },
        { "id__gte=.", "id__gte" },
        { "id__gte=-", "id__gte" },
        { "id__gte=1.2.3", "id__gte" },
        { "id__gte=1%202", "id__gte" },
        { "id__in=1,,2", "id__in" },
        { "id__in=1,x", "id__in" },
        { "_status__gt=Open", "_status__gt" },
        { "created_at=foo", "created_at" },
        { "created_at=2025/W53", "created_at" },
        { "created_at__gte=foo", "created_at__gte" },
        { "created_at__lt=last_week", "created_at__lt" },
        { "created_at__lt=13/45/2026", "created_at__lt" },
    };
    struct fixture *fixture = *state;
    char path[200], part[64], ids[64];
    make_five(fixture);
    for (size_t i = 0; i < sizeof(ASKED) / sizeof(*ASKED); i++) {
        snprintf(path, sizeof(path), API "incidents/?%s", ASKED[i][0]);
        get(fixture, path, fixture->reader);
        expect(fixture, 200, "");
        if (strcmp(ids_of(fixture, ids), ASKED[i][1]) != 0)
            fail_msg("%s gives %s", ASKED[i][0], ids);
    }
    for (size_t i = 0; i < sizeof(REFUSED) / sizeof(*REFUSED); i++) {
        snprintf(path, sizeof(path), API "incidents/?%s", REFUSED[i][0]);
        snprintf(part, sizeof(part), "\"attr\":\"%s\"}", REFUSED[i][1]);
        get(fixture, path, fixture->reader);
        expect(fixture, 400, part);
    }
}

static void test_search(void **state)
{
    static const char *const ASKED[][2] = {
        { "payment", "1,2,4," },  /* a title counts more, then the newest */
        { "pay", "1,2,4," },      /* beginnings match */
        { "PAYMENTS", "1,2,4," }, /* stems, any case */
        { "losing", "2," },
        { "failing", "1," },
        { "payment+checkout", "4," },    /* all words */
        { "%22checkout+is%22", "3,4," }, /* a phrase */
        { "the+payment", "1,2,4," },     /* words that say nothing */
        { "-payment", "5,3," },
        { "payment+-checkout", "1,2," },
        { "3", "3," },
        { "+%230004", "4," },
        { "m%C3%BCnchen", "5," },
        { "munchen", "5," },
        { "", "5,4,3,2,1," },
        { "+++", "5,4,3,2,1," },
        { "nothing+like+it", "" },
        { "the", "" },
        { "***", "" },
        { "%22", "" },
        { "payment)+OR+(title:x*", "1,2,4," },
        { "%27%3B+DROP+TABLE+incident%3B--", "" },
        { "-", "" },
        { "%00%ff", "" },
    };
    struct fixture *fixture = *state;
    char path[200], ids[64];
    make_five(fixture);
    static const char *const TEXTS[] = {
        "{\"id\":1,\"title\":\"Payments fail\"}",
        "{\"id\":2,\"title\":\"A payment is lost\"}",
        "{\"id\":3,\"title\":\"The checkout is slow\"}",
        "{\"id\":4,\"description\":\"Checkout is down, all shops: no payment, nothing else\"}",
        "{\"id\":5,\"title\":\"München: no mail\"}",
    };
    for (size_t i = 0; i < sizeof(TEXTS) / sizeof(*TEXTS); i++)
        json_decref(run_op(fixture, "incident.update", TEXTS[i]));
    for (size_t i = 0; i < sizeof(ASKED) / sizeof(*ASKED); i++) {
        snprintf(path, sizeof(path), API "incidents/?search=%s", ASKED[i][0]);
        get(fixture, path, fixture->reader);
        expect(fixture, 200, "");
        if (strcmp(ids_of(fixture, ids), ASKED[i][1]) != 0)
            fail_msg("search=%s gives %s", ASKED[i][0], ids);
    }
    get(fixture, API "incidents/?search=lost+or+slow", fixture->reader);
    assert_int_equal(strlen(ids_of(fixture, ids)), 4);
    get(fixture, API "incidents/?search=payment&limit=2&order_by=id", fixture->reader);
    ids_of(fixture, ids);
    assert_string_equal(ids, "1,2,");
    assert_non_null(strstr(fixture->head, "order_by=id&cursor=2>; rel=\"next\""));
    get(fixture, API "incidents/?search=payment&limit=2&cursor=2", fixture->reader);
    expect(fixture, 200, "[{\"id\":4,");
    get(fixture, API "incidents/?search=4&status=40", fixture->reader);
    expect(fixture, 200, "[]");
    sql(fixture, "DELETE FROM incident_update");
    sql(fixture, "UPDATE incident SET is_private = 1 WHERE id = 1");
    get(fixture, API "incidents/?search=1", fixture->reader);
    expect(fixture, 200, "[]");
    get(fixture, API "incidents/?search=fail", fixture->reader);
    expect(fixture, 200, "[]");
}

static void test_tables(void **state)
{
    struct fixture *fixture = *state;
    make_five(fixture);
    get(fixture, API "incidents/?format=csv&fields=id,title,priority.name,ignore&id__lte=3",
        fixture->reader);
    expect(fixture, 200, "");
    assert_string_equal(fixture->answer,
                        "id,title,priority.name,ignore\r\n3,T3,P1,True\r\n2,T2,P1,False\r\n"
                        "1,T1,P1,False\r\n");
    assert_non_null(strstr(fixture->head, "Content-Type: text/csv; charset=utf-8\r\n"));
    get(fixture, API "incidents.tsv?fields=id,status&limit=1&labels=__hidden__", fixture->reader);
    assert_string_equal(fixture->answer, "5\tOpen\r\n");
    assert_non_null(strstr(fixture->head, "cursor=5>; rel=\"next\""));
    get(fixture, API "incidents.csv?id=1", fixture->reader);
    expect(fixture, 200,
           "id,status,environment.value,priority.name,title,description,incident_category.name,"
           "incident_category.group.name,created_at,");
    get(fixture, API "incidents.csv?status=60&fields=id,roles.*.email", fixture->reader);
    assert_string_equal(fixture->answer, "id,roles.*.email\r\n");
    get(fixture, API "incidents.csv?status=60&labels=__hidden__", fixture->reader);
    assert_string_equal(fixture->answer, "");
    get(fixture, API "incidents.csv?status=Open", fixture->reader);
    expect(fixture, 400, "\"attr\":\"status\"");
    get(fixture, API "incidents/1/?format=tsv&fields=id,environment.name", fixture->reader);
    assert_string_equal(fixture->answer, "id\tenvironment.name\r\n1\tProduction\r\n");
    get(fixture, API "environments/?format=csv&fields=value", fixture->reader);
    assert_string_equal(fixture->answer, "value\r\nPRD\r\nSTG\r\n");
    get(fixture, API "incidents/?limit=all&fields=ignored", fixture->reader);
    char ids[64];
    assert_string_equal(ids_of(fixture, ids), "5,4,3,2,1,");
}

/* More than two chunks, read twice: no row is missing, doubled or in another place. */
static void test_a_long_table_is_whole(void **state)
{
    enum { ROWS = 1280 };
    struct fixture *fixture = *state;
    make_five(fixture);
    for (int i = 0; i < 8; i++)
        sql(fixture,
            "INSERT INTO incident (title, description, status, priority_id, category_id, "
            "environment_id,"
            " created_by, response_type, created_at_ms, updated_at_ms) SELECT title, description, "
            "status,"
            " priority_id, category_id, environment_id, created_by, response_type, created_at_ms,"
            " updated_at_ms FROM incident");
    static const char *const PATHS[] = { "incidents.csv?fields=id,roles.*.email",
                                         "incidents.csv?fields=id",
                                         "incidents.csv?fields=id&order_by=-id,title" };
    for (size_t i = 0; i < sizeof(PATHS) / sizeof(*PATHS); i++) {
        char path[120];
        snprintf(path, sizeof(path), API "%s", PATHS[i]);
        get(fixture, path, fixture->reader);
        expect(fixture, 200, "id");
        char *at = strchr(fixture->answer, '\n');
        for (int id = ROWS; id > 0; id--) {
            assert_non_null(at);
            if (atoi(at + 1) != id)
                fail_msg("%s: %d and not %d", PATHS[i], atoi(at + 1), id);
            at = strchr(at + 1, '\n');
        }
        assert_string_equal(at, "\n");
    }
}

static void test_what_is_known_is_not_sent_again(void **state)
{
    static const char *const PATHS[] = { API "incidents/1/", API "incidents/", API "environments/",
                                         API "incidents/?format=csv&limit=2" };
    struct fixture *fixture = *state;
    char tags[4][32], extra[80];
    make_five(fixture);
    for (int i = 0; i < 4; i++) {
        get(fixture, PATHS[i], fixture->reader);
        const char *at = strstr(fixture->head, "ETag: ");
        assert_non_null(at);
        snprintf(tags[i], sizeof(tags[i]), "%.*s", (int)strcspn(at + 6, "\r"), at + 6);
        snprintf(extra, sizeof(extra), "If-None-Match: \"other\", W/%s\r\n", tags[i]);
        ask(fixture, "GET", PATHS[i], fixture->reader, extra, "", 0);
        assert_int_equal(fixture->status, 304);
        assert_string_equal(fixture->answer, "");
        assert_non_null(strstr(fixture->head, tags[i]));
    }
    assert_string_not_equal(tags[1], tags[3]);
    json_decref(run_op(fixture, "incident.update", "{\"id\":1,\"title\":\"Another\"}"));
    snprintf(extra, sizeof(extra), "If-None-Match: %s\r\n", tags[0]);
    ask(fixture, "GET", PATHS[0], fixture->reader, extra, "", 0);
    expect(fixture, 200, "Another");
    ask(fixture, "GET", PATHS[0], fixture->reader, "If-None-Match: *\r\n", "", 0);
    assert_int_equal(fixture->status, 304);
    ask(fixture, "GET", API "incidents/99/", fixture->reader, "If-None-Match: *\r\n", "", 0);
    assert_int_equal(fixture->status, 404);
}

static void test_reference_rows(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *path, *part;
    } ASKED[] = {
        { "environments/", "[{\"id\":\"prd\",\"value\":\"PRD\",\"name\":\"Production\","
                           "\"description\":\"\",\"order\":0,\"default\":true},{" },
        { "environments/stg/", "{\"id\":\"stg\"" },
        { "priorities/", "[{\"id\":\"p1\",\"name\":\"P1\",\"value\":1," },
        { "severities/", "\"created_at\":\"2026-11-23T12:00:00.123000Z\"" },
        { "severities/p2/", "\"sla\":\"1 02:03:04\"" },
        { "groups/", "[{\"id\":\"g1\",\"name\":\"Payments\",\"description\":\"\",\"order\":0,"
                     "\"created_at\":" },
        { "incident-categories/", "[{\"id\":\"c1\",\"group\":{\"id\":\"g1\"" },
        { "components/c2/", "\"private\":true,\"deploy_warning\":true" },
    };
    for (size_t i = 0; i < sizeof(ASKED) / sizeof(*ASKED); i++) {
        char path[80];
        snprintf(path, sizeof(path), API "%s", ASKED[i].path);
        get(fixture, path, fixture->reader);
        expect(fixture, 200, ASKED[i].part);
        get(fixture, path, NULL);
        expect(fixture, 401, "not_authenticated");
    }
    get(fixture, API "priorities/p9/", fixture->reader);
    expect(fixture, 404, "not_found");
}

static int ignore_all(struct tx *tx, void *arg, struct err *err)
{
    (void)tx, (void)arg, (void)err;
    return OK;
}

static bool write_generation(struct json_writer *w, void *arg)
{
    json_text(w, "abc");
    return *(bool *)arg;
}

static void test_health(void **state)
{
    struct fixture *fixture = *state;
    bool is_well = true;
    api_add_health(fixture->api, "generation", write_generation, &is_well);
    get(fixture, "/readyz", NULL);
    expect(fixture, 503, "{\"ready\":false}");
    get(fixture, API "monitoring/readiness", NULL);
    expect(fixture, 503, "\"celery\":false");
    fixture->engine.is_ready = true;
    get(fixture, "/readyz", NULL);
    expect(fixture, 200, "{\"ready\":true}");
    get(fixture, API "monitoring/readiness", NULL);
    expect(fixture, 200,
           "{\"status\":\"ok\",\"checks\":{\"db\":true,\"redis\":true,\"celery\":true}}");
    get(fixture, API "monitoring/healthcheck", NULL);
    expect(fixture, 200, "{\"status\":\"ok\"}");
    get(fixture, "/healthz", NULL);
    expect(fixture, 200, "{\"status\":\"ok\",\"version\":");
    expect(fixture, 200, "\"uptime_s\":5,\"database\":{\"ok\":true,\"error\":null,\"schema\":");
    expect(fixture, 200, "\"jobs_dead\":0,\"generation\":\"abc\"}");
    is_well = false;
    get(fixture, "/healthz", NULL);
    expect(fixture, 503, "{\"status\":\"fail\"");
    fixture->engine.is_stopping = true;
    get(fixture, "/readyz", NULL);
    expect(fixture, 503, "false");
}

/* Reads are answered all the time; that nothing can be kept must be seen nevertheless, and that it can again, although
 * nobody but who asks tries. */
static void test_health_when_nothing_can_be_kept(void **state)
{
    struct fixture *fixture = *state;
    fixture->engine.is_ready = true;
    inject_configure("store.commit=fail");
    post(fixture, fixture->writer, GOOD);
    expect(fixture, 500, "server error");
    get(fixture, "/healthz", NULL);
    expect(fixture, 503,
           "\"database\":{\"ok\":false,\"error\":\"the commit failed (fault injected)\"");
    struct talk stranger = {
        .send = "GET /healthz HTTP/1.1\r\nHost: elsewhere\r\nConnection: close\r\n\r\n"
    };
    talk_all(fixture->engine.loop, http_server_port(fixture->engine.server), &stranger, 1);
    assert_non_null(strstr(buf_text(&stranger.got), "HTTP/1.1 503"));
    assert_non_null(strstr(buf_text(&stranger.got), "\r\n\r\n{\"status\":\"fail\"}"));
    buf_fini(&stranger.got);
    get(fixture, API "monitoring/healthcheck", NULL);
    expect(fixture, 503, "{\"status\":\"fail\"}");
    get(fixture, API "monitoring/readiness", NULL);
    expect(fixture, 503, "{\"db\":false,\"redis\":false,\"celery\":true}");
    get(fixture, "/metrics", NULL);
    expect(fixture, 200, "\nhalligan_store_keeps_changes 0\n");
    get(fixture, API "incidents/", fixture->reader);
    expect(fixture, 200, "");
    assert_int_equal(db_write_now(fixture->engine.db, ignore_all, NULL, NULL),
                     ERR_IO); /* the last probe is over */
    inject_configure(NULL);
    get(fixture, "/healthz", NULL);
    assert_int_equal(db_write_now(fixture->engine.db, ignore_all, NULL, NULL), OK);
    get(fixture, "/healthz", NULL);
    expect(fixture, 200, "\"database\":{\"ok\":true,\"error\":null");
    get(fixture, "/metrics", NULL);
    expect(fixture, 200, "\nhalligan_store_keeps_changes 1\n");
}

static bool must_not_be_asked(struct json_writer *w, void *arg)
{
    (void)w, (void)arg;
    fail_msg("a part was asked after the server was gone");
    return false;
}

static void hold_readers(struct fixture *fixture, struct hold held[READERS])
{
    for (int i = 0; i < READERS; i++)
        hold_reader(fixture->engine.db, &held[i]);
}

/* Requests are on their way through the store when it closes: their completions come after it. */
static void test_the_end_with_requests_under_way(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *path, *host;
    } READS[] = {
        { API "incidents/", "localhost" },
        { "/healthz", "localhost" },
        { "/healthz", "elsewhere" },
        { "/metrics", "localhost" },
        { API "monitoring/healthcheck", "localhost" },
        { API "monitoring/readiness", "localhost" },
    };
    enum { COUNT = sizeof(READS) / sizeof(*READS), WRITES = 2 };
    int clients[COUNT + WRITES];
    struct hold held[READERS];
    char request[512];
    api_add_health(fixture->api, "part", must_not_be_asked, NULL);
    hold_readers(fixture, held);
    for (int i = 0; i < COUNT + WRITES; i++) {
        int len = i < COUNT
                      ? snprintf(request, sizeof(request),
                                 "GET %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n",
                                 READS[i].path, READS[i].host, fixture->reader)
                      : snprintf(request, sizeof(request),
                                 "POST " API
                                 "incidents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
                                 "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                                 fixture->writer, strlen(GOOD), GOOD);
        assert_true(len < (int)sizeof(request));
        clients[i] = talk_connect(http_server_port(fixture->engine.server));
        assert_int_equal(send(clients[i], request, (size_t)len, 0), len);
    }
    /* /metrics asks no store. */
    struct http_server_stats stats;
    do {
        event_base_loop(loop_base(fixture->engine.loop), EVLOOP_ONCE);
        http_server_stats(fixture->engine.server, &stats);
    } while (stats.requests + (uint64_t)stats.exchanges < COUNT + WRITES);
    assert_true(stats.exchanges >= COUNT - 1);
    http_server_free(fixture->engine.server);
    fixture->engine.server = NULL;
    for (int i = 0; i < READERS; i++)
        hold_end(&held[i]);
    db_close(fixture->engine.db);
    fixture->engine.db = NULL;
    loop_free(fixture->engine.loop); /* the completions */
    fixture->engine.loop = NULL;
    for (int i = 0; i < COUNT + WRITES; i++)
        close(clients[i]);
}

static double read_seven(void *arg)
{
    (void)arg;
    return 7;
}

static void test_metrics(void **state)
{
    struct fixture *fixture = *state;
    metrics_add(api_metrics(fixture->api), "halligan_test{kind=\"a\"}", "A test.", "gauge",
                read_seven, NULL);
    metrics_add(api_metrics(fixture->api), "halligan_test{kind=\"b\"}", "A test.", "gauge",
                read_seven, NULL);
    get(fixture, API "incidents/", fixture->reader);
    get(fixture, "/nothing", NULL);
    get(fixture, "/metrics", NULL);
    expect(fixture, 200,
           "# HELP halligan_test A test.\n# TYPE halligan_test gauge\nhalligan_test{kind=\"a\"} "
           "7\nhalligan_test{kind=\"b\"} 7\n");
    expect(fixture, 200,
           "halligan_http_requests_total{method=\"GET\",route=\"" API
           "incidents/\",status=\"200\"} 1\n");
    expect(fixture, 200,
           "halligan_http_requests_total{method=\"GET\",route=\"none\",status=\"404\"} 1\n");
    expect(fixture, 200,
           "halligan_http_request_seconds_bucket{method=\"GET\",route=\"" API
           "incidents/\",le=\"+Inf\"} 1\n");
    expect(fixture, 200, "halligan_jobs{state=\"dead\"} 0\n");
    expect(fixture, 200, "halligan_uptime_seconds 5\n");
    /* From another machine, or through a proxy on this one, only with a key. */
    ask(fixture, "GET", "/metrics", NULL, "X-Forwarded-For: 1.2.3.4\r\n", "", 0);
    assert_int_equal(fixture->status, 401);
    struct talk talk = {
        .send = "GET /metrics HTTP/1.1\r\nHost: halligan.example\r\nConnection: close\r\n\r\n"
    };
    talk_all(fixture->engine.loop, http_server_port(fixture->engine.server), &talk, 1);
    assert_int_equal(strncmp(talk.got.data, "HTTP/1.1 401", 12), 0);
    buf_fini(&talk.got);
    char request[256];
    snprintf(request, sizeof(request),
             "GET /metrics HTTP/1.1\r\nHost: halligan.example\r\nAuthorization: Bearer %s\r\n"
             "Connection: close\r\n\r\n",
             fixture->reader);
    talk = (struct talk){ .send = request };
    talk_all(fixture->engine.loop, http_server_port(fixture->engine.server), &talk, 1);
    assert_int_equal(strncmp(talk.got.data, "HTTP/1.1 200", 12), 0);
    buf_fini(&talk.got);
}

int main(void)
{
#define API_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        API_TEST(test_who_may_ask),
        API_TEST(test_declare_and_read_back),
        API_TEST(test_what_belongs_to_an_incident),
        API_TEST(test_one_answer_names_all_wrong_fields),
        API_TEST(test_hostile_bodies),
        API_TEST(test_form_bodies_emoji_and_right_to_left),
        API_TEST(test_the_same_dedup_key_is_the_same_incident),
        API_TEST(test_private_incidents_are_seen_by_those_who_may),
        API_TEST(test_filters_orders_and_pages),
        API_TEST(test_filters_with_bounds),
        API_TEST(test_search),
        API_TEST(test_what_is_known_is_not_sent_again),
        API_TEST(test_tables),
        API_TEST(test_a_long_table_is_whole),
        API_TEST(test_reference_rows),
        API_TEST(test_the_end_with_requests_under_way),
        API_TEST(test_health),
        API_TEST(test_health_when_nothing_can_be_kept),
        API_TEST(test_metrics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
