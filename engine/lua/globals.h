/* globals - the global names that a compiled script reads or sets, also in functions that have not
 * run yet: a misspelt name is found when the file is loaded and not when the pager rings. Reads the
 * precompiled form of Lua 5.4. */
#pragma once
#include <lua.h>
#include <stdbool.h>

/* One use of a global name; <name> is valid during the call. */
typedef void (*globals_fn)(void *arg, const char *name, int line, bool is_set);

/* throws. Calls <fn> for each use in the Lua function on top of <L>, which stays there. False when
 * this Lua writes another form: then nothing was looked at. */
bool globals_each(lua_State *L, globals_fn fn, void *arg);
