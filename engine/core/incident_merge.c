/* incident_merge - two incidents that are one. The duplicate is ignored and closed, names the one it repeats, and
 * its people become that one's members. What leads to a duplicate leads to its original, so chains do not arise.
 * Reopening a duplicate takes the link back (incident_change.c). */
#include "base/clock.h"
#include "core/args.h"
#include "core/audit.h"
#include "core/event.h"
#include "core/incident_change.h"
#include "core/incident_json.h"
#include "core/op_table.h"
#include "core/policy.h"
#include "store/db.h"

#include <inttypes.h>
#include <stdio.h>

enum { WORDS_SIZE = 96 };

static const char REASON[] = "duplicate";

static const char SELECT_LINK[] =
    "SELECT is_private, COALESCE(duplicate_of, 0), is_drill FROM incident WHERE id = ?";
static const char LINK[] = "UPDATE incident SET duplicate_of = ? WHERE id = ? OR duplicate_of = ?";
static const char SELECT_JOINING[] =
    "SELECT person_id FROM incident_member m WHERE incident_id = ? AND NOT EXISTS (SELECT 1 FROM"
    " incident_member o WHERE o.incident_id = ? AND o.person_id = m.person_id) ORDER BY "
    "created_at_ms, person_id";
static const char JOIN[] = "INSERT INTO incident_member (incident_id, person_id, created_at_ms) "
                           "SELECT ?, person_id, ? FROM incident_member"
                           " WHERE incident_id = ? ON CONFLICT (incident_id, person_id) DO NOTHING";

struct merge {
    struct op_call *call;
    int64_t id, into;
    struct text message;
    json_t *joining; /* ids of the people who become members; owned */
};

/* What of an incident decides whether it is merged. */
struct link {
    bool is_private, is_drill;
    int64_t duplicate_of; /* 0: of none */
};

