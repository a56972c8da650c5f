/* category_mtbf - the mean time between failures of each category over a period: the time that was not spent on
 * fixing, shared among its incidents. What is ignored, and drills, are no failures. */
#include "base/clock.h"
#include "core/args.h"
#include "core/op_table.h"
#include "core/policy.h"
#include "core/rows.h"
#include "store/db.h"

/* Without any time to fix the mean is unknown: NULL. */
static const char SELECT_MTBF[] =
    "SELECT c.id, g.name, c.name, COUNT(i.id), MAX(0, ? - SUM(m.duration_ms)) / COUNT(i.id)"
    " FROM category c JOIN category_group g ON g.id = c.group_id"
    " LEFT JOIN incident i ON i.category_id = c.id AND i.created_at_ms >= ? AND i.created_at_ms < ?"
    " AND i.is_ignored = 0 AND i.is_drill = 0 AND " POLICY_MAY_SEE_SQL
    " LEFT JOIN metric_type t ON t.type = 'time_to_fix'"
    " LEFT JOIN incident_metric m ON m.incident_id = i.id AND m.metric_type_id = t.id"
    " WHERE c.is_active = 1 GROUP BY c.id ORDER BY g.position, g.name, c.position, c.name";

static void write_category(struct json_writer *w, struct stmt *stmt)
{
    json_object_begin(w);
    json_put_text(w, "category_id", stmt_text(stmt, 0));
    json_put_text(w, "group", stmt_text(stmt, 1));
    json_put_text(w, "category", stmt_text(stmt, 2));
    json_put_int(w, "incident_count", stmt_int(stmt, 3));
    json_put_column(w, "mtbf_ms", stmt, 4);
    json_object_finish(w);
}

/* reference.category_mtbf {from_ms, to_ms?} -> [{category_id, group, category, incident_count, mtbf_ms or null}] */
static int category_mtbf(struct op_call *call)
{
    struct args args = args_of(call);
    const char *person = policy_person(call->actor);
    int64_t now_ms = clock_now_ms(), from_ms, to_ms = now_ms;
    int rc = args_refuse_unknown(call, "from_ms", "to_ms");
    if (rc == OK)
        rc = args_int(&args, "from_ms", 0, INT64_MAX, &from_ms);
    if (rc == OK)
        rc = args_int_optional(&args, "to_ms", 0, INT64_MAX, &to_ms);
    if (rc != OK)
        return rc;
    if (to_ms > now_ms)
        to_ms = now_ms;
    if (from_ms >= to_ms)
        return args_fail(&args, "from_ms", "the period must begin before it ends, and before now");
    struct stmt *stmt = tx_query(call->tx, call->err, SELECT_MTBF, "iiiitt", to_ms - from_ms,
                                 from_ms, to_ms, policy_sees_all(call->actor), person, person);
    return op_write_rows(call, stmt, write_category);
}

const struct op CATEGORY_MTBF_OPS[] = {
    { "reference.category_mtbf", false, category_mtbf,
      "{from_ms, to_ms?}: the mean time between failures of each category, up to now at most"
      " -> [{category_id, group, category, incident_count, mtbf_ms or null}]" },
    { 0 },
};
