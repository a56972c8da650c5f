/* kv - small JSON values that scripts keep, by scope and key, with an optional end of life. An
 * expired row counts as none. */
#include "base/clock.h"
#include "core/args.h"
#include "core/op_table.h"
#include "core/rows.h"
#include "store/db.h"

enum { SCOPE_MAX = 100, KEY_MAX = 500, VALUE_MAX = 1024 * 1024, LIST_MAX = 1000 };

static const char SELECT_VALUE[] =
    "SELECT value FROM kv WHERE scope = ? AND key = ? AND (expires_at_ms IS NULL OR expires_at_ms"
    " > ?)";
static const char SELECT_SCOPE[] =
    "SELECT key, value FROM kv WHERE scope = ? AND (expires_at_ms IS NULL OR expires_at_ms > ?)"
    " ORDER BY updated_at_ms DESC, key LIMIT ?";
static const char PUT_VALUE[] =
    "INSERT INTO kv (scope, key, value, expires_at_ms, updated_at_ms) VALUES (?, ?, ?, NULLIF(?,"
    " 0), ?) ON CONFLICT (scope, key) DO UPDATE SET value = excluded.value, expires_at_ms ="
    " excluded.expires_at_ms, updated_at_ms = excluded.updated_at_ms";
static const char PUT_NEW_VALUE[] =
    "INSERT INTO kv (scope, key, value, expires_at_ms, updated_at_ms) VALUES (?, ?, ?, NULLIF(?,"
    " 0), ?) ON CONFLICT (scope, key) DO UPDATE SET value = excluded.value, expires_at_ms ="
    " excluded.expires_at_ms, updated_at_ms = excluded.updated_at_ms WHERE kv.expires_at_ms <="
    " excluded.updated_at_ms";
static const char DELETE_VALUE[] = "DELETE FROM kv WHERE scope = ? AND key = ?";
static const char DELETE_EXPIRED[] = "DELETE FROM kv WHERE expires_at_ms <= ?";
static const char DELETE_EXPIRED_REQUESTS[] = "DELETE FROM request_key WHERE expires_at_ms <= ?";

static int read_place(const struct args *args, struct text *scope, struct text *key)
{
    int rc = args_text(args, "scope", 1, SCOPE_MAX, scope);
    return rc == OK ? args_text(args, "key", 1, KEY_MAX, key) : rc;
}

