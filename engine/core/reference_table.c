#include "core/reference_table.h"

#include "base/clock.h"
#include "base/mem.h"
#include "core/ids.h"
#include "store/db.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { ID_MAX = 64, KEY_TEXT_SIZE = 420, BOUND_MAX = REFERENCE_FIELDS_MAX + 3, NO_MATCH = -1 };

/* A row of the store. */
struct stored {
    struct reference_value id;
    struct reference_value values[REFERENCE_FIELDS_MAX];
    bool is_active;
    bool is_declared; /* a declared row matched it */
};

/* A row of the configuration. */
struct declared {
    struct reference_value id; /* '0' until known */
    struct reference_value values[REFERENCE_FIELDS_MAX];
    char path[80];
    ptrdiff_t match; /* index of the stored row, NO_MATCH: new */
};

struct reference_table {
    const struct reference_kind *kind;
    struct tx *tx;
    struct stored *stored;
    size_t stored_count;
    struct declared *declared;
    size_t declared_count;
};

/* ---- values */

static void value_fini(struct reference_value *value)
{
    free(value->t);
    *value = (struct reference_value){ .type = '0' };
}

static struct reference_value value_copy(const struct reference_value *value)
{
    return (struct reference_value){ .type = value->type,
                                     .i = value->i,
                                     .t = value->t ? xstrdup(value->t) : NULL };
}

static bool value_equals(const struct reference_value *a, const struct reference_value *b)
{
    if (a->type != b->type)
        return false;
    return a->type == 't' ? strcmp(a->t, b->t) == 0 : a->type != 'i' || a->i == b->i;
}

static struct reference_value value_of_column(struct stmt *stmt, int column, char type)
{
    if (stmt_is_null(stmt, column))
        return (struct reference_value){ .type = '0' };
    if (type == 't')
        return (struct reference_value){ .type = 't', .t = xstrdup(stmt_text(stmt, column)) };
    return (struct reference_value){ .type = 'i', .i = stmt_int(stmt, column) };
}

static struct db_value bound(const struct reference_value *value)
{
    return (struct db_value){ .type = value->type, .i = value->i, .t = value->t };
}

/* ---- opening */

static void read_stored(struct reference_table *table, struct stmt *stmt)
{
    const struct reference_kind *kind = table->kind;
    table->stored = xrealloc(table->stored, (table->stored_count + 1) * sizeof(*table->stored));
    struct stored *row = &table->stored[table->stored_count++];
    *row = (struct stored){ .id = value_of_column(stmt, 0, kind->has_text_id ? 't' : 'i'),
                            .is_active = stmt_int(stmt, 1) };
    for (int i = 0; i < kind->field_count; i++)
        row->values[i] = value_of_column(stmt, i + 2, kind->fields[i].type);
}

struct reference_table *reference_table_open(struct tx *tx, const struct reference_kind *kind,
                                             struct err *err)
{
    struct stmt *stmt = tx_query(tx, err, kind->select, "");
    if (!stmt)
        return NULL;
    struct reference_table *table = xcalloc(1, sizeof(*table));
    table->kind = kind;
    table->tx = tx;
    int rc;
    while ((rc = stmt_next(stmt, err)) == DB_ROW)
        read_stored(table, stmt);
    stmt_end(stmt);
    if (rc == DB_DONE)
        return table;
    reference_table_close(table);
    return NULL;
}

void reference_table_close(struct reference_table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->stored_count; i++) {
        value_fini(&table->stored[i].id);
        for (int f = 0; f < table->kind->field_count; f++)
            value_fini(&table->stored[i].values[f]);
    }
    for (size_t i = 0; i < table->declared_count; i++) {
        value_fini(&table->declared[i].id);
        for (int f = 0; f < table->kind->field_count; f++)
            value_fini(&table->declared[i].values[f]);
    }
    free(table->stored);
    free(table->declared);
    free(table);
}

/* ---- declared rows */

static bool is_slug(struct text text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789_-", text.at[i]))
            return false;
    return true;
}

