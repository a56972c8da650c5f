/* job - durable work: claims due jobs, keeps the order within a lane, runs them through the
 * runner (the Lua floor), records the outcome, retries with exponential back-off and jitter. A
 * job that was running when the process died comes back with is_unknown. Loop thread; the rows
 * are read and written through the store (job_store.h).
 *
 * Read jobs_wake(), then on_claimed() and job_finish() in job.c. Fault points: job.claimed,
 * job.before_finish, job.finished. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct engine;
struct jobs;

enum { JOB_DEFAULT_ATTEMPTS = 25, JOB_CONCURRENCY = 64 };

/* A claimed job, owned by jobs; valid until job_finish(). */
struct job {
    int64_t id;
    int64_t incident_id; /* 0: none */
    int64_t event_id;    /* 0: none */
    int attempt;         /* 1 for the first */
    int max_attempts;
    bool is_unknown; /* reconcile first; stays set until the job is done */
    int64_t created_at_ms;
    const char *handler, *lane, *event_kind; /* lane and event_kind may be NULL */
    json_t *args;                            /* for an event's job: the event's payload */
    json_t *progress;                        /* an object the handler noted */
};

/* Runs one job; must lead to exactly one job_finish(), at once or later. Set by the Lua floor. */
typedef void (*job_run_fn)(void *arg, struct job *job);

enum job_outcome {
    JOB_DONE,
    JOB_RETRY, /* back-off; err says why; <delay_ms> is a floor (a vendor's Retry-After) */
    JOB_WAIT, /* not a failure: look again after <delay_ms>; does not use up an attempt; err says what it waits for */
    JOB_DEAD, /* terminal: never retried by itself, kept for `halligan job retry` */
};

/* <run> gets <arg>. Never NULL; does nothing before jobs_start(). */
struct jobs *jobs_new(struct engine *engine, job_run_fn run, void *arg);
/* After loop_free(): completions that are still on their way need it. NULL is allowed. */
void jobs_free(struct jobs *jobs);
/* Blocking, before the loop runs. Marks left-over running jobs ready and unknown (dead when they
 * have no attempt left), then begins: from now on it listens to db_on_commit(). */
int jobs_start(struct jobs *jobs, struct err *err);
/* Claims no more; running ones may finish. */
void jobs_stop(struct jobs *jobs);
/* Records no more either: what job_finish() is told from now on is forgotten, and the next start
 * finds those jobs unknown. */
void jobs_close(struct jobs *jobs);
/* Something may be due; cheap, coalesced. */
void jobs_wake(struct jobs *jobs);
/* Claimed and not yet recorded. */
int jobs_running(const struct jobs *jobs);

/* Ends a claimed job. <unknown>: the attempt may have had its effect. Records durably, then goes
 * on with the lane. A record that the disk refuses is tried again until it holds; the job counts
 * as running until then. <err> may be NULL when done. */
void job_finish(struct jobs *jobs, struct job *job, enum job_outcome outcome, int64_t delay_ms,
                bool unknown, const struct err *err);
/* Keeps <note> (merged into progress) durably before <done> is posted; a handler's check mark
 * between two effects. Takes no reference to <note>, an object. <done> may be NULL; it gets
 * <arg>. */
void job_note(struct jobs *jobs, struct job *job, json_t *note,
              void (*done)(void *arg, int rc, const struct err *err), void *arg);

struct jobs_stats {
    int64_t ready, dead;       /* rows, at most a second old */
    int64_t oldest_due_age_ms; /* how long the longest waiting due job has waited; 0: none is due */
    int running;
    uint64_t done_total, retried_total, dead_total; /* since the start of the process */
};
void jobs_stats(const struct jobs *jobs, struct jobs_stats *out);

/* The pause after attempt <attempt> failed: 1 s, 2 s, 4 s, ... 5 min, each more or less a fifth
 * by <random> (any number), and at least <floor_ms>. */
int64_t job_backoff_ms(int attempt, int64_t floor_ms, uint32_t random);
