#include "api_fixture.h"

static void send_json(struct fixture *fixture, const char *method, const char *path,
                      const char *body)
{
    ask(fixture, method, path, fixture->writer, "Content-Type: application/json\r\n", body,
        strlen(body));
}

#define INCIDENT API "incidents/1/"

/* Incident 1, with Ann and Bob known. */
static void declare(struct fixture *fixture)
{
    post(fixture, fixture->writer, GOOD);
    expect(fixture, 201, "\"id\":1,");
    json_decref(run_op(fixture, "person.ensure_email", "{\"email\":\"bob@example.org\"}"));
}

static void test_patch_changes_what_is_named(void **state)
{
    struct fixture *fixture = *state;
    declare(fixture);
    send_json(fixture, "PATCH", INCIDENT, "{\"status\":20}");
    expect(fixture, 200, "\"status\":\"Investigating\"");
    send_json(
        fixture, "PATCH", INCIDENT,
        "{\"title\":\"All payments are down\",\"priority_id\":\"p2\",\"status\":\"Mitigating\","
        "\"environment_id\":\"stg\"}");
    expect(fixture, 200, "\"title\":\"All payments are down\",\"status\":\"Mitigating\"");
    expect(fixture, 200, "\"priority\":{\"id\":\"p2\"");
    expect(fixture, 200, "\"value\":\"STG\"");
    get(fixture, INCIDENT, fixture->reader);
    expect(fixture, 200, "\"title\":\"All payments are down\"");
    send_json(fixture, "PATCH", INCIDENT, "{}");
    expect(fixture, 200, "All payments are down");
    get(fixture, INCIDENT "updates/", fixture->reader);
    expect(fixture, 200, "\"status\":\"Mitigating\",\"priority\":{\"id\":\"p2\",\"name\":\"P2\"");
}

static void test_patch_names_the_wrong_fields(void **state)
{
    struct fixture *fixture = *state;
    declare(fixture);
    send_json(fixture, "PATCH", INCIDENT, "{\"priority_id\":\"none\",\"title\":7.5}");
    expect(fixture, 400, "\"none\\\" is not a valid UUID.\",\"attr\":\"priority_id\"");
    expect(fixture, 400, "\"attr\":\"priority_id\"");
    expect(fixture, 400, "\"attr\":\"title\"");
    send_json(fixture, "PATCH", INCIDENT, "{\"status\":\"Sleeping\"}");
    expect(fixture, 400, "\"attr\":\"status\"");
    send_json(fixture, "PATCH", INCIDENT, "{\"status\":60}");
    expect(fixture, 400, "\"attr\":\"closure_reason\"");
    send_json(fixture, "PATCH", INCIDENT, "{\"titel\":\"Misspelled\"}");
    expect(fixture, 400, "{\"code\":\"unknown\",\"detail\":\"There is no such field here.\",");
    expect(fixture, 400, "\"attr\":\"titel\"");
    send_json(fixture, "PATCH", API "incidents/2/", "{\"title\":\"Nothing here\"}");
    expect(fixture, 404, "not_found");
    send_json(fixture, "PATCH", API "incidents/x/", "{\"title\":\"Nothing here\"}");
    expect(fixture, 404, "not_found");
    ask(fixture, "PATCH", INCIDENT, fixture->reader, "Content-Type: application/json\r\n", "{}", 2);
    expect(fixture, 403, "permission_denied");
}

static void test_updates_are_steps_on_the_timeline(void **state)
{
    struct fixture *fixture = *state;
    declare(fixture);
    send_json(fixture, "POST", INCIDENT "updates/",
              "{\"message\":\"The database is back\",\"event_at\":\"2026-11-23T11:00:00Z\"}");
    expect(fixture, 201, "\"message\":\"The database is back\"");
    expect(fixture, 201, "\"event_at\":\"2026-11-23T11:00:00");
    expect(fixture, 201, "\"created_at\":\"2026-11-23T12:00:00.123");
    send_json(fixture, "POST", INCIDENT "updates/", "{}");
    expect(fixture, 400, "\"attr\":\"message\"");
    get(fixture, INCIDENT "updates/", fixture->reader);
    expect(fixture, 200, "The database is back");
    get(fixture, API "incidents/2/updates/", fixture->reader);
    expect(fixture, 404, "not_found");
}

