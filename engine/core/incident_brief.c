#include "core/incident_brief.h"

#include "core/incident_json.h"
#include "core/status.h"
#include "store/db.h"

/* CROSS: in this order, which begins with the incidents that the conditions choose. */
const char INCIDENT_BRIEF_SELECT[] =
    "SELECT i.id, i.title, i.description, i.status, i.is_drill, i.created_at_ms, p.name, p.value,"
    " p.emoji, p.description, e.value, e.name, e.description, c.name, g.name, v.platform,"
    " v.external_id, v.name, u.username, u.name FROM incident i"
    " CROSS JOIN priority p ON p.id = i.priority_id"
    " CROSS JOIN environment e ON e.id = i.environment_id"
    " CROSS JOIN category c ON c.id = i.category_id"
    " CROSS JOIN category_group g ON g.id = c.group_id"
    " CROSS JOIN person u ON u.id = i.created_by"
    " LEFT JOIN conversation v ON v.incident_id = i.id WHERE ";

/* A line for each table. */
/* clang-format off */
enum {
    ID, TITLE, DESCRIPTION, STATUS, IS_DRILL, CREATED_AT,
    P_NAME, P_VALUE, P_EMOJI, P_DESCRIPTION,
    E_VALUE, E_NAME, E_DESCRIPTION,
    C_NAME, G_NAME,
    V_PLATFORM, V_EXTERNAL_ID, V_NAME,
    U_USERNAME, U_NAME,
};
/* clang-format on */

static void put_priority(struct json_writer *w, struct stmt *stmt)
{
    json_key(w, "priority");
    json_object_begin(w);
    json_put_text(w, "name", stmt_text(stmt, P_NAME));
    json_put_int(w, "value", stmt_int(stmt, P_VALUE));
    json_put_text(w, "emoji", stmt_text(stmt, P_EMOJI));
    json_put_text(w, "description", stmt_text(stmt, P_DESCRIPTION));
    json_object_finish(w);
}

static void put_environment(struct json_writer *w, struct stmt *stmt)
{
    json_key(w, "environment");
    json_object_begin(w);
    json_put_text(w, "value", stmt_text(stmt, E_VALUE));
    json_put_text(w, "name", stmt_text(stmt, E_NAME));
    json_put_text(w, "description", stmt_text(stmt, E_DESCRIPTION));
    json_object_finish(w);
}

static void put_category(struct json_writer *w, struct stmt *stmt)
{
    json_key(w, "category");
    json_object_begin(w);
    json_put_text(w, "name", stmt_text(stmt, C_NAME));
    json_key(w, "group");
    json_object_begin(w);
    json_put_text(w, "name", stmt_text(stmt, G_NAME));
    json_object_finish(w);
    json_object_finish(w);
}

static void put_conversation(struct json_writer *w, struct stmt *stmt)
{
    if (stmt_is_null(stmt, V_PLATFORM)) {
        json_put_null(w, "conversation");
        return;
    }
    json_key(w, "conversation");
    json_object_begin(w);
    json_put_text(w, "platform", stmt_text(stmt, V_PLATFORM));
    json_put_text(w, "external_id", stmt_text(stmt, V_EXTERNAL_ID));
    json_put_text(w, "name", stmt_text(stmt, V_NAME));
    json_object_finish(w);
}

static void put_person(struct json_writer *w, struct stmt *stmt)
{
    json_key(w, "created_by");
    json_object_begin(w);
    json_put_text(w, "username", stmt_text(stmt, U_USERNAME));
    json_put_text(w, "name", stmt_text(stmt, U_NAME));
    json_object_finish(w);
}

static void write_row(struct json_writer *w, struct stmt *stmt)
{
    int status = (int)stmt_int(stmt, STATUS);
    json_object_begin(w);
    json_put_int(w, "id", stmt_int(stmt, ID));
    json_put_text(w, "title", stmt_text(stmt, TITLE));
    json_put_text(w, "description", stmt_text(stmt, DESCRIPTION));
    json_put_int(w, "status", status);
    json_put_text(w, "status_label", status_label(status));
    json_put_bool(w, "is_drill", stmt_int(stmt, IS_DRILL));
    json_put_int(w, "created_at_ms", stmt_int(stmt, CREATED_AT));
    incident_put_url(w, stmt_int(stmt, ID));
    put_priority(w, stmt);
    put_environment(w, stmt);
    put_category(w, stmt);
    put_conversation(w, stmt);
    put_person(w, stmt);
    json_object_finish(w);
}

int incident_brief_write(struct stmt *stmt, struct json_writer *w, struct err *err)
{
    if (!stmt)
        return err->code;
    int rc;
    json_array_begin(w);
    while ((rc = stmt_next(stmt, err)) == DB_ROW)
        write_row(w, stmt);
    stmt_end(stmt);
    json_array_finish(w);
    return rc == DB_DONE ? OK : rc;
}
