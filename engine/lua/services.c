#include "lua/services.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/engine.h"
#include "loop/loop.h"
#include "lua/generation_internal.h"
#include "lua/state.h"
#include "lua/task.h"

#include <lauxlib.h>
#include <string.h>
#include <sys/queue.h>

enum {
    RESTART_MS = 1000, /* doubled each time that it fails again soon */
    RESTART_MOST_MS = 60000,
    LASTING_MS = 60000, /* one that ran so long has not failed at once */
};

struct service {
    LIST_ENTRY(service) link;
    struct generation *generation;
    char *name;
    const char *script; /* the unit's id */
    int ref;            /* the function in the registry */
    uint64_t task;      /* 0: does not run */
    uint64_t restart_timer;
    int64_t restart_ms;
    int64_t since_ms; /* UTC: when it was started last */
    uint64_t restarts;
    char *status; /* what it says of itself, or why it ended; NULL: nothing */
};

bool services_has(const struct generation *generation, const char *name)
{
    const struct service *each;
    LIST_FOREACH(each, &generation->services, link)
    if (strcmp(each->name, name) == 0)
        return true;
    return false;
}

void services_add(struct generation *generation, lua_State *L, const char *name, const char *script)
{
    int ref = luaL_ref(L, LUA_REGISTRYINDEX);
    struct service *service = xcalloc(1, sizeof(*service));
    service->generation = generation;
    service->name = xstrdup(name);
    service->script = script;
    service->ref = ref;
    service->restart_ms = RESTART_MS;
    LIST_INSERT_HEAD(&generation->services, service, link);
}

/* ---- the run */

static void set_status(struct service *service, const char *text)
{
    free(service->status);
    service->status = text ? xstrdup(text) : NULL;
}

/* ctx:status(text): upvalue 1 is the service, which lives as long as this state. */
static int l_status(lua_State *L)
{
    struct service *service = lua_touserdata(L, lua_upvalueindex(1));
    set_status(service, luaL_checkstring(L, 2));
    return 0;
}

static int end_service(lua_State *L, int status, lua_KContext context)
{
    (void)L;
    (void)status;
    (void)context;
    return 0;
}

static int run_service(lua_State *L)
{
    struct service *service = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, service->ref);
    lua_createtable(L, 0, 2);
    lua_pushstring(L, service->name);
    lua_setfield(L, -2, "name");
    lua_pushlightuserdata(L, service);
    lua_pushcclosure(L, l_status, 1);
    lua_setfield(L, -2, "status");
    lua_callk(L, 1, 0, 0, end_service);
    return 0;
}

static void start(struct service *service);

static void on_restart(void *arg)
{
    struct service *service = arg;
    service->restart_timer = 0;
    service->restarts++;
    start(service);
}

static void restart_later(struct service *service)
{
    struct engine *engine = service->generation->owner->engine;
    bool has_lasted = clock_now_ms() - service->since_ms >= LASTING_MS;
    if (has_lasted)
        service->restart_ms = RESTART_MS;
    service->restart_timer = loop_timer(engine->loop, service->restart_ms, on_restart, service);
    if (service->restart_ms < RESTART_MOST_MS)
        service->restart_ms *= 2;
}

/* Not called for one that services_stop() ended: it has no task any more then. */
static void on_service_done(void *arg, int rc, const struct err *err)
{
    struct service *service = arg;
    if (!service->task)
        return;
    service->task = 0;
    set_status(service, rc == OK ? "ended by itself" : err->msg);
    restart_later(service);
}

static void start(struct service *service)
{
    struct generation *generation = service->generation;
    const struct task_options options = {
        .kind = TASK_SERVICE,
        .script = service->script,
        .done = on_service_done,
        .arg = service,
    };
    struct err err;
    service->since_ms = clock_now_ms();
    set_status(service, NULL);
    if (task_start(generation->owner->tasks, generation->state, &options, run_service, service,
                   &service->task, &err) == OK)
        return;
    service->task = 0;
    log_error(LOG_SCRIPT, 0, "service %s of %s: %s", service->name, service->script, err.msg);
    restart_later(service);
}

/* ---- all of a generation */

void services_start(struct generation *generation)
{
    struct service *each;
    LIST_FOREACH(each, &generation->services, link)
    if (!each->task && !each->restart_timer)
        start(each);
}

void services_stop(struct generation *generation)
{
    struct service *each;
    LIST_FOREACH(each, &generation->services, link)
    {
        uint64_t task = each->task;
        each->task = 0;
        loop_timer_cancel(generation->owner->engine->loop, each->restart_timer);
        each->restart_timer = 0;
        if (task)
            task_cancel(generation->owner->tasks, task);
    }
}

void services_free(struct generation *generation)
{
    struct service *each;
    while ((each = LIST_FIRST(&generation->services)) != NULL) {
        LIST_REMOVE(each, link);
        if (each->restart_timer)
            loop_timer_cancel(generation->owner->engine->loop, each->restart_timer);
        free(each->status);
        free(each->name);
        free(each);
    }
}

json_t *services_list(const struct generations *generations)
{
    json_t *list = json_array();
    const struct service *each;
    if (!generations->current)
        return list;
    LIST_FOREACH(each, &generations->current->services, link)
    {
        json_t *row = json_pack("{ss ss sb sI sI}", "name", each->name, "script", each->script,
                                "is_running", each->task != 0, "since_ms",
                                (json_int_t)each->since_ms, "restarts", (json_int_t)each->restarts);
        json_t *status = each->status ? json_string(each->status) : NULL;
        json_object_set_new(row, "status", status ? status : json_null());
        json_array_append_new(list, row);
    }
    return list;
}
