#include "net/router.h"

#include "base/mem.h"
#include "loop/loop.h"
#include "net_talk.h"
#include "unit.h"

#include <stdio.h>

struct fixture {
    struct loop *loop;
    struct http_server *server;
    struct router *router;
    struct route_match *kept; /* by the gate */
    bool gate_waits;
};

static void on_route(const struct route_match *match, void *arg)
{
    AUTO_BUF struct buf text = BUF_INIT;
    const char *id = route_param(match, "id");
    const char *sub = route_param(match, "sub");
    buf_printf(&text, "%s id=%s sub=%s route=%s", (const char *)arg, id ? id : "-", sub ? sub : "-",
               http_route(match->exchange));
    http_reply(match->exchange, 200, "text/plain", text.data, text.len);
}

static void reload(void *arg)
{
    struct fixture *fixture = arg;
    struct err err;
    router_remove_owner(fixture->router, 7);
    struct route again = { .method = "GET",
                           .pattern = "/keyed/:id/",
                           .access = ACCESS_KEY_READ,
                           .handler = on_route,
                           .arg = "second",
                           .owner = 8 };
    assert_int_equal(router_add(fixture->router, &again, &err), OK);
    router_continue(fixture->kept);
    route_match_release(fixture->kept);
    fixture->kept = NULL;
}

static void gate(const struct route_match *match, void *arg)
{
    struct fixture *fixture = arg;
    if (!fixture->gate_waits) {
        http_reply_error(match->exchange, 401, "not_authenticated", "No key.", NULL);
        return;
    }
    fixture->kept = route_match_keep(match);
    loop_timer(fixture->loop, 20, reload, fixture);
}

static void add(struct fixture *fixture, const char *method, const char *pattern,
                enum route_access access, const char *name, int owner)
{
    struct err err;
    struct route route = { .method = method,
                           .pattern = pattern,
                           .access = access,
                           .handler = on_route,
                           .arg = (void *)name,
                           .owner = owner };
    assert_int_equal(router_add(fixture->router, &route, &err), OK);
}

static void begin(struct fixture *fixture, const char *listen)
{
    struct err err;
    memset(fixture, 0, sizeof(*fixture));
    fixture->loop = loop_new(&err);
    fixture->router = router_new();
    struct http_server_options options = { .listen = listen };
    fixture->server =
        http_server_new(fixture->loop, &options, router_handle, fixture->router, &err);
    assert_non_null(fixture->server);
    router_set_gate(fixture->router, gate, fixture);
    add(fixture, "GET", "/", ACCESS_PUBLIC, "root", 0);
    add(fixture, "GET", "/incident/:id#/", ACCESS_PUBLIC, "incident", 0);
    add(fixture, "GET", "/incident/:id/", ACCESS_PUBLIC, "named", 0);
    add(fixture, "GET", "/incident/new/", ACCESS_PUBLIC, "new", 0);
    add(fixture, "POST", "/incident/:id/", ACCESS_PUBLIC, "post", 0);
    add(fixture, "POST", "/api/incidents", ACCESS_PUBLIC, "create", 0);
    add(fixture, "GET", "/api/incidents/", ACCESS_PUBLIC, "list", 0);
    add(fixture, "GET", "/a/:id/b/:sub", ACCESS_PUBLIC, "deep", 0);
    add(fixture, "GET", "/local/", ACCESS_LOOPBACK, "local", 0);
    add(fixture, "GET", "/keyed/:id/", ACCESS_KEY_READ, "first", 7);
}

static void end(struct fixture *fixture)
{
    http_server_free(fixture->server);
    router_free(fixture->router);
    loop_free(fixture->loop);
}

static void ask(struct fixture *fixture, const char *first_line, const char *host,
                const char *status, const char *part)
{
    char request[512];
    snprintf(request, sizeof(request), "%s HTTP/1.1\r\nHost: %s\r\n\r\n", first_line, host);
    struct talk talk = { .send = request, .half_close = true };
    talk_all(fixture->loop, http_server_port(fixture->server), &talk, 1);
    const char *got = buf_text(&talk.got);
    if (strncmp(got + strlen("HTTP/1.1 "), status, strlen(status)) || !strstr(got, part))
        fail_msg("%s (Host: %s): wanted %s ... %s\ngot:\n%s", first_line, host, status, part, got);
    buf_fini(&talk.got);
}

