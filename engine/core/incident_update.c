/* incident_update - a record on the timeline with what changes in this step. The record holds only
 * the changed fields; when nothing changes and nothing is said, there is no record and no event. */
#include "base/clock.h"
#include "core/args.h"
#include "core/audit.h"
#include "core/event.h"
#include "core/ids.h"
#include "core/incident_json.h"
#include "core/op_table.h"
#include "core/people.h"
#include "core/policy.h"
#include "store/db.h"

#include <inttypes.h>
#include <string.h>

enum { TITLE_MAX = 128, MESSAGE_MAX = 10000 };

static const char SELECT_TEXTS[] = "SELECT title, description FROM incident WHERE id = ?";
static const char UPDATE_INCIDENT[] =
    "UPDATE incident SET title = COALESCE(?, title), description = COALESCE(?, description),"
    " updated_at_ms = ? WHERE id = ?";
static const char INSERT_UPDATE[] =
    "INSERT INTO incident_update (id, incident_id, message, title, description, created_by,"
    " event_at_ms, created_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

/* The texts are absent when they do not change. */
struct change {
    int64_t incident_id;
    struct text message, title, description;
    char *old_title, *old_description; /* owned */
    char update_id[ID_SIZE];
};

static int read_change(struct op_call *call, struct change *change)
{
    struct args args = args_of(call);
    int rc = args_refuse_unknown(call, "id", "message", "title", "description");
    if (rc != OK || (rc = args_int(&args, "id", 1, INT64_MAX, &change->incident_id)) != OK ||
        (rc = args_text_optional(&args, "message", 1, MESSAGE_MAX, &change->message)) != OK ||
        (rc = args_text_optional(&args, "title", 1, TITLE_MAX, &change->title)) != OK ||
        (rc = args_text_optional(&args, "description", 1, 0, &change->description)) != OK)
        return rc;
    return policy_require_incident(call, change->incident_id);
}

/* Drops from <change> what the incident says already. */
static int compare(struct op_call *call, struct change *change)
{
    struct stmt *stmt = tx_query(call->tx, call->err, SELECT_TEXTS, "i", change->incident_id);
    if (!stmt)
        return call->err->code;
    int rc = stmt_next(stmt, call->err);
    if (rc == DB_ROW) {
        change->old_title = xstrdup(stmt_text(stmt, 0));
        change->old_description = xstrdup(stmt_text(stmt, 1));
        if (text_is(change->title, change->old_title))
            change->title = (struct text){ 0 };
        if (text_is(change->description, change->old_description))
            change->description = (struct text){ 0 };
    }
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

static int write_rows(struct op_call *call, struct change *change)
{
    const char *author = policy_person(call->actor);
    int64_t now_ms = clock_now_ms();
    id_new(change->update_id);
    int rc = tx_exec(call->tx, call->err, INSERT_UPDATE, "tinnntii", change->update_id,
                     change->incident_id, change->message.at, change->message.len, change->title.at,
                     change->title.len, change->description.at, change->description.len,
                     *author ? author : NULL, now_ms, now_ms);
    if (rc >= 0)
        rc = tx_exec(call->tx, call->err, UPDATE_INCIDENT, "nnii", change->title.at,
                     change->title.len, change->description.at, change->description.len, now_ms,
                     change->incident_id);
    return rc < 0 ? rc : OK;
}

static void put_text(struct json_writer *w, const char *key, struct text text)
{
    json_key(w, key);
    json_text_n(w, text.at, text.len);
}

static int write_audit(struct op_call *call, const struct change *change)
{
    AUTO_BUF struct buf before = BUF_INIT;
    AUTO_BUF struct buf after = BUF_INIT;
    struct json_writer old;
    struct json_writer new;
    json_writer_init(&old, &before);
    json_writer_init(&new, &after);
    json_object_begin(&old);
    json_object_begin(&new);
    if (change->message.at)
        put_text(&new, "message", change->message);
    if (change->title.at) {
        json_put_text(&old, "title", change->old_title);
        put_text(&new, "title", change->title);
    }
    if (change->description.at) {
        json_put_text(&old, "description", change->old_description);
        put_text(&new, "description", change->description);
    }
    json_object_finish(&old);
    json_object_finish(&new);
    struct audit_entry entry = { .action = "incident.update",
                                 .incident_id = change->incident_id,
                                 .before = buf_text(&before),
                                 .after = buf_text(&after) };
    return audit_write(call->tx, call->actor, &entry, call->err);
}

static int emit(struct op_call *call, const struct change *change)
{
    AUTO_BUF struct buf payload = BUF_INIT;
    struct json_writer w;
    json_writer_init(&w, &payload);
    json_object_begin(&w);
    json_put_int(&w, "incident_id", change->incident_id);
    json_put_text(&w, "update_id", change->update_id);
    json_key(&w, "updated_fields");
    json_array_begin(&w);
    if (change->title.at)
        json_text(&w, "title");
    if (change->description.at)
        json_text(&w, "description");
    json_array_finish(&w);
    json_object_finish(&w);
    return event_emit(call->tx, "incident.updated", change->incident_id, buf_text(&payload),
                      call->err);
}

static int apply(struct op_call *call, struct change *change)
{
    if (!change->message.at && !change->title.at && !change->description.at)
        return OK;
    int rc = write_rows(call, change);
    if (rc == OK)
        rc = write_audit(call, change);
    return rc == OK ? emit(call, change) : rc;
}

static int answer(struct op_call *call, const struct change *change)
{
    json_object_begin(call->out);
    json_put_text(call->out, "update_id", *change->update_id ? change->update_id : NULL);
    json_key(call->out, "incident");
    int rc = incident_write(call->tx, call->out, change->incident_id, call->err);
    json_object_finish(call->out);
    return rc;
}

/* incident.update {id, message?, title?, description?} -> {update_id or null, incident} */
static int incident_update(struct op_call *call)
{
    struct change change = { 0 };
    int rc = read_change(call, &change);
    if (rc == OK)
        rc = compare(call, &change);
    if (rc == OK)
        rc = apply(call, &change);
    if (rc == OK)
        rc = answer(call, &change);
    free(change.old_title);
    free(change.old_description);
    return rc;
}

const struct op INCIDENT_UPDATE_OPS[] = {
    { "incident.update", true, incident_update,
      "{id, message?, title?, description?}: a record on the timeline; emits incident.updated ->"
      " {update_id, incident}" },
    { 0 },
};
