/* generation_reload - from changed files to a new generation, or to a refusal that changes nothing: read
 * and checked on a helper thread, taken over on the loop. */
#include "lua/generation_internal.h"

#include "base/log.h"
#include "base/mem.h"
#include "core/engine.h"
#include "core/op.h"
#include "loop/loop.h"
#include "lua/report.h"
#include "lua/snapshot.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

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

static void end_reload(struct reload *reload)
{
    struct generations *generations = reload->generations;
    snapshot_unref(reload->snapshot);
    generation_free(reload->generation);
    report_fini(&reload->report);
    free(reload);
    generations->reload = NULL;
    if (generations->is_closed) {
        generations_destroy(generations);
    } else if (generations->must_reload_again) {
        generations->must_reload_again = false;
        generations_reload(generations);
    }
}

static void refuse(struct reload *reload)
{
    struct generations *generations = reload->generations;
    generations->refused++;
    generation_log_report(&reload->report);
    log_error(LOG_LUA, 0, "the changed scripts are refused (%d mistakes); the ones before go on",
              reload->report.count);
    generation_set_error(generations, buf_text(&reload->report.text));
    generation_record_outcome(generations, reload->snapshot ? snapshot_hash(reload->snapshot) : "",
                              generations->error);
    end_reload(reload);
}

static void accept_reload(struct reload *reload)
{
    struct generations *generations = reload->generations;
    struct generation *generation = reload->generation;
    reload->generation = NULL;
    generation_set_error(generations, NULL);
    generations->is_last_good = false;
    generation_take_over(generations, generation);
    generation_record_outcome(generations, snapshot_hash(generation->snapshot), NULL);
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
        generation_report_step(&reload->report, reload->generation, err);
        refuse(reload);
        return;
    }
    reload->step++;
    next_step(reload);
}

static void next_step(struct reload *reload)
{
    struct generations *generations = reload->generations;
    if (reload->step == GENERATION_STEP_COUNT || !generation_has_database(generations)) {
        accept_reload(reload);
        return;
    }
    op_submit(generations->engine->db, op_find(GENERATION_STEPS[reload->step].op),
              GENERATION_STEPS[reload->step].args(reload->generation), NULL, on_step_done, reload);
}

void generation_reload_join(struct reload *reload)
{
    if (!reload || reload->is_joined)
        return;
    pthread_join(reload->thread, NULL);
    reload->is_joined = true;
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
    generation_reload_join(reload);
    if (reload->is_unchanged) {
        generation_set_error(generations, NULL);
        generations->is_last_good = false;
        generation_record_outcome(generations, snapshot_hash(reload->snapshot), NULL);
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
        reload->generation =
            generation_load_checked(generations, reload->snapshot, &reload->report);
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
