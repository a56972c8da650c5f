/* job_ops - the operations on jobs: for the command line, the pages and scripts. */
#include "base/clock.h"
#include "base/mem.h"
#include "core/args.h"
#include "core/audit.h"
#include "core/job_death.h"
#include "core/job_store.h"
#include "core/op_table.h"
#include "core/policy.h"
#include "core/rows.h"
#include "store/db.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LIST_DEFAULT = 100,
    LIST_MOST = 1000,
    ARGS_MAX_BYTES = 256 * 1024,
    ATTEMPTS_MOST = 1000,
};
#define DELAY_MOST_MS (366LL * 24 * 3600 * 1000)

static const char *const STATES[] = { "ready", "running", "done", "dead", "cancelled" };

#define COLUMNS                                                                            \
    "j.id, j.handler, j.state, j.attempt, j.max_attempts, j.due_at_ms, j.is_unknown, "     \
    "j.error_code, j.error_text, j.lane,"                                                  \
    " j.incident_id, e.kind, j.created_at_ms, j.started_at_ms, j.finished_at_ms, j.args, " \
    "j.progress, j.key"
#define FROM                                                                             \
    " FROM job j LEFT JOIN event e ON e.id = j.event_id LEFT JOIN incident i ON i.id = " \
    "j.incident_id"
#define VISIBLE "(j.incident_id IS NULL OR " POLICY_MAY_SEE_SQL ")"

static const char SELECT_ONE[] = "SELECT " COLUMNS FROM " WHERE j.id = ? AND " VISIBLE;

static const char SELECT_STATE[] = "SELECT state, COALESCE(incident_id, 0) FROM job WHERE id = ?";

static const char MAKE_READY[] =
    "UPDATE job SET state = 'ready', attempt = 0, due_at_ms = ?, finished_at_ms = NULL, key = NULL"
    " WHERE id = ? AND state IN ('dead','cancelled')";

static const char MAKE_DUE[] =
    "UPDATE job SET due_at_ms = ? WHERE id = ? AND state = 'ready' AND due_at_ms > ?";

/* Incident 0 is every incident, and what belongs to none. */
static const char MAKE_ALL_READY[] =
    "UPDATE job SET state = 'ready', attempt = 0, due_at_ms = ?, finished_at_ms = NULL, key = NULL"
    " WHERE state = 'dead' AND (? = 0 OR incident_id = ?)";

static const char MAKE_ALL_DUE[] =
    "UPDATE job SET due_at_ms = ? WHERE state = 'ready' AND due_at_ms > ? AND attempt > 0"
    " AND (? = 0 OR incident_id = ?)";

static const char CANCEL[] = "UPDATE job SET state = 'cancelled', finished_at_ms = ? WHERE id = ? "
                             "AND state IN ('ready','dead')";

static void begin_row(struct json_writer *w, struct stmt *stmt)
{
    int attempts = (int)stmt_int(stmt, 4);
    json_object_begin(w);
    json_put_int(w, "id", stmt_int(stmt, 0));
    json_put_text(w, "handler", stmt_text(stmt, 1));
    json_put_text(w, "state", stmt_text(stmt, 2));
    json_put_int(w, "attempt", stmt_int(stmt, 3));
    json_put_int(w, "max_attempts", attempts > 0 ? attempts : JOB_DEFAULT_ATTEMPTS);
    json_put_int(w, "due_at_ms", stmt_int(stmt, 5));
    json_put_bool(w, "is_unknown", stmt_int(stmt, 6) != 0);
    json_put_text(w, "error_code", stmt_text(stmt, 7));
    json_put_text(w, "error_text", stmt_text(stmt, 8));
    json_put_text(w, "lane", stmt_text(stmt, 9));
    json_put_column(w, "incident_id", stmt, 10);
    json_put_text(w, "event_kind", stmt_text(stmt, 11));
    json_put_column(w, "created_at_ms", stmt, 12);
    json_put_column(w, "started_at_ms", stmt, 13);
    json_put_column(w, "finished_at_ms", stmt, 14);
}

