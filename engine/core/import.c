/* import - rows of another system, written with the ids and times they had there. What stands for
 * something that config.lua declared already (the same name, e-mail, external id) becomes that
 * row, and its id becomes the imported one in every table that refers to it. A row that is there
 * already and says the same is left as it is, so that an import can be repeated. No event is
 * emitted: nobody is told of incidents of years ago. */
#include "core/args.h"
#include "base/mem.h"
#include "core/audit.h"
#include "core/import_row.h"
#include "core/op_table.h"
#include "core/reference_imported.h"
#include "core/rows.h"
#include "core/search_index.h"
#include "store/db.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { ROWS_MAX = 1000 };

static const struct import_table TABLES[] = {
    { .name = "person", .key = "id", .natural = { "email", "username" } },
    { .name = "account", .key = "platform,external_id" },
    { .name = "priority", .key = "id", .natural = { "name", "value" } },
    { .name = "environment", .key = "id", .natural = { "value" } },
    { .name = "category_group", .key = "id", .natural = { "name" } },
    { .name = "category", .key = "id", .natural = { "group_id,name" } },
    { .name = "role_type", .key = "id", .natural = { "slug" }, .same = { "slug" } },
    { .name = "milestone_type",
      .key = "id",
      .natural = { "event_type" },
      .same = { "event_type" } },
    { .name = "metric_type", .key = "id", .natural = { "type" }, .same = { "type" } },
    { .name = "impact_type", .key = "id", .natural = { "value" }, .same = { "value" } },
    { .name = "impact_level", .key = "id", .natural = { "impact_type_id,value" } },
    { .name = "cost_type",
      .key = "id",
      .natural = { "name" },
      .same = { "name", "created_at_ms" } },
    { .name = "incident", .key = "id", .same = { "created_at_ms" } },
    { .name = "incident_update", .key = "id" },
    { .name = "incident_member", .key = "incident_id,person_id" },
    { .name = "incident_role", .key = "incident_id,role_type_id,person_id" },
    { .name = "incident_impact",
      .key = "id",
      .natural = { "incident_id,impact_type_id" },
      .same = { "incident_id,impact_type_id" } },
    { .name = "incident_metric", .key = "incident_id,metric_type_id" },
    { .name = "incident_cost", .key = "id", .same = { "incident_id,created_at_ms" } },
    { .name = "incident_tag", .key = "incident_id,tag" },
    { .name = "attachment", .key = "id", .natural = { "incident_id,kind,provider" } },
    { .name = "runbook", .key = "id", .natural = { "page_id" } },
    { .name = "conversation", .key = "id", .natural = { "platform,external_id", "tag" } },
    { .name = "conversation_category", .key = "category_id,conversation_id" },
    { .name = "conversation_member", .key = "conversation_id,person_id" },
    { .name = "usergroup", .key = "id", .natural = { "platform,external_id" } },
    { .name = "usergroup_category", .key = "category_id,usergroup_id" },
    { .name = "usergroup_member", .key = "usergroup_id,person_id" },
    { .name = "oncall", .key = "provider,service,level,person_id" },
};

/* How the store's driver begins a refusal. */
static const char UNIQUE_REFUSED[] = "UNIQUE constraint failed: ";
static const char NULL_REFUSED[] = "NOT NULL constraint failed: ";
static const char REFERENCE_REFUSED[] = "FOREIGN KEY constraint failed";

static const char SELECT_SAME_WORDS[] =
    "SELECT title = ? AND description = ? FROM incident WHERE id = ?";

enum outcome { CREATED, UPDATED, UNCHANGED, REFUSED, OUTCOME_COUNT };
static const char *const OUTCOME_NAMES[] = { "created", "updated", "unchanged", "refused" };

/* ---- reading */

static const struct import_table *find_table(const char *name)
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
    return len > 0 && name[len] == '\0' && len < IMPORT_NAME_SIZE;
}

static int read_row(const struct args *args, json_t *item, struct import_row *row)
{
    const char *name = json_string_value(json_array_get(item, 0));
    *row = (struct import_row){ .values = json_array_get(item, 1) };
    row->table = name ? find_table(name) : NULL;
    if (!row->table || !json_is_object(row->values))
        return args_fail(
            args, "rows",
            "a row is [table, {column: value}]; there is no table \"%s\" to import into",
            name ? name : "");
    const char *column;
    json_t *value;
    json_object_foreach (row->values, column, value) {
        if (!is_column_name(column) || row->count == IMPORT_COLUMNS_MAX)
            return args_fail(args, "rows", "\"%.40s\" is no column", column);
        row->columns[row->count++] = column;
    }
    return OK;
}