static int read_text_field(const struct args *row, const struct reference_field *field,
                           struct reference_value *value)
{
    struct text text;
    int rc = field->is_required
                 ? args_text(row, field->key, (int)field->min, (int)field->max, &text)
                 : args_text_optional(row, field->key, 0, (int)field->max, &text);
    if (rc != OK)
        return rc;
    if (field->is_slug && !is_slug(text))
        return args_fail(row, field->key, "%s must be lower case: a-z, 0-9, _ and -", field->key);
    if (text.len == 0 && field->is_nullable)
        *value = (struct reference_value){ .type = '0' };
    else
        *value =
            (struct reference_value){ .type = 't', .t = text.at ? text_dup(text) : xstrdup("") };
    return OK;
}

static int read_field(const struct args *row, const struct reference_field *field,
                      struct reference_value *value)
{
    if (field->type == 't')
        return read_text_field(row, field, value);
    int64_t number = field->fallback;
    bool flag = field->fallback != 0;
    int rc;
    if (field->type == 'b')
        rc = args_bool_optional(row, field->key, &flag);
    else if (field->is_required)
        rc = args_int(row, field->key, field->min, field->max, &number);
    else
        rc = args_int_optional(row, field->key, field->min, field->max, &number);
    *value = (struct reference_value){ .type = 'i', .i = field->type == 'b' ? flag : number };
    return rc;
}

static int read_id(const struct reference_table *table, const struct args *row,
                   struct reference_value *id)
{
    struct text text;
    int64_t number = 0;
    *id = (struct reference_value){ .type = '0' };
    if (!args_has(row, "id"))
        return OK;
    if (!table->kind->has_text_id) {
        *id = (struct reference_value){ .type = 'i' };
        int rc = args_int(row, "id", 1, INT32_MAX, &number);
        id->i = number;
        return rc;
    }
    int rc = args_text(row, "id", 1, ID_MAX, &text);
    if (rc == OK)
        *id = (struct reference_value){ .type = 't', .t = text_dup(text) };
    return rc;
}

static int refuse_unknown(const struct reference_table *table, const struct args *row)
{
    const char *keys[REFERENCE_FIELDS_MAX + 4];
    int count = 0;
    keys[count++] = "id";
    for (int i = 0; i < table->kind->field_count; i++)
        if (table->kind->fields[i].key)
            keys[count++] = table->kind->fields[i].key;
    if (table->kind == &CATEGORY_KIND)
        keys[count++] = "group";
    if (table->kind->children)
        keys[count++] = table->kind->children;
    keys[count] = NULL;
    return args_refuse_others(row->object, row->path, row->err, keys);
}

static bool has_same_key(const struct reference_kind *kind, const struct reference_value *a,
                         const struct reference_value *b)
{
    for (int i = 0; i < REFERENCE_KEYS_MAX && kind->keys[i] >= 0; i++)
        if (!value_equals(&a[kind->keys[i]], &b[kind->keys[i]]))
            return false;
    return true;
}

static bool has_same_second_key(const struct reference_kind *kind, const struct reference_value *a,
                                const struct reference_value *b)
{
    return kind->second_key >= 0 && value_equals(&a[kind->second_key], &b[kind->second_key]);
}

/* The name of the last field of the key, for messages. */
static const char *key_name(const struct reference_kind *kind)
{
    return kind->fields[kind->keys[kind->keys[1] >= 0]].key;
}

static int check_twice(const struct reference_table *table, const struct args *row,
                       const struct declared *new)
{
    const struct reference_kind *kind = table->kind;
    for (size_t i = 0; i < table->declared_count; i++) {
        const struct declared *other = &table->declared[i];
        if (has_same_key(kind, other->values, new->values))
            return args_fail(row, key_name(kind), "this %s is declared twice, also in %s",
                             key_name(kind), other->path);
        if (has_same_second_key(kind, other->values, new->values))
            return args_fail(row, kind->fields[kind->second_key].key,
                             "this %s is declared twice, also in %s",
                             kind->fields[kind->second_key].key, other->path);
        if (new->id.type != '0' && value_equals(&other->id, &new->id))
            return args_fail(row, "id", "this id is declared twice, also in %s", other->path);
    }
    return OK;
}

