/* Housekeeping removes rows once they have expired: kv.purge. */
#include "core/request_key.h"

#include "base/clock.h"
#include "store/db.h"

static const int64_t KEPT_MS = (int64_t)24 * 3600 * 1000;

static const char SELECT_KEPT[] =
    "SELECT answer FROM request_key WHERE operation = ? AND key = ? AND expires_at_ms > ?";
static const char INSERT_KEPT[] = "INSERT OR REPLACE INTO request_key (operation, key, answer, "
                                  "expires_at_ms) VALUES (?, ?, ?, ?)";

int request_key_read(const struct args *args, struct text *key)
{
    return args_text_optional(args, "request_key", 1, REQUEST_KEY_MAX, key);
}

int request_key_find(struct op_call *call, const char *operation, struct text key, json_t **kept)
{
    *kept = NULL;
    if (!key.at)
        return OK;
    struct stmt *stmt = tx_query(call->tx, call->err, SELECT_KEPT, "tni", operation, key.at,
                                 key.len, clock_now_ms());
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
    int rc = tx_exec(call->tx, call->err, INSERT_KEPT, "tnti", operation, key.at, key.len, json,
                     clock_now_ms() + KEPT_MS);
    return rc < 0 ? rc : OK;
}
