#include "core/args.h"
#include "core/invitation_json.h"
#include "core/op_table.h"
#include "core/people.h"
#include "core/people_set.h"
#include "core/policy.h"
#include "core/rows.h"
#include "store/db.h"

static const char SELECT_PEOPLE[] =
    "SELECT person_id FROM invitation WHERE incident_id = ? AND (? = '' OR person_id = ?)";
static const char SELECT_INVITATIONS[] =
    "SELECT n.id, n.person_id, n.state, n.error, n.attempts, n.updated_at_ms, r.strategy,"
    " r.reason, r.source_line FROM invitation n LEFT JOIN invitation_reason r ON r.invitation_id"
    " = n.id WHERE n.incident_id = ? AND (? = '' OR n.person_id = ?) ORDER BY n.id, r.strategy,"
    " r.reason";
static const char SELECT_PENDING[] =
    "SELECT n.id, n.person_id, a.external_id, n.attempts FROM invitation n"
    " JOIN account a ON a.person_id = n.person_id AND a.platform = ? AND a.is_active = 1"
    " WHERE n.incident_id = ? AND n.state = 'pending' ORDER BY n.id";
static const char SELECT_RUNS[] =
    "SELECT strategy, state, error, people, duration_ms, created_at_ms FROM strategy_run WHERE"
    " incident_id = ? ORDER BY id";

enum { ID, PERSON_ID, STATE, ERROR, ATTEMPTS, UPDATED_AT, STRATEGY, REASON, SOURCE_LINE };

static void begin_invitation(struct json_writer *w, struct stmt *stmt,
                             const struct people_set *people)
{
    json_object_begin(w);
    json_put_int(w, "id", stmt_int(stmt, ID));
    json_key(w, "person");
    people_set_write(people, w, stmt_text(stmt, PERSON_ID));
    json_put_text(w, "state", stmt_text(stmt, STATE));
    json_put_text(w, "error", stmt_text(stmt, ERROR));
    json_put_int(w, "attempts", stmt_int(stmt, ATTEMPTS));
    json_put_int(w, "updated_at_ms", stmt_int(stmt, UPDATED_AT));
    json_key(w, "reasons");
    json_array_begin(w);
}

static void finish_invitation(struct json_writer *w)
{
    json_array_finish(w);
    json_object_finish(w);
}

static void write_reason(struct json_writer *w, struct stmt *stmt)
{
    json_object_begin(w);
    json_put_text(w, "strategy", stmt_text(stmt, STRATEGY));
    json_put_text(w, "reason", stmt_text(stmt, REASON));
    json_put_column(w, "source_line", stmt, SOURCE_LINE);
    json_object_finish(w);
}

/* The rows of one invitation follow each other, one a reason. */
static int write_invitations(struct json_writer *w, struct stmt *stmt,
                             const struct people_set *people, struct err *err)
{
    int64_t current = 0;
    int rc;
    json_array_begin(w);
    while ((rc = stmt_next(stmt, err)) == DB_ROW) {
        if (stmt_int(stmt, ID) != current) {
            if (current)
                finish_invitation(w);
            current = stmt_int(stmt, ID);
            begin_invitation(w, stmt, people);
        }
        if (!stmt_is_null(stmt, STRATEGY))
            write_reason(w, stmt);
    }
    if (current)
        finish_invitation(w);
    json_array_finish(w);
    return rc;
}

int invitations_write(struct tx *tx, struct json_writer *w, int64_t incident_id,
                      const char *person_id, struct err *err)
{
    const char *wanted = person_id ? person_id : "";
    AUTO_PEOPLE_SET struct people_set *people = people_set_new();
    int rc = people_set_load_rows(
        people, tx, tx_query(tx, err, SELECT_PEOPLE, "itt", incident_id, wanted, wanted), err);
    if (rc != OK)
        return rc;
    struct stmt *stmt = tx_query(tx, err, SELECT_INVITATIONS, "itt", incident_id, wanted, wanted);
    if (!stmt)
        return err->code;
    rc = write_invitations(w, stmt, people, err);
    stmt_end(stmt);
    return rc;
}

