/* jail_run - one strategy asked about one incident: a Lua state that is as none has ever seen it, so
 * that nothing stays from one incident or strategy to the next, its file, `applies`, `invite`, and
 * the answer as JSON. In the jail's process only. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "lua/jail_find.h"

struct db;
struct snapshot;
struct state;

struct jail_run {
    struct db *db;                   /* open for reading only */
    const struct snapshot *snapshot; /* the strategy and what it may require */
    size_t memory_bytes;             /* of its Lua state */
    int64_t budget_us;               /* of one run, with loading */
    struct state *state;             /* at its beginning, for the next run; NULL: none yet */
    struct jail_find find;           /* used again by the next run; both go with the process */
};

/* Empty; the members above <state> are the caller's to fill. */
void jail_run_init(struct jail_run *run);

/* What the strategies are asked about. */
struct jail_incident {
    const char *text; /* the kernel's object, as JSON */
    size_t len;
    int64_t id;
    const char *category_id;
    bool is_private;
};

/* Writes {state:"answered"|"not_applicable"|"failed", error?, notes:[text], reasons:[text],
 * people:[[reason, line, id...]], count} to <out>. Whatever the strategy does ends in one of the
 * states, or not at all. */
void jail_run_strategy(struct jail_run *run, const char *path, const struct jail_incident *incident,
                       struct buf *out);
