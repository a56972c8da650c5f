/* update_change - a record of a timeline that was made from a message follows the message: it is
 * edited with it, marked when it is gone, and taken away when it was taken over by mistake. All
 * other records are history and stay as they were written. */
#include "base/clock.h"
#include "core/args.h"
#include "core/audit.h"
#include "core/event.h"
#include "core/ids.h"
#include "core/incident_detail.h"
#include "core/incident_json.h"
#include "core/op_table.h"
#include "core/policy.h"
#include "store/db.h"

#include <stdio.h>

enum { MESSAGE_MAX = 10000 };

static const char SELECT_RECORD[] =
    "SELECT incident_id, message, created_by, event_at_ms, source_conversation_id,"
    " source_external_id, source_deleted_at_ms FROM incident_update WHERE id = ?";
static const char EDIT_RECORD[] =
    "UPDATE incident_update SET message = COALESCE(?, message), edited_at_ms = CASE WHEN ? THEN ?"
    " ELSE edited_at_ms END, source_deleted_at_ms = CASE WHEN ? THEN ? ELSE source_deleted_at_ms"
    " END WHERE id = ?";
static const char DELETE_RECORD[] = "DELETE FROM incident_update WHERE id = ?";
static const char TOUCH_INCIDENT[] = "UPDATE incident SET updated_at_ms = ? WHERE id = ?";

/* A record as it is before the change. */
struct record {
    char id[ID_SIZE];
    int64_t incident_id;
    char *message; /* owned */
    bool is_from_message, is_source_deleted;
    struct buf before; /* JSON for the audit */
};

static void record_fini(struct record *record)
{
    free(record->message);
    buf_fini(&record->before);
}

static void write_before(struct record *record, struct stmt *stmt)
{
    struct json_writer w;
    json_writer_init(&w, &record->before);
    json_object_begin(&w);
    json_put_text(&w, "update_id", record->id);
    json_put_text(&w, "message", stmt_text(stmt, 1));
    json_put_text(&w, "created_by", stmt_text(stmt, 2));
    json_put_int(&w, "event_at_ms", stmt_int(stmt, 3));
    json_put_text(&w, "source_conversation_id", stmt_text(stmt, 4));
    json_put_text(&w, "source_external_id", stmt_text(stmt, 5));
    json_object_finish(&w);
}

static int load(struct op_call *call, struct record *record)
{
    struct stmt *stmt = tx_query(call->tx, call->err, SELECT_RECORD, "t", record->id);
    int rc = stmt ? stmt_next(stmt, call->err) : call->err->code;
    if (rc == DB_ROW) {
        record->incident_id = stmt_int(stmt, 0);
        record->message = stmt_text(stmt, 1) ? xstrdup(stmt_text(stmt, 1)) : NULL;
        record->is_from_message = !stmt_is_null(stmt, 5);
        record->is_source_deleted = !stmt_is_null(stmt, 6);
        write_before(record, stmt);
    }
    stmt_end(stmt);
    if (rc == DB_DONE)
        return err_set(call->err, ERR_NOT_FOUND, "there is no such update");
    return rc < 0 ? rc : OK;
}

/* Reads the record that the member `id` names, if the caller may see its incident and it was made
 * from a message. */
static int read_record(struct op_call *call, const struct args *args, struct record *record)
{
    struct text id;
    int rc = args_text(args, "id", 1, ID_SIZE - 1, &id);
    if (rc != OK)
        return rc;
    snprintf(record->id, ID_SIZE, "%.*s", (int)id.len, id.at);
    rc = load(call, record);
    if (rc == OK)
        rc = policy_require_incident(call, record->incident_id);
    if (rc == OK && !record->is_from_message)
        return err_set(call->err, ERR_CONFLICT,
                       "only what was taken over from a message can be changed or taken away");
    return rc;
}