static void write_run(struct json_writer *w, struct stmt *stmt)
{
    json_object_begin(w);
    json_put_text(w, "strategy", stmt_text(stmt, 0));
    json_put_text(w, "state", stmt_text(stmt, 1));
    json_put_text(w, "error", stmt_text(stmt, 2));
    json_put_int(w, "people", stmt_int(stmt, 3));
    json_put_int(w, "duration_ms", stmt_int(stmt, 4));
    json_put_int(w, "created_at_ms", stmt_int(stmt, 5));
    json_object_finish(w);
}

int strategy_runs_write(struct tx *tx, struct json_writer *w, int64_t incident_id, struct err *err)
{
    return rows_write(w, tx_query(tx, err, SELECT_RUNS, "i", incident_id), write_run, err);
}

/* Reads incident_id and asks the policy; <platform> or <person_id> are read when not NULL. */
static int read_args(struct op_call *call, int64_t *incident_id, struct text *platform,
                     struct text *person_id)
{
    struct args args = args_of(call);
    int rc = args_int(&args, "incident_id", 1, INT64_MAX, incident_id);
    if (rc == OK && platform)
        rc = args_text(&args, "platform", 1, 40, platform);
    if (rc == OK && person_id)
        rc = args_text_optional(&args, "person_id", 1, PERSON_ID_SIZE - 1, person_id);
    return rc == OK ? policy_require_incident(call, *incident_id) : rc;
}

static void write_pending(struct json_writer *w, struct stmt *stmt)
{
    json_object_begin(w);
    json_put_int(w, "id", stmt_int(stmt, 0));
    json_put_text(w, "person_id", stmt_text(stmt, 1));
    json_put_text(w, "external_id", stmt_text(stmt, 2));
    json_put_int(w, "attempts", stmt_int(stmt, 3));
    json_object_finish(w);
}

/* invitation.pending {incident_id, platform} -> [{id, person_id, external_id, attempts}] */
static int invitation_pending(struct op_call *call)
{
    int64_t incident_id;
    struct text platform;
    int rc = args_refuse_unknown(call, "incident_id", "platform");
    if (rc != OK || (rc = read_args(call, &incident_id, &platform, NULL)) != OK)
        return rc;
    struct stmt *stmt =
        tx_query(call->tx, call->err, SELECT_PENDING, "ni", platform.at, platform.len, incident_id);
    return op_write_rows(call, stmt, write_pending);
}

/* invitation.explain {incident_id, person_id?} -> [{id, person, state, error, attempts,
 * updated_at_ms, reasons[]}] */
static int invitation_explain(struct op_call *call)
{
    int64_t incident_id;
    struct text person;
    int rc = args_refuse_unknown(call, "incident_id", "person_id");
    if (rc != OK || (rc = read_args(call, &incident_id, NULL, &person)) != OK)
        return rc;
    AUTO_FREE char *person_id = text_dup(person);
    return invitations_write(call->tx, call->out, incident_id, person_id, call->err);
}

/* strategy_run.list {incident_id} -> [{strategy, state, error, people, duration_ms,
 * created_at_ms}] */
static int strategy_run_list(struct op_call *call)
{
    int64_t incident_id;
    int rc = args_refuse_unknown(call, "incident_id");
    if (rc != OK || (rc = read_args(call, &incident_id, NULL, NULL)) != OK)
        return rc;
    return strategy_runs_write(call->tx, call->out, incident_id, call->err);
}

const struct op INVITATION_READ_OPS[] = {
    { "invitation.pending", false, invitation_pending,
      "{incident_id, platform}: who waits to be invited" },
    { "invitation.explain", false, invitation_explain,
      "{incident_id, person_id?}: invitations with all their reasons" },
    { "strategy_run.list", false, strategy_run_list,
      "{incident_id}: the last run of each invite strategy" },
    { 0 },
};
