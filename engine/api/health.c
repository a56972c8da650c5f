/* health - is the engine well? /healthz says more to this machine than to others: file names and
 * errors are not for strangers. /readyz turns 200 when requests are answered. The two
 * monitoring/ paths are kept for old clients. */
#include "api/api_internal.h"
#include "api/handlers.h"
#include "base/clock.h"
#include "base/mem.h"
#include "core/engine.h"
#include "net/loopback.h"

#include <stdlib.h>
#include <string.h>

static const char COUNT_DEAD[] = "SELECT count(*) FROM job WHERE state = 'dead'";

struct check {
    struct api *api;
    struct http_exchange *exchange;
    int64_t dead_jobs;
};

static int count_dead(struct tx *tx, void *arg, struct err *err)
{
    struct check *check = arg;
    int rc = OK;
    check->dead_jobs = tx_get_int(tx, &rc, err, 0, COUNT_DEAD, "");
    return rc;
}

static bool write_parts(struct api *api, struct json_writer *w)
{
    bool is_well = true;
    for (int i = 0; i < api->health_count; i++) {
        json_key(w, api->health[i].name);
        is_well &= api->health[i].write(w, api->health[i].arg);
    }
    return is_well;
}

static void reply(struct http_exchange *exchange, bool is_well, const struct buf *body)
{
    http_add_header(exchange, "Cache-Control", "no-store");
    http_reply(exchange, is_well ? 200 : 503, "application/json", body->data, body->len);
}

/* Everything, for who is on this machine. */
static void on_checked(void *arg, int rc, const struct err *err)
{
    struct check *check = arg;
    struct engine *engine = check->api->engine;
    AUTO_BUF struct buf parts = BUF_INIT;
    AUTO_BUF struct buf body = BUF_INIT;
    struct json_writer w;
    if (http_is_abandoned(check->exchange)) {
        /* The server is gone, and the store with it. */
        reply(check->exchange, false, &body);
        free(check);
        return;
    }
    json_writer_init(&w, &parts);
    bool is_well = write_parts(check->api, &w) && rc == OK;
    json_writer_init(&w, &body);
    json_object_begin(&w);
    json_put_text(&w, "status", is_well ? "ok" : "fail");
    json_put_text(&w, "version", HALLIGAN_VERSION);
    json_put_bool(&w, "ready", engine->is_ready && !engine->is_stopping);
    json_put_int(&w, "uptime_s", (clock_now_ms() - engine->started_at_ms) / 1000);
    json_key(&w, "database");
    json_object_begin(&w);
    json_put_bool(&w, "ok", rc == OK);
    json_put_text(&w, "error", rc == OK ? NULL : err->msg);
    json_put_int(&w, "schema", db_schema_version(engine->db));
    json_object_finish(&w);
    json_put_int(&w, "jobs_dead", check->dead_jobs);
    json_members(&w, buf_text(&parts), parts.len);
    json_object_finish(&w);
    reply(check->exchange, is_well, &body);
    free(check);
}

/* {"status":"ok"}: for strangers. */
static void on_checked_briefly(void *arg, int rc, const struct err *err)
{
    (void)err;
    struct check *check = arg;
    AUTO_BUF struct buf parts = BUF_INIT;
    AUTO_BUF struct buf body = BUF_INIT;
    struct json_writer w;
    json_writer_init(&w, &parts);
    bool is_well = write_parts(check->api, &w) && rc == OK;
    buf_puts(&body, is_well ? "{\"status\":\"ok\"}" : "{\"status\":\"fail\"}");
    reply(check->exchange, is_well, &body);
    free(check);
}

/* The store alone, in the words of old clients. */
static void on_store_checked(void *arg, int rc, const struct err *err)
{
    (void)err;
    struct check *check = arg;
    AUTO_BUF struct buf body = BUF_INIT;
    buf_puts(&body, rc == OK ? "{\"status\":\"ok\"}" : "{\"status\":\"fail\"}");
    reply(check->exchange, rc == OK, &body);
    free(check);
}

/* "redis" and "celery" stood for what the engine's own store and jobs do. */
static void on_readiness_checked(void *arg, int rc, const struct err *err)
{
    (void)err;
    struct check *check = arg;
    const struct engine *engine = check->api->engine;
    bool has_jobs = engine->is_ready && !engine->is_stopping;
    bool is_well = rc == OK && has_jobs;
    AUTO_BUF struct buf body = BUF_INIT;
    struct json_writer w;
    json_writer_init(&w, &body);
    json_object_begin(&w);
    json_put_text(&w, "status", is_well ? "ok" : "fail");
    json_key(&w, "checks");
    json_object_begin(&w);
    json_put_bool(&w, "db", rc == OK);
    json_put_bool(&w, "redis", rc == OK);
    json_put_bool(&w, "celery", has_jobs);
    json_object_finish(&w);
    json_object_finish(&w);
    reply(check->exchange, is_well, &body);
    free(check);
}

static void start_check(const struct route_match *match, struct api *api, tx_done_fn done)
{
    struct check *check = xcalloc(1, sizeof(*check));
    check->api = api;
    check->exchange = match->exchange;
    db_read(api->engine->db, count_dead, done, check);
}

void health_on_healthz(const struct route_match *match, void *arg)
{
    start_check(match, arg, loopback_is_caller(match->exchange) ? on_checked : on_checked_briefly);
}

void health_on_healthcheck(const struct route_match *match, void *arg)
{
    start_check(match, arg, on_store_checked);
}

void health_on_readiness(const struct route_match *match, void *arg)
{
    start_check(match, arg, on_readiness_checked);
}

void health_on_readyz(const struct route_match *match, void *arg)
{
    const struct api *api = arg;
    bool is_ready = api->engine->is_ready && !api->engine->is_stopping;
    AUTO_BUF struct buf body = BUF_INIT;
    buf_puts(&body, is_ready ? "{\"ready\":true}" : "{\"ready\":false}");
    reply(match->exchange, is_ready, &body);
}
