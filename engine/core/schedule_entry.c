#include "core/schedule_entry.h"

#include "base/mem.h"
#include "base/tz.h"
#include "core/cron.h"
#include "core/job_store.h"
#include "store/db.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    EVERY_LEAST_MS = 1000,
    LATE_MS = 60 * 1000,       /* later than that is missed */
    CLOCK_BACK_MS = 60 * 1000, /* a last time that far ahead: the clock was set back */
    STEPS_MOST = 10000,
    NAME_MOST = 100,
};
#define EVERY_MOST_MS (366LL * 24 * 3600 * 1000)

enum catch_up { CATCH_UP_ONCE, CATCH_UP_SKIP, CATCH_UP_ALL };

struct schedule_entry {
    int refs;
    json_t *row;             /* own copy */
    const char *name, *task; /* within row */
    int64_t every_ms;        /* 0: cron */
    struct cron cron;
    struct tz *tz;
    enum catch_up catch_up;
};

static const char SELECT_STATE[] = "SELECT last_due_ms FROM schedule_state WHERE name = ?";
static const char SAVE_STATE[] =
    "INSERT INTO schedule_state (name, last_due_ms, last_job_id, updated_at_ms)"
    " VALUES (?, ?, NULLIF(?, 0), ?) ON CONFLICT (name) DO UPDATE SET"
    " last_due_ms = excluded.last_due_ms, updated_at_ms = excluded.updated_at_ms,"
    " last_job_id = COALESCE(excluded.last_job_id, schedule_state.last_job_id)";

/* ---- reading a row --------------------------------------------------------------------------- */

static const char *const KEYS[] = { "name",     "task", "every_ms", "cron", "time_zone",
                                    "catch_up", "args", "about",    NULL };

static int fail(struct err *err, const struct schedule_entry *entry, const char *key,
                const char *problem)
{
    int rc = err_set(err, ERR_INVALID, "schedule \"%s\": %s %s", entry->name, key, problem);
    if (err)
        copy_text(err->field, sizeof(err->field), key);
    return rc;
}

static bool is_name(const char *text)
{
    return text && *text && strlen(text) <= NAME_MOST;
}

static const char *text_of_member(const struct schedule_entry *entry, const char *key)
{
    return json_string_value(json_object_get(entry->row, key));
}

static int check_keys(const struct schedule_entry *entry, struct err *err)
{
    const char *key;
    json_t *value;
    json_object_foreach (entry->row, key, value) {
        bool is_known = false;
        for (int i = 0; KEYS[i] && !is_known; i++)
            is_known = strcmp(key, KEYS[i]) == 0;
        if (!is_known)
            return fail(err, entry, key, "is not a known member");
    }
    return OK;
}

static int read_time(struct schedule_entry *entry, struct err *err)
{
    json_t *every = json_object_get(entry->row, "every_ms");
    json_t *cron = json_object_get(entry->row, "cron");
    if (!every == !cron)
        return fail(err, entry, "every",
                    every ? "and cron exclude each other" : "or cron is missing");
    if (every) {
        entry->every_ms = (int64_t)json_number_value(every);
        if (entry->every_ms < EVERY_LEAST_MS || entry->every_ms > EVERY_MOST_MS)
            return fail(err, entry, "every", "must be between one second and a year");
        return OK;
    }
    struct err cause = { 0 };
    if (!json_is_string(cron))
        return fail(err, entry, "cron", "must be a text");
    if (cron_parse(json_string_value(cron), &entry->cron, &cause) != OK)
        return err_field(err, "cron", "schedule \"%s\": cron \"%.100s\": %s", entry->name,
                         json_string_value(cron), cause.msg);
    return OK;
}

static int read_zone(struct schedule_entry *entry, struct err *err)
{
    json_t *zone = json_object_get(entry->row, "time_zone");
    struct err cause = { 0 };
    if (zone && !json_is_string(zone))
        return fail(err, entry, "time_zone", "must be a text");
    entry->tz = tz_load(zone ? json_string_value(zone) : "UTC", &cause);
    if (!entry->tz)
        return err_field(err, "time_zone", "schedule \"%s\": time_zone: %s", entry->name,
                         cause.msg);
    if (entry->every_ms == 0 && cron_next(&entry->cron, entry->tz, 0) < 0)
        return fail(err, entry, "cron", "names a time that never comes");
    return OK;
}

