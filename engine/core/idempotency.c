/* Rows of kv, which housekeeping removes once they have expired. */
#include "core/idempotency.h"

#include "base/clock.h"
#include "base/json_writer.h"
#include "core/args.h"
#include "store/db.h"

#include <inttypes.h>
#include <string.h>

static const int64_t KEPT_MS = (int64_t)24 * 3600 * 1000;

static const char SELECT_ANSWER[] =
    "SELECT value FROM kv WHERE scope = 'idempotency' AND key = ? AND expires_at_ms > ?";
static const char INSERT_ANSWER[] =
    "INSERT INTO kv (scope, key, value, expires_at_ms, updated_at_ms) VALUES ('idempotency', ?, ?,"
    " ?, ?) ON CONFLICT (scope, key) DO UPDATE SET value = excluded.value, expires_at_ms ="
    " excluded.expires_at_ms, updated_at_ms = excluded.updated_at_ms";

static char *name_of(const struct idempotency *request)
{
    return xasprintf("%" PRId64 ":%s", request->owner, request->key);
}

static int read_answer(const char *text, const struct idempotency *request, int *status,
                       struct buf *body, struct err *err)
{
    AUTO_JSON json_t *kept = json_loads(text, 0, NULL);
    const char *hash = json_string_value(json_object_get(kept, "request"));
    const json_t *answer = json_object_get(kept, "body");
    if (!hash || !json_is_string(answer))
        return err_set(err, ERR_DB, "a kept answer cannot be read");
    if (strcmp(hash, request->request) != 0)
        return err_set(err, ERR_CONFLICT, "This idempotency key was used for another request.");
    *status = (int)json_integer_value(json_object_get(kept, "status"));
    buf_append(body, json_string_value(answer), json_string_length(answer));
    return OK;
}

int idempotency_find(struct tx *tx, const struct idempotency *request, int *status,
                     struct buf *body, struct err *err)
{
    AUTO_FREE char *name = name_of(request);
    *status = 0;
    struct stmt *stmt = tx_query(tx, err, SELECT_ANSWER, "ti", name, clock_now_ms());
    if (!stmt)
        return err->code;
    int rc = stmt_next(stmt, err);
    if (rc == DB_ROW)
        rc = read_answer(stmt_text(stmt, 0), request, status, body, err);
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

int idempotency_keep(struct tx *tx, const struct idempotency *request, int status,
                     const struct buf *body, struct err *err)
{
    AUTO_FREE char *name = name_of(request);
    AUTO_BUF struct buf value = BUF_INIT;
    struct json_writer w;
    json_writer_init(&w, &value);
    json_object_begin(&w);
    json_put_text(&w, "request", request->request);
    json_put_int(&w, "status", status);
    json_key(&w, "body");
    json_text_n(&w, buf_text(body), body->len);
    json_object_finish(&w);
    int64_t now_ms = clock_now_ms();
    int rc = tx_exec(tx, err, INSERT_ANSWER, "tnii", name, value.data, value.len, now_ms + KEPT_MS,
                     now_ms);
    return rc < 0 ? rc : OK;
}
