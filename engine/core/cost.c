/* cost - what an incident cost. Lines of a declared type, several of one type if need be; amounts
 * are in the currency that everybody in the house knows. */
#include "base/clock.h"
#include "core/args.h"
#include "core/money.h"
#include "core/op_table.h"
#include "core/policy.h"
#include "core/record_change.h"
#include "core/rows.h"
#include "store/db.h"

#include <string.h>

enum { TYPE_MAX = 255, DETAILS_MAX = 2000 };

#define SELECT_COST                                                                           \
    "SELECT c.id, c.amount_cents, c.details, c.created_at_ms, c.updated_at_ms, t.id, t.name," \
    " t.category FROM incident_cost c JOIN cost_type t ON t.id = c.cost_type_id"
static const char SELECT_ONE[] = SELECT_COST " WHERE c.id = ?";
static const char SELECT_ALL[] = SELECT_COST " WHERE c.incident_id = ? ORDER BY t.name, c.id";
static const char SELECT_TOTAL[] =
    "SELECT SUM(amount_cents) FROM incident_cost WHERE incident_id = ?";
static const char SELECT_INCIDENT[] = "SELECT incident_id FROM incident_cost WHERE id = ?";
static const char TYPE_BY_ID[] = "SELECT id FROM cost_type WHERE id = ? AND is_active = 1";
static const char TYPE_BY_NAME[] = "SELECT id FROM cost_type WHERE name = ? AND is_active = 1";
static const char DEFAULT_TYPE[] =
    "SELECT id FROM cost_type WHERE is_default = 1 AND is_active = 1 ORDER BY id LIMIT 1";
static const char INSERT_COST[] =
    "INSERT INTO incident_cost (incident_id, cost_type_id, amount_cents, details, created_at_ms,"
    " updated_at_ms) VALUES (?, ?, ?, ?, ?, ?)";
static const char INSERT_UNKNOWN[] =
    "INSERT INTO incident_cost (incident_id, cost_type_id, details, created_at_ms, updated_at_ms)"
    " VALUES (?, ?, ?, ?, ?)";
static const char SET_TYPE[] = "UPDATE incident_cost SET cost_type_id = ? WHERE id = ?";
static const char SET_AMOUNT[] = "UPDATE incident_cost SET amount_cents = ? WHERE id = ?";
static const char CLEAR_AMOUNT[] = "UPDATE incident_cost SET amount_cents = NULL WHERE id = ?";
static const char SET_DETAILS[] = "UPDATE incident_cost SET details = ? WHERE id = ?";
static const char TOUCH[] = "UPDATE incident_cost SET updated_at_ms = ? WHERE id = ?";
static const char DELETE_COST[] = "DELETE FROM incident_cost WHERE id = ?";

/* One line, as the arguments give it. */
struct line {
    int64_t id, incident_id;
    int64_t type_id; /* 0: not given */
    int64_t cents;
    bool has_amount;    /* a number is given */
    bool clears_amount; /* null is given: not known (yet) */
    bool clears_details;
    struct text details; /* .at NULL: not given, or to be cleared */
};

/* ---- reading */

static bool is_null_given(const struct args *args, const char *key)
{
    return json_is_null(json_object_get(args->object, key));
}

/* A type's id or name. */
static int read_type(struct op_call *call, const struct args *args, int64_t *type_id)
{
    int rc = OK;
    struct text name;
    int64_t id = 0;
    if (!args_has(args, "cost_type"))
        return OK;
    if (json_is_number(json_object_get(args->object, "cost_type"))) {
        rc = args_int(args, "cost_type", 1, INT64_MAX, &id);
        if (rc == OK)
            *type_id = tx_get_int(call->tx, &rc, call->err, 0, TYPE_BY_ID, "i", id);
    } else {
        rc = args_text(args, "cost_type", 1, TYPE_MAX, &name);
        if (rc == OK)
            *type_id =
                tx_get_int(call->tx, &rc, call->err, 0, TYPE_BY_NAME, "n", name.at, name.len);
    }
    if (rc == OK && *type_id == 0)
        rc = args_fail(args, "cost_type", "there is no such cost_type");
    return rc;
}

