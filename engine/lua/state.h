/* state - one lua_State with limits: a memory cap, a CPU budget for each entry, allow-listed
 * libraries, strict globals, text chunks only. Everything that enters Lua goes through
 * state_pcall() here or through a task (task.h). One thread at a time. Read state_new() first, then
 * state_pcall(). */
#pragma once
#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct engine;
struct snapshot;
struct state;
struct task;

enum {
    STATE_MEMORY_CAP = 64 << 20, /* bytes, of a generation's state */
    STATE_BURST_US = 200000,     /* one resume of a task */
    STATE_LOAD_US = 500000,      /* one file's top level */
};

struct state_options {
    struct engine *engine; /* what the bindings work on; NULL offline (halligan check, the jail) */
    const struct snapshot
        *snapshot; /* the files that `require` finds; borrowed, outlives the state; NULL: none */
    unsigned kind; /* enum script_kind of lua_api.h: which modules `require` gives */
    size_t memory_cap; /* 0: STATE_MEMORY_CAP */
    int64_t burst_us;  /* 0: STATE_BURST_US, twice as much under a sanitizer, which is slow */
    bool is_kept;      /* state_keep() follows */
};

/* NULL + err when memory is out. */
struct state *state_new(const struct state_options *options, struct err *err);
/* Closes the Lua state. No task may be alive in it. NULL is allowed. */
void state_free(struct state *state);

/* ---- for the jail: a state that begins again costs a copy of what it began with
 *
 * Once, outside of any call: what is in the state now is what it goes back to. */
void state_keep(struct state *state);
/* Nothing of what happened since stays, and nothing of it is run: no finalizer. So false when there
 * may be some; then only state_free() is allowed. Outside of any call; no task may be alive. */
bool state_rewind(struct state *state);
/* Says that there may be values with finalizers from now on. Scripts cannot make any. */
void state_must_close(lua_State *L);

lua_State *state_lua(struct state *state); /* the main thread; borrowed */
struct state *state_of(lua_State *L);      /* the state that L is a thread of */
struct engine *state_engine(lua_State *L); /* NULL offline */
const struct snapshot *state_snapshot(lua_State *L);
unsigned state_kind(lua_State *L);
size_t state_memory_used(const struct state *state);

/* Calls <fn> on the main thread, protected and within <budget_us> (0: the state's burst), with
 * <arg> as light userdata at index 1. What <fn> leaves on the stack is dropped. A thrown error
 * becomes ERR_SCRIPT, a syntax error ERR_SYNTAX, a used-up budget or memory ERR_LIMIT; err->msg
 * begins with file:line where one is known. Not re-entrant: never from within a binding. */
int state_pcall(struct state *state, lua_CFunction fn, void *arg, int64_t budget_us,
                struct err *err);

/* throws. Pushes the compiled chunk; text only. <name> is shown in errors:
 * "scripts/chat/client.lua". */
void state_load_text(lua_State *L, const char *name, const char *text, size_t len);
/* throws. While on, a chunk that was compiled once is pushed again when its name comes again; off forgets them. */
void state_keep_chunks(lua_State *L, bool is_on);

/* The traceback of the last failed state_pcall() or task, for logs; "" when none. Borrowed. */
const char *state_traceback(const struct state *state);

/* ---- for task.c: the CPU budget of one resume */

/* Arms the budget for <L>, which is about to be entered; state_budget_end() answers the
 * microseconds used. */
void state_budget_begin(struct state *state, lua_State *L, int64_t budget_us);
int64_t state_budget_end(struct state *state);
bool state_was_killed(const struct state *state); /* the budget ended the last entry */
/* Fills <err> from what a failed entry left on top of <L>'s stack and pops it. Returns err's code.
 * Never throws. */
int state_take_error(struct state *state, lua_State *L, int lua_status, struct err *err);

/* The task that runs in this state now, NULL while loading. Only task.c sets it. */
struct task *state_running(const struct state *state);
void state_set_running(struct state *state, struct task *task);

/* Counts of live tasks; <idle> is called when the last one ended. Only task.c counts. */
void state_on_idle(struct state *state, void (*idle)(void *arg), void *arg);
int state_live_tasks(const struct state *state);
void state_add_live_tasks(struct state *state, int change);
