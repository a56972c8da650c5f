#include "lua/state.h"

#include "base/alarm.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/kept_slab.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/slab.h"
#include "lua/libraries.h"
#include "lua/lua_api.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    HOOK_COUNT = 10000,        /* instructions between two looks at the clock */
    ERROR_HEADROOM = 64 << 10, /* bytes past the cap while an error is put into words */
    LATE_PAUSE = 1000,      /* percent: a short life needs no collection; at its cap it gets one */
    KEPT_BYTES = 256 << 10, /* room for what a state that is kept begins with */
};

struct state {
    lua_State *L;
    struct state_options options;
    struct slab slab;
    struct kept_slab *kept; /* in its place, in a state that goes back */
    size_t used;            /* bytes Lua holds */
    size_t kept_used;
    size_t headroom; /* added to the cap for now */
    struct task *running;
    int live_tasks;
    void (*idle)(void *arg);
    void *idle_arg;
    lua_State *budget_thread; /* the one that was entered; only there may the hook yield */
    int64_t budget_us, budget_start_us;
    bool has_alarm; /* for this budget; else the hook counts instructions */
    volatile bool is_time_up;
    bool is_killed;
    bool is_syntax_error; /* the error under way came from the compiler */
    bool is_littered;     /* a script that was ended may have left much behind */
    bool must_close;      /* not all that was made since state_keep() is memory */
    struct buf traceback;
};

/* ---- memory */

static void *allocate(void *arg, void *ptr, size_t old_size, size_t size)
{
    struct state *state = arg;
    if (!ptr)
        old_size = 0; /* Lua passes a type tag there */
    if (size > old_size &&
        state->used - old_size + size > state->options.memory_cap + state->headroom)
        return NULL; /* Lua collects garbage and asks once more */
    void *moved = state->kept ? kept_slab_resize(state->kept, ptr, old_size, size)
                              : slab_resize(&state->slab, ptr, old_size, size);
    if (!moved && size > 0)
        return size > old_size ? NULL : ptr; /* a shrink must not fail */
    state->used = state->used - old_size + size;
    return moved;
}

size_t state_memory_used(const struct state *state)
{
    return state->used;
}

/* ---- life */

static int set_up(lua_State *L)
{
    libraries_open(L);
    lua_api_install(L);
    libraries_close_globals(L);
    return 0;
}

static int on_panic(lua_State *L)
{
    const char *text = lua_tostring(L, -1);
    log_error(LOG_LUA, 0, "Lua error outside of a protected call: %s", text ? text : "(no text)");
    return 0; /* Lua aborts */
}

struct state *state_new(const struct state_options *options, struct err *err)
{
    struct state *state = xcalloc(1, sizeof(*state));
    state->options = *options;
    if (state->options.memory_cap == 0)
        state->options.memory_cap = STATE_MEMORY_CAP;
    if (state->options.burst_us == 0)
        state->options.burst_us = MEM_IS_CHECKED ? 2 * STATE_BURST_US : STATE_BURST_US;
    if (options->is_kept)
        state->kept = kept_slab_new(KEPT_BYTES);
    if (!options->is_kept || state->kept)
        state->L = lua_newstate(allocate, state);
    if (!state->L) {
        err_set(err, ERR_NOMEM, "no memory for a Lua state");
        kept_slab_free(state->kept);
        free(state);
        return NULL;
    }
    lua_atpanic(state->L, on_panic);
    *(struct state **)lua_getextraspace(state->L) = state;
    if (state_pcall(state, set_up, NULL, STATE_LOAD_US, err) != OK) {
        state_free(state);
        return NULL;
    }
    return state;
}

void state_free(struct state *state)
{
    if (!state)
        return;
    REQUIRE(state->live_tasks == 0);
    lua_close(state->L);
    buf_fini(&state->traceback);
    slab_fini(&state->slab);
    kept_slab_free(state->kept);
    free(state);
}

void state_keep(struct state *state)
{
    lua_gc(state->L, LUA_GCINC, LATE_PAUSE, 0, 0);
    lua_gc(state->L, LUA_GCCOLLECT);
    kept_slab_keep(state->kept);
    state->kept_used = state->used;
}

bool state_rewind(struct state *state)
{
    if (state->must_close)
        return false;
    kept_slab_rewind(state->kept);
    state->used = state->kept_used;
    state->is_littered = false;
    buf_clear(&state->traceback);
    return true;
}

void state_must_close(lua_State *L)
{
    state_of(L)->must_close = true;
}

lua_State *state_lua(struct state *state)
{
    return state->L;
}

struct state *state_of(lua_State *L)
{
    return *(struct state **)lua_getextraspace(L); /* new threads get a copy */
}

struct engine *state_engine(lua_State *L)
{
    return state_of(L)->options.engine;
}

const struct snapshot *state_snapshot(lua_State *L)
{
    return state_of(L)->options.snapshot;
}

