/* What clients hold on to: the names and the order of fields, and who may ask what. A change here
 * is a change for every client: raise API_VERSION and tell them. */
#include "api/route.h"
#include "api_fixture.h"

/* ---- fields ----------------------------------------------------------------------------------- */

static const struct {
    const char *path, *fields; /* of the first incident of a list; "" is the incident itself */
} FIELDS[] = {
    { "", "id title status description created_at environment incident_category priority "
          "channel_name status_page_url postmortem_url ticket_key ticket_url tags created_by "
          "costs metrics roles ignore" },
    { "environment", "id value name description order default" },
    { "incident_category", "id group name description order private deploy_warning created_at "
                           "updated_at" },
    { "incident_category.group", "id name description order created_at updated_at" },
    { "priority", "id name value emoji description order default needs_postmortem enabled_create "
                  "enabled_update reminder_time sla recommended_response_type created_at "
                  "updated_at" },
    { "created_by", "id name email" },
    { "roles.commander", "id name email" },
    { "costs.Lost sales", "amount details" },
    { "metrics.time_to_fix", "duration duration_seconds metric_type" },
};

static const struct {
    const char *route, *fields; /* of the first row */
} LISTS[] = {
    { "environments/", "id value name description order default" },
    { "priorities/", "id name value emoji description order default needs_postmortem "
                     "enabled_create enabled_update reminder_time sla "
                     "recommended_response_type created_at updated_at" },
    { "groups/", "id name description order created_at updated_at" },
    { "incident-categories/", "id group name description order private deploy_warning created_at "
                              "updated_at" },
    { "incidents/1/updates/", "id created_at created_by event_type event_at message status "
                              "priority incident_category environment title description roles" },
    { "incidents/1/key-events/", "event_type name summary user_editable is_required asked_for at "
                                 "by" },
    { "incidents/1/roles/", "slug name is_required person" },
    { "incidents/1/members/", "person since" },
};

static const json_t *walk(const json_t *value, const char *path)
{
    char name[64];
    while (*path && value) {
        size_t len = strcspn(path, ".");
        snprintf(name, sizeof(name), "%.*s", (int)len, path);
        value = json_object_get(value, name);
        path += len + (path[len] == '.');
    }
    return value;
}

static void expect_fields(const json_t *object, const char *what, const char *fields)
{
    AUTO_BUF struct buf names = BUF_INIT;
    const char *name;
    json_t *value;
    if (!json_is_object(object))
        fail_msg("there is no %s", what);
    json_object_foreach ((json_t *)object, name, value)
        buf_printf(&names, "%s%s", names.len ? " " : "", name);
    if (strcmp(buf_text(&names), fields) != 0)
        fail_msg("%s has the fields\n%s\nand not\n%s", what, buf_text(&names), fields);
}

static void declare(struct fixture *fixture)
{
    post(fixture, fixture->writer, GOOD);
    expect(fixture, 201, "\"id\":1,");
    sql(fixture, "INSERT INTO incident_cost (incident_id, cost_type_id, amount_cents, details, "
                 "created_at_ms, updated_at_ms) SELECT 1, id, 1000, 'd', 1, 1 FROM cost_type");
    sql(fixture, "INSERT INTO incident_metric (incident_id, metric_type_id, duration_ms) SELECT 1, "
                 "id, 5000 FROM metric_type");
}

static void test_fields_and_their_order(void **state)
{
    struct fixture *fixture = *state;
    declare(fixture);
    get(fixture, API "incidents/?show_tags=true", fixture->reader);
    json_t *list = json_loads(fixture->answer, 0, NULL);
    for (size_t i = 0; i < sizeof(FIELDS) / sizeof(*FIELDS); i++)
        expect_fields(walk(json_array_get(list, 0), FIELDS[i].path), FIELDS[i].path,
                      FIELDS[i].fields);
    json_decref(list);
    for (size_t i = 0; i < sizeof(LISTS) / sizeof(*LISTS); i++) {
        char path[96];
        snprintf(path, sizeof(path), API "%s", LISTS[i].route);
        get(fixture, path, fixture->reader);
        list = json_loads(fixture->answer, 0, NULL);
        expect_fields(json_array_get(list, 0), path, LISTS[i].fields);
        json_decref(list);
    }
}

