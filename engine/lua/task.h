/* task - Lua coroutines that may wait. Only task.c resumes; it owns each coroutine from its start
 * to its end. A C operation never keeps a lua_State: it keeps a wait, which knows its task by slot
 * and sequence number, so that a completion that comes too late finds nobody and does nothing.
 * Completions are queued and resumed from the loop's top level. Loop thread only.
 *
 * A primitive that waits, in full (lua_task.c has it: task.sleep):
 *
 *     struct sleep_wait { struct task_wait wait; uint64_t timer; };     // the wait comes first
 *
 *     static void on_timer(void *arg)                        // from the loop, any time later
 *     {
 *         task_wait_complete(arg);
 *     }
 *     static int push(lua_State *L, struct task_wait *wait)  // the results; may throw
 *     {
 *         return 0;
 *     }
 *     static void cancel(struct task_wait *wait)             // the task ends before the operation
 *     {
 *         loop_timer_cancel(loop, ((struct sleep_wait *)wait)->timer);
 *         task_wait_unref(wait);                             // on_timer() will never come
 *     }
 *
 *     static int l_task_sleep(lua_State *L)
 *     {
 *         static const struct task_wait_ops OPS = { "task.sleep", push, cancel, NULL };
 *         int64_t ms = lua_util_check_duration(L, 1);        // throws while nothing is held
 *         struct sleep_wait *w = task_wait_new(L, &OPS, sizeof(*w));  // throws: L may not wait
 *         w->timer = loop_timer(loop, ms, on_timer, task_wait_ref(&w->wait));
 *         return task_wait_yield(L, &w->wait);
 *     }
 *
 * An operation that fails to start: task_wait_unref() for the reference it would have kept, then
 * `return lua_util_push_err(L, &err)` without a yield. An operation that cannot be stopped (a
 * database write): cancel is NULL; its completion comes later, finds the task gone and frees the
 * wait. */
#pragma once
#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct loop;
struct state;
struct task;
struct tasks;
struct task_wait;

enum {
    TASKS_MAX = 10000,                /* alive at once; more: ERR_LIMIT */
    TASK_RESUMES_PER_TURN = 64,       /* then the loop looks after its sockets */
    TASK_SPAWNED_MS = 15 * 60 * 1000, /* deadline of what scripts spawn */
    TASK_WAIT_AGAIN = -1,             /* see task_wait_ops.push */
};

/* TASK_SERVICE: as long as its scripts run; also what serves a WebSocket connection. */
enum task_kind { TASK_ROUTE, TASK_JOB, TASK_READY, TASK_SPAWNED, TASK_SERVICE, TASK_TEST };

/* ---- tasks */

/* Never NULL. */
struct tasks *tasks_new(struct loop *loop);
/* Cancels what is still alive. NULL is allowed. */
void tasks_free(struct tasks *tasks);

/* Called from the loop's top level exactly once when the task has ended. OK, or err->code
 * ERR_SCRIPT (it threw), ERR_LIMIT (budget or memory), ERR_TIMEOUT (its deadline), ERR_CLOSED
 * (cancelled). <err> is valid during the call. No Lua may be run from it. */
typedef void (*task_done_fn)(void *arg, int rc, const struct err *err);

struct task_options {
    enum task_kind kind;
    const char *script;  /* what runs: "integrations/chat/open_channel"; copied */
    int64_t incident_id; /* for logs; 0: none */
    int64_t deadline_ms; /* from now, 0: none; then it is cancelled with ERR_TIMEOUT */
    task_done_fn done;   /* may be NULL */
    void *arg;
};

/* Makes a coroutine that runs <body> with <body_arg> as light userdata at index 1, and queues its
 * first step. <body> runs in the coroutine: it may throw, and may wait through lua_callk().
 * ERR_LIMIT or ERR_NOMEM: nothing started, <done> not called. <id> may be NULL. */
int task_start(struct tasks *tasks, struct state *state, const struct task_options *options,
               lua_CFunction body, void *body_arg, uint64_t *id, struct err *err);

/* throws. From Lua: starts a task of the caller's kind of work with the function and its <nargs>
 * arguments on top of <L>, which are popped. Returns its id. */
