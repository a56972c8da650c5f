#include "core/job_store.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/job_death.h"
#include "store/db.h"

#include <inttypes.h>
#include <stdlib.h>

static const char INSERT_JOB[] =
    "INSERT INTO job (handler, lane, key, incident_id, args, due_at_ms, max_attempts, "
    "created_at_ms)"
    " VALUES (?, ?, ?, NULLIF(?, 0), ?, ?, ?, ?) ON CONFLICT DO NOTHING";

static const char SELECT_BY_KEY[] =
    "SELECT id FROM job WHERE key = ? AND state IN ('ready','running')";

static const char CLAIM[] =
    "UPDATE job SET state = 'running', attempt = attempt + 1, started_at_ms = ? WHERE id IN ("
    " SELECT j.id FROM job j WHERE j.state = 'ready' AND j.due_at_ms <= ? AND (j.lane IS NULL OR "
    "NOT EXISTS ("
    "  SELECT 1 FROM job earlier WHERE earlier.lane = j.lane AND earlier.state IN "
    "('ready','running') AND earlier.id < j.id))"
    " ORDER BY j.due_at_ms, j.id LIMIT ?)"
    " RETURNING id, COALESCE(incident_id, 0), COALESCE(event_id, 0), attempt, max_attempts, "
    "is_unknown, created_at_ms,"
    " handler, lane, (SELECT kind FROM event WHERE event.id = job.event_id), args, progress";

static const char SELECT_NEXT_DUE[] =
    "SELECT COALESCE(MIN(due_at_ms), 0) FROM job WHERE state = 'ready' AND due_at_ms > ?";

static const char RECORD_DONE[] = "UPDATE job SET state = 'done', finished_at_ms = ?, is_unknown = "
                                  "0, error_code = NULL, error_text = NULL"
                                  " WHERE id = ? AND state = 'running'";

static const char RECORD_DEAD[] = "UPDATE job SET state = 'dead', finished_at_ms = ?, is_unknown = "
                                  "CASE WHEN ? = 1 THEN 1 ELSE is_unknown END,"
                                  " error_code = ?, error_text = ?"
                                  " WHERE id = ? AND state = 'running'";

/* The last number: attempts given back. */
static const char RECORD_AGAIN[] =
    "UPDATE job SET state = 'ready', due_at_ms = ?, is_unknown = CASE WHEN ? = 1 THEN 1 ELSE "
    "is_unknown END,"
    " error_code = ?, error_text = ?, attempt = attempt - ? WHERE id = ? AND state = 'running'";

/* Only what failed or waits has an error. */
static const char PULL_RETRIES[] = "UPDATE job SET due_at_ms = due_at_ms - ? WHERE state = 'ready' "
                                   "AND due_at_ms > ? AND error_code IS NOT NULL";

static const char RECORD_PROGRESS[] = "UPDATE job SET progress = ? WHERE id = ?";

/* Their first condition is that of the index over the jobs that are not finished, of which there may be many. */
static const char GIVE_UP[] =
    "UPDATE job SET state = 'dead', is_unknown = 1, finished_at_ms = ?, error_code = 'closed',"
    " error_text = 'the engine ended while this job ran, and it has no attempt left'"
    " WHERE state IN ('ready','running') AND state = 'running'"
    " AND attempt >= CASE WHEN max_attempts > 0 THEN max_attempts ELSE ? END RETURNING id";

static const char RECOVER[] =
    "UPDATE job SET state = 'ready', is_unknown = 1, due_at_ms = ?, error_code = 'closed',"
    " error_text = 'the engine ended while this job ran' WHERE state IN ('ready','running') AND"
    " state = 'running'";

static const char COUNT_READY[] =
    "SELECT COUNT(*), COALESCE(MIN(due_at_ms), 0) FROM job WHERE state = 'ready'";
static const char COUNT_DEAD[] = "SELECT COUNT(*) FROM job WHERE state = 'dead'";

