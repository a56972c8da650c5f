/* message - the messages we sent and may have to edit, replace or find again. Those of an incident
 * are as hidden as it. */
#include "base/clock.h"
#include "core/args.h"
#include "core/ids.h"
#include "core/op_table.h"
#include "core/policy.h"
#include "core/rows.h"
#include "store/db.h"

static const char UPSERT_MESSAGE[] =
    "INSERT INTO message (id, conversation_id, external_id, kind, incident_id, update_id, text,"
    " is_pinned, created_at_ms) VALUES (?, ?, ?, ?, NULLIF(?, 0), ?, ?, ?, ?) ON CONFLICT"
    " (conversation_id, external_id) DO UPDATE SET kind = excluded.kind, text = excluded.text,"
    " is_pinned = excluded.is_pinned";
static const char SELECT_ID[] =
    "SELECT id FROM message WHERE conversation_id = ? AND external_id = ?";
#define MESSAGE_COLUMNS                                                                          \
    "SELECT m.id, m.conversation_id, m.external_id, m.kind, m.incident_id, m.update_id, m.text," \
    " m.is_pinned, m.created_at_ms FROM message m"
/* Binds what POLICY_MAY_SEE_SQL binds. */
#define MESSAGE_IS_VISIBLE              \
    " (m.incident_id IS NULL OR EXISTS" \
    " (SELECT 1 FROM incident i WHERE i.id = m.incident_id AND " POLICY_MAY_SEE_SQL "))"
static const char DELETE_MESSAGE[] = "DELETE FROM message WHERE id = ?";
static const char SELECT_CONVERSATION[] = "SELECT 1 FROM conversation WHERE id = ?";

enum {
    EXTERNAL_ID_MAX = 128,
    KIND_MAX = 64,
    TEXT_MAX = 40000,
    LIST_MAX = 1000,
    FILTER_VALUES = 12
};

/* The arguments of message.save. */
struct message {
    struct text conversation_id, external_id, kind, update_id, text;
    int64_t incident_id;
    bool is_pinned;
};

static int read_message(struct op_call *call, struct message *message)
{
    struct args args = args_of(call);
    int rc = args_refuse_unknown(call, "conversation_id", "external_id", "kind", "incident_id",
                                 "update_id", "text", "is_pinned");
    if (rc != OK ||
        (rc = args_text(&args, "conversation_id", 1, 64, &message->conversation_id)) != OK ||
        (rc = args_text(&args, "external_id", 1, EXTERNAL_ID_MAX, &message->external_id)) != OK ||
        (rc = args_text(&args, "kind", 1, KIND_MAX, &message->kind)) != OK ||
        (rc = args_text_optional(&args, "update_id", 1, 64, &message->update_id)) != OK ||
        (rc = args_text_optional(&args, "text", 0, TEXT_MAX, &message->text)) != OK ||
        (rc = args_int_optional(&args, "incident_id", 1, INT64_MAX, &message->incident_id)) != OK ||
        (rc = args_bool_optional(&args, "is_pinned", &message->is_pinned)) != OK)
        return rc;
    bool exists = tx_get_int(call->tx, &rc, call->err, 0, SELECT_CONVERSATION, "n",
                             message->conversation_id.at, message->conversation_id.len) == 1;
    if (rc == OK && !exists)
        return args_fail(&args, "conversation_id", "this conversation is not known here");
    return rc == OK && message->incident_id ? policy_require_incident(call, message->incident_id)
                                            : rc;
}

static void write_id(struct json_writer *w, struct stmt *stmt)
{
    json_object_begin(w);
    json_put_text(w, "id", stmt_text(stmt, 0));
    json_object_finish(w);
}

/* message.save {conversation_id, external_id, kind, incident_id?, update_id?, text?, is_pinned?} ->
 * {id} */
static int message_save(struct op_call *call)
{
    struct message message = { 0 };
    char id[ID_SIZE];
    int rc = read_message(call, &message);
    if (rc != OK)
        return rc;
    id_new(id);
    rc =
        tx_exec(call->tx, call->err, UPSERT_MESSAGE,
                "tnnn"
                "innbi",
                id, message.conversation_id.at, message.conversation_id.len, message.external_id.at,
                message.external_id.len, message.kind.at, message.kind.len, message.incident_id,
                message.update_id.at, message.update_id.len, message.text.at ? message.text.at : "",
                message.text.len, (int)message.is_pinned, clock_now_ms());
    if (rc < 0)
        return rc;
    return op_write_row_or_null(call,
                                tx_query(call->tx, call->err, SELECT_ID, "nn",
                                         message.conversation_id.at, message.conversation_id.len,
                                         message.external_id.at, message.external_id.len),
                                write_id);
}

static void write_message(struct json_writer *w, struct stmt *stmt)
{
    json_object_begin(w);
    json_put_text(w, "id", stmt_text(stmt, 0));
    json_put_text(w, "conversation_id", stmt_text(stmt, 1));
    json_put_text(w, "external_id", stmt_text(stmt, 2));
    json_put_text(w, "kind", stmt_text(stmt, 3));
    json_put_column(w, "incident_id", stmt, 4);
    json_put_text(w, "update_id", stmt_text(stmt, 5));
    json_put_text(w, "text", stmt_text(stmt, 6));
    json_put_bool(w, "is_pinned", stmt_int(stmt, 7));
    json_put_int(w, "created_at_ms", stmt_int(stmt, 8));
    json_object_finish(w);
}

