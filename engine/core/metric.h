/* metric - durations between key events. */
#pragma once
#include <stdint.h>

#include "base/err.h"

struct tx;

/* Computes all metrics of the incident anew, in the transaction that changed its key events: each runs from the newest
 * record of its start to the newest of its end; one that lacks either, or would be negative, is not there. */
int metric_recompute(struct tx *tx, int64_t incident_id, struct err *err);
