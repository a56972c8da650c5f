/* unit - the shapes of script files: reads what a file returned, checks every field, and puts what
 * it declares into its generation. Each mistake is a line of the report, with the line of the file
 * where the field stands. */
#pragma once
#include <lua.h>

#include "lua/generation_internal.h"

/* What a file is by its path; false for one that is no unit (a library). *<is_misplaced>: below
 * strategies/, but of no known kind. */
bool unit_kind_of(const char *path, enum generations_mode mode, enum unit_kind *kind,
                  bool *is_misplaced);
/* Its id, heap: the path below strategies/ or scripts/ without ".lua". */
char *unit_id(const char *path);
/* The file's name without folders and ".lua", heap. */
char *unit_name(const char *path);

/* A protected call's argument in the functions below. */
struct unit_call {
    struct generation *generation;
    struct unit *unit;
    struct report *report;
};

/* lua_CFunctions for state_pcall(); index 1 is a struct unit_call. They throw only what the file
 * itself throws. */

/* Runs the file, checks which fields it has, keeps its table. */
int unit_load(lua_State *L);
/* Hands the unit's `config` to the schema. */
int unit_add_config_fields(lua_State *L);
/* With the config known: asks `enabled`, registers handlers, routes, tasks, hooks, reference rows,
 * schedules, tags. */
int unit_register(lua_State *L);

/* After all units: what they say about each other (tasks of schedules, tags, names that are taken
 * twice). */
void units_check_together(struct generation *generation, struct report *report);
