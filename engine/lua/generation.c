#include "lua/generation_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/engine.h"
#include "core/op.h"
#include "loop/loop.h"
#include "loop/watch.h"
#include "lua/config.h"
#include "lua/report.h"
#include "lua/services.h"
#include "lua/snapshot.h"
#include "lua/state.h"
#include "lua/task.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ERROR_MOST = 16 << 10 }; /* bytes of a refusal that are kept */

/* One look at the files: on a helper thread, then on the loop. */
struct reload {
    struct generations *generations;
    struct snapshot *snapshot;
    struct generation *generation; /* NULL: refused or unchanged */
    struct report report;
    pthread_t thread;
    bool is_joined;
    bool is_unchanged;
    int step; /* of taking over */
};

/* ---- small helpers */

static bool has_database(const struct generations *generations)
{
    return generations->mode == GENERATIONS_NORMAL && generations->engine->db;
}

static void log_report(const struct report *report)
{
    const char *line = buf_text(&report->text);
    while (*line) {
        size_t len = strcspn(line, "\n");
        log_error(LOG_LUA, 0, "%.*s", (int)len, line);
        line += len + (line[len] == '\n');
    }
}

static json_t *reload_args(const char *hash, const char *error)
{
    json_t *args = json_pack("{ss sb}", "hash", hash, "is_accepted", error == NULL);
    json_t *text = error ? json_string(error) : NULL;
    if (error)
        json_object_set_new(args, "error", text ? text : json_string("the scripts are broken"));
    return args;
}

static void record_outcome(struct generations *generations, const char *hash, const char *error)
{
    if (has_database(generations))
        op_submit(generations->engine->db, op_find("reload.record"), reload_args(hash, error), NULL,
                  NULL, NULL);
}

static void set_error(struct generations *generations, const char *text)
{
    free(generations->error);
    generations->error = text ? xstrndup(text, ERROR_MOST) : NULL;
}

/* ---- loading and checking against the database; any thread */

/* Unfinished jobs must have somebody to run them. */
static void check_pending(struct engine *engine, const struct generation *generation,
                          struct report *report)
{
    AUTO_BUF struct buf answer = BUF_INIT;
    struct err err;
    if (op_run_now(engine->db, "generation.pending_handlers", NULL, NULL, &answer, &err) != OK) {
        report_add(report, "unfinished jobs cannot be read: %s", err.msg);
        return;
    }
    json_t *rows = json_loadb(buf_text(&answer), answer.len, 0, NULL);
    size_t index;
    json_t *row;
    json_array_foreach (rows, index, row) {
        const char *handler = json_string_value(json_object_get(row, "handler"));
        if (!generation_find_handler(generation, handler))
            report_add(report,
                       "strategies: nothing handles \"%s\" any more, but %lld unfinished jobs need "
                       "it (see `halligan job list`)",
                       handler, (long long)json_integer_value(json_object_get(row, "jobs")));
    }
    json_decref(rows);
}

static struct generation *load_checked(struct generations *generations, struct snapshot *snapshot,
                                       struct report *report)
{
    struct generation *generation =
        generation_load(generations->engine, snapshot, generations->mode, report);
    if (!generation || !has_database(generations))
        return generation;
    int mistakes = report->count;
    check_pending(generations->engine, generation, report);
    if (report->count == mistakes)
        return generation;
    generation_free(generation);
    return NULL;
}

/* ---- operations that make a generation the current one, in order */

static json_t *args_reference(const struct generation *generation)
{
    return json_deep_copy(generation->reference); /* goes to another thread */
}

static json_t *args_subscriptions(const struct generation *generation)
{
    return json_pack("{so}", "rows", json_deep_copy(generation->subscriptions));
}

static json_t *args_save(const struct generation *generation)
{
    json_t *files = snapshot_to_json(generation->snapshot, NULL);
    return json_pack("{ss so}", "hash", snapshot_hash(generation->snapshot), "files",
                     files ? files : json_object());
}

