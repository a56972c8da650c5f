/* key_event - the moments between which metrics run, as people correct them: started, detected,
 * recovered, ... */
#include "core/key_event.h"

#include "base/clock.h"
#include "base/mem.h"
#include "core/args.h"
#include "core/audit.h"
#include "core/event.h"
#include "core/ids.h"
#include "core/incident_json.h"
#include "core/metric.h"
#include "core/op_table.h"
#include "core/policy.h"
#include "core/rows.h"
#include "store/db.h"

#include <inttypes.h>
#include <string.h>

static const char SELECT_TYPE[] =
    "SELECT user_editable FROM milestone_type WHERE event_type = ? AND is_active = 1";
static const char SELECT_MOMENT[] = "SELECT id, event_at_ms FROM incident_update WHERE incident_id "
                                    "= ? AND event_type = ? ORDER BY event_at_ms DESC"
                                    " LIMIT 1";
static const char DELETE_MOMENTS[] = "DELETE FROM incident_update WHERE incident_id = ? AND "
                                     "event_type = ? AND id <> ? AND message IS NULL AND status IS"
                                     " NULL AND priority_id IS NULL AND category_id IS NULL AND "
                                     "environment_id IS NULL AND title IS NULL AND description"
                                     " IS NULL AND roles IS NULL";
static const char UNMARK_MOMENTS[] = "UPDATE incident_update SET event_type = NULL WHERE "
                                     "incident_id = ? AND event_type = ? AND id <> ?";
static const char INSERT_MOMENT[] = "INSERT INTO incident_update (id, incident_id, created_by, "
                                    "event_type, event_at_ms, created_at_ms) VALUES (?, ?, ?,"
                                    " ?, ?, ?)";
static const char TOUCH_INCIDENT[] = "UPDATE incident SET updated_at_ms = ? WHERE id = ?";
static const char SELECT_MOMENTS[] = "SELECT m.event_type, m.name, m.summary, m.user_editable, "
                                     "m.is_required, m.asked_for, u.event_at_ms, u.created_by"
                                     " FROM milestone_type m LEFT JOIN incident_update u ON u.id = "
                                     "(SELECT n.id FROM incident_update n WHERE"
                                     " n.incident_id = ? AND n.event_type = m.event_type ORDER BY "
                                     "n.event_at_ms DESC LIMIT 1) WHERE m.is_active = 1"
                                     " ORDER BY m.position, m.id";

struct setting {
    struct op_call *call;
    int64_t id, now_ms;
    json_t *changed; /* names; owned */
    struct buf before, after;
    struct json_writer old, new;
};

