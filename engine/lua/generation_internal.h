/* generation_internal - one loaded set of scripts, shared by the files that load, run and replace
 * it: generation_load.c makes it (any thread), generation_apply.c checks and writes it against the
 * database, generation.c starts with it, generation_reload.c and generation_swap.c put it in another
 * one's place (loop), handlers.c and handlers_route.c run its functions (loop), test_engine.c has one
 * to test with. Nobody else includes this. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/map.h"
#include "lua/generation.h"
#include "net/router.h"

struct engine;
struct service;
struct report;
struct snapshot_file;
struct state;
struct tasks;

enum unit_kind { UNIT_INTEGRATION, UNIT_PAGE, UNIT_SCHEDULE, UNIT_TAG, UNIT_INVITE };

/* A file that returns a shape. */
struct unit {
    const struct snapshot_file *file; /* the snapshot's */
    char *id;                         /* "integrations/chat/open_channel" */
    enum unit_kind kind;
    int ref; /* its table in the registry; LUA_NOREF: broken */
    bool is_enabled;
};

/* What durable work is addressed to: "integrations/chat/open_channel", ".../invite:batch",
 * "task:chat.sync_users". */
struct handler {
    char *script; /* the file's id, for logs */
    bool is_enabled;
    int count;
    struct handler_entry {
        char *event_kind; /* NULL: a job or a task */
        int ref;          /* the function in the registry */
    } * entries;
};

struct lua_route {
    struct generation *generation;
    enum route_access access;
    char *method, *pattern, *about, *script;
    char *place; /* file:line, for who reads a report */
    int ref;
};

struct generation {
    struct generations *owner; /* NULL until it is accepted */
    int number;                /* owner of its routes in the router */
    struct snapshot *snapshot; /* a reference */
    struct state *state;
    struct state *invite_state; /* where invite strategies are checked; NULL once loaded */
    struct unit *units;         /* in the order of their paths */
    int unit_count;
    struct map *handlers; /* id -> struct handler */
    struct lua_route **routes;
    int route_count;
    int *ready_refs; /* on_ready functions, with their units */
    const char **ready_scripts;
    int ready_count;
    LIST_HEAD(, service) services; /* services.c's */
    json_t *config, *schedules, *tasks, *invites;
    json_t *tags;          /* {tag, applies_to, is_unique, path} of strategies/tags/ */
    json_t *subscriptions; /* rows of subscription.replace */
    json_t *reference;     /* arguments of reference.reconcile */
    bool is_retired;
    bool is_drain_posted; /* its last task has ended, its end is under way */
    uint64_t drain_timer;
};

enum { GENERATIONS_OLD_ROOM = 16 };

struct generations {
    struct engine *engine;
    char *root, *config_path; /* config_path NULL: none */
    enum generations_mode mode;
    struct tasks *tasks;
    struct generation *current;
    struct generation
        *old[GENERATIONS_OLD_ROOM]; /* retired ones that still have tasks; see generation.c */
    int old_count;
    int next_number;
    struct watch *watch;
    void (*on_change)(void *arg);
    void *on_change_arg;
    struct reload *reload; /* under way */
    bool must_reload_again;
    bool is_closed; /* freed by its user; goes with the last reload */
    bool is_ready;
    bool is_last_good;
    char *error; /* why the files were refused, NULL when they run */
    int64_t since_ms;
    uint64_t accepted, refused;
};

/* Loads <snapshot> into a new state and checks it as a whole; mistakes become lines of <report>.
 * NULL when there is one. Any thread; <engine> may be NULL. The caller frees the result. */
struct generation *generation_load(struct engine *engine, struct snapshot *snapshot,
                                   enum generations_mode mode, struct report *report);
/* No task may run in it. NULL is allowed. */
void generation_free(struct generation *generation);

/* NULL when nothing has that id, or nothing for that event. <event_kind> may be NULL. */
const struct handler *generation_find_handler(const struct generation *generation, const char *id);

/* Adds the routes with the generation's number as owner. On failure none is left in <router>. */
int generation_add_routes(struct generation *generation, struct router *router, struct err *err);

/* ---- generation_apply.c */

/* An operation that writes a generation to the database; they run in their order. */
struct generation_step {
    const char *op;
    json_t *(*args)(const struct generation *generation); /* the caller owns the result */
};

enum { GENERATION_STEP_COUNT = 3 };
extern const struct generation_step GENERATION_STEPS[GENERATION_STEP_COUNT];

/* False offline and in the sandbox, whose scripts declare nothing. */
bool generation_has_database(const struct generations *generations);
/* generation_load(), and every unfinished job has somebody to run it. Any thread. */
struct generation *generation_load_checked(struct generations *generations,
                                           struct snapshot *snapshot, struct report *report);
/* All steps, blocking. What is refused becomes a line of <report>. */
int generation_apply_now(struct generations *generations, struct generation *generation,
                         struct report *report);
/* What a step refuses comes from the config, at the path that the error names. */
void generation_report_step(struct report *report, const struct generation *generation,
                            const struct err *err);
/* One error line of the log for each line of the report. */
void generation_log_report(const struct report *report);
/* Keeps in the database that these files were accepted, or refused for <error>. */
void generation_record_outcome(struct generations *generations, const char *hash,
                               const char *error);
/* Why the files are refused; NULL: they run. Copied. */
void generation_set_error(struct generations *generations, const char *text);

/* ---- generation_reload.c */

/* Waits for its helper thread; what it found is dealt with on the loop. NULL is allowed. */
void generation_reload_join(struct reload *reload);

/* ---- generation.c */

/* The last one that needed them is gone. */
void generations_destroy(struct generations *generations);

/* ---- generation_swap.c */

/* Gives an accepted generation its owner and number, before the functions below. */
void generation_adopt(struct generations *generations, struct generation *generation);
/* OK when its routes go together with the engine's own. */
int generation_check_routes(struct generations *generations, struct generation *generation,
                            struct err *err);
/* Makes it the current one: routes, config, hooks; the one before is retired. */
void generation_take_over(struct generations *generations, struct generation *generation);

/* ---- handlers_route.c */

/* A route_fn; <route> is a struct lua_route. */
void handlers_run_route(const struct route_match *match, void *route);

/* ---- handlers.c */

/* Starts the on_ready functions. */
void handlers_run_ready(struct generation *generation);
