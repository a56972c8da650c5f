#include "lua/generation_internal.h"

#include "base/mem.h"
#include "base/tz.h"
#include "core/engine.h"
#include "core/lifecycle.h"
#include "lua/config.h"
#include "lua/globals.h"
#include "lua/lua_api.h"
#include "lua/report.h"
#include "lua/services.h"
#include "lua/snapshot.h"
#include "lua/state.h"
#include "lua/unit.h"

#include <lauxlib.h>
#include <string.h>

enum { INVITE_MEMORY = 16 << 20, INVITE_LOAD_US = 50000 };

/* ---- life */

static void free_handler(void *value)
{
    struct handler *handler = value;
    for (int i = 0; i < handler->count; i++)
        free(handler->entries[i].event_kind);
    free(handler->entries);
    free(handler->script);
    free(handler);
}

static void free_route(struct lua_route *route)
{
    free(route->method);
    free(route->pattern);
    free(route->about);
    free(route->script);
    free(route->place);
    free(route);
}

void generation_free(struct generation *generation)
{
    if (!generation)
        return;
    state_free(generation->state);
    services_free(generation);
    state_free(generation->invite_state);
    for (int i = 0; i < generation->unit_count; i++)
        free(generation->units[i].id);
    for (int i = 0; i < generation->route_count; i++)
        free_route(generation->routes[i]);
    free(generation->units);
    free(generation->routes);
    free(generation->ready_refs);
    free(generation->ready_scripts);
    map_free(generation->handlers);
    json_decref(generation->config);
    json_decref(generation->schedules);
    json_decref(generation->tasks);
    json_decref(generation->invites);
    json_decref(generation->tags);
    json_decref(generation->subscriptions);
    json_decref(generation->reference);
    snapshot_unref(generation->snapshot);
    free(generation);
}

static int set_keeping(lua_State *L)
{
    const bool *is_on = lua_touserdata(L, 1);
    state_keep_chunks(L, *is_on);
    /* Compiling leaves much behind, and the state keeps for ever what it needed once. */
    lua_gc(L, LUA_GCINC, *is_on ? 120 : 200, 0, 0);
    return 0;
}

/* What is loaded is looked at later on; nothing is compiled twice. */
static int keep_chunks(const struct generation *generation, bool is_on, struct err *err)
{
    return state_pcall(generation->state, set_keeping, &is_on, STATE_LOAD_US, err);
}

static struct generation *make(struct engine *engine, struct snapshot *snapshot, struct err *err)
{
    struct generation *generation = xcalloc(1, sizeof(*generation));
    generation->snapshot = snapshot_ref(snapshot);
    generation->handlers = map_new(free_handler);
    LIST_INIT(&generation->services);
    generation->schedules = json_array();
    generation->tasks = json_array();
    generation->invites = json_array();
    generation->tags = json_array();
    generation->subscriptions = json_array();
    generation->reference = json_pack("{s[] s[]}", "conversations", "usergroups");
    struct state_options options = { .engine = engine, .snapshot = snapshot, .kind = KIND_CORE };
    struct state_options jailed = { .snapshot = snapshot,
                                    .kind = KIND_INVITE,
                                    .memory_cap = INVITE_MEMORY };
    generation->state = state_new(&options, err);
    generation->invite_state = generation->state ? state_new(&jailed, err) : NULL;
    if (generation->invite_state && keep_chunks(generation, true, err) == OK)
        return generation;
    generation_free(generation);
    return NULL;
}

const struct handler *generation_find_handler(const struct generation *generation, const char *id)
{
    return map_get(generation->handlers, id);
}

/* ---- routes */

static int add_routes_as(const struct generation *generation, struct router *router, int owner,
                         struct err *err)
{
    for (int i = 0; i < generation->route_count; i++) {
        struct lua_route *lua_route = generation->routes[i];
        struct route route = {
            .method = lua_route->method,
            .pattern = lua_route->pattern,
            .access = lua_route->access,
            .handler = handlers_run_route,
            .arg = lua_route,
            .about = lua_route->about,
            .owner = owner,
        };
        struct err cause;
        int rc = router_add(router, &route, &cause);
        if (rc != OK) {
            router_remove_owner(router, owner);
            return err_set(err, rc, "%s: %s", lua_route->place, cause.msg);
        }
    }
    return OK;
}

int generation_add_routes(struct generation *generation, struct router *router, struct err *err)
{
    return add_routes_as(generation, router, generation->number, err);
}

