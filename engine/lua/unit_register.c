/* unit_register - what each kind of unit declares, put into its generation. */
#include "lua/unit.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "core/event.h"
#include "core/schedule.h"
#include "lua/config.h"
#include "lua/lua_util.h"
#include "lua/services.h"
#include "lua/snapshot.h"

#include <stdio.h>
#include <string.h>

enum { DEFAULT_ORDER = 100 };

/* ---- integrations */

/* The text field of the table at <index>, or NULL; valid while the table is. */
static const char *text_at(lua_State *L, int index, const char *name)
{
    const char *text = lua_getfield(L, index, name) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
    lua_pop(L, 1);
    return text;
}

/* Pushes what the unit's function <name> answers to the config; false (nothing pushed) when there
 * is none. */
static bool ask_with_config(lua_State *L, int unit, const char *name)
{
    if (lua_getfield(L, unit, name) != LUA_TFUNCTION) {
        lua_pop(L, 1);
        return false;
    }
    config_push(L);
    lua_call(L, 1, 1);
    return true;
}

/* Pops the function on top into the registry and adds it to the handler <id>. */
static void add_handler(const struct unit_call *call, lua_State *L, const char *id,
                        const char *event_kind)
{
    struct map *handlers = call->generation->handlers;
    struct handler *handler = map_get(handlers, id);
    int ref = luaL_ref(L, LUA_REGISTRYINDEX);
    if (!handler) {
        handler = xcalloc(1, sizeof(*handler));
        handler->script = xstrdup(call->unit->id);
        handler->is_enabled = call->unit->is_enabled;
        map_put(handlers, id, handler);
    }
    handler->entries =
        xrealloc(handler->entries, (size_t)(handler->count + 1) * sizeof(*handler->entries));
    handler->entries[handler->count++] =
        (struct handler_entry){ event_kind ? xstrdup(event_kind) : NULL, ref };
}

static bool is_field_name(lua_State *L, int index)
{
    size_t len = 0;
    const char *name = lua_type(L, index) == LUA_TSTRING ? lua_tolstring(L, index, &len) : "";
    return len > 0 && strcspn(name, " ") == len && utf8_is_valid(name, len);
}

/* The list on top, of an event's fields, as subscription.replace takes it. Runs nothing of a script. */
static void read_fields(const struct unit_call *call, lua_State *L, struct buf *fields)
{
    lua_Integer count = (lua_Integer)lua_rawlen(L, -1);
    for (lua_Integer i = 1; i <= count; i++) {
        int type = lua_rawgeti(L, -1, i);
        if (is_field_name(L, -1))
            buf_printf(fields, "%s%s", fields->len > 0 ? " " : "", lua_tostring(L, -1));
        else
            unit_complain(call, "touching",
                          "field `touching`: expected the name of a field, got %s",
                          type == LUA_TSTRING ? "no word" : lua_typename(L, type));
        lua_pop(L, 1);
    }
}

/* `touching`: of some events only those that say that one of these fields has changed. */
static void subscribe(const struct unit_call *call, lua_State *L, int unit, const char *kind,
                      lua_Integer order)
{
    AUTO_BUF struct buf fields = BUF_INIT;
    int top = lua_gettop(L);
    if (lua_getfield(L, unit, "touching") == LUA_TTABLE && lua_getfield(L, -1, kind) == LUA_TTABLE)
        read_fields(call, L, &fields);
    lua_settop(L, top);
    json_array_append_new(call->generation->subscriptions,
                          json_pack("{ss ss sI ss*}", "event_kind", kind, "handler", call->unit->id,
                                    "position", (json_int_t)order, "fields",
                                    fields.len > 0 ? buf_text(&fields) : NULL));
}

