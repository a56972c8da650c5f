#include "lua/generation_internal.h"

#include "base/log.h"
#include "base/mem.h"
#include "core/engine.h"
#include "core/op.h"
#include "loop/loop.h"
#include "loop/watch.h"
#include "lua/report.h"
#include "lua/services.h"
#include "lua/snapshot.h"
#include "lua/state.h"
#include "lua/task.h"

#include <stdlib.h>

static void on_files_changed(void *arg)
{
    generations_reload(arg);
}

/* ---- start */

static int start_with(struct generations *generations, struct snapshot *snapshot,
                      struct report *report)
{
    struct err err;
    struct generation *generation = generation_load_checked(generations, snapshot, report);
    if (!generation)
        return ERR_INVALID;
    generation_adopt(generations, generation);
    int rc = generation_check_routes(generations, generation, &err);
    if (rc != OK)
        report_add(report, "%s", err.msg);
    else
        rc = generation_apply_now(generations, generation, report);
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
    if (!generation_has_database(generations) ||
        op_run_now(generations->engine->db, "generation.last_good", NULL, NULL, &answer, &err) !=
            OK)
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
        generation_log_report(&report);
    }
    report_fini(&report);
    snapshot_unref(snapshot);
    return rc;
}

/* The sandbox keeps its workspace in variables of its scripts: it would forget it each time that somebody who tries
 * things out saves a strategy. */
static int start_watching(struct generations *generations, struct err *err)
{
    if (generations->mode == GENERATIONS_SANDBOX)
        return OK;
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
        generation_log_report(&report);
        generation_set_error(generations, buf_text(&report.text));
        rc = start_with_last_good(generations);
        if (rc != OK)
            rc = report_to_err(&report, err);
    }
    if (rc == OK)
        generation_record_outcome(generations, snapshot ? snapshot_hash(snapshot) : "",
                                  generations->error);
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

void generations_destroy(struct generations *generations)
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
    generation_reload_join(reload);
    if (generations->current && generations->engine && generations->engine->router)
        router_remove_owner(generations->engine->router, generations->current->number);
    tasks_free(generations->tasks);
    free_generations(generations);
    if (!reload) /* else its end, which is posted, does it */
        generations_destroy(generations);
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
        .memory = generations->current ? state_memory_used(generations->current->state) : 0,
    };
}

struct tasks *generations_tasks_of(struct generations *generations)
{
    return generations->tasks;
}
