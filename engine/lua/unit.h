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

/* "file:line" of where <field> is written, line 1 when it is not found; the caller frees. */
char *unit_place(const struct unit_call *call, const char *field);
/* A mistake in the field <field> ("": none) of the unit's file. */
void unit_complain(const struct unit_call *call, const char *field, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* One field of a table in a script: which types it may have, as bits of UNIT_T(STRING), ... Lists
 * are closed by an entry without a name. */
struct unit_field {
    const char *name;
    unsigned types;
    bool is_required;
};
#define UNIT_T(type) (1u << LUA_T##type)

/* Checks the table at <index>: no other fields, no wrong types, none missing. <path> ("routes[2].")
 * stands before the names in messages. */
bool unit_check_fields(const struct unit_call *call, lua_State *L, int index, const char *path,
                       const struct unit_field *fields);

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
