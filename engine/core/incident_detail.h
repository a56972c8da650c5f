/* incident_detail - an incident with all that belongs to it, as JSON. */
#pragma once
#include <stdint.h>

#include "base/err.h"
#include "base/json_writer.h"

struct tx;

/* The incident object with updates, members, invitations, strategy_runs, jobs, messages and
 * metrics. Asks no policy. */
int incident_detail_write(struct tx *tx, struct json_writer *w, int64_t id, struct err *err);

/* One record of the timeline, as `updates` has it; null when there is none. Asks no policy. */
int incident_update_write(struct tx *tx, struct json_writer *w, const char *id, struct err *err);