static const struct {
    const char *op;
    json_t *(*args)(const struct generation *generation);
} STEPS[] = {
    { "reference.reconcile", args_reference },
    { "subscription.replace", args_subscriptions },
    { "generation.save", args_save },
};
enum { STEP_COUNT = sizeof(STEPS) / sizeof(STEPS[0]) };

/* What an operation refuses comes from the config, at the path that it names. */
static void report_step(struct report *report, const struct generation *generation,
                        const struct err *err)
{
    if (err->field[0])
        config_report(report, generation->snapshot, err->field, err->msg);
    else
        report_add(report, "%s: %s", snapshot_config_name(generation->snapshot), err->msg);
}

/* ---- reload */

static void destroy(struct generations *generations);

static void end_reload(struct reload *reload)
{
    struct generations *generations = reload->generations;
    snapshot_unref(reload->snapshot);
    generation_free(reload->generation);
    report_fini(&reload->report);
    free(reload);
    generations->reload = NULL;
    if (generations->is_closed) {
        destroy(generations);
    } else if (generations->must_reload_again) {
        generations->must_reload_again = false;
        generations_reload(generations);
    }
}

static void refuse(struct reload *reload)
{
    struct generations *generations = reload->generations;
    generations->refused++;
    log_report(&reload->report);
    log_error(LOG_LUA, 0, "the changed scripts are refused (%d mistakes); the ones before go on",
              reload->report.count);
    set_error(generations, buf_text(&reload->report.text));
    record_outcome(generations, reload->snapshot ? snapshot_hash(reload->snapshot) : "",
                   generations->error);
    end_reload(reload);
}

static void accept_reload(struct reload *reload)
{
    struct generations *generations = reload->generations;
    struct generation *generation = reload->generation;
    reload->generation = NULL;
    set_error(generations, NULL);
    generations->is_last_good = false;
    generation_take_over(generations, generation);
    record_outcome(generations, snapshot_hash(generation->snapshot), NULL);
    end_reload(reload);
}

static void next_step(struct reload *reload);

static void on_step_done(void *arg, int rc, const char *json, size_t len, const struct err *err)
{
    (void)json;
    (void)len;
    struct reload *reload = arg;
    if (reload->generations->is_closed) {
        end_reload(reload);
        return;
    }
    if (rc != OK) {
        report_step(&reload->report, reload->generation, err);
        refuse(reload);
        return;
    }
    reload->step++;
    next_step(reload);
}

static void next_step(struct reload *reload)
{
    struct generations *generations = reload->generations;
    if (reload->step == STEP_COUNT || !has_database(generations)) {
        accept_reload(reload);
        return;
    }
    op_submit(generations->engine->db, op_find(STEPS[reload->step].op),
              STEPS[reload->step].args(reload->generation), NULL, on_step_done, reload);
}

static void on_loaded(void *arg)
{
    struct reload *reload = arg;
    struct generations *generations = reload->generations;
    struct err err;
    if (generations->is_closed) {
        end_reload(reload);
        return;
    }
    pthread_join(reload->thread, NULL);
    reload->is_joined = true;
    if (reload->is_unchanged) {
        set_error(generations, NULL);
        generations->is_last_good = false;
        record_outcome(generations, snapshot_hash(reload->snapshot), NULL);
        end_reload(reload);
        return;
    }
    if (reload->generation) {
        generation_adopt(generations, reload->generation);
        if (generation_check_routes(generations, reload->generation, &err) != OK)
            report_add(&reload->report, "%s", err.msg);
    }
    if (reload->report.count > 0)
        refuse(reload);
    else
        next_step(reload);
}

static void *load_in_background(void *arg)
{
    struct reload *reload = arg;
    struct generations *generations = reload->generations;
    struct err err;
    reload->snapshot = snapshot_read(generations->root, generations->config_path, &err);
    if (!reload->snapshot)
        report_add(&reload->report, "%s", err.msg);
    else if (strcmp(snapshot_hash(reload->snapshot),
                    snapshot_hash(generations->current->snapshot)) == 0)
        reload->is_unchanged = true;
    else
        reload->generation = load_checked(generations, reload->snapshot, &reload->report);
    loop_post(generations->engine->loop, on_loaded, reload);
    return NULL;
}

