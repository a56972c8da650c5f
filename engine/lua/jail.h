/* jail - asks the invite strategies of the teams, in a child process of the same binary that can
 * only read: see jail_confine.h. One child, one question at a time; past the deadline it is
 * killed and started anew, and the others' answers stand. The child is started by the first
 * question and ended when it has had nothing to do for a while.
 * Loop thread only. Read jail_collect() first, then step() in jail.c. */
#pragma once
#include <jansson.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct jail;
struct loop;
struct snapshot;

enum { JAIL_DEADLINE_MS = 2000 }; /* the default */

/* <database>: the file's path; copied. Starts nothing yet. */
struct jail *jail_new(struct loop *loop, const char *database);
/* Kills the child. What is under way ends with ERR_CLOSED. NULL is allowed. */
void jail_free(struct jail *jail);

struct jail_request {
    struct snapshot *snapshot; /* the generation's files; a reference is kept */
    const json_t *strategies;  /* [{strategy, path, is_private}], asked in this order; copied */
    const json_t *incident;    /* the kernel's object; copied */
    int64_t deadline_ms;       /* of each strategy; 0: JAIL_DEADLINE_MS */
};

/* Called from the loop's top level exactly once. <answer> is borrowed: {people: [{person_id,
 * strategy, reason, source_line}], runs: [{strategy, state:
 * "answered"|"not_applicable"|"failed", error?, duration_ms, people}], notes: [{strategy,
 * text}]}, NULL when rc != OK. A person may come several times, with different reasons; <people>
 * of a run counts each once. */
typedef void (*jail_done_fn)(void *arg, int rc, const json_t *answer, const struct err *err);

/* Asks the strategies about the incident: for a private one only those that are private. A
 * strategy that fails is a run with the state "failed" and an error, never an error of the
 * whole; ERR_UNAVAILABLE (retryable) when the child cannot be started at all. */
void jail_collect(struct jail *jail, const struct jail_request *request, jail_done_fn done,
                  void *arg);

/* The child, 0 when there is none. */
pid_t jail_pid(const struct jail *jail);
/* How long the child is kept with nothing to do (5 minutes by default). */
void jail_set_idle_ms(struct jail *jail, int64_t idle_ms);

/* What the process does whose first argument is "jail". Never returns. */
int jail_main(void);

struct jail_once {
    const char *root; /* folder of scripts/ */
    const char *database;
    const char *strategy_path; /* a file anywhere */
    int64_t deadline_ms;       /* 0: JAIL_DEADLINE_MS */
};

/* Asks one file about one incident, in a jail of its own, without a running engine and without
 * any effect. <answer>: a new reference, as of jail_done_fn. Blocking. */
int jail_run_once(const struct jail_once *what, const json_t *incident, json_t **answer,
                  struct err *err);