static void test_patterns(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, "127.0.0.1:0");
    ask(&fixture, "GET /", "x", "200", "root id=- sub=- route=/");
    ask(&fixture, "GET /incident/42/", "x", "200", "incident id=42 sub=- route=/incident/:id#/");
    ask(&fixture, "GET /incident/4x/", "x", "200", "named id=4x");
    ask(&fixture, "GET /incident/new/", "x", "200", "new id=-");
    ask(&fixture, "GET /incident/%C3%A9%20/", "x", "200", "named id=\xc3\xa9 ");
    ask(&fixture, "POST /incident/42/", "x", "200", "post id=42");
    ask(&fixture, "GET /a/1/b/2?q=/c", "x", "200", "deep id=1 sub=2");
    ask(&fixture, "HEAD /incident/42/", "x", "200", "Content-Length: ");
    end(&fixture);
}

static void test_what_no_route_answers(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, "127.0.0.1:0");
    ask(&fixture, "GET /nothing", "x", "404",
        "{\"type\":\"client_error\",\"errors\":[{\"code\":\"not_found\"");
    ask(&fixture, "GET /incident//", "x", "404", "not_found");
    ask(&fixture, "GET /a/1/b/2/", "x", "404", "not_found");
    ask(&fixture, "GET /incident/42", "x", "301", "Location: /incident/42/\r\n");
    ask(&fixture, "GET /incident/a%0d%0ab?x=1&y", "x", "301",
        "Location: /incident/a%0D%0Ab/?x=1&y\r\n");
    ask(&fixture, "POST /incident/42", "x", "404", "not_found");
    ask(&fixture, "DELETE /incident/42/", "x", "405", "Allow: GET, HEAD, POST\r\n");
    ask(&fixture, "GET /api/incidents", "x", "405", "Allow: POST\r\n");
    ask(&fixture, "POST /api/incidents/", "x", "405", "Allow: GET, HEAD\r\n");
    ask(&fixture, "GET //evil.example", "x", "404", "not_found");
    ask(&fixture, "GET /nothing", "x\r\nAccept: text/html,*/*", "404", "There is no such page.");
    AUTO_BUF struct buf longest = BUF_INIT;
    buf_puts(&longest, "GET /incident/");
    for (int i = 0; i < 200; i++)
        buf_putc(&longest, 'a');
    buf_putc(&longest, '/');
    ask(&fixture, longest.data, "x", "404", "not_found");
    end(&fixture);
}

static void test_pages_only_under_loopback_names(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, "127.0.0.1:0");
    ask(&fixture, "GET /local/", "localhost", "200", "local");
    ask(&fixture, "GET /local/", "LOCALHOST:8080", "200", "local");
    ask(&fixture, "GET /local/", "127.0.0.1:8080", "200", "local");
    ask(&fixture, "GET /local/", "[::1]:8080", "200", "local");
    static const char *const FOREIGN[] = {
        "evil.example",  "localhost.evil.example",    "127.0.0.1.evil.example",
        "127.0.0.1:80x", "localhost:80@evil.example", "",
        "127.0.0.10"
    };
    for (size_t i = 0; i < sizeof(FOREIGN) / sizeof(*FOREIGN); i++)
        ask(&fixture, "GET /local/", FOREIGN[i], "403", "only under the names localhost");
    static const char *const FORWARDED[] = { "X-Forwarded-For: 192.0.2.7",
                                             "forwarded: for=192.0.2.7", "X-Real-IP: 192.0.2.7" };
    for (size_t i = 0; i < sizeof(FORWARDED) / sizeof(*FORWARDED); i++) {
        AUTO_FREE char *host = xasprintf("localhost\r\n%s", FORWARDED[i]);
        ask(&fixture, "GET /local/", host, "403", "came through a proxy");
    }
    end(&fixture);
}

static void test_pages_only_on_a_loopback_listener(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, ":0");
    ask(&fixture, "GET /local/", "localhost", "403", "listens on a public address");
    ask(&fixture, "GET /", "localhost", "200", "root");
    end(&fixture);
}

static void test_keys_are_asked_at_the_gate(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, "127.0.0.1:0");
    ask(&fixture, "GET /keyed/5/", "x", "401", "not_authenticated");
    router_set_gate(fixture.router, NULL, NULL);
    ask(&fixture, "GET /keyed/5/", "x", "403", "permission_denied");
    end(&fixture);
}

/* The gate asks the database meanwhile; the generation that owned the route may be gone when the answer comes. */
static void test_a_reload_while_the_gate_waits(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, "127.0.0.1:0");
    fixture.gate_waits = true;
    ask(&fixture, "GET /keyed/5/", "x", "200", "second id=5");
    end(&fixture);
}