unsigned state_kind(lua_State *L)
{
    return state_of(L)->options.kind;
}

struct task *state_running(const struct state *state)
{
    return state->running;
}

void state_set_running(struct state *state, struct task *task)
{
    state->running = task;
}

void state_on_idle(struct state *state, void (*idle)(void *arg), void *arg)
{
    state->idle = idle;
    state->idle_arg = arg;
}

int state_live_tasks(const struct state *state)
{
    return state->live_tasks;
}

void state_add_live_tasks(struct state *state, int change)
{
    state->live_tasks += change;
    if (state->live_tasks == 0 && change < 0 && state->idle)
        state->idle(state->idle_arg);
}

const char *state_traceback(const struct state *state)
{
    return buf_text(&state->traceback);
}

/* ---- CPU budget */

static void on_count(lua_State *L, lua_Debug *activation);

/* Past the budget. Yielding to C, which never resumes, cannot be caught by pcall. Where that is
 * impossible an error is thrown, and again at each further instruction until all pcalls are left.
 */
static void kill_script(lua_State *L, struct state *state)
{
    state->is_killed = true;
    if (L == state->budget_thread && lua_isyieldable(L)) {
        lua_yield(L, 0);
        return;
    }
    lua_sethook(L, on_count, LUA_MASKCOUNT, 1);
    luaL_where(L, 0); /* a hook has no level of its own */
    lua_pushfstring(L, "used more than %d ms of CPU time at a stretch",
                    (int)(state->budget_us / 1000));
    lua_concat(L, 2);
    lua_error(L);
}

static bool is_over_budget(const struct state *state)
{
    if (state->has_alarm)
        return state->is_time_up;
    return clock_mono_us() - state->budget_start_us >= state->budget_us;
}

static void on_count(lua_State *L, lua_Debug *activation)
{
    (void)activation;
    struct state *state = state_of(L);
    if (state->is_killed || is_over_budget(state))
        kill_script(L, state);
    else if (state->has_alarm) /* came over from the thread that made this one */
        lua_sethook(L, NULL, 0, 0);
    else if (lua_gethookcount(L) != HOOK_COUNT) /* a dear C function asked for this look */
        lua_sethook(L, on_count, LUA_MASKCOUNT, HOOK_COUNT);
}

/* Within a signal handler, anywhere in the script or in a C function of it: the next instruction
 * is its last. Within on_count(), which takes the hook away, or where Lua finds no hook, it is not
 * heard; then the next ring is. */
static void on_alarm(void *arg)
{
    struct state *state = arg;
    state->is_time_up = true;
    lua_sethook(state->budget_thread, on_count, LUA_MASKCOUNT, 1);
}

/* Counting costs a tenth of what scripts do. The jail has no timers, and its process has a deadline. */
static bool set_alarm(struct state *state)
{
    if (state->options.kind == KIND_INVITE)
        return false;
    return alarm_set(state->budget_us, on_alarm, state);
}

/* Outside of any budget: who comes next has not made the garbage. A coroutine that failed still holds
 * its own. */
static void sweep(struct state *state, lua_State *L)
{
    bool has_failed = lua_status(L) != LUA_OK && lua_status(L) != LUA_YIELD;
    if (!state->is_littered || has_failed)
        return;
    state->is_littered = false;
    lua_gc(L, LUA_GCCOLLECT);
}

void state_budget_begin(struct state *state, lua_State *L, int64_t budget_us)
{
    sweep(state, L);
    state->budget_thread = L;
    state->budget_us = budget_us > 0 ? budget_us : state->options.burst_us;
    state->budget_start_us = clock_mono_us();
    state->is_killed = false;
    state->is_syntax_error = false;
    state->is_time_up = false;
    state->has_alarm = set_alarm(state);
    if (!state->has_alarm)
        lua_sethook(L, on_count, LUA_MASKCOUNT, HOOK_COUNT);
    else if (lua_gethookmask(L))
        lua_sethook(L, NULL, 0, 0);
}

int64_t state_budget_end(struct state *state)
{
    alarm_clear();
    state->budget_thread = NULL;
    return clock_mono_us() - state->budget_start_us;
}

bool state_was_killed(const struct state *state)
{
    return state->is_killed;
}

/* ---- errors */

/* The text of the error value on top, without running metamethods. */
static const char *error_text(lua_State *L)
{
    const char *text = NULL;
    if (lua_type(L, -1) == LUA_TSTRING)
        return lua_tostring(L, -1);
    if (lua_istable(L, -1)) {
        lua_pushliteral(L, "message");
        lua_rawget(L, -2);
        text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
        lua_pop(L, 1); /* the table keeps the text alive */
    }
    return text;
}

/* "file:line: " of the innermost Lua function of <L>, or "". */
static void where(lua_State *L, char out[128])
{
    lua_Debug activation;
    out[0] = '\0';
    for (int level = 0; lua_getstack(L, level, &activation); level++) {
        lua_getinfo(L, "Sl", &activation);
        if (activation.currentline > 0) {
            snprintf(out, 128, "%s:%d: ", activation.short_src, activation.currentline);
            return;
        }
    }
}

