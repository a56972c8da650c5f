#include "core/incident_detail.h"

#include "base/mem.h"
#include "core/incident_json.h"
#include "core/invitation_json.h"
#include "core/people_set.h"
#include "core/rows.h"
#include "core/status.h"
#include "store/db.h"

#include <inttypes.h>
#include <string.h>

static const char SELECT_AUTHORS[] =
    "SELECT created_by FROM incident_update WHERE incident_id = ? UNION SELECT person_id FROM"
    " incident_member WHERE incident_id = ?";
#define SELECT_UPDATE                                                                        \
    "SELECT u.id, u.message, u.status, u.title, u.description, u.roles, u.created_by,"       \
    " u.event_type, u.event_at_ms, u.created_at_ms, p.id, p.name, p.value, p.emoji, c.id,"   \
    " c.name, e.id, e.value, e.name, u.edited_at_ms, u.source_conversation_id,"              \
    " u.source_external_id, u.source_kind, u.source_deleted_at_ms FROM incident_update u"    \
    " LEFT JOIN priority p ON p.id ="                                                        \
    " u.priority_id LEFT JOIN category c ON c.id = u.category_id LEFT JOIN environment e ON" \
    " e.id = u.environment_id"
static const char SELECT_UPDATES[] =
    SELECT_UPDATE " WHERE u.incident_id = ? ORDER BY u.event_at_ms DESC, u.created_at_ms DESC,"
                  " u.id DESC";
static const char SELECT_ONE_UPDATE[] = SELECT_UPDATE " WHERE u.id = ?";
static const char SELECT_AUTHOR[] = "SELECT created_by FROM incident_update WHERE id = ?";
static const char SELECT_MEMBERS[] =
    "SELECT person_id FROM incident_member WHERE incident_id = ? ORDER BY created_at_ms, person_id";
static const char SELECT_JOBS[] =
    "SELECT id, handler, state, attempt, due_at_ms, error_code, error_text, is_unknown,"
    " created_at_ms, finished_at_ms FROM job WHERE incident_id = ? ORDER BY id";
static const char SELECT_MESSAGES[] =
    "SELECT id, conversation_id, external_id, kind, update_id, text, is_pinned, created_at_ms"
    " FROM message WHERE incident_id = ? ORDER BY created_at_ms, id";
static const char SELECT_METRICS[] =
    "SELECT t.type, t.code, t.name, m.duration_ms FROM incident_metric m JOIN metric_type t ON"
    " t.id = m.metric_type_id WHERE m.incident_id = ? ORDER BY t.position, t.id";

/* A line for each table. */
/* clang-format off */
enum {
    U_ID, U_MESSAGE, U_STATUS, U_TITLE, U_DESCRIPTION, U_ROLES, U_CREATED_BY, U_EVENT_TYPE,
    U_EVENT_AT, U_CREATED_AT,
    P_ID, P_NAME, P_VALUE, P_EMOJI, C_ID, C_NAME, E_ID, E_VALUE, E_NAME,
    U_EDITED_AT, S_CONVERSATION, S_EXTERNAL_ID, S_KIND, S_DELETED_AT,
};
/* clang-format on */

/* ---- the timeline */

static void put_status(struct json_writer *w, struct stmt *stmt)
{
    bool is_set = !stmt_is_null(stmt, U_STATUS);
    int status = (int)stmt_int(stmt, U_STATUS);
    json_put_column(w, "status", stmt, U_STATUS);
    json_put_text(w, "status_name", is_set ? status_name(status) : NULL);
    json_put_text(w, "status_label", is_set ? status_label(status) : NULL);
}