static int read_line(struct op_call *call, const struct args *args, struct line *line)
{
    int rc = read_type(call, args, &line->type_id);
    if (rc == OK)
        rc = money_read(args, "amount", &line->has_amount, &line->cents);
    if (rc == OK)
        rc = args_text_optional(args, "details", 0, DETAILS_MAX, &line->details);
    line->clears_amount = is_null_given(args, "amount");
    line->clears_details = is_null_given(args, "details");
    return rc;
}

/* The line with the argument id, of an incident that the caller may see. */
static int find_line(struct op_call *call, const struct args *args, struct line *line)
{
    int rc = args_int(args, "id", 1, INT64_MAX, &line->id);
    if (rc == OK)
        line->incident_id = tx_get_int(call->tx, &rc, call->err, 0, SELECT_INCIDENT, "i", line->id);
    if (rc == OK && (line->incident_id == 0 || !may_see(call->actor, call->tx, line->incident_id)))
        rc = err_set(call->err, ERR_NOT_FOUND, "there is no such cost");
    return rc;
}

/* ---- writing JSON */

static void write_cost(struct json_writer *w, struct stmt *stmt)
{
    char amount[MONEY_TEXT_SIZE];
    bool is_known = !stmt_is_null(stmt, 1);
    if (is_known)
        money_text(stmt_int(stmt, 1), amount);
    json_object_begin(w);
    json_put_int(w, "id", stmt_int(stmt, 0));
    json_put_text(w, "amount", is_known ? amount : NULL);
    json_put_text(w, "details", stmt_text(stmt, 2));
    json_put_int(w, "created_at_ms", stmt_int(stmt, 3));
    json_put_int(w, "updated_at_ms", stmt_int(stmt, 4));
    json_key(w, "cost_type");
    json_object_begin(w);
    json_put_int(w, "id", stmt_int(stmt, 5));
    json_put_text(w, "name", stmt_text(stmt, 6));
    json_put_text(w, "category", stmt_text(stmt, 7));
    json_object_finish(w);
    json_object_finish(w);
}

