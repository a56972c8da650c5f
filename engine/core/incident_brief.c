#include "core/incident_brief.h"

#include "base/map.h"
#include "base/mem.h"
#include "core/incident_json.h"
#include "core/status.h"
#include "store/db.h"

#include <stdlib.h>
#include <string.h>

/* The beginning of a description is all that a list shows; programs may declare with a megabyte. */
const char INCIDENT_BRIEF_SELECT[] =
    "SELECT i.id, i.title, substr(i.description, 1, 600), i.status, i.is_drill, i.created_at_ms,"
    " i.priority_id, i.environment_id, i.category_id, i.created_by, v.platform, v.external_id,"
    " v.name FROM incident i LEFT JOIN conversation v ON v.incident_id = i.id WHERE ";

/* A line for each table. */
/* clang-format off */
enum {
    ID, TITLE, DESCRIPTION, STATUS, IS_DRILL, CREATED_AT, PRIORITY_ID, ENVIRONMENT_ID, CATEGORY_ID,
    CREATED_BY, V_PLATFORM, V_EXTERNAL_ID, V_NAME,
};
/* clang-format on */

/* ---- what many rows have in common: read once each, and not joined to every row */

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

static void write_person(struct json_writer *w, struct stmt *stmt)
{
    json_put_text(w, "username", stmt_text(stmt, 0));
    json_put_text(w, "name", stmt_text(stmt, 1));
}

enum { PRIORITY, ENVIRONMENT, CATEGORY, PERSON, KINDS };

static const struct {
    const char *key;  /* of a row */
    const char *list; /* of a board */
    int column;       /* of a row, with the id */
    const char *select;
    void (*write)(struct json_writer *w, struct stmt *stmt);
} COMMON[KINDS] = {
    [PRIORITY] = { "priority", "priorities", PRIORITY_ID,
                   "SELECT name, value, emoji, description FROM priority WHERE id = ?",
                   write_priority },
    [ENVIRONMENT] = { "environment", "environments", ENVIRONMENT_ID,
                      "SELECT value, name, description FROM environment WHERE id = ?",
                      write_environment },
    [CATEGORY] = { "category", "categories", CATEGORY_ID,
                   "SELECT c.name, g.name FROM category c JOIN category_group g"
                   " ON g.id = c.group_id WHERE c.id = ?",
                   write_category },
    [PERSON] = { "created_by", "people", CREATED_BY,
                 "SELECT username, name FROM person WHERE id = ?", write_person },
};

struct object {
    char *id;
    int place; /* among those of its kind, from 1, in the order in which rows name them */
    char *json;
    struct object *next;
};

/* The rows that are written, and the objects that they had so far. */
struct brief {
    struct tx *tx;
    struct json_writer *w;
    struct err *err;
    struct map *by_id[KINDS]; /* struct object */
    struct object *first[KINDS], **end[KINDS];
    const struct object *last[KINDS]; /* the previous row's */
};

static void free_object(void *value)
{
    struct object *object = value;
    free(object->id);
    free(object->json);
    free(object);
}

static void begin(struct brief *brief)
{
    for (int kind = 0; kind < KINDS; kind++) {
        brief->by_id[kind] = map_new(free_object);
        brief->end[kind] = &brief->first[kind];
    }
}

static void finish(struct brief *brief)
{
    for (int kind = 0; kind < KINDS; kind++)
        map_free(brief->by_id[kind]);
}

/* Heap; NULL when it cannot be read. */
static char *read_object(struct brief *brief, int kind, const char *id)
{
    AUTO_BUF struct buf text = BUF_INIT;
    struct json_writer w;
    struct stmt *stmt = tx_query(brief->tx, brief->err, COMMON[kind].select, "t", id);
    int rc = stmt ? stmt_next(stmt, brief->err) : brief->err->code;
    if (rc == DB_ROW) {
        json_writer_init(&w, &text);
        json_object_begin(&w);
        COMMON[kind].write(&w, stmt);
        json_object_finish(&w);
    } else if (rc == DB_DONE) {
        buf_puts(&text, "null");
    }
    stmt_end(stmt);
    return rc < 0 ? NULL : buf_take(&text, NULL);
}

/* The object with the id, read when it is new; NULL when it cannot be read. */
static const struct object *find_object(struct brief *brief, int kind, const char *id)
{
    struct map *by_id = brief->by_id[kind];
    struct object *object = map_get(by_id, id);
    if (object)
        return object;
    char *json = read_object(brief, kind, id);
    if (!json)
        return NULL;
    int place = (int)map_count(by_id) + 1;
    object = xmalloc(sizeof(*object));
    *object = (struct object){ .id = xstrdup(id), .place = place, .json = json };
    map_put(by_id, id, object);
    *brief->end[kind] = object;
    brief->end[kind] = &object->next;
    return object;
}

