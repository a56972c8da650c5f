/* Whether a webhook may hear of an incident is decided here, when a delivery is made and again before
 * it is sent. */
#include "core/webhook_delivery.h"

#include "base/clock.h"
#include "core/ids.h"
#include "core/job_store.h"
#include "core/op_table.h"
#include "core/rows.h"
#include "store/db.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    BODY_LONGEST = 256 * 1024,
    ANSWER_LONGEST = 1000,
    PRUNE_STEP = 500,
    ATTEMPTS = 20, /* with the pauses of jobs: a good hour */
};
static const char DELIVER_TASK[] = "task:webhooks.deliver";

/* ---- making a delivery */

/* No row: the webhook is unknown, or may not hear of the incident. */
static const char SELECT_MAY_HEAR[] =
    "SELECT 1 FROM webhook w WHERE w.name = ? AND w.is_active = 1 AND (w.is_private = 1 OR NOT"
    " EXISTS (SELECT 1 FROM incident i WHERE i.id = ? AND i.is_private = 1))";
static const char SELECT_MADE[] =
    "SELECT id FROM webhook_delivery WHERE webhook = ? AND job_id = ?";
static const char INSERT_DELIVERY[] =
    "INSERT INTO webhook_delivery (webhook, message_id, job_id, kind, incident_id, body,"
    " created_at_ms, updated_at_ms) VALUES (?, ?, ?, ?, NULLIF(?, 0), ?, ?, ?)";

struct wish {
    struct text webhook, kind, body;
    int64_t incident_id, job_id;
};

static int read_wish(struct op_call *call, struct wish *wish)
{
    struct args args = args_of(call);
    int rc = args_refuse_unknown(call, "webhook", "kind", "incident_id", "job_id", "body");
    if (rc != OK ||
        (rc = args_text(&args, "webhook", 1, WEBHOOK_NAME_LONGEST, &wish->webhook)) != OK ||
        (rc = args_text(&args, "kind", 1, 80, &wish->kind)) != OK ||
        (rc = args_int_optional(&args, "incident_id", 1, INT64_MAX, &wish->incident_id)) != OK ||
        (rc = args_int(&args, "job_id", 1, INT64_MAX, &wish->job_id)) != OK)
        return rc;
    return args_text(&args, "body", 1, BODY_LONGEST, &wish->body);
}

int webhook_enqueue(struct op_call *call, int64_t id, int64_t incident_id)
{
    char text[48], key[48];
    snprintf(text, sizeof(text), "{\"delivery_id\":%" PRId64 "}", id);
    snprintf(key, sizeof(key), "webhook:%" PRId64, id);
    const struct job_spec spec = { .handler = DELIVER_TASK,
                                   .key = key,
                                   .args = text,
                                   .incident_id = incident_id,
                                   .due_at_ms = clock_now_ms(),
                                   .max_attempts = ATTEMPTS };
    int64_t job_id;
    return job_insert(call->tx, &spec, &job_id, NULL, call->err);
}

static int insert_delivery(struct op_call *call, const struct wish *wish, int64_t *id)
{
    char message_id[ID_SIZE];
    id_new(message_id);
    int64_t now_ms = clock_now_ms();
    int rc = tx_exec(call->tx, call->err, INSERT_DELIVERY, "ntininii", wish->webhook.at,
                     wish->webhook.len, message_id, wish->job_id, wish->kind.at, wish->kind.len,
                     wish->incident_id, wish->body.at, wish->body.len, now_ms, now_ms);
    if (rc < 0)
        return rc;
    *id = tx_insert_id(call->tx);
    return webhook_enqueue(call, *id, wish->incident_id);
}

/* webhook.prepare {webhook, kind, incident_id?, job_id, body} -> {id}: null when it may not hear of
 * the incident. The same job twice gives the same delivery. */
static int webhook_prepare(struct op_call *call)
{
    struct wish wish = { 0 };
    int rc = read_wish(call, &wish);
    if (rc != OK)
        return rc;
    bool may_hear = tx_get_int(call->tx, &rc, call->err, 0, SELECT_MAY_HEAR, "ni", wish.webhook.at,
                               wish.webhook.len, wish.incident_id) == 1;
    int64_t id = rc == OK ? tx_get_int(call->tx, &rc, call->err, 0, SELECT_MADE, "ni",
                                       wish.webhook.at, wish.webhook.len, wish.job_id)
                          : 0;
    if (rc == OK && may_hear && id == 0)
        rc = insert_delivery(call, &wish, &id);
    if (rc != OK)
        return rc;
    json_object_begin(call->out);
    json_key(call->out, "id");
    if (id)
        json_int(call->out, id);
    else
        json_null_value(call->out);
    json_object_finish(call->out);
    return OK;
}

/* ---- sending */

static int read_id(struct op_call *call, const char *key, int64_t *id)
{
    struct args args = args_of(call);
    return args_int(&args, key, 1, INT64_MAX, id);
}

int webhook_fail_no_delivery(struct op_call *call, int64_t id)
{
    return err_set(call->err, ERR_NOT_FOUND, "there is no delivery %" PRId64, id);
}

static const char SELECT_TO_SEND[] =
    "SELECT d.webhook, d.message_id, d.body, w.is_active = 1 AND (w.is_private = 1 OR"
    " COALESCE(i.is_private, 0) = 0) FROM webhook_delivery d JOIN webhook w ON w.name = d.webhook"
    " LEFT JOIN incident i ON i.id = d.incident_id WHERE d.id = ?";

