#include "api/metrics.h"

#include "api/api_internal.h"
#include "api/handlers.h"
#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"
#include "core/engine.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BUCKETS = 9, STATUSES = 8, MAX_ROUTES = 500 };

/* Upper bounds of the latency histogram. */
static const struct {
    int64_t us;
    const char *label;
} BOUNDS[BUCKETS] = {
    { 250, "0.00025" }, { 1000, "0.001" }, { 5000, "0.005" }, { 10000, "0.01" }, { 50000, "0.05" },
    { 100000, "0.1" },  { 500000, "0.5" }, { 1000000, "1" },  { 5000000, "5" },
};

struct figure {
    const char *name, *help, *type;
    double (*read)(void *arg);
    void *arg;
};

/* What one method and route was asked. */
struct route_figures {
    struct {
        int status;
        uint64_t count;
    } statuses[STATUSES]; /* the last takes what does not fit */
    uint64_t buckets[BUCKETS];
    uint64_t count;
    int64_t sum_us;
};

struct metrics {
    struct figure *figures;
    int count, room;
    struct map *routes; /* label text -> struct route_figures */
};

struct metrics *metrics_new(void)
{
    struct metrics *metrics = xcalloc(1, sizeof(*metrics));
    metrics->routes = map_new(free);
    return metrics;
}

void metrics_free(struct metrics *metrics)
{
    if (!metrics)
        return;
    map_free(metrics->routes);
    free(metrics->figures);
    free(metrics);
}

void metrics_add(struct metrics *metrics, const char *name, const char *help, const char *type,
                 double (*read)(void *arg), void *arg)
{
    if (metrics->count == metrics->room) {
        metrics->room = metrics->room ? metrics->room * 2 : 32;
        metrics->figures =
            xrealloc(metrics->figures, (size_t)metrics->room * sizeof(*metrics->figures));
    }
    metrics->figures[metrics->count++] = (struct figure){ name, help, type, read, arg };
}

/* ---- requests --------------------------------------------------------------------------------- */

/* A label's value may hold anything: routes of scripts are their authors' words. */
static void append_escaped(char *out, size_t size, const char *text)
{
    size_t len = strlen(out);
    for (; *text && len + 3 < size; text++) {
        if (*text == '\\' || *text == '"')
            out[len++] = '\\';
        out[len++] = *text == '\n' ? ' ' : *text;
    }
    out[len] = '\0';
}

/* method="GET",route="/incident/:id#/". Words that are no method of HTTP, and unknown paths,
 * share one label each. */
static void make_labels(const struct http_exchange *exchange, char *out, size_t size)
{
    static const char *const METHODS[] = { "GET",   "HEAD",   "POST",   "PUT",
                                           "PATCH", "DELETE", "OPTIONS" };
    const char *method = "other";
    const char *route = http_route(exchange);
    for (size_t i = 0; i < sizeof(METHODS) / sizeof(*METHODS); i++)
        if (!strcmp(http_method(exchange), METHODS[i]))
            method = METHODS[i];
    snprintf(out, size, "method=\"%s\",route=\"", method);
    append_escaped(out, size - 2, *route ? route : "none");
    size_t len = strlen(out);
    snprintf(out + len, size - len, "\"");
}

static void count_status(struct route_figures *figures, int status)
{
    int place = 0;
    while (place < STATUSES - 1 && figures->statuses[place].status &&
           figures->statuses[place].status != status)
        place++;
    figures->statuses[place].status = status;
    figures->statuses[place].count++;
}

void metrics_observe(void *arg, const struct http_exchange *exchange, int status,
                     int64_t duration_us)
{
    struct metrics *metrics = arg;
    char labels[300];
    make_labels(exchange, labels, sizeof(labels));
    struct route_figures *figures = map_get(metrics->routes, labels);
    if (!figures) {
        if (map_count(metrics->routes) >= MAX_ROUTES)
            return;
        figures = xcalloc(1, sizeof(*figures));
        map_put(metrics->routes, labels, figures);
    }
    count_status(figures, status);
    for (int i = 0; i < BUCKETS; i++)
        figures->buckets[i] += duration_us <= BOUNDS[i].us;
    figures->count++;
    figures->sum_us += duration_us;
}

