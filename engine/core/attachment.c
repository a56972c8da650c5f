/* attachment - what other systems hold for an incident: its ticket, its post-mortem. One of a kind and provider. */
#include "base/clock.h"
#include "core/args.h"
#include "core/event.h"
#include "core/ids.h"
#include "core/op_table.h"
#include "core/policy.h"
#include "core/record_change.h"
#include "core/rows.h"
#include "store/db.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PROVIDER_MAX = 40, KEY_MAX = 200, URL_MAX = 2000, TITLE_MAX = 300, STATUS_MAX = 100 };

#define COLUMNS                                                                           \
    "id, incident_id, kind, provider, key, url, title, status, is_ready, created_at_ms, " \
    "updated_at_ms"
static const char SELECT_ONE[] =
    "SELECT " COLUMNS " FROM attachment WHERE incident_id = ? AND kind = ? AND provider = ?";
static const char SELECT_ALL[] =
    "SELECT " COLUMNS " FROM attachment WHERE incident_id = ? ORDER BY kind, provider";
static const char SELECT_KEY[] = "SELECT incident_id, kind, provider FROM attachment WHERE id = ?";
static const char DELETE_ONE[] = "DELETE FROM attachment WHERE id = ?";
/* What is not given stays as it is; a row that says the same is left alone. */
static const char UPSERT[] =
    "INSERT INTO attachment (id, incident_id, kind, provider, key, url, title, status, is_ready,"
    " created_at_ms, updated_at_ms) SELECT ?, ?, ?, ?, COALESCE(?, a.key, ''), COALESCE(?, a.url,"
    " ''), COALESCE(?, a.title, ''), COALESCE(?, a.status, ''), COALESCE(NULLIF(?, -1), a.is_ready,"
    " 0), ?, ? FROM (SELECT 1) LEFT JOIN attachment a ON a.incident_id = ? AND a.kind = ? AND"
    " a.provider = ? WHERE 1 ON CONFLICT (incident_id, kind, provider) DO UPDATE SET key ="
    " excluded.key, url = excluded.url, title = excluded.title, status = excluded.status, is_ready"
    " = excluded.is_ready, updated_at_ms = excluded.updated_at_ms WHERE (key, url, title, status,"
    " is_ready) <> (excluded.key, excluded.url, excluded.title, excluded.status,"
    " excluded.is_ready)";
static const char COUNT_POSTMORTEMS[] =
    "SELECT COUNT(*) FROM attachment WHERE incident_id = ? AND kind = 'postmortem'";

struct saving {
    struct op_call *call;
    int64_t incident_id;
    struct text kind, provider, key, url, title, status;
    bool has_ready, is_ready;
    struct buf before, after; /* JSON, for the audit log; empty: there is none */
};

static void write_row(struct json_writer *w, struct stmt *stmt)
{
    json_object_begin(w);
    json_put_text(w, "id", stmt_text(stmt, 0));
    json_put_int(w, "incident_id", stmt_int(stmt, 1));
    json_put_text(w, "kind", stmt_text(stmt, 2));
    json_put_text(w, "provider", stmt_text(stmt, 3));
    json_put_text(w, "key", stmt_text(stmt, 4));
    json_put_text(w, "url", stmt_text(stmt, 5));
    json_put_text(w, "title", stmt_text(stmt, 6));
    json_put_text(w, "status", stmt_text(stmt, 7));
    json_put_bool(w, "is_ready", stmt_int(stmt, 8));
    json_put_int(w, "created_at_ms", stmt_int(stmt, 9));
    json_put_int(w, "updated_at_ms", stmt_int(stmt, 10));
    json_object_finish(w);
}

static int read_saving(struct saving *s)
{
    struct args args = args_of(s->call);
    int rc = args_refuse_unknown(s->call, "incident_id", "kind", "provider", "key", "url", "title",
                                 "status", "is_ready");
    if (rc != OK || (rc = args_int(&args, "incident_id", 1, INT64_MAX, &s->incident_id)) != OK ||
        (rc = args_text(&args, "kind", 1, 20, &s->kind)) != OK ||
        (rc = args_text(&args, "provider", 1, PROVIDER_MAX, &s->provider)) != OK ||
        (rc = args_text_optional(&args, "key", 1, KEY_MAX, &s->key)) != OK ||
        (rc = args_text_optional(&args, "url", 1, URL_MAX, &s->url)) != OK ||
        (rc = args_text_optional(&args, "title", 1, TITLE_MAX, &s->title)) != OK ||
        (rc = args_text_optional(&args, "status", 1, STATUS_MAX, &s->status)) != OK ||
        (rc = args_bool_optional(&args, "is_ready", &s->is_ready)) != OK)
        return rc;
    s->has_ready = args_has(&args, "is_ready");
    if (!text_is(s->kind, "ticket") && !text_is(s->kind, "postmortem"))
        return args_fail(&args, "kind", "kind must be \"ticket\" or \"postmortem\"");
    return policy_require_incident(s->call, s->incident_id);
}

/* 1 when something changed. */
static int write_saving(struct saving *s)
{
    char id[ID_SIZE];
    int64_t now_ms = clock_now_ms();
    id_new(id);
    return tx_exec(s->call->tx, s->call->err, UPSERT,
                   "tinn"
                   "nnnn"
                   "iii"
                   "inn",
                   id, s->incident_id, s->kind.at, s->kind.len, s->provider.at, s->provider.len,
                   s->key.at, s->key.len, s->url.at, s->url.len, s->title.at, s->title.len,
                   s->status.at, s->status.len, (int64_t)(s->has_ready ? s->is_ready : -1), now_ms,
                   now_ms, s->incident_id, s->kind.at, s->kind.len, s->provider.at,
                   s->provider.len);
}