static void write_row(struct json_writer *w, struct stmt *stmt)
{
    begin_row(w, stmt);
    json_object_finish(w);
}

static int read_state(const struct args *args, struct text *state)
{
    int rc = args_text_optional(args, "state", 1, 20, state);
    if (rc != OK || !state->at)
        return rc;
    for (size_t i = 0; i < sizeof(STATES) / sizeof(STATES[0]); i++)
        if (text_is(*state, STATES[i]))
            return OK;
    return args_fail(args, "state", "state must be ready, running, done, dead or cancelled");
}

/* job.list {state?, incident_id?, handler?, limit?} -> [job without args, progress and key],
 * newest first */
static int job_list(struct op_call *call)
{
    struct args args = args_of(call);
    struct text state, handler;
    int64_t incident_id = 0, limit = LIST_DEFAULT;
    if (args_refuse_unknown(call, "state", "incident_id", "handler", "limit") != OK ||
        read_state(&args, &state) != OK ||
        args_text_optional(&args, "handler", 1, 200, &handler) != OK ||
        args_int_optional(&args, "incident_id", 1, INT64_MAX, &incident_id) != OK ||
        args_int_optional(&args, "limit", 1, LIST_MOST, &limit) != OK)
        return call->err->code;
    struct db_value values[7];
    int count = 0;
    AUTO_BUF struct buf sql = BUF_INIT;
    buf_puts(&sql, "SELECT " COLUMNS FROM " WHERE " VISIBLE);
    values[count++] = (struct db_value){ .type = 'i', .i = policy_sees_all(call->actor) };
    values[count++] = (struct db_value){ .type = 't', .t = policy_person(call->actor) };
    values[count++] = (struct db_value){ .type = 't', .t = policy_person(call->actor) };
    if (state.at) {
        buf_puts(&sql, " AND j.state = ?");
        values[count++] = (struct db_value){ .type = 'n', .t = state.at, .n = state.len };
    }
    if (handler.at) {
        buf_puts(&sql, " AND j.handler = ?");
        values[count++] = (struct db_value){ .type = 'n', .t = handler.at, .n = handler.len };
    }
    if (incident_id) {
        buf_puts(&sql, " AND j.incident_id = ?");
        values[count++] = (struct db_value){ .type = 'i', .i = incident_id };
    }
    buf_puts(&sql, " ORDER BY j.id DESC LIMIT ?");
    values[count++] = (struct db_value){ .type = 'i', .i = limit };
    return op_write_rows(call, tx_query_values(call->tx, call->err, buf_text(&sql), values, count),
                         write_row);
}

static int read_id(struct op_call *call, int64_t *id)
{
    struct args args = args_of(call);
    int rc = args_refuse_unknown(call, "id");
    return rc == OK ? args_int(&args, "id", 1, INT64_MAX, id) : rc;
}

static int fail_no_job(struct op_call *call, int64_t id)
{
    return err_set(call->err, ERR_NOT_FOUND, "there is no job %" PRId64, id);
}

/* job.show {id} -> job */
static int job_show(struct op_call *call)
{
    int64_t id;
    if (read_id(call, &id) != OK)
        return call->err->code;
    struct stmt *stmt =
        tx_query(call->tx, call->err, SELECT_ONE, "iitt", id, policy_sees_all(call->actor),
                 policy_person(call->actor), policy_person(call->actor));
    if (!stmt)
        return call->err->code;
    int rc = stmt_next(stmt, call->err);
    if (rc == DB_ROW) {
        begin_row(call->out, stmt);
        json_put_stored(call->out, "args", stmt_text(stmt, 15));
        json_put_stored(call->out, "progress", stmt_text(stmt, 16));
        json_put_text(call->out, "key", stmt_text(stmt, 17));
        json_object_finish(call->out);
    }
    stmt_end(stmt);
    return rc == DB_ROW ? OK : rc < 0 ? rc : fail_no_job(call, id);
}

