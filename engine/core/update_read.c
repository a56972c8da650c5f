/* update_read - one record of an incident's timeline: what changed in that step, as it was then. */
#include "core/args.h"
#include "core/incident_detail.h"
#include "core/op_table.h"
#include "core/policy.h"
#include "store/db.h"

static const char SELECT_INCIDENT[] = "SELECT incident_id FROM incident_update WHERE id = ?";

/* update.get {id} -> the record as incident.detail has it in `updates` */
static int update_get(struct op_call *call)
{
    struct args args = args_of(call);
    struct text text;
    int rc = args_refuse_unknown(call, "id");
    if (rc != OK || (rc = args_text(&args, "id", 1, 64, &text)) != OK)
        return rc;
    AUTO_FREE char *id = text_dup(text);
    int64_t incident_id = tx_get_int(call->tx, &rc, call->err, 0, SELECT_INCIDENT, "t", id);
    if (rc == OK && incident_id == 0)
        rc = err_set(call->err, ERR_NOT_FOUND, "there is no such update");
    if (rc == OK)
        rc = policy_require_incident(call, incident_id);
    return rc == OK ? incident_update_write(call->tx, call->out, id, call->err) : rc;
}

const struct op UPDATE_READ_OPS[] = {
    { "update.get", false, update_get,
      "{id}: one record of a timeline, as incident.detail has it" },
    { 0 },
};