/* The moment as it is: *at_ms 0 when there is none. */
static int read_moment(struct setting *s, const char *type, int64_t *at_ms)
{
    struct stmt *stmt = tx_query(s->call->tx, s->call->err, SELECT_MOMENT, "it", s->id, type);
    int rc = stmt ? stmt_next(stmt, s->call->err) : s->call->err->code;
    *at_ms = rc == DB_ROW ? stmt_int(stmt, 1) : 0;
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

static int check_type(struct setting *s, const struct args *row, const char *type)
{
    int rc = OK;
    int64_t editable = tx_get_int(s->call->tx, &rc, s->call->err, -1, SELECT_TYPE, "t", type);
    if (rc != OK)
        return rc;
    if (editable < 0)
        return args_fail(row, type, "there is no key event \"%.60s\"", type);
    return editable ? OK : args_fail(row, type, "%s is set by the incident's own course", type);
}

int key_event_forget(struct tx *tx, int64_t incident_id, const char *type, const char *but_id,
                     struct err *err)
{
    int rc = tx_exec(tx, err, DELETE_MOMENTS, "itt", incident_id, type, but_id);
    if (rc >= 0)
        rc = tx_exec(tx, err, UNMARK_MOMENTS, "itt", incident_id, type, but_id);
    return rc < 0 ? rc : OK;
}

static int replace(struct setting *s, const char *type, int64_t at_ms)
{
    struct op_call *call = s->call;
    const char *author = policy_person(call->actor);
    char id[ID_SIZE] = "";
    int rc = OK;
    if (at_ms) {
        id_new(id);
        rc = tx_exec(call->tx, call->err, INSERT_MOMENT, "tittii", id, s->id,
                     *author ? author : NULL, type, at_ms, s->now_ms);
    }
    if (rc >= 0)
        rc = key_event_forget(call->tx, s->id, type, id, call->err);
    return rc < 0 ? rc : OK;
}

static int set_one(struct setting *s, const struct args *row, const char *type, json_t *value)
{
    int64_t now_at, at_ms = 0;
    int rc = check_type(s, row, type);
    if (rc == OK && !json_is_null(value))
        rc = args_int(row, type, 1, CLOCK_LAST_MS, &at_ms);
    if (rc == OK)
        rc = read_moment(s, type, &now_at);
    if (rc != OK || now_at == at_ms)
        return rc;
    json_array_append_new(s->changed, json_string(type));
    if (now_at)
        json_put_int(&s->old, type, now_at);
    if (at_ms)
        json_put_int(&s->new, type, at_ms);
    return replace(s, type, at_ms);
}

static int tell(struct setting *s)
{
    struct op_call *call = s->call;
    AUTO_FREE char *types = json_dumps(s->changed, JSON_COMPACT);
    AUTO_BUF struct buf payload = BUF_INIT;
    struct audit_entry entry = { .action = "incident.set_key_events",
                                 .incident_id = s->id,
                                 .before = buf_text(&s->before),
                                 .after = buf_text(&s->after) };
    buf_printf(&payload, "{\"incident_id\":%" PRId64 ",\"event_types\":%s}", s->id, types);
    int rc = tx_exec(call->tx, call->err, TOUCH_INCIDENT, "ii", s->now_ms, s->id);
    if (rc >= 0)
        rc = metric_recompute(call->tx, s->id, call->err);
    if (rc >= 0)
        rc = audit_write(call->tx, call->actor, &entry, call->err);
    return rc >= 0
               ? event_emit(call->tx, "key_events.updated", s->id, buf_text(&payload), call->err)
               : rc;
}

static int set_all(struct setting *s, const struct args *args)
{
    json_t *events = NULL;
    struct args row;
    const char *type;
    json_t *value;
    int rc = args_object_optional(args, "key_events", &events);
    if (rc == OK && events)
        rc = args_enter(args, "key_events", -1, events, &row);
    json_object_begin(&s->old);
    json_object_begin(&s->new);
    json_object_foreach (events, type, value)
        if (rc == OK)
            rc = set_one(s, &row, type, value);
    json_object_finish(&s->old);
    json_object_finish(&s->new);
    return rc == OK && json_array_size(s->changed) > 0 ? tell(s) : rc;
}

static int answer(struct setting *s)
{
    AUTO_FREE char *changed = json_dumps(s->changed, JSON_COMPACT);
    struct json_writer *w = s->call->out;
    json_object_begin(w);
    json_put_raw(w, "changed", changed);
    json_key(w, "incident");
    int rc = incident_write(s->call->tx, w, s->id, s->call->err);
    json_object_finish(w);
    return rc;
}

/* incident.set_key_events {id, key_events: {event_type: ms or null}} -> {changed, incident} */
static int set_key_events(struct op_call *call)
{
    struct args args = args_of(call);
    struct setting s = { .call = call, .now_ms = clock_now_ms() };
    int rc = args_refuse_unknown(call, "id", "key_events");
    if (rc != OK || (rc = args_int(&args, "id", 1, INT64_MAX, &s.id)) != OK ||
        (rc = policy_require_incident(call, s.id)) != OK)
        return rc;
    s.changed = json_array();
    json_writer_init(&s.old, &s.before);
    json_writer_init(&s.new, &s.after);
    rc = set_all(&s, &args);
    if (rc == OK)
        rc = answer(&s);
    json_decref(s.changed);
    buf_fini(&s.before);
    buf_fini(&s.after);
    return rc;
}

static void write_moment(struct json_writer *w, struct stmt *stmt)
{
    json_object_begin(w);
    json_put_text(w, "event_type", stmt_text(stmt, 0));
    json_put_text(w, "name", stmt_text(stmt, 1));
    json_put_text(w, "summary", stmt_text(stmt, 2));
    json_put_bool(w, "user_editable", stmt_int(stmt, 3));
    json_put_bool(w, "is_required", stmt_int(stmt, 4));
    json_put_bool(w, "asked_for", stmt_int(stmt, 5));
    json_put_column(w, "at_ms", stmt, 6);
    json_put_text(w, "by", stmt_text(stmt, 7));
    json_object_finish(w);
}

/* incident.key_events {id} -> [{event_type, name, summary, user_editable, is_required, asked_for,
 * at_ms or null, by}] */
static int list_key_events(struct op_call *call)
{
    int64_t id;
    int rc = policy_only_incident(call, "id", &id);
    if (rc != OK)
        return rc;
    return op_write_rows(call, tx_query(call->tx, call->err, SELECT_MOMENTS, "i", id),
                         write_moment);
}

const struct op KEY_EVENT_OPS[] = {
    { "incident.set_key_events", true, set_key_events,
      "{id, key_events: {event_type: ms or null}}: sets or removes key events and computes the "
      "metrics anew; emits"
      " key_events.updated -> {changed[], incident}" },
    { "incident.key_events", false, list_key_events,
      "{id}: all key events, with when they happened and who said so" },
    { 0 },
};