static void put_changed_rows(struct json_writer *w, struct stmt *stmt)
{
    json_key(w, "priority");
    if (stmt_is_null(stmt, P_ID)) {
        json_null_value(w);
    } else {
        json_object_begin(w);
        json_put_text(w, "id", stmt_text(stmt, P_ID));
        json_put_text(w, "name", stmt_text(stmt, P_NAME));
        json_put_int(w, "value", stmt_int(stmt, P_VALUE));
        json_put_text(w, "emoji", stmt_text(stmt, P_EMOJI));
        json_object_finish(w);
    }
    json_key(w, "category");
    if (stmt_is_null(stmt, C_ID)) {
        json_null_value(w);
    } else {
        json_object_begin(w);
        json_put_text(w, "id", stmt_text(stmt, C_ID));
        json_put_text(w, "name", stmt_text(stmt, C_NAME));
        json_object_finish(w);
    }
    json_key(w, "environment");
    if (stmt_is_null(stmt, E_ID)) {
        json_null_value(w);
    } else {
        json_object_begin(w);
        json_put_text(w, "id", stmt_text(stmt, E_ID));
        json_put_text(w, "value", stmt_text(stmt, E_VALUE));
        json_put_text(w, "name", stmt_text(stmt, E_NAME));
        json_object_finish(w);
    }
}

/* The message that the record was made from; null for all others. */
static void put_source(struct json_writer *w, struct stmt *stmt)
{
    json_key(w, "source");
    if (stmt_is_null(stmt, S_EXTERNAL_ID)) {
        json_null_value(w);
        return;
    }
    json_object_begin(w);
    json_put_text(w, "conversation_id", stmt_text(stmt, S_CONVERSATION));
    json_put_text(w, "external_id", stmt_text(stmt, S_EXTERNAL_ID));
    json_put_text(w, "kind", stmt_text(stmt, S_KIND));
    json_put_column(w, "deleted_at_ms", stmt, S_DELETED_AT);
    json_object_finish(w);
}

static void write_update(struct json_writer *w, struct stmt *stmt, const struct people_set *people)
{
    json_object_begin(w);
    json_put_text(w, "id", stmt_text(stmt, U_ID));
    json_put_text(w, "message", stmt_text(stmt, U_MESSAGE));
    put_status(w, stmt);
    put_changed_rows(w, stmt);
    json_put_text(w, "title", stmt_text(stmt, U_TITLE));
    json_put_text(w, "description", stmt_text(stmt, U_DESCRIPTION));
    json_put_stored(w, "roles", stmt_text(stmt, U_ROLES));
    json_key(w, "created_by");
    people_set_write(people, w, stmt_text(stmt, U_CREATED_BY));
    json_put_text(w, "event_type", stmt_text(stmt, U_EVENT_TYPE));
    json_put_int(w, "event_at_ms", stmt_int(stmt, U_EVENT_AT));
    json_put_int(w, "created_at_ms", stmt_int(stmt, U_CREATED_AT));
    json_put_column(w, "edited_at_ms", stmt, U_EDITED_AT);
    put_source(w, stmt);
    json_object_finish(w);
}

static void write_member(struct json_writer *w, struct stmt *stmt, const struct people_set *people)
{
    people_set_write(people, w, stmt_text(stmt, 0));
}

typedef void (*person_row_fn)(struct json_writer *w, struct stmt *stmt,
                              const struct people_set *people);

static int write_with_people(struct json_writer *w, struct stmt *stmt,
                             const struct people_set *people, person_row_fn write_row,
                             struct err *err)
{
    if (!stmt)
        return err->code;
    int rc;
    json_array_begin(w);
    while ((rc = stmt_next(stmt, err)) == DB_ROW)
        write_row(w, stmt, people);
    json_array_finish(w);
    stmt_end(stmt);
    return rc;
}