static const char PRUNE[] = "DELETE FROM job WHERE id IN (SELECT id FROM job WHERE state IN "
                            "('done','cancelled') AND finished_at_ms < ?"
                            " ORDER BY finished_at_ms LIMIT ?)";

int job_insert(struct tx *tx, const struct job_spec *spec, int64_t *id, bool *is_new,
               struct err *err)
{
    int rc = tx_exec(tx, err, INSERT_JOB, "tttitiii", spec->handler, spec->lane, spec->key,
                     spec->incident_id, spec->args ? spec->args : "{}", spec->due_at_ms,
                     (int64_t)spec->max_attempts, clock_now_ms());
    if (rc < 0)
        return rc;
    if (is_new)
        *is_new = rc > 0;
    if (rc > 0) {
        *id = tx_insert_id(tx);
        return OK;
    }
    *id = tx_get_int(tx, &rc, err, 0, SELECT_BY_KEY, "t", spec->key);
    if (rc == OK && *id == 0)
        return err_set(err, ERR_BUG, "the job for %s was refused and no other has its key",
                       spec->handler);
    return rc;
}

static char *dup_column(struct stmt *stmt, int column)
{
    const char *text = stmt_text(stmt, column);
    return text ? xstrdup(text) : NULL;
}

/* We wrote the column ourselves; a text that cannot be read all the same must not keep the job
 * from being seen. */
static json_t *object_column(struct stmt *stmt, int column, int64_t id)
{
    json_error_t error;
    const char *text = stmt_text(stmt, column);
    json_t *value = json_loads(text ? text : "{}", 0, &error);
    if (json_is_object(value))
        return value;
    log_error(LOG_JOB, 0, "job %" PRId64 ": its stored JSON is not an object, it gets an empty one",
              id);
    json_decref(value);
    return json_object();
}

static struct job *job_from_row(struct stmt *stmt)
{
    struct job *job = xcalloc(1, sizeof(*job));
    job->id = stmt_int(stmt, 0);
    job->incident_id = stmt_int(stmt, 1);
    job->event_id = stmt_int(stmt, 2);
    job->attempt = (int)stmt_int(stmt, 3);
    job->max_attempts = (int)stmt_int(stmt, 4);
    if (job->max_attempts <= 0)
        job->max_attempts = JOB_DEFAULT_ATTEMPTS;
    job->is_unknown = stmt_int(stmt, 5) != 0;
    job->created_at_ms = stmt_int(stmt, 6);
    job->handler = dup_column(stmt, 7);
    job->lane = dup_column(stmt, 8);
    job->event_kind = dup_column(stmt, 9);
    job->args = object_column(stmt, 10, job->id);
    job->progress = object_column(stmt, 11, job->id);
    return job;
}

void job_free(struct job *job)
{
    if (!job)
        return;
    free((char *)job->handler);
    free((char *)job->lane);
    free((char *)job->event_kind);
    json_decref(job->args);
    json_decref(job->progress);
    free(job);
}

/* RETURNING promises no order. */
static int compare_by_id(const void *a, const void *b)
{
    const struct job *left = *(struct job *const *)a;
    const struct job *right = *(struct job *const *)b;
    return left->id < right->id ? -1 : left->id > right->id;
}

int job_claim_due(struct tx *tx, struct job_claim *claim, struct err *err)
{
    int64_t now_ms = clock_now_ms();
    int wanted = claim->wanted < JOB_CONCURRENCY ? claim->wanted : JOB_CONCURRENCY;
    claim->count = 0;
    struct stmt *stmt = tx_query(tx, err, CLAIM, "iii", now_ms, now_ms, (int64_t)wanted);
    if (!stmt)
        return err->code;
    int rc;
    while ((rc = stmt_next(stmt, err)) == DB_ROW && claim->count < wanted)
        claim->jobs[claim->count++] = job_from_row(stmt);
    stmt_end(stmt);
    if (rc >= 0) {
        rc = OK;
        claim->next_due_ms = tx_get_int(tx, &rc, err, 0, SELECT_NEXT_DUE, "i", now_ms);
    }
    if (rc < 0) {
        while (claim->count > 0)
            job_free(claim->jobs[--claim->count]);
        return rc;
    }
    qsort(claim->jobs, (size_t)claim->count, sizeof(claim->jobs[0]), compare_by_id);
    return OK;
}

