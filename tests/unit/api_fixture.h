/* api_fixture - the REST API on a store of its own, with keys, and a way to ask it over a socket. */
#pragma once
#include "api/api.h"
#include "api/metrics.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/engine.h"
#include "core/op.h"
#include "net/router.h"
#include "net_talk.h"
#include "store/db.h"
#include "unit.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define API    "/api/v2/firefighter/"
#define NOW_MS INT64_C(1795435200123) /* 2026-11-23T12:00:00.123Z */

static const char REFERENCE[] =
    "{\"priorities\":[{\"id\":\"p1\",\"name\":\"P1\",\"value\":1,\"emoji\":\"x\",\"default\":true,"
    "\"sla\":7200000,\"order\":1},"
    "{\"id\":\"p2\",\"name\":\"P2\",\"value\":2,\"sla\":93784000,\"order\":2}],"
    "\"environments\":[{\"id\":\"prd\",\"value\":\"PRD\",\"name\":\"Production\",\"default\":true},"
    "{\"id\":\"stg\",\"value\":\"STG\",\"name\":\"Staging\",\"order\":2}],"
    "\"groups\":[{\"id\":\"g1\",\"name\":\"Payments\",\"categories\":[{\"id\":\"c1\",\"name\":"
    "\"Checkout\"},"
    "{\"id\":\"c2\",\"name\":\"Secret\",\"private\":true}]}],"
    "\"roles\":[{\"slug\":\"commander\",\"name\":\"Commander\",\"required\":true}],"
    "\"metrics\":[{\"type\":\"time_to_fix\",\"code\":\"TTF\",\"name\":\"Time to "
    "fix\",\"end\":\"fixed\",\"start\":\"started\"}],"
    "\"cost_types\":[{\"name\":\"Lost sales\"}],"
    "\"milestones\":[{\"event_type\":\"fixed\",\"name\":\"Fixed\"},{\"event_type\":\"started\","
    "\"name\":\"Started\"}]}";

struct fixture {
    struct engine engine;
    struct api *api;
    char path[64];
    char reader[64], writer[64], insider[64]; /* keys */
    char answer[512 * 1024];                  /* of the last request: its body */
    char head[2048];
    int status;
};

static inline int run_sql(struct tx *tx, void *arg, struct err *err)
{
    int rc = tx_exec(tx, err, arg, "");
    return rc < 0 ? rc : OK;
}

static inline void sql(struct fixture *fixture, const char *text)
{
    struct err err;
    if (db_write_now(fixture->engine.db, run_sql, (void *)text, &err) != OK)
        fail_msg("%s: %s", text, err.msg);
}

static inline json_t *run_op(struct fixture *fixture, const char *name, const char *args)
{
    AUTO_BUF struct buf out = BUF_INIT;
    struct err err;
    if (op_run_now(fixture->engine.db, name, json_loads(args, 0, NULL), &ACTOR_ENGINE, &out,
                   &err) != OK)
        fail_msg("%s: %s", name, err.msg);
    return json_loadb(out.data, out.len, 0, NULL);
}

static inline void make_key(struct fixture *fixture, const char *scopes, char out[64])
{
    char args[128];
    snprintf(args, sizeof(args), "{\"name\":\"test\",\"scopes\":\"%s\"}", scopes);
    json_t *answer = run_op(fixture, "key.create", args);
    snprintf(out, 64, "%s", json_string_value(json_object_get(answer, "key")));
    json_decref(answer);
}

