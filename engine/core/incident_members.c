/* incident_members - joining and leaving. A change is one audit entry and one event; what changes
 * nothing leaves no trace. */
#include "core/incident_members.h"

#include "base/clock.h"
#include "core/args.h"
#include "core/audit.h"
#include "core/event.h"
#include "core/op_table.h"
#include "core/people.h"
#include "core/people_set.h"
#include "core/policy.h"
#include "store/db.h"

#include <stdio.h>
#include <string.h>

enum { REASON_MAX = 500 };

static const char INSERT_MEMBER[] =
    "INSERT INTO incident_member (incident_id, person_id, created_at_ms) VALUES (?, ?, ?)"
    " ON CONFLICT (incident_id, person_id) DO NOTHING";
static const char DELETE_MEMBER[] =
    "DELETE FROM incident_member WHERE incident_id = ? AND person_id = ?";
static const char SELECT_IDS[] = "SELECT person_id FROM incident_member WHERE incident_id = ?";
static const char SELECT_MEMBERS[] =
    "SELECT person_id, created_at_ms FROM incident_member WHERE incident_id = ? ORDER BY"
    " created_at_ms, person_id";

int incident_members_add(struct tx *tx, int64_t incident_id, const char *person_id, bool *is_new,
                         struct err *err)
{
    int rc = tx_exec(tx, err, INSERT_MEMBER, "iti", incident_id, person_id, clock_now_ms());
    *is_new = rc > 0;
    return rc < 0 ? rc : OK;
}

/* ---- joining and leaving */

/* Who joins or leaves. */
struct move {
    int64_t incident_id;
    char person_id[PERSON_ID_SIZE];
    struct text reason;
};

static int read_move(struct op_call *call, struct move *move)
{
    struct args args = args_of(call);
    struct text person;
    bool exists;
    int rc = args_refuse_unknown(call, "id", "person_id", "reason");
    if (rc != OK || (rc = args_int(&args, "id", 1, INT64_MAX, &move->incident_id)) != OK ||
        (rc = args_text(&args, "person_id", 1, PERSON_ID_SIZE - 1, &person)) != OK ||
        (rc = args_text_optional(&args, "reason", 1, REASON_MAX, &move->reason)) != OK ||
        (rc = policy_require_incident(call, move->incident_id)) != OK)
        return rc;
    snprintf(move->person_id, sizeof(move->person_id), "%.*s", (int)person.len, person.at);
    rc = person_exists(call->tx, move->person_id, &exists, call->err);
    return rc == OK && !exists ? args_fail(&args, "person_id", "there is no such person") : rc;
}

static int write_audit(struct op_call *call, const char *action, const struct move *move)
{
    AUTO_BUF struct buf after = BUF_INIT;
    struct json_writer w;
    json_writer_init(&w, &after);
    json_object_begin(&w);
    json_put_text(&w, "person_id", move->person_id);
    if (move->reason.at) {
        json_key(&w, "reason");
        json_text_n(&w, move->reason.at, move->reason.len);
    }
    json_object_finish(&w);
    struct audit_entry entry = { .action = action,
                                 .incident_id = move->incident_id,
                                 .after = buf_text(&after) };
    return audit_write(call->tx, call->actor, &entry, call->err);
}

/* A list of one or of none. */
static void put_people(struct json_writer *w, const char *key, const char *person_id)
{
    json_key(w, key);
    json_array_begin(w);
    if (person_id)
        json_text(w, person_id);
    json_array_finish(w);
}

static int emit(struct op_call *call, const struct move *move, bool is_joining)
{
    AUTO_BUF struct buf payload = BUF_INIT;
    struct json_writer w;
    json_writer_init(&w, &payload);
    json_object_begin(&w);
    json_put_int(&w, "incident_id", move->incident_id);
    put_people(&w, "added", is_joining ? move->person_id : NULL);
    put_people(&w, "removed", is_joining ? NULL : move->person_id);
    json_object_finish(&w);
    return event_emit(call->tx, "members.changed", move->incident_id, buf_text(&payload),
                      call->err);
}

static int finish(struct op_call *call, const struct move *move, bool is_joining, bool is_changed)
{
    const char *action = is_joining ? "incident.add_member" : "incident.remove_member";
    int rc = is_changed ? write_audit(call, action, move) : OK;
    if (rc == OK && is_changed)
        rc = emit(call, move, is_joining);
    json_object_begin(call->out);
    json_put_bool(call->out, "is_changed", is_changed);
    json_object_finish(call->out);
    return rc;
}

/* incident.add_member {id, person_id, reason?} -> {is_changed} */
static int add_member(struct op_call *call)
{
    struct move move = { 0 };
    bool is_new = false;
    int rc = read_move(call, &move);
    if (rc == OK)
        rc = incident_members_add(call->tx, move.incident_id, move.person_id, &is_new, call->err);
    return rc == OK ? finish(call, &move, true, is_new) : rc;
}

/* incident.remove_member {id, person_id, reason?} -> {is_changed} */
static int remove_member(struct op_call *call)
{
    struct move move = { 0 };
    int rc = read_move(call, &move);
    if (rc != OK)
        return rc;
    int removed =
        tx_exec(call->tx, call->err, DELETE_MEMBER, "it", move.incident_id, move.person_id);
    return removed < 0 ? removed : finish(call, &move, false, removed > 0);
}

/* ---- who they are */

/* incident.members {id} -> [{person, since_ms}], those of longest standing first */
static int list_members(struct op_call *call)
{
    int64_t id;
    int rc = policy_only_incident(call, "id", &id);
    if (rc != OK)
        return rc;
    AUTO_PEOPLE_SET struct people_set *people = people_set_new();
    rc = people_set_load_rows(people, call->tx, tx_query(call->tx, call->err, SELECT_IDS, "i", id),
                              call->err);
    struct stmt *stmt = rc == OK ? tx_query(call->tx, call->err, SELECT_MEMBERS, "i", id) : NULL;
    if (!stmt)
        return call->err->code;
    json_array_begin(call->out);
    while ((rc = stmt_next(stmt, call->err)) == DB_ROW) {
        json_object_begin(call->out);
        json_key(call->out, "person");
        people_set_write(people, call->out, stmt_text(stmt, 0));
        json_put_int(call->out, "since_ms", stmt_int(stmt, 1));
        json_object_finish(call->out);
    }
    json_array_finish(call->out);
    stmt_end(stmt);
    return rc;
}

const struct op INCIDENT_MEMBER_OPS[] = {
    { "incident.add_member", true, add_member,
      "{id, person_id, reason?}: the person joins; emits members.changed -> {is_changed}" },
    { "incident.remove_member", true, remove_member,
      "{id, person_id, reason?}: the person leaves; emits members.changed -> {is_changed}" },
    { "incident.members", false, list_members, "{id}: who is part of it -> [{person, since_ms}]" },
    { 0 },
};
