#include "cli/service_status.h"

#include "api/api.h"
#include "api/metrics.h"
#include "base/mem.h"
#include "core/engine.h"
#include "core/job.h"
#include "core/limits.h"
#include "core/schedule.h"
#include "lua/generation.h"
#include "lua/services.h"
#include "lua/task.h"
#include "net/http_client.h"
#include "net/router.h"
#include "net/websocket.h"

#include <stdlib.h>
#include <string.h>

/* ---- /healthz -------------------------------------------------------------------------------- */

static bool write_generation(struct json_writer *w, void *arg)
{
    const struct engine *engine = arg;
    json_text(w, generations_hash(engine->generations));
    return true;
}

/* Refused files are no illness: what ran goes on. */
static bool write_scripts(struct json_writer *w, void *arg)
{
    const struct engine *engine = arg;
    struct generations_status status;
    generations_status(engine->generations, &status);
    json_object_begin(w);
    json_put_bool(w, "is_last_good", status.is_last_good);
    json_put_int(w, "since_ms", status.since_ms);
    json_put_text(w, "error", status.error);
    json_put_int(w, "live_generations", status.live);
    json_object_finish(w);
    return true;
}

static bool write_jobs(struct json_writer *w, void *arg)
{
    const struct engine *engine = arg;
    struct jobs_stats stats;
    jobs_stats(engine->jobs, &stats);
    json_object_begin(w);
    json_put_int(w, "ready", stats.ready);
    json_put_int(w, "running", stats.running);
    json_put_int(w, "dead", stats.dead);
    json_put_int(w, "oldest_due_age_ms", stats.oldest_due_age_ms);
    json_object_finish(w);
    return true;
}

static bool write_schedules(struct json_writer *w, void *arg)
{
    const struct engine *engine = arg;
    json_t *list = schedule_list(engine->schedule);
    char *text = json_dumps(list, JSON_COMPACT);
    json_raw(w, text ? text : "[]", text ? strlen(text) : 2);
    free(text);
    json_decref(list);
    return true;
}

static bool write_services(struct json_writer *w, void *arg)
{
    const struct engine *engine = arg;
    json_t *list = services_list(engine->generations);
    char *text = json_dumps(list, JSON_COMPACT);
    json_raw(w, text ? text : "[]", text ? strlen(text) : 2);
    free(text);
    json_decref(list);
    return true;
}

static bool write_connections(struct json_writer *w, void *arg)
{
    static const char *const STATES[] = {
        [WEBSOCKET_CONNECTING] = "connecting",
        [WEBSOCKET_OPEN] = "open",
        [WEBSOCKET_CLOSING] = "closing",
        [WEBSOCKET_CLOSED] = "closed",
    };
    const struct engine *engine = arg;
    const struct websocket *cursor = NULL;
    struct websocket_info info;
    json_array_begin(w);
    while (websockets_each_named(engine->websockets, &cursor, &info)) {
        json_object_begin(w);
        json_put_text(w, "name", info.name);
        json_put_text(w, "state", STATES[info.state]);
        json_put_int(w, "since_ms", info.since_ms);
        json_put_int(w, "received", (int64_t)info.received);
        json_put_int(w, "sent", (int64_t)info.sent);
        json_object_finish(w);
    }
    json_array_finish(w);
    return true;
}

/* ---- /metrics -------------------------------------------------------------------------------- */

/* A reader of one member of a part's figures. */
#define JOBS_FIGURE(name, member)          \
    static double name(void *arg)          \
    {                                      \
        const struct engine *engine = arg; \
        struct jobs_stats stats;           \
        jobs_stats(engine->jobs, &stats);  \
        return (double)stats.member;       \
    }
JOBS_FIGURE(jobs_oldest_due_age_ms, oldest_due_age_ms)
JOBS_FIGURE(jobs_done_total, done_total)
JOBS_FIGURE(jobs_retried_total, retried_total)
JOBS_FIGURE(jobs_dead_total, dead_total)

#define TASKS_FIGURE(name, member)                                      \
    static double name(void *arg)                                       \
    {                                                                   \
        const struct engine *engine = arg;                              \
        struct tasks_stats stats;                                       \
        tasks_stats(generations_tasks_of(engine->generations), &stats); \
        return (double)stats.member;                                    \
    }
TASKS_FIGURE(tasks_alive_now, alive)
TASKS_FIGURE(tasks_started_total, started)
TASKS_FIGURE(tasks_failed_total, failed)
TASKS_FIGURE(tasks_killed_total, killed)

#define GENERATION_FIGURE(name, member)                   \
    static double name(void *arg)                         \
    {                                                     \
        const struct engine *engine = arg;                \
        struct generations_status status;                 \
        generations_status(engine->generations, &status); \
        return (double)status.member;                     \
    }