/* What every change of a record leaves behind. <after>: JSON text, NULL when the record is gone. */
static int tell(struct op_call *call, struct record *record, const char *operation,
                const char *event, const char *after)
{
    AUTO_BUF struct buf payload = BUF_INIT;
    struct json_writer w;
    struct audit_entry entry = { .action = operation,
                                 .incident_id = record->incident_id,
                                 .before = buf_text(&record->before),
                                 .after = after };
    int rc =
        tx_exec(call->tx, call->err, TOUCH_INCIDENT, "ii", clock_now_ms(), record->incident_id);
    if (rc >= 0)
        rc = audit_write(call->tx, call->actor, &entry, call->err);
    if (rc != OK)
        return rc;
    json_writer_init(&w, &payload);
    json_object_begin(&w);
    json_put_int(&w, "incident_id", record->incident_id);
    json_put_text(&w, "update_id", record->id);
    json_object_finish(&w);
    return event_emit(call->tx, event, record->incident_id, buf_text(&payload), call->err);
}

/* ---- update.edit */

/* What is to become different; an absent message and false leave it as it is. */
struct edit {
    struct text message;
    bool marks_deleted;
};

static int read_edit(struct op_call *call, struct edit *edit, struct record *record)
{
    struct args args = args_of(call);
    int rc = args_refuse_unknown(call, "id", "message", "is_source_deleted");
    if (rc == OK)
        rc = args_text_optional(&args, "message", 1, MESSAGE_MAX, &edit->message);
    if (rc == OK)
        rc = args_bool_optional(&args, "is_source_deleted", &edit->marks_deleted);
    if (rc == OK)
        rc = read_record(call, &args, record);
    if (edit->message.at && record->message && text_is(edit->message, record->message))
        edit->message = (struct text){ 0 };
    if (record->is_source_deleted)
        edit->marks_deleted = false;
    return rc;
}

static int apply_edit(struct op_call *call, const struct edit *edit, struct record *record)
{
    AUTO_BUF struct buf after = BUF_INIT;
    struct json_writer w;
    int64_t now_ms = clock_now_ms();
    int rc =
        tx_exec(call->tx, call->err, EDIT_RECORD, "nbibit", edit->message.at, edit->message.len,
                edit->message.at != NULL, now_ms, edit->marks_deleted, now_ms, record->id);
    if (rc < 0)
        return rc;
    json_writer_init(&w, &after);
    json_object_begin(&w);
    json_put_text(&w, "update_id", record->id);
    if (edit->message.at) {
        json_key(&w, "message");
        json_text_n(&w, edit->message.at, edit->message.len);
    }
    if (edit->marks_deleted)
        json_put_bool(&w, "is_source_deleted", true);
    json_object_finish(&w);
    return tell(call, record, "update.edit", "update.edited", buf_text(&after));
}

/* update.edit {id, message?, is_source_deleted?} -> {is_changed, update} */
static int update_edit(struct op_call *call)
{
    struct record record = { 0 };
    struct edit edit = { 0 };
    int rc = read_edit(call, &edit, &record);
    bool is_changed = edit.message.at || edit.marks_deleted;
    if (rc == OK && is_changed)
        rc = apply_edit(call, &edit, &record);
    if (rc == OK) {
        json_object_begin(call->out);
        json_put_bool(call->out, "is_changed", is_changed);
        json_key(call->out, "update");
        rc = incident_update_write(call->tx, call->out, record.id, call->err);
        json_object_finish(call->out);
    }
    record_fini(&record);
    return rc;
}

/* ---- update.delete */

/* update.delete {id} -> {incident} */
static int update_delete(struct op_call *call)
{
    struct args args = args_of(call);
    struct record record = { 0 };
    int rc = args_refuse_unknown(call, "id");
    if (rc == OK)
        rc = read_record(call, &args, &record);
    if (rc == OK)
        rc = tx_exec(call->tx, call->err, DELETE_RECORD, "t", record.id);
    if (rc >= 0)
        rc = tell(call, &record, "update.delete", "update.deleted", NULL);
    if (rc == OK) {
        json_object_begin(call->out);
        json_key(call->out, "incident");
        rc = incident_write(call->tx, call->out, record.incident_id, call->err);
        json_object_finish(call->out);
    }
    record_fini(&record);
    return rc;
}

const struct op UPDATE_CHANGE_OPS[] = {
    { "update.edit", true, update_edit,
      "{id, message?, is_source_deleted?}: a record follows the message that it was made from; "
      "emits"
      " update.edited -> {is_changed, update}" },
    { "update.delete", true, update_delete,
      "{id}: takes away a record that was made from a message; emits update.deleted -> "
      "{incident}" },
    { 0 },
};
