#include "core/import_row.h"

#include "base/buf.h"
#include "base/mem.h"
#include "core/args.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* References that the schema does not declare: history may speak of rows that are gone. */
static const struct {
    const char *parent, *child, *column;
} LOOSE_REFERENCES[] = {
    { "priority", "incident_update", "priority_id" },
    { "category", "incident_update", "category_id" },
    { "environment", "incident_update", "environment_id" },
};

/* The words of the store's driver: references are checked at the end of the transaction, and the
 * schema says which there are. */
static const char DEFER_REFERENCES[] = "PRAGMA defer_foreign_keys = ON";
static const char CHECK_REFERENCES[] = "PRAGMA defer_foreign_keys = OFF";
static const char SELECT_REFERENCES[] =
    "SELECT t.name, f.\"from\" FROM sqlite_master t JOIN pragma_foreign_key_list(t.name) f"
    " WHERE t.type = 'table' AND f.\"table\" = ?";
static const char SELECT_REFERENCES_OF[] =
    "SELECT f.\"table\", f.\"from\" FROM pragma_foreign_key_list(?) f ORDER BY f.id DESC";
static const char SELECT_INCIDENT_OF_NUMBER[] = "SELECT title FROM incident WHERE id = ?";

struct db_value import_row_bind(json_t *value, char **owned)
{
    *owned = NULL;
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_STRING:
        return (struct db_value){ .type = 'n',
                                  .t = json_string_value(value),
                                  .n = json_string_length(value) };
    case JSON_INTEGER:
        return (struct db_value){ .type = 'i', .i = json_integer_value(value) };
    case JSON_REAL:
        return (struct db_value){ .type = 'd', .d = json_real_value(value) };
    case JSON_TRUE:
    case JSON_FALSE:
        return (struct db_value){ .type = 'i', .i = json_is_true(value) };
    case JSON_OBJECT:
    case JSON_ARRAY:
        *owned = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);
        return (struct db_value){ .type = 't', .t = *owned };
    case JSON_NULL:
        break;
    }
    return (struct db_value){ .type = '0' };
}

/* ---- rows that are known */

bool import_next_name(const char **at, char name[IMPORT_NAME_SIZE])
{
    if (!**at)
        return false;
    size_t len = strcspn(*at, ",");
    snprintf(name, IMPORT_NAME_SIZE, "%.*s", (int)len, *at);
    *at += len + ((*at)[len] == ',');
    return true;
}

/* Looks up <what> where the columns of <set> are as in <row>. DB_ROW with *out a text of the
 * caller's, DB_DONE also when one of the columns is absent or null, or an error. */
static int find(struct tx *tx, const struct import_row *row, const char *what, const char *set,
                char **out, struct err *err)
{
    AUTO_BUF struct buf sql = BUF_INIT;
    struct db_value values[4];
    char *owned[4] = { NULL };
    char name[IMPORT_NAME_SIZE];
    int count = 0;
    bool is_whole = true;
    buf_printf(&sql, "SELECT %s FROM %s WHERE ", what, row->table->name);
    for (const char *at = set; is_whole && count < 4 && import_next_name(&at, name); count++) {
        json_t *value = json_object_get(row->values, name);
        is_whole = value && !json_is_null(value);
        buf_printf(&sql, "%s%s = ?", count ? " AND " : "", name);
        values[count] = import_row_bind(value, &owned[count]);
    }
    struct stmt *stmt = is_whole ? tx_query_values(tx, err, buf_text(&sql), values, count) : NULL;
    int rc = !is_whole ? DB_DONE : stmt ? stmt_next(stmt, err) : err->code;
    if (rc == DB_ROW)
        *out = xstrdup(stmt_text(stmt, 0));
    stmt_end(stmt);
    for (int i = 0; i < count; i++)
        free(owned[i]);
    return rc;
}

