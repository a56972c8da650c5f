#include "lua/import_run.h"

#include "base/buf.h"
#include "base/json_reader.h"
#include "base/mem.h"
#include "core/args.h"
#include "core/op.h"
#include "lua/lua_api.h"
#include "lua/lua_util.h"
#include "lua/snapshot.h"
#include "lua/state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { BATCH_ROWS = 500, REFUSALS_SHOWN = 100 };
static const size_t MEMORY = (size_t)1 << 30; /* of the script: what records say about each other */
static const int64_t BUDGET_US = 30LL * 60 * 1000000; /* of one call: of all records */

/* A record of the file. */
struct record {
    size_t at, len;
    uint32_t model; /* of import.models */
};

struct import {
    struct db *db;
    const struct import_source *source;
    struct state *state;
    struct record *records; /* owned */
    size_t count, room;
    json_t *report;
    json_t *models; /* borrowed from the report; a model's number is its place in <names> */
    json_t *names;  /* list of texts */
    json_t *batch;  /* rows that wait to be written */
    struct err *err;
    int rc;
};

/* ---- the file */

/* Reads on to the end of the value that began with <piece>. */
static bool skip(struct json_reader *reader, enum json_piece piece)
{
    int depth = 0;
    for (;; piece = json_reader_next(reader)) {
        depth += piece == PIECE_OBJECT_BEGIN || piece == PIECE_ARRAY_BEGIN;
        depth -= piece == PIECE_OBJECT_END || piece == PIECE_ARRAY_END;
        if (piece == PIECE_BROKEN || piece == PIECE_DONE)
            return false;
        if (depth == 0 && piece != PIECE_KEY)
            return true;
    }
}

static uint32_t number_of_model(struct import *import, const char *name)
{
    json_t *model = json_object_get(import->models, name);
    if (!model) {
        model = json_pack("{s:i, s:i, s:i, s:{}}", "number", (int)json_array_size(import->names),
                          "read", 0, "mapped", 0, "left_out");
        json_array_append_new(import->names, json_string(name));
        json_object_set_new(import->models, name, model);
    }
    json_integer_set(json_object_get(model, "read"),
                     json_integer_value(json_object_get(model, "read")) + 1);
    return (uint32_t)json_integer_value(json_object_get(model, "number"));
}

static void add_record(struct import *import, size_t at, size_t len, const char *model)
{
    if (import->count == import->room) {
        import->room = import->room ? 2 * import->room : 1024;
        import->records = xrealloc(import->records, import->room * sizeof(*import->records));
    }
    import->records[import->count++] =
        (struct record){ .at = at, .len = len, .model = number_of_model(import, model) };
}

/* One record, whose brace was read. */
static bool read_record(struct import *import, struct json_reader *reader)
{
    size_t at = reader->at - 1;
    char model[100] = "";
    enum json_piece piece;
    while ((piece = json_reader_next(reader)) == PIECE_KEY) {
        bool is_model = reader->raw_len == 5 && memcmp(reader->raw, "model", 5) == 0;
        piece = json_reader_next(reader);
        if (is_model && piece == PIECE_TEXT && !reader->has_escapes &&
            reader->raw_len < sizeof(model))
            snprintf(model, sizeof(model), "%.*s", (int)reader->raw_len, reader->raw);
        if (!skip(reader, piece))
            return false;
    }
    if (piece != PIECE_OBJECT_END)
        return false;
    if (!model[0]) {
        reader->problem = "a record without a model";
        return false;
    }
    add_record(import, at, reader->at - at, model);
    return true;
}

static int find_records(struct import *import)
{
    struct json_reader reader;
    json_reader_init(&reader, import->source->text, import->source->len);
    bool is_good = json_reader_next(&reader) == PIECE_ARRAY_BEGIN;
    while (is_good) {
        enum json_piece piece = json_reader_next(&reader);
        if (piece == PIECE_ARRAY_END)
            break;
        is_good = piece == PIECE_OBJECT_BEGIN && read_record(import, &reader);
    }
    if (is_good && json_reader_next(&reader) == PIECE_DONE)
        return OK;
    return err_set(import->err, ERR_SYNTAX,
                   "not a list of records {model, pk, fields}: %s, at byte %zu",
                   reader.problem ? reader.problem : "something else stands there", reader.at);
}