void generations_reload(struct generations *generations)
{
    if (!generations->current || generations->engine->is_stopping)
        return;
    if (generations->reload) {
        generations->must_reload_again = true;
        return;
    }
    struct reload *reload = xcalloc(1, sizeof(*reload));
    reload->generations = generations;
    report_init(&reload->report);
    generations->reload = reload;
    if (pthread_create(&reload->thread, NULL, load_in_background, reload) != 0) {
        log_error(LOG_LUA, 0, "the scripts cannot be looked at: no thread");
        end_reload(reload); /* nothing waits: this is the first try */
    }
}

static void on_files_changed(void *arg)
{
    generations_reload(arg);
}

/* ---- start */

/* Blocking twin of the steps. */
static int apply_now(struct generations *generations, struct generation *generation,
                     struct report *report)
{
    struct err err;
    for (int i = 0; i < STEP_COUNT && has_database(generations); i++) {
        AUTO_BUF struct buf answer = BUF_INIT;
        int rc = op_run_now(generations->engine->db, STEPS[i].op, STEPS[i].args(generation), NULL,
                            &answer, &err);
        if (rc != OK) {
            report_step(report, generation, &err);
            return rc;
        }
    }
    return OK;
}

static int start_with(struct generations *generations, struct snapshot *snapshot,
                      struct report *report)
{
    struct err err;
    struct generation *generation = load_checked(generations, snapshot, report);
    if (!generation)
        return ERR_INVALID;
    generation_adopt(generations, generation);
    int rc = generation_check_routes(generations, generation, &err);
    if (rc != OK)
        report_add(report, "%s", err.msg);
    else
        rc = apply_now(generations, generation, report);
    if (rc != OK) {
        generation_free(generation);
        return rc;
    }
    generation_take_over(generations, generation);
    return OK;
}

