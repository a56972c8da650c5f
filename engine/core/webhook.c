/* webhook - what is told to other systems: the declared webhooks, one delivery for each event and
 * webhook, and a record of each attempt. Sending itself is a job of the scripts
 * (strategies/integrations/webhooks). Whether a webhook may hear of an incident is decided here,
 * when a delivery is made and again before it is sent. */
#include "base/clock.h"
#include "core/args.h"
#include "core/audit.h"
#include "core/ids.h"
#include "core/job_store.h"
#include "core/op_table.h"
#include "core/policy.h"
#include "core/rows.h"
#include "store/db.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    NAME_LONGEST = 64,
    URL_LONGEST = 2000,
    EVENTS_MOST = 50,
    WEBHOOKS_MOST = 100,
    BODY_LONGEST = 256 * 1024,
    ANSWER_LONGEST = 1000,
    LIST_DEFAULT = 50,
    LIST_MOST = 1000,
    PRUNE_STEP = 500,
    ATTEMPTS = 20, /* with the pauses of jobs: a good hour */
};
static const char DELIVER_TASK[] = "task:webhooks.deliver";

/* ---- declaring -------------------------------------------------------------------------------- */

static const char DEACTIVATE[] = "UPDATE webhook SET is_active = 0 WHERE is_active = 1";
static const char DECLARE[] =
    "INSERT INTO webhook (name, url, events, is_private, is_active, updated_at_ms)"
    " VALUES (?, ?, ?, ?, 1, ?) ON CONFLICT (name) DO UPDATE SET url = excluded.url, events ="
    " excluded.events, is_private = excluded.is_private, is_active = 1, updated_at_ms ="
    " excluded.updated_at_ms";

static int declare_one(struct op_call *call, struct args *row)
{
    struct text name, url;
    json_t *events = NULL;
    bool is_private = false;
    int rc = args_row_refuse_unknown(row, "name", "url", "events", "private");
    if (rc != OK || (rc = args_text(row, "name", 1, NAME_LONGEST, &name)) != OK ||
        (rc = args_text(row, "url", 1, URL_LONGEST, &url)) != OK ||
        (rc = args_array_optional(row, "events", EVENTS_MOST, &events)) != OK ||
        (rc = args_bool_optional(row, "private", &is_private)) != OK)
        return rc;
    AUTO_JSON json_t *list = json_array();
    if (json_is_array(events))
        json_array_extend(list, events);
    AUTO_FREE char *text = NULL;
    rc = args_json_text(row, "events", list, BODY_LONGEST, &text);
    if (rc == OK)
        rc = tx_exec(call->tx, call->err, DECLARE, "nntbi", name.at, name.len, url.at, url.len,
                     text, (int)is_private, clock_now_ms());
    return rc < 0 ? rc : OK;
}

/* webhook.declare {webhooks[]{name, url, events[]?, private?}} -> {} */
static int webhook_declare(struct op_call *call)
{
    struct args args = args_of(call);
    json_t *rows, *item;
    size_t index;
    int rc = args_refuse_unknown(call, "webhooks");
    if (rc != OK || (rc = args_array(&args, "webhooks", WEBHOOKS_MOST, &rows)) != OK)
        return rc;
    rc = tx_exec(call->tx, call->err, DEACTIVATE, "");
    json_array_foreach (rows, index, item) {
        struct args row;
        if (rc >= 0)
            rc = args_enter(&args, "webhooks", (int)index, item, &row);
        if (rc >= 0)
            rc = declare_one(call, &row);
        if (rc < 0)
            return rc;
    }
    if (rc >= 0)
        op_answer_empty(call);
    return rc < 0 ? rc : OK;
}

static const char SELECT_WEBHOOKS[] =
    "SELECT w.name, w.url, w.events, w.is_private,"
    " (SELECT count(*) FROM webhook_delivery d WHERE d.webhook = w.name AND d.state = 'waiting'),"
    " (SELECT count(*) FROM webhook_delivery d WHERE d.webhook = w.name AND d.state = 'delivered'),"
    " (SELECT count(*) FROM webhook_delivery d WHERE d.webhook = w.name AND d.state = 'failed')"
    " FROM webhook w WHERE w.is_active = 1 ORDER BY w.name";

static void write_webhook(struct json_writer *w, struct stmt *stmt)
{
    json_object_begin(w);
    json_put_text(w, "name", stmt_text(stmt, 0));
    json_put_text(w, "url", stmt_text(stmt, 1));
    json_put_stored(w, "events", stmt_text(stmt, 2));
    json_put_bool(w, "is_private", stmt_int(stmt, 3) != 0);
    json_put_int(w, "waiting", stmt_int(stmt, 4));
    json_put_int(w, "delivered", stmt_int(stmt, 5));
    json_put_int(w, "failed", stmt_int(stmt, 6));
    json_object_finish(w);
}

/* webhook.list {} -> [{name, url, events[], is_private, waiting, delivered, failed}] */
static int webhook_list(struct op_call *call)
{
    int rc = args_refuse_unknown(call, "");
    return rc != OK ? rc
                    : op_write_rows(call, tx_query(call->tx, call->err, SELECT_WEBHOOKS, ""),
                                    write_webhook);
}

