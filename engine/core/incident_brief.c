#include "core/incident_brief.h"

#include "base/map.h"
#include "base/mem.h"
#include "core/incident_json.h"
#include "core/status.h"
#include "store/db.h"

#include <stdlib.h>
#include <string.h>

/* CROSS: in this order, which begins with the incidents that the conditions choose. */
const char INCIDENT_BRIEF_SELECT[] =
    "SELECT i.id, i.title, i.description, i.status, i.is_drill, i.created_at_ms, i.priority_id,"
    " i.environment_id, i.category_id, v.platform, v.external_id, v.name, u.username, u.name"
    " FROM incident i CROSS JOIN priority p ON p.id = i.priority_id"
    " CROSS JOIN person u ON u.id = i.created_by"
    " LEFT JOIN conversation v ON v.incident_id = i.id WHERE ";

/* A line for each table. */
/* clang-format off */
enum {
    ID, TITLE, DESCRIPTION, STATUS, IS_DRILL, CREATED_AT, PRIORITY_ID, ENVIRONMENT_ID, CATEGORY_ID,
    V_PLATFORM, V_EXTERNAL_ID, V_NAME,
    U_USERNAME, U_NAME,
};
/* clang-format on */

/* ---- what is declared, of which many rows have the same */

static void write_priority(struct json_writer *w, struct stmt *stmt)
{
    json_put_text(w, "name", stmt_text(stmt, 0));
    json_put_int(w, "value", stmt_int(stmt, 1));
    json_put_text(w, "emoji", stmt_text(stmt, 2));
    json_put_text(w, "description", stmt_text(stmt, 3));
}

static void write_environment(struct json_writer *w, struct stmt *stmt)
{
    json_put_text(w, "value", stmt_text(stmt, 0));
    json_put_text(w, "name", stmt_text(stmt, 1));
    json_put_text(w, "description", stmt_text(stmt, 2));
}

static void write_category(struct json_writer *w, struct stmt *stmt)
{
    json_put_text(w, "name", stmt_text(stmt, 0));
    json_key(w, "group");
    json_object_begin(w);
    json_put_text(w, "name", stmt_text(stmt, 1));
    json_object_finish(w);
}

enum { PRIORITY, ENVIRONMENT, CATEGORY, KINDS };

static const struct {
    const char *key;
    int column; /* of a row, with the id */
    const char *select;
    void (*write)(struct json_writer *w, struct stmt *stmt);
} DECLARED[KINDS] = {
    [PRIORITY] = { "priority", PRIORITY_ID,
                   "SELECT name, value, emoji, description FROM priority WHERE id = ?",
                   write_priority },
    [ENVIRONMENT] = { "environment", ENVIRONMENT_ID,
                      "SELECT value, name, description FROM environment WHERE id = ?",
                      write_environment },
    [CATEGORY] = { "category", CATEGORY_ID,
                   "SELECT c.name, g.name FROM category c JOIN category_group g"
                   " ON g.id = c.group_id WHERE c.id = ?",
                   write_category },
};

/* The rows that are written, and the objects that they had so far. */
struct brief {
    struct tx *tx;
    struct json_writer *w;
    struct err *err;
    struct map *objects[KINDS]; /* id -> JSON */
};

/* Heap; NULL when it cannot be read. */
static char *read_object(struct brief *brief, int kind, const char *id)
{
    AUTO_BUF struct buf text = BUF_INIT;
    struct json_writer w;
    struct stmt *stmt = tx_query(brief->tx, brief->err, DECLARED[kind].select, "t", id);
    int rc = stmt ? stmt_next(stmt, brief->err) : brief->err->code;
    if (rc == DB_ROW) {
        json_writer_init(&w, &text);
        json_object_begin(&w);
        DECLARED[kind].write(&w, stmt);
        json_object_finish(&w);
    } else if (rc == DB_DONE) {
        buf_puts(&text, "null");
    }
    stmt_end(stmt);
    return rc < 0 ? NULL : buf_take(&text, NULL);
}

static int put_object(struct brief *brief, int kind, struct stmt *row)
{
    const char *id = stmt_text(row, DECLARED[kind].column);
    const char *json = map_get(brief->objects[kind], id);
    if (!json) {
        char *made = read_object(brief, kind, id);
        if (!made)
            return brief->err->code;
        map_put(brief->objects[kind], id, made);
        json = made;
    }
    json_key(brief->w, DECLARED[kind].key);
    json_raw(brief->w, json, strlen(json));
    return OK;
}

/* ---- rows */

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

static int write_row(struct brief *brief, struct stmt *stmt)
{
    struct json_writer *w = brief->w;
    int status = (int)stmt_int(stmt, STATUS);
    int rc = OK;
    json_object_begin(w);
    json_put_int(w, "id", stmt_int(stmt, ID));
    json_put_text(w, "title", stmt_text(stmt, TITLE));
    json_put_text(w, "description", stmt_text(stmt, DESCRIPTION));
    json_put_int(w, "status", status);
    json_put_text(w, "status_label", status_label(status));
    json_put_bool(w, "is_drill", stmt_int(stmt, IS_DRILL));
    json_put_int(w, "created_at_ms", stmt_int(stmt, CREATED_AT));
    incident_put_url(w, stmt_int(stmt, ID));
    for (int kind = 0; kind < KINDS && rc == OK; kind++)
        rc = put_object(brief, kind, stmt);
    put_conversation(w, stmt);
    put_person(w, stmt);
    json_object_finish(w);
    return rc;
}

int incident_brief_write(struct tx *tx, struct stmt *stmt, struct json_writer *w, struct err *err)
{
    if (!stmt)
        return err->code;
    struct brief brief = { .tx = tx, .w = w, .err = err };
    int rc;
    for (int kind = 0; kind < KINDS; kind++)
        brief.objects[kind] = map_new(free);
    json_array_begin(w);
    while ((rc = stmt_next(stmt, err)) == DB_ROW)
        if ((rc = write_row(&brief, stmt)) != OK)
            break;
    stmt_end(stmt);
    json_array_finish(w);
    for (int kind = 0; kind < KINDS; kind++)
        map_free(brief.objects[kind]);
    return rc == DB_DONE ? OK : rc;
}