/* webhook.to_send {id} -> {webhook, message_id, body, may_send, attempts_most} */
static int webhook_to_send(struct op_call *call)
{
    int64_t id;
    int rc = args_refuse_unknown(call, "id");
    if (rc != OK || (rc = read_id(call, "id", &id)) != OK)
        return rc;
    struct stmt *stmt = tx_query(call->tx, call->err, SELECT_TO_SEND, "i", id);
    if (!stmt)
        return call->err->code;
    rc = stmt_next(stmt, call->err);
    if (rc == DB_ROW) {
        json_object_begin(call->out);
        json_put_text(call->out, "webhook", stmt_text(stmt, 0));
        json_put_text(call->out, "message_id", stmt_text(stmt, 1));
        json_put_text(call->out, "body", stmt_text(stmt, 2));
        json_put_bool(call->out, "may_send", stmt_int(stmt, 3) != 0);
        json_put_int(call->out, "attempts_most", ATTEMPTS);
        json_object_finish(call->out);
    }
    stmt_end(stmt);
    if (rc == DB_DONE)
        return webhook_fail_no_delivery(call, id);
    return rc < 0 ? rc : OK;
}

static const char NOTE_STATE[] = "UPDATE webhook_delivery SET attempts = attempts + 1, state = ?, "
                                 "updated_at_ms = ? WHERE id = ?";
static const char INSERT_ATTEMPT[] =
    "INSERT INTO webhook_attempt (delivery_id, attempt, at_ms, duration_ms, status, answer, error)"
    " SELECT id, attempts, ?, ?, NULLIF(?, 0), ?, ? FROM webhook_delivery WHERE id = ?";

const char *webhook_find_state(struct text name)
{
    static const char *const STATES[] = { "waiting", "delivered", "failed" };
    for (size_t i = 0; i < sizeof(STATES) / sizeof(*STATES); i++)
        if (text_is(name, STATES[i]))
            return STATES[i];
    return NULL;
}

/* webhook.attempted {id, state, duration_ms, status?, answer?, error?} -> {} */
static int webhook_attempted(struct op_call *call)
{
    struct args args = args_of(call);
    struct text state, answer, error;
    int64_t id, duration_ms, status = 0;
    int rc = args_refuse_unknown(call, "id", "state", "duration_ms", "status", "answer", "error");
    if (rc != OK || (rc = read_id(call, "id", &id)) != OK ||
        (rc = args_text(&args, "state", 1, 20, &state)) != OK ||
        (rc = args_int(&args, "duration_ms", 0, INT64_MAX, &duration_ms)) != OK ||
        (rc = args_int_optional(&args, "status", 100, 999, &status)) != OK ||
        (rc = args_text_optional(&args, "answer", 0, ANSWER_LONGEST, &answer)) != OK ||
        (rc = args_text_optional(&args, "error", 0, ANSWER_LONGEST, &error)) != OK)
        return rc;
    const char *known = webhook_find_state(state);
    if (!known)
        return args_fail(&args, "state", "state must be waiting, delivered or failed");
    int64_t now_ms = clock_now_ms();
    rc = tx_exec(call->tx, call->err, NOTE_STATE, "tii", known, now_ms, id);
    if (rc == 0)
        return webhook_fail_no_delivery(call, id);
    if (rc > 0)
        rc = tx_exec(call->tx, call->err, INSERT_ATTEMPT, "iiinni", now_ms - duration_ms,
                     duration_ms, status, answer.at, answer.len, error.at, error.len, id);
    if (rc < 0)
        return rc;
    op_answer_empty(call);
    return OK;
}

/* ---- forgetting */

static const char SELECT_OLD[] = "SELECT id FROM webhook_delivery WHERE updated_at_ms < ?"
                                 " AND state <> 'waiting' ORDER BY updated_at_ms LIMIT 500";
static const char DELETE_ATTEMPTS[] = "DELETE FROM webhook_attempt WHERE delivery_id = ?";
static const char DELETE_DELIVERY[] = "DELETE FROM webhook_delivery WHERE id = ?";

/* webhook.prune {before_ms} -> {count}: some hundred deliveries that ended before */
static int webhook_prune(struct op_call *call)
{
    struct args args = args_of(call);
    int64_t before_ms, ids[PRUNE_STEP];
    int count = 0;
    int rc = args_refuse_unknown(call, "before_ms");
    if (rc != OK || (rc = args_int(&args, "before_ms", 0, INT64_MAX, &before_ms)) != OK)
        return rc;
    struct stmt *stmt = tx_query(call->tx, call->err, SELECT_OLD, "i", before_ms);
    if (!stmt)
        return call->err->code;
    while ((rc = stmt_next(stmt, call->err)) == DB_ROW)
        ids[count++] = stmt_int(stmt, 0);
    stmt_end(stmt);
    for (int i = 0; rc >= 0 && i < count; i++) {
        rc = tx_exec(call->tx, call->err, DELETE_ATTEMPTS, "i", ids[i]);
        if (rc >= 0)
            rc = tx_exec(call->tx, call->err, DELETE_DELIVERY, "i", ids[i]);
    }
    if (rc < 0)
        return rc;
    return op_answer_count(call, count);
}

const struct op WEBHOOK_DELIVERY_OPS[] = {
    { "webhook.prepare", true, webhook_prepare,
      "{webhook, kind, incident_id?, job_id, body}: a delivery, and the job that sends it -> {id}"
      " (null when it may not hear of the incident)" },
    { "webhook.to_send", false, webhook_to_send,
      "{id} -> {webhook, message_id, body, may_send, attempts_most}" },
    { "webhook.attempted", true, webhook_attempted,
      "{id, state, duration_ms, status?, answer?, error?}: what became of an attempt" },
    { "webhook.prune", true, webhook_prune, "{before_ms}: removes what ended before -> {count}" },
    { 0 },
};
