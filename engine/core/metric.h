/* metric - durations between key events. */
#pragma once
#include <stdint.h>

#include "base/err.h"

struct tx;

/* Computes all metrics of the incident anew, in the transaction that changed its key events: each runs from the newest
 * record of its start to the newest of its end; one that lacks either, or would be negative, is not there. */
int metric_recompute(struct tx *tx, int64_t incident_id, struct err *err);

/* What the metrics measure now, to be compared later; caller frees. NULL + err. */
char *metric_definitions(struct tx *tx, struct err *err);
/* Computes, for all incidents, the metrics that measure something else than <definitions> says or are
 * not in it: the operator changed or added them. The others stay as they are. */
int metric_recompute_changed(struct tx *tx, const char *definitions, struct err *err);
