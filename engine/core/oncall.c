/* oncall - who is on call, from any provider. A provider's rows are replaced as a whole. */
#include "core/oncall.h"

#include "base/clock.h"
#include "core/op_table.h"
#include "core/people.h"
#include "core/rows.h"
#include "store/db.h"

#include <string.h>

enum { ROWS_MAX = 10000, SERVICE_MAX = 128, LEVEL_MAX = 100 };

static const char DELETE_PROVIDER[] = "DELETE FROM oncall WHERE provider = ?";
static const char INSERT_ROW[] =
    "INSERT INTO oncall (provider, service, level, person_id, starts_at_ms, ends_at_ms) VALUES"
    " (?, ?, ?, ?, NULLIF(?, 0), NULLIF(?, 0)) ON CONFLICT (provider, service, level, person_id)"
    " DO UPDATE SET starts_at_ms = excluded.starts_at_ms, ends_at_ms = excluded.ends_at_ms";

static const char SELECT_NOW[] =
    "SELECT provider, service, level, person_id FROM oncall"
    " WHERE (starts_at_ms IS NULL OR starts_at_ms <= ?) AND (ends_at_ms IS NULL OR ends_at_ms > ?)"
    " ORDER BY service, level, provider, person_id";

/* The person of a row: their id, or the one with the e-mail address, made when unknown. */
static int find_person(struct tx *tx, const struct args *row, char id[PERSON_ID_SIZE])
{
    struct text person, email;
    int rc = args_text_optional(row, "person_id", 1, PERSON_ID_SIZE - 1, &person);
    if (rc != OK || (rc = people_read_email(row, "email", &email)) != OK)
        return rc;
    if (email.at)
        return person_ensure_email(tx, email, (struct text){ 0 }, id, row->err);
    if (!person.at)
        return args_fail(row, "email", "email or person_id is required");
    memcpy(id, person.at, person.len);
    id[person.len] = '\0';
    bool exists;
    rc = person_exists(tx, id, &exists, row->err);
    return rc == OK && !exists ? args_fail(row, "person_id", "there is no such person") : rc;
}

static int insert_row(struct tx *tx, struct text provider, const struct args *row)
{
    struct text service;
    int64_t level = 1, starts_at_ms = 0, ends_at_ms = 0;
    char person_id[PERSON_ID_SIZE];
    int rc = args_row_refuse_unknown(row, "service", "level", "email", "person_id", "starts_at_ms",
                                     "ends_at_ms");
    if (rc != OK || (rc = args_text(row, "service", 1, SERVICE_MAX, &service)) != OK ||
        (rc = args_int_optional(row, "level", 1, LEVEL_MAX, &level)) != OK ||
        (rc = args_int_optional(row, "starts_at_ms", 1, INT64_MAX, &starts_at_ms)) != OK ||
        (rc = args_int_optional(row, "ends_at_ms", 1, INT64_MAX, &ends_at_ms)) != OK ||
        (rc = find_person(tx, row, person_id)) != OK)
        return rc;
    rc = tx_exec(tx, row->err, INSERT_ROW, "nnitii", provider.at, provider.len, service.at,
                 service.len, level, person_id, starts_at_ms, ends_at_ms);
    return rc < 0 ? rc : OK;
}

int oncall_replace(struct tx *tx, const struct args *parent, const char *key, struct text provider)
{
    json_t *rows;
    int rc = args_array(parent, key, ROWS_MAX, &rows);
    if (rc == OK)
        rc = tx_exec(tx, parent->err, DELETE_PROVIDER, "n", provider.at, provider.len);
    size_t index;
    json_t *item;
    json_array_foreach (rows, index, item) {
        struct args row;
        if (rc < 0 || (rc = args_enter(parent, key, (int)index, item, &row)) != OK)
            break;
        rc = insert_row(tx, provider, &row);
    }
    return rc < 0 ? rc : OK;
}

/* oncall.set {provider, rows:[{service, level?, email or person_id, starts_at_ms?, ends_at_ms?}]}
 * -> {count} */
static int oncall_set(struct op_call *call)
{
    struct args args = args_of(call);
    struct text provider;
    int rc = args_refuse_unknown(call, "provider", "rows");
    if (rc != OK || (rc = args_text(&args, "provider", 1, 60, &provider)) != OK ||
        (rc = oncall_replace(call->tx, &args, "rows", provider)) != OK)
        return rc;
    return op_answer_count(call, (int64_t)json_array_size(json_object_get(call->args, "rows")));
}

static void write_row(struct json_writer *w, struct stmt *stmt)
{
    json_object_begin(w);
    json_put_text(w, "provider", stmt_text(stmt, 0));
    json_put_text(w, "service", stmt_text(stmt, 1));
    json_put_int(w, "level", stmt_int(stmt, 2));
    json_put_text(w, "person_id", stmt_text(stmt, 3));
    json_object_finish(w);
}

/* oncall.now {} -> [{provider, service, level, person_id}] */
static int oncall_now(struct op_call *call)
{
    int rc = args_refuse_unknown(call, NULL);
    int64_t now_ms = clock_now_ms();
    if (rc != OK)
        return rc;
    return op_write_rows(call, tx_query(call->tx, call->err, SELECT_NOW, "ii", now_ms, now_ms),
                         write_row);
}

const struct op ONCALL_OPS[] = {
    { "oncall.now", false, oncall_now,
      "{}: who is on call now -> [{provider, service, level, person_id}]" },
    { "oncall.set", true, oncall_set,
      "{provider, rows:[{service, level?, email or person_id, starts_at_ms?, ends_at_ms?}]}:"
      " replaces the provider's rows -> {count}" },
    { 0 },
};
