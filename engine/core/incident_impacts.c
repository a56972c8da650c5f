/* incident_impacts - changing what an incident was declared with. The priority is not touched: what
 * the impacts suggest is told, and people decide. */
#include "core/args.h"
#include "core/impact.h"
#include "core/op_table.h"
#include "core/policy.h"
#include "core/record_change.h"
#include "core/incident_json.h"
#include "store/db.h"

enum { NO_PRIORITY = 6 }; /* what "not hit" counts as */

static const char SELECT_IMPACTS[] =
    "SELECT t.value, l.value FROM incident_impact m JOIN impact_type t ON t.id = m.impact_type_id"
    " JOIN impact_level l ON l.id = m.impact_level_id WHERE m.incident_id = ? ORDER BY t.value";
static const char SET_IMPACT[] =
    "INSERT INTO incident_impact (incident_id, impact_type_id, impact_level_id) VALUES (?, ?, ?) ON"
    " CONFLICT (incident_id, impact_type_id) DO UPDATE SET impact_level_id ="
    " excluded.impact_level_id";
static const char DELETE_IMPACT[] =
    "DELETE FROM incident_impact WHERE incident_id = ? AND impact_type_id = ?";
static const char SELECT_SUGGESTED[] =
    "SELECT MIN(CASE l.value WHEN 'HT' THEN 1 WHEN 'HI' THEN 2 WHEN 'MD' THEN 3 WHEN 'LO' THEN 4"
    " WHEN 'LT' THEN 5 ELSE 6 END) FROM incident_impact m JOIN impact_level l ON l.id ="
    " m.impact_level_id WHERE m.incident_id = ?";

/* {type: level} of the incident; NULL + err. */
static json_t *read_impacts(struct op_call *call, int64_t incident_id)
{
    struct stmt *stmt = tx_query(call->tx, call->err, SELECT_IMPACTS, "i", incident_id);
    if (!stmt)
        return NULL;
    json_t *impacts = json_object();
    int rc;
    while ((rc = stmt_next(stmt, call->err)) == DB_ROW)
        json_object_set_new(impacts, stmt_text(stmt, 0), json_string(stmt_text(stmt, 1)));
    stmt_end(stmt);
    if (rc == OK)
        return impacts;
    json_decref(impacts);
    return NULL;
}

/* null takes the impact away. */
static int set_one(struct op_call *call, const struct args *row, int64_t incident_id,
                   const char *type, json_t *level)
{
    struct impact impact;
    int rc = json_is_null(level) ? impact_find_type(call->tx, row, type, &impact.type_id)
                                 : impact_find(call->tx, row, type, level, &impact);
    if (rc != OK)
        return rc;
    rc = json_is_null(level)
             ? tx_exec(call->tx, call->err, DELETE_IMPACT, "ii", incident_id, impact.type_id)
             : tx_exec(call->tx, call->err, SET_IMPACT, "iit", incident_id, impact.type_id,
                       impact.level_id);
    return rc < 0 ? rc : OK;
}

static int set_all(struct op_call *call, int64_t incident_id)
{
    struct args args = args_of(call);
    struct args row;
    json_t *impacts = NULL;
    int rc = args_has(&args, "impacts") ? args_object_optional(&args, "impacts", &impacts)
                                        : args_fail(&args, "impacts", "impacts is required");
    if (rc != OK || !impacts)
        return rc;
    rc = args_enter(&args, "impacts", -1, impacts, &row);
    const char *type;
    json_t *level;
    json_object_foreach (impacts, type, level)
        if (rc == OK)
            rc = set_one(call, &row, incident_id, type, level);
    return rc;
}

static int note(struct op_call *call, int64_t incident_id, const json_t *before,
                const json_t *after)
{
    AUTO_FREE char *old = json_dumps(before, JSON_COMPACT);
    AUTO_FREE char *new = json_dumps(after, JSON_COMPACT);
    struct record_change change = { .incident_id = incident_id,
                                    .operation = "incident.set_impacts",
                                    .field = "impacts",
                                    .before = old,
                                    .after = new };
    return record_change_note(call, &change);
}

static int answer(struct op_call *call, int64_t incident_id, bool is_changed)
{
    int rc = OK;
    int64_t suggested =
        tx_get_int(call->tx, &rc, call->err, NO_PRIORITY, SELECT_SUGGESTED, "i", incident_id);
    json_object_begin(call->out);
    json_put_bool(call->out, "is_changed", is_changed);
    json_put_int(call->out, "suggested_priority_value", suggested);
    json_key(call->out, "incident");
    if (rc == OK)
        rc = incident_write(call->tx, call->out, incident_id, call->err);
    json_object_finish(call->out);
    return rc;
}

/* incident.set_impacts {id, impacts{type: level or null}} -> {is_changed, suggested_priority_value,
 * incident}; types that are not named keep their level; 6 suggests none */
static int set_impacts(struct op_call *call)
{
    struct args args = args_of(call);
    int64_t id;
    int rc = args_refuse_unknown(call, "id", "impacts");
    if (rc != OK || (rc = args_int(&args, "id", 1, INT64_MAX, &id)) != OK ||
        (rc = policy_require_incident(call, id)) != OK)
        return rc;
    AUTO_JSON json_t *before = read_impacts(call, id);
    if (!before || (rc = set_all(call, id)) != OK)
        return call->err->code;
    AUTO_JSON json_t *after = read_impacts(call, id);
    if (!after)
        return call->err->code;
    bool is_changed = !json_equal(before, after);
    if (is_changed)
        rc = note(call, id, before, after);
    return rc == OK ? answer(call, id, is_changed) : rc;
}

const struct op INCIDENT_IMPACT_OPS[] = {
    { "incident.set_impacts", true, set_impacts,
      "{id, impacts{type: level or null}}: how much it is felt, type by type; emits records.changed"
      " -> {is_changed, suggested_priority_value, incident}" },
    { 0 },
};
