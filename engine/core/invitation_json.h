/* invitation_json - the invitations of an incident with their reasons, and its strategies' runs, as
 * JSON. */
#pragma once
#include <stdint.h>

#include "base/err.h"
#include "base/json_writer.h"

struct tx;

/* [{person, state, error, attempts, reasons:[{strategy, reason, source_line}], updated_at_ms}];
 * <person_id> NULL: of everyone. */
int invitations_write(struct tx *tx, struct json_writer *w, int64_t incident_id,
                      const char *person_id, struct err *err);
/* [{strategy, state, error, people, duration_ms, created_at_ms}], in the order they ran. */
int strategy_runs_write(struct tx *tx, struct json_writer *w, int64_t incident_id, struct err *err);