static int read_declared(const struct reference_table *table, const struct args *row,
                         const struct reference_value *parent, struct declared *new)
{
    int rc = refuse_unknown(table, row);
    if (rc == OK)
        rc = read_id(table, row, &new->id);
    for (int i = 0; i < table->kind->field_count && rc == OK; i++) {
        const struct reference_field *field = &table->kind->fields[i];
        if (field->key)
            rc = read_field(row, field, &new->values[i]);
        else
            new->values[i] = value_copy(parent);
    }
    return rc == OK ? check_twice(table, row, new) : rc;
}

int reference_table_add(struct reference_table *table, const struct args *row,
                        const struct reference_value *parent, size_t *index)
{
    table->declared =
        xrealloc(table->declared, (table->declared_count + 1) * sizeof(*table->declared));
    struct declared *new = &table->declared[table->declared_count];
    *new = (struct declared){ .match = NO_MATCH, .id = { .type = '0' } };
    copy_text(new->path, sizeof(new->path), row->path);
    int rc = read_declared(table, row, parent, new);
    *index = table->declared_count++; /* counted also when wrong, so that it is freed */
    return rc;
}

/* ---- matching */

typedef bool (*is_match_fn)(const struct reference_kind *kind, const struct declared *declared,
                            const struct stored *stored);

static bool is_same_id(const struct reference_kind *kind, const struct declared *declared,
                       const struct stored *stored)
{
    (void)kind;
    return declared->id.type != '0' && value_equals(&declared->id, &stored->id);
}

static bool is_same_key(const struct reference_kind *kind, const struct declared *declared,
                        const struct stored *stored)
{
    return has_same_key(kind, declared->values, stored->values);
}

static bool is_same_second_key(const struct reference_kind *kind, const struct declared *declared,
                               const struct stored *stored)
{
    return has_same_second_key(kind, declared->values, stored->values);
}

static void match_by(struct reference_table *table, is_match_fn is_match)
{
    for (size_t d = 0; d < table->declared_count; d++) {
        struct declared *declared = &table->declared[d];
        for (size_t s = 0; s < table->stored_count && declared->match == NO_MATCH; s++) {
            struct stored *stored = &table->stored[s];
            if (stored->is_declared || !is_match(table->kind, declared, stored))
                continue;
            stored->is_declared = true;
            declared->match = (ptrdiff_t)s;
        }
    }
}

/* A row that nobody declares any more keeps its unique values: they cannot be given to another. */
static int check_taken(const struct reference_table *table, const struct declared *declared,
                       struct err *err)
{
    for (size_t s = 0; s < table->stored_count; s++) {
        const struct stored *stored = &table->stored[s];
        if (stored->is_declared)
            continue;
        if (has_same_key(table->kind, declared->values, stored->values) ||
            has_same_second_key(table->kind, declared->values, stored->values))
            return err_field(err, declared->path,
                             "%s has the name or value of an older row that has another id",
                             declared->path);
    }
    return OK;
}

static bool is_changed(const struct reference_table *table, const struct declared *declared)
{
    const struct stored *stored = &table->stored[declared->match];
    bool changed = !stored->is_active;
    for (int i = 0; i < table->kind->field_count; i++)
        changed |= !value_equals(&stored->values[i], &declared->values[i]);
    return changed;
}

/* ---- writing */