/* ---- making a delivery ------------------------------------------------------------------------ */

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
    if (rc != OK || (rc = args_text(&args, "webhook", 1, NAME_LONGEST, &wish->webhook)) != OK ||
        (rc = args_text(&args, "kind", 1, 80, &wish->kind)) != OK ||
        (rc = args_int_optional(&args, "incident_id", 1, INT64_MAX, &wish->incident_id)) != OK ||
        (rc = args_int(&args, "job_id", 1, INT64_MAX, &wish->job_id)) != OK)
        return rc;
    return args_text(&args, "body", 1, BODY_LONGEST, &wish->body);
}

static int insert_job(struct op_call *call, int64_t id, int64_t incident_id)
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
    return insert_job(call, *id, wish->incident_id);
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

/* ---- sending ---------------------------------------------------------------------------------- */

static int read_id(struct op_call *call, const char *key, int64_t *id)
{
    struct args args = args_of(call);
    return args_int(&args, key, 1, INT64_MAX, id);
}

static int fail_no_delivery(struct op_call *call, int64_t id)
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
        return fail_no_delivery(call, id);
    return rc < 0 ? rc : OK;
}

static const char NOTE_STATE[] = "UPDATE webhook_delivery SET attempts = attempts + 1, state = ?, "
                                 "updated_at_ms = ? WHERE id = ?";
static const char INSERT_ATTEMPT[] =
    "INSERT INTO webhook_attempt (delivery_id, attempt, at_ms, duration_ms, status, answer, error)"
    " SELECT id, attempts, ?, ?, NULLIF(?, 0), ?, ? FROM webhook_delivery WHERE id = ?";

/* The state of this name; NULL for none. */
static const char *find_state(struct text name)
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
    const char *known = find_state(state);
    if (!known)
        return args_fail(&args, "state", "state must be waiting, delivered or failed");
    int64_t now_ms = clock_now_ms();
    rc = tx_exec(call->tx, call->err, NOTE_STATE, "tii", known, now_ms, id);
    if (rc == 0)
        return fail_no_delivery(call, id);
    if (rc > 0)
        rc = tx_exec(call->tx, call->err, INSERT_ATTEMPT, "iiinni", now_ms - duration_ms,
                     duration_ms, status, answer.at, answer.len, error.at, error.len, id);
    if (rc < 0)
        return rc;
    op_answer_empty(call);
    return OK;
}

/* ---- looking ---------------------------------------------------------------------------------- */

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
    if (rc != OK || (rc = args_text_optional(&args, "webhook", 1, NAME_LONGEST, &webhook)) != OK ||
        (rc = args_text_optional(&args, "state", 1, 20, &state)) != OK ||
        (rc = args_int_optional(&args, "limit", 1, LIST_MOST, &limit)) != OK)
        return rc;
    if (state.at && !find_state(state))
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
    return rc == DB_DONE ? fail_no_delivery(call, id) : rc < 0 ? rc : OK;
}

/* webhook.delivery {id} -> delivery with body (text) and attempts[] */
static int webhook_delivery(struct op_call *call)
{
    int64_t id;
    struct stmt *stmt = NULL;
    int rc = args_refuse_unknown(call, "id");
    if (rc != OK || (rc = read_id(call, "id", &id)) != OK)
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

/* ---- again ------------------------------------------------------------------------------------ */

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
        rc = insert_job(call, id, incident_id);
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
        (rc = args_text_optional(&args, "webhook", 1, NAME_LONGEST, &webhook)) != OK)
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
    json_object_begin(call->out);
    json_put_int(call->out, "count", count);
    json_object_finish(call->out);
    return OK;
}

/* ---- forgetting ------------------------------------------------------------------------------- */

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
    json_object_begin(call->out);
    json_put_int(call->out, "count", count);
    json_object_finish(call->out);
    return OK;
}

const struct op WEBHOOK_OPS[] = {
    { "webhook.declare", true, webhook_declare,
      "{webhooks[]{name, url, events[]?, private?}}: what the config declares; others end" },
    { "webhook.list", false, webhook_list,
      "{}: the declared webhooks with the number of their deliveries by state" },
    { "webhook.prepare", true, webhook_prepare,
      "{webhook, kind, incident_id?, job_id, body}: a delivery, and the job that sends it -> {id}"
      " (null when it may not hear of the incident)" },
    { "webhook.to_send", false, webhook_to_send,
      "{id} -> {webhook, message_id, body, may_send, attempts_most}" },
    { "webhook.attempted", true, webhook_attempted,
      "{id, state, duration_ms, status?, answer?, error?}: what became of an attempt" },
    { "webhook.deliveries", false, webhook_deliveries,
      "{webhook?, state?, limit?}: deliveries with their last attempts, newest first" },
    { "webhook.delivery", false, webhook_delivery, "{id}: one with its body and all tries" },
    { "webhook.replay", true, webhook_replay,
      "{id} or {webhook}: sends one again, or all that failed -> {count}" },
    { "webhook.prune", true, webhook_prune, "{before_ms}: removes what ended before -> {count}" },
    { 0 },
};
