#include "core/job.h"

#include "base/clock.h"
#include "base/inject.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/engine.h"
#include "core/job_store.h"
#include "loop/loop.h"
#include "store/db.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/queue.h>

enum {
    POLL_MS = 1000, /* other processes write as well: the command line, and one day other engines */
    RECORD_AGAIN_MS = 1000,
    WAIT_LEAST_MS = 100,
    BACKOFF_FIRST_MS = 1000,
    BACKOFF_MOST_MS = 5 * 60 * 1000,
    CLOCK_BACK_MS = 60 * 1000,
};

enum phase { PHASE_NEW, PHASE_RUNNING, PHASE_STOPPED, PHASE_CLOSED };

struct jobs {
    struct engine *engine;
    job_run_fn run;
    void *run_arg;
    enum phase phase;
    int running;
    bool is_claiming; /* a claim is on its way */
    bool is_woken;    /* and something happened since it began */
    bool is_counting;
    uint64_t due_timer, poll_timer;
    int64_t wall_ahead_ms;   /* of the monotonic clock, at the last poll; 0: none yet */
    struct jobs_stats stats; /* without running */
    LIST_HEAD(, ending) unkept;
};

int64_t job_backoff_ms(int attempt, int64_t floor_ms, uint32_t random)
{
    int64_t pause_ms = BACKOFF_FIRST_MS;
    for (int i = 1; i < attempt && pause_ms < BACKOFF_MOST_MS; i++)
        pause_ms *= 2;
    if (pause_ms > BACKOFF_MOST_MS)
        pause_ms = BACKOFF_MOST_MS;
    pause_ms += pause_ms * ((int64_t)(random % 401) - 200) / 1000;
    return pause_ms > floor_ms ? pause_ms : floor_ms;
}

struct jobs *jobs_new(struct engine *engine, job_run_fn run, void *arg)
{
    struct jobs *jobs = xcalloc(1, sizeof(*jobs));
    jobs->engine = engine;
    jobs->run = run;
    jobs->run_arg = arg;
    return jobs;
}

void jobs_free(struct jobs *jobs)
{
    free(jobs);
}

int jobs_running(const struct jobs *jobs)
{
    return jobs->running;
}

void jobs_stats(const struct jobs *jobs, struct jobs_stats *out)
{
    *out = jobs->stats;
    out->running = jobs->running;
}

/* ---- claiming -------------------------------------------------------------------------------- */

struct claiming {
    struct jobs *jobs;
    struct job_claim claim;
};

static void wake(void *arg)
{
    jobs_wake(arg);
}

static void wake_when_due(void *arg)
{
    struct jobs *jobs = arg;
    jobs->due_timer = 0;
    jobs_wake(jobs);
}

static void set_due_timer(struct jobs *jobs, int64_t due_at_ms)
{
    loop_timer_cancel(jobs->engine->loop, jobs->due_timer);
    jobs->due_timer = 0;
    if (due_at_ms == 0 || jobs->phase != PHASE_RUNNING)
        return;
    int64_t delay_ms = due_at_ms - clock_now_ms();
    /* Anything later is found by the poll, which also sees when the clock was set. */
    if (delay_ms < POLL_MS)
        jobs->due_timer =
            loop_timer(jobs->engine->loop, delay_ms > 0 ? delay_ms : 0, wake_when_due, jobs);
}

static int claim_in_tx(struct tx *tx, void *arg, struct err *err)
{
    struct claiming *claiming = arg;
    return job_claim_due(tx, &claiming->claim, err);
}

/* A job that was claimed when nobody wanted to run it any more. */
static void give_back(struct jobs *jobs, struct job *job)
{
    job_finish(jobs, job, JOB_WAIT, 0, false, NULL);
}

static void run_job(struct jobs *jobs, struct job *job)
{
    jobs->running++;
    if (jobs->phase != PHASE_RUNNING) {
        give_back(jobs, job);
        return;
    }
    (void)INJECT("job.claimed");
    log_debug(LOG_JOB, job->incident_id, "job %" PRId64 " %s begins, attempt %d%s", job->id,
              job->handler, job->attempt,
              job->is_unknown ? ", the last one's outcome is unknown" : "");
    jobs->run(jobs->run_arg, job);
}

