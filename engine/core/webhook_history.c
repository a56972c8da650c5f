/* webhook_history - the log of deliveries, and sending one again. */
#include "base/clock.h"
#include "core/audit.h"
#include "core/op_table.h"
#include "core/policy.h"
#include "core/rows.h"
#include "core/webhook_delivery.h"
#include "store/db.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    LIST_DEFAULT = 50,
    LIST_MOST = 1000,
};

/* ---- looking */

#define DELIVERIES                                                                      \
    "SELECT d.id, d.webhook, d.message_id, d.kind, d.incident_id, d.state, d.attempts," \
    " d.created_at_ms, d.updated_at_ms, a.status, a.duration_ms, a.answer, a.error"     \
    " FROM webhook_delivery d LEFT JOIN incident i ON i.id = d.incident_id"             \
    " LEFT JOIN webhook_attempt a ON a.delivery_id = d.id AND a.attempt = d.attempts"   \
    " WHERE (d.incident_id IS NULL OR " POLICY_MAY_SEE_SQL ")"
#define DELIVERIES_SHOWN \
    DELIVERIES           \
    " AND (? = '' OR d.webhook = ?) AND (? = '' OR d.state = ?) ORDER BY d.id DESC LIMIT ?"

static const char SELECT_KNOWN[] =
    "SELECT 1 FROM webhook WHERE name = ?"; /* in the config or not */
static const char SELECT_DELIVERIES[] = DELIVERIES_SHOWN;
static const char SELECT_DELIVERY[] = DELIVERIES " AND d.id = ?";
static const char SELECT_BODY[] = "SELECT body FROM webhook_delivery WHERE id = ?";
static const char SELECT_ATTEMPTS[] =
    "SELECT attempt, at_ms, duration_ms, status, answer, error FROM webhook_attempt"
    " WHERE delivery_id = ? ORDER BY attempt";

static void write_members(struct json_writer *w, struct stmt *stmt)
{
    json_put_int(w, "id", stmt_int(stmt, 0));
    json_put_text(w, "webhook", stmt_text(stmt, 1));
    json_put_text(w, "message_id", stmt_text(stmt, 2));
    json_put_text(w, "kind", stmt_text(stmt, 3));
    json_put_column(w, "incident_id", stmt, 4);
    json_put_text(w, "state", stmt_text(stmt, 5));
    json_put_int(w, "attempts", stmt_int(stmt, 6));
    json_put_int(w, "created_at_ms", stmt_int(stmt, 7));
    json_put_int(w, "updated_at_ms", stmt_int(stmt, 8));
    json_put_column(w, "status", stmt, 9);
    json_put_column(w, "duration_ms", stmt, 10);
    json_put_text(w, "answer", stmt_text(stmt, 11));
    json_put_text(w, "error", stmt_text(stmt, 12));
}

static void write_delivery(struct json_writer *w, struct stmt *stmt)
{
    json_object_begin(w);
    write_members(w, stmt);
    json_object_finish(w);
}

static void write_attempt(struct json_writer *w, struct stmt *stmt)
{
    json_object_begin(w);
    json_put_int(w, "attempt", stmt_int(stmt, 0));
    json_put_int(w, "at_ms", stmt_int(stmt, 1));
    json_put_int(w, "duration_ms", stmt_int(stmt, 2));
    json_put_column(w, "status", stmt, 3);
    json_put_text(w, "answer", stmt_text(stmt, 4));
    json_put_text(w, "error", stmt_text(stmt, 5));
    json_object_finish(w);
}

/* webhook.deliveries {webhook?, state?, limit?} -> [delivery with its last attempt], newest first */
static int webhook_deliveries(struct op_call *call)
{
    struct args args = args_of(call);
    struct text webhook, state;
    int64_t limit = LIST_DEFAULT;
    int rc = args_refuse_unknown(call, "webhook", "state", "limit");
    if (rc != OK ||
        (rc = args_text_optional(&args, "webhook", 1, WEBHOOK_NAME_LONGEST, &webhook)) != OK ||
        (rc = args_text_optional(&args, "state", 1, 20, &state)) != OK ||
        (rc = args_int_optional(&args, "limit", 1, LIST_MOST, &limit)) != OK)
        return rc;
    if (state.at && !webhook_find_state(state))
        return args_fail(&args, "state", "state must be waiting, delivered or failed");
    if (webhook.at &&
        tx_get_int(call->tx, &rc, call->err, 0, SELECT_KNOWN, "n", webhook.at, webhook.len) == 0)
        return rc != OK ? rc
                        : args_fail(&args, "webhook", "there is no webhook \"%.*s\"",
                                    (int)webhook.len, webhook.at);
    webhook = webhook.at ? webhook : text_of("");
    state = state.at ? state : text_of("");
    const char *person = policy_person(call->actor);
    struct stmt *stmt =
        tx_query(call->tx, call->err, SELECT_DELIVERIES, "ittnnnni", policy_sees_all(call->actor),
                 person, person, webhook.at, webhook.len, webhook.at, webhook.len, state.at,
                 state.len, state.at, state.len, limit);
    return op_write_rows(call, stmt, write_delivery);
}

