#include "core/audit.h"

#include "base/clock.h"
#include "core/args.h"
#include "core/op_table.h"
#include "core/policy.h"
#include "core/rows.h"
#include "store/db.h"

static const char INSERT_AUDIT[] =
    "INSERT INTO audit (at_ms, actor_kind, actor_id, source, action, incident_id, before, after)"
    " VALUES (?, ?, ?, ?, ?, NULLIF(?, 0), ?, ?)";

static const char SELECT_AUDIT[] =
    "SELECT id, at_ms, actor_kind, actor_id, source, action, before, after FROM audit"
    " WHERE incident_id = ? ORDER BY id";

static const char *const KIND_NAMES[] = {
    [ACTOR_SYSTEM] = "system",
    [ACTOR_PERSON] = "person",
    [ACTOR_KEY] = "key",
    [ACTOR_OPERATOR] = "operator",
};

const char *audit_actor_name(int kind)
{
    return KIND_NAMES[kind];
}

int audit_write(struct tx *tx, const struct actor *actor, const struct audit_entry *entry,
                struct err *err)
{
    int rc = tx_exec(tx, err, INSERT_AUDIT,
                     "itttt"
                     "itt",
                     clock_now_ms(), audit_actor_name(actor->kind), actor->id, actor->source,
                     entry->action, entry->incident_id, entry->before, entry->after);
    return rc < 0 ? rc : OK;
}

static void write_entry(struct json_writer *w, struct stmt *stmt)
{
    json_object_begin(w);
    json_put_int(w, "id", stmt_int(stmt, 0));
    json_put_int(w, "at_ms", stmt_int(stmt, 1));
    json_put_text(w, "actor_kind", stmt_text(stmt, 2));
    json_put_text(w, "actor_id", stmt_text(stmt, 3));
    json_put_text(w, "source", stmt_text(stmt, 4));
    json_put_text(w, "action", stmt_text(stmt, 5));
    json_put_stored(w, "before", stmt_text(stmt, 6));
    json_put_stored(w, "after", stmt_text(stmt, 7));
    json_object_finish(w);
}

/* audit.list {incident_id} -> [{id,at_ms,actor_kind,actor_id,source,action,before,after}], oldest
 * first */
static int audit_list(struct op_call *call)
{
    struct args args = args_of(call);
    int64_t incident_id;
    if (args_refuse_unknown(call, "incident_id") != OK ||
        args_int(&args, "incident_id", 1, INT64_MAX, &incident_id) != OK ||
        policy_require_incident(call, incident_id) != OK)
        return call->err->code;
    struct stmt *stmt = tx_query(call->tx, call->err, SELECT_AUDIT, "i", incident_id);
    return op_write_rows(call, stmt, write_entry);
}

const struct op AUDIT_OPS[] = {
    { "audit.list", false, audit_list, "{incident_id}: the incident's audit log, oldest first" },
    { 0 },
};