/* Removing or renaming one of these gives somebody's spreadsheet a silent empty column. */
static void test_the_public_paths(void **state)
{
    static const char *const PATHS[] = { "id",
                                         "ignore",
                                         "status",
                                         "title",
                                         "description",
                                         "created_at",
                                         "channel_name",
                                         "status_page_url",
                                         "environment.value",
                                         "priority.name",
                                         "incident_category.name",
                                         "incident_category.group.name",
                                         "roles.commander.name",
                                         "roles.commander.email",
                                         "costs.Lost sales.amount",
                                         "metrics.time_to_fix.duration_seconds" };
    struct fixture *fixture = *state;
    declare(fixture);
    get(fixture, API "incidents/1/", fixture->reader);
    json_t *incident = json_loads(fixture->answer, 0, NULL);
    for (size_t i = 0; i < sizeof(PATHS) / sizeof(*PATHS); i++)
        if (!walk(incident, PATHS[i]))
            fail_msg("%s is gone", PATHS[i]);
    json_decref(incident);
}

static void test_shapes_promise_what_is_answered(void **state)
{
    struct fixture *fixture = *state;
    AUTO_BUF struct buf names = BUF_INIT;
    declare(fixture);
    for (size_t i = 0; i < sizeof(LISTS) / sizeof(*LISTS); i++) {
        const struct api_route *route;
        const char *slash = strchr(LISTS[i].route, '1');
        for (int at = 0; (route = api_route_at(at)); at++) {
            const char *tail = slash ? strstr(route->pattern, ":id/") : NULL;
            bool is_it = slash ? tail && !strcmp(tail + 4, slash + 2)
                               : !strcmp(route->pattern + strlen(API), LISTS[i].route);
            if (is_it && !strcmp(route->method, "GET"))
                break;
        }
        assert_non_null(route);
        const struct api_shape *shape =
            api_shape_find(route->answer + 1, strlen(route->answer) - 2);
        buf_clear(&names);
        for (const struct api_field *field = shape->fields; field->name; field++)
            buf_printf(&names, "%s%.*s", names.len ? " " : "", (int)strcspn(field->name, "?"),
                       field->name);
        assert_string_equal(buf_text(&names), LISTS[i].fields);
    }
}

/* ---- who may ask ------------------------------------------------------------------------------ */

static const struct {
    const char *scope, *method, *pattern; /* scope "": everybody */
} RULES[] = {
    { "read", "GET", API "incidents/" },
    { "read", "GET", API "incidents/:id/" },
    { "write", "POST", API "incidents" },
    { "write", "PATCH", API "incidents/:id/" },
    { "write", "POST", API "incidents/:id/close" },
    { "write", "POST", API "incidents/:id/reopen" },
    { "write", "POST", API "incidents/:id/downgrade" },
    { "write", "POST", API "incidents/:id/make-private" },
    { "read", "GET", API "incidents/:id/state/" },
    { "read", "GET", API "incidents/:id/lifecycle/" },
    { "read", "GET", API "incidents/:id/updates/" },
    { "write", "POST", API "incidents/:id/updates/" },
    { "read", "GET", API "incidents/:id/key-events/" },
    { "write", "PATCH", API "incidents/:id/key-events/" },
    { "read", "GET", API "incidents/:id/roles/" },
    { "write", "PATCH", API "incidents/:id/roles/" },
    { "read", "GET", API "incidents/:id/members/" },
    { "write", "POST", API "incidents/:id/members/" },
    { "write", "DELETE", API "incidents/:id/members/:person/" },
    { "write", "PUT", API "incidents/:id/tags/" },
    { "read", "GET", API "incidents/:id/impacts/" },
    { "write", "PATCH", API "incidents/:id/impacts/" },
    { "read", "GET", API "incidents/:id/custom-fields/" },
    { "write", "PATCH", API "incidents/:id/custom-fields/" },
    { "write", "POST", API "incidents/:id/merge" },
    { "read", "GET", API "incidents/:id/costs/" },
    { "write", "POST", API "incidents/:id/costs/" },
    { "read", "GET", API "incident_costs/" },
    { "read", "GET", API "incident_costs/:id/" },
    { "write", "PATCH", API "incident_costs/:id/" },
    { "write", "DELETE", API "incident_costs/:id/" },
    { "read", "GET", API "incident_cost_types/" },
    { "read", "GET", API "incident_cost_types/:id/" },
    { "read", "GET", API "environments/" },
    { "read", "GET", API "environments/:id/" },
    { "read", "GET", API "priorities/" },
    { "read", "GET", API "priorities/:id/" },
    { "read", "GET", API "severities/" },
    { "read", "GET", API "severities/:id/" },
    { "read", "GET", API "groups/" },
    { "read", "GET", API "groups/:id/" },
    { "read", "GET", API "incident-categories/" },
    { "read", "GET", API "incident-categories/:id/" },
    { "read", "GET", API "components/" },
    { "read", "GET", API "components/:id/" },
    { "read", "GET", API "runbooks/" },
    { "read", "GET", API "runbooks/:id/" },
    { "admin", "GET", API "webhooks/" },
    { "admin", "GET", API "webhooks/:name/deliveries/" },
    { "admin", "GET", API "webhooks/deliveries/:id/" },
    { "admin", "POST", API "webhooks/deliveries/:id/replay" },
    { "read", "GET", API "schema" },
    { "", "GET", "/healthz" },
    { "", "GET", "/readyz" },
    { "", "GET", API "monitoring/healthcheck" },
    { "", "GET", API "monitoring/readiness" },
    { "read", "GET", "/metrics" },
};
enum { RULE_COUNT = sizeof(RULES) / sizeof(*RULES) };

