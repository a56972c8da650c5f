/* libraries - what of Lua's own libraries a script gets: nothing that loads code, touches files,
 * reaches around a metatable or keeps C busy without an end. */
#pragma once
#include <lua.h>

/* throws when memory is out. Fills the globals of a new state, its libraries read-only. */
void libraries_open(lua_State *L);
/* throws when memory is out. From here on an unknown global is an error, and a new one too. */
void libraries_close_globals(lua_State *L);
