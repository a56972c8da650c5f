/* attachment - what other systems hold for an incident: its ticket, its post-mortem. One of a kind and provider. */
#include "base/clock.h"
#include "core/args.h"
#include "core/audit.h"
#include "core/event.h"
#include "core/ids.h"
#include "core/op_table.h"
#include "core/policy.h"
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
static const char SELECT_INCIDENT[] = "SELECT incident_id FROM attachment WHERE id = ?";
static const char DELETE_ONE[] = "DELETE FROM attachment WHERE id = ?";
static const char UPSERT[] =
    "INSERT INTO attachment (id, incident_id, kind, provider, key, url, title, status, is_ready, "
    "created_at_ms,"
    " updated_at_ms) VALUES (?, ?, ?, ?, COALESCE(?, ''), COALESCE(?, ''), COALESCE(?, ''), "
    "COALESCE(?, ''), ?, ?, ?)"
    " ON CONFLICT (incident_id, kind, provider) DO UPDATE SET key = COALESCE(?, key), url = "
    "COALESCE(?, url),"
    " title = COALESCE(?, title), status = COALESCE(?, status), is_ready = excluded.is_ready,"
    " updated_at_ms = excluded.updated_at_ms";
static const char COUNT_POSTMORTEMS[] =
    "SELECT COUNT(*) FROM attachment WHERE incident_id = ? AND kind = 'postmortem'";

struct saving {
    struct op_call *call;
    int64_t incident_id;
    struct text kind, provider, key, url, title, status;
    bool is_ready;
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
    if (!text_is(s->kind, "ticket") && !text_is(s->kind, "postmortem"))
        return args_fail(&args, "kind", "kind must be \"ticket\" or \"postmortem\"");
    return policy_require_incident(s->call, s->incident_id);
}

static int write_saving(struct saving *s)
{
    char id[ID_SIZE];
    int64_t now_ms = clock_now_ms();
    id_new(id);
    int rc =
        tx_exec(s->call->tx, s->call->err, UPSERT,
                "tinn"
                "nnnn"
                "bii"
                "nnnn",
                id, s->incident_id, s->kind.at, s->kind.len, s->provider.at, s->provider.len,
                s->key.at, s->key.len, s->url.at, s->url.len, s->title.at, s->title.len,
                s->status.at, s->status.len, s->is_ready, now_ms, now_ms, s->key.at, s->key.len,
                s->url.at, s->url.len, s->title.at, s->title.len, s->status.at, s->status.len);
    return rc < 0 ? rc : OK;
}

/* The first post-mortem of an incident is an event; a second system's is not. */
static int tell(struct saving *s, int64_t before)
{
    AUTO_BUF struct buf payload = BUF_INIT;
    AUTO_FREE char *provider = text_dup(s->provider);
    struct audit_entry entry = { .action = "attachment.save", .incident_id = s->incident_id };
    char after[160];
    snprintf(after, sizeof(after), "{\"kind\":\"%.*s\",\"provider\":\"%.60s\"}", (int)s->kind.len,
             s->kind.at, strpbrk(provider, "\"\\") ? "" : provider);
    entry.after = after;
    int rc = audit_write(s->call->tx, s->call->actor, &entry, s->call->err);
    if (rc != OK || before > 0 || !text_is(s->kind, "postmortem"))
        return rc;
    buf_printf(&payload, "{\"incident_id\":%" PRId64 "}", s->incident_id);
    return event_emit(s->call->tx, "postmortem.created", s->incident_id, buf_text(&payload),
                      s->call->err);
}

/* attachment.save {incident_id, kind, provider, key?, url?, title?, status?, is_ready?} -> attachment */
static int attachment_save(struct op_call *call)
{
    struct saving s = { .call = call };
    int rc = read_saving(&s);
    int64_t before =
        rc == OK ? tx_get_int(call->tx, &rc, call->err, 0, COUNT_POSTMORTEMS, "i", s.incident_id)
                 : 0;
    if (rc == OK)
        rc = write_saving(&s);
    if (rc == OK)
        rc = tell(&s, before);
    if (rc != OK)
        return rc;
    return op_write_row_or_null(call,
                                tx_query(call->tx, call->err, SELECT_ONE, "inn", s.incident_id,
                                         s.kind.at, s.kind.len, s.provider.at, s.provider.len),
                                write_row);
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

/* attachment.delete {id}: forgets it; the other system keeps what it has */
static int attachment_delete(struct op_call *call)
{
    struct args args = args_of(call);
    struct text id;
    int rc = args_refuse_unknown(call, "id");
    if (rc != OK || (rc = args_text(&args, "id", 1, 100, &id)) != OK)
        return rc;
    int64_t incident_id =
        tx_get_int(call->tx, &rc, call->err, 0, SELECT_INCIDENT, "n", id.at, id.len);
    if (rc == OK && !incident_id)
        return err_set(call->err, ERR_NOT_FOUND, "there is no such attachment");
    if (rc == OK)
        rc = policy_require_incident(call, incident_id);
    struct audit_entry entry = { .action = "attachment.delete", .incident_id = incident_id };
    if (rc == OK)
        rc = audit_write(call->tx, call->actor, &entry, call->err);
    if (rc == OK)
        rc = tx_exec(call->tx, call->err, DELETE_ONE, "n", id.at, id.len);
    if (rc >= 0)
        op_answer_empty(call);
    return rc < 0 ? rc : OK;
}

const struct op ATTACHMENT_OPS[] = {
    { "attachment.save", true, attachment_save,
      "{incident_id, kind: ticket or postmortem, provider, key?, url?, title?, status?, "
      "is_ready?}: what another system"
      " holds for the incident; the first post-mortem emits postmortem.created -> attachment" },
    { "attachment.list", false, attachment_list, "{incident_id}: its ticket and post-mortems" },
    { "attachment.delete", true, attachment_delete, "{id}: forgets it" },
    { 0 },
};
