#include "core/metric.h"

#include "base/mem.h"
#include "store/db.h"

static const char DELETE_METRICS[] = "DELETE FROM incident_metric WHERE incident_id = ?";
static const char INSERT_METRICS[] =
    "INSERT INTO incident_metric (incident_id, metric_type_id, duration_ms)"
    " SELECT ?, m.id, e.at_ms - s.at_ms FROM metric_type m"
    " JOIN (SELECT event_type, MAX(event_at_ms) AS at_ms FROM incident_update WHERE incident_id = "
    "? AND event_type IS"
    " NOT NULL GROUP BY event_type) s ON s.event_type = m.milestone_start"
    " JOIN (SELECT event_type, MAX(event_at_ms) AS at_ms FROM incident_update WHERE incident_id = "
    "? AND event_type IS"
    " NOT NULL GROUP BY event_type) e ON e.event_type = m.milestone_end"
    " WHERE m.is_active = 1 AND e.at_ms >= s.at_ms AND NOT EXISTS"
    " (SELECT 1 FROM incident WHERE id = ? AND is_drill = 1)";

static const char SELECT_DEFINITIONS[] =
    "SELECT json_group_array(json_array(id, milestone_start, milestone_end)) FROM metric_type WHERE"
    " is_active = 1";
static const char SELECT_CHANGED[] =
    "SELECT id, milestone_start, milestone_end FROM metric_type WHERE is_active = 1 AND"
    " json_array(id, milestone_start, milestone_end) NOT IN (SELECT value FROM json_each(?))";
static const char DELETE_OF_TYPE[] = "DELETE FROM incident_metric WHERE metric_type_id = ?";
static const char INSERT_OF_TYPE[] =
    "INSERT INTO incident_metric (incident_id, metric_type_id, duration_ms) SELECT i.id, ?, e.at_ms"
    " - s.at_ms FROM (SELECT incident_id, MAX(event_at_ms) AS at_ms FROM incident_update WHERE"
    " event_type = ? GROUP BY incident_id) s JOIN (SELECT incident_id, MAX(event_at_ms) AS at_ms"
    " FROM incident_update WHERE event_type = ? GROUP BY incident_id) e ON e.incident_id ="
    " s.incident_id JOIN incident i ON i.id = s.incident_id WHERE e.at_ms >= s.at_ms AND i.is_drill"
    " = 0";

int metric_recompute(struct tx *tx, int64_t incident_id, struct err *err)
{
    int rc = tx_exec(tx, err, DELETE_METRICS, "i", incident_id);
    if (rc >= 0)
        rc = tx_exec(tx, err, INSERT_METRICS, "iiii", incident_id, incident_id, incident_id,
                     incident_id);
    return rc < 0 ? rc : OK;
}

char *metric_definitions(struct tx *tx, struct err *err)
{
    struct stmt *stmt = tx_query(tx, err, SELECT_DEFINITIONS, "");
    int rc = stmt ? stmt_next(stmt, err) : err->code;
    char *definitions = rc == DB_ROW ? xstrdup(stmt_text(stmt, 0)) : NULL;
    stmt_end(stmt);
    return definitions;
}

static int recompute_type(struct tx *tx, int64_t id, const char *start, const char *end,
                          struct err *err)
{
    int rc = tx_exec(tx, err, DELETE_OF_TYPE, "i", id);
    if (rc >= 0)
        rc = tx_exec(tx, err, INSERT_OF_TYPE, "itt", id, start, end);
    return rc < 0 ? rc : OK;
}

int metric_recompute_changed(struct tx *tx, const char *definitions, struct err *err)
{
    struct stmt *stmt = tx_query(tx, err, SELECT_CHANGED, "t", definitions);
    int rc = stmt ? DB_ROW : err->code;
    while (stmt && rc >= 0 && (rc = stmt_next(stmt, err)) == DB_ROW)
        rc = recompute_type(tx, stmt_int(stmt, 0), stmt_text(stmt, 1), stmt_text(stmt, 2), err);
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}