static void write_head(struct buf *out, const char *name, size_t len, const char *help,
                       const char *type)
{
    buf_printf(out, "# HELP %.*s %s\n# TYPE %.*s %s\n", (int)len, name, help, (int)len, name, type);
}

static void write_requests(const struct metrics *metrics, struct buf *out)
{
    static const char NAME[] = "halligan_http_requests_total";
    size_t cursor = 0;
    const char *labels;
    void *value;
    write_head(out, NAME, strlen(NAME), "Requests answered, by route and status.", "counter");
    while (map_each(metrics->routes, &cursor, &labels, &value)) {
        const struct route_figures *figures = value;
        for (int i = 0; i < STATUSES && figures->statuses[i].status; i++)
            buf_printf(out, "%s{%s,status=\"%d\"} %" PRIu64 "\n", NAME, labels,
                       figures->statuses[i].status, figures->statuses[i].count);
    }
}

static void write_latencies(const struct metrics *metrics, struct buf *out)
{
    static const char NAME[] = "halligan_http_request_seconds";
    size_t cursor = 0;
    const char *labels;
    void *value;
    write_head(out, NAME, strlen(NAME),
               "Time from the first byte of a request's head to its answer.", "histogram");
    while (map_each(metrics->routes, &cursor, &labels, &value)) {
        const struct route_figures *figures = value;
        for (int i = 0; i < BUCKETS; i++)
            buf_printf(out, "%s_bucket{%s,le=\"%s\"} %" PRIu64 "\n", NAME, labels, BOUNDS[i].label,
                       figures->buckets[i]);
        buf_printf(out, "%s_bucket{%s,le=\"+Inf\"} %" PRIu64 "\n", NAME, labels, figures->count);
        buf_printf(out, "%s_sum{%s} %.6f\n%s_count{%s} %" PRIu64 "\n", NAME, labels,
                   (double)figures->sum_us / 1e6, NAME, labels, figures->count);
    }
}

void metrics_write(const struct metrics *metrics, struct buf *out)
{
    const char *last = "";
    size_t last_len = 0;
    for (int i = 0; i < metrics->count; i++) {
        const struct figure *figure = &metrics->figures[i];
        size_t len = strcspn(figure->name, "{");
        if (len != last_len || memcmp(last, figure->name, len))
            write_head(out, figure->name, len, figure->help, figure->type);
        last = figure->name;
        last_len = len;
        buf_printf(out, "%s %.15g\n", figure->name, figure->read(figure->arg));
    }
    write_requests(metrics, out);
    write_latencies(metrics, out);
}

/* ---- the engine's own figures ----------------------------------------------------------------- */

static double read_uptime(void *arg)
{
    const struct engine *engine = arg;
    return (double)(clock_now_ms() - engine->started_at_ms) / 1000;
}

static double read_ready(void *arg)
{
    const struct engine *engine = arg;
    return engine->is_ready && !engine->is_stopping;
}

static double read_memory(void *arg)
{
    (void)arg;
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && fscanf(file, "%*d %ld", &pages) != 1)
        pages = 0;
    if (file)
        fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

#define STORE_FIGURE(name, field)          \
    static double name(void *arg)          \
    {                                      \
        const struct engine *engine = arg; \
        struct db_stats stats;             \
        db_stats(engine->db, &stats);      \
        return (double)stats.field;        \
    }
STORE_FIGURE(read_commits, commits)
STORE_FIGURE(read_writes, requests)
STORE_FIGURE(read_failures, failed)
STORE_FIGURE(read_reads, reads)
STORE_FIGURE(read_queue, queue_depth)
STORE_FIGURE(read_commit_us, last_commit_us)
STORE_FIGURE(read_size, size_bytes)

static double read_is_kept(void *arg)
{
    const struct engine *engine = arg;
    return db_trouble(engine->db, NULL) == OK;
}

