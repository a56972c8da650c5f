/* invitation - who is invited to an incident, and why. One row a person and incident, with every
 * reason that any strategy gave.
 *
 *   pending   waits to be invited on the platform; then invited, failed, or pending again
 *   invited   done; never asked for again
 *   failed    the platform refused for good; a new request tries again
 *   skipped   must or can not be invited (the error says why); a new request looks again */
#include "base/clock.h"
#include "base/map.h"
#include "core/args.h"
#include "core/audit.h"
#include "core/incident_members.h"
#include "core/op_table.h"
#include "core/people.h"
#include "core/policy.h"
#include "store/db.h"

#include <inttypes.h>
#include <string.h>

enum {
    PEOPLE_MAX = 50000,
    RUNS_MAX = 1000,
    REASON_MAX = 500,
    STRATEGY_MAX = 200,
    PLATFORM_MAX = 40
};

static const char SELECT_PERSON[] =
    "SELECT u.is_active, u.is_bot, a.external_id, a.is_active, n.id, n.state,"
    " EXISTS (SELECT 1 FROM invitation_opt_out o JOIN incident i ON i.id = ? WHERE o.person_id ="
    " u.id AND (o.category_id = '' OR o.category_id = i.category_id)) FROM person u"
    " LEFT JOIN account a ON a.person_id = u.id AND a.platform = ?"
    " LEFT JOIN invitation n ON n.person_id = u.id AND n.incident_id = ? WHERE u.id = ?";
static const char INSERT_INVITATION[] =
    "INSERT INTO invitation (incident_id, person_id, state, error, created_at_ms, updated_at_ms)"
    " VALUES (?, ?, ?, ?, ?, ?)";
static const char UPDATE_INVITATION[] =
    "UPDATE invitation SET state = ?, error = ?, updated_at_ms = ? WHERE id = ?";
static const char INSERT_REASON[] =
    "INSERT INTO invitation_reason (invitation_id, strategy, reason, source_line) VALUES (?, ?,"
    " ?, NULLIF(?, 0)) ON CONFLICT (invitation_id, strategy, reason) DO UPDATE SET source_line ="
    " excluded.source_line";
static const char DELETE_RUN[] = "DELETE FROM strategy_run WHERE incident_id = ? AND strategy = ?";
static const char INSERT_RUN[] =
    "INSERT INTO strategy_run (incident_id, strategy, state, error, people, duration_ms,"
    " created_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)";
static const char RECORD_OUTCOME[] =
    "INSERT INTO invitation (incident_id, person_id, state, error, attempts, created_at_ms,"
    " updated_at_ms) SELECT ?, id, ?, ?, 1, ?, ? FROM person WHERE id = ? ON CONFLICT"
    " (incident_id, person_id) DO UPDATE SET state = excluded.state, error = excluded.error,"
    " attempts = invitation.attempts + 1, updated_at_ms = excluded.updated_at_ms";
static const char INSERT_REASON_OF[] =
    "INSERT INTO invitation_reason (invitation_id, strategy, reason) SELECT id, ?, ? FROM"
    " invitation WHERE incident_id = ? AND person_id = ? ON CONFLICT (invitation_id, strategy,"
    " reason) DO NOTHING";

/* A request while it is worked through. */
struct request {
    struct op_call *call;
    struct text platform;
    int64_t incident_id;
    int64_t now_ms;
    struct map *seen; /* person id -> struct invited */
    struct json_writer pending;
    struct buf pending_json;
    int64_t known; /* people who were invited before, or wait already */
    int64_t skipped;
    int64_t unknown; /* ids that belong to nobody */
    json_t *joining; /* ids of those who become members; borrowed */
};

/* A person of the request. */
struct invited {
    int64_t invitation_id; /* 0: nobody has this id */
};

/* What is known of a person before. */
struct candidate {
    int64_t invitation_id; /* 0: none yet */
    char state[16];
    char external_id[PERSON_ID_SIZE * 4];
    const char *obstacle; /* why the person is skipped; NULL: nothing stands against it */
    bool exists;
};

