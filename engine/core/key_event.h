/* key_event - the moments between which metrics run; the operations are in op_table.h. */
#pragma once
#include <stdint.h>

#include "base/err.h"

struct tx;

/* Takes the key event <type> from the incident's timeline, except the record <but_id> ("": from all). What carries
 * nothing else disappears; a record that says more only loses the mark. */
int key_event_forget(struct tx *tx, int64_t incident_id, const char *type, const char *but_id,
                     struct err *err);
