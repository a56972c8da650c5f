/* jail_find - `find`, what a strategy is given to look for people with. It reads, and nothing
 * else. In the jail's process only. A thing that was named but does not exist (a group, a tag, a
 * role) is an empty list and a note, not an error. */
#pragma once
#include <lua.h>
#include <stdint.h>

#include "base/buf.h"
#include "lua/jail_people.h"

struct jail_find {
    struct jail_people people;
    int64_t incident_id; /* the incident of the run, and its category */
    char category_id[80];
    struct buf notes; /* one a line: "find.usergroup: there is no user group "x"" */
};

/* throws. Pushes `find`; <find> outlives <L>. */
void jail_find_push(lua_State *L, struct jail_find *find);
