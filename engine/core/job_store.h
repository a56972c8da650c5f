/* job_store - the rows of jobs: every statement on the table job that is not for display. Inside
 * transactions, any thread; knows nothing of the loop. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "core/job.h"

struct tx;

/* A job to be made. Texts are borrowed. */
struct job_spec {
    const char *handler;
    const char *lane;    /* NULL: no order */
    const char *key;     /* NULL: none; else only one ready or running job has it */
    const char *args;    /* JSON object; NULL: {} */
    int64_t incident_id; /* 0: none */
    int64_t due_at_ms;
    int max_attempts; /* 0: JOB_DEFAULT_ATTEMPTS */
};

/* Inserts a ready job. When an unfinished job has the key nothing is inserted: *id is that job
 * and *is_new false. <is_new> may be NULL. */
int job_insert(struct tx *tx, const struct job_spec *spec, int64_t *id, bool *is_new,
               struct err *err);

/* What a claim gives. */
struct job_claim {
    int wanted; /* in: at most this many, up to JOB_CONCURRENCY */
    int count;
    struct job *jobs[JOB_CONCURRENCY]; /* owned by the caller: job_free() */
    int64_t next_due_ms; /* when the next ready job becomes due, 0: none waits for its time */
};

/* Claims due jobs, in order of their due times. A job of a lane only when no earlier one of the
 * lane is ready or running: one that waits for its retry holds back the later ones, a dead one
 * does not. */
int job_claim_due(struct tx *tx, struct job_claim *claim, struct err *err);
void job_free(struct job *job); /* NULL is allowed */

/* The end of an attempt. JOB_DEAD emits job.died (job_death.h). */
struct job_record {
    int64_t id;
    enum job_outcome outcome;
    bool is_unknown;
    int64_t due_at_ms;                   /* of JOB_RETRY and JOB_WAIT */
    const char *error_code, *error_text; /* NULL: none */
};
/* ERR_CONFLICT when the job is not running (any more). */
int job_record_outcome(struct tx *tx, const struct job_record *record, struct err *err);
int job_record_progress(struct tx *tx, int64_t id, const char *progress_json, struct err *err);

/* What the last process left behind: running jobs become ready and unknown, or dead when their
 * attempts are used up, which emits job.died for each. */
int job_recover(struct tx *tx, int *recovered, int *died, struct err *err);

/* Another try that lies ahead comes <by_ms> sooner. */
int job_pull_retries(struct tx *tx, int64_t by_ms, struct err *err);
/* Fills ready, dead and oldest_due_age_ms. */
int job_count(struct tx *tx, struct jobs_stats *stats, struct err *err);

/* Deletes at most <limit> jobs that were done or cancelled before <before_ms>. Returns how many,
 * or negative. */
int job_prune(struct tx *tx, int64_t before_ms, int limit, struct err *err);
