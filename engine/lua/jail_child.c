#include "lua/jail_child.h"

#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "lua/jail_frame.h"
#include "lua/jail_lockdown.h"
#include "lua/jail_query.h"
#include "lua/lua_api.h"
#include "lua/lua_util.h"
#include "lua/snapshot.h"
#include "lua/state.h"
#include "store/db.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { STRATEGY_MEMORY = 16 << 20, PROCESS_MEMORY = 512 << 20 };

struct child {
    struct db *db;
    struct snapshot *snapshot;
    struct map *states;     /* strategy's path -> struct state, its table in the registry */
    int64_t budget_us;
};

/* What a run of one strategy works on. */
struct run {
    struct child *child;
    const struct snapshot_file *file;
    const json_t *incident;
    json_t *answer;
    struct err err;
};

static void free_state(void *state)
{
    state_free(state);
}

static int warm_up(struct tx *tx, void *arg, struct err *err)
{
    int rc = OK;
    (void)arg;
    tx_get_int(tx, &rc, err, 0, "SELECT COUNT(*) FROM usergroup", "");
    return rc;
}

static int begin(struct child *child, const json_t *hello, struct err *err)
{
    struct db_options options = { .path = json_string_value(json_object_get(hello, "database")), .is_read_only = true };
    child->budget_us = json_integer_value(json_object_get(hello, "deadline_ms")) * 1000;
    child->states = map_new(free_state);
    child->snapshot = snapshot_from_json(json_object_get(hello, "files"), err);
    if (!child->snapshot)
        return err->code;
    int rc = db_open(&options, &child->db, err);
    if (rc == OK)
        rc = db_read_now(child->db, warm_up, NULL, err);
    return rc == OK ? jail_lockdown(PROCESS_MEMORY, err) : rc;
}

/* ---- a strategy, protected */

/* Makes the queries known to scripts/jail/find.lua. */
static int install(lua_State *L)
{
    const struct run *run = lua_touserdata(L, 1);
    jail_query_push(L, run->child->db);
    lua_api_preload(L, "jail.query");
    return 0;
}

/* find.run(strategy, incident) -> state, people: all else is the script's. */
static int run_strategy(lua_State *L)
{
    struct run *run = lua_touserdata(L, 1);
    lua_api_require(L, "jail.find");
    lua_getfield(L, -1, "run");
    state_load_text(L, run->file->path, run->file->text, run->file->len);
    lua_call(L, 0, 1);
    lua_util_push_json(L, run->incident);
    lua_call(L, 2, 1);
    run->answer = lua_util_to_json(L, -1, &run->err);
    return 0;
}

static struct state *state_for(struct run *run)
{
    struct state *state = map_get(run->child->states, run->file->path);
    if (state)
        return state;
    const struct state_options options = {
        .snapshot = run->child->snapshot, .kind = KIND_INVITE, .memory_cap = STRATEGY_MEMORY, .burst_us = run->child->budget_us,
    };
    state = state_new(&options, &run->err);
    if (!state)
        return NULL;
    if (state_pcall(state, install, run, 0, &run->err) != OK) {
        state_free(state);
        return NULL;
    }
    map_put(run->child->states, run->file->path, state);
    return state;
}

static json_t *answer(struct child *child, const json_t *request)
{
    const char *path = json_string_value(json_object_get(request, "path"));
    struct run run = { .child = child, .incident = json_object_get(request, "incident") };
    run.file = path ? snapshot_find(child->snapshot, path) : NULL;
    struct state *state = run.file ? state_for(&run) : NULL;
    if (!run.file)
        err_set(&run.err, ERR_NOT_FOUND, "there is no such strategy");
    if (state && state_pcall(state, run_strategy, &run, child->budget_us, &run.err) != OK) {
        /* What it did to its state is unknown: the next incident gets a fresh one. */
        map_remove(child->states, path);
        json_decref(run.answer);
        run.answer = NULL;
    }
    if (run.answer)
        return run.answer;
    return json_pack("{s:s, s:s}", "state", "failed", "error", run.err.msg);
}

int jail_child_main(void)
{
    struct child child = { 0 };
    struct err err = { 0 };
    json_t *message = NULL;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGINT, SIG_IGN);
    int rc = jail_frame_read(JAIL_FD, 0, &message, &err);
    if (rc == OK)
        rc = begin(&child, message, &err);
    json_decref(message);
    if (rc != OK) {
        log_error(LOG_JAIL, 0, "the jail cannot begin: %s", err.msg);
        return 1;
    }
    while (jail_frame_read(JAIL_FD, 0, &message, &err) == OK) {
        json_t *reply = answer(&child, message);
        rc = jail_frame_write(JAIL_FD, reply, &err);
        json_decref(reply);
        json_decref(message);
        if (rc != OK)
            break;
    }
    /* No clean-up: the process is locked down, and the engine is gone or done with it. */
    _exit(0);
}