/* kv.get {scope, key} -> the value, or null */
static int kv_get(struct op_call *call)
{
    struct args args = args_of(call);
    struct text scope, key;
    int rc = args_refuse_unknown(call, "scope", "key");
    if (rc != OK || (rc = read_place(&args, &scope, &key)) != OK)
        return rc;
    struct stmt *stmt = tx_query(call->tx, call->err, SELECT_VALUE, "nni", scope.at, scope.len,
                                 key.at, key.len, clock_now_ms());
    if (!stmt)
        return call->err->code;
    rc = stmt_next(stmt, call->err);
    if (rc == DB_ROW)
        json_raw(call->out, stmt_text(stmt, 0), stmt_bytes(stmt, 0));
    else if (rc == DB_DONE)
        json_null_value(call->out);
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

static void write_entry(struct json_writer *w, struct stmt *stmt)
{
    json_object_begin(w);
    json_put_text(w, "key", stmt_text(stmt, 0));
    json_put_stored(w, "value", stmt_text(stmt, 1));
    json_object_finish(w);
}

/* kv.list {scope, limit?} -> [{key, value}], the newest first */
static int kv_list(struct op_call *call)
{
    struct args args = args_of(call);
    struct text scope;
    int64_t limit = LIST_MAX;
    int rc = args_refuse_unknown(call, "scope", "limit");
    if (rc != OK || (rc = args_text(&args, "scope", 1, SCOPE_MAX, &scope)) != OK ||
        (rc = args_int_optional(&args, "limit", 1, LIST_MAX, &limit)) != OK)
        return rc;
    return op_write_rows(call,
                         tx_query(call->tx, call->err, SELECT_SCOPE, "nii", scope.at, scope.len,
                                  clock_now_ms(), limit),
                         write_entry);
}

/* Runs <sql>, one of the two INSERTs; *changed counts the rows it wrote. */
static int put(struct op_call *call, const char *sql, int *changed)
{
    struct args args = args_of(call);
    struct text scope, key;
    int64_t ttl_ms = 0;
    int rc = args_refuse_unknown(call, "scope", "key", "value", "ttl_ms");
    if (rc != OK || (rc = read_place(&args, &scope, &key)) != OK ||
        (rc = args_int_optional(&args, "ttl_ms", 1, INT64_C(1) << 50, &ttl_ms)) != OK)
        return rc;
    json_t *value = json_object_get(call->args, "value");
    if (!value)
        return args_fail(&args, "value", "value is required");
    AUTO_FREE char *text = NULL;
    rc = args_json_text(&args, "value", value, VALUE_MAX, &text);
    if (rc != OK)
        return rc;
    int64_t now_ms = clock_now_ms();
    *changed = tx_exec(call->tx, call->err, sql, "nntii", scope.at, scope.len, key.at, key.len,
                       text, ttl_ms ? now_ms + ttl_ms : INT64_C(0), now_ms);
    return *changed < 0 ? *changed : OK;
}

/* kv.put {scope, key, value, ttl_ms?} -> {} */
static int kv_put(struct op_call *call)
{
    int changed;
    int rc = put(call, PUT_VALUE, &changed);
    if (rc == OK)
        op_answer_empty(call);
    return rc;
}

/* kv.put_new {scope, key, value, ttl_ms?} -> {is_new}; a living value stays as it is */
static int kv_put_new(struct op_call *call)
{
    int changed;
    int rc = put(call, PUT_NEW_VALUE, &changed);
    if (rc != OK)
        return rc;
    json_object_begin(call->out);
    json_put_bool(call->out, "is_new", changed > 0);
    json_object_finish(call->out);
    return OK;
}

/* kv.delete {scope, key} -> {} */
static int kv_delete(struct op_call *call)
{
    struct args args = args_of(call);
    struct text scope, key;
    int rc = args_refuse_unknown(call, "scope", "key");
    if (rc != OK || (rc = read_place(&args, &scope, &key)) != OK)
        return rc;
    rc = tx_exec(call->tx, call->err, DELETE_VALUE, "nn", scope.at, scope.len, key.at, key.len);
    if (rc < 0)
        return rc;
    op_answer_empty(call);
    return OK;
}

/* kv.purge {} -> {count}: drops what has expired, here and of request_key.h */
static int kv_purge(struct op_call *call)
{
    int64_t now_ms = clock_now_ms();
    int requests = 0;
    int rc = args_refuse_unknown(call, "");
    if (rc == OK)
        rc = requests = tx_exec(call->tx, call->err, DELETE_EXPIRED_REQUESTS, "i", now_ms);
    if (rc >= 0)
        rc = tx_exec(call->tx, call->err, DELETE_EXPIRED, "i", now_ms);
    return rc < 0 ? rc : op_answer_count(call, rc + requests);
}

const struct op KV_OPS[] = {
    { "kv.get", false, kv_get, "{scope, key}: the value kept there, or null" },
    { "kv.list", false, kv_list,
      "{scope, limit?}: all of a scope, the newest first -> [{key, value}]" },
    { "kv.put", OP_WRITES_REPEATABLY, kv_put, "{scope, key, value, ttl_ms?}: keeps a JSON value" },
    { "kv.put_new", OP_WRITES_REPEATABLY, kv_put_new,
      "{scope, key, value, ttl_ms?}: keeps it only where there is none -> {is_new}" },
    { "kv.delete", OP_WRITES_REPEATABLY, kv_delete, "{scope, key}: forgets a value" },
    { "kv.purge", true, kv_purge, "{}: drops expired values -> {count}" },
    { 0 },
};
