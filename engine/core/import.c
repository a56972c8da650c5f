/* import - rows of another system, written with the ids and times they had there. What stands for
 * something that config.lua declared already (the same name, e-mail, external id) becomes that
 * row, and its id becomes the imported one in every table that refers to it. A row that is there
 * already and says the same is left as it is, so that an import can be repeated. No event is
 * emitted: nobody is told of incidents of years ago. */
#include "core/args.h"
#include "core/audit.h"
#include "core/op_table.h"
#include "core/reference_imported.h"
#include "core/rows.h"
#include "core/search_index.h"
#include "store/db.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { ROWS_MAX = 1000, COLUMNS_MAX = 40, NAME_MAX_BYTES = 40, NATURAL_MAX = 3 };

/* What may be imported. <key>: the columns that tell rows apart; <natural>: others that do so in
 * the eyes of people, each a set of columns, of tables whose rows are known by "id". */
static const struct table {
    const char *name;
    const char *key;
    const char *natural[NATURAL_MAX];
} TABLES[] = {
    { "person", "id", { "email", "username" } },
    { "account", "platform,external_id", { 0 } },
    { "priority", "id", { "name", "value" } },
    { "environment", "id", { "value" } },
    { "category_group", "id", { "name" } },
    { "category", "id", { "group_id,name" } },
    { "role_type", "id", { "slug" } },
    { "milestone_type", "id", { "event_type" } },
    { "metric_type", "id", { "type" } },
    { "impact_type", "id", { "value" } },
    { "impact_level", "id", { "impact_type_id,value" } },
    { "cost_type", "id", { "name" } },
    { "incident", "id", { 0 } },
    { "incident_update", "id", { 0 } },
    { "incident_member", "incident_id,person_id", { 0 } },
    { "incident_role", "incident_id,role_type_id,person_id", { 0 } },
    { "incident_impact", "id", { "incident_id,impact_type_id" } },
    { "incident_metric", "incident_id,metric_type_id", { 0 } },
    { "incident_cost", "id", { 0 } },
    { "incident_tag", "incident_id,tag", { 0 } },
    { "attachment", "id", { "incident_id,kind,provider" } },
    { "conversation", "id", { "platform,external_id", "tag" } },
    { "conversation_category", "category_id,conversation_id", { 0 } },
    { "conversation_member", "conversation_id,person_id", { 0 } },
    { "usergroup", "id", { "platform,external_id" } },
    { "usergroup_category", "category_id,usergroup_id", { 0 } },
    { "usergroup_member", "usergroup_id,person_id", { 0 } },
    { "oncall", "provider,service,level,person_id", { 0 } },
};

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
static const char SELECT_REFERENCES[] =
    "SELECT t.name, f.\"from\" FROM sqlite_master t JOIN pragma_foreign_key_list(t.name) f"
    " WHERE t.type = 'table' AND f.\"table\" = ?";

enum outcome { CREATED, UPDATED, UNCHANGED, REFUSED, OUTCOME_COUNT };
static const char *const OUTCOME_NAMES[] = { "created", "updated", "unchanged", "refused" };

/* One row on its way into its table. */
struct row {
    const struct table *table;
    json_t *values; /* borrowed */
    const char *columns[COLUMNS_MAX];
    int count;
};

/* ---- reading */

static const struct table *find_table(const char *name)
{
    for (size_t i = 0; i < sizeof(TABLES) / sizeof(TABLES[0]); i++)
        if (strcmp(TABLES[i].name, name) == 0)
            return &TABLES[i];
    return NULL;
}

/* Names become part of the SQL: letters and underscores only. */
static bool is_column_name(const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz_");
    return len > 0 && name[len] == '\0' && len < NAME_MAX_BYTES;
}

static int read_row(const struct args *args, json_t *item, struct row *row)
{
    const char *name = json_string_value(json_array_get(item, 0));
    *row = (struct row){ .values = json_array_get(item, 1) };
    row->table = name ? find_table(name) : NULL;
    if (!row->table || !json_is_object(row->values))
        return args_fail(
            args, "rows",
            "a row is [table, {column: value}]; there is no table \"%s\" to import into",
            name ? name : "");
    const char *column;
    json_t *value;
    json_object_foreach (row->values, column, value) {
        if (!is_column_name(column) || row->count == COLUMNS_MAX)
            return args_fail(args, "rows", "\"%.40s\" is no column", column);
        row->columns[row->count++] = column;
    }
    return OK;
}

/* Objects and lists are stored as their text, which *owned keeps. */
static struct db_value bind(json_t *value, char **owned)
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

