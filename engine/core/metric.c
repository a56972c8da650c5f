#include "core/metric.h"

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

int metric_recompute(struct tx *tx, int64_t incident_id, struct err *err)
{
    int rc = tx_exec(tx, err, DELETE_METRICS, "i", incident_id);
    if (rc >= 0)
        rc = tx_exec(tx, err, INSERT_METRICS, "iiii", incident_id, incident_id, incident_id,
                     incident_id);
    return rc < 0 ? rc : OK;
}
