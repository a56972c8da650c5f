/* health - is the engine well? /healthz says more to this machine than to others: file names and
 * errors are not for strangers. /readyz turns 200 when requests are answered. The two
 * monitoring/ paths are kept for old clients. */
#include "api/api_internal.h"
#include "api/handlers.h"
#include "base/clock.h"
#include "base/mem.h"
#include "core/engine.h"
#include "core/op.h"
#include "net/loopback.h"

#include <stdlib.h>
#include <string.h>

enum { PROBE_KEPT_MS = 3600 * 1000 };

static const char COUNT_DEAD[] = "SELECT count(*) FROM job WHERE state = 'dead'";

struct check {
    struct api *api;
    struct http_exchange *exchange;
    int64_t dead_jobs;
    const char
        *trouble; /* what is wrong with the store; NULL: it answers reads and keeps changes */
    /* Writes the answer, and returns whether what was asked for is well. */
    bool (*answer)(const struct check *check, struct json_writer *w);
};

/* ---- answers --------------------------------------------------------------------------------- */

static void put_status(struct json_writer *w, bool is_well)
{
    json_put_text(w, "status", is_well ? "ok" : "fail");
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

/* For who is on this machine. */
static bool answer_everything(const struct check *check, struct json_writer *w)
{
    const struct engine *engine = check->api->engine;
    AUTO_BUF struct buf parts = BUF_INIT;
    struct json_writer parts_writer;
    json_writer_init(&parts_writer, &parts);
    bool is_well = write_parts(check->api, &parts_writer) && !check->trouble;
    json_object_begin(w);
    put_status(w, is_well);
    json_put_text(w, "version", HALLIGAN_VERSION);
    json_put_bool(w, "ready", engine->is_ready && !engine->is_stopping);
    json_put_int(w, "uptime_s", (clock_now_ms() - engine->started_at_ms) / 1000);
    json_key(w, "database");
    json_object_begin(w);
    json_put_bool(w, "ok", !check->trouble);
    json_put_text(w, "error", check->trouble);
    json_put_int(w, "schema", db_schema_version(engine->db));
    json_object_finish(w);
    json_put_int(w, "jobs_dead", check->dead_jobs);
    json_members(w, buf_text(&parts), parts.len);
    json_object_finish(w);
    return is_well;
}

static bool answer_status(struct json_writer *w, bool is_well)
{
    json_object_begin(w);
    put_status(w, is_well);
    json_object_finish(w);
    return is_well;
}

/* For strangers. */
static bool answer_briefly(const struct check *check, struct json_writer *w)
{
    AUTO_BUF struct buf unseen = BUF_INIT;
    struct json_writer parts;
    json_writer_init(&parts, &unseen);
    return answer_status(w, write_parts(check->api, &parts) && !check->trouble);
}

/* The store alone, in the words of old clients. */
static bool answer_store(const struct check *check, struct json_writer *w)
{
    return answer_status(w, !check->trouble);
}

/* "redis" and "celery" stood for what the engine's own store and jobs do. */
static bool answer_readiness(const struct check *check, struct json_writer *w)
{
    const struct engine *engine = check->api->engine;
    bool has_jobs = engine->is_ready && !engine->is_stopping;
    bool is_well = !check->trouble && has_jobs;
    json_object_begin(w);
    put_status(w, is_well);
    json_key(w, "checks");
    json_object_begin(w);
    json_put_bool(w, "db", !check->trouble);
    json_put_bool(w, "redis", !check->trouble);
    json_put_bool(w, "celery", has_jobs);
    json_object_finish(w);
    json_object_finish(w);
    return is_well;
}

static void reply(struct http_exchange *exchange, bool is_well, const struct buf *body)
{
    http_add_header(exchange, "Cache-Control", "no-store");
    http_reply(exchange, is_well ? 200 : 503, "application/json", body->data, body->len);
}

/* ---- checking -------------------------------------------------------------------------------- */

static int count_dead(struct tx *tx, void *arg, struct err *err)
{
    struct check *check = arg;
    int rc = OK;
    check->dead_jobs = tx_get_int(tx, &rc, err, 0, COUNT_DEAD, "");
    return rc;
}

static void on_checked(void *arg, int rc, const struct err *err)
{
    struct check *check = arg;
    AUTO_BUF struct buf body = BUF_INIT;
    struct json_writer w;
    struct err cause;
    if (http_is_abandoned(check->exchange)) {
        /* The server is gone, and the store and the parts with it. */
        reply(check->exchange, false, &body);
        free(check);
        return;
    }
    if (rc != OK)
        check->trouble = err->msg;
    else if (db_trouble(check->api->engine->db, &cause) != OK)
        check->trouble = cause.msg;
    json_writer_init(&w, &body);
    bool is_well = check->answer(check, &w);
    reply(check->exchange, is_well, &body);
    free(check);
}

static void on_probed(void *arg, int rc, const char *json, size_t len, const struct err *err)
{
    (void)rc, (void)json, (void)len, (void)err; /* the store has noticed */
    struct api *api = arg;
    api->is_probing = false;
}

/* The store keeps no changes. Whether that is over shows only when one is tried, and where nothing
 * happens none is. The answer does not wait for it: the next one tells. */
static void probe_if_in_trouble(struct api *api)
{
    if (api->is_probing || db_trouble(api->engine->db, NULL) == OK)
        return;
    api->is_probing = true;
    json_t *args = json_pack("{s:s, s:s, s:I, s:I}", "scope", "engine", "key", "probe", "value",
                             (json_int_t)clock_now_ms(), "ttl_ms", (json_int_t)PROBE_KEPT_MS);
    op_submit(api->engine->db, op_find("kv.put"), args, NULL, on_probed, api);
}

static void start_check(const struct route_match *match, struct api *api,
                        bool (*answer)(const struct check *check, struct json_writer *w))
{
    struct check *check = xcalloc(1, sizeof(*check));
    check->api = api;
    check->exchange = match->exchange;
    check->answer = answer;
    probe_if_in_trouble(api);
    db_read(api->engine->db, count_dead, on_checked, check);
}

void health_on_healthz(const struct route_match *match, void *arg)
{
    start_check(match, arg,
                loopback_is_caller(match->exchange) ? answer_everything : answer_briefly);
}

void health_on_healthcheck(const struct route_match *match, void *arg)
{
    start_check(match, arg, answer_store);
}

void health_on_readiness(const struct route_match *match, void *arg)
{
    start_check(match, arg, answer_readiness);
}

void health_on_readyz(const struct route_match *match, void *arg)
{
    const struct api *api = arg;
    bool is_ready = api->engine->is_ready && !api->engine->is_stopping;
    AUTO_BUF struct buf body = BUF_INIT;
    buf_puts(&body, is_ready ? "{\"ready\":true}" : "{\"ready\":false}");
    reply(match->exchange, is_ready, &body);
}