static const char *find_obstacle(struct stmt *stmt)
{
    if (!stmt_int(stmt, 0))
        return "the person is not active any more";
    if (stmt_int(stmt, 1))
        return "bots are not invited";
    if (stmt_is_null(stmt, 2))
        return "the person has no account on this platform";
    if (!stmt_int(stmt, 3))
        return "the person's account on this platform is deactivated";
    if (stmt_int(stmt, 6))
        return "the person does not want to be invited to this category";
    return NULL;
}

static void copy_column(char *out, size_t size, struct stmt *stmt, int column)
{
    const char *text = stmt_text(stmt, column);
    size_t len = text ? strlen(text) : 0;
    len = len < size ? len : size - 1;
    if (text)
        memcpy(out, text, len);
    out[len] = '\0';
}

static int find_candidate(struct request *request, const char *person_id,
                          struct candidate *candidate)
{
    *candidate = (struct candidate){ 0 };
    struct stmt *stmt =
        tx_query(request->call->tx, request->call->err, SELECT_PERSON, "init", request->incident_id,
                 request->platform.at, request->platform.len, request->incident_id, person_id);
    if (!stmt)
        return request->call->err->code;
    int rc = stmt_next(stmt, request->call->err);
    if (rc == DB_ROW) {
        candidate->exists = true;
        candidate->obstacle = find_obstacle(stmt);
        copy_column(candidate->external_id, sizeof(candidate->external_id), stmt, 2);
        candidate->invitation_id = stmt_int(stmt, 4);
        copy_column(candidate->state, sizeof(candidate->state), stmt, 5);
    }
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

static void put_pending(struct request *request, const char *person_id, const char *external_id)
{
    struct json_writer *w = &request->pending;
    json_object_begin(w);
    json_put_text(w, "person_id", person_id);
    json_key(w, "external_ids");
    json_object_begin(w);
    AUTO_FREE char *platform = text_dup(request->platform);
    json_put_text(w, platform, external_id);
    json_object_finish(w);
    json_object_finish(w);
}

/* Makes the person's invitation, or brings it up to date. Those who are invited stay as they
 * are. */
static int settle_invitation(struct request *request, const char *person_id,
                             struct candidate *candidate)
{
    struct op_call *call = request->call;
    const char *state = candidate->obstacle ? "skipped" : "pending";
    int rc = OK;
    if (strcmp(candidate->state, "invited") == 0) {
        request->known++;
        return OK;
    }
    if (candidate->invitation_id == 0) {
        rc = tx_exec(call->tx, call->err, INSERT_INVITATION, "itttii", request->incident_id,
                     person_id, state, candidate->obstacle, request->now_ms, request->now_ms);
        candidate->invitation_id = rc < 0 ? 0 : tx_insert_id(call->tx);
    } else if (strcmp(candidate->state, state) != 0) {
        rc = tx_exec(call->tx, call->err, UPDATE_INVITATION, "ttii", state, candidate->obstacle,
                     request->now_ms, candidate->invitation_id);
    } else {
        request->known++;
    }
    if (candidate->obstacle)
        request->skipped++;
    else
        put_pending(request, person_id, candidate->external_id);
    return rc < 0 ? rc : OK;
}

/* *invitation_id is the invitation of the person, made at first sight within the request; 0 when
 * nobody has this id. */
static int meet_person(struct request *request, const char *person_id, int64_t *invitation_id)
{
    const struct invited *met = map_get(request->seen, person_id);
    if (met) {
        *invitation_id = met->invitation_id;
        return OK;
    }
    struct candidate candidate;
    int rc = find_candidate(request, person_id, &candidate);
    if (rc == OK && candidate.exists)
        rc = settle_invitation(request, person_id, &candidate);
    else if (rc == OK)
        request->unknown++;
    struct invited *invited = xmalloc(sizeof(*invited));
    invited->invitation_id = candidate.invitation_id;
    map_put(request->seen, person_id, invited);
    *invitation_id = candidate.invitation_id;
    return rc;
}

static int request_row(struct request *request, const struct args *row)
{
    struct text person, strategy, reason;
    int64_t line = 0;
    int64_t invitation_id;
    int rc = args_row_refuse_unknown(row, "person_id", "strategy", "reason", "source_line");
    if (rc != OK || (rc = args_text(row, "person_id", 1, PERSON_ID_SIZE - 1, &person)) != OK ||
        (rc = args_text(row, "strategy", 1, STRATEGY_MAX, &strategy)) != OK ||
        (rc = args_text(row, "reason", 1, REASON_MAX, &reason)) != OK ||
        (rc = args_int_optional(row, "source_line", 0, INT32_MAX, &line)) != OK)
        return rc;
    AUTO_FREE char *person_id = text_dup(person);
    rc = meet_person(request, person_id, &invitation_id);
    if (rc == OK && invitation_id)
        rc = tx_exec(request->call->tx, row->err, INSERT_REASON, "inni", invitation_id, strategy.at,
                     strategy.len, reason.at, reason.len, line);
    return rc < 0 ? rc : OK;
}

static bool is_run_state(struct text state)
{
    return text_is(state, "answered") || text_is(state, "not_applicable") ||
           text_is(state, "failed");
}

/* The last run of each strategy stays. */
static int record_run(struct request *request, const struct args *row)
{
    struct text strategy, state, error;
    int64_t people = 0, duration_ms = 0;
    int rc = args_row_refuse_unknown(row, "strategy", "state", "error", "people", "duration_ms");
    if (rc != OK || (rc = args_text(row, "strategy", 1, STRATEGY_MAX, &strategy)) != OK ||
        (rc = args_text(row, "state", 1, 20, &state)) != OK ||
        (rc = args_text_optional(row, "error", 0, 0, &error)) != OK ||
        (rc = args_int_optional(row, "people", 0, INT32_MAX, &people)) != OK ||
        (rc = args_int_optional(row, "duration_ms", 0, INT32_MAX, &duration_ms)) != OK)
        return rc;
    if (!is_run_state(state))
        return args_fail(row, "state", "state must be answered, not_applicable or failed");
    struct tx *tx = request->call->tx;
    rc = tx_exec(tx, row->err, DELETE_RUN, "in", request->incident_id, strategy.at, strategy.len);
    if (rc >= 0)
        rc = tx_exec(tx, row->err, INSERT_RUN, "innniii", request->incident_id, strategy.at,
                     strategy.len, state.at, state.len, error.at, error.len, people, duration_ms,
                     request->now_ms);
    return rc < 0 ? rc : OK;
}

typedef int (*row_fn)(struct request *request, const struct args *row);

static int each_row(struct request *request, const char *key, size_t max, row_fn read_row)
{
    struct args args = args_of(request->call);
    json_t *rows = NULL;
    int rc = args_array_optional(&args, key, max, &rows);
    size_t index;
    json_t *item;
    json_array_foreach (rows, index, item) {
        struct args row;
        if (rc != OK || (rc = args_enter(&args, key, (int)index, item, &row)) != OK)
            break;
        rc = read_row(request, &row);
    }
    return rc;
}

static void answer_request(struct request *request)
{
    struct json_writer *w = request->call->out;
    json_object_begin(w);
    json_put_raw(w, "pending", buf_text(&request->pending_json));
    json_put_int(w, "known", request->known);
    json_put_int(w, "skipped", request->skipped);
    json_put_int(w, "unknown", request->unknown);
    json_object_finish(w);
}

/* invitation.request {incident_id, platform, people:[{person_id, strategy, reason, source_line?}],
 *   runs:[{strategy, state, error?, people?, duration_ms?}]?}
 * -> {pending:[{person_id, external_ids}], known, skipped, unknown} */
static int invitation_request(struct op_call *call)
{
    struct args args = args_of(call);
    struct request request = { .call = call, .now_ms = clock_now_ms() };
    int rc = args_refuse_unknown(call, "incident_id", "platform", "people", "runs");
    if (rc != OK ||
        (rc = args_int(&args, "incident_id", 1, INT64_MAX, &request.incident_id)) != OK ||
        (rc = args_text(&args, "platform", 1, PLATFORM_MAX, &request.platform)) != OK ||
        (rc = policy_require_incident(call, request.incident_id)) != OK)
        return rc;
    request.seen = map_new(free);
    json_writer_init(&request.pending, &request.pending_json);
    json_array_begin(&request.pending);
    rc = each_row(&request, "people", PEOPLE_MAX, request_row);
    if (rc == OK)
        rc = each_row(&request, "runs", RUNS_MAX, record_run);
    json_array_finish(&request.pending);
    if (rc == OK)
        answer_request(&request);
    map_free(request.seen);
    buf_fini(&request.pending_json);
    return rc;
}

/* ---- outcomes */

/* For who was invited without a request. */
static int record_reason(struct request *request, const struct args *row, struct text person)
{
    struct text strategy, reason;
    if (!args_has(row, "strategy") && !args_has(row, "reason"))
        return OK;
    int rc = args_text(row, "strategy", 1, STRATEGY_MAX, &strategy);
    if (rc != OK || (rc = args_text(row, "reason", 1, REASON_MAX, &reason)) != OK)
        return rc;
    rc = tx_exec(request->call->tx, row->err, INSERT_REASON_OF, "nnin", strategy.at, strategy.len,
                 reason.at, reason.len, request->incident_id, person.at, person.len);
    return rc < 0 ? rc : OK;
}

static int join(struct request *request, struct text person)
{
    bool is_new = false;
    AUTO_FREE char *id = text_dup(person);
    int rc = incident_members_add(request->call->tx, request->incident_id, id, &is_new,
                                  request->call->err);
    if (rc == OK && is_new)
        json_array_append_new(request->joining, json_string(id));
    return rc;
}

static int record_outcome(struct request *request, const struct args *row)
{
    struct text person, state, error;
    struct op_call *call = request->call;
    int rc = args_row_refuse_unknown(row, "person_id", "state", "error", "strategy", "reason");
    if (rc != OK || (rc = args_text(row, "person_id", 1, PERSON_ID_SIZE - 1, &person)) != OK ||
        (rc = args_text(row, "state", 1, 20, &state)) != OK ||
        (rc = args_text_optional(row, "error", 0, 0, &error)) != OK)
        return rc;
    bool is_invited = text_is(state, "invited");
    if (!is_invited && !text_is(state, "failed") && !text_is(state, "pending"))
        return args_fail(row, "state", "state must be invited, failed or pending");
    rc = tx_exec(call->tx, call->err, RECORD_OUTCOME,
                 "innii"
                 "n",
                 request->incident_id, state.at, state.len, error.at, error.len, request->now_ms,
                 request->now_ms, person.at, person.len);
    if (rc == 0)
        request->unknown++;
    if (rc > 0 && is_invited)
        rc = join(request, person);
    return rc < 0 ? rc : record_reason(request, row, person);
}

/* Who may see a private incident from now on is for the audit log. */
static int tell_joining(struct request *request)
{
    if (json_array_size(request->joining) == 0)
        return OK;
    AUTO_JSON json_t *object = json_pack("{s:O}", "person_ids", request->joining);
    AUTO_FREE char *after = json_dumps(object, JSON_COMPACT);
    struct audit_entry entry = { .action = "invitation.outcome",
                                 .incident_id = request->incident_id,
                                 .after = after };
    return audit_write(request->call->tx, request->call->actor, &entry, request->call->err);
}

/* invitation.outcome {incident_id, results:[{person_id, state: invited|failed|pending, error?,
 * strategy?, reason?}]} -> {unknown} */
static int invitation_outcome(struct op_call *call)
{
    struct args args = args_of(call);
    AUTO_JSON json_t *joining = json_array();
    struct request request = { .call = call, .now_ms = clock_now_ms(), .joining = joining };
    int rc = args_refuse_unknown(call, "incident_id", "results");
    if (rc != OK ||
        (rc = args_int(&args, "incident_id", 1, INT64_MAX, &request.incident_id)) != OK ||
        (rc = policy_require_incident(call, request.incident_id)) != OK ||
        (rc = each_row(&request, "results", PEOPLE_MAX, record_outcome)) != OK ||
        (rc = tell_joining(&request)) != OK)
        return rc;
    json_object_begin(call->out);
    json_put_int(call->out, "unknown", request.unknown);
    json_object_finish(call->out);
    return OK;
}

const struct op INVITATION_OPS[] = {
    { "invitation.request", true, invitation_request,
      "{incident_id, platform, people:[{person_id, strategy, reason, source_line?}], runs[]?}:"
      " the union of what the strategies want -> {pending:[{person_id, external_ids}], known,"
      " skipped, unknown}" },
    { "invitation.outcome", true, invitation_outcome,
      "{incident_id, results:[{person_id, state, error?, strategy?, reason?}]}: what became of"
      " invitations, and why of those that no strategy asked for; the invited become members ->"
      " {unknown}" },
    { 0 },
};