/* ---- reading */

/* Which messages are asked for, condition by condition. */
struct filter {
    struct buf sql;
    struct db_value values[FILTER_VALUES];
    int count;
};

static struct db_value *filter_value(struct filter *filter)
{
    REQUIRE(filter->count < FILTER_VALUES);
    return &filter->values[filter->count++];
}

static void filter_by_text(struct filter *filter, const char *condition, struct text value)
{
    if (!value.at)
        return;
    buf_puts(&filter->sql, condition);
    *filter_value(filter) = (struct db_value){ .type = 'n', .t = value.at, .n = value.len };
}

static void filter_by_int(struct filter *filter, const char *condition, int64_t value)
{
    buf_puts(&filter->sql, condition);
    *filter_value(filter) = (struct db_value){ .type = 'i', .i = value };
}

static void filter_by_policy(struct filter *filter, const struct actor *actor)
{
    filter_by_int(filter, " AND" MESSAGE_IS_VISIBLE, policy_sees_all(actor));
    for (int i = 0; i < 2; i++)
        *filter_value(filter) = (struct db_value){ .type = 't', .t = policy_person(actor) };
}

/* Reads conversation_id, incident_id, update_id and kind; one of the first two must be there. */
static int read_filter(struct op_call *call, struct filter *filter)
{
    struct args args = args_of(call);
    struct text conversation, update, kind;
    int64_t incident_id = 0;
    int rc = args_text_optional(&args, "conversation_id", 1, 64, &conversation);
    if (rc != OK ||
        (rc = args_int_optional(&args, "incident_id", 1, INT64_MAX, &incident_id)) != OK ||
        (rc = args_text_optional(&args, "update_id", 1, 64, &update)) != OK ||
        (rc = args_text_optional(&args, "kind", 1, KIND_MAX, &kind)) != OK)
        return rc;
    if (!conversation.at && !incident_id)
        return args_fail(&args, "conversation_id", "conversation_id or incident_id is required");
    buf_puts(&filter->sql, MESSAGE_COLUMNS " WHERE 1 = 1");
    if (incident_id)
        filter_by_int(filter, " AND m.incident_id = ?", incident_id);
    filter_by_text(filter, " AND m.conversation_id = ?", conversation);
    filter_by_text(filter, " AND m.update_id = ?", update);
    filter_by_text(filter, " AND m.kind = ?", kind);
    filter_by_policy(filter, call->actor);
    return OK;
}

/* The newest <limit> messages of the filter; NULL and an error when it cannot be asked. */
static struct stmt *query_filter(struct op_call *call, struct filter *filter, int64_t limit)
{
    filter_by_int(filter, " ORDER BY m.created_at_ms DESC, m.external_id DESC LIMIT ?", limit);
    return tx_query_values(call->tx, call->err, buf_text(&filter->sql), filter->values,
                           filter->count);
}

/* message.find {conversation_id and/or incident_id, kind, update_id?} -> the newest, or null */
static int message_find(struct op_call *call)
{
    struct args args = args_of(call);
    struct filter filter = { 0 };
    int rc = args_refuse_unknown(call, "conversation_id", "incident_id", "kind", "update_id");
    if (rc == OK && !args_has(&args, "kind"))
        rc = args_fail(&args, "kind", "kind is required");
    if (rc == OK)
        rc = read_filter(call, &filter);
    if (rc == OK)
        rc = op_write_row_or_null(call, query_filter(call, &filter, 1), write_message);
    buf_fini(&filter.sql);
    return rc;
}

/* message.list {conversation_id and/or incident_id, kind?, update_id?, limit?} -> [message] */
static int message_list(struct op_call *call)
{
    struct args args = args_of(call);
    struct filter filter = { 0 };
    int64_t limit = 100;
    int rc =
        args_refuse_unknown(call, "conversation_id", "incident_id", "kind", "update_id", "limit");
    if (rc == OK)
        rc = args_int_optional(&args, "limit", 1, LIST_MAX, &limit);
    if (rc == OK)
        rc = read_filter(call, &filter);
    if (rc == OK)
        rc = op_write_rows(call, query_filter(call, &filter, limit), write_message);
    buf_fini(&filter.sql);
    return rc;
}

/* message.delete {id} -> {} */
static int message_delete(struct op_call *call)
{
    struct args args = args_of(call);
    struct text id;
    int rc = args_refuse_unknown(call, "id");
    if (rc != OK || (rc = args_text(&args, "id", 1, 64, &id)) != OK)
        return rc;
    rc = tx_exec(call->tx, call->err, DELETE_MESSAGE, "n", id.at, id.len);
    if (rc < 0)
        return rc;
    op_answer_empty(call);
    return OK;
}

const struct op MESSAGE_OPS[] = {
    { "message.save", true, message_save,
      "{conversation_id, external_id, kind, incident_id?, update_id?, text?, is_pinned?}:"
      " remembers a message we sent -> {id}" },
    { "message.find", false, message_find,
      "{conversation_id and/or incident_id, kind, update_id?}: the newest of this kind, or null" },
    { "message.list", false, message_list,
      "{conversation_id and/or incident_id, kind?, update_id?, limit?}: messages, newest first" },
    { "message.delete", true, message_delete, "{id}: forgets a message" },
    { 0 },
};