int incident_update_write(struct tx *tx, struct json_writer *w, const char *id, struct err *err)
{
    AUTO_PEOPLE_SET struct people_set *people = people_set_new();
    int rc = people_set_load_rows(people, tx, tx_query(tx, err, SELECT_AUTHOR, "t", id), err);
    if (rc != OK)
        return rc;
    struct stmt *stmt = tx_query(tx, err, SELECT_ONE_UPDATE, "t", id);
    if (!stmt)
        return err->code;
    rc = stmt_next(stmt, err);
    if (rc == DB_ROW)
        write_update(w, stmt, people);
    else if (rc == DB_DONE)
        json_null_value(w);
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

static int write_people_parts(struct tx *tx, struct json_writer *w, int64_t id, struct err *err)
{
    AUTO_PEOPLE_SET struct people_set *people = people_set_new();
    int rc = people_set_load_rows(people, tx, tx_query(tx, err, SELECT_AUTHORS, "ii", id, id), err);
    if (rc != OK)
        return rc;
    json_key(w, "updates");
    rc =
        write_with_people(w, tx_query(tx, err, SELECT_UPDATES, "i", id), people, write_update, err);
    if (rc != OK)
        return rc;
    json_key(w, "members");
    return write_with_people(w, tx_query(tx, err, SELECT_MEMBERS, "i", id), people, write_member,
                             err);
}

/* ---- the rest */

static void write_job(struct json_writer *w, struct stmt *stmt)
{
    json_object_begin(w);
    json_put_int(w, "id", stmt_int(stmt, 0));
    json_put_text(w, "handler", stmt_text(stmt, 1));
    json_put_text(w, "state", stmt_text(stmt, 2));
    json_put_int(w, "attempt", stmt_int(stmt, 3));
    json_put_int(w, "due_at_ms", stmt_int(stmt, 4));
    json_put_text(w, "error_code", stmt_text(stmt, 5));
    json_put_text(w, "error_text", stmt_text(stmt, 6));
    json_put_bool(w, "is_unknown", stmt_int(stmt, 7));
    json_put_int(w, "created_at_ms", stmt_int(stmt, 8));
    json_put_column(w, "finished_at_ms", stmt, 9);
    json_object_finish(w);
}

static void write_message(struct json_writer *w, struct stmt *stmt)
{
    json_object_begin(w);
    json_put_text(w, "id", stmt_text(stmt, 0));
    json_put_text(w, "conversation_id", stmt_text(stmt, 1));
    json_put_text(w, "external_id", stmt_text(stmt, 2));
    json_put_text(w, "kind", stmt_text(stmt, 3));
    json_put_text(w, "update_id", stmt_text(stmt, 4));
    json_put_text(w, "text", stmt_text(stmt, 5));
    json_put_bool(w, "is_pinned", stmt_int(stmt, 6));
    json_put_int(w, "created_at_ms", stmt_int(stmt, 7));
    json_object_finish(w);
}

static void write_metric(struct json_writer *w, struct stmt *stmt)
{
    json_object_begin(w);
    json_put_text(w, "type", stmt_text(stmt, 0));
    json_put_text(w, "code", stmt_text(stmt, 1));
    json_put_text(w, "name", stmt_text(stmt, 2));
    json_put_int(w, "duration_ms", stmt_int(stmt, 3));
    json_object_finish(w);
}

static int write_parts(struct tx *tx, struct json_writer *w, int64_t id, struct err *err)
{
    int rc = write_people_parts(tx, w, id, err);
    if (rc != OK)
        return rc;
    json_key(w, "invitations");
    rc = invitations_write(tx, w, id, NULL, err);
    if (rc != OK)
        return rc;
    json_key(w, "strategy_runs");
    rc = strategy_runs_write(tx, w, id, err);
    if (rc != OK)
        return rc;
    json_key(w, "jobs");
    rc = rows_write(w, tx_query(tx, err, SELECT_JOBS, "i", id), write_job, err);
    if (rc != OK)
        return rc;
    json_key(w, "messages");
    rc = rows_write(w, tx_query(tx, err, SELECT_MESSAGES, "i", id), write_message, err);
    if (rc != OK)
        return rc;
    json_key(w, "metrics");
    return rows_write(w, tx_query(tx, err, SELECT_METRICS, "i", id), write_metric, err);
}

int incident_detail_write(struct tx *tx, struct json_writer *w, int64_t id, struct err *err)
{
    AUTO_INCIDENT_SET struct incident_set *set = incident_set_new(true);
    incident_set_add(set, id);
    int rc = incident_set_load(set, tx, err);
    if (rc != OK)
        return rc;
    if (!incident_set_begin(set, w, 0))
        return err_set(err, ERR_NOT_FOUND, "there is no incident %" PRId64, id);
    rc = write_parts(tx, w, id, err);
    if (rc == OK)
        json_object_finish(w);
    return rc;
}