uint64_t task_spawn(lua_State *L, int nargs);
/* throws. The same with options of its own; the task. */
struct task *task_spawn_with(lua_State *L, int nargs, const struct task_options *options);

/* Ends the task: its wait is cancelled, its to-be-closed variables are closed, <done> is called
 * with ERR_CLOSED. Harmless for an id that has ended. Never from within the task itself. */
void task_cancel(struct tasks *tasks, uint64_t id);
/* Cancels all tasks of one state (a generation past its drain deadline). */
void tasks_cancel_state(struct tasks *tasks, struct state *state);

/* How many have not ended. */
int tasks_alive(const struct tasks *tasks);
int tasks_alive_of(const struct tasks *tasks, enum task_kind kind);
/* An array of {id, kind, script, incident_id, state, waits_for, age_ms, cpu_us}, as JSON text, for
 * /debug/tasks. */
void tasks_describe(struct tasks *tasks, struct buf *out);

struct tasks_stats {
    uint64_t started, failed, killed, stale; /* since the start; killed: by the CPU budget */
    int alive, queued;
};
void tasks_stats(const struct tasks *tasks, struct tasks_stats *out);

/* ---- inside a binding */

struct task *task_current(lua_State *L); /* NULL while loading */
uint64_t task_id(const struct task *task);
int64_t task_incident(const struct task *task); /* 0: none */
const char *task_script(const struct task *task);
enum task_kind task_kind(const struct task *task);

/* throws unless <L> may wait now: "http.request cannot be used while loading", "... inside sort,
 * gsub, tostring or require". */
struct task *task_check_can_wait(lua_State *L, const char *what);

/* ---- waits */

struct task_wait_ops {
    const char *name; /* "http.request": in errors and in /debug/tasks */
    /* Pushes the results of the finished operation and returns how many; may throw. Or starts the
     * next operation with the same wait (a reference for it) and returns TASK_WAIT_AGAIN. Runs on
     * the task's coroutine. */
    int (*push)(lua_State *L, struct task_wait *wait);
    /* Stops the operation; called at most once, when the task ends first. When its completion will
     * not come any more it drops the operation's reference with task_wait_unref(). NULL: cannot be
     * stopped, the completion comes. */
    void (*cancel)(struct task_wait *wait);
    void (*fini)(
        struct task_wait *wait); /* frees what the binding keeps in its struct; NULL: nothing */
};

/* First member of a binding's wait. Counted: one reference of the coroutine, one of the running
 * operation. Members are task.c's. */
struct task_wait {
    const struct task_wait_ops *ops;
    struct tasks *tasks;
    struct task_wait **box; /* the userdata's content, NULL once it let go */
    uint32_t slot, seq;     /* which task waits */
    int refs;
    bool is_yielded, is_done, is_cancelled;
};

/* throws (nothing is held then). A zeroed heap struct of <size> bytes that begins with a task_wait,
 * owned by a userdata that is pushed on <L>. Check all arguments before. */
void *task_wait_new(lua_State *L, const struct task_wait_ops *ops, size_t size);
/* The reference of a C operation that is given the wait as its callback's argument. */
void *task_wait_ref(struct task_wait *wait);
void task_wait_unref(struct task_wait *wait);
/* The operation is over: put its result into the struct before. Drops the operation's reference:
 * the wait is not to be touched after. May be called before task_wait_yield(). Stale ones are
 * counted and do nothing. Never runs Lua. */
void task_wait_complete(struct task_wait *wait);
/* `return task_wait_yield(L, wait);` Ends the binding: the call's results are what ops->push gives
 * once the operation is over. */
int task_wait_yield(lua_State *L, struct task_wait *wait);

/* Waits until the task <id> has ended: true, or nil and its error. `return task_join(L, id);`
 * throws when <L> may not wait. */
int task_join(lua_State *L, uint64_t id);
/* task.all and task.race over the list of functions at <index>, each in a task of its own: `return
 * task_all(L, 1);`. All gives the list of each function's first result; a function that answers nil
 * and an error is answered for all; one that throws ends the others at once. Race gives the first
 * two results of the first to end and cancels the others. */
int task_all(lua_State *L, int index);
int task_race(lua_State *L, int index);