static int write_line(struct op_call *call, struct json_writer *w, int64_t id)
{
    struct stmt *stmt = tx_query(call->tx, call->err, SELECT_ONE, "i", id);
    if (!stmt)
        return call->err->code;
    int rc = stmt_next(stmt, call->err);
    if (rc == DB_ROW)
        write_cost(w, stmt);
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

/* <out> gets the line as it is now. */
static int snapshot(struct op_call *call, int64_t id, struct buf *out)
{
    struct json_writer w;
    json_writer_init(&w, out);
    return write_line(call, &w, id);
}

/* ---- operations */

static int note(struct op_call *call, const char *operation, const struct line *line,
                const char *before, const char *after)
{
    struct record_change change = { .incident_id = line->incident_id,
                                    .operation = operation,
                                    .field = "costs",
                                    .before = before,
                                    .after = after };
    return record_change_note(call, &change);
}

static int insert(struct op_call *call, struct line *line)
{
    int64_t now_ms = clock_now_ms();
    int rc =
        line->has_amount
            ? tx_exec(call->tx, call->err, INSERT_COST, "iiinii", line->incident_id, line->type_id,
                      line->cents, line->details.at, line->details.len, now_ms, now_ms)
            : tx_exec(call->tx, call->err, INSERT_UNKNOWN, "iinii", line->incident_id,
                      line->type_id, line->details.at, line->details.len, now_ms, now_ms);
    line->id = rc < 0 ? 0 : tx_insert_id(call->tx);
    return rc < 0 ? rc : OK;
}

static int choose_type(struct op_call *call, const struct args *args, struct line *line)
{
    int rc = OK;
    if (line->type_id == 0)
        line->type_id = tx_get_int(call->tx, &rc, call->err, 0, DEFAULT_TYPE, "");
    if (rc == OK && line->type_id == 0)
        rc = args_fail(args, "cost_type", "cost_type is required: none is the default");
    return rc;
}

/* cost.add {incident_id, cost_type?, amount?, details?} -> cost; without cost_type the default
 * one */
static int cost_add(struct op_call *call)
{
    struct args args = args_of(call);
    struct line line = { 0 };
    AUTO_BUF struct buf after = BUF_INIT;
    int rc = args_refuse_unknown(call, "incident_id", "cost_type", "amount", "details");
    if (rc != OK || (rc = args_int(&args, "incident_id", 1, INT64_MAX, &line.incident_id)) != OK ||
        (rc = policy_require_incident(call, line.incident_id)) != OK ||
        (rc = read_line(call, &args, &line)) != OK ||
        (rc = choose_type(call, &args, &line)) != OK || (rc = insert(call, &line)) != OK ||
        (rc = snapshot(call, line.id, &after)) != OK ||
        (rc = note(call, "cost.add", &line, NULL, buf_text(&after))) != OK)
        return rc;
    json_raw(call->out, buf_text(&after), after.len);
    return OK;
}

static int write_changes(struct op_call *call, const struct line *line)
{
    struct tx *tx = call->tx;
    int rc = OK;
    if (line->type_id)
        rc = tx_exec(tx, call->err, SET_TYPE, "ii", line->type_id, line->id);
    if (rc >= 0 && line->has_amount)
        rc = tx_exec(tx, call->err, SET_AMOUNT, "ii", line->cents, line->id);
    if (rc >= 0 && line->clears_amount)
        rc = tx_exec(tx, call->err, CLEAR_AMOUNT, "i", line->id);
    if (rc >= 0 && (line->details.at || line->clears_details))
        rc = tx_exec(tx, call->err, SET_DETAILS, "ni", line->details.at, line->details.len,
                     line->id);
    return rc < 0 ? rc : OK;
}

/* cost.update {id, cost_type?, amount? (null: not known), details? (null: none)} -> cost */
static int cost_update(struct op_call *call)
{
    struct args args = args_of(call);
    struct line line = { 0 };
    AUTO_BUF struct buf before = BUF_INIT;
    AUTO_BUF struct buf after = BUF_INIT;
    int rc = args_refuse_unknown(call, "id", "cost_type", "amount", "details");
    if (rc != OK || (rc = find_line(call, &args, &line)) != OK ||
        (rc = read_line(call, &args, &line)) != OK ||
        (rc = snapshot(call, line.id, &before)) != OK || (rc = write_changes(call, &line)) != OK ||
        (rc = snapshot(call, line.id, &after)) != OK)
        return rc;
    if (strcmp(buf_text(&before), buf_text(&after)) != 0) {
        rc = tx_exec(call->tx, call->err, TOUCH, "ii", clock_now_ms(), line.id);
        if (rc >= 0)
            rc = note(call, "cost.update", &line, buf_text(&before), buf_text(&after));
    }
    return rc < 0 ? rc : write_line(call, call->out, line.id);
}

/* cost.remove {id} -> {} */
static int cost_remove(struct op_call *call)
{
    struct args args = args_of(call);
    struct line line = { 0 };
    AUTO_BUF struct buf before = BUF_INIT;
    int rc = args_refuse_unknown(call, "id");
    if (rc != OK || (rc = find_line(call, &args, &line)) != OK ||
        (rc = snapshot(call, line.id, &before)) != OK)
        return rc;
    rc = tx_exec(call->tx, call->err, DELETE_COST, "i", line.id);
    if (rc >= 0)
        rc = note(call, "cost.remove", &line, buf_text(&before), NULL);
    if (rc == OK)
        op_answer_empty(call);
    return rc;
}

/* cost.list {incident_id} -> {costs:[{id, amount, details, created_at_ms, updated_at_ms, cost_type}],
 * total} */
static int cost_list(struct op_call *call)
{
    int64_t incident_id;
    char total[MONEY_TEXT_SIZE];
    int rc = policy_only_incident(call, "incident_id", &incident_id);
    if (rc != OK)
        return rc;
    money_text(tx_get_int(call->tx, &rc, call->err, 0, SELECT_TOTAL, "i", incident_id), total);
    if (rc != OK)
        return rc;
    json_object_begin(call->out);
    json_put_text(call->out, "total", total);
    json_key(call->out, "costs");
    rc = op_write_rows(call, tx_query(call->tx, call->err, SELECT_ALL, "i", incident_id),
                       write_cost);
    json_object_finish(call->out);
    return rc;
}

const struct op COST_OPS[] = {
    { "cost.add", true, cost_add,
      "{incident_id, cost_type? (id or name; the default one), amount? (\"10.00\" or 10.0),"
      " details?}: a line of the incident's costs; emits records.changed -> cost" },
    { "cost.update", true, cost_update,
      "{id, cost_type?, amount? (null: not known), details? (null: none)} -> cost" },
    { "cost.remove", true, cost_remove, "{id}: takes the line away" },
    { "cost.list", false, cost_list, "{incident_id}: -> {total, costs:[cost]}" },
    { 0 },
};