static struct snapshot *read_last_good(struct generations *generations)
{
    AUTO_BUF struct buf answer = BUF_INIT;
    struct err err;
    if (!has_database(generations) || op_run_now(generations->engine->db, "generation.last_good",
                                                 NULL, NULL, &answer, &err) != OK)
        return NULL;
    json_t *kept =
        json_loadb(buf_text(&answer), answer.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    const json_t *files = json_object_get(kept, "files");
    struct snapshot *snapshot = files ? snapshot_from_json(files, &err) : NULL;
    json_decref(kept);
    return snapshot;
}

/* The files are broken: what ran before, until they are mended. */
static int start_with_last_good(struct generations *generations)
{
    struct report report;
    struct snapshot *snapshot = read_last_good(generations);
    if (!snapshot)
        return ERR_NOT_FOUND;
    report_init(&report);
    int rc = start_with(generations, snapshot, &report);
    if (rc == OK) {
        generations->is_last_good = true;
        log_error(
            LOG_LUA, 0,
            "the scripts on disk are BROKEN; running the last good ones, %.12s, from the database",
            snapshot_hash(snapshot));
    } else {
        log_error(LOG_LUA, 0, "the last good scripts of the database do not load either:");
        log_report(&report);
    }
    report_fini(&report);
    snapshot_unref(snapshot);
    return rc;
}

static int start_watching(struct generations *generations, struct err *err)
{
    AUTO_FREE char *scripts = xasprintf("%s/scripts", generations->root);
    AUTO_FREE char *strategies = xasprintf("%s/strategies", generations->root);
    const char *const paths[] = { scripts, strategies, generations->config_path };
    generations->watch =
        watch_new(generations->engine->loop, paths, generations->config_path ? 3 : 2,
                  on_files_changed, generations, err);
    return generations->watch ? OK : err->code;
}

int generations_start(struct generations *generations, struct err *err)
{
    struct report report;
    struct err problem;
    report_init(&report);
    struct snapshot *snapshot =
        snapshot_read(generations->root, generations->config_path, &problem);
    if (!snapshot)
        report_add(&report, "%s", problem.msg);
    int rc = snapshot ? start_with(generations, snapshot, &report) : ERR_IO;
    if (rc != OK) {
        log_report(&report);
        set_error(generations, buf_text(&report.text));
        rc = start_with_last_good(generations);
        if (rc != OK)
            rc = report_to_err(&report, err);
    }
    if (rc == OK)
        record_outcome(generations, snapshot ? snapshot_hash(snapshot) : "", generations->error);
    report_fini(&report);
    snapshot_unref(snapshot);
    return rc == OK ? start_watching(generations, err) : rc;
}

void generations_ready(struct generations *generations)
{
    generations->is_ready = true;
    if (!generations->current)
        return;
    handlers_run_ready(generations->current);
    services_start(generations->current);
}

void generations_stop_services(struct generations *generations)
{
    generations->is_ready = false;
    if (generations->current)
        services_stop(generations->current);
}

/* ---- life */

struct generations *generations_new(struct engine *engine,
                                    const struct generations_options *options, struct err *err)
{
    (void)err;
    struct generations *generations = xcalloc(1, sizeof(*generations));
    generations->engine = engine;
    generations->root = xstrdup(options->root);
    generations->config_path = options->config_path ? xstrdup(options->config_path) : NULL;
    generations->mode = options->mode;
    generations->next_number = 1;
    if (engine && engine->loop)
        generations->tasks = tasks_new(engine->loop);
    return generations;
}

static void destroy(struct generations *generations)
{
    free(generations->error);
    free(generations->root);
    free(generations->config_path);
    free(generations);
}

static void free_generations(struct generations *generations)
{
    for (int i = 0; i < generations->old_count; i++) {
        struct generation *old = generations->old[i];
        loop_timer_cancel(generations->engine->loop, old->drain_timer);
        old->owner = NULL;
        if (!old->is_drain_posted)
            generation_free(old);
    }
    generation_free(generations->current);
    generations->current = NULL;
}

void generations_free(struct generations *generations)
{
    if (!generations)
        return;
    generations->is_closed = true;
    watch_free(generations->watch);
    struct reload *reload = generations->reload;
    if (reload && !reload->is_joined) {
        pthread_join(reload->thread, NULL);
        reload->is_joined = true;
    }
    if (generations->current && generations->engine && generations->engine->router)
        router_remove_owner(generations->engine->router, generations->current->number);
    tasks_free(generations->tasks);
    free_generations(generations);
    if (!reload) /* else its end, which is posted, does it */
        destroy(generations);
}

void generations_on_change(struct generations *generations, void (*fn)(void *arg), void *arg)
{
    generations->on_change = fn;
    generations->on_change_arg = arg;
}

/* ---- what the current one says */

const json_t *generations_config(const struct generations *generations)
{
    return generations->current ? generations->current->config : NULL;
}

const json_t *generations_schedules(const struct generations *generations)
{
    return generations->current ? generations->current->schedules : NULL;
}

const json_t *generations_tasks(const struct generations *generations)
{
    return generations->current ? generations->current->tasks : NULL;
}

const json_t *generations_invites(const struct generations *generations)
{
    return generations->current ? generations->current->invites : NULL;
}

struct snapshot *generations_snapshot(const struct generations *generations)
{
    return generations->current ? generations->current->snapshot : NULL;
}

const char *generations_hash(const struct generations *generations)
{
    return generations->current ? snapshot_hash(generations->current->snapshot) : "";
}

void generations_status(const struct generations *generations, struct generations_status *out)
{
    *out = (struct generations_status){
        .hash = generations_hash(generations),
        .since_ms = generations->since_ms,
        .is_last_good = generations->is_last_good,
        .error = generations->error,
        .live = generations->old_count + (generations->current != NULL),
        .accepted = generations->accepted,
        .refused = generations->refused,
    };
}

struct tasks *generations_tasks_of(struct generations *generations)
{
    return generations->tasks;
}
