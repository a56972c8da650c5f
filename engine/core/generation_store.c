/* generation_store - what the engine keeps of the scripts' generations: the files of the last good
 * ones, the outcome of the last reload, and which handlers want which events. */
#include "base/clock.h"
#include "core/args.h"
#include "core/op_table.h"
#include "core/rows.h"
#include "store/db.h"

#include <string.h>

enum { HASH_MAX = 128, FILES_BYTES_MAX = 32 * 1024 * 1024, SUBSCRIPTIONS_MAX = 10000 };

static const char UPSERT_GENERATION[] =
    "INSERT INTO generation (hash, files, accepted_at_ms) VALUES (?, ?, ?)"
    " ON CONFLICT (hash) DO UPDATE SET accepted_at_ms = excluded.accepted_at_ms";
static const char DELETE_OLD_GENERATIONS[] =
    "DELETE FROM generation WHERE hash NOT IN (SELECT hash FROM generation ORDER BY"
    " accepted_at_ms DESC, hash LIMIT 5)";
static const char SELECT_LAST_GENERATION[] =
    "SELECT hash, files FROM generation ORDER BY accepted_at_ms DESC, hash LIMIT 1";
static const char SELECT_PENDING_HANDLERS[] =
    "SELECT handler, COUNT(*) FROM job WHERE state IN ('ready','running') GROUP BY handler ORDER"
    " BY handler";
static const char RECORD_RELOAD[] =
    "INSERT INTO reload_outcome (id, sequence, hash, is_accepted, error, at_ms) VALUES (1, 1, ?,"
    " ?, ?, ?) ON CONFLICT (id) DO UPDATE SET sequence = reload_outcome.sequence + 1, hash ="
    " excluded.hash, is_accepted = excluded.is_accepted, error = excluded.error, at_ms ="
    " excluded.at_ms";
static const char SELECT_RELOAD[] =
    "SELECT sequence, hash, is_accepted, error, at_ms FROM reload_outcome WHERE id = 1";
static const char DELETE_SUBSCRIPTIONS[] = "DELETE FROM subscription";
static const char INSERT_SUBSCRIPTION[] =
    "INSERT INTO subscription (event_kind, handler, position, fields) VALUES (?, ?, ?, ' ' || ? || "
    "' ')"
    " ON CONFLICT (event_kind, handler) DO UPDATE SET position = excluded.position, fields = "
    "excluded.fields";

/* generation.save {hash, files{path: text}} -> {}; the last five stay */
static int generation_save(struct op_call *call)
{
    struct args args = args_of(call);
    struct text hash;
    json_t *files = NULL;
    AUTO_FREE char *text = NULL;
    int rc = args_refuse_unknown(call, "hash", "files");
    if (rc != OK || (rc = args_text(&args, "hash", 1, HASH_MAX, &hash)) != OK ||
        (rc = args_object_optional(&args, "files", &files)) != OK)
        return rc;
    if (!files)
        return args_fail(&args, "files", "files is required");
    rc = args_json_text(&args, "files", files, FILES_BYTES_MAX, &text);
    if (rc == OK)
        rc = tx_exec(call->tx, call->err, UPSERT_GENERATION, "nti", hash.at, hash.len, text,
                     clock_now_ms());
    if (rc >= 0)
        rc = tx_exec(call->tx, call->err, DELETE_OLD_GENERATIONS, "");
    if (rc < 0)
        return rc;
    op_answer_empty(call);
    return OK;
}

static void write_generation(struct json_writer *w, struct stmt *stmt)
{
    json_object_begin(w);
    json_put_text(w, "hash", stmt_text(stmt, 0));
    json_put_raw(w, "files", stmt_text(stmt, 1));
    json_object_finish(w);
}

/* generation.last_good {} -> {hash, files} or null */
static int generation_last_good(struct op_call *call)
{
    int rc = args_refuse_unknown(call, "");
    return rc != OK
               ? rc
               : op_write_row_or_null(call,
                                      tx_query(call->tx, call->err, SELECT_LAST_GENERATION, ""),
                                      write_generation);
}

/* reload.record {hash, is_accepted, error?} -> {} */
static int reload_record(struct op_call *call)
{
    struct args args = args_of(call);
    struct text hash, error;
    bool is_accepted = false;
    int rc = args_refuse_unknown(call, "hash", "is_accepted", "error");
    if (rc != OK || (rc = args_text(&args, "hash", 0, HASH_MAX, &hash)) != OK ||
        (rc = args_bool_optional(&args, "is_accepted", &is_accepted)) != OK ||
        (rc = args_text_optional(&args, "error", 0, 0, &error)) != OK)
        return rc;
    rc = tx_exec(call->tx, call->err, RECORD_RELOAD, "nbni", hash.at, hash.len, (int)is_accepted,
                 error.at, error.len, clock_now_ms());
    if (rc < 0)
        return rc;
    op_answer_empty(call);
    return OK;
}

