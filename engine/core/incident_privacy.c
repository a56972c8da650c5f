/* incident_privacy - a public incident becomes private, from now on in every output. There is no way back: what was
 * said under that promise stays under it. */
#include "core/op_table.h"
#include "core/policy.h"
#include "core/record_change.h"
#include "store/db.h"

static const char MAKE_PRIVATE[] =
    "UPDATE incident SET is_private = 1 WHERE id = ? AND is_private = 0";

/* incident.make_private {id} -> {is_changed, incident} */
static int make_private(struct op_call *call)
{
    int64_t id;
    int rc = policy_only_incident(call, "id", &id);
    if (rc != OK)
        return rc;
    int changed = tx_exec(call->tx, call->err, MAKE_PRIVATE, "i", id);
    if (changed < 0)
        return changed;
    struct record_change change = { .incident_id = id,
                                    .operation = "incident.make_private",
                                    .field = "is_private",
                                    .before = "false",
                                    .after = "true" };
    rc = changed ? record_change_note(call, &change) : OK;
    return rc == OK ? record_change_answer(call, id, changed > 0) : rc;
}

const struct op INCIDENT_PRIVACY_OPS[] = {
    { "incident.make_private", true, make_private,
      "{id}: seen by its members, role holders and administrators only, for good; emits "
      "records.changed ->"
      " {is_changed, incident}" },
    { 0 },
};
