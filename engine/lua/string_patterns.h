/* string_patterns - string.find, match, gmatch and gsub as Lua has them, on lua/pattern.h: a pattern that would take
 * for ever is an error of the script that wrote it. */
#pragma once
#include <lua.h>

/* throws when memory is out. Puts the four functions into the string library on top of the stack. */
void string_patterns_install(lua_State *L);