static void write_reload(struct json_writer *w, struct stmt *stmt)
{
    json_object_begin(w);
    json_put_int(w, "sequence", stmt_int(stmt, 0));
    json_put_text(w, "hash", stmt_text(stmt, 1));
    json_put_bool(w, "is_accepted", stmt_int(stmt, 2));
    json_put_text(w, "error", stmt_text(stmt, 3));
    json_put_int(w, "at_ms", stmt_int(stmt, 4));
    json_object_finish(w);
}

/* reload.last {} -> {sequence, hash, is_accepted, error, at_ms} or null */
static int reload_last(struct op_call *call)
{
    int rc = args_refuse_unknown(call, "");
    return rc != OK ? rc
                    : op_write_row_or_null(call, tx_query(call->tx, call->err, SELECT_RELOAD, ""),
                                           write_reload);
}

static int insert_subscription(struct op_call *call, const struct args *row)
{
    struct text kind, handler, fields = { 0 };
    int64_t position = 100;
    int rc = args_row_refuse_unknown(row, "event_kind", "handler", "position", "fields");
    if (rc != OK || (rc = args_text(row, "event_kind", 1, 80, &kind)) != OK ||
        (rc = args_text(row, "handler", 1, 300, &handler)) != OK ||
        (rc = args_int_optional(row, "position", INT32_MIN, INT32_MAX, &position)) != OK ||
        (rc = args_text_optional(row, "fields", 1, 1000, &fields)) != OK)
        return rc;
    rc = tx_exec(call->tx, call->err, INSERT_SUBSCRIPTION, "nnin", kind.at, kind.len, handler.at,
                 handler.len, position, fields.at, fields.len);
    return rc < 0 ? rc : OK;
}

/* subscription.replace {rows:[{event_kind, handler, position?, fields?}]} -> {count};
 * fields: names with spaces between, or *: only of events that name one of them, or any */
static int subscription_replace(struct op_call *call)
{
    struct args args = args_of(call);
    json_t *rows;
    int rc = args_refuse_unknown(call, "rows");
    if (rc != OK || (rc = args_array(&args, "rows", SUBSCRIPTIONS_MAX, &rows)) != OK ||
        (rc = tx_exec(call->tx, call->err, DELETE_SUBSCRIPTIONS, "")) < 0)
        return rc;
    size_t index;
    json_t *item;
    json_array_foreach (rows, index, item) {
        struct args row;
        rc = args_enter(&args, "rows", (int)index, item, &row);
        if (rc == OK)
            rc = insert_subscription(call, &row);
        if (rc != OK)
            return rc;
    }
    return op_answer_count(call, (int64_t)json_array_size(rows));
}

static void write_pending_handler(struct json_writer *w, struct stmt *stmt)
{
    json_object_begin(w);
    json_put_text(w, "handler", stmt_text(stmt, 0));
    json_put_int(w, "jobs", stmt_int(stmt, 1));
    json_object_finish(w);
}

/* generation.pending_handlers {} -> [{handler, jobs}] */
static int generation_pending_handlers(struct op_call *call)
{
    int rc = args_refuse_unknown(call, "");
    return rc != OK
               ? rc
               : op_write_rows(call, tx_query(call->tx, call->err, SELECT_PENDING_HANDLERS, ""),
                               write_pending_handler);
}

const struct op GENERATION_OPS[] = {
    { "generation.save", true, generation_save,
      "{hash, files}: keeps an accepted generation; the last five stay" },
    { "generation.last_good", false, generation_last_good,
      "{}: the generation accepted last -> {hash, files} or null" },
    { "generation.pending_handlers", false, generation_pending_handlers,
      "{}: the handlers that unfinished jobs need -> [{handler, jobs}]" },
    { "reload.record", true, reload_record,
      "{hash, is_accepted, error?}: notes the outcome of a reload" },
    { "reload.last", false, reload_last,
      "{}: the outcome of the last reload -> {sequence, hash, is_accepted, error, at_ms} or null" },
    { "subscription.replace", true, subscription_replace,
      "{rows:[{event_kind, handler, position?, fields?}]}: which handlers want which events -> "
      "{count}" },
    { 0 },
};
