#include "core/event.h"

#include "base/clock.h"
#include "base/mem.h"
#include "core/args.h"
#include "core/op_table.h"
#include "core/policy.h"
#include "core/rows.h"
#include "store/db.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { EVENT_PAYLOAD_MAX = 64 * 1024 };

const char *const EVENT_KINDS[] = {
    "incident.created",     "incident.updated",   "incident.closed", "incident.reopened",
    "incident.merged",      "update.edited",      "update.deleted",  "key_events.updated",
    "roles.assigned",       "records.changed",    "members.changed", "postmortem.created",
    "conversation.created", "conversation.ready", "job.died",        NULL,
};

static const char INSERT_EVENT[] =
    "INSERT INTO event (incident_id, kind, payload, created_at_ms) VALUES (NULLIF(?, 0), ?, ?, ?)";

/* In the order of an index: no sorting. Those that are for some fields only where the event names one of them. */
static const char SELECT_HANDLERS[] =
    "SELECT handler FROM subscription WHERE event_kind = ? AND (fields IS NULL OR EXISTS (SELECT 1"
    " FROM (SELECT value FROM json_each(?, '$.updated_fields') UNION ALL SELECT value FROM"
    " json_each(?, '$.fields')) changed WHERE subscription.fields = ' * ' OR"
    " instr(subscription.fields, ' ' || changed.value || ' ')))"
    " ORDER BY event_kind, position, handler";
static const char INSERT_JOB[] =
    "INSERT INTO job (handler, lane, event_id, incident_id, args, due_at_ms, created_at_ms)"
    " VALUES (?, ?, ?, NULLIF(?, 0), ?, ?, ?)";

/* One job for each subscribed handler. Row by row: cheaper than INSERT .. SELECT, which keeps a
 * journal of its own. <lane>: NULL for none. */
static int insert_jobs(struct tx *tx, const char *kind, int64_t event_id, int64_t incident_id,
                       const char *lane, const char *payload, struct err *err)
{
    int64_t now_ms = clock_now_ms();
    struct stmt *stmt = tx_query(tx, err, SELECT_HANDLERS, "ttt", kind, payload, payload);
    if (!stmt)
        return err->code;
    int rc;
    while ((rc = stmt_next(stmt, err)) == DB_ROW) {
        rc = tx_exec(tx, err, INSERT_JOB, "ttiitii", stmt_text(stmt, 0), lane, event_id,
                     incident_id, payload, now_ms, now_ms);
        if (rc < 0)
            break;
    }
    stmt_end(stmt);
    return rc;
}

static bool is_ours(const char *kind)
{
    const char *const *known = EVENT_KINDS;
    while (*known && strcmp(*known, kind) != 0)
        known++;
    return *known != NULL;
}

static int emit(struct tx *tx, const char *kind, int64_t incident_id, const char *lane,
                const char *payload_json, struct err *err)
{
    const char *payload = payload_json ? payload_json : "{}";
    int rc = tx_exec(tx, err, INSERT_EVENT, "itti", incident_id, kind, payload, clock_now_ms());
    return rc < 0 ? rc : insert_jobs(tx, kind, tx_insert_id(tx), incident_id, lane, payload, err);
}

static int emit_in_lane(struct tx *tx, const char *kind, int64_t incident_id,
                        const char *payload_json, struct err *err)
{
    char lane[40];
    snprintf(lane, sizeof(lane), "incident:%" PRId64, incident_id);
    return emit(tx, kind, incident_id, incident_id ? lane : NULL, payload_json, err);
}

int event_emit(struct tx *tx, const char *kind, int64_t incident_id, const char *payload_json,
               struct err *err)
{
    if (CHECK_FAIL(is_ours(kind)))
        return err_set(err, ERR_BUG, "EVENT_KINDS has no %s", kind);
    return emit_in_lane(tx, kind, incident_id, payload_json, err);
}

int event_emit_aside(struct tx *tx, const char *kind, int64_t incident_id, const char *payload_json,
                     struct err *err)
{
    if (CHECK_FAIL(is_ours(kind)))
        return err_set(err, ERR_BUG, "EVENT_KINDS has no %s", kind);
    return emit(tx, kind, incident_id, NULL, payload_json, err);
}

/* event.emit {kind, incident_id?, payload{}?} -> {} */
static int event_emit_op(struct op_call *call)
{
    struct args args = args_of(call);
    struct text kind;
    int64_t incident_id = 0;
    json_t *payload = NULL;
    if (args_refuse_unknown(call, "kind", "incident_id", "payload") != OK ||
        args_text(&args, "kind", 1, 80, &kind) != OK ||
        args_int_optional(&args, "incident_id", 1, INT64_MAX, &incident_id) != OK ||
        args_object_optional(&args, "payload", &payload) != OK)
        return call->err->code;
    if (incident_id && policy_require_incident(call, incident_id) != OK)
        return call->err->code;
    AUTO_FREE char *text = NULL;
    if (args_json_text(&args, "payload", payload, EVENT_PAYLOAD_MAX, &text) != OK)
        return call->err->code;
    AUTO_FREE char *name = text_dup(kind);
    int rc = emit_in_lane(call->tx, name, incident_id, text, call->err);
    if (rc == OK)
        op_answer_empty(call);
    return rc;
}

const struct op EVENT_OPS[] = {
    { "event.emit", true, event_emit_op,
      "{kind, incident_id?, payload?}: tells the handlers subscribed to <kind>" },
    { 0 },
};