/* What the row has of the kind, kept by <brief>; NULL when it cannot be read. */
static const struct object *object_of(struct brief *brief, int kind, struct stmt *row)
{
    const char *id = stmt_text(row, COMMON[kind].column);
    const struct object *last = brief->last[kind];
    if (!last || strcmp(last->id, id) != 0)
        brief->last[kind] = find_object(brief, kind, id);
    return brief->last[kind];
}

/* ---- rows */

static int put_object(struct brief *brief, int kind, struct stmt *row)
{
    const struct object *object = object_of(brief, kind, row);
    if (!object)
        return brief->err->code;
    json_put_raw(brief->w, COMMON[kind].key, object->json);
    return OK;
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

static void put_head(struct json_writer *w, struct stmt *stmt)
{
    int status = (int)stmt_int(stmt, STATUS);
    json_put_int(w, "id", stmt_int(stmt, ID));
    json_put_text(w, "title", stmt_text(stmt, TITLE));
    json_put_text(w, "description", stmt_text(stmt, DESCRIPTION));
    json_put_int(w, "status", status);
    json_put_text(w, "status_label", status_label(status));
}

static int write_whole(struct brief *brief, struct stmt *stmt)
{
    struct json_writer *w = brief->w;
    int rc = OK;
    json_object_begin(w);
    put_head(w, stmt);
    json_put_bool(w, "is_drill", stmt_int(stmt, IS_DRILL));
    json_put_int(w, "created_at_ms", stmt_int(stmt, CREATED_AT));
    incident_put_url(w, stmt_int(stmt, ID));
    put_conversation(w, stmt);
    for (int kind = 0; kind < KINDS && rc == OK; kind++)
        rc = put_object(brief, kind, stmt);
    json_object_finish(w);
    return rc;
}

static int write_with_places(struct brief *brief, struct stmt *stmt)
{
    struct json_writer *w = brief->w;
    json_object_begin(w);
    put_head(w, stmt);
    json_put_int(w, "created_at_ms", stmt_int(stmt, CREATED_AT));
    for (int kind = 0; kind < KINDS; kind++) {
        const struct object *object = object_of(brief, kind, stmt);
        if (!object)
            return brief->err->code;
        json_put_int(w, COMMON[kind].key, object->place);
    }
    if (!stmt_is_null(stmt, V_NAME))
        json_put_text(w, "conversation_name", stmt_text(stmt, V_NAME));
    json_object_finish(w);
    return OK;
}

/* Ends <stmt>. */
static int write_rows(struct brief *brief, struct stmt *stmt,
                      int (*write_row)(struct brief *brief, struct stmt *stmt))
{
    int rc;
    json_array_begin(brief->w);
    while ((rc = stmt_next(stmt, brief->err)) == DB_ROW)
        if ((rc = write_row(brief, stmt)) != OK)
            break;
    stmt_end(stmt);
    json_array_finish(brief->w);
    return rc == DB_DONE ? OK : rc;
}

int incident_brief_write(struct tx *tx, struct stmt *stmt, struct json_writer *w, struct err *err)
{
    if (!stmt)
        return err->code;
    struct brief brief = { .tx = tx, .w = w, .err = err };
    begin(&brief);
    int rc = write_rows(&brief, stmt, write_whole);
    finish(&brief);
    return rc;
}

static void write_lists(struct brief *brief)
{
    for (int kind = 0; kind < KINDS; kind++) {
        json_key(brief->w, COMMON[kind].list);
        json_array_begin(brief->w);
        for (const struct object *object = brief->first[kind]; object; object = object->next)
            json_raw(brief->w, object->json, strlen(object->json));
        json_array_finish(brief->w);
    }
}

int incident_brief_write_board(struct tx *tx, struct stmt *stmt, struct json_writer *w,
                               struct err *err)
{
    if (!stmt)
        return err->code;
    struct brief brief = { .tx = tx, .w = w, .err = err };
    begin(&brief);
    json_object_begin(w);
    json_key(w, "incidents");
    int rc = write_rows(&brief, stmt, write_with_places);
    if (rc == OK)
        write_lists(&brief);
    json_object_finish(w);
    finish(&brief);
    return rc;
}