static void test_close_reopen_downgrade(void **state)
{
    struct fixture *fixture = *state;
    declare(fixture);
    send_json(fixture, "POST", INCIDENT "close", "{}");
    expect(fixture, 400, "\"attr\":\"closure_reason\"");
    send_json(fixture, "POST", INCIDENT "close",
              "{\"closure_reason\":\"cancelled\",\"message\":\"A drill of the new pager\"}");
    expect(fixture, 200, "\"status\":\"Closed\"");
    send_json(fixture, "POST", INCIDENT "reopen", "{\"message\":\"no\"}");
    expect(fixture, 400, "\"attr\":\"message\"");
    send_json(fixture, "POST", INCIDENT "reopen", "{}");
    expect(fixture, 400, "\"code\":\"required\"");
    send_json(fixture, "POST", INCIDENT "reopen", "{\"message\":\"It was none after all\"}");
    expect(fixture, 200, "\"status\":\"Investigating\"");
    send_json(fixture, "POST", INCIDENT "downgrade", "{}");
    expect(fixture, 200, "\"ignore\":true");
    expect(fixture, 200, "\"status\":\"Closed\"");
}

static void test_a_close_that_the_state_forbids(void **state)
{
    struct fixture *fixture = *state;
    sql(fixture, "UPDATE milestone_type SET is_required = 1 WHERE event_type = 'fixed'");
    declare(fixture);
    send_json(fixture, "PATCH", INCIDENT, "{\"status\":20}");
    expect(fixture, 200, "\"status\":\"Investigating\"");
    send_json(fixture, "PATCH", INCIDENT, "{\"status\":\"Mitigating\"}");
    expect(fixture, 200, "\"status\":\"Mitigating\"");
    send_json(fixture, "PATCH", INCIDENT, "{\"status\":\"Mitigated\"}");
    expect(fixture, 200, "\"status\":\"Mitigated\"");
    get(fixture, INCIDENT "lifecycle/", fixture->reader);
    expect(fixture, 200, "{\"status\":\"Mitigated\",\"regime\":\"normal\"");
    expect(fixture, 200,
           "\"can_be_closed\":false,\"reasons\":[{\"code\":\"MISSING_REQUIRED_KEY_EVENTS\"");
    expect(fixture, 200, "\"missing_key_events\":[{\"event_type\":\"fixed\",\"name\":\"Fixed\"");
    send_json(fixture, "POST", INCIDENT "close", "{}");
    expect(fixture, 409, "\"code\":\"conflict\"");
    expect(fixture, 409, "\"attr\":\"status\"");
}

static void test_key_events(void **state)
{
    struct fixture *fixture = *state;
    declare(fixture);
    send_json(fixture, "PATCH", INCIDENT "key-events/",
              "{\"key_events\":{\"started\":\"2026-11-23T10:00:00Z\",\"fixed\":\"2026-11-23T11:30:"
              "00Z\"}}");
    expect(fixture, 200, "\"event_type\":\"fixed\"");
    expect(fixture, 200, "\"at\":\"2026-11-23T11:30:00");
    get(fixture, INCIDENT, fixture->reader);
    expect(fixture, 200, "\"duration_seconds\":5400");
    send_json(fixture, "PATCH", INCIDENT "key-events/", "{\"key_events\":{\"fixed\":null}}");
    expect(fixture, 200, "\"at\":null");
    send_json(fixture, "PATCH", INCIDENT "key-events/",
              "{\"key_events\":{\"fixed\":\"tomorrow\",\"started\":\"now\"}}");
    expect(fixture, 400, "\"attr\":\"key_events.fixed\"");
    expect(fixture, 400, "\"attr\":\"key_events.started\"");
    send_json(fixture, "PATCH", INCIDENT "key-events/",
              "{\"key_events\":{\"slept\":\"2026-11-23T10:00:00Z\"}}");
    expect(fixture, 400, "\"attr\":\"key_events.slept\"");
    get(fixture, INCIDENT "key-events/", fixture->reader);
    expect(fixture, 200, "\"at\":\"2026-11-23T10:00:00");
}

