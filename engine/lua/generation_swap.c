/* generation_swap - one set of scripts takes over from another, which is kept until its last task has
 * ended. Loop thread, or before the loop runs. */
#include "lua/generation_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/engine.h"
#include "core/lifecycle.h"
#include "core/op.h"
#include "loop/loop.h"
#include "lua/services.h"
#include "lua/snapshot.h"
#include "lua/state.h"
#include "lua/task.h"

#include <stdio.h>
#include <string.h>

enum {
    DRAIN_MS = 60000,
    OLD_MOST = 3, /* with tasks that still run; one more: the oldest is ended (GENERATIONS_OLD_ROOM
                   * is larger: its end takes a turn of the loop) */
};

static const char *short_hash(const struct generation *generation, char out[13])
{
    copy_text(out, 13, generation ? snapshot_hash(generation->snapshot) : "");
    return out;
}

/* With the engine's own routes, in a router that is thrown away. */
int generation_check_routes(struct generations *generations, struct generation *generation,
                            struct err *err)
{
    struct router *real = generations->engine->router;
    if (!real)
        return OK;
    struct router *router = router_new();
    int rc = OK;
    for (int i = 0; i < router_count(real) && rc == OK; i++)
        if (router_at(real, i)->owner == 0)
            rc = router_add(router, router_at(real, i), err);
    if (rc == OK)
        rc = generation_add_routes(generation, router, err);
    router_free(router);
    return rc;
}

static void swap_routes(struct generations *generations, struct generation *generation)
{
    struct router *router = generations->engine->router;
    struct err err;
    if (!router)
        return;
    if (generations->current)
        router_remove_owner(router, generations->current->number);
    if (generation_add_routes(generation, router, &err) != OK)
        log_error(LOG_LUA, 0, "routes of the scripts: %s", err.msg);
}

static void free_old(struct generations *generations, struct generation *generation)
{
    for (int i = 0; i < generations->old_count; i++) {
        if (generations->old[i] != generation)
            continue;
        generations->old_count--;
        memmove(&generations->old[i], &generations->old[i + 1],
                (size_t)(generations->old_count - i) * sizeof(generations->old[0]));
        break;
    }
    loop_timer_cancel(generations->engine->loop, generation->drain_timer);
    generation_free(generation);
}

static void on_drained(void *arg)
{
    struct generation *generation = arg;
    if (generation->owner)
        free_old(generation->owner, generation);
    else
        generation_free(generation);
}

/* The last task of a state has ended; it is still being taken down. */
static void on_idle(void *arg)
{
    struct generation *generation = arg;
    if (!generation->is_retired || generation->owner->is_closed || generation->is_drain_posted)
        return;
    generation->is_drain_posted = true;
    loop_post(generation->owner->engine->loop, on_drained, generation);
}

static void on_drain_deadline(void *arg)
{
    struct generation *generation = arg;
    char hash[13];
    generation->drain_timer = 0;
    log_warn(LOG_LUA, 0, "generation %s: %d tasks did not end in time and are cancelled",
             short_hash(generation, hash), state_live_tasks(generation->state));
    tasks_cancel_state(generation->owner->tasks, generation->state);
}

static void retire(struct generations *generations, struct generation *generation)
{
    generation->is_retired = true;
    if (state_live_tasks(generation->state) == 0) {
        generation_free(generation);
        return;
    }
    REQUIRE(generations->old_count < GENERATIONS_OLD_ROOM);
    generations->old[generations->old_count++] = generation;
    generation->drain_timer =
        loop_timer(generations->engine->loop, DRAIN_MS, on_drain_deadline, generation);
    struct generation *oldest = generations->old[0];
    if (generations->old_count > OLD_MOST && !oldest->is_drain_posted) {
        loop_timer_cancel(generations->engine->loop, oldest->drain_timer);
        on_drain_deadline(oldest);
    }
}

static void apply_config(struct generations *generations, const struct generation *generation)
{
    struct engine *engine = generations->engine;
    struct lifecycle lifecycle;
    if (lifecycle_read(json_object_get(generation->config, "lifecycle"), &lifecycle, NULL) == OK)
        lifecycle_use_labels(&lifecycle);
    const char *base_url = json_string_value(json_object_get(generation->config, "base_url"));
    if (!base_url)
        return;
    copy_text(engine->base_url, sizeof(engine->base_url), base_url);
    op_set_base_url(base_url);
}

void generation_take_over(struct generations *generations, struct generation *generation)
{
    struct generation *before = generations->current;
    char hash[13], old_hash[13];
    if (before)
        services_stop(before);
    swap_routes(generations, generation);
    generations->current = generation;
    generations->since_ms = clock_now_ms();
    generations->accepted++;
    apply_config(generations, generation);
    log_info(LOG_LUA, 0,
             "generation %s runs: %d routes, %d handlers, %d tasks, %d invite strategies%s%s",
             short_hash(generation, hash), generation->route_count,
             (int)map_count(generation->handlers), (int)json_array_size(generation->tasks),
             (int)json_array_size(generation->invites), before ? ", after " : "",
             short_hash(before, old_hash));
    if (generations->on_change)
        generations->on_change(generations->on_change_arg);
    if (before)
        retire(generations, before);
    if (generations->is_ready) {
        handlers_run_ready(generation);
        services_start(generation);
    }
}

void generation_adopt(struct generations *generations, struct generation *generation)
{
    generation->owner = generations;
    generation->number = generations->next_number++;
    state_on_idle(generation->state, on_idle, generation);
}
