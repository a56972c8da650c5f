/* generation_offline - what asks a set of scripts something without running it: check, manifest,
 * the config's own keys. */
#include "lua/generation_internal.h"

#include "base/mem.h"
#include "lua/config.h"
#include "lua/config_names.h"
#include "lua/lua_api.h"
#include "lua/lua_util.h"
#include "lua/report.h"
#include "lua/snapshot.h"
#include "lua/state.h"
#include "store/db.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- check */

/* The database that the config names, to be looked into; NULL when there is none that can be read. */
static struct db *open_database(const struct generation *generation)
{
    const char *path = json_string_value(json_object_get(generation->config, "database"));
    const struct db_options options = { .path = path, .is_read_only = true };
    struct db *db = NULL;
    struct err err;
    return path && access(path, R_OK) == 0 && db_open(&options, &db, &err) == OK ? db : NULL;
}

static void check_names(const struct generation *generation, struct report *report)
{
    struct db *db = open_database(generation);
    config_names_check(generation, db, report);
    db_close(db);
}

int generations_check(const char *root, const char *config_path, struct buf *report_text,
                      bool *is_ok, struct err *err)
{
    struct report report;
    struct snapshot *snapshot = snapshot_read(root, config_path, err);
    if (!snapshot)
        return err->code;
    report_init(&report);
    struct generation *generation = generation_load(NULL, snapshot, GENERATIONS_NORMAL, &report);
    if (generation)
        check_names(generation, &report);
    generation_free(generation);
    buf_puts(report_text, buf_text(&report.text));
    *is_ok = report.count == 0;
    report_fini(&report);
    snapshot_unref(snapshot);
    return OK;
}

/* ---- the config's own keys */

static const char *environment(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value && value[0] ? value : otherwise;
}

/* As the shipped config reads them. */
static json_t *keys_of_environment(void)
{
    const char *listen = environment("LISTEN", "127.0.0.1:8080");
    AUTO_FREE char *url = xasprintf("http://%s", listen);
    return json_pack("{ss ss ss ss s{ss sb}}", "listen", listen, "database",
                     environment("DATABASE", "var/halligan.db"), "base_url",
                     environment("BASE_URL", url), "time_zone", environment("TIME_ZONE", "UTC"),
                     "log", "level", "info", "json", 0);
}

static int peek(struct snapshot *snapshot, json_t **config, struct err *err)
{
    struct state_options options = { .snapshot = snapshot, .kind = KIND_CONFIG };
    struct state *state = state_new(&options, err);
    int rc = state ? config_evaluate(state, snapshot, err) : err->code;
    if (rc == OK)
        rc = config_peek(state, snapshot, config, err);
    state_free(state);
    return rc;
}

int generations_peek_config(const char *root, const char *config_path, json_t **config,
                            struct err *err)
{
    *config = NULL;
    *err = (struct err){ 0 };
    struct snapshot *snapshot = snapshot_read(root, config_path, err);
    if (!snapshot || peek(snapshot, config, err) != OK)
        *config = keys_of_environment();
    snapshot_unref(snapshot);
    return OK;
}

/* ---- manifest */

int generations_load_offline(struct generations *generations, struct err *err)
{
    struct report report;
    struct snapshot *snapshot = snapshot_read(generations->root, generations->config_path, err);
    if (!snapshot)
        return err->code;
    report_init(&report);
    generations->current = generation_load(NULL, snapshot, generations->mode, &report);
    int rc = report_to_err(&report, err);
    report_fini(&report);
    snapshot_unref(snapshot);
    return rc;
}

struct manifest_call {
    const struct generation *generation;
    const char *folder; /* "integrations/NAME" */
    const json_t *options;
    struct buf *out;
    struct err *err;
    int rc;
};

static bool is_below(const char *id, const char *folder)
{
    size_t len = strlen(folder);
    return strncmp(id, folder, len) == 0 && (id[len] == '/' || id[len] == '\0');
}

/* Pushes the function; false (nothing pushed) when no unit of that name has one. */
static bool push_manifest(lua_State *L, const struct manifest_call *call)
{
    for (int i = 0; i < call->generation->unit_count; i++) {
        const struct unit *unit = &call->generation->units[i];
        if (unit->kind != UNIT_INTEGRATION || !is_below(unit->id, call->folder))
            continue;
        lua_rawgeti(L, LUA_REGISTRYINDEX, unit->ref);
        if (lua_getfield(L, -1, "manifest") == LUA_TFUNCTION) {
            lua_remove(L, -2);
            return true;
        }
        lua_pop(L, 2);
    }
    return false;
}

static void write_manifest(lua_State *L, struct manifest_call *call)
{
    size_t len;
    if (lua_type(L, -1) == LUA_TSTRING) {
        const char *text = lua_tolstring(L, -1, &len);
        buf_append(call->out, text, len);
        return;
    }
    json_t *value = lua_util_to_json(L, -1, call->err);
    char *text =
        value ? json_dumps(value, JSON_INDENT(2) | JSON_SORT_KEYS | JSON_ENCODE_ANY) : NULL;
    if (text) {
        buf_puts(call->out, text);
        buf_putc(call->out, '\n');
    } else {
        call->rc = call->err->code;
    }
    free(text);
    json_decref(value);
}

static int call_manifest(lua_State *L)
{
    struct manifest_call *call = lua_touserdata(L, 1);
    if (!push_manifest(L, call)) {
        call->rc = err_set(call->err, ERR_NOT_FOUND, "no script below strategies/%s has a manifest",
                           call->folder);
        return 0;
    }
    if (call->options)
        lua_util_push_json(L, call->options);
    else
        lua_newtable(L);
    lua_call(L, 1, 2);
    if (!lua_isnil(L, -2)) {
        lua_pop(L, 1);
        write_manifest(L, call);
        return 0;
    }
    lua_util_to_err(L, -1, call->err, NULL, NULL);
    call->rc = call->err->code;
    return 0;
}

int generations_call_manifest(struct generations *generations, const char *name,
                              const json_t *options, struct buf *out, struct err *err)
{
    AUTO_FREE char *folder = xasprintf("integrations%s%s", name[0] ? "/" : "", name);
    struct manifest_call call = { generations->current, folder, options, out, err, OK };
    if (!generations->current)
        return err_set(err, ERR_UNAVAILABLE, "no scripts are loaded");
    int rc = state_pcall(generations->current->state, call_manifest, &call, STATE_LOAD_US, err);
    return rc != OK ? rc : call.rc;
}