/* ---- the script */

static const char *name_of_model(const struct import *import, uint32_t number)
{
    return json_string_value(json_array_get(import->names, number));
}

/* throws. Pushes model, pk and fields. */
static void push_record(lua_State *L, const struct import *import, const struct record *record)
{
    struct err err = { 0 };
    if (lua_util_read_json(L, import->source->text + record->at, record->len, &err) != OK)
        luaL_error(L, "%s", err.msg);
    lua_pushstring(L, name_of_model(import, record->model));
    lua_getfield(L, -2, "pk");
    lua_getfield(L, -3, "fields");
    lua_remove(L, -4);
}

/* throws. The module on top learns what the operator said. */
static void begin(lua_State *L, const struct import *import)
{
    lua_getfield(L, -1, "begin");
    lua_createtable(L, 0, 1);
    lua_pushstring(L, import->source->ticket_url);
    lua_setfield(L, -2, "ticket_url");
    lua_call(L, 1, 0);
}

/* throws. The module on top gets every record to look at. */
static void note_all(lua_State *L, const struct import *import)
{
    for (size_t i = 0; i < import->count; i++) {
        lua_getfield(L, -1, "note");
        push_record(L, import, &import->records[i]);
        lua_call(L, 3, 0);
    }
}

static void count(json_t *object, const char *key, json_int_t more)
{
    json_t *number = json_object_get(object, key);
    if (number)
        json_integer_set(number, json_integer_value(number) + more);
    else
        json_object_set_new(object, key, json_integer(more));
}

static void keep_refusals(struct import *import, json_t *answer, json_t *rows)
{
    json_t *kept = json_object_get(import->report, "refusals");
    size_t index;
    json_t *refusal;
    json_array_foreach (json_object_get(answer, "refusals"), index, refusal) {
        if (json_array_size(kept) == REFUSALS_SHOWN)
            return;
        json_t *row =
            json_array_get(rows, (size_t)json_integer_value(json_object_get(refusal, "index")));
        AUTO_FREE char *values = json_dumps(json_array_get(row, 1), JSON_COMPACT | JSON_SORT_KEYS);
        AUTO_FREE char *text =
            xasprintf("%s: %s: %.300s", json_string_value(json_array_get(row, 0)),
                      json_string_value(json_object_get(refusal, "why")), values);
        json_array_append_new(kept, json_string(text));
    }
}

static int write_batch(struct import *import)
{
    static const char *const COUNTS[] = { "created", "updated", "unchanged", "refused" };
    AUTO_BUF struct buf out = BUF_INIT;
    if (json_array_size(import->batch) == 0)
        return OK;
    json_t *rows = import->batch;
    import->batch = json_array();
    const struct actor operator= { .kind = ACTOR_OPERATOR, .source = "cli", .sees_private = true };
    int rc = op_run_now(import->db, "import.rows", json_pack("{s:O}", "rows", rows),
                        &operator, & out, import->err);
    json_t *answer = rc == OK ? json_loadb(buf_text(&out), out.len, 0, NULL) : NULL;
    for (size_t i = 0; answer && i < sizeof(COUNTS) / sizeof(COUNTS[0]); i++)
        count(json_object_get(import->report, "rows"), COUNTS[i],
              json_integer_value(json_object_get(answer, COUNTS[i])));
    if (answer)
        keep_refusals(import, answer, rows);
    json_decref(answer);
    json_decref(rows);
    return rc;
}