/* OK and DB_ROW in *rc's place: the delivery's row is the statement's; else an error. */
static int find_delivery(struct op_call *call, int64_t id, struct stmt **stmt)
{
    const char *person = policy_person(call->actor);
    *stmt = tx_query(call->tx, call->err, SELECT_DELIVERY, "itti", policy_sees_all(call->actor),
                     person, person, id);
    int rc = *stmt ? stmt_next(*stmt, call->err) : call->err->code;
    return rc == DB_DONE ? webhook_fail_no_delivery(call, id) : rc < 0 ? rc : OK;
}

/* webhook.delivery {id} -> delivery with body (text) and tries[] */
static int webhook_delivery(struct op_call *call)
{
    struct args args = args_of(call);
    int64_t id;
    struct stmt *stmt = NULL;
    int rc = args_refuse_unknown(call, "id");
    if (rc != OK || (rc = args_int(&args, "id", 1, INT64_MAX, &id)) != OK)
        return rc;
    rc = find_delivery(call, id, &stmt);
    if (rc == OK) {
        json_object_begin(call->out);
        write_members(call->out, stmt);
    }
    stmt_end(stmt);
    if (rc != OK)
        return rc;
    stmt = tx_query(call->tx, call->err, SELECT_BODY, "i", id);
    rc = stmt ? stmt_next(stmt, call->err) : call->err->code;
    if (rc == DB_ROW)
        json_put_text(call->out, "body", stmt_text(stmt, 0));
    stmt_end(stmt);
    if (rc < 0)
        return rc;
    json_key(call->out, "tries");
    rc = rows_write(call->out, tx_query(call->tx, call->err, SELECT_ATTEMPTS, "i", id),
                    write_attempt, call->err);
    json_object_finish(call->out);
    return rc;
}

/* ---- again */

static const char MAKE_WAITING[] =
    "UPDATE webhook_delivery SET state = 'waiting', updated_at_ms = ? WHERE id = ?";
static const char SELECT_FAILED[] =
    "SELECT id, COALESCE(incident_id, 0) FROM webhook_delivery WHERE webhook = ? AND state ="
    " 'failed' ORDER BY id LIMIT 1000";

static int replay_one(struct op_call *call, int64_t id, int64_t incident_id)
{
    char after[48];
    snprintf(after, sizeof(after), "{\"delivery_id\":%" PRId64 "}", id);
    struct audit_entry entry = { .action = "webhook.replay",
                                 .incident_id = incident_id,
                                 .after = after };
    int rc = tx_exec(call->tx, call->err, MAKE_WAITING, "ii", clock_now_ms(), id);
    if (rc >= 0)
        rc = webhook_enqueue(call, id, incident_id);
    return rc < 0 ? rc : audit_write(call->tx, call->actor, &entry, call->err);
}

static int replay_failed(struct op_call *call, struct text webhook, int64_t *count)
{
    struct stmt *stmt = tx_query(call->tx, call->err, SELECT_FAILED, "n", webhook.at, webhook.len);
    if (!stmt)
        return call->err->code;
    struct {
        int64_t id, incident_id;
    } rows[1000];
    int rc;
    while ((rc = stmt_next(stmt, call->err)) == DB_ROW) {
        rows[*count].id = stmt_int(stmt, 0);
        rows[(*count)++].incident_id = stmt_int(stmt, 1);
    }
    stmt_end(stmt);
    for (int64_t i = 0; rc >= 0 && i < *count; i++)
        rc = replay_one(call, rows[i].id, rows[i].incident_id);
    return rc;
}

/* webhook.replay {id} or {webhook}: that delivery, or all failed ones of a webhook, are sent again
 * with the bytes of the first time -> {count} */
static int webhook_replay(struct op_call *call)
{
    struct args args = args_of(call);
    struct text webhook;
    int64_t id = 0, count = 0;
    struct stmt *stmt = NULL;
    int rc = args_refuse_unknown(call, "id", "webhook");
    if (rc != OK || (rc = args_int_optional(&args, "id", 1, INT64_MAX, &id)) != OK ||
        (rc = args_text_optional(&args, "webhook", 1, WEBHOOK_NAME_LONGEST, &webhook)) != OK)
        return rc;
    if (!id == !webhook.at)
        return args_fail(&args, "id", "either id or webhook is required");
    if (id) {
        rc = find_delivery(call, id, &stmt);
        int64_t incident_id = rc == OK ? stmt_int(stmt, 4) : 0;
        stmt_end(stmt);
        rc = rc == OK ? replay_one(call, id, incident_id) : rc;
        count = 1;
    } else {
        rc = replay_failed(call, webhook, &count);
    }
    if (rc < 0)
        return rc;
    return op_answer_count(call, count);
}

const struct op WEBHOOK_HISTORY_OPS[] = {
    { "webhook.deliveries", false, webhook_deliveries,
      "{webhook?, state?, limit?}: deliveries with their last attempts, newest first" },
    { "webhook.delivery", false, webhook_delivery, "{id}: one with its body and all tries" },
    { "webhook.replay", true, webhook_replay,
      "{id} or {webhook}: sends one again, or all that failed -> {count}" },
    { 0 },
};