/* <out> gets the row as it is now, nothing when there is none. */
static int snapshot(struct saving *s, struct buf *out)
{
    struct json_writer w;
    struct stmt *stmt = tx_query(s->call->tx, s->call->err, SELECT_ONE, "inn", s->incident_id,
                                 s->kind.at, s->kind.len, s->provider.at, s->provider.len);
    if (!stmt)
        return s->call->err->code;
    int rc = stmt_next(stmt, s->call->err);
    json_writer_init(&w, out);
    if (rc == DB_ROW)
        write_row(&w, stmt);
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

/* The first post-mortem of an incident is an event of its own; a second system's is not. */
static int tell(struct saving *s, int64_t postmortems_before)
{
    struct op_call *call = s->call;
    AUTO_BUF struct buf payload = BUF_INIT;
    struct record_change change = { .incident_id = s->incident_id,
                                    .operation = "attachment.save",
                                    .field = "attachments",
                                    .before = s->before.len ? buf_text(&s->before) : NULL,
                                    .after = buf_text(&s->after) };
    int rc = record_change_note(call, &change);
    if (rc != OK || postmortems_before > 0 || !text_is(s->kind, "postmortem"))
        return rc;
    buf_printf(&payload, "{\"incident_id\":%" PRId64 "}", s->incident_id);
    return event_emit(call->tx, "postmortem.created", s->incident_id, buf_text(&payload),
                      call->err);
}

static int save(struct saving *s)
{
    struct op_call *call = s->call;
    int rc = read_saving(s);
    int64_t postmortems =
        rc == OK ? tx_get_int(call->tx, &rc, call->err, 0, COUNT_POSTMORTEMS, "i", s->incident_id)
                 : 0;
    if (rc == OK)
        rc = snapshot(s, &s->before);
    int changed = rc == OK ? write_saving(s) : rc;
    rc = changed < 0 ? changed : snapshot(s, &s->after);
    if (rc == OK && changed)
        rc = tell(s, postmortems);
    if (rc == OK)
        json_raw(call->out, buf_text(&s->after), s->after.len);
    return rc;
}

/* attachment.save {incident_id, kind, provider, key?, url?, title?, status?, is_ready?} -> attachment */
static int attachment_save(struct op_call *call)
{
    struct saving s = { .call = call };
    int rc = save(&s);
    buf_fini(&s.before);
    buf_fini(&s.after);
    return rc;
}

/* attachment.list {incident_id} -> [attachment] */
static int attachment_list(struct op_call *call)
{
    int64_t incident_id;
    int rc = policy_only_incident(call, "incident_id", &incident_id);
    if (rc != OK)
        return rc;
    return op_write_rows(call, tx_query(call->tx, call->err, SELECT_ALL, "i", incident_id),
                         write_row);
}

/* <saving> gets the incident, kind and provider of the attachment with the argument id. The texts
 * borrow from <names>. */
static int find(struct op_call *call, const struct text *id, struct saving *s, json_t **names)
{
    struct stmt *stmt = tx_query(call->tx, call->err, SELECT_KEY, "n", id->at, id->len);
    if (!stmt)
        return call->err->code;
    int rc = stmt_next(stmt, call->err);
    if (rc == DB_ROW) {
        s->incident_id = stmt_int(stmt, 0);
        *names = json_pack("[s, s]", stmt_text(stmt, 1), stmt_text(stmt, 2));
        s->kind = text_of(json_string_value(json_array_get(*names, 0)));
        s->provider = text_of(json_string_value(json_array_get(*names, 1)));
    }
    stmt_end(stmt);
    if (rc == DB_DONE || (rc == DB_ROW && !may_see(call->actor, call->tx, s->incident_id)))
        return err_set(call->err, ERR_NOT_FOUND, "there is no such attachment");
    return rc < 0 ? rc : OK;
}

/* attachment.delete {id}: forgets it; the other system keeps what it has */
static int attachment_delete(struct op_call *call)
{
    struct args args = args_of(call);
    struct saving s = { .call = call };
    AUTO_JSON json_t *names = NULL;
    AUTO_BUF struct buf before = BUF_INIT;
    struct text id;
    int rc = args_refuse_unknown(call, "id");
    if (rc != OK || (rc = args_text(&args, "id", 1, 100, &id)) != OK ||
        (rc = find(call, &id, &s, &names)) != OK || (rc = snapshot(&s, &before)) != OK ||
        (rc = tx_exec(call->tx, call->err, DELETE_ONE, "n", id.at, id.len)) < 0)
        return rc;
    struct record_change change = { .incident_id = s.incident_id,
                                    .operation = "attachment.delete",
                                    .field = "attachments",
                                    .before = buf_text(&before) };
    rc = record_change_note(call, &change);
    if (rc == OK)
        op_answer_empty(call);
    return rc;
}

const struct op ATTACHMENT_OPS[] = {
    { "attachment.save", true, attachment_save,
      "{incident_id, kind: ticket or postmortem, provider, key?, url?, title?, status?, "
      "is_ready?}: what another system"
      " holds for the incident, what is not given stays; emits records.changed, and for the first"
      " post-mortem postmortem.created -> attachment" },
    { "attachment.list", false, attachment_list, "{incident_id}: its ticket and post-mortems" },
    { "attachment.delete", true, attachment_delete, "{id}: forgets it; emits records.changed" },
    { 0 },
};