/* throws. What rows() gave is on top: a list of rows, or nil and why. Pops both. */
static void take_rows(lua_State *L, struct import *import, const char *model)
{
    struct err err = { 0 };
    json_t *of_model = json_object_get(import->models, model);
    if (!lua_istable(L, -2)) {
        count(json_object_get(of_model, "left_out"), luaL_optstring(L, -1, "no row"), 1);
        lua_pop(L, 2);
        return;
    }
    json_t *rows = lua_util_to_json(L, -2, &err);
    if (!rows)
        luaL_error(L, "%s: %s", model, err.msg);
    json_array_extend(import->batch, rows);
    json_decref(rows);
    count(of_model, "mapped", 1);
    lua_pop(L, 2);
}

/* throws. */
static void import_stage(lua_State *L, struct import *import, const char *model)
{
    json_t *of_model = json_object_get(import->models, model);
    uint32_t number = (uint32_t)json_integer_value(json_object_get(of_model, "number"));
    for (size_t i = 0; of_model && i < import->count; i++) {
        if (import->records[i].model != number)
            continue;
        lua_getfield(L, -1, "rows");
        push_record(L, import, &import->records[i]);
        lua_call(L, 3, 2);
        take_rows(L, import, model);
        if (json_array_size(import->batch) >= BATCH_ROWS &&
            (import->rc = write_batch(import)) != OK)
            return;
    }
    if (import->rc == OK)
        import->rc = write_batch(import);
}

/* throws. What no stage asked for is left out, for the reason that the script gives. */
static void explain_the_rest(lua_State *L, struct import *import)
{
    const char *model;
    json_t *of_model;
    lua_getfield(L, -1, "left_out");
    json_object_foreach (import->models, model, of_model) {
        json_int_t read = json_integer_value(json_object_get(of_model, "read"));
        bool was_asked = json_integer_value(json_object_get(of_model, "mapped")) > 0 ||
                         json_object_size(json_object_get(of_model, "left_out")) > 0;
        if (was_asked)
            continue;
        lua_getfield(L, -1, model);
        count(json_object_get(of_model, "left_out"),
              luaL_optstring(L, -1, "the other system's own"), read);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

static int run_script(lua_State *L)
{
    struct import *import = lua_touserdata(L, 1);
    lua_pushfstring(L, "import.%s", import->source->script);
    lua_api_require(L, lua_tostring(L, -1));
    begin(L, import);
    note_all(L, import);
    lua_getfield(L, -1, "stages");
    int stages = lua_gettop(L);
    for (lua_Integer i = 1; import->rc == OK && lua_rawgeti(L, stages, i) == LUA_TSTRING; i++) {
        const char *model = lua_tostring(L, -1);
        lua_pushvalue(L, stages - 1);
        import_stage(L, import, model);
        lua_settop(L, stages);
    }
    lua_settop(L, stages - 1);
    explain_the_rest(L, import);
    return 0;
}

/* ---- around it */

static int run(struct import *import)
{
    struct err *err = import->err;
    struct snapshot *snapshot = snapshot_read(import->source->root, NULL, err);
    if (!snapshot)
        return err->code;
    const struct state_options options = {
        .snapshot = snapshot, .kind = KIND_INVITE, .memory_cap = MEMORY, .burst_us = BUDGET_US
    };
    import->state = state_new(&options, err);
    int rc = import->state ? find_records(import) : err->code;
    if (rc == OK)
        rc = state_pcall(import->state, run_script, import, BUDGET_US, err);
    state_free(import->state);
    snapshot_unref(snapshot);
    return rc == OK ? import->rc : rc;
}

int import_run(struct db *db, const struct import_source *source, json_t **report, struct err *err)
{
    struct import import = { .db = db, .source = source, .err = err };
    import.report = json_pack("{s:{}, s:{s:i,s:i,s:i,s:i}, s:[]}", "models", "rows", "created", 0,
                              "updated", 0, "unchanged", 0, "refused", 0, "refusals");
    import.models = json_object_get(import.report, "models");
    import.names = json_array();
    import.batch = json_array();
    int rc = run(&import);
    free(import.records);
    json_decref(import.names);
    json_decref(import.batch);
    *report = import.report;
    return rc;
}