static void test_routes_are_checked_when_added(void **state)
{
    (void)state;
    struct router *router = router_new();
    struct err err;
    struct route good = { .method = "GET",
                          .pattern = "/a/:id/",
                          .access = ACCESS_PUBLIC,
                          .handler = on_route,
                          .about = "a",
                          .owner = 3 };
    struct route same = { .method = "GET",
                          .pattern = "/a/:other/",
                          .access = ACCESS_PUBLIC,
                          .handler = on_route,
                          .owner = 4 };
    struct route open = {
        .method = "GET", .pattern = "/b/", .access = 0, .handler = on_route, .owner = 0
    };
    struct route nameless = { .method = "GET",
                              .pattern = "/c/:/",
                              .access = ACCESS_PUBLIC,
                              .handler = on_route,
                              .owner = 0 };
    struct route relative = {
        .method = "GET", .pattern = "c", .access = ACCESS_PUBLIC, .handler = on_route, .owner = 0
    };
    struct route crowded = { .method = "GET",
                             .pattern = "/:a/:b/:c/:d/:e/:f/:g/:h/:i",
                             .access = ACCESS_PUBLIC,
                             .handler = on_route,
                             .owner = 0 };
    assert_int_equal(router_add(router, &good, &err), OK);
    assert_int_equal(router_add(router, &same, &err), ERR_CONFLICT);
    assert_int_equal(router_add(router, &open, &err), ERR_INVALID);
    assert_int_equal(router_add(router, &nameless, &err), ERR_INVALID);
    assert_int_equal(router_add(router, &relative, &err), ERR_INVALID);
    assert_int_equal(router_add(router, &crowded, &err), ERR_LIMIT);
    assert_int_equal(router_count(router), 1);
    assert_string_equal(router_at(router, 0)->about, "a");
    router_remove_owner(router, 3);
    assert_int_equal(router_count(router), 0);
    assert_int_equal(router_add(router, &same, &err), OK);
    router_free(router);
}

static void on_options(const struct route_match *match, void *arg)
{
    char allow[64];
    (void)arg;
    route_allow(match, allow, sizeof(allow));
    http_reply(match->exchange, 200, "text/plain", allow, strlen(allow));
}

static void on_format(const struct route_match *match, void *arg)
{
    AUTO_BUF struct buf text = BUF_INIT;
    const char *id = route_param(match, "id");
    const char *format = route_param(match, "format");
    buf_printf(&text, "%s id=%s format=%s", (const char *)arg, id ? id : "-",
               format ? format : "-");
    http_reply(match->exchange, 200, "text/plain", text.data, text.len);
}

static void test_formats_behind_a_dot_and_options(void **state)
{
    (void)state;
    struct fixture fixture;
    struct err err;
    begin(&fixture, "127.0.0.1:0");
    struct route list = { .method = "GET",
                          .pattern = "/rows/",
                          .access = ACCESS_PUBLIC,
                          .handler = on_format,
                          .arg = "list",
                          .has_formats = true,
                          .options = on_options };
    struct route one = list;
    one.pattern = "/rows/:id/";
    one.arg = "one";
    assert_int_equal(router_add(fixture.router, &list, &err), OK);
    assert_int_equal(router_add(fixture.router, &one, &err), OK);
    ask(&fixture, "GET /rows/", "x", "200", "list id=- format=-");
    ask(&fixture, "GET /rows.csv", "x", "200", "list id=- format=csv");
    ask(&fixture, "GET /rows/7/", "x", "200", "one id=7 format=-");
    ask(&fixture, "GET /rows/7.tsv", "x", "200", "one id=7 format=tsv");
    ask(&fixture, "GET /rows/a.b.json", "x", "200", "one id=a.b format=json");
    ask(&fixture, "GET /rows", "x", "301", "Location: /rows/");
    ask(&fixture, "GET /rows.", "x", "404", "not_found");
    ask(&fixture, "GET /rows/.csv", "x", "301", "Location: /rows/.csv/");
    ask(&fixture, "GET /rows.csv/", "x", "404", "not_found");
    ask(&fixture, "POST /rows.csv", "x", "405", "Allow: GET, HEAD, OPTIONS");
    ask(&fixture, "OPTIONS /rows/7/", "x", "200", "GET, HEAD, OPTIONS");
    ask(&fixture, "OPTIONS /incident/new/", "x", "405", "Allow: GET, HEAD");
    end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_what_no_route_answers),
        cmocka_unit_test(test_pages_only_under_loopback_names),
        cmocka_unit_test(test_pages_only_on_a_loopback_listener),
        cmocka_unit_test(test_keys_are_asked_at_the_gate),
        cmocka_unit_test(test_a_reload_while_the_gate_waits),
        cmocka_unit_test(test_formats_behind_a_dot_and_options),
        cmocka_unit_test(test_routes_are_checked_when_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