/* What is narrowed must be there. */
static void check_touching(const struct unit_call *call, lua_State *L, int unit)
{
    int top = lua_gettop(L);
    if (lua_getfield(L, unit, "touching") != LUA_TTABLE ||
        lua_getfield(L, unit, "on") != LUA_TTABLE) {
        lua_settop(L, top);
        return;
    }
    lua_pushnil(L);
    while (lua_next(L, top + 1)) {
        lua_pushvalue(L, -2);
        if (lua_gettable(L, top + 2) != LUA_TFUNCTION || !lua_istable(L, -2))
            unit_complain(call, "touching",
                          "field `touching`: expected event = list of fields, of an event in `on`");
        lua_pop(L, 2);
    }
    lua_settop(L, top);
}

/* A kind of the engine's that is written wrongly would wait for ever. Anything else may be a script's own. */
static void check_kind(const struct unit_call *call, const char *kind)
{
    const char *const *known = EVENT_KINDS;
    while (*known && strcmp(*known, kind) != 0)
        known++;
    const char *meant = *known ? NULL : lua_util_suggest(kind, EVENT_KINDS);
    if (meant)
        unit_complain(call, kind, "field `on`: no event is called `%s` (did you mean `%s`?)", kind,
                      meant);
}

static void register_events(const struct unit_call *call, lua_State *L, int unit, lua_Integer order)
{
    if (lua_getfield(L, unit, "on") == LUA_TTABLE) {
        lua_pushnil(L);
        while (lua_next(L, -2)) {
            if (lua_type(L, -2) != LUA_TSTRING || !lua_isfunction(L, -1)) {
                unit_complain(call, "on", "field `on`: expected event = function, got %s = %s",
                              luaL_typename(L, -2), luaL_typename(L, -1));
                lua_pop(L, 1);
                continue;
            }
            const char *kind = lua_tostring(L, -2);
            check_kind(call, kind);
            add_handler(call, L, call->unit->id, kind);
            if (call->unit->is_enabled)
                subscribe(call, L, unit, kind, order);
        }
    }
    lua_pop(L, 1);
}

static void register_jobs(const struct unit_call *call, lua_State *L, int unit)
{
    if (lua_getfield(L, unit, "jobs") == LUA_TTABLE) {
        lua_pushnil(L);
        while (lua_next(L, -2)) {
            if (lua_type(L, -2) != LUA_TSTRING || !lua_isfunction(L, -1)) {
                unit_complain(call, "jobs", "field `jobs`: expected name = function, got %s = %s",
                              luaL_typename(L, -2), luaL_typename(L, -1));
                lua_pop(L, 1);
                continue;
            }
            AUTO_FREE char *id = xasprintf("%s:%s", call->unit->id, lua_tostring(L, -2));
            add_handler(call, L, id, NULL);
        }
    }
    lua_pop(L, 1);
}

/* The name and the declaration of one task are on top; pops the declaration. */
static void register_task(const struct unit_call *call, lua_State *L)
{
    static const struct unit_field FIELDS[] = { { "about", UNIT_T(STRING), true },
                                                { "run", UNIT_T(FUNCTION), true },
                                                { 0 } };
    if (lua_type(L, -2) != LUA_TSTRING || !lua_istable(L, -1)) {
        unit_complain(call, "tasks", "field `tasks`: expected name = { about =, run = }");
        lua_pop(L, 1);
        return;
    }
    const char *name = lua_tostring(L, -2);
    AUTO_FREE char *path = xasprintf("tasks[\"%s\"].", name);
    AUTO_FREE char *id = xasprintf("task:%s", name);
    const struct handler *taken = map_get(call->generation->handlers, id);
    if (taken) {
        unit_complain(call, "tasks", "task \"%s\" exists already in %s", name, taken->script);
    } else if (unit_check_fields(call, L, lua_gettop(L), path, FIELDS)) {
        const char *about = text_at(L, -1, "about");
        json_array_append_new(call->generation->tasks,
                              json_pack("{ss ss sb}", "name", name, "about", about, "is_enabled",
                                        call->unit->is_enabled));
        lua_getfield(L, -1, "run");
        add_handler(call, L, id, NULL);
    }
    lua_pop(L, 1);
}

