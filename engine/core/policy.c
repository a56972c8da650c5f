#include "core/policy.h"

#include "core/args.h"
#include "core/op.h"
#include "store/db.h"

#include <inttypes.h>

static const char SELECT_IS_VISIBLE[] =
    "SELECT 1 FROM incident i WHERE i.id = ? AND " POLICY_MAY_SEE_SQL;

int64_t policy_sees_all(const struct actor *actor)
{
    return actor->sees_private ? 1 : 0;
}

const char *policy_person(const struct actor *actor)
{
    return actor->kind == ACTOR_PERSON ? actor->id : "";
}

static int is_visible(const struct actor *actor, struct tx *tx, int64_t incident_id, bool *visible,
                      struct err *err)
{
    int rc = OK;
    *visible =
        tx_get_int(tx, &rc, err, 0, SELECT_IS_VISIBLE, "iitt", incident_id, policy_sees_all(actor),
                   policy_person(actor), policy_person(actor)) == 1 &&
        rc == OK;
    return rc;
}

bool may_see(const struct actor *actor, struct tx *tx, int64_t incident_id)
{
    bool visible;
    return is_visible(actor, tx, incident_id, &visible, NULL) == OK && visible;
}

int policy_require_incident(struct op_call *call, int64_t incident_id)
{
    bool visible;
    int rc = is_visible(call->actor, call->tx, incident_id, &visible, call->err);
    if (rc != OK || visible)
        return rc;
    return err_set(call->err, ERR_NOT_FOUND, "there is no incident %" PRId64, incident_id);
}

int policy_only_incident(struct op_call *call, const char *key, int64_t *id)
{
    struct args args = args_of(call);
    int rc = args_refuse_unknown(call, key);
    if (rc == OK)
        rc = args_int(&args, key, 1, INT64_MAX, id);
    return rc == OK ? policy_require_incident(call, *id) : rc;
}