/* A router of its own, one route after the other, so that each mistake is told. */
static void check_routes(struct generation *generation, struct report *report)
{
    struct router *router = router_new();
    for (int i = 0; i < generation->route_count; i++) {
        const struct lua_route *lua_route = generation->routes[i];
        struct route route = {
            .method = lua_route->method,
            .pattern = lua_route->pattern,
            .access = lua_route->access,
            .handler = handlers_run_route,
            .about = lua_route->about,
            .owner = 1,
        };
        struct err err;
        if (router_add(router, &route, &err) != OK)
            report_add(report, "%s: %s", lua_route->place, err.msg);
    }
    router_free(router);
}

/* ---- units */

static struct state *state_of_unit(const struct generation *generation, const struct unit *unit)
{
    return unit->kind == UNIT_INVITE ? generation->invite_state : generation->state;
}

static bool call_unit(struct generation *generation, struct unit *unit, lua_CFunction fn,
                      struct report *report)
{
    struct unit_call call = { generation, unit, report };
    struct err err;
    int64_t budget_us = unit->kind == UNIT_INVITE ? INVITE_LOAD_US : STATE_LOAD_US;
    if (state_pcall(state_of_unit(generation, unit), fn, &call, budget_us, &err) == OK)
        return true;
    bool names_file = strstr(err.msg, ".lua:") != NULL;
    report_add(report, "%s%s%s", names_file ? "" : unit->file->path, names_file ? "" : ": ",
               err.msg);
    return false;
}

static void find_units(struct generation *generation, enum generations_mode mode,
                       struct report *report)
{
    int count = snapshot_count(generation->snapshot);
    generation->units = xcalloc((size_t)count + 1, sizeof(*generation->units));
    for (int i = 0; i < count; i++) {
        const struct snapshot_file *file = snapshot_at(generation->snapshot, i);
        struct unit *unit = &generation->units[generation->unit_count];
        bool is_misplaced;
        if (unit_kind_of(file->path, mode, &unit->kind, &is_misplaced)) {
            unit->file = file;
            unit->id = unit_id(file->path);
            unit->ref = LUA_NOREF;
            generation->unit_count++;
        } else if (is_misplaced && mode == GENERATIONS_NORMAL) {
            report_add(
                report,
                "%s:1: belongs into integrations/, invites/, schedules/ or tags/ below strategies/",
                file->path);
        }
    }
}

static bool load_units(struct generation *generation, struct report *report)
{
    bool is_whole = true;
    for (int i = 0; i < generation->unit_count; i++) {
        struct unit *unit = &generation->units[i];
        call_unit(generation, unit, unit_load, report);
        is_whole = is_whole && unit->ref != LUA_NOREF;
    }
    return is_whole;
}

static void register_units(struct generation *generation, struct report *report)
{
    for (int i = 0; i < generation->unit_count; i++)
        if (generation->units[i].ref != LUA_NOREF)
            call_unit(generation, &generation->units[i], unit_register, report);
}

/* ---- every file once more, as a whole: what does not compile, and names that nothing defines */

struct look {
    const struct snapshot_file *file;
    struct report *report;
    lua_State *L;
};

static bool is_global(lua_State *L, const char *name)
{
    lua_pushglobaltable(L);
    lua_pushstring(L, name);
    bool is_known = lua_rawget(L, -2) != LUA_TNIL;
    lua_pop(L, 2);
    return is_known;
}

static void on_global(void *arg, const char *name, int line, bool is_set)
{
    const struct look *look = arg;
    if (is_set)
        report_add(look->report, "%s:%d: assignment to global `%s` (write `local`)",
                   look->file->path, line, name);
    else if (!is_global(look->L, name))
        report_add(look->report, "%s:%d: unknown global `%s`", look->file->path, line, name);
}

static int look_at_file(lua_State *L)
{
    struct look *look = lua_touserdata(L, 1);
    look->L = L;
    state_load_text(L, look->file->path, look->file->text, look->file->len);
    globals_each(L, on_global, look);
    return 0;
}

/* Sandbox scripts are no part of what an engine runs, and the other way round. */
static bool belongs(const struct snapshot_file *file, enum generations_mode mode)
{
    bool is_sandbox = strncmp(file->path, "scripts/sandbox/", strlen("scripts/sandbox/")) == 0;
    bool is_script = strncmp(file->path, "scripts/", strlen("scripts/")) == 0 ||
                     strncmp(file->path, "strategies/", strlen("strategies/")) == 0;
    return is_script && is_sandbox == (mode == GENERATIONS_SANDBOX);
}