/* The state of a job that the actor may see. */
static int find_state(struct op_call *call, int64_t id, char state[16], int64_t *incident_id)
{
    struct stmt *stmt = tx_query(call->tx, call->err, SELECT_STATE, "i", id);
    if (!stmt)
        return call->err->code;
    int rc = stmt_next(stmt, call->err);
    if (rc == DB_ROW) {
        copy_text(state, 16, stmt_text(stmt, 0));
        *incident_id = stmt_int(stmt, 1);
    }
    stmt_end(stmt);
    if (rc < 0)
        return rc;
    if (rc != DB_ROW || (*incident_id && !may_see(call->actor, call->tx, *incident_id)))
        return fail_no_job(call, id);
    return OK;
}

static int audit_change(struct op_call *call, const char *action, int64_t incident_id, int64_t id,
                        const char *before, const char *after)
{
    char was[80], is[80];
    snprintf(was, sizeof(was), "{\"job\":%" PRId64 ",\"state\":\"%s\"}", id, before);
    snprintf(is, sizeof(is), "{\"job\":%" PRId64 ",\"state\":\"%s\"}", id, after);
    const struct audit_entry entry = {
        .action = action, .incident_id = incident_id, .before = was, .after = is
    };
    return audit_write(call->tx, call->actor, &entry, call->err);
}

/* Dead jobs start anew, those that wait for their retry are due at once. */
static int retry_many(struct op_call *call, int64_t incident_id)
{
    int64_t now_ms = clock_now_ms();
    int dead =
        tx_exec(call->tx, call->err, MAKE_ALL_READY, "iii", now_ms, incident_id, incident_id);
    if (dead < 0)
        return dead;
    int waiting = tx_exec(call->tx, call->err, MAKE_ALL_DUE, "iiii", now_ms, now_ms, incident_id,
                          incident_id);
    if (waiting < 0)
        return waiting;
    int rc = OK;
    if (dead + waiting > 0)
        rc = audit_change(call, "job.retry", incident_id, 0, "dead", "ready");
    return rc == OK ? op_answer_count(call, dead + waiting) : rc;
}

static int retry_one(struct op_call *call, int64_t id)
{
    int64_t incident_id, now_ms = clock_now_ms();
    char state[16];
    int rc = find_state(call, id, state, &incident_id);
    if (rc != OK)
        return rc;
    if (strcmp(state, "ready") == 0)
        rc = tx_exec(call->tx, call->err, MAKE_DUE, "iii", now_ms, id, now_ms);
    else if (strcmp(state, "dead") == 0 || strcmp(state, "cancelled") == 0)
        rc = tx_exec(call->tx, call->err, MAKE_READY, "ii", now_ms, id);
    else
        return err_set(call->err, ERR_CONFLICT,
                       "job %" PRId64
                       " is %s: only dead, cancelled and waiting jobs can be retried",
                       id, state);
    if (rc >= 0)
        rc = audit_change(call, "job.retry", incident_id, id, state, "ready");
    return rc == OK ? op_answer_count(call, 1) : rc;
}

/* job.retry {id} | {incident_id} | {all: true} -> {count}. A dead or (by its id) cancelled job starts
 * anew; one that waits for its retry is due at once. */
static int job_retry(struct op_call *call)
{
    struct args args = args_of(call);
    bool all = false;
    int64_t id = 0, incident_id = 0;
    if (args_refuse_unknown(call, "id", "incident_id", "all") != OK ||
        args_bool_optional(&args, "all", &all) != OK ||
        args_int_optional(&args, "id", 1, INT64_MAX, &id) != OK ||
        args_int_optional(&args, "incident_id", 1, INT64_MAX, &incident_id) != OK)
        return call->err->code;
    if (all && !call->actor->sees_private)
        return err_set(call->err, ERR_FORBIDDEN, "only an operator may retry all jobs");
    if (all)
        return retry_many(call, 0);
    if (id)
        return retry_one(call, id);
    if (!incident_id)
        return args_fail(&args, "id", "id is required (or incident_id, or all)");
    int rc = policy_require_incident(call, incident_id);
    return rc == OK ? retry_many(call, incident_id) : rc;
}

/* job.cancel {id} -> {count}. Only what is not running: an effect that began is not taken back. That a dead one will
 * not come has been told already. */
