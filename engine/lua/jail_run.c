#include "lua/jail_run.h"

#include "base/mem.h"
#include "lua/lua_api.h"
#include "lua/lua_util.h"
#include "lua/snapshot.h"
#include "lua/state.h"
#include "store/db.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

enum outcome { ANSWERED, NOT_APPLICABLE, FAILED };

/* One strategy under way. */
struct call {
    struct jail_run *run;
    const struct snapshot_file *file;
    const struct jail_incident *incident;
    enum outcome outcome;
};

void jail_run_init(struct jail_run *run)
{
    *run = (struct jail_run){ 0 };
    jail_people_init(&run->find.people);
}

/* ---- in Lua */

static const char FIND; /* its address: registry key of what strategies get as `find` */

/* throws. Pushes the table that the file returns. */
static void push_strategy(lua_State *L, const struct snapshot_file *file)
{
    state_load_text(L, file->path, file->text, file->len);
    lua_call(L, 0, 1);
    if (!lua_istable(L, -1))
        luaL_error(L, "%s: returns %s; a strategy returns its table", file->path,
                   luaL_typename(L, -1));
}

/* throws. Pushes the strategy's function; false (nothing pushed) when it has none. */
static bool push_function(lua_State *L, int strategy, const char *name)
{
    int type = lua_getfield(L, strategy, name);
    if (type == LUA_TNIL) {
        lua_pop(L, 1);
        return false;
    }
    if (type != LUA_TFUNCTION)
        luaL_error(L, "`%s` must be a function, not %s", name, luaL_typename(L, -1));
    return true;
}

/* A strategy that is not meant for private incidents is not asked about one. */
static bool may_be_asked(lua_State *L, int strategy, const struct jail_incident *incident)
{
    lua_getfield(L, strategy, "private");
    bool is_meant = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return is_meant || !incident->is_private;
}

/* throws. The value on top is what invite() gave. */
static void take_answer(lua_State *L, const struct call *call)
{
    if (!jail_people_take(L, -1, &call->run->find.people))
        luaL_error(L,
                   "%s: invite() answers %s; it must answer people that `find` gave (nobody: "
                   "`return find.nobody()`)",
                   call->file->path, luaL_typename(L, -1));
}

/* throws. */
static void push_incident(lua_State *L, const struct jail_incident *incident)
{
    struct err err = { 0 };
    if (lua_util_read_json(L, incident->text, incident->len, &err) != OK)
        luaL_error(L, "the incident: %s", err.msg);
    if (!lua_istable(L, -1))
        luaL_error(L, "the incident is no object");
    lua_util_push_readonly(L, "incident");
}

static int ask(lua_State *L)
{
    struct call *call = lua_touserdata(L, 1);
    push_strategy(L, call->file);
    int strategy = lua_gettop(L);
    call->outcome = NOT_APPLICABLE;
    if (!may_be_asked(L, strategy, call->incident))
        return 0;
    push_incident(L, call->incident);
    int incident = lua_gettop(L);
    if (push_function(L, strategy, "applies")) {
        lua_pushvalue(L, incident);
        lua_call(L, 1, 1);
        if (!lua_toboolean(L, -1))
            return 0;
    }
    if (!push_function(L, strategy, "invite"))
        luaL_error(L, "%s: has no function `invite`", call->file->path);
    lua_pushvalue(L, incident);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &FIND);
    lua_call(L, 2, 1);
    take_answer(L, call);
    call->outcome = ANSWERED;
    return 0;
}

/* ---- the state: made once; each strategy begins with what it was when none had seen it */

static int keep_find(lua_State *L)
{
    jail_find_push(L, lua_touserdata(L, 1));
    lua_rawsetp(L, LUA_REGISTRYINDEX, &FIND);
    return 0;
}

static void end_state(struct jail_run *run)
{
    state_free(run->state);
    run->state = NULL;
}

static int begin_state(struct jail_run *run, struct err *err)
{
    const struct state_options options = {
        .snapshot = run->snapshot,
        .kind = KIND_INVITE,
        .memory_cap = run->memory_bytes,
        .burst_us = run->budget_us,
        .is_kept = true,
    };
    run->state = state_new(&options, err);
    int rc = run->state ? state_pcall(run->state, keep_find, &run->find, 0, err) : err->code;
    if (rc == OK)
        state_keep(run->state);
    else
        end_state(run);
    return rc;
}

/* ---- around it */

/* In one transaction, so that all searches of a run see the same state. */
static int run_in_tx(struct tx *tx, void *arg, struct err *err)
{
    struct call *call = arg;
    struct jail_run *run = call->run;
    run->find.people.tx = tx;
    int rc = run->state ? OK : begin_state(run, err);
    if (rc == OK) {
        rc = state_pcall(run->state, ask, call, run->budget_us, err);
        if (!state_rewind(run->state))
            end_state(run);
    }
    run->find.people.tx = NULL;
    return rc;
}

static void write_notes(const struct jail_run *run, struct json_writer *w)
{
    const char *line = buf_text(&run->find.notes);
    json_key(w, "notes");
    json_array_begin(w);
    while (*line) {
        size_t len = strcspn(line, "\n");
        json_text_n(w, line, len);
        line += len + (line[len] == '\n');
    }
    json_array_finish(w);
}

static void write_answer(const struct call *call, const struct err *err, struct buf *out)
{
    static const char *const STATES[] = { "answered", "not_applicable", "failed" };
    struct json_writer w;
    json_writer_init(&w, out);
    json_object_begin(&w);
    json_put_text(&w, "state", STATES[call->outcome]);
    if (call->outcome == FAILED)
        json_put_text(&w, "error", err->msg);
    write_notes(call->run, &w);
    if (call->outcome == ANSWERED)
        jail_people_write(&call->run->find.people, &w);
    json_object_finish(&w);
}

void jail_run_strategy(struct jail_run *run, const char *path, const struct jail_incident *incident,
                       struct buf *out)
{
    struct err err = { 0 };
    struct call call = { .run = run,
                         .file = snapshot_find(run->snapshot, path),
                         .incident = incident,
                         .outcome = FAILED };
    struct jail_find *find = &run->find;
    jail_people_reset(&find->people);
    buf_clear(&find->notes);
    find->people.path = path;
    find->incident_id = incident->id;
    copy_text(find->category_id, sizeof(find->category_id), incident->category_id);
    int rc = call.file ? db_read_now(run->db, run_in_tx, &call, &err)
                       : err_set(&err, ERR_NOT_FOUND, "there is no file %s", path);
    if (rc != OK)
        call.outcome = FAILED;
    write_answer(&call, &err, out);
}