static int read_catch_up(struct schedule_entry *entry, struct err *err)
{
    static const char *const NAMES[] = { "once", "skip", "all" };
    json_t *value = json_object_get(entry->row, "catch_up");
    if (!value)
        return OK;
    for (int i = 0; i < 3; i++) {
        if (json_is_string(value) && strcmp(json_string_value(value), NAMES[i]) == 0) {
            entry->catch_up = (enum catch_up)i;
            return OK;
        }
    }
    return fail(err, entry, "catch_up", "must be \"once\", \"skip\" or \"all\"");
}

/* Lua has one table for both, so an empty array stands for an empty object. */
static int check_args(const struct schedule_entry *entry, struct err *err)
{
    json_t *args = json_object_get(entry->row, "args");
    if (args && !json_is_object(args) && !(json_is_array(args) && json_array_size(args) == 0))
        return fail(err, entry, "args", "must be a table of named values");
    return OK;
}

static int entry_read(struct schedule_entry *entry, struct err *err)
{
    entry->name = text_of_member(entry, "name");
    if (!is_name(entry->name))
        return err_field(err, "name", "a schedule needs a name of at most %d characters",
                         NAME_MOST);
    entry->task = text_of_member(entry, "task");
    if (!is_name(entry->task))
        return fail(err, entry, "task", "must be the name of a task");
    int rc = check_keys(entry, err);
    if (rc == OK)
        rc = read_time(entry, err);
    if (rc == OK)
        rc = read_zone(entry, err);
    if (rc == OK)
        rc = read_catch_up(entry, err);
    return rc == OK ? check_args(entry, err) : rc;
}

struct schedule_entry *schedule_entry_new(const json_t *row, struct err *err)
{
    if (!json_is_object(row)) {
        err_field(err, "", "a schedule must be a table of named values");
        return NULL;
    }
    struct schedule_entry *entry = xcalloc(1, sizeof(*entry));
    entry->refs = 1;
    entry->row = json_deep_copy(row);
    if (entry_read(entry, err) == OK)
        return entry;
    schedule_entry_unref(entry);
    return NULL;
}

struct schedule_entry *schedule_entry_ref(struct schedule_entry *entry)
{
    entry->refs++;
    return entry;
}

void schedule_entry_unref(struct schedule_entry *entry)
{
    if (!entry || --entry->refs > 0)
        return;
    tz_free(entry->tz);
    json_decref(entry->row);
    free(entry);
}

const char *schedule_entry_name(const struct schedule_entry *entry)
{
    return entry->name;
}

const json_t *schedule_entry_row(const struct schedule_entry *entry)
{
    return entry->row;
}

/* ---- times ----------------------------------------------------------------------------------- */

int64_t schedule_entry_next(const struct schedule_entry *entry, int64_t after_ms)
{
    return entry->every_ms ? after_ms + entry->every_ms
                           : cron_next(&entry->cron, entry->tz, after_ms);
}

/* The newest due times, in a ring. */
struct due_times {
    int64_t at_ms[SCHEDULE_CATCH_UP_MOST];
    int count; /* all that were added; the ring has the newest */
};

static void due_add(struct due_times *due, int64_t at_ms)
{
    due->at_ms[due->count++ % SCHEDULE_CATCH_UP_MOST] = at_ms;
}

static int64_t due_newest(const struct due_times *due)
{
    return due->at_ms[(due->count - 1) % SCHEDULE_CATCH_UP_MOST];
}

/* All due times in (last_ms, now_ms], or the newest of them when there are very many: only what the
 * ring holds is ever used. */
