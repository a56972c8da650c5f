/* options - reads the members of an options table, with the member's path in every error:
 * "http.request: options.timeout: ...". All of it throws and none of it pushes. Members are read
 * raw, so texts live as long as the table keeps them. */
#pragma once
#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct options {
    lua_State *L;
    int index;        /* absolute; 0: no table was given, every member is absent */
    const char *what; /* the function: "http.request" */
};

/* Checks that <index> holds a table with no other keys than <names> (closed by NULL), or nothing. */
struct options options_check(lua_State *L, int index, const char *what, const char *const *names);
/* The same where a table must be. */
struct options options_need(lua_State *L, int index, const char *what, const char *const *names);

/* NULL when absent. A text may hold NULs when <len> is given, else not. */
const char *options_text(const struct options *options, const char *name, size_t *len);
/* "15s" or milliseconds. */
int64_t options_duration(const struct options *options, const char *name, int64_t otherwise);
int64_t options_integer(const struct options *options, const char *name, int64_t least,
                        int64_t most, int64_t otherwise);
/* Above 0. */
double options_rate(const struct options *options, const char *name, double otherwise);
bool options_flag(const struct options *options, const char *name);

/* Pushes a list of the keys of the table at <index> in their order, all of which must be texts
 * ("<what>: names are texts"). */
void options_push_names(lua_State *L, int index, const char *what);
