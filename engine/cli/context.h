/* context - what most commands need before they can work: where config, scripts and database
 * are, the open database, the running engine. Its functions say what went wrong and answer an
 * exit code. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "cli/command.h"
#include "core/op.h"

struct db;
struct tz;

struct context {
    char *config_path; /* owned, as all of these */
    char *root;
    json_t *config; /* the engine's own keys */
    char *database;
    struct tz *tz;      /* to show times in */
    struct db *db;      /* NULL until context_open_db() */
    struct actor actor; /* the operator */
};

/* Where --config and --root point, else the defaults: ./config.lua, or the installed one; the
 * root is the config's folder when it has scripts/, else the installed one. Borrows nothing;
 * caller frees both with context_paths_fini(). */
struct context_paths {
    char *config_path, *root;
};
int context_find_paths(const struct invocation *invocation, struct context_paths *paths);
void context_paths_fini(struct context_paths *paths);

/* Finds the files and reads the config's own keys. A config that is broken in other places is
 * told and used as far as it goes. */
int context_init(struct context *context, const struct invocation *invocation);
void context_fini(struct context *context);

/* CLI_OK, or an error that names `halligan serve`. */
int context_has_database(const struct context *context);
/* <may_make>: a missing database is made, else that is an error. An older one is migrated, unless an engine is at work
 * on it: then that is of another version, which is an error. */
int context_open_db(struct context *context, bool may_make);

/* Runs an operation as the operator, opening the database when it is not; the running engine is
 * told when it may have changed something. Takes over <args>. CLI_OK: *answer is a new reference.
 */
int context_call(struct context *context, const char *op, json_t *args, json_t **answer);

/* The id of the person with this address, as a new reference; NULL: there is none, which was told. */
json_t *context_person_id(struct context *context, const char *email);

/* For commands that are one operation: runs it, and prints the answer with <print>, or as JSON when
 * --json is given, which the command must have. Takes over <args>. */
typedef void (*context_print_fn)(const struct context *context, const json_t *answer);
int context_ask(const struct invocation *invocation, const char *op, json_t *args,
                context_print_fn print);
/* The same for an operation that takes nothing but {id}: the command's first word. */
int context_ask_id(const struct invocation *invocation, const char *op, context_print_fn print);

/* The process of the running engine, 0: none. */
pid_t context_engine(const struct context *context);
/* Tells the running engine that there is new work; nothing when none runs. */
void context_wake_engine(const struct context *context);
/* "no engine runs on ...": CLI_FAILED. */
int context_fail_no_engine(const struct context *context);