static void test_roles_and_members(void **state)
{
    struct fixture *fixture = *state;
    declare(fixture);
    send_json(fixture, "PATCH", INCIDENT "roles/",
              "{\"roles\":{\"commander\":\"Bob@example.org\"}}");
    expect(fixture, 200,
           "[{\"slug\":\"commander\",\"name\":\"Commander\",\"is_required\":true,\"person\":{");
    expect(fixture, 200, "\"email\":\"bob@example.org\"}");
    get(fixture, INCIDENT "roles/", fixture->reader);
    expect(fixture, 200, "bob@example.org");
    send_json(fixture, "PATCH", INCIDENT "roles/", "{\"roles\":{\"commander\":null}}");
    expect(fixture, 400, "\"attr\":\"roles.commander\"");
    send_json(fixture, "PATCH", INCIDENT "roles/",
              "{\"roles\":{\"commander\":\"nobody@example.org\"}}");
    expect(fixture, 400, "There is no person");
    send_json(fixture, "POST", INCIDENT "members/", "{\"person\":\"ann@example.org\"}");
    expect(fixture, 200, "\"email\":\"ann@example.org\"},\"since\":\"2026-11-23T12:00:00.123");
    json_t *members = json_loads(fixture->answer, 0, NULL);
    json_t *person = json_object_get(json_array_get(members, 0), "person");
    char path[160];
    snprintf(path, sizeof(path), INCIDENT "members/%s/",
             json_string_value(json_object_get(person, "id")));
    size_t before = json_array_size(members);
    json_decref(members);
    send_json(fixture, "DELETE", path, "");
    expect(fixture, 204, "");
    send_json(fixture, "DELETE", INCIDENT "members/nobody/", "");
    expect(fixture, 404, "not_found");
    get(fixture, INCIDENT "members/", fixture->reader);
    members = json_loads(fixture->answer, 0, NULL);
    assert_int_equal(json_array_size(members), before - 1);
    json_decref(members);
}

static void test_the_same_key_changes_once(void **state)
{
    static const char BODY[] = "{\"message\":\"Once is enough\"}";
    static const char HEADERS[] = "Content-Type: application/json\r\nIdempotency-Key: k1\r\n";
    struct fixture *fixture = *state;
    char *first = NULL;
    declare(fixture);
    ask(fixture, "POST", INCIDENT "updates/", fixture->writer, HEADERS, BODY, strlen(BODY));
    expect(fixture, 201, "Once is enough");
    first = xstrdup(fixture->answer);
    ask(fixture, "POST", INCIDENT "updates/", fixture->writer, HEADERS, BODY, strlen(BODY));
    expect(fixture, 201, first);
    free(first);
    assert_non_null(strstr(fixture->head, "Idempotent-Replayed: true"));
    ask(fixture, "POST", INCIDENT "close", fixture->writer, HEADERS, "{}", 2);
    expect(fixture, 409, "idempotency_key_reused");
}

static void test_private_incidents_are_not_there_for_others(void **state)
{
    static const char *const WRITES[] = { "PATCH " INCIDENT, "POST " INCIDENT "close",
                                          "POST " INCIDENT "downgrade",
                                          "POST " INCIDENT "updates/" };
    static const char *const READS[] = { "updates/", "key-events/", "roles/", "members/",
                                         "lifecycle/" };
    struct fixture *fixture = *state;
    post(fixture, fixture->insider, SECRET);
    expect(fixture, 201, "\"id\":1,");
    for (size_t i = 0; i < sizeof(WRITES) / sizeof(*WRITES); i++) {
        char method[8];
        size_t len = strcspn(WRITES[i], " ");
        snprintf(method, sizeof(method), "%.*s", (int)len, WRITES[i]);
        send_json(fixture, method, WRITES[i] + len + 1, "{\"message\":\"I should not know\"}");
        expect(fixture, 404, "Not found.");
    }
    for (size_t i = 0; i < sizeof(READS) / sizeof(*READS); i++) {
        char path[96];
        snprintf(path, sizeof(path), INCIDENT "%s", READS[i]);
        get(fixture, path, fixture->reader);
        expect(fixture, 404, "Not found.");
        get(fixture, path, fixture->insider);
        assert_int_equal(fixture->status, 200);
    }
}

/* The ETag of the last answer. */
static void etag_of_answer(struct fixture *fixture, char out[64])
{
    const char *at = strstr(fixture->head, "ETag: ");
    assert_non_null(at);
    snprintf(out, 64, "%.*s", (int)strcspn(at + 6, "\r"), at + 6);
}

