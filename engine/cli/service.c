#include "cli/service.h"

#include "api/api.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/notify.h"
#include "cli/pidfile.h"
#include "cli/service_status.h"
#include "core/engine.h"
#include "core/housekeeping.h"
#include "core/job.h"
#include "core/limits.h"
#include "core/op.h"
#include "core/schedule.h"
#include "loop/loop.h"
#include "lua/jail.h"
#include "lua/task.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/router.h"
#include "net/websocket.h"
#include "store/db.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum {
    TIDY_FIRST_MS = 500,
    TIDY_MS = 60000,
    CLIENT_CONNECTIONS = 64,
    FILES_KEPT = CLIENT_CONNECTIONS + 128, /* also for connections that are refused, and the rest */
    GRACE_MS = 10 * 1000,                  /* for open requests and running jobs */
    STOP_POLL_MS = 20,
};

struct service {
    const struct service_options *options;
    struct engine engine;
    struct api *api;
    struct housekeeping *housekeeping;
    int pid_fd;
    char *listen;       /* what we listen on, as the config wrote it */
    int64_t stop_at_ms; /* monotonic; when patience ends */
    bool is_drained;
    int64_t watchdog_ms;
};

/* ---- what a generation's config says --------------------------------------------------------- */

static const char *config_text(const json_t *config, const char *group, const char *key)
{
    const json_t *object = group ? json_object_get(config, group) : config;
    return json_string_value(json_object_get(object, key));
}

static int64_t config_int(const json_t *config, const char *group, const char *key)
{
    return json_integer_value(json_object_get(json_object_get(config, group), key));
}

static void apply_log(const json_t *config)
{
    const json_t *log = json_object_get(config, "log");
    const char *name = config_text(config, "log", "level");
    int level = name ? log_level_from_name(name) : LOG_INFO_LEVEL;
    log_configure(level < 0 ? LOG_INFO_LEVEL : (enum log_level)level,
                  json_is_true(json_object_get(log, "json")));
}

static void apply_api(struct service *service, const json_t *config)
{
    const json_t *api = json_object_get(config, "api");
    const struct api_options options = {
        .channel_name = config_text(api, "compat", "channel_name"),
        .ticket_key = config_text(api, "compat", "ticket_key"),
        .ticket_url = config_text(api, "compat", "ticket_url"),
        .time_zone = config_text(config, NULL, "time_zone"),
        .is_whole_by_default = json_is_false(json_object_get(api, "pages")),
        .is_schema_public = json_is_true(json_object_get(api, "public_schema")),
        .requests_per_minute = (int)config_int(api, "rate_limit", "per_minute"),
        .requests_burst = (int)config_int(api, "rate_limit", "burst"),
        .refusals_per_minute = (int)config_int(api, "rate_limit", "refusals_per_minute"),
    };
    api_set_options(service->api, &options);
}

/* Two things are decided at start and not again. */
static void warn_of_restart(const struct service *service, const json_t *config)
{
    const char *listen = config_text(config, NULL, "listen");
    const char *database = config_text(config, NULL, "database");
    if (service->listen && listen && strcmp(listen, service->listen) != 0)
        log_warn(LOG_ENGINE, 0, "listen is now %s in the config: restart to listen there", listen);
    if (service->listen && database && strcmp(database, service->options->database) != 0)
        log_warn(LOG_ENGINE, 0, "database is now %s in the config: restart to use it", database);
}

/* A generation took over, also the first. */
static void on_generation(void *arg)
{
    struct service *service = arg;
    struct engine *engine = &service->engine;
    const json_t *config = generations_config(engine->generations);
    struct err err;
    apply_log(config);
    apply_api(service, config);
    if (service->options->mode == GENERATIONS_NORMAL)
        warn_of_restart(service, config);
    if (schedule_replace(engine->schedule, generations_schedules(engine->generations), &err) != OK)
        log_error(LOG_SCHEDULE, 0, "the schedules stay as they were: %s", err.msg);
    jobs_wake(engine->jobs);
}