static int set_reference(struct tx *tx, const char *child, const char *column,
                         const struct db_value *from, const struct db_value *to, struct err *err)
{
    AUTO_BUF struct buf sql = BUF_INIT;
    const struct db_value values[] = { *to, *from };
    buf_printf(&sql, "UPDATE %s SET %s = ? WHERE %s = ?", child, column, column);
    struct stmt *stmt = tx_query_values(tx, err, buf_text(&sql), values, 2);
    int rc = stmt ? stmt_next(stmt, err) : err->code;
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

/* What the schema says of references to or of <table>: table, column, table, column ... in a list
 * of the caller's. */
static int references(struct tx *tx, const char *sql, const char *table, json_t **list,
                      struct err *err)
{
    *list = json_array();
    struct stmt *stmt = tx_query(tx, err, sql, "t", table);
    int rc = stmt ? DB_ROW : err->code;
    while (stmt && (rc = stmt_next(stmt, err)) == DB_ROW) {
        json_array_append_new(*list, json_string(stmt_text(stmt, 0)));
        json_array_append_new(*list, json_string(stmt_text(stmt, 1)));
    }
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

/* Gives a row another id, in its own table and wherever it is referred to. */
static int change_id(struct tx *tx, const char *table, const struct db_value *from,
                     const struct db_value *to, struct err *err)
{
    AUTO_JSON json_t *list = NULL;
    int rc = tx_exec(tx, err, DEFER_REFERENCES, "");
    if (rc >= 0)
        rc = references(tx, SELECT_REFERENCES, table, &list, err);
    for (size_t i = 0; rc == OK && i + 1 < json_array_size(list); i += 2)
        rc = set_reference(tx, json_string_value(json_array_get(list, i)),
                           json_string_value(json_array_get(list, i + 1)), from, to, err);
    for (size_t i = 0; rc == OK && i < sizeof(LOOSE_REFERENCES) / sizeof(LOOSE_REFERENCES[0]); i++)
        if (strcmp(LOOSE_REFERENCES[i].parent, table) == 0)
            rc = set_reference(tx, LOOSE_REFERENCES[i].child, LOOSE_REFERENCES[i].column, from, to,
                               err);
    if (rc == OK)
        rc = set_reference(tx, table, "id", from, to, err);
    return rc == OK ? tx_exec(tx, err, CHECK_REFERENCES, "") : rc;
}

/* The number <id> is wanted for <row>: whoever has it and is somebody else gets a new one. */
static int free_number(struct tx *tx, const struct import_row *row, const struct db_value *id,
                       struct err *err)
{
    char sql[100];
    struct db_value fresh = { .type = 'i' };
    snprintf(sql, sizeof(sql), "SELECT COALESCE(MAX(id), 0) + 1 FROM %s", row->table->name);
    struct stmt *stmt = tx_query_values(tx, err, sql, NULL, 0);
    int rc = stmt ? stmt_next(stmt, err) : err->code;
    if (rc == DB_ROW)
        fresh.i = stmt_int(stmt, 0) > id->i ? stmt_int(stmt, 0) : id->i + 1;
    stmt_end(stmt);
    return rc < 0 ? rc : change_id(tx, row->table->name, id, &fresh, err);
}

/* The row that people would call the same gets the imported id. */
static int adopt(struct tx *tx, const struct import_row *row, const char *natural, struct err *err)
{
    AUTO_FREE char *known = NULL;
    AUTO_FREE char *owned = NULL;
    struct db_value id = import_row_bind(json_object_get(row->values, "id"), &owned);
    int rc = find(tx, row, "id", natural, &known, err);
    if (rc != DB_ROW)
        return rc;
    bool is_number = id.type == 'i';
    struct db_value old = is_number
                              ? (struct db_value){ .type = 'i', .i = strtoll(known, NULL, 10) }
                              : (struct db_value){ .type = 't', .t = known };
    if (is_number ? old.i == id.i
                  : (id.type == 'n' && strlen(known) == id.n && memcmp(known, id.t, id.n) == 0))
        return OK;
    AUTO_FREE char *occupant = NULL;
    rc = find(tx, row, "id", "id", &occupant, err);
    if (rc == DB_ROW && is_number)
        rc = free_number(tx, row, &id, err);
    else if (rc == DB_ROW)
        return OK; /* both are there: the unique columns will tell what is wrong */
    return rc < 0 ? rc : change_id(tx, row->table->name, &old, &id, err);
}

/* Whether the row that has the wanted number is another one. DB_ROW when it is. */
static int is_taken(struct tx *tx, const struct import_row *row, struct err *err)
{
    AUTO_FREE char *unused = NULL;
    int rc = find(tx, row, "1", "id", &unused, err);
    for (int i = 0; i < IMPORT_SETS_MAX && row->table->same[i] && rc == DB_ROW; i++) {
        AUTO_BUF struct buf set = BUF_INIT;
        AUTO_FREE char *same = NULL;
        buf_printf(&set, "id,%s", row->table->same[i]);
        int is_same = find(tx, row, "1", buf_text(&set), &same, err);
        if (is_same != DB_DONE)
            return is_same < 0 ? is_same : DB_DONE;
    }
    return rc;
}

/* Numbers of incidents are known to people: they are not given away. */
static int refuse_number(struct tx *tx, const struct db_value *id, struct err *err)
{
    struct stmt *stmt = tx_query(tx, err, SELECT_INCIDENT_OF_NUMBER, "i", id->i);
    int rc = stmt ? stmt_next(stmt, err) : err->code;
    if (rc >= 0)
        rc = err_set(err, ERR_CONFLICT,
                     "incident %" PRId64 " is another one here: import into a database without"
                     " incidents (\"%s\")",
                     id->i, rc == DB_ROW ? stmt_text(stmt, 0) : "");
    stmt_end(stmt);
    snprintf(err->field, sizeof(err->field), "id");
    return rc;
}

int import_row_take_id(struct tx *tx, const struct import_row *row, struct err *err)
{
    AUTO_FREE char *owned = NULL;
    int rc = OK;
    for (int i = 0; i < IMPORT_SETS_MAX && row->table->natural[i] && rc >= 0; i++)
        rc = adopt(tx, row, row->table->natural[i], err);
    if (rc < 0 || !row->table->same[0])
        return rc < 0 ? rc : OK;
    struct db_value id = import_row_bind(json_object_get(row->values, "id"), &owned);
    rc = is_taken(tx, row, err);
    if (rc != DB_ROW)
        return rc < 0 ? rc : OK;
    return strcmp(row->table->name, "incident") == 0 ? refuse_number(tx, &id, err)
                                                     : free_number(tx, row, &id, err);
}

int import_row_is_known(struct tx *tx, const struct import_row *row, struct err *err)
{
    AUTO_FREE char *unused = NULL;
    return find(tx, row, "1", row->table->key, &unused, err);
}

/* ---- references */

static int refuse_reference(struct tx *tx, const struct import_row *row, const char *parent,
                            const char *column, struct err *err)
{
    AUTO_BUF struct buf sql = BUF_INIT;
    char *owned;
    json_t *value = json_object_get(row->values, column);
    if (!value || json_is_null(value))
        return OK;
    struct db_value key = import_row_bind(value, &owned);
    buf_printf(&sql, "SELECT 1 FROM %s WHERE id = ?", parent);
    struct stmt *stmt = tx_query_values(tx, err, buf_text(&sql), &key, 1);
    int rc = stmt ? stmt_next(stmt, err) : err->code;
    stmt_end(stmt);
    free(owned);
    if (rc != DB_DONE)
        return rc < 0 ? rc : OK;
    AUTO_FREE char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
    rc = err_set(err, ERR_CONFLICT, "there is no %s %.80s", parent, text);
    copy_text(err->field, sizeof(err->field), column);
    return rc;
}

int import_row_check(struct tx *tx, const struct import_row *row, struct err *err)
{
    int rc = OK;
    for (size_t i = 0; i < sizeof(LOOSE_REFERENCES) / sizeof(LOOSE_REFERENCES[0]); i++)
        if (rc == OK && strcmp(LOOSE_REFERENCES[i].child, row->table->name) == 0)
            rc = refuse_reference(tx, row, LOOSE_REFERENCES[i].parent, LOOSE_REFERENCES[i].column,
                                  err);
    return rc;
}

void import_row_name_missing(struct tx *tx, const struct import_row *row, struct err *err)
{
    AUTO_JSON json_t *list = NULL;
    int rc = references(tx, SELECT_REFERENCES_OF, row->table->name, &list, err);
    for (size_t i = 0; rc == OK && i + 1 < json_array_size(list); i += 2)
        rc = refuse_reference(tx, row, json_string_value(json_array_get(list, i)),
                              json_string_value(json_array_get(list, i + 1)), err);
}