static void patch_if(struct fixture *fixture, const char *path, const char *etag, const char *body)
{
    char headers[200];
    snprintf(headers, sizeof(headers), "Content-Type: application/json\r\nIf-Match: %s\r\n", etag);
    ask(fixture, strstr(path, "updates") ? "POST" : "PATCH", path, fixture->writer, headers, body,
        strlen(body));
}

static void test_who_read_an_older_state_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    char etag[64], changed[64], read[64];
    declare(fixture);
    get(fixture, INCIDENT, fixture->reader);
    etag_of_answer(fixture, etag);
    patch_if(fixture, INCIDENT, etag, "{\"title\":\"First\"}");
    expect(fixture, 200, "\"title\":\"First\"");
    etag_of_answer(fixture, changed);
    get(fixture, INCIDENT, fixture->reader);
    etag_of_answer(fixture, read);
    assert_string_equal(changed, read);
    patch_if(fixture, INCIDENT, etag, "{\"title\":\"Second\"}");
    expect(fixture, 412, "{\"code\":\"precondition_failed\",");
    patch_if(fixture, INCIDENT "updates/", etag, "{\"message\":\"Second\"}");
    expect(fixture, 412, "precondition_failed");
    get(fixture, INCIDENT, fixture->reader);
    expect(fixture, 200, "\"title\":\"First\"");
    patch_if(fixture, INCIDENT "updates/", changed, "{\"message\":\"Third\"}");
    expect(fixture, 201, "\"message\":\"Third\"");
    patch_if(fixture, INCIDENT, "*", "{\"title\":\"Fourth\"}");
    expect(fixture, 200, "\"title\":\"Fourth\"");
    patch_if(fixture, API "incidents/9/", "*", "{\"title\":\"Fifth\"}");
    expect(fixture, 404, "not_found");
}

static void test_marks_and_state(void **state)
{
    struct fixture *fixture = *state;
    declare(fixture);
    send_json(fixture, "PATCH", INCIDENT, "{\"ignore\":true,\"drill\":\"yes\"}");
    expect(fixture, 200, "\"ignore\":true}");
    get(fixture, INCIDENT "state/", fixture->reader);
    expect(fixture, 200,
           "\"mitigated_at\":null,\"closed_at\":null,\"closure_reason\":null,"
           "\"closure_reference\":\"\",\"private\":false,\"ignore\":true,"
           "\"drill\":true,\"duplicate_of\":null,");
    send_json(fixture, "POST", INCIDENT "close", "{\"closure_reason\":\"false_positive\"}");
    expect(fixture, 200, "Closed");
    get(fixture, INCIDENT "state/", fixture->reader);
    expect(fixture, 200, "\"status\":60,\"status_name\":\"Closed\",\"status_label\":\"Closed\"");
    expect(fixture, 200,
           "\"closed_at\":\"2026-11-23T12:00:00.123000Z\",\"closure_reason\":\"false_positive\"");
    get(fixture, API "incidents/1/state.csv?fields=status,drill", fixture->reader);
    expect(fixture, 200, "status,drill\r\n60,True\r\n");
}

static void test_a_public_incident_becomes_private(void **state)
{
    struct fixture *fixture = *state;
    declare(fixture);
    send_json(fixture, "POST", INCIDENT "make-private", "");
    expect(fixture, 200, "\"id\":1,");
    get(fixture, INCIDENT, fixture->writer);
    expect(fixture, 404, "not_found");
    get(fixture, INCIDENT "state/", fixture->insider);
    expect(fixture, 200, "\"private\":true");
    send_json(fixture, "POST", INCIDENT "make-private", "");
    expect(fixture, 404, "not_found");
}

int main(void)
{
#define API_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        API_TEST(test_patch_changes_what_is_named),
        API_TEST(test_patch_names_the_wrong_fields),
        API_TEST(test_updates_are_steps_on_the_timeline),
        API_TEST(test_close_reopen_downgrade),
        API_TEST(test_a_close_that_the_state_forbids),
        API_TEST(test_key_events),
        API_TEST(test_roles_and_members),
        API_TEST(test_the_same_key_changes_once),
        API_TEST(test_private_incidents_are_not_there_for_others),
        API_TEST(test_who_read_an_older_state_changes_nothing),
        API_TEST(test_marks_and_state),
        API_TEST(test_a_public_incident_becomes_private),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
