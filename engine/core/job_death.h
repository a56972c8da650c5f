/* job_death - a job that failed for good, or that an operator gave up before it ran, tells so: the event job.died, in
 * the transaction in which that happens, so that whoever waits for its effect hears that it will not come. */
#pragma once
#include <stdint.h>

#include "base/err.h"

struct tx;

/* Emits job.died {job_id, handler, fields: [handler], error or null} for a job whose row is dead or cancelled already;
 * <fields> lets a subscription be narrowed to some handlers (`touching`). The jobs of the event are in no lane. A job
 * that itself handles job.died dies in silence: it would tell of itself for ever. */
int job_death_tell(struct tx *tx, int64_t job_id, struct err *err);
