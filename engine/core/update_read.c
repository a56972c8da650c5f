/* update_read - one record of an incident's timeline: what changed in that step, as it was then; by
 * its id, or by the message that it was made from. */
#include "core/args.h"
#include "core/incident_detail.h"
#include "core/op_table.h"
#include "core/policy.h"
#include "core/update_source.h"
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

/* update.of_message {source} -> the record that was made from it, as update.get has it, or null: there
 * is none, or the caller may not see it */
static int update_of_message(struct op_call *call)
{
    struct args args = args_of(call);
    struct update_source source;
    char id[ID_SIZE];
    int64_t incident_id;
    int rc = args_refuse_unknown(call, "source");
    if (rc == OK)
        rc = update_source_read(call, &args, &source);
    if (rc == OK && !update_source_is_set(&source))
        rc = args_fail(&args, "source", "source is required");
    if (rc == OK)
        rc = update_source_find(call, &source, id, &incident_id);
    if (rc != OK)
        return rc;
    if (incident_id && may_see(call->actor, call->tx, incident_id))
        return incident_update_write(call->tx, call->out, id, call->err);
    json_null_value(call->out);
    return OK;
}

const struct op UPDATE_READ_OPS[] = {
    { "update.get", false, update_get,
      "{id}: one record of a timeline, as incident.detail has it" },
    { "update.of_message", false, update_of_message,
      "{source{conversation_id, external_id}}: the record that was made from a message, or null" },
    { 0 },
};