/* ---- start ----------------------------------------------------------------------------------- */

/* A connection is a file. What the system allows at most is ours for the asking. */
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* Also gives the audit log of an older version its hashes. */
static int open_store(struct service *service, struct err *err)
{
    const struct service_options *options = service->options;
    if (options->has_pidfile && pidfile_take(options->database, &service->pid_fd, err) != OK)
        return err->code;
    const struct db_options db = { .path = options->database, .loop = service->engine.loop };
    if (db_open(&db, &service->engine.db, err) != OK)
        return err->code;
    AUTO_BUF struct buf answer = BUF_INIT;
    return op_run_now(service->engine.db, "audit.chain", NULL, NULL, &answer, err);
}

static int make_parts(struct service *service, struct err *err)
{
    struct engine *engine = &service->engine;
    engine->loop = loop_new(err);
    if (!engine->loop || open_store(service, err) != OK)
        return err->code;
    engine->client = http_client_new(engine->loop, CLIENT_CONNECTIONS, err);
    if (!engine->client)
        return err->code;
    engine->websockets = websockets_new(engine->loop);
    engine->router = router_new();
    engine->limits = limits_new(engine);
    engine->schedule = schedule_new(engine);
    service->housekeeping = housekeeping_new(engine);
    service->api = api_new(engine, &(struct api_options){ 0 }, err);
    if (!service->api)
        return err->code;
    service_status_add(service->api, engine);
    const struct generations_options options = {
        .root = service->options->root,
        .config_path = service->options->config_path,
        .mode = service->options->mode,
    };
    engine->generations = generations_new(engine, &options, err);
    if (!engine->generations)
        return err->code;
    engine->jobs = jobs_new(engine, generations_run_job, engine->generations);
    if (service->options->mode == GENERATIONS_NORMAL)
        engine->jail = jail_new(engine->loop, service->options->database);
    return OK;
}

static int load_scripts(struct service *service, struct err *err)
{
    struct generations *generations = service->engine.generations;
    generations_on_change(generations, on_generation, service);
    return generations_start(generations, err);
}

/* Some files are left for the database, the scripts, the jail and what we ask of others. */
static int connections_at_most(int wanted)
{
    struct rlimit limit;
    wanted = wanted ? wanted : HTTP_CONNECTIONS_DEFAULT;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= (rlim_t)wanted + FILES_KEPT)
        return wanted;
    int most = limit.rlim_cur > 2 * FILES_KEPT ? (int)limit.rlim_cur - FILES_KEPT
                                               : (int)limit.rlim_cur / 2;
    log_warn(LOG_ENGINE, 0,
             "%d connections at most, not %d: this process may open %d files (LimitNOFILE of its "
             "service)",
             most, wanted, (int)limit.rlim_cur);
    return most;
}

static int start_server(struct service *service, struct err *err)
{
    struct engine *engine = &service->engine;
    const json_t *config = generations_config(engine->generations);
    const char *listen = service->options->listen;
    if (!listen)
        listen = config_text(config, NULL, "listen");
    const struct http_server_options options = {
        .listen = listen ? listen : "127.0.0.1:8080",
        .max_header_bytes = (size_t)config_int(config, "limits", "header"),
        .max_body_bytes = (size_t)config_int(config, "limits", "body"),
        .max_connections = connections_at_most((int)config_int(config, "limits", "connections")),
        .timeout_s = (int)(config_int(config, "limits", "timeout") / 1000),
    };
    service->listen = xstrdup(options.listen);
    engine->server = http_server_new(engine->loop, &options, router_handle, engine->router, err);
    if (!engine->server && err->code == ERR_CONFLICT) {
        struct err cause = *err;
        err_set(err, ERR_CONFLICT,
                "%s; end what runs there, or set `listen` in the config to another address",
                cause.msg);
    }
    if (!engine->server)
        return err->code;
    if (service->options->is_loopback_only && !http_server_is_loopback(engine->server))
        return err_set(err, ERR_INVALID,
                       "with --clock only this machine may ask: `listen` is %s and must be a "
                       "loopback address, such "
                       "as 127.0.0.1:8080",
                       options.listen);
    api_observe(service->api);
    return OK;
}

