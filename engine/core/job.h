/* job - durable work: claims due jobs, keeps the order within a lane, runs them through the runner (the Lua floor), records the
 * outcome, retries with exponential back-off and jitter. A job that was running when the process died comes back with is_unknown.
 * Loop thread; the rows are read and written through the store. */
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
    int64_t incident_id;        /* 0: none */
    int64_t event_id;           /* 0: none */
    int attempt;                /* 1 for the first */
    int max_attempts;
    bool is_unknown;            /* reconcile first */
    int64_t created_at_ms;
    const char *handler, *lane, *event_kind;   /* lane and event_kind may be NULL */
    json_t *args;               /* for an event's job: the event's payload */
    json_t *progress;           /* an object the handler noted */
};

/* Runs one job; must lead to exactly one job_finish(), at once or later. Set by the Lua floor. */
typedef void (*job_run_fn)(void *arg, struct job *job);

enum job_outcome {
    JOB_DONE,
    JOB_RETRY,      /* back-off; err says why; <delay_ms> is a floor (a vendor's Retry-After) */
    JOB_WAIT,       /* not a failure: look again after <delay_ms>; does not use up an attempt; err says what it waits for */
    JOB_DEAD,       /* terminal: never retried by itself, kept for `halligan job retry` */
};

struct jobs *jobs_new(struct engine *engine, job_run_fn run, void *arg);
void jobs_free(struct jobs *jobs);
int jobs_start(struct jobs *jobs, struct err *err);    /* marks left-over running jobs ready and unknown, then begins */
void jobs_stop(struct jobs *jobs);                     /* claims no more; running ones may finish */
void jobs_wake(struct jobs *jobs);                     /* something may be due; cheap, coalesced */
int jobs_running(struct jobs *jobs);

/* Ends a claimed job. <unknown>: the attempt may have had its effect. Records durably, then goes on with the lane. */
void job_finish(struct jobs *jobs, struct job *job, enum job_outcome outcome, int64_t delay_ms, bool unknown, const struct err *err);
/* Keeps <note> (merged into progress) durably before <done> is posted; a handler's check mark between two effects. */
void job_note(struct jobs *jobs, struct job *job, json_t *note, void (*done)(void *arg, int rc, const struct err *err), void *arg);
