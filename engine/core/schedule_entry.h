/* schedule_entry - one schedule: its rule, and what it does in a transaction when it is due. Knows
 * nothing of the loop. The rule never changes after it was made, so that a store thread may read it
 * while the loop thread holds a reference; references are counted on the loop thread only. */
#pragma once
#include <jansson.h>
#include <stdint.h>

#include "base/err.h"

struct tx;
struct schedule_entry;

enum { SCHEDULE_CATCH_UP_MOST = 100 };

/* From {name, task, every_ms | cron, time_zone?, catch_up?, args?, about?}. One reference for the
 * caller. NULL + err: ERR_INVALID with a sentence that names the schedule and the member. */
struct schedule_entry *schedule_entry_new(const json_t *row, struct err *err);
struct schedule_entry *schedule_entry_ref(struct schedule_entry *entry);
void schedule_entry_unref(struct schedule_entry *entry); /* NULL is allowed */

const char *schedule_entry_name(const struct schedule_entry *entry); /* borrowed */
/* The row it was made from, borrowed. */
const json_t *schedule_entry_row(const struct schedule_entry *entry);

/* The first due time after <after_ms>; -1: never. */
int64_t schedule_entry_next(const struct schedule_entry *entry, int64_t after_ms);

/* What a look at the schedule did. */
struct schedule_fired {
    int jobs;            /* made now */
    int64_t last_due_ms; /* 0: not yet due since it is known */
    int64_t next_due_ms; /* -1: never */
};

/* Makes the jobs that are due at <now_ms> and remembers it, in one transaction, so that no due time
 * is served twice. An interval is due at once when it is new; a cron time only when it comes. What
 * was missed while nothing ran follows `catch_up`: "once" makes one job for all of it, "skip" none
 * (but a minute's delay is no miss), "all" one each, the newest SCHEDULE_CATCH_UP_MOST. Except with
 * "all", a due time that finds the last job still unfinished makes no second one. */
int schedule_entry_fire(const struct schedule_entry *entry, struct tx *tx, int64_t now_ms,
                        struct schedule_fired *out, struct err *err);
