/* webhook_delivery - what is told to a webhook: one delivery for each event and webhook, sent by a job,
 * with a record of each attempt. */
#pragma once
#include <stdint.h>

#include "core/args.h"

enum { WEBHOOK_NAME_LONGEST = 64 };

/* Makes the job that sends a delivery, or sends it again. */
int webhook_enqueue(struct op_call *call, int64_t delivery_id, int64_t incident_id);
/* ERR_NOT_FOUND. */
int webhook_fail_no_delivery(struct op_call *call, int64_t id);
/* "waiting", "delivered" or "failed"; NULL for another name. */
const char *webhook_find_state(struct text name);