static void find_due(const struct schedule_entry *entry, int64_t last_ms, int64_t now_ms,
                     struct due_times *due)
{
    if (entry->every_ms) {
        int64_t missed = (now_ms - last_ms) / entry->every_ms;
        if (missed > SCHEDULE_CATCH_UP_MOST)
            last_ms += (missed - SCHEDULE_CATCH_UP_MOST) * entry->every_ms;
    }
    due->count = 0;
    int64_t at_ms = last_ms;
    while ((at_ms = schedule_entry_next(entry, at_ms)) > 0 && at_ms <= now_ms) {
        due_add(due, at_ms);
        if (due->count == STEPS_MOST) { /* a minute's cron after a month: begin nearer to now */
            at_ms = last_ms = now_ms - (now_ms - last_ms) / 16;
            due->count = 0;
        }
    }
}

/* ---- firing ---------------------------------------------------------------------------------- */

static int insert_job(const struct schedule_entry *entry, struct tx *tx, int64_t due_ms,
                      int64_t now_ms, struct schedule_fired *out, int64_t *id, struct err *err)
{
    json_t *given = json_object_get(entry->row, "args");
    json_t *args = json_is_object(given) ? json_copy(given) : json_object();
    json_object_set_new(args, "scheduled_for_ms", json_integer(due_ms));
    AUTO_FREE char *text = json_dumps(args, JSON_COMPACT);
    json_decref(args);
    AUTO_FREE char *handler = xasprintf("task:%s", entry->task);
    AUTO_FREE char *key = entry->catch_up == CATCH_UP_ALL
                              ? xasprintf("schedule:%s:%" PRId64, entry->name, due_ms)
                              : xasprintf("schedule:%s", entry->name);
    const struct job_spec spec = {
        .handler = handler, .lane = handler, .key = key, .args = text, .due_at_ms = now_ms
    };
    bool is_new = false;
    int rc = job_insert(tx, &spec, id, &is_new, err);
    out->jobs += rc == OK && is_new;
    return rc;
}

static int insert_jobs(const struct schedule_entry *entry, struct tx *tx,
                       const struct due_times *due, int64_t now_ms, struct schedule_fired *out,
                       int64_t *id, struct err *err)
{
    int64_t newest_ms = due_newest(due);
    if (entry->catch_up == CATCH_UP_SKIP && now_ms - newest_ms > LATE_MS)
        return OK;
    if (entry->catch_up != CATCH_UP_ALL)
        return insert_job(entry, tx, newest_ms, now_ms, out, id, err);
    int first = due->count > SCHEDULE_CATCH_UP_MOST ? due->count - SCHEDULE_CATCH_UP_MOST : 0;
    int rc = OK;
    for (int i = first; i < due->count && rc == OK; i++)
        rc = insert_job(entry, tx, due->at_ms[i % SCHEDULE_CATCH_UP_MOST], now_ms, out, id, err);
    return rc;
}

int schedule_entry_fire(const struct schedule_entry *entry, struct tx *tx, int64_t now_ms,
                        struct schedule_fired *out, struct err *err)
{
    int rc = OK;
    int64_t job_id = 0;
    struct due_times due = { .count = 0 };
    *out = (struct schedule_fired){ 0 };
    int64_t last_ms = tx_get_int(tx, &rc, err, -1, SELECT_STATE, "t", entry->name);
    if (rc != OK)
        return rc;
    bool is_first = last_ms < 0;
    bool went_back = last_ms > now_ms + CLOCK_BACK_MS;
    if (is_first || went_back)
        last_ms = now_ms;
    if (is_first && entry->every_ms)
        due_add(&due, now_ms);
    else
        find_due(entry, last_ms, now_ms, &due);
    if (due.count > 0) {
        last_ms = due_newest(&due);
        rc = insert_jobs(entry, tx, &due, now_ms, out, &job_id, err);
    }
    out->last_due_ms = last_ms;
    out->next_due_ms = schedule_entry_next(entry, last_ms);
    if (rc != OK || (due.count == 0 && !is_first && !went_back))
        return rc;
    rc = tx_exec(tx, err, SAVE_STATE, "tiii", entry->name, last_ms, job_id, now_ms);
    return rc < 0 ? rc : OK;
}
