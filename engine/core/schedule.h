/* schedule - which task runs when: makes a durable job "task:NAME" at each due time of the
 * current generation's schedules. What was served is remembered in the database with the jobs
 * themselves, so neither a restart nor a reload serves a due time twice. Loop thread. */
#pragma once
#include <jansson.h>

#include "base/err.h"

struct engine;
struct schedule;

/* Empty; nothing happens before schedule_replace(). */
struct schedule *schedule_new(struct engine *engine);
/* Makes no more jobs; before the store is closed. */
void schedule_close(struct schedule *schedule);
/* After loop_free(): looks that are still on their way need it. NULL is allowed. */
void schedule_free(struct schedule *schedule);

/* Takes the schedules of a generation in place of the last one's; see schedule_entry_new() for the
 * members of a row. ERR_INVALID: nothing changed. */
int schedule_replace(struct schedule *schedule, const json_t *rows, struct err *err);
/* The checks of schedule_replace() alone; any thread. */
int schedule_check(const json_t *rows, struct err *err);

/* A new array of the rows, with next_due_ms and last_due_ms (null: not known yet). */
json_t *schedule_list(const struct schedule *schedule);