/* ---- stop ------------------------------------------------------------------------------------ */

static void on_drained(void *arg)
{
    struct service *service = arg;
    service->is_drained = true;
}

/* Requests, jobs, and what goes on behind requests that are answered (task.spawn). */
static bool is_work_done(const struct service *service)
{
    const struct engine *engine = &service->engine;
    return service->is_drained && jobs_running(engine->jobs) == 0 &&
           tasks_alive_of(generations_tasks_of(engine->generations), TASK_SPAWNED) == 0;
}

/* Only now: until here, work that is done could still be acknowledged. */
static bool are_sockets_closed(const struct service *service)
{
    struct websockets_stats stats;
    websockets_close_all(service->engine.websockets);
    websockets_stats(service->engine.websockets, &stats);
    return stats.open == 0;
}

static void wait_for_end(void *arg)
{
    struct service *service = arg;
    struct engine *engine = &service->engine;
    int jobs = jobs_running(engine->jobs);
    bool is_over = clock_mono_ms() >= service->stop_at_ms;
    if (!is_over && (!is_work_done(service) || !are_sockets_closed(service))) {
        loop_timer(engine->loop, STOP_POLL_MS, wait_for_end, service);
        return;
    }
    if (jobs > 0)
        log_warn(LOG_JOB, 0,
                 "%d jobs are not done yet; the next start checks what they have reached", jobs);
    loop_stop(engine->loop);
}

static void on_stop_signal(void *arg)
{
    struct service *service = arg;
    struct engine *engine = &service->engine;
    if (engine->is_stopping) {
        log_warn(LOG_ENGINE, 0, "told to stop again: no more patience");
        service->stop_at_ms = 0;
        return;
    }
    log_info(LOG_ENGINE, 0, "stopping: %d requests and %d jobs may finish",
             http_server_open_exchanges(engine->server), jobs_running(engine->jobs));
    notify_send("STOPPING=1");
    engine->is_stopping = true;
    engine->is_ready = false;
    service->stop_at_ms = clock_mono_ms() + GRACE_MS;
    jobs_stop(engine->jobs);
    schedule_close(engine->schedule);
    generations_stop_services(engine->generations);
    http_server_drain(engine->server, GRACE_MS, on_drained, service);
    wait_for_end(service);
}

static void on_reload_signal(void *arg)
{
    struct service *service = arg;
    generations_reload(service->engine.generations);
}

/* Another program has changed the database. */
static void on_wake_signal(void *arg)
{
    struct service *service = arg;
    jobs_wake(service->engine.jobs);
    api_forget_keys(service->api);
}

static int listen_to_signals(struct service *service, struct err *err)
{
    static const struct {
        int signo;
        loop_fn fn;
    } SIGNALS[] = {
        { SIGTERM, on_stop_signal },
        { SIGINT, on_stop_signal },
        { SIGHUP, on_reload_signal },
        { SIGUSR1, on_wake_signal },
    };
    for (size_t i = 0; i < sizeof(SIGNALS) / sizeof(SIGNALS[0]); i++)
        if (loop_signal(service->engine.loop, SIGNALS[i].signo, SIGNALS[i].fn, service, err) != OK)
            return err->code;
    return OK;
}

/* Our process number is in the pidfile before the loop listens to signals, and still when it does not
 * any more: a wake-up from the command line must not end us then. */
static void ignore_early_signals(void)
{
    (void)signal(SIGHUP, SIG_IGN);
    (void)signal(SIGUSR1, SIG_IGN);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(
        SIGXFSZ,
        SIG_IGN); /* a limit on the size of files is a full disk: the write fails, and says so */
}

