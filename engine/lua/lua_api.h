/* lua_api - which modules scripts can require, for which kind of script, and `require` itself. The
 * one list of all bindings. */
#pragma once
#include <lua.h>

/* What kind of script a state runs: a set of bits in the list of modules. */
enum script_kind {
    KIND_CORE = 1 << 0,   /* integrations, pages, schedules, tags, and the scripts they require */
    KIND_INVITE = 1 << 1, /* invite strategies: pure, in the jail */
    KIND_CONFIG = 1 << 2, /* the config schema; no engine module */
    KIND_TEST = 1 << 3,   /* tests/lua: all that KIND_CORE has */
};

/* throws. Sets the global `require`: engine.* modules of the state's kind, and files of the state's
 * snapshot by path
 * ("chat.client" is scripts/chat/client.lua). A file is run once; one that requires itself is an
 * error. */
void lua_api_install(lua_State *L);

/* throws. Pushes what require(<name>) gives. */
void lua_api_require(lua_State *L, const char *name);

/* A module of its own for one state, over the list's (a test's double, the jail's `find`). The
 * value is popped from <L>. throws. */
void lua_api_preload(lua_State *L, const char *name);
