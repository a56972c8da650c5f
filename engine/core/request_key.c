/* Rows of kv, which housekeeping removes once they have expired. */
#include "core/request_key.h"

#include "base/clock.h"
#include "store/db.h"

static const int64_t KEPT_MS = (int64_t)24 * 3600 * 1000;

static const char SELECT_KEPT[] =
    "SELECT value FROM kv WHERE scope = 'request' AND key = ? AND expires_at_ms > ?";
static const char INSERT_KEPT[] =
    "INSERT INTO kv (scope, key, value, expires_at_ms, updated_at_ms) VALUES ('request', ?, ?, ?,"
    " ?) ON CONFLICT (scope, key) DO UPDATE SET value = excluded.value, expires_at_ms ="
    " excluded.expires_at_ms, updated_at_ms = excluded.updated_at_ms";

/* Keys of different operations do not meet. */
static char *name_of(const char *operation, struct text key)
{
    return xasprintf("%s:%.*s", operation, (int)key.len, key.at);
}

int request_key_read(const struct args *args, struct text *key)
{
    return args_text_optional(args, "request_key", 1, REQUEST_KEY_MAX, key);
}

int request_key_find(struct op_call *call, const char *operation, struct text key, json_t **kept)
{
    *kept = NULL;
    if (!key.at)
        return OK;
    AUTO_FREE char *name = name_of(operation, key);
    struct stmt *stmt = tx_query(call->tx, call->err, SELECT_KEPT, "ti", name, clock_now_ms());
    if (!stmt)
        return call->err->code;
    int rc = stmt_next(stmt, call->err);
    if (rc == DB_ROW) {
        *kept = json_loads(stmt_text(stmt, 0), 0, NULL);
        rc = *kept ? OK : err_set(call->err, ERR_DB, "a kept answer cannot be read");
    }
    stmt_end(stmt);
    return rc;
}

int request_key_keep(struct op_call *call, const char *operation, struct text key, const char *json)
{
    if (!key.at)
        return OK;
    AUTO_FREE char *name = name_of(operation, key);
    int64_t now_ms = clock_now_ms();
    int rc =
        tx_exec(call->tx, call->err, INSERT_KEPT, "ttii", name, json, now_ms + KEPT_MS, now_ms);
    return rc < 0 ? rc : OK;
}
