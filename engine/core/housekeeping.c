#include "core/housekeeping.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/engine.h"
#include "core/job_store.h"
#include "core/op.h"
#include "loop/loop.h"
#include "store/db.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

enum {
    FIRST_MS = 60 * 1000,
    EVERY_MS = 3600 * 1000,
    STEP_PAUSE_MS = 50,
    JOBS_A_STEP = 500,
};
#define JOBS_KEPT_MS       (30LL * 24 * 3600 * 1000)
#define DELIVERIES_KEPT_MS (30LL * 24 * 3600 * 1000)

struct housekeeping {
    struct engine *engine;
    uint64_t timer;
    bool is_closed;
    int pruned; /* by the step that is on its way */
};

static void begin(void *arg);
static void prune_jobs(void *arg);
static void prune_deliveries(void *arg);

static void on_deliveries_pruned(void *arg, int rc, const char *json, size_t len,
                                 const struct err *err)
{
    struct housekeeping *housekeeping = arg;
    json_t *answer = rc == OK ? json_loadb(json, len, 0, NULL) : NULL;
    bool has_more = json_integer_value(json_object_get(answer, "count")) > 0;
    json_decref(answer);
    if (rc != OK)
        log_warn(LOG_STORE, 0, "old deliveries of webhooks cannot be removed: %s", err->msg);
    if (housekeeping->is_closed)
        return;
    housekeeping->timer =
        has_more
            ? loop_timer(housekeeping->engine->loop, STEP_PAUSE_MS, prune_deliveries, housekeeping)
            : loop_timer(housekeeping->engine->loop, EVERY_MS, begin, housekeeping);
}

static void prune_deliveries(void *arg)
{
    struct housekeeping *housekeeping = arg;
    if (housekeeping->is_closed)
        return;
    json_t *args =
        json_pack("{s:I}", "before_ms", (json_int_t)(clock_now_ms() - DELIVERIES_KEPT_MS));
    op_submit(housekeeping->engine->db, op_find("webhook.prune"), args, NULL, on_deliveries_pruned,
              housekeeping);
}

static int prune_in_tx(struct tx *tx, void *arg, struct err *err)
{
    struct housekeeping *housekeeping = arg;
    int count = job_prune(tx, clock_now_ms() - JOBS_KEPT_MS, JOBS_A_STEP, err);
    housekeeping->pruned = count;
    return count < 0 ? count : OK;
}

static void on_pruned(void *arg, int rc, const struct err *err)
{
    struct housekeeping *housekeeping = arg;
    if (rc != OK)
        log_warn(LOG_STORE, 0, "old jobs cannot be removed: %s", err->msg);
    if (housekeeping->is_closed)
        return;
    bool has_more = rc == OK && housekeeping->pruned == JOBS_A_STEP;
    housekeeping->timer = loop_timer(housekeeping->engine->loop, STEP_PAUSE_MS,
                                     has_more ? prune_jobs : prune_deliveries, housekeeping);
}

static void prune_jobs(void *arg)
{
    struct housekeeping *housekeeping = arg;
    if (!housekeeping->is_closed)
        db_write(housekeeping->engine->db, prune_in_tx, on_pruned, housekeeping);
}

static void on_purged(void *arg, int rc, const char *json, size_t len, const struct err *err)
{
    (void)json;
    (void)len;
    if (rc != OK)
        log_warn(LOG_STORE, 0, "expired values cannot be removed: %s", err->msg);
    prune_jobs(arg);
}

static void begin(void *arg)
{
    struct housekeeping *housekeeping = arg;
    op_submit(housekeeping->engine->db, op_find("kv.purge"), NULL, NULL, on_purged, housekeeping);
}

struct housekeeping *housekeeping_new(struct engine *engine)
{
    struct housekeeping *housekeeping = xcalloc(1, sizeof(*housekeeping));
    housekeeping->engine = engine;
    housekeeping->timer = loop_timer(engine->loop, FIRST_MS, begin, housekeeping);
    return housekeeping;
}

void housekeeping_close(struct housekeeping *housekeeping)
{
    housekeeping->is_closed = true;
    loop_timer_cancel(housekeeping->engine->loop, housekeeping->timer);
}

void housekeeping_free(struct housekeeping *housekeeping)
{
    free(housekeeping);
}