/* ---- what is wrong with a refused row */

/* Says it in words of ours: which column, and why. */
static void explain(struct tx *tx, const struct import_row *row, struct err *err)
{
    char said[sizeof(err->msg)];
    const char *column = NULL;
    copy_text(said, sizeof(said), err->msg);
    if (strcmp(said, REFERENCE_REFUSED) == 0) {
        import_row_name_missing(tx, row, err);
    } else if (strncmp(said, UNIQUE_REFUSED, sizeof(UNIQUE_REFUSED) - 1) == 0) {
        column = said + sizeof(UNIQUE_REFUSED) - 1;
        err_set(err, ERR_CONFLICT, "another %s has the same", row->table->name);
    } else if (strncmp(said, NULL_REFUSED, sizeof(NULL_REFUSED) - 1) == 0) {
        column = said + sizeof(NULL_REFUSED) - 1;
        err_set(err, ERR_CONFLICT, "is missing");
    }
    const char *dot = column ? strchr(column, '.') : NULL;
    if (dot)
        snprintf(err->field, sizeof(err->field), "%.*s", (int)strcspn(dot + 1, ","), dot + 1);
}

/* ---- writing */

static bool is_in_set(const char *set, const char *column)
{
    char name[IMPORT_NAME_SIZE];
    for (const char *at = set; import_next_name(&at, name);)
        if (strcmp(name, column) == 0)
            return true;
    return false;
}

static void put_upsert(const struct import_row *row, struct buf *sql)
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

static int upsert(struct tx *tx, const struct import_row *row, struct err *err)
{
    AUTO_BUF struct buf sql = BUF_INIT;
    struct db_value values[IMPORT_COLUMNS_MAX];
    char *owned[IMPORT_COLUMNS_MAX];
    put_upsert(row, &sql);
    for (int i = 0; i < row->count; i++)
        values[i] = import_row_bind(json_object_get(row->values, row->columns[i]), &owned[i]);
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

/* The words of an incident follow it. */
static int upsert_with_words(struct tx *tx, const struct import_row *row, struct err *err)
{
    if (strcmp(row->table->name, "incident") != 0)
        return upsert(tx, row, err);
    const json_t *values = row->values;
    int64_t id = json_integer_value(json_object_get(values, "id"));
    int rc = OK;
    int64_t same = tx_get_int(tx, &rc, err, -1, SELECT_SAME_WORDS, "tti",
                              json_string_value(json_object_get(values, "title")),
                              json_string_value(json_object_get(values, "description")), id);
    if (rc == OK && same == 0)
        rc = search_index_forget(tx, id, err);
    int written = rc == OK ? upsert(tx, row, err) : rc;
    if (written > 0 && same != 1)
        rc = search_index_put(tx, id, err);
    return rc < 0 ? rc : written;
}

static enum outcome import_row(struct tx *tx, const struct import_row *row, struct err *err)
{
    int rc = import_row_take_id(tx, row, err);
    if (rc == OK)
        rc = import_row_check(tx, row, err);
    int is_known = rc < 0 ? rc : import_row_is_known(tx, row, err);
    rc = is_known < 0 ? is_known : upsert_with_words(tx, row, err);
    if (rc > 0 && reference_note_imported(tx, row->table->name, err) != OK)
        rc = err->code;
    if (rc == ERR_CONFLICT && !err->field[0])
        explain(tx, row, err);
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
        struct import_row row;
        struct err err = { 0 };
        if (read_row(args, item, &row) != OK)
            return call->err->code;
        enum outcome outcome = import_row(call->tx, &row, &err);
        counts[outcome]++;
        if (outcome != REFUSED)
            continue;
        json_object_begin(call->out);
        json_put_int(call->out, "index", (int64_t)index);
        json_put_text(call->out, "column", err.field[0] ? err.field : NULL);
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
 * unchanged, refused, refusals: [{index, column, why}]}: what one row is refused for does not hold the
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