static void keep_traceback(lua_State *L, lua_State *failed)
{
    struct state *state = state_of(L);
    luaL_traceback(L, failed, NULL, 0);
    buf_clear(&state->traceback);
    buf_puts(&state->traceback, lua_tostring(L, -1));
    lua_pop(L, 1);
}

/* Message handler of the main thread: the stack is still there. */
static int on_error(lua_State *L)
{
    struct state *state = state_of(L);
    state->headroom = ERROR_HEADROOM;
    keep_traceback(L, L);
    if (lua_type(L, 1) != LUA_TSTRING) {
        const char *text = error_text(L);
        char place[128];
        where(L, place);
        lua_pushfstring(L, "%s%s", place, text ? text : "error value without a text");
    }
    return 1;
}

/* Index 1: the coroutine that failed, as light userdata. */
static int keep_task_traceback(lua_State *L)
{
    keep_traceback(L, lua_touserdata(L, 1));
    return 0;
}

static int error_code(const struct state *state, int lua_status)
{
    if (state->is_killed || lua_status == LUA_ERRMEM)
        return ERR_LIMIT;
    return state->is_syntax_error ? ERR_SYNTAX : ERR_SCRIPT;
}

/* <place> is for what says none by itself. Pops the error value, if there is one. */
static void put_into_words(struct state *state, lua_State *L, int lua_status, const char *place,
                           struct err *err)
{
    int code = error_code(state, lua_status);
    if (lua_status == LUA_YIELD) { /* the hook left no value */
        err_set(err, code, "%sused more than %d ms of CPU time at a stretch", place,
                (int)(state->budget_us / 1000));
        return;
    }
    const char *text = error_text(L);
    if (lua_status == LUA_ERRMEM)
        err_set(err, code, "%snot enough memory: all that scripts hold may take %zu MB", place,
                state->options.memory_cap >> 20);
    else
        err_set(err, code, "%s%s", lua_type(L, -1) == LUA_TSTRING ? "" : place,
                text ? text : "error value without a text");
    lua_pop(L, 1);
}

int state_take_error(struct state *state, lua_State *L, int lua_status, struct err *err)
{
    char place[128] = "";
    state->headroom = ERROR_HEADROOM;
    if (L != state->L) {
        buf_clear(&state->traceback);
        lua_pushcfunction(state->L, keep_task_traceback);
        lua_pushlightuserdata(state->L, L);
        if (lua_pcall(state->L, 1, 0, 0) != LUA_OK)
            lua_pop(state->L, 1); /* no memory left even for that */
        where(L, place);
    }
    put_into_words(state, L, lua_status, place, err);
    state->is_littered |= err->code == ERR_LIMIT;
    state->headroom = 0;
    return err->code;
}

int state_pcall(struct state *state, lua_CFunction fn, void *arg, int64_t budget_us,
                struct err *err)
{
    lua_State *L = state->L;
    int top = lua_gettop(L);
    if (!lua_checkstack(L, 8))
        return err_set(err, ERR_LIMIT, "the Lua stack is full");
    buf_clear(&state->traceback);
    state_budget_begin(state, L, budget_us);
    lua_pushcfunction(L, on_error);
    lua_pushcfunction(L, fn);
    lua_pushlightuserdata(L, arg);
    int status = lua_pcall(L, 1, 0, top + 1);
    state_budget_end(state);
    int rc = status == LUA_OK ? OK : state_take_error(state, L, status, err);
    state->headroom = 0;
    lua_settop(L, top);
    return rc;
}

/* ---- compiling */

static const char
    KEPT_CHUNKS; /* its address: registry key of the compiled chunks by name, while they are kept */

void state_keep_chunks(lua_State *L, bool is_on)
{
    if (is_on)
        lua_newtable(L);
    else
        lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &KEPT_CHUNKS);
}

void state_load_text(lua_State *L, const char *name, const char *text, size_t len)
{
    bool keeps = lua_rawgetp(L, LUA_REGISTRYINDEX, &KEPT_CHUNKS) == LUA_TTABLE;
    int kept = lua_gettop(L);
    if (keeps && lua_getfield(L, kept, name) == LUA_TFUNCTION) {
        lua_remove(L, kept);
        return;
    }
    lua_settop(L, kept);
    lua_pushfstring(L, "@%s", name);
    int status = luaL_loadbufferx(L, text, len, lua_tostring(L, -1), "t");
    lua_remove(L, -2);
    if (status != LUA_OK) {
        state_of(L)->is_syntax_error = status == LUA_ERRSYNTAX;
        lua_error(L);
    }
    if (keeps) {
        lua_pushvalue(L, -1);
        lua_setfield(L, kept, name);
    }
    lua_remove(L, kept);
}
