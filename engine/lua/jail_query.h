/* jail_query - what an invite strategy may read: people, by group, conversation, duty or e-mail. The base of `find` in
 * scripts/jail/find.lua. */
#pragma once
#include <lua.h>

struct db;

/* throws. Pushes the table of queries on <db>, which outlives the state. */
void jail_query_push(lua_State *L, struct db *db);