GENERATION_FIGURE(generations_live, live)
GENERATION_FIGURE(generations_accepted_total, accepted)
GENERATION_FIGURE(generations_refused_total, refused)
GENERATION_FIGURE(scripts_memory_bytes, memory)

static double client_running(void *arg)
{
    const struct engine *engine = arg;
    return http_client_running(engine->client);
}

#define WEBSOCKET_FIGURE(name, member)                \
    static double name(void *arg)                     \
    {                                                 \
        const struct engine *engine = arg;            \
        struct websockets_stats stats;                \
        websockets_stats(engine->websockets, &stats); \
        return (double)stats.member;                  \
    }
WEBSOCKET_FIGURE(websockets_open, open)
WEBSOCKET_FIGURE(websockets_opened_total, opened)
WEBSOCKET_FIGURE(websockets_lost_total, lost)
WEBSOCKET_FIGURE(websockets_received_total, received)
WEBSOCKET_FIGURE(websockets_sent_total, sent)

static double oldest_due_age_s(void *arg)
{
    return jobs_oldest_due_age_ms(arg) / 1000;
}

static double limits_buckets(void *arg)
{
    const struct engine *engine = arg;
    return limits_count(engine->limits);
}

static const struct {
    const char *name, *help, *type;
    double (*read)(void *arg);
} FIGURES[] = {
    { "halligan_jobs_oldest_due_age_seconds", "How long the oldest due job waits", "gauge",
      oldest_due_age_s },
    { "halligan_jobs_done_total", "Jobs that were done", "counter", jobs_done_total },
    { "halligan_jobs_retried_total", "Attempts that failed and are tried again", "counter",
      jobs_retried_total },
    { "halligan_jobs_dead_total", "Jobs that failed for good", "counter", jobs_dead_total },
    { "halligan_tasks", "Lua tasks that are alive", "gauge", tasks_alive_now },
    { "halligan_tasks_started_total", "Lua tasks that were started", "counter",
      tasks_started_total },
    { "halligan_tasks_failed_total", "Lua tasks that threw an error", "counter",
      tasks_failed_total },
    { "halligan_tasks_killed_total", "Lua tasks ended by their CPU budget", "counter",
      tasks_killed_total },
    { "halligan_generations", "Generations of scripts that still have tasks", "gauge",
      generations_live },
    { "halligan_generations_accepted_total", "Script changes taken over", "counter",
      generations_accepted_total },
    { "halligan_generations_refused_total", "Script changes refused", "counter",
      generations_refused_total },
    { "halligan_scripts_memory_bytes", "Memory that the scripts hold", "gauge",
      scripts_memory_bytes },
    { "halligan_client_requests", "Outgoing HTTP requests under way", "gauge", client_running },
    { "halligan_websockets", "WebSocket connections that are open", "gauge", websockets_open },
    { "halligan_websockets_opened_total", "WebSocket connections that were opened", "counter",
      websockets_opened_total },
    { "halligan_websockets_lost_total", "WebSocket connections that ended without a good-bye",
      "counter", websockets_lost_total },
    { "halligan_websocket_messages_received_total", "Messages received over WebSocket", "counter",
      websockets_received_total },
    { "halligan_websocket_messages_sent_total", "Messages sent over WebSocket", "counter",
      websockets_sent_total },
    { "halligan_limits_buckets", "Token buckets in memory", "gauge", limits_buckets },
};

/* ---- /debug/tasks ---------------------------------------------------------------------------- */

static void on_tasks(const struct route_match *match, void *arg)
{
    const struct engine *engine = arg;
    AUTO_BUF struct buf body = BUF_INIT;
    tasks_describe(generations_tasks_of(engine->generations), &body);
    http_reply(match->exchange, 200, "application/json", body.data, body.len);
}

static void add_debug_route(struct engine *engine)
{
    const struct route route = {
        .method = "GET",
        .pattern = "/debug/tasks",
        .access = ACCESS_LOOPBACK,
        .handler = on_tasks,
        .arg = engine,
        .about = "What the Lua tasks do now; for this machine only",
    };
    struct err err;
    REQUIRE(router_add(engine->router, &route, &err) == OK);
}

void service_status_add(struct api *api, struct engine *engine)
{
    api_add_health(api, "generation", write_generation, engine);
    api_add_health(api, "scripts", write_scripts, engine);
    api_add_health(api, "jobs", write_jobs, engine);
    api_add_health(api, "schedules", write_schedules, engine);
    api_add_health(api, "services", write_services, engine);
    api_add_health(api, "connections", write_connections, engine);
    add_debug_route(engine);
    for (size_t i = 0; i < sizeof(FIGURES) / sizeof(FIGURES[0]); i++)
        metrics_add(api_metrics(api), FIGURES[i].name, FIGURES[i].help, FIGURES[i].type,
                    FIGURES[i].read, engine);
}