static int run(struct reference_table *table, const char *sql, const struct db_value *values,
               int count, struct err *err)
{
    struct stmt *stmt = tx_query_values(table->tx, err, sql, values, count);
    if (!stmt)
        return err->code;
    int rc = stmt_next(stmt, err);
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

static int park(struct reference_table *table, const struct declared *declared, struct err *err)
{
    if (!table->kind->park)
        return OK;
    struct db_value id = bound(&table->stored[declared->match].id);
    return run(table, table->kind->park, &id, 1, err);
}

static int update(struct reference_table *table, struct declared *declared, struct err *err)
{
    struct db_value values[BOUND_MAX];
    int count = 0;
    for (int i = 0; i < table->kind->field_count; i++)
        values[count++] = bound(&declared->values[i]);
    if (table->kind->has_times)
        values[count++] = (struct db_value){ .type = 'i', .i = clock_now_ms() };
    values[count++] = bound(&table->stored[declared->match].id);
    return run(table, table->kind->update, values, count, err);
}

static bool is_id_taken(const struct reference_table *table, const char *id)
{
    for (size_t i = 0; i < table->stored_count; i++)
        if (strcmp(table->stored[i].id.t, id) == 0)
            return true;
    return false;
}

/* The same database built again gets the same ids; only the id of a row that was renamed since is
 * not given twice. */
static void make_id(const struct reference_table *table, struct declared *declared)
{
    char key[KEY_TEXT_SIZE] = "";
    size_t len = 0;
    for (int i = 0; i < REFERENCE_KEYS_MAX && table->kind->keys[i] >= 0; i++) {
        const struct reference_value *value = &declared->values[table->kind->keys[i]];
        int more = value->type == 't'
                       ? snprintf(key + len, sizeof(key) - len, "/%.200s", value->t)
                       : snprintf(key + len, sizeof(key) - len, "/%" PRId64, value->i);
        len += (size_t)more;
    }
    char id[ID_SIZE];
    id_from_key(table->kind->name, key, id);
    if (is_id_taken(table, id))
        id_new(id);
    declared->id = (struct reference_value){ .type = 't', .t = xstrdup(id) };
}

static int insert(struct reference_table *table, struct declared *declared, struct err *err)
{
    struct db_value values[BOUND_MAX];
    int count = 0;
    if (declared->id.type == '0' && table->kind->has_text_id)
        make_id(table, declared);
    values[count++] = bound(&declared->id);
    for (int i = 0; i < table->kind->field_count; i++)
        values[count++] = bound(&declared->values[i]);
    if (table->kind->has_times) {
        values[count++] = (struct db_value){ .type = 'i', .i = clock_now_ms() };
        values[count++] = (struct db_value){ .type = 'i', .i = clock_now_ms() };
    }
    int rc = run(table, table->kind->insert, values, count, err);
    if (rc == OK && declared->id.type == '0')
        declared->id = (struct reference_value){ .type = 'i', .i = tx_insert_id(table->tx) };
    return rc;
}

static int deactivate(struct reference_table *table, const struct stored *stored, struct err *err)
{
    struct db_value values[2];
    int count = 0;
    if (table->kind->has_times)
        values[count++] = (struct db_value){ .type = 'i', .i = clock_now_ms() };
    values[count++] = bound(&stored->id);
    return run(table, table->kind->deactivate, values, count, err);
}

static int write_declared(struct reference_table *table, struct declared *declared, bool *changed,
                          struct err *err)
{
    int rc = OK;
    *changed = declared->match == NO_MATCH || is_changed(table, declared);
    if (declared->match == NO_MATCH) {
        rc = check_taken(table, declared, err);
        return rc == OK ? insert(table, declared, err) : rc;
    }
    if (*changed && (rc = check_taken(table, declared, err)) == OK)
        rc = update(table, declared, err);
    value_fini(&declared->id);
    declared->id = value_copy(&table->stored[declared->match].id);
    return rc;
}

int reference_table_apply(struct reference_table *table, int64_t *changes, struct err *err)
{
    int rc = OK;
    match_by(table, is_same_id);
    match_by(table, is_same_key);
    match_by(table, is_same_second_key);
    for (size_t i = 0; i < table->declared_count && rc == OK; i++)
        if (table->declared[i].match != NO_MATCH && is_changed(table, &table->declared[i]))
            rc = park(table, &table->declared[i], err);
    for (size_t i = 0; i < table->declared_count && rc == OK; i++) {
        bool changed;
        rc = write_declared(table, &table->declared[i], &changed, err);
        *changes += changed;
    }
    for (size_t i = 0; i < table->stored_count && rc == OK; i++) {
        if (table->stored[i].is_declared || !table->stored[i].is_active)
            continue;
        rc = deactivate(table, &table->stored[i], err);
        ++*changes;
    }
    return rc;
}

/* ---- looking at it */

const struct reference_value *reference_table_value(const struct reference_table *table,
                                                    size_t index, int field)
{
    return &table->declared[index].values[field];
}

const struct reference_value *reference_table_id(const struct reference_table *table, size_t index)
{
    return &table->declared[index].id;
}

size_t reference_table_count(const struct reference_table *table)
{
    return table->declared_count;
}

size_t reference_table_find(const struct reference_table *table, int field, struct text text)
{
    size_t index = 0;
    while (index < table->declared_count && !text_is(text, table->declared[index].values[field].t))
        index++;
    return index;
}
