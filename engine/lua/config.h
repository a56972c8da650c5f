/* config - evaluates config.lua in an environment that has only env, secret and units, checks it
 * against the schema in scripts/config/ and keeps the result in the state. Secrets are objects
 * until the schema has seen them: they reach scripts as plain texts, but no error, dump or JSON. */
#pragma once
#include <jansson.h>
#include <lua.h>

#include "base/err.h"

struct report;
struct snapshot;
struct state;

/* Runs the file. OK or the error, which names file and line; the value is kept in the state. */
int config_evaluate(struct state *state, const struct snapshot *snapshot, struct err *err);

/* throws. Notes that the script <path> adds the fields of the table on top to the schema; pops it.
 */
void config_add_fields(lua_State *L, const char *path);

/* Checks the evaluated value; each mistake becomes a line of <report>. When there is none, scripts
 * can read it from now on, and
 * *<shown> is a new reference to it without secrets. An error: the schema itself cannot be used. */
int config_validate(struct state *state, const struct snapshot *snapshot, struct report *report,
                    json_t **shown, struct err *err);

/* As the sandbox has it: an empty config. */
int config_set_empty(struct state *state, struct err *err);

/* The engine's own keys only, of whatever was evaluated; a new reference in *<shown>. ERR_INVALID
 * with the first mistake. */
int config_peek(struct state *state, const struct snapshot *snapshot, json_t **shown,
                struct err *err);

/* Adds a mistake at <path> ("groups[2].name") of config.lua to <report>, with the line where it
 * stands. */
void config_report(struct report *report, const struct snapshot *snapshot, const char *path,
                   const char *message);

/* throws while loading. Pushes the validated config, read-only. */
void config_push(lua_State *L);
/* throws. Pushes what engine.config is: a read-only view that may be required while loading and is
 * looked into when it is read. */
void config_push_view(lua_State *L);