static int read_link(struct op_call *call, int64_t id, struct link *link)
{
    struct stmt *stmt = tx_query(call->tx, call->err, SELECT_LINK, "i", id);
    int rc = stmt ? stmt_next(stmt, call->err) : call->err->code;
    if (rc == DB_ROW)
        *link = (struct link){ .is_private = stmt_int(stmt, 0) != 0,
                               .duplicate_of = stmt_int(stmt, 1),
                               .is_drill = stmt_int(stmt, 2) != 0 };
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

static int refuse(struct merge *merge, const char *field, const char *words)
{
    err_field(merge->call->err, field, "%s", words);
    return merge->call->err->code = ERR_CONFLICT;
}

/* Nobody may learn of a private incident by a merge, so both are seen by the same people; and a real
 * incident does not end as a drill. */
static int check(struct merge *merge, bool *is_done)
{
    struct link one = { 0 }, into = { 0 };
    int rc = read_link(merge->call, merge->id, &one);
    if (rc == OK)
        rc = read_link(merge->call, merge->into, &into);
    if (rc != OK)
        return rc;
    *is_done = one.duplicate_of == merge->into;
    char words[WORDS_SIZE];
    if (merge->id == merge->into)
        return refuse(merge, "into", "an incident is no duplicate of itself");
    if (one.duplicate_of && !*is_done) {
        snprintf(words, sizeof(words), "it is already a duplicate of #%" PRId64, one.duplicate_of);
        return refuse(merge, "id", words);
    }
    if (into.duplicate_of) {
        snprintf(words, sizeof(words), "#%" PRId64 " is itself a duplicate of #%" PRId64,
                 merge->into, into.duplicate_of);
        return refuse(merge, "into", words);
    }
    if (one.is_private != into.is_private)
        return refuse(merge, "into", "a private incident and a public one are not merged");
    if (one.is_drill != into.is_drill)
        return refuse(merge, "into", "a drill and a real incident are not merged");
    return OK;
}

/* A record on the timeline of <id>, made by the rules of every change. */
static int record(struct merge *merge, int64_t id, struct incident_change *change)
{
    struct incident_changed changed;
    int rc = incident_change_apply(merge->call, id, change, &changed);
    incident_changed_fini(&changed);
    return rc;
}

static int close_duplicate(struct merge *merge)
{
    struct lifecycle lifecycle;
    char words[WORDS_SIZE], reference[WORDS_SIZE];
    snprintf(words, sizeof(words), "Duplicate of #%" PRId64 ".", merge->into);
    snprintf(reference, sizeof(reference), "#%" PRId64, merge->into);
    int rc = lifecycle_load(merge->call->tx, &lifecycle, merge->call->err);
    if (rc != OK)
        return rc;
    struct incident_change change = { .message =
                                          merge->message.at ? merge->message : text_of(words),
                                      .status = STATUS_CLOSED,
                                      .ignore = MARK_ON };
    if (lifecycle_reason_label(&lifecycle, REASON)) {
        change.closure_reason = text_of(REASON);
        change.closure_reference = text_of(reference);
    }
    return record(merge, merge->id, &change);
}

static int tell_original(struct merge *merge)
{
    char words[WORDS_SIZE];
    snprintf(words, sizeof(words),
             "#%" PRId64 " is a duplicate of this incident and was merged into it.", merge->id);
    struct incident_change change = { .message = text_of(words) };
    return record(merge, merge->into, &change);
}

static int move_people(struct merge *merge)
{
    struct op_call *call = merge->call;
    merge->joining = json_array();
    struct stmt *stmt = tx_query(call->tx, call->err, SELECT_JOINING, "ii", merge->id, merge->into);
    int rc = stmt ? DB_ROW : call->err->code;
    while (stmt && (rc = stmt_next(stmt, call->err)) == DB_ROW)
        json_array_append_new(merge->joining, json_string(stmt_text(stmt, 0)));
    stmt_end(stmt);
    if (rc >= 0)
        rc = tx_exec(call->tx, call->err, JOIN, "iii", merge->into, clock_now_ms(), merge->id);
    return rc < 0 ? rc : OK;
}

static int emit(struct merge *merge)
{
    AUTO_BUF struct buf payload = BUF_INIT;
    AUTO_FREE char *joining = json_dumps(merge->joining, JSON_COMPACT);
    struct json_writer w;
    json_writer_init(&w, &payload);
    json_object_begin(&w);
    json_put_int(&w, "incident_id", merge->into);
    json_put_int(&w, "duplicate_id", merge->id);
    json_put_raw(&w, "person_ids", joining);
    json_object_finish(&w);
    return event_emit(merge->call->tx, "incident.merged", merge->into, buf_text(&payload),
                      merge->call->err);
}

/* On both sides: what the duplicate points to, and who may see the original from now on. */
static int write_audit(struct merge *merge)
{
    struct op_call *call = merge->call;
    char link[48];
    AUTO_JSON json_t *joined = json_pack("{s:I, s:O}", "duplicate_id", (json_int_t)merge->id,
                                         "person_ids", merge->joining);
    AUTO_FREE char *joining = json_dumps(joined, JSON_COMPACT);
    snprintf(link, sizeof(link), "{\"duplicate_of\":%" PRId64 "}", merge->into);
    struct audit_entry of_duplicate = { .action = "incident.merge",
                                        .incident_id = merge->id,
                                        .before = "{\"duplicate_of\":null}",
                                        .after = link };
    struct audit_entry of_original = { .action = "incident.merge",
                                       .incident_id = merge->into,
                                       .after = joining };
    int rc = audit_write(call->tx, call->actor, &of_duplicate, call->err);
    return rc == OK ? audit_write(call->tx, call->actor, &of_original, call->err) : rc;
}

static int apply(struct merge *merge)
{
    struct op_call *call = merge->call;
    int rc = close_duplicate(merge);
    if (rc == OK)
        rc = tx_exec(call->tx, call->err, LINK, "iii", merge->into, merge->id, merge->id);
    if (rc >= 0)
        rc = move_people(merge);
    if (rc == OK)
        rc = tell_original(merge);
    if (rc == OK)
        rc = write_audit(merge);
    return rc == OK ? emit(merge) : rc;
}

static int answer(struct merge *merge, bool is_changed)
{
    struct op_call *call = merge->call;
    json_object_begin(call->out);
    json_put_bool(call->out, "is_changed", is_changed);
    json_key(call->out, "incident");
    int rc = incident_write(call->tx, call->out, merge->id, call->err);
    json_key(call->out, "into");
    if (rc == OK)
        rc = incident_write(call->tx, call->out, merge->into, call->err);
    json_object_finish(call->out);
    return rc;
}

static int require_other(struct op_call *call, int64_t into)
{
    int rc = policy_require_incident(call, into);
    if (rc == ERR_NOT_FOUND && call->err)
        snprintf(call->err->field, sizeof(call->err->field), "into");
    return rc;
}

/* incident.merge {id, into, message?} -> {is_changed, incident, into} */
static int incident_merge(struct op_call *call)
{
    struct args args = args_of(call);
    struct merge merge = { .call = call };
    bool is_done = false;
    int rc = args_refuse_unknown(call, "id", "into", "message");
    if (rc != OK || (rc = args_int(&args, "id", 1, INT64_MAX, &merge.id)) != OK ||
        (rc = args_int(&args, "into", 1, INT64_MAX, &merge.into)) != OK ||
        (rc = args_text_optional(&args, "message", 1, 1200, &merge.message)) != OK ||
        (rc = policy_require_incident(call, merge.id)) != OK ||
        (rc = require_other(call, merge.into)) != OK || (rc = check(&merge, &is_done)) != OK)
        return rc;
    if (!is_done)
        rc = apply(&merge);
    json_decref(merge.joining);
    return rc == OK ? answer(&merge, !is_done) : rc;
}

const struct op INCIDENT_MERGE_OPS[] = {
    { "incident.merge", true, incident_merge,
      "{id, into, message?}: <id> is a duplicate: it is ignored and closed, names <into>, and its "
      "members become"
      " members of that; reopening it takes the link back; emits incident.merged -> {is_changed, "
      "incident, into}" },
    { 0 },
};