/* Asks as a stranger: with a proxy's header, so that no route takes us for this machine. */
static void ask_of(struct fixture *fixture, int rule, const char *key)
{
    char path[160] = "";
    size_t len = 0;
    for (const char *at = RULES[rule].pattern; *at && len < sizeof(path) - 2;) {
        if (*at == ':') {
            path[len++] = '1';
            at += strcspn(at, "/");
        } else {
            path[len++] = *at++;
        }
    }
    struct talk talk = { 0 };
    AUTO_BUF struct buf request = BUF_INIT;
    buf_printf(&request, "%s %s HTTP/1.1\r\nHost: halligan.example\r\nContent-Length: 0\r\n",
               RULES[rule].method, path);
    if (key)
        buf_printf(&request, "Authorization: Bearer %s\r\n", key);
    buf_puts(&request, "Connection: close\r\n\r\n");
    talk.send = request.data;
    talk.len = request.len;
    talk_all(fixture->engine.loop, http_server_port(fixture->engine.server), &talk, 1);
    fixture->status = atoi(talk.got.data + 9);
    buf_fini(&talk.got);
}

static void expect_status(struct fixture *fixture, int rule, bool is_in, int refusal)
{
    bool was_let_in = fixture->status != 401 && fixture->status != 403;
    if (was_let_in != is_in || (!is_in && fixture->status != refusal))
        fail_msg("%s %s answers %d", RULES[rule].method, RULES[rule].pattern, fixture->status);
}

static void test_every_route_has_its_rule(void **state)
{
    (void)state;
    const struct api_route *route;
    for (int i = 0; (route = api_route_at(i)); i++) {
        int rule = 0;
        while (rule < RULE_COUNT && (strcmp(RULES[rule].method, route->method) != 0 ||
                                     strcmp(RULES[rule].pattern, route->pattern) != 0))
            rule++;
        if (rule == RULE_COUNT)
            fail_msg("%s %s is new: say here who may ask", route->method, route->pattern);
        const char *scope = api_route_scope(route);
        if (strcmp(scope ? scope : "", RULES[rule].scope) != 0)
            fail_msg("%s %s wants \"%s\"", route->method, route->pattern, scope ? scope : "");
    }
    for (int i = 0; i < RULE_COUNT; i++) {
        bool is_there = false;
        for (int at = 0; (route = api_route_at(at)) && !is_there; at++)
            is_there = !strcmp(RULES[i].method, route->method) &&
                       !strcmp(RULES[i].pattern, route->pattern);
        if (!is_there)
            fail_msg("%s %s is gone", RULES[i].method, RULES[i].pattern);
    }
}

static void test_rules_are_kept(void **state)
{
    struct fixture *fixture = *state;
    char admin[64];
    make_key(fixture, "admin", admin);
    for (int i = 0; i < RULE_COUNT; i++) {
        const char *scope = RULES[i].scope;
        ask_of(fixture, i, NULL);
        expect_status(fixture, i, !*scope, 401);
        ask_of(fixture, i, "hk_0000000000000000000000000000000000000000");
        expect_status(fixture, i, !*scope, 401);
        ask_of(fixture, i, fixture->reader);
        expect_status(fixture, i, !*scope || !strcmp(scope, "read"), 403);
        ask_of(fixture, i, fixture->writer);
        expect_status(fixture, i, strcmp(scope, "admin") != 0, 403);
        ask_of(fixture, i, admin);
        expect_status(fixture, i, !*scope || !strcmp(scope, "admin"), 403);
    }
}

