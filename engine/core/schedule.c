#include "core/schedule.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/engine.h"
#include "core/schedule_entry.h"
#include "loop/loop.h"
#include "store/db.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOOK_AGAIN_MS = 1000,      /* after a failure */
    SLEEP_MOST_MS = 30 * 1000, /* the clock may be set */
    CLOCK_BACK_MS = 60 * 1000, /* looked at so long after now: it was set back */
};

/* A place in the list of current schedules. */
struct slot {
    struct schedule_entry *entry; /* one reference */
    int64_t look_at_ms;           /* 0: at once; -1: never */
    int64_t looked_at_ms;         /* 0: not yet */
    int64_t last_due_ms, next_due_ms;
    bool is_known; /* the two above are */
    bool is_looking;
};

struct schedule {
    struct engine *engine;
    struct slot *slots;
    size_t count;
    uint64_t timer;
    bool is_closed;
};

struct schedule *schedule_new(struct engine *engine)
{
    struct schedule *schedule = xcalloc(1, sizeof(*schedule));
    schedule->engine = engine;
    return schedule;
}

void schedule_close(struct schedule *schedule)
{
    schedule->is_closed = true;
    loop_timer_cancel(schedule->engine->loop, schedule->timer);
}

static void free_slots(struct slot *slots, size_t count)
{
    for (size_t i = 0; i < count; i++)
        schedule_entry_unref(slots[i].entry);
    free(slots);
}

void schedule_free(struct schedule *schedule)
{
    if (!schedule)
        return;
    free_slots(schedule->slots, schedule->count);
    free(schedule);
}

/* ---- looking --------------------------------------------------------------------------------- */

static void look(void *arg);

struct looking {
    struct schedule *schedule;
    struct schedule_entry *entry; /* one reference */
    struct schedule_fired fired;
};

static int fire_in_tx(struct tx *tx, void *arg, struct err *err)
{
    struct looking *looking = arg;
    return schedule_entry_fire(looking->entry, tx, clock_now_ms(), &looking->fired, err);
}

static void set_timer(struct schedule *schedule)
{
    loop_timer_cancel(schedule->engine->loop, schedule->timer);
    schedule->timer = 0;
    if (schedule->is_closed || schedule->count == 0)
        return;
    int64_t now_ms = clock_now_ms(), delay_ms = SLEEP_MOST_MS;
    for (size_t i = 0; i < schedule->count; i++) {
        const struct slot *slot = &schedule->slots[i];
        if (!slot->is_looking && slot->look_at_ms >= 0 && slot->look_at_ms - now_ms < delay_ms)
            delay_ms = slot->look_at_ms - now_ms;
    }
    schedule->timer =
        loop_timer(schedule->engine->loop, delay_ms > 0 ? delay_ms : 0, look, schedule);
}

static struct slot *find_slot(struct schedule *schedule, const struct schedule_entry *entry)
{
    for (size_t i = 0; i < schedule->count; i++)
        if (schedule->slots[i].entry == entry)
            return &schedule->slots[i];
    return NULL;
}

static void on_looked(void *arg, int rc, const struct err *err)
{
    struct looking *looking = arg;
    struct schedule *schedule = looking->schedule;
    const char *name = schedule_entry_name(looking->entry);
    struct slot *slot = find_slot(schedule, looking->entry); /* NULL: replaced meanwhile */
    if (rc != OK)
        log_error(LOG_SCHEDULE, 0, "schedule %s cannot be served, trying again: %s", name,
                  err->msg);
    else if (looking->fired.jobs > 0)
        log_info(LOG_SCHEDULE, 0, "schedule %s: %d due", name, looking->fired.jobs);
    if (slot) {
        slot->is_looking = false;
        slot->looked_at_ms = clock_now_ms();
        slot->look_at_ms = rc == OK ? looking->fired.next_due_ms : clock_now_ms() + LOOK_AGAIN_MS;
    }
    if (slot && rc == OK) {
        slot->is_known = true;
        slot->last_due_ms = looking->fired.last_due_ms;
        slot->next_due_ms = looking->fired.next_due_ms;
    }
    schedule_entry_unref(looking->entry);
    free(looking);
    if (!schedule->is_closed)
        set_timer(schedule);
}

/* What comes next was reckoned on another clock when that was set back meanwhile. */
static bool is_due(const struct slot *slot, int64_t now_ms)
{
    return slot->look_at_ms >= 0 &&
           (slot->look_at_ms <= now_ms || slot->looked_at_ms > now_ms + CLOCK_BACK_MS);
}

static void look(void *arg)
{
    struct schedule *schedule = arg;
    schedule->timer = 0;
    if (schedule->is_closed)
        return;
    int64_t now_ms = clock_now_ms();
    for (size_t i = 0; i < schedule->count; i++) {
        struct slot *slot = &schedule->slots[i];
        if (slot->is_looking || !is_due(slot, now_ms))
            continue;
        struct looking *looking = xcalloc(1, sizeof(*looking));
        looking->schedule = schedule;
        looking->entry = schedule_entry_ref(slot->entry);
        slot->is_looking = true;
        db_write(schedule->engine->db, fire_in_tx, on_looked, looking);
    }
    set_timer(schedule);
}

/* ---- the list -------------------------------------------------------------------------------- */

static bool has_name(const struct slot *slots, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(schedule_entry_name(slots[i].entry), name) == 0)
            return true;
    return false;
}

/* NULL + err, or the slots of all rows. */
static struct slot *read_rows(const json_t *rows, struct err *err)
{
    size_t count = json_array_size(rows);
    struct slot *slots = xcalloc(count, sizeof(*slots));
    for (size_t i = 0; i < count; i++) {
        struct schedule_entry *entry = schedule_entry_new(json_array_get(rows, i), err);
        const char *name = entry ? schedule_entry_name(entry) : "";
        slots[i].entry = entry;
        if (entry && !has_name(slots, i, name))
            continue;
        if (entry)
            err_field(err, "name", "schedule \"%s\": there are two of that name", name);
        free_slots(slots, i + 1);
        return NULL;
    }
    return slots;
}

int schedule_replace(struct schedule *schedule, const json_t *rows, struct err *err)
{
    struct slot *slots = read_rows(rows, err);
    if (!slots)
        return ERR_INVALID;
    free_slots(schedule->slots, schedule->count);
    schedule->slots = slots;
    schedule->count = json_array_size(rows);
    set_timer(schedule);
    return OK;
}

int schedule_check(const json_t *rows, struct err *err)
{
    struct slot *slots = read_rows(rows, err);
    if (!slots)
        return ERR_INVALID;
    free_slots(slots, json_array_size(rows));
    return OK;
}

json_t *schedule_list(const struct schedule *schedule)
{
    json_t *list = json_array();
    for (size_t i = 0; i < schedule->count; i++) {
        const struct slot *slot = &schedule->slots[i];
        json_t *row = json_deep_copy(schedule_entry_row(slot->entry));
        bool is_known = slot->is_known;
        json_object_set_new(row, "last_due_ms",
                            is_known ? json_integer(slot->last_due_ms) : json_null());
        json_object_set_new(row, "next_due_ms",
                            is_known && slot->next_due_ms > 0 ? json_integer(slot->next_due_ms)
                                                              : json_null());
        json_array_append_new(list, row);
    }
    return list;
}