/* They are still ready in the database: the commit failed after they had been read. */
static void drop_claimed(struct job_claim *claim)
{
    while (claim->count > 0)
        job_free(claim->jobs[--claim->count]);
}

static void on_claimed(void *arg, int rc, const struct err *err)
{
    struct claiming *claiming = arg;
    struct jobs *jobs = claiming->jobs;
    jobs->is_claiming = false;
    if (rc != OK) {
        log_error(LOG_JOB, 0, "jobs cannot be claimed, trying again: %s", err->msg);
        drop_claimed(&claiming->claim);
    } else {
        set_due_timer(jobs, claiming->claim.next_due_ms);
    }
    bool may_be_more = rc == OK && claiming->claim.count == claiming->claim.wanted;
    for (int i = 0; i < claiming->claim.count; i++)
        run_job(jobs, claiming->claim.jobs[i]);
    free(claiming);
    if (rc == OK && (jobs->is_woken || may_be_more))
        jobs_wake(jobs);
}

void jobs_wake(struct jobs *jobs)
{
    if (jobs->phase != PHASE_RUNNING)
        return;
    jobs->is_woken = true;
    int free_slots = JOB_CONCURRENCY - jobs->running;
    if (jobs->is_claiming || free_slots <= 0)
        return;
    jobs->is_woken = false;
    jobs->is_claiming = true;
    struct claiming *claiming = xcalloc(1, sizeof(*claiming));
    claiming->jobs = jobs;
    claiming->claim.wanted = free_slots;
    db_write(jobs->engine->db, claim_in_tx, on_claimed, claiming);
}

/* ---- the poll -------------------------------------------------------------------------------- */

struct counting {
    struct jobs *jobs;
    struct jobs_stats stats;
};

static int count_in_tx(struct tx *tx, void *arg, struct err *err)
{
    struct counting *counting = arg;
    return job_count(tx, &counting->stats, err);
}

static void on_counted(void *arg, int rc, const struct err *err)
{
    struct counting *counting = arg;
    struct jobs *jobs = counting->jobs;
    jobs->is_counting = false;
    if (rc == OK) {
        jobs->stats.ready = counting->stats.ready;
        jobs->stats.dead = counting->stats.dead;
        jobs->stats.oldest_due_age_ms = counting->stats.oldest_due_age_ms;
        if (counting->stats.ready > 0)
            jobs_wake(jobs);
    } else {
        log_warn(LOG_JOB, 0, "jobs cannot be counted: %s", err->msg);
    }
    free(counting);
}

/* ---- the clock was set back */

struct pulling {
    int64_t by_ms;
};

static int pull_in_tx(struct tx *tx, void *arg, struct err *err)
{
    const struct pulling *pulling = arg;
    return job_pull_retries(tx, pulling->by_ms, err);
}

static void on_pulled(void *arg, int rc, const struct err *err)
{
    struct pulling *pulling = arg;
    if (rc != OK)
        log_error(LOG_JOB, 0, "the clock was set back, and jobs wait for what it said before: %s",
                  err->msg);
    free(pulling);
}

/* A pause before another try was meant as a pause: it must not grow by what the clock lost. */
static void notice_clock(struct jobs *jobs)
{
    int64_t ahead_ms = clock_now_ms() - clock_mono_ms();
    int64_t lost_ms = jobs->wall_ahead_ms ? jobs->wall_ahead_ms - ahead_ms : 0;
    jobs->wall_ahead_ms = ahead_ms;
    if (lost_ms < CLOCK_BACK_MS)
        return;
    log_warn(LOG_JOB, 0, "the clock was set back by %" PRId64 " s", lost_ms / 1000);
    struct pulling *pulling = xmalloc(sizeof(*pulling));
    *pulling = (struct pulling){ .by_ms = lost_ms };
    db_write(jobs->engine->db, pull_in_tx, on_pulled, pulling);
}