/* ---- what is hidden --------------------------------------------------------------------------- */

/* The path of a route, with <id> for the record that it is about. */
static void path_of(const struct api_route *route, const char *id, struct buf *out)
{
    for (const char *at = route->pattern; *at; at++) {
        if (*at != ':') {
            buf_putc(out, *at);
            continue;
        }
        size_t len = strcspn(at, "/");
        buf_puts(out, len == 3 && !strncmp(at, ":id", 3) ? id : "ann@example.org");
        at += len - 1;
    }
}

/* The status and the answer about record <id>; the caller frees it. */
static char *answer_about(struct fixture *fixture, const struct api_route *route, const char *id,
                          const char *body)
{
    AUTO_BUF struct buf path = BUF_INIT;
    path_of(route, id, &path);
    ask(fixture, route->method, buf_text(&path), fixture->writer,
        "Content-Type: application/json\r\n", body, strlen(body));
    return xasprintf("%d %s", fixture->status, fixture->answer);
}

/* True when some body was good enough for the record itself to be looked for. */
static bool is_hidden_at(struct fixture *fixture, const struct api_route *route)
{
    static const char *const BODIES[] = {
        "",
        "{}",
        "{\"message\":\"I should not know\"}",
        "{\"key_events\":{\"fixed\":null}}",
        "{\"roles\":{\"commander\":null}}",
        "{\"person\":\"ann@example.org\"}",
        "{\"tags\":[\"a\"]}",
        "{\"impacts\":{}}",
        "{\"custom_fields\":{}}",
        "{\"into\":2}",
        "{\"amount\":\"1.00\"}",
    };
    bool was_looked_for = false;
    for (size_t i = 0; i < sizeof(BODIES) / sizeof(*BODIES); i++) {
        AUTO_FREE char *hidden = answer_about(fixture, route, "1", BODIES[i]);
        AUTO_FREE char *missing = answer_about(fixture, route, "99", BODIES[i]);
        if (strcmp(hidden, missing) != 0 || hidden[0] != '4')
            fail_msg("%s %s with %s\nhidden: %s\nmissing: %s", route->method, route->pattern,
                     BODIES[i], hidden, missing);
        was_looked_for |= !strncmp(hidden, "404", 3);
    }
    return was_looked_for;
}

/* Of every route, also of those that are still to come: a private incident is as one that there is not. */
static void test_what_is_hidden_is_not_there(void **state)
{
    struct fixture *fixture = *state;
    const struct api_route *route;
    int routes = 0;
    post(fixture, fixture->insider, SECRET);
    expect(fixture, 201, "\"id\":1,");
    json_decref(run_op(fixture, "cost.add",
                       "{\"incident_id\":1,\"cost_type\":\"Lost sales\",\"amount\":\"5.00\"}"));
    post(fixture, fixture->writer, GOOD);
    expect(fixture, 201, "\"id\":2,");
    json_t *before = run_op(fixture, "audit.list", "{\"limit\":1}");
    for (int i = 0; (route = api_route_at(i)); i++) {
        if (strncmp(route->pattern, API "incident", strlen(API "incident")) != 0 ||
            !strstr(route->pattern, ":id/") || strstr(route->pattern, "types/") ||
            strstr(route->pattern, "categories/"))
            continue;
        routes++;
        if (!is_hidden_at(fixture, route))
            fail_msg("no body is good for %s %s", route->method, route->pattern);
    }
    assert_true(routes > 25);
    json_t *after = run_op(fixture, "audit.list", "{\"limit\":1}");
    assert_true(json_equal(before, after));
    json_decref(before);
    json_decref(after);
}

int main(void)
{
#define API_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        API_TEST(test_fields_and_their_order),
        API_TEST(test_the_public_paths),
        API_TEST(test_shapes_promise_what_is_answered),
        cmocka_unit_test(test_every_route_has_its_rule),
        API_TEST(test_rules_are_kept),
        API_TEST(test_what_is_hidden_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
