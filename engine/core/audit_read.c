/* audit_read - who did what: of one incident, for whoever may see it, or of everything, for those who
 * see all. */
#include "core/args.h"
#include "core/op_table.h"
#include "core/policy.h"
#include "core/rows.h"
#include "store/db.h"

enum { LIMIT_DEFAULT = 50, LIMIT_MAX = 1000 };

#define SELECT_ENTRY                                                                             \
    "SELECT a.id, a.at_ms, a.actor_kind, a.actor_id, COALESCE(p.email, p.username, k.name),"     \
    " a.source, a.action, a.incident_id, a.before, a.after FROM audit a LEFT JOIN person p ON"   \
    " a.actor_kind = 'person' AND p.id = a.actor_id LEFT JOIN api_key k ON a.actor_kind = 'key'" \
    " AND k.id = CAST(a.actor_id AS INTEGER)"
static const char SELECT_OF_INCIDENT[] = SELECT_ENTRY " WHERE a.incident_id = ? ORDER BY a.id";
static const char SELECT_ALL[] = SELECT_ENTRY " WHERE a.id < ? ORDER BY a.id DESC LIMIT ?";

static void write_entry(struct json_writer *w, struct stmt *stmt)
{
    json_object_begin(w);
    json_put_int(w, "id", stmt_int(stmt, 0));
    json_put_int(w, "at_ms", stmt_int(stmt, 1));
    json_put_text(w, "actor_kind", stmt_text(stmt, 2));
    json_put_text(w, "actor_id", stmt_text(stmt, 3));
    json_put_text(w, "actor_name", stmt_text(stmt, 4));
    json_put_text(w, "source", stmt_text(stmt, 5));
    json_put_text(w, "action", stmt_text(stmt, 6));
    json_put_column(w, "incident_id", stmt, 7);
    json_put_stored(w, "before", stmt_text(stmt, 8));
    json_put_stored(w, "after", stmt_text(stmt, 9));
    json_object_finish(w);
}

static int list_all(struct op_call *call)
{
    struct args args = args_of(call);
    int64_t before_id = INT64_MAX, limit = LIMIT_DEFAULT;
    int rc = args_refuse_unknown(call, "before_id", "limit");
    if (rc == OK && !policy_sees_all(call->actor))
        rc = err_set(call->err, ERR_FORBIDDEN, "only those who see everything read all of it");
    if (rc == OK)
        rc = args_int_optional(&args, "before_id", 1, INT64_MAX, &before_id);
    if (rc == OK)
        rc = args_int_optional(&args, "limit", 1, LIMIT_MAX, &limit);
    if (rc != OK)
        return rc;
    struct stmt *stmt = tx_query(call->tx, call->err, SELECT_ALL, "ii", before_id, limit);
    return op_write_rows(call, stmt, write_entry);
}

/* audit.list {incident_id} | {before_id?, limit?} -> [{id, at_ms, actor_kind, actor_id, actor_name,
 * source, action, incident_id, before, after}] */
static int audit_list(struct op_call *call)
{
    struct args args = args_of(call);
    int64_t incident_id;
    if (!args_has(&args, "incident_id"))
        return list_all(call);
    int rc = policy_only_incident(call, "incident_id", &incident_id);
    if (rc != OK)
        return rc;
    struct stmt *stmt = tx_query(call->tx, call->err, SELECT_OF_INCIDENT, "i", incident_id);
    return op_write_rows(call, stmt, write_entry);
}

const struct op AUDIT_READ_OPS[] = {
    { "audit.list", false, audit_list,
      "{incident_id}: who did what to the incident, oldest first; or {before_id?, limit?}: to"
      " anything, newest first, for those who see everything -> [{id, at_ms, actor_kind, actor_id,"
      " actor_name, source, action, incident_id, before, after}]" },
    { 0 },
};