static void poll_rows(void *arg)
{
    struct jobs *jobs = arg;
    jobs->poll_timer = loop_timer(jobs->engine->loop, POLL_MS, poll_rows, jobs);
    notice_clock(jobs);
    if (jobs->is_counting)
        return;
    struct counting *counting = xcalloc(1, sizeof(*counting));
    counting->jobs = jobs;
    jobs->is_counting = true;
    db_read(jobs->engine->db, count_in_tx, on_counted, counting);
}

/* ---- begin and end --------------------------------------------------------------------------- */

struct recovery {
    int recovered, died;
};

static int recover_in_tx(struct tx *tx, void *arg, struct err *err)
{
    struct recovery *recovery = arg;
    return job_recover(tx, &recovery->recovered, &recovery->died, err);
}

int jobs_start(struct jobs *jobs, struct err *err)
{
    struct recovery recovery = { 0 };
    int rc = db_write_now(jobs->engine->db, recover_in_tx, &recovery, err);
    if (rc != OK)
        return rc;
    if (recovery.recovered > 0)
        log_warn(LOG_JOB, 0,
                 "%d jobs were running when the engine ended; they are checked and tried again",
                 recovery.recovered);
    if (recovery.died > 0)
        log_error(LOG_JOB, 0,
                  "%d jobs were running when the engine ended and have no attempt left: see "
                  "halligan job list --state dead",
                  recovery.died);
    jobs->phase = PHASE_RUNNING;
    db_on_commit(jobs->engine->db, wake, jobs);
    poll_rows(jobs);
    jobs_wake(jobs);
    return OK;
}

void jobs_stop(struct jobs *jobs)
{
    if (jobs->phase >= PHASE_STOPPED)
        return;
    jobs->phase = PHASE_STOPPED;
    loop_timer_cancel(jobs->engine->loop, jobs->due_timer);
    loop_timer_cancel(jobs->engine->loop, jobs->poll_timer);
}

/* ---- outcomes -------------------------------------------------------------------------------- */

/* An outcome until its record is on disk. */
struct ending {
    struct jobs *jobs;
    struct job *job;
    enum job_outcome outcome;
    bool is_unknown;
    int64_t due_at_ms;
    struct err err; /* code OK: no error to keep */
    uint64_t again_timer;
    LIST_ENTRY(ending) link; /* with the timer: in jobs->unkept */
};

static void record_again(void *arg);

static int record_in_tx(struct tx *tx, void *arg, struct err *err)
{
    const struct ending *ending = arg;
    bool has_error = ending->err.code != OK;
    const struct job_record row = {
        .id = ending->job->id,
        .outcome = ending->outcome,
        .is_unknown = ending->is_unknown,
        .due_at_ms = ending->due_at_ms,
        .error_code = has_error ? err_name(ending->err.code) : NULL,
        .error_text = has_error ? ending->err.msg : NULL,
    };
    return job_record_outcome(tx, &row, err);
}

static void forget(struct ending *ending)
{
    ending->jobs->running--;
    job_free(ending->job);
    free(ending);
}

static void on_recorded(void *arg, int rc, const struct err *err)
{
    struct ending *ending = arg;
    struct jobs *jobs = ending->jobs;
    if (rc == ERR_CONFLICT) {
        log_error(LOG_JOB, ending->job->incident_id, "%s; its outcome is dropped", err->msg);
    } else if (rc != OK && jobs->phase != PHASE_CLOSED) {
        log_error(LOG_JOB, ending->job->incident_id,
                  "the outcome of job %" PRId64 " cannot be recorded, trying again: %s",
                  ending->job->id, err->msg);
        ending->again_timer = loop_timer(jobs->engine->loop, RECORD_AGAIN_MS, record_again, ending);
        LIST_INSERT_HEAD(&jobs->unkept, ending, link);
        return;
    }
    (void)INJECT("job.finished");
    forget(ending);
    jobs_wake(jobs);
}

static void record(struct ending *ending)
{
    db_write(ending->jobs->engine->db, record_in_tx, on_recorded, ending);
}

static void record_again(void *arg)
{
    struct ending *ending = arg;
    LIST_REMOVE(ending, link);
    record(ending);
}

