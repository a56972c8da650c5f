/* generation - the Lua side of the running engine: config.lua, scripts/ and strategies/ as one set
 * that is loaded, checked and swapped as a whole. A set that fails changes nothing. Running tasks
 * finish on the set they began with. Loop thread, except where it says otherwise. Read
 * generations_start(), then generations_reload(). */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct engine;
struct generations;
struct job;
struct snapshot;

enum generations_mode {
    GENERATIONS_NORMAL,  /* config.lua and strategies/ */
    GENERATIONS_SANDBOX, /* scripts/sandbox/NAME.lua as integrations; no config, nothing in the
                            database */
};

struct generations_options {
    const char *root;        /* folder of scripts/ and strategies/; copied */
    const char *config_path; /* config.lua; copied; NULL for the sandbox */
    enum generations_mode mode;
};

/* ---- life */

/* Needs engine->loop. Loads nothing yet. */
struct generations *generations_new(struct engine *engine,
                                    const struct generations_options *options, struct err *err);
/* Ends all tasks. NULL is allowed. */
void generations_free(struct generations *generations);

/* The first generation, blocking, before the loop runs: loads, writes what is declared into the
 * database (reference rows, subscriptions, last good), adds the routes to engine->router, sets
 * engine->base_url. Broken files: the last good generation of the database, loudly; without one it
 * fails and <err> says file, line and path. Then watches the folders. */
int generations_start(struct generations *generations, struct err *err);

/* Everything is up: runs the on_ready hooks, then the services. Later generations run theirs when they
 * take over. */
void generations_ready(struct generations *generations);
/* The engine stops: no service runs any more. */
void generations_stop_services(struct generations *generations);

/* Looks at the files again: loads on a helper thread, swaps on the loop; the outcome is logged and
 * kept for `halligan reload`. Coalesced; returns at once. Unchanged files: the outcome is recorded,
 * nothing is swapped. SIGHUP calls it. */
void generations_reload(struct generations *generations);

/* Called on the loop after a generation took over, also for the first; e.g. to re-read config and
 * schedules. One listener. */
void generations_on_change(struct generations *generations, void (*fn)(void *arg), void *arg);

/* ---- what the current generation says; valid until the next one */

/* The validated config, an object with all defaults and without secrets. */
const json_t *generations_config(const struct generations *generations);
/* [{name, task, every_ms | cron, time_zone, catch_up, args, about}], those that are enabled.
 * Handler of a task: "task:" .. task. */
const json_t *generations_schedules(const struct generations *generations);
/* [{name, about}] of all tasks, for `halligan task list`. */
const json_t *generations_tasks(const struct generations *generations);
/* [{strategy, path, about, is_private}] in the order of their paths; strategy is "payments" for
 * strategies/invites/payments.lua. */
const json_t *generations_invites(const struct generations *generations);
/* The files that it was made of; take a reference to keep them. */
struct snapshot *generations_snapshot(const struct generations *generations);
const char *generations_hash(const struct generations *generations);

struct generations_status {
    const char *hash; /* of the current one; "" before the first */
    int64_t since_ms;
    bool is_last_good; /* the files are broken, this is the kept one */
    const char *error; /* the last refusal that is still true, NULL when the files are what runs */
    int live;          /* generations that still have tasks */
    uint64_t accepted, refused;
    size_t memory; /* bytes that the scripts of the current one hold */
};
void generations_status(const struct generations *generations, struct generations_status *out);

/* The tasks of all generations (task.h), for metrics and for starting more. */
struct tasks *generations_tasks_of(struct generations *generations);

/* ---- work */

/* A job_run_fn; <generations> is a struct generations. A handler that no longer exists: the job is
 * dead and says so. */
void generations_run_job(void *generations, struct job *job);

/* Calls manifest(options) of the first unit below strategies/integrations/<name> that has one; text
 * as it is, a table as JSON. Blocking, needs no database. Takes no reference to <options> (NULL:
 * none). */
int generations_call_manifest(struct generations *generations, const char *name,
                              const json_t *options, struct buf *out, struct err *err);

/* ---- offline */

/* `halligan check`: everything that loading checks, all mistakes and not only the first, one a line
 * as "file:line path: message". ERR_* only when the files cannot be looked at at all. <is_ok> false
 * when <report> names mistakes. */
int generations_check(const char *root, const char *config_path, struct buf *report, bool *is_ok,
                      struct err *err);

/* Only the engine's own keys of config.lua (listen, database, base_url, time_zone, log), with their
 * defaults, before there is a database: a new reference in *<config>. A config that cannot be
 * evaluated: the defaults with the same environment variables that the shipped config reads, and
 * <err> filled (OK is still answered). */
int generations_peek_config(const char *root, const char *config_path, json_t **config,
                            struct err *err);

/* Loads a set without an engine, as generations_start() does without a database: for commands that
 * only ask it something. */
int generations_load_offline(struct generations *generations, struct err *err);
