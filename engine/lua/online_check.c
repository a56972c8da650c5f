#include "lua/online_check.h"

#include "base/mem.h"
#include "loop/loop.h"
#include "lua/config.h"
#include "lua/generation_internal.h"
#include "lua/lua_util.h"
#include "lua/report.h"
#include "lua/scratch_engine.h"
#include "lua/state.h"
#include "lua/task.h"

#include <lauxlib.h>
#include <stdlib.h>

enum { DEADLINE_MS = 10 * 60 * 1000 }; /* of one unit; a vendor's limits may make it wait */

struct asking {
    struct scratch_engine scratch;
    struct report report;
    struct buf *said;
    int running; /* units that have not answered */
};

/* One unit under way; lives until its task is done. */
struct question {
    struct asking *asking;
    const struct unit *unit;
};

/* ---- what a unit answers */

/* throws. The finding on top, { path=, message= }. */
static void take_finding(lua_State *L, struct question *question)
{
    const struct generation *generation = question->asking->scratch.engine.generations->current;
    if (!lua_istable(L, -1) || lua_getfield(L, -1, "path") != LUA_TSTRING ||
        lua_getfield(L, -2, "message") != LUA_TSTRING)
        luaL_error(L, "%s: check_online() finds a list of { path=, message= }", question->unit->id);
    config_report(&question->asking->report, generation->snapshot, lua_tostring(L, -2),
                  lua_tostring(L, -1));
    lua_pop(L, 2);
}

/* findings, what is well | nil, error. */
static int take_answer(lua_State *L, int status, lua_KContext context)
{
    struct question *question = (struct question *)context; /* NOLINT(performance-no-int-to-ptr) */
    (void)status;
    lua_settop(L, 2);
    if (lua_isnil(L, 1)) {
        struct err err = { 0 };
        lua_util_to_err(L, 2, &err, NULL, NULL);
        report_add(&question->asking->report, "%s: %s", question->unit->id, err.msg);
        return 0;
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    for (lua_Integer i = 1; lua_rawgeti(L, 1, i) != LUA_TNIL; i++) {
        take_finding(L, question);
        lua_settop(L, 2);
    }
    if (lua_type(L, 2) == LUA_TSTRING)
        buf_printf(question->asking->said, "%s\n", lua_tostring(L, 2));
    return 0;
}

static int ask(lua_State *L)
{
    struct question *question = lua_touserdata(L, 1);
    lua_settop(L, 0);
    lua_rawgeti(L, LUA_REGISTRYINDEX, question->unit->ref);
    lua_getfield(L, -1, "check_online");
    lua_remove(L, -2);
    lua_callk(L, 0, 2, (lua_KContext)question, take_answer);
    return take_answer(L, LUA_OK, (lua_KContext)question);
}

static void on_answered(void *arg, int rc, const struct err *err)
{
    struct question *question = arg;
    struct asking *asking = question->asking;
    if (rc != OK)
        report_add(&asking->report, "%s: %s", question->unit->id, err->msg);
    free(question);
    if (--asking->running == 0)
        loop_stop(asking->scratch.engine.loop);
}

/* ---- asking all */

struct search {
    const struct unit *unit;
    bool has_question;
};

/* throws. */
static int look_for_question(lua_State *L)
{
    struct search *search = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, search->unit->ref);
    search->has_question = lua_getfield(L, -1, "check_online") == LUA_TFUNCTION;
    return 0;
}

static int ask_unit(struct asking *asking, const struct unit *unit, struct err *err)
{
    struct generation *generation = asking->scratch.engine.generations->current;
    struct question *question = xcalloc(1, sizeof(*question));
    const struct task_options options = { .kind = TASK_JOB,
                                          .script = unit->id,
                                          .deadline_ms = DEADLINE_MS,
                                          .done = on_answered,
                                          .arg = question };
    *question = (struct question){ asking, unit };
    int rc = task_start(generations_tasks_of(asking->scratch.engine.generations), generation->state,
                        &options, ask, question, NULL, err);
    if (rc == OK)
        asking->running++;
    else
        free(question);
    return rc;
}

static int ask_all(struct asking *asking, struct err *err)
{
    struct generation *generation = asking->scratch.engine.generations->current;
    int rc = OK;
    for (int i = 0; rc == OK && i < generation->unit_count; i++) {
        struct search search = { .unit = &generation->units[i] };
        if (search.unit->kind != UNIT_INTEGRATION || !search.unit->is_enabled)
            continue;
        rc = state_pcall(generation->state, look_for_question, &search, 0, err);
        if (rc == OK && search.has_question)
            rc = ask_unit(asking, search.unit, err);
    }
    if (asking->running > 0)
        loop_run(asking->scratch.engine.loop);
    return rc;
}

int online_check(const char *root, const char *config_path, struct buf *report, struct buf *said,
                 bool *is_ok, struct err *err)
{
    struct asking asking = { .said = said };
    report_init(&asking.report);
    int rc = scratch_engine_init(&asking.scratch, "check", err);
    if (rc == OK)
        rc = scratch_engine_load(&asking.scratch, root, config_path, err);
    if (rc == OK)
        rc = ask_all(&asking, err);
    *is_ok = asking.report.count == 0;
    buf_puts(report, buf_text(&asking.report.text));
    scratch_engine_fini(&asking.scratch);
    report_fini(&asking.report);
    return rc;
}
