/* record_change - what every change of an incident's records (tags, impacts, custom fields, costs)
 * leaves behind: a new time of change, an audit entry and the event records.changed. */
#pragma once
#include <stdint.h>

#include "core/op.h"

struct record_change {
    int64_t incident_id;
    const char *operation; /* "incident.set_tags" */
    const char *field;     /* "tags": what the event says changed */
    const char *before;    /* JSON text; NULL: there was nothing */
    const char *after;     /* JSON text; NULL: there is nothing any more */
};

/* Writes the traces of a change that was made; in its transaction. */
int record_change_note(struct op_call *call, const struct record_change *change);

/* Answers {is_changed, incident} for a change of <incident_id>. */
int record_change_answer(struct op_call *call, int64_t incident_id, bool is_changed);