/* Files whose mistake is told already are left out. */
static void look_at_files(struct generation *generation, enum generations_mode mode,
                          struct report *report)
{
    AUTO_FREE char *told = xstrdup(buf_text(&report->text));
    for (int i = 0; i < snapshot_count(generation->snapshot); i++) {
        struct look look = { snapshot_at(generation->snapshot, i), report, NULL };
        struct err err;
        if (!belongs(look.file, mode) || strstr(told, look.file->path))
            continue;
        if (state_pcall(generation->state, look_at_file, &look, STATE_LOAD_US, &err) != OK)
            report_add(report, "%s", err.msg);
    }
}

/* ---- config */

static void add_config_fields(struct generation *generation, struct report *report)
{
    for (int i = 0; i < generation->unit_count; i++)
        if (generation->units[i].kind == UNIT_INTEGRATION && generation->units[i].ref != LUA_NOREF)
            call_unit(generation, &generation->units[i], unit_add_config_fields, report);
}

static void check_time_zone(const struct generation *generation, struct report *report)
{
    const char *name = json_string_value(json_object_get(generation->config, "time_zone"));
    struct err err;
    struct tz *tz = name ? tz_load(name, &err) : NULL;
    if (name && !tz)
        config_report(report, generation->snapshot, "time_zone", err.msg);
    tz_free(tz);
}

/* The report says the path itself. */
static const char *without_path(const struct err *err)
{
    size_t len = strlen(err->field);
    bool has_path = strncmp(err->msg, err->field, len) == 0 && err->msg[len] == ':';
    return has_path ? err->msg + len + 2 : err->msg;
}

/* An impossible lifecycle is told here, with its line, and not when it is stored. */
static void check_lifecycle(const struct generation *generation, struct report *report)
{
    struct lifecycle lifecycle;
    struct err err = { 0 };
    if (generation->config &&
        lifecycle_read(json_object_get(generation->config, "lifecycle"), &lifecycle, &err) != OK)
        config_report(report, generation->snapshot, err.field, without_path(&err));
}

/* False when scripts cannot be asked about the config. With broken units their keys would be called
 * unknown: then the config is only evaluated. */
static bool load_config(struct generation *generation, bool units_are_whole, struct report *report)
{
    struct err err;
    if (config_evaluate(generation->state, generation->snapshot, &err) != OK) {
        const char *name = snapshot_config_name(generation->snapshot);
        bool names_file = strstr(err.msg, name) != NULL; /* not when memory is out */
        report_add(report, "%s%s%s", names_file ? "" : name, names_file ? "" : ": ", err.msg);
        return false;
    }
    if (!units_are_whole)
        return false;
    add_config_fields(generation, report);
    if (config_validate(generation->state, generation->snapshot, report, &generation->config,
                        &err) != OK)
        report_add(report, "%s", err.msg);
    check_time_zone(generation, report);
    check_lifecycle(generation, report);
    return generation->config != NULL;
}

/* The engine's tables as the config declares them. */
static void take_reference(struct generation *generation)
{
    static const char *const KEYS[] = { "priorities",    "environments",  "groups",
                                        "roles",         "milestones",    "metrics",
                                        "impacts",       "cost_types",    "oncall",
                                        "custom_fields", "administrators" };
    for (size_t i = 0; i < sizeof(KEYS) / sizeof(KEYS[0]); i++) {
        json_t *rows = json_object_get(generation->config, KEYS[i]);
        json_object_set_new(generation->reference, KEYS[i],
                            rows ? json_incref(rows) : json_array());
    }
    json_t *lifecycle = json_object_get(generation->config, "lifecycle");
    json_object_set_new(generation->reference, "lifecycle",
                        lifecycle ? json_incref(lifecycle) : json_object());
}

struct generation *generation_load(struct engine *engine, struct snapshot *snapshot,
                                   enum generations_mode mode, struct report *report)
{
    struct err err;
    int mistakes = report->count;
    struct generation *generation = make(engine, snapshot, &err);
    if (!generation) {
        report_add(report, "%s", err.msg);
        return NULL;
    }
    find_units(generation, mode, report);
    bool is_whole = load_units(generation, report);
    bool has_config = false;
    if (mode == GENERATIONS_NORMAL)
        has_config = load_config(generation, is_whole, report);
    else if (config_set_empty(generation->state, &err) == OK)
        has_config = (generation->config = json_object()) != NULL;
    if (has_config) {
        register_units(generation, report);
        take_reference(generation);
        units_check_together(generation, report);
        check_routes(generation, report);
    }
    look_at_files(generation, mode, report);
    if (keep_chunks(generation, false, &err) != OK)
        report_add(report, "%s", err.msg);
    state_free(generation->invite_state);
    generation->invite_state = NULL;
    if (report->count == mistakes)
        return generation;
    generation_free(generation);
    return NULL;
}
