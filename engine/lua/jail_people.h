/* jail_people - the people whom a strategy has found: the lists that scripts see, and what is
 * behind them. A list holds numbers only; ids and reasons are kept once for the whole run, so
 * that lists of thousands cost little. In the jail's process only.
 *
 * Scripts see a list: #people, people[i] (a table {id, name, email, username}), ipairs, pairs,
 * and
 *   people:because(reason)        all are there for this reason; answers the list
 *   people:add(more[, reason])    takes over another list, or one person; answers the list
 *   people:without(others)        a new list */
#pragma once
#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json_writer.h"
#include "base/pool.h"

struct stmt;
struct tx;

enum {
    JAIL_PEOPLE_MAX = 50000,  /* different people, and entries of a list, in one run */
    JAIL_REASONS_MAX = 10000, /* different reasons in one run */
    JAIL_REASON_BYTES = 400,  /* of one reason; the rest is cut */
};

/* One person in a list, and why. */
struct jail_entry {
    uint32_t person, reason; /* numbers in the pools */
    int32_t line;            /* of the strategy's file; 0: unknown */
};

struct jail_entries {
    struct jail_entry *items;
    size_t count, cap;
};

/* All that the lists of one run share. */
struct jail_people {
    struct tx *tx;    /* the run's transaction */
    const char *path; /* the strategy's file, as in error messages */
    struct pool ids, reasons;
    uint32_t *marks; /* a person -> when it was last seen, see mark_all() */
    uint32_t marks_cap, now;
    struct jail_entries
        found; /* rows of the search under way, and further reasons of the same people */
    struct jail_entries further;
    bool is_full;         /* one of the limits was met: the search is an error */
    uint32_t last_reason; /* of the last row; rows with the same reason follow each other */
};

/* Takes no memory yet. */
void jail_people_init(struct jail_people *people);
/* Forgets all, keeps the memory for the next run. */
void jail_people_reset(struct jail_people *people);

/* throws. Makes the lists' metatable in <L>; <people> outlives it. */
void jail_people_open(lua_State *L, struct jail_people *people);

/* A search: begin, found() for each row (a callback of responder.h; <people> is its argument),
 * then push the list. */
void jail_people_begin(struct jail_people *people);
void jail_people_found(void *people, const char *person_id, const char *via);
/* throws. Pushes what was found as a list; the entries say the line that <L> is at. */
void jail_people_push(lua_State *L, struct jail_people *people);

/* Copies the list at <index> into people->found (first reasons) and people->further; false when
 * it is no list. */
bool jail_people_take(lua_State *L, int index, struct jail_people *people);
/* Writes "reasons":[text], "people":[[number of the reason, line, id...]], "count":N of what was
 * taken into the open object. */
void jail_people_write(const struct jail_people *people, struct json_writer *w);