#define SERVER_FIGURE(name, field)                     \
    static double name(void *arg)                      \
    {                                                  \
        const struct engine *engine = arg;             \
        struct http_server_stats stats = { 0 };        \
        if (engine->server)                            \
            http_server_stats(engine->server, &stats); \
        return (double)stats.field;                    \
    }
SERVER_FIGURE(read_connections, connections)
SERVER_FIGURE(read_exchanges, exchanges)
SERVER_FIGURE(read_refused, refused)

void metrics_add_figures(struct api *api)
{
    static const struct figure FIGURES[] = {
        { "halligan_uptime_seconds", "Time since the start.", "gauge", read_uptime, NULL },
        { "halligan_ready", "1 when requests are answered.", "gauge", read_ready, NULL },
        { "halligan_memory_bytes", "Resident memory of the process.", "gauge", read_memory, NULL },
        { "halligan_store_commits_total", "Commits on disk.", "counter", read_commits, NULL },
        { "halligan_store_writes_total", "Write requests; a commit holds many.", "counter",
          read_writes, NULL },
        { "halligan_store_failures_total", "Write requests that were undone.", "counter",
          read_failures, NULL },
        { "halligan_store_keeps_changes",
          "0 while the disk, or another program, keeps the store from it.", "gauge", read_is_kept,
          NULL },
        { "halligan_store_reads_total", "Read requests.", "counter", read_reads, NULL },
        { "halligan_store_queue", "Write requests that wait.", "gauge", read_queue, NULL },
        { "halligan_store_last_commit_microseconds", "Duration of the last commit.", "gauge",
          read_commit_us, NULL },
        { "halligan_store_size_bytes", "Size of the database file.", "gauge", read_size, NULL },
        { "halligan_http_connections", "Open connections.", "gauge", read_connections, NULL },
        { "halligan_http_open_requests", "Requests not yet answered.", "gauge", read_exchanges,
          NULL },
        { "halligan_http_refused_total", "Connections beyond the limit.", "counter", read_refused,
          NULL },
    };
    for (size_t i = 0; i < sizeof(FIGURES) / sizeof(*FIGURES); i++)
        metrics_add(api->metrics, FIGURES[i].name, FIGURES[i].help, FIGURES[i].type,
                    FIGURES[i].read, api->engine);
}

/* ---- jobs: counted by the store --------------------------------------------------------------- */

static const char COUNT_READY[] = "SELECT count(*) FROM job WHERE state = 'ready'";
static const char COUNT_OPEN[] = "SELECT count(*) FROM job WHERE state IN ('ready','running')";
static const char COUNT_DEAD[] = "SELECT count(*) FROM job WHERE state = 'dead'";

static int read_jobs(struct tx *tx, struct api_read *read, struct err *err)
{
    int rc = OK;
    int64_t ready = tx_get_int(tx, &rc, err, 0, COUNT_READY, "");
    int64_t open = rc == OK ? tx_get_int(tx, &rc, err, 0, COUNT_OPEN, "") : 0;
    int64_t dead = rc == OK ? tx_get_int(tx, &rc, err, 0, COUNT_DEAD, "") : 0;
    static const char NAME[] = "halligan_jobs";
    write_head(&read->out, NAME, strlen(NAME), "Jobs by state.", "gauge");
    buf_printf(&read->out,
               "%s{state=\"ready\"} %" PRId64 "\n%s{state=\"running\"} %" PRId64
               "\n%s{state=\"dead\"} %" PRId64 "\n",
               NAME, ready, NAME, open - ready, NAME, dead);
    return rc;
}

static void reply_metrics(struct api_read *read)
{
    metrics_write(read->api->metrics, &read->out);
    http_reply(read->exchange, 200, "text/plain; version=0.0.4; charset=utf-8", read->out.data,
               read->out.len);
}

void metrics_on_metrics(const struct route_match *match, void *arg)
{
    struct api *api = arg;
    struct api_read *read = api_read_new(api, match->exchange, read_jobs, NULL);
    read->reply = reply_metrics;
    api_read_start(read);
}