/* The name that begins at *at, ending at a comma; moves *at behind it. False at the end. */
static bool next_name(const char **at, char name[NAME_MAX_BYTES])
{
    if (!**at)
        return false;
    size_t len = strcspn(*at, ",");
    snprintf(name, NAME_MAX_BYTES, "%.*s", (int)len, *at);
    *at += len + ((*at)[len] == ',');
    return true;
}

/* Looks up <what> where the columns of <set> are as in <row>. DB_ROW with *out a text of the
 * caller's, DB_DONE also when one of the columns is absent or null, or an error. */
static int find(struct tx *tx, const struct row *row, const char *what, const char *set, char **out,
                struct err *err)
{
    AUTO_BUF struct buf sql = BUF_INIT;
    struct db_value values[4];
    char *owned[4] = { NULL };
    char name[NAME_MAX_BYTES];
    int count = 0;
    buf_printf(&sql, "SELECT %s FROM %s WHERE ", what, row->table->name);
    for (const char *at = set; count < 4 && next_name(&at, name); count++) {
        json_t *value = json_object_get(row->values, name);
        if (!value || json_is_null(value))
            return DB_DONE;
        buf_printf(&sql, "%s%s = ?", count ? " AND " : "", name);
        values[count] = bind(value, &owned[count]);
    }
    struct stmt *stmt = tx_query_values(tx, err, buf_text(&sql), values, count);
    int rc = stmt ? stmt_next(stmt, err) : err->code;
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

/* The declared references to <parent> as child, column, child, column ... in a list of the
 * caller's. */
static int references_to(struct tx *tx, const char *parent, json_t **list, struct err *err)
{
    *list = json_array();
    struct stmt *stmt = tx_query(tx, err, SELECT_REFERENCES, "t", parent);
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
    AUTO_JSON json_t *references = NULL;
    int rc = tx_exec(tx, err, DEFER_REFERENCES, "");
    if (rc >= 0)
        rc = references_to(tx, table, &references, err);
    for (size_t i = 0; rc == OK && i + 1 < json_array_size(references); i += 2)
        rc = set_reference(tx, json_string_value(json_array_get(references, i)),
                           json_string_value(json_array_get(references, i + 1)), from, to, err);
    for (size_t i = 0; rc == OK && i < sizeof(LOOSE_REFERENCES) / sizeof(LOOSE_REFERENCES[0]); i++)
        if (strcmp(LOOSE_REFERENCES[i].parent, table) == 0)
            rc = set_reference(tx, LOOSE_REFERENCES[i].child, LOOSE_REFERENCES[i].column, from, to,
                               err);
    return rc == OK ? set_reference(tx, table, "id", from, to, err) : rc;
}

/* The number <id> is wanted for <row>: whoever has it and is somebody else gets a new one. */
static int free_number(struct tx *tx, const struct row *row, const struct db_value *id,
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
static int adopt(struct tx *tx, const struct row *row, const char *natural, struct err *err)
{
    AUTO_FREE char *known = NULL;
    char *unused;
    struct db_value id = bind(json_object_get(row->values, "id"), &unused);
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

/* ---- writing */

static bool is_in_set(const char *set, const char *column)
{
    char name[NAME_MAX_BYTES];
    for (const char *at = set; next_name(&at, name);)
        if (strcmp(name, column) == 0)
            return true;
    return false;
}

static void put_upsert(const struct row *row, struct buf *sql)
{
    buf_printf(sql, "INSERT INTO %s (", row->table->name);
    for (int i = 0; i < row->count; i++)
        buf_printf(sql, "%s%s", i ? ", " : "", row->columns[i]);
    buf_puts(sql, ") VALUES (");
    for (int i = 0; i < row->count; i++)
        buf_puts(sql, i ? ", ?" : "?");
    buf_printf(sql, ") ON CONFLICT (%s) DO ", row->table->key);
    int set = 0;
    for (int i = 0; i < row->count; i++)
        if (!is_in_set(row->table->key, row->columns[i]))
            buf_printf(sql, "%s%s = excluded.%s", set++ ? ", " : "UPDATE SET ", row->columns[i],
                       row->columns[i]);
    if (set == 0) {
        buf_puts(sql, "NOTHING");
        return;
    }
    int compared = 0;
    for (int i = 0; i < row->count; i++)
        if (!is_in_set(row->table->key, row->columns[i]))
            buf_printf(sql, "%s%s.%s IS DISTINCT FROM excluded.%s", compared++ ? " OR " : " WHERE ",
                       row->table->name, row->columns[i], row->columns[i]);
}

static int upsert(struct tx *tx, const struct row *row, struct err *err)
{
    AUTO_BUF struct buf sql = BUF_INIT;
    struct db_value values[COLUMNS_MAX];
    char *owned[COLUMNS_MAX];
    put_upsert(row, &sql);
    for (int i = 0; i < row->count; i++)
        values[i] = bind(json_object_get(row->values, row->columns[i]), &owned[i]);
    buf_puts(&sql, " RETURNING 1");
    struct stmt *stmt = tx_query_values(tx, err, buf_text(&sql), values, row->count);
    int rc = stmt ? stmt_next(stmt, err) : err->code;
    bool has_written = rc == DB_ROW;
    while (rc == DB_ROW)
        rc = stmt_next(stmt, err);
    stmt_end(stmt);
    for (int i = 0; i < row->count; i++)
        free(owned[i]);
    return rc < 0 ? rc : has_written;
}

/* The words of an incident follow it; also when the row is refused, they are those of what is there. */
static int upsert_with_words(struct tx *tx, const struct row *row, struct err *err)
{
    if (strcmp(row->table->name, "incident") != 0)
        return upsert(tx, row, err);
    int64_t id = json_integer_value(json_object_get(row->values, "id"));
    int rc = search_index_forget(tx, id, err);
    if (rc != OK)
        return rc;
    search_index_add(tx, id);
    return upsert(tx, row, err);
}

static enum outcome import_row(struct tx *tx, const struct row *row, struct err *err)
{
    AUTO_FREE char *known = NULL;
    int rc = OK;
    for (int i = 0; i < NATURAL_MAX && row->table->natural[i] && rc >= 0; i++)
        rc = adopt(tx, row, row->table->natural[i], err);
    int is_known = rc < 0 ? rc : find(tx, row, "1", row->table->key, &known, err);
    rc = is_known < 0 ? is_known : upsert_with_words(tx, row, err);
    if (rc > 0 && reference_note_imported(tx, row->table->name, err) != OK)
        rc = err->code;
    if (rc < 0)
        return REFUSED;
    if (rc == 0)
        return UNCHANGED;
    return is_known == DB_ROW ? UPDATED : CREATED;
}

/* ---- the operation */

static int import_rows_of(struct op_call *call, const struct args *args, json_t *rows,
                          int counts[OUTCOME_COUNT])
{
    size_t index;
    json_t *item;
    json_key(call->out, "refusals");
    json_array_begin(call->out);
    json_array_foreach (rows, index, item) {
        struct row row;
        struct err err = { 0 };
        if (read_row(args, item, &row) != OK)
            return call->err->code;
        enum outcome outcome = import_row(call->tx, &row, &err);
        counts[outcome]++;
        if (outcome != REFUSED)
            continue;
        json_object_begin(call->out);
        json_put_int(call->out, "index", (int64_t)index);
        json_put_text(call->out, "why", err.msg);
        json_object_finish(call->out);
    }
    json_array_finish(call->out);
    return OK;
}

static int write_audit(struct op_call *call, const int counts[OUTCOME_COUNT])
{
    char after[120];
    if (counts[CREATED] + counts[UPDATED] == 0)
        return OK;
    snprintf(after, sizeof(after), "{\"created\":%d,\"updated\":%d}", counts[CREATED],
             counts[UPDATED]);
    struct audit_entry entry = { .action = "import.rows", .after = after };
    return audit_write(call->tx, call->actor, &entry, call->err);
}

/* import.rows {rows: [[table, {column: value}], ...]} (at most 1000) -> {created, updated,
 * unchanged, refused, refusals: [{index, why}]}: what one row is refused for does not hold the
 * others back. */
static int import_rows(struct op_call *call)
{
    struct args args = args_of(call);
    json_t *rows;
    int counts[OUTCOME_COUNT] = { 0 };
    if (call->actor->kind != ACTOR_OPERATOR && call->actor->kind != ACTOR_SYSTEM)
        return err_set(call->err, ERR_FORBIDDEN, "only the operator imports");
    int rc = args_refuse_unknown(call, "rows");
    if (rc != OK || (rc = args_array(&args, "rows", ROWS_MAX, &rows)) != OK)
        return rc;
    json_object_begin(call->out);
    rc = import_rows_of(call, &args, rows, counts);
    for (int i = 0; rc == OK && i < OUTCOME_COUNT; i++)
        json_put_int(call->out, OUTCOME_NAMES[i], counts[i]);
    json_object_finish(call->out);
    return rc == OK ? write_audit(call, counts) : rc;
}

const struct op IMPORT_OPS[] = {
    { "import.rows", true, import_rows,
      "{rows: [[table, {column: value}]]}: rows of another system, with their ids and times -> "
      "{created, updated,"
      " unchanged, refused, refusals}" },
    { 0 },
};