static int job_cancel(struct op_call *call)
{
    int64_t id, incident_id;
    char state[16];
    if (read_id(call, &id) != OK || find_state(call, id, state, &incident_id) != OK)
        return call->err->code;
    int rc = tx_exec(call->tx, call->err, CANCEL, "ii", clock_now_ms(), id);
    if (rc == 0)
        return err_set(call->err, ERR_CONFLICT,
                       "job %" PRId64 " is %s: only waiting and dead jobs can be cancelled", id,
                       state);
    if (rc > 0 && strcmp(state, "dead") != 0)
        rc = job_death_tell(call->tx, id, call->err);
    if (rc >= 0)
        rc = audit_change(call, "job.cancel", incident_id, id, state, "cancelled");
    return rc == OK ? op_answer_count(call, 1) : rc;
}

/* What job.enqueue is told; texts owned. */
struct enqueue_args {
    char *handler, *lane, *key, *args;
    int64_t incident_id, delay_ms, max_attempts;
};

static void enqueue_args_fini(struct enqueue_args *given)
{
    free(given->handler);
    free(given->lane);
    free(given->key);
    free(given->args);
}

static int enqueue_args_read(struct op_call *call, struct enqueue_args *given)
{
    struct args args = args_of(call);
    struct text handler, lane, key;
    json_t *members = NULL;
    if (args_refuse_unknown(call, "handler", "args", "lane", "incident_id", "delay_ms",
                            "max_attempts", "key") != OK ||
        args_text(&args, "handler", 1, 200, &handler) != OK ||
        args_text_optional(&args, "lane", 1, 200, &lane) != OK ||
        args_text_optional(&args, "key", 1, 200, &key) != OK ||
        args_object_optional(&args, "args", &members) != OK ||
        args_int_optional(&args, "incident_id", 1, INT64_MAX, &given->incident_id) != OK ||
        args_int_optional(&args, "delay_ms", 0, DELAY_MOST_MS, &given->delay_ms) != OK ||
        args_int_optional(&args, "max_attempts", 1, ATTEMPTS_MOST, &given->max_attempts) != OK ||
        args_json_text(&args, "args", members, ARGS_MAX_BYTES, &given->args) != OK)
        return call->err->code;
    if (given->incident_id && policy_require_incident(call, given->incident_id) != OK)
        return call->err->code;
    given->handler = text_dup(handler);
    given->lane = text_dup(lane);
    given->key = text_dup(key);
    return OK;
}

/* job.enqueue {handler, args{}?, lane?, incident_id?, delay_ms?, max_attempts?, key?} -> {id,
 * is_new} */
static int job_enqueue(struct op_call *call)
{
    struct enqueue_args given = { 0 };
    int rc = enqueue_args_read(call, &given);
    int64_t id = 0;
    bool is_new = false;
    if (rc == OK) {
        const struct job_spec spec = {
            .handler = given.handler,
            .lane = given.lane,
            .key = given.key,
            .args = given.args,
            .incident_id = given.incident_id,
            .due_at_ms = clock_now_ms() + given.delay_ms,
            .max_attempts = (int)given.max_attempts,
        };
        rc = job_insert(call->tx, &spec, &id, &is_new, call->err);
    }
    if (rc == OK) {
        json_object_begin(call->out);
        json_put_int(call->out, "id", id);
        json_put_bool(call->out, "is_new", is_new);
        json_object_finish(call->out);
    }
    enqueue_args_fini(&given);
    return rc;
}

const struct op JOB_OPS[] = {
    { "job.list", false, job_list, "{state?, incident_id?, handler?, limit?}: jobs, newest first" },
    { "job.show", false, job_show, "{id}: one job with its arguments and what its handler noted" },
    { "job.retry", true, job_retry,
      "{id}, {incident_id} or {all: true}: dead jobs start anew, waiting ones are due at once" },
    { "job.cancel", true, job_cancel, "{id}: a waiting or dead job is never run" },
    { "job.enqueue", true, job_enqueue,
      "{handler, args?, lane?, incident_id?, delay_ms?, max_attempts?, key?}: a new job" },
    { 0 },
};