/* From what makes work to what keeps it: db_close() puts on disk what is still queued. Completions
 * that it posts run in loop_free() and find parts that were told to do nothing more, which is why
 * those are freed last. */
static void take_apart(struct service *service)
{
    struct engine *engine = &service->engine;
    if (engine->jobs)
        jobs_close(engine->jobs);
    if (engine->schedule)
        schedule_close(engine->schedule);
    if (service->housekeeping)
        housekeeping_close(service->housekeeping);
    http_server_free(engine->server);
    engine->server = NULL;
    jail_free(engine->jail);
    generations_free(engine->generations);
    websockets_free(engine->websockets);
    http_client_free(engine->client);
    if (engine->db)
        db_close(engine->db);
    loop_free(engine->loop);
    api_free(service->api);
    router_free(engine->router);
    jobs_free(engine->jobs);
    schedule_free(engine->schedule);
    limits_free(engine->limits);
    housekeeping_free(service->housekeeping);
    pidfile_release(service->pid_fd);
    free(service->listen);
}

/* ---- running --------------------------------------------------------------------------------- */

static void feed_watchdog(void *arg)
{
    struct service *service = arg;
    notify_send("WATCHDOG=1");
    loop_timer(service->engine.loop, service->watchdog_ms, feed_watchdog, service);
}

static void tell_ready(struct service *service)
{
    struct engine *engine = &service->engine;
    AUTO_FREE char *host = xstrdup(service->listen);
    *strrchr(host, ':') = '\0';
    bool is_any = !*host || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "[::]") == 0;
    const char *name = is_any ? "127.0.0.1" : host;
    int port = http_server_port(engine->server);
    log_info(
        LOG_ENGINE, 0,
        "%s %s is ready after %lld ms: http://%s:%d/ on this machine; database %s, scripts %.12s",
        service->options->name, HALLIGAN_VERSION,
        (long long)(clock_now_ms() - engine->started_at_ms), name, port, service->options->database,
        generations_hash(engine->generations));
    if (!http_server_is_loopback(engine->server))
        log_info(LOG_ENGINE, 0,
                 "it listens to other machines on %s; web pages answer on a loopback address only",
                 service->listen);
    notify_send("READY=1");
}

/* Loading scripts and syncing leave holes that the allocator would keep for ever. */
static void tidy_memory(void *arg)
{
    struct service *service = arg;
    mem_give_back();
    loop_timer(service->engine.loop, TIDY_MS, tidy_memory, service);
}

/* After the sockets are open and before the first request is answered. */
static void begin(struct service *service)
{
    generations_ready(service->engine.generations);
    service->engine.is_ready = true;
    service->watchdog_ms = notify_watchdog_ms();
    if (service->watchdog_ms > 0)
        feed_watchdog(service);
    tell_ready(service);
    loop_timer(service->engine.loop, TIDY_FIRST_MS, tidy_memory, service);
}

int service_run(const struct service_options *options)
{
    struct service service = { .options = options, .pid_fd = -1 };
    struct engine *engine = &service.engine;
    struct err err = { 0 };
    engine->root = options->root;
    engine->config_path = options->config_path;
    engine->started_at_ms = clock_now_ms();
    if (options->config)
        apply_log(options->config); /* also for what happens before the scripts are loaded */
    raise_file_limit();
    ignore_early_signals();
    int rc = make_parts(&service, &err);
    if (rc == OK)
        rc = load_scripts(&service, &err);
    if (rc == OK)
        rc = start_server(&service, &err);
    if (rc == OK)
        rc = jobs_start(engine->jobs, &err);
    if (rc == OK)
        rc = listen_to_signals(&service, &err);
    if (rc == OK) {
        begin(&service);
        loop_run(engine->loop);
    }
    take_apart(&service);
    if (rc != OK)
        return cli_fail("cannot start: %s", err.msg);
    log_info(LOG_ENGINE, 0, "stopped");
    return CLI_OK;
}