int job_record_outcome(struct tx *tx, const struct job_record *record, struct err *err)
{
    int rc = 0;
    int64_t unknown = record->is_unknown ? 1 : 0;
    switch (record->outcome) {
    case JOB_DONE:
        rc = tx_exec(tx, err, RECORD_DONE, "ii", clock_now_ms(), record->id);
        break;
    case JOB_DEAD:
        rc = tx_exec(tx, err, RECORD_DEAD, "iitti", clock_now_ms(), unknown, record->error_code,
                     record->error_text, record->id);
        break;
    case JOB_RETRY:
    case JOB_WAIT:
        rc =
            tx_exec(tx, err, RECORD_AGAIN, "iittii", record->due_at_ms, unknown, record->error_code,
                    record->error_text, (int64_t)(record->outcome == JOB_WAIT), record->id);
        break;
    }
    if (rc == 0)
        return err_set(err, ERR_CONFLICT, "job %" PRId64 " is not running", record->id);
    if (rc > 0 && record->outcome == JOB_DEAD)
        rc = job_death_tell(tx, record->id, err);
    return rc < 0 ? rc : OK;
}

int job_record_progress(struct tx *tx, int64_t id, const char *progress_json, struct err *err)
{
    int rc = tx_exec(tx, err, RECORD_PROGRESS, "ti", progress_json, id);
    return rc < 0 ? rc : OK;
}

/* Those without an attempt left. */
static int give_up(struct tx *tx, int64_t now_ms, int *died, struct err *err)
{
    struct stmt *stmt = tx_query(tx, err, GIVE_UP, "ii", now_ms, (int64_t)JOB_DEFAULT_ATTEMPTS);
    if (!stmt)
        return err->code;
    int rc;
    *died = 0;
    while ((rc = stmt_next(stmt, err)) == DB_ROW) {
        (*died)++;
        if ((rc = job_death_tell(tx, stmt_int(stmt, 0), err)) < 0)
            break;
    }
    stmt_end(stmt);
    return rc;
}

int job_recover(struct tx *tx, int *recovered, int *died, struct err *err)
{
    int64_t now_ms = clock_now_ms();
    int rc = give_up(tx, now_ms, died, err);
    if (rc < 0)
        return rc;
    rc = tx_exec(tx, err, RECOVER, "i", now_ms);
    if (rc < 0)
        return rc;
    *recovered = rc;
    return OK;
}

int job_pull_retries(struct tx *tx, int64_t by_ms, struct err *err)
{
    int rc = tx_exec(tx, err, PULL_RETRIES, "ii", by_ms, clock_now_ms());
    return rc < 0 ? rc : OK;
}

int job_count(struct tx *tx, struct jobs_stats *stats, struct err *err)
{
    struct stmt *stmt = tx_query(tx, err, COUNT_READY, "");
    if (!stmt)
        return err->code;
    int rc = stmt_next(stmt, err);
    int64_t oldest_ms = 0;
    if (rc == DB_ROW) {
        stats->ready = stmt_int(stmt, 0);
        oldest_ms = stmt_int(stmt, 1);
    }
    stmt_end(stmt);
    if (rc < 0)
        return rc;
    int64_t age_ms = clock_now_ms() - oldest_ms;
    stats->oldest_due_age_ms = oldest_ms > 0 && age_ms > 0 ? age_ms : 0;
    rc = OK;
    stats->dead = tx_get_int(tx, &rc, err, 0, COUNT_DEAD, "");
    return rc;
}

int job_prune(struct tx *tx, int64_t before_ms, int limit, struct err *err)
{
    return tx_exec(tx, err, PRUNE, "ii", before_ms, (int64_t)limit);
}