/* What could not be kept so far is tried once more. */
void jobs_close(struct jobs *jobs)
{
    struct ending *ending;
    jobs_stop(jobs);
    jobs->phase = PHASE_CLOSED;
    while ((ending = LIST_FIRST(&jobs->unkept))) {
        loop_timer_cancel(jobs->engine->loop, ending->again_timer);
        record_again(ending);
    }
}

static void log_outcome(const struct ending *ending)
{
    const struct job *job = ending->job;
    double delay_s = (double)(ending->due_at_ms - clock_now_ms()) / 1000;
    switch (ending->outcome) {
    case JOB_DONE:
        log_debug(LOG_JOB, job->incident_id, "job %" PRId64 " %s is done", job->id, job->handler);
        break;
    case JOB_WAIT:
        log_debug(LOG_JOB, job->incident_id, "job %" PRId64 " %s waits %.1f s: %s", job->id,
                  job->handler, delay_s, ending->err.msg);
        break;
    case JOB_RETRY:
        log_warn(LOG_JOB, job->incident_id,
                 "job %" PRId64 " %s failed, attempt %d of %d, again in %.1f s: %s", job->id,
                 job->handler, job->attempt, job->max_attempts, delay_s, ending->err.msg);
        break;
    case JOB_DEAD:
        log_error(LOG_JOB, job->incident_id,
                  "job %" PRId64 " %s failed for good after %d attempts: %s", job->id, job->handler,
                  job->attempt, ending->err.msg);
        break;
    }
}

static void count_outcome(struct jobs *jobs, enum job_outcome outcome)
{
    jobs->stats.done_total += outcome == JOB_DONE;
    jobs->stats.retried_total += outcome == JOB_RETRY;
    jobs->stats.dead_total += outcome == JOB_DEAD;
}

void job_finish(struct jobs *jobs, struct job *job, enum job_outcome outcome, int64_t delay_ms,
                bool unknown, const struct err *err)
{
    struct ending *ending = xcalloc(1, sizeof(*ending));
    *ending =
        (struct ending){ .jobs = jobs, .job = job, .outcome = outcome, .is_unknown = unknown };
    if (err && outcome != JOB_DONE)
        ending->err = *err;
    if (outcome == JOB_RETRY && job->attempt >= job->max_attempts)
        ending->outcome = JOB_DEAD;
    else if (outcome == JOB_RETRY)
        delay_ms = job_backoff_ms(job->attempt, delay_ms, arc4random());
    else if (delay_ms < WAIT_LEAST_MS)
        delay_ms = WAIT_LEAST_MS;
    ending->due_at_ms = clock_now_ms() + delay_ms;
    if (jobs->phase == PHASE_CLOSED) {
        forget(ending);
        return;
    }
    (void)INJECT("job.before_finish");
    log_outcome(ending);
    count_outcome(jobs, ending->outcome);
    record(ending);
}

/* ---- notes ----------------------------------------------------------------------------------- */

struct noting {
    int64_t job_id;
    char *progress;
    void (*done)(void *arg, int rc, const struct err *err);
    void *arg;
};

static int note_in_tx(struct tx *tx, void *arg, struct err *err)
{
    const struct noting *noting = arg;
    if (!noting->progress)
        return err_set(err, ERR_INVALID,
                       "the note of job %" PRId64 " holds text that is not valid UTF-8",
                       noting->job_id);
    return job_record_progress(tx, noting->job_id, noting->progress, err);
}

static void on_noted(void *arg, int rc, const struct err *err)
{
    struct noting *noting = arg;
    if (noting->done)
        noting->done(noting->arg, rc, err);
    free(noting->progress);
    free(noting);
}

void job_note(struct jobs *jobs, struct job *job, json_t *note,
              void (*done)(void *arg, int rc, const struct err *err), void *arg)
{
    REQUIRE(json_is_object(note));
    json_object_update(job->progress, note);
    struct noting *noting = xcalloc(1, sizeof(*noting));
    *noting = (struct noting){ .job_id = job->id, .done = done, .arg = arg };
    noting->progress = json_dumps(job->progress, JSON_COMPACT);
    db_write(jobs->engine->db, note_in_tx, on_noted, noting);
}