static void register_tasks(const struct unit_call *call, lua_State *L, int unit)
{
    if (lua_getfield(L, unit, "tasks") == LUA_TTABLE) {
        lua_pushnil(L);
        while (lua_next(L, -2))
            register_task(call, L);
    }
    lua_pop(L, 1);
}

static void register_services(const struct unit_call *call, lua_State *L, int unit)
{
    if (lua_getfield(L, unit, "services") == LUA_TTABLE) {
        lua_pushnil(L);
        while (lua_next(L, -2)) {
            if (lua_type(L, -2) != LUA_TSTRING || !lua_isfunction(L, -1)) {
                unit_complain(call, "services",
                              "field `services`: expected name = function, got %s = %s",
                              luaL_typename(L, -2), luaL_typename(L, -1));
                lua_pop(L, 1);
                continue;
            }
            const char *name = lua_tostring(L, -2);
            if (services_has(call->generation, name))
                unit_complain(call, "services", "service \"%s\" exists already", name);
            if (call->unit->is_enabled)
                services_add(call->generation, L, name, call->unit->id);
            else
                lua_pop(L, 1);
        }
    }
    lua_pop(L, 1);
}

static enum route_access access_named(const char *name)
{
    static const struct {
        const char *name;
        enum route_access access;
    } NAMES[] = { { "signed", ACCESS_SIGNED },
                  { "loopback", ACCESS_LOOPBACK },
                  { "public", ACCESS_PUBLIC } };
    for (size_t i = 0; name && i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
        if (strcmp(NAMES[i].name, name) == 0)
            return NAMES[i].access;
    return 0;
}

/* Pushes the route's path as text: its `path`, or what the function there answers to the config. */
static const char *push_route_path(lua_State *L, int route)
{
    lua_getfield(L, route, "path");
    if (lua_isfunction(L, -1)) {
        config_push(L);
        lua_call(L, 1, 1);
    }
    return lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
}

static bool is_method(const char *method)
{
    static const char *const METHODS[] = { "GET", "POST", "PUT", "PATCH", "DELETE" };
    for (size_t i = 0; i < sizeof(METHODS) / sizeof(METHODS[0]); i++)
        if (strcmp(METHODS[i], method) == 0)
            return true;
    return false;
}

static void add_route(const struct unit_call *call, lua_State *L, int index,
                      enum route_access access, const char *pattern)
{
    struct generation *generation = call->generation;
    struct lua_route *route = xcalloc(1, sizeof(*route));
    generation->routes = xrealloc(generation->routes, (size_t)(generation->route_count + 1) *
                                                          sizeof(struct lua_route *));
    generation->routes[generation->route_count++] = route;
    route->generation = generation;
    route->access = access;
    route->method = xstrdup(text_at(L, index, "method"));
    route->pattern = xstrdup(pattern);
    route->about = xstrdup(text_at(L, index, "about"));
    route->script = xstrdup(call->unit->id);
    route->place = unit_place(call, pattern);
    lua_getfield(L, index, "handler");
    route->ref = luaL_ref(L, LUA_REGISTRYINDEX);
}

/* The route <number> is on top. */
static void register_route(const struct unit_call *call, lua_State *L, int number)
{
    static const struct unit_field FIELDS[] = {
        { "method", UNIT_T(STRING), true }, { "path", UNIT_T(STRING) | UNIT_T(FUNCTION), true },
        { "access", UNIT_T(STRING), true }, { "handler", UNIT_T(FUNCTION), true },
        { "about", UNIT_T(STRING), true },  { 0 },
    };
    char path[32];
    int index = lua_gettop(L);
    snprintf(path, sizeof(path), "routes[%d].", number);
    if (!lua_istable(L, index)) {
        unit_complain(call, "routes", "field `routes[%d]`: expected a table, got %s", number,
                      luaL_typename(L, index));
        return;
    }
    if (!unit_check_fields(call, L, index, path, FIELDS))
        return;
    enum route_access access = access_named(text_at(L, index, "access"));
    const char *pattern = push_route_path(L, index);
    if (!access)
        unit_complain(call, "access",
                      "field `%saccess`: must be \"signed\", \"loopback\" or \"public\"", path);
    else if (call->unit->kind == UNIT_PAGE && access != ACCESS_LOOPBACK)
        unit_complain(call, "access", "field `%saccess`: a page is \"loopback\"", path);
    else if (!is_method(text_at(L, index, "method")))
        unit_complain(call, "method", "field `%smethod`: no method of HTTP in capitals", path);
    else if (!pattern || pattern[0] != '/')
        unit_complain(call, "path", "field `%spath`: must start with \"/\"", path);
    else if (call->unit->is_enabled)
        add_route(call, L, index, access, pattern);
    lua_settop(L, index);
}

static void register_routes(const struct unit_call *call, lua_State *L, int unit)
{
    if (lua_getfield(L, unit, "routes") == LUA_TTABLE) {
        for (int i = 1; lua_rawgeti(L, -1, i) != LUA_TNIL; i++) {
            register_route(call, L, i);
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

static void register_ready(const struct unit_call *call, lua_State *L, int unit)
{
    struct generation *generation = call->generation;
    if (lua_getfield(L, unit, "on_ready") != LUA_TFUNCTION || !call->unit->is_enabled) {
        lua_pop(L, 1);
        return;
    }
    size_t count = (size_t)generation->ready_count + 1;
    generation->ready_refs =
        xrealloc(generation->ready_refs, count * sizeof(*generation->ready_refs));
    generation->ready_scripts =
        xrealloc(generation->ready_scripts, count * sizeof(*generation->ready_scripts));
    generation->ready_scripts[count - 1] = call->unit->id;
    generation->ready_refs[count - 1] = luaL_ref(L, LUA_REGISTRYINDEX);
    generation->ready_count++;
}

/* Adds the rows that the unit declares to the engine's tables. */
static void register_reference(const struct unit_call *call, lua_State *L, int unit)
{
    static const char *const KEYS[] = { "conversations", "usergroups", NULL };
    struct err err;
    if (!ask_with_config(L, unit, "reference"))
        return;
    json_t *rows = lua_util_to_json(L, -1, &err);
    lua_pop(L, 1);
    if (!rows)
        unit_complain(call, "reference", "reference: %s", err.msg);
    const char *key;
    json_t *list;
    json_object_foreach (rows, key, list) {
        json_t *into = json_object_get(call->generation->reference, key);
        bool is_known = strcmp(key, KEYS[0]) == 0 || strcmp(key, KEYS[1]) == 0;
        if (!is_known || (!json_is_array(list) && json_object_size(list) > 0))
            unit_complain(call, "reference",
                          "reference: \"%s\" is no list of conversations or usergroups", key);
        else if (json_is_array(list))
            json_array_extend(into, list);
    }
    json_decref(rows);
}

static void register_integration(const struct unit_call *call, lua_State *L, int unit)
{
    lua_getfield(L, unit, "order");
    lua_Integer order = lua_isnil(L, -1) ? DEFAULT_ORDER : lua_tointeger(L, -1);
    lua_pop(L, 1);
    register_events(call, L, unit, order);
    check_touching(call, L, unit);
    register_jobs(call, L, unit);
    register_tasks(call, L, unit);
    register_routes(call, L, unit);
    register_ready(call, L, unit);
    register_services(call, L, unit);
    register_reference(call, L, unit);
}

/* ---- schedules */

/* The operator's word on the schedule <name>: NULL none, false off, an object of changes. Borrowed.
 */
static const json_t *override_of(const struct generation *generation, const char *name)
{
    return json_object_get(json_object_get(generation->config, "schedules"), name);
}

/* Moves "every" (a text or milliseconds) to "every_ms". */
static bool set_interval(const struct unit_call *call, json_t *row)
{
    json_t *every = json_object_get(row, "every");
    int64_t ms = json_integer_value(every);
    if (!every)
        return true;
    if (json_is_string(every) && !lua_util_parse_duration(json_string_value(every), &ms)) {
        unit_complain(call, "every",
                      "field `every`: not a duration (write \"30s\", \"5m\" or \"1h\")");
        return false;
    }
    json_object_set_new(row, "every_ms", json_integer(ms));
    json_object_del(row, "every");
    return true;
}

static void apply_override(json_t *row, const json_t *override)
{
    if (!json_is_object(override))
        return;
    if (json_object_get(override, "every") || json_object_get(override, "cron")) {
        json_object_del(row, "every");
        json_object_del(row, "cron");
    }
    json_object_update(row, (json_t *) override);
}

static void register_schedule(const struct unit_call *call, lua_State *L, int unit)
{
    struct err err;
    AUTO_FREE char *name = unit_name(call->unit->file->path);
    const json_t *override = override_of(call->generation, name);
    lua_pushnil(L);
    lua_setfield(L, unit, "enabled"); /* already asked; the rest is data */
    json_t *row = lua_util_to_json(L, unit, &err);
    if (!row) {
        unit_complain(call, "", "%s", err.msg);
        return;
    }
    json_object_set_new(row, "name", json_string(name));
    apply_override(row, override);
    json_t *one = NULL;
    if (set_interval(call, row)) {
        one = json_array();
        json_array_append(one, row);
        if (schedule_check(one, &err) != OK)
            unit_complain(call, "", "%s", err.msg);
        else if (call->unit->is_enabled && !json_is_false(override))
            json_array_append(call->generation->schedules, row);
    }
    json_decref(one);
    json_decref(row);
}

/* ---- tags */

static void register_tag(const struct unit_call *call, lua_State *L, int unit)
{
    const char *applies_to = text_at(L, unit, "applies_to");
    if (strcmp(applies_to, "conversation") != 0 && strcmp(applies_to, "usergroup") != 0)
        unit_complain(call, "applies_to",
                      "field `applies_to`: must be \"conversation\" or \"usergroup\"");
    lua_getfield(L, unit, "unique");
    json_array_append_new(call->generation->tags,
                          json_pack("{ss ss sb ss}", "tag", text_at(L, unit, "tag"), "applies_to",
                                    applies_to, "is_unique", lua_toboolean(L, -1), "path",
                                    call->unit->file->path));
    lua_pop(L, 1);
}

static void register_invite(const struct unit_call *call, lua_State *L, int unit)
{
    AUTO_FREE char *name = unit_name(call->unit->file->path);
    lua_getfield(L, unit, "private");
    json_array_append_new(call->generation->invites,
                          json_pack("{ss ss ss sb}", "strategy", name, "path",
                                    call->unit->file->path, "about", text_at(L, unit, "about"),
                                    "is_private", lua_toboolean(L, -1)));
    lua_pop(L, 1);
}

int unit_register(lua_State *L)
{
    const struct unit_call *call = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, call->unit->ref);
    int unit = lua_gettop(L);
    bool can_be_off = call->unit->kind == UNIT_INTEGRATION || call->unit->kind == UNIT_SCHEDULE;
    call->unit->is_enabled = true;
    if (can_be_off && ask_with_config(L, unit, "enabled")) {
        call->unit->is_enabled = lua_toboolean(L, -1);
        lua_pop(L, 1);
    }
    switch (call->unit->kind) {
    case UNIT_INTEGRATION:
        register_integration(call, L, unit);
        break;
    case UNIT_PAGE:
        register_routes(call, L, unit);
        break;
    case UNIT_SCHEDULE:
        register_schedule(call, L, unit);
        break;
    case UNIT_TAG:
        register_tag(call, L, unit);
        break;
    case UNIT_INVITE:
        register_invite(call, L, unit);
        break;
    }
    return 0;
}