static inline int begin(void **state)
{
    static const struct api_options OPTIONS = { .channel_name = "channel_name",
                                                .ticket_key = "ticket_key",
                                                .ticket_url = "ticket_url" };
    struct fixture *fixture = xcalloc(1, sizeof(*fixture));
    struct engine *engine = &fixture->engine;
    struct err err;
    log_configure(LOG_ERROR_LEVEL, false);
    clock_set_ms(NOW_MS);
    snprintf(fixture->path, sizeof(fixture->path), "/tmp/halligan-api-%d.db", (int)getpid());
    unlink(fixture->path);
    engine->loop = loop_new(&err);
    struct db_options store = { .path = fixture->path, .loop = engine->loop };
    assert_int_equal(db_open(&store, &engine->db, &err), OK);
    engine->router = router_new();
    struct http_server_options options = { .listen = "127.0.0.1:0" };
    engine->server = http_server_new(engine->loop, &options, router_handle, engine->router, &err);
    assert_non_null(engine->server);
    engine->started_at_ms = NOW_MS - 5000;
    op_set_base_url("https://halligan.example");
    fixture->api = api_new(engine, &OPTIONS, &err);
    assert_non_null(fixture->api);
    json_decref(run_op(fixture, "reference.reconcile", REFERENCE));
    make_key(fixture, "read", fixture->reader);
    make_key(fixture, "read write", fixture->writer);
    make_key(fixture, "read write private", fixture->insider);
    *state = fixture;
    return 0;
}

static inline int end(void **state)
{
    struct fixture *fixture = *state;
    char name[96];
    http_server_free(fixture->engine.server);
    if (fixture->engine.db)
        db_close(fixture->engine.db);
    loop_free(fixture->engine.loop);
    api_free(fixture->api);
    router_free(fixture->engine.router);
    for (const char *const *suffix = (const char *const[]){ "", "-wal", "-shm", NULL }; *suffix;
         suffix++) {
        snprintf(name, sizeof(name), "%s%s", fixture->path, *suffix);
        unlink(name);
    }
    clock_set_ms(-1);
    free(fixture);
    return 0;
}

/* One request; the answer is in the fixture. <extra>: more header lines, each with its CR LF. */
static inline void ask(struct fixture *fixture, const char *method, const char *path,
                       const char *key, const char *extra, const char *body, size_t len)
{
    AUTO_BUF struct buf request = BUF_INIT;
    buf_printf(&request, "%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n%s", method,
               path, len, extra);
    if (key)
        buf_printf(&request, "Authorization: Bearer %s\r\n", key);
    buf_puts(&request, "Connection: close\r\n\r\n");
    buf_append(&request, body, len);
    struct talk talk = { .send = request.data, .len = request.len };
    talk_all(fixture->engine.loop, http_server_port(fixture->engine.server), &talk, 1);
    const char *split = strstr(buf_text(&talk.got), "\r\n\r\n");
    if (!split)
        fail_msg("no answer to %s %s: %s", method, path, buf_text(&talk.got));
    fixture->status = atoi(talk.got.data + 9);
    snprintf(fixture->head, sizeof(fixture->head), "%.*s", (int)(split - talk.got.data + 2),
             talk.got.data);
    AUTO_BUF struct buf whole = BUF_INIT;
    bool is_chunked = strstr(fixture->head, "Transfer-Encoding: chunked") != NULL;
    if (is_chunked)
        unchunk(split + 4, &whole);
    snprintf(fixture->answer, sizeof(fixture->answer), "%s",
             is_chunked ? buf_text(&whole) : split + 4);
    buf_fini(&talk.got);
}

static inline void get(struct fixture *fixture, const char *path, const char *key)
{
    ask(fixture, "GET", path, key, "", "", 0);
}

static inline void post(struct fixture *fixture, const char *key, const char *body)
{
    ask(fixture, "POST", API "incidents", key, "Content-Type: application/json; charset=utf-8\r\n",
        body, strlen(body));
}

static inline void expect(struct fixture *fixture, int status, const char *part)
{
    if (fixture->status != status || !strstr(fixture->answer, part))
        fail_msg("wanted %d ... %s\ngot %d\n%s", status, part, fixture->status, fixture->answer);
}

#define GOOD_BUT_TITLE                                                      \
    "\"description\":\"Cards are "                                          \
    "refused\",\"environment_id\":\"prd\",\"incident_category_id\":\"c1\"," \
    "\"priority_id\":\"p1\",\"created_by_email\":\"ann@example.org\""
#define GOOD "{\"title\":\"Checkout is down\"," GOOD_BUT_TITLE "}"
#define SECRET                                                                                  \
    "{\"title\":\"Hush\",\"description\":\"d\",\"environment_id\":\"prd\",\"incident_category_" \
    "id\":\"c2\","                                                                              \
    "\"priority_id\":\"p1\",\"created_by_email\":\"ann@example.org\"}"
