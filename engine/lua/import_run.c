#include "lua/import_run.h"

#include "base/buf.h"
#include "base/json_reader.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "core/args.h"
#include "core/op.h"
#include "lua/lua_api.h"
#include "lua/lua_util.h"
#include "lua/snapshot.h"
#include "lua/state.h"
#include "store/db.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { BATCH_ROWS = 500, PROBLEMS_SHOWN = 20, KEY_POINTS = 40, KEY_SIZE = 4 * KEY_POINTS + 1 };
static const size_t MEMORY = (size_t)1 << 31; /* of the script: what records say about each other */
static const int64_t BUDGET_US = 120LL * 60 * 1000000; /* of one call: of all records */

/* A record of the file. */
struct record {
    size_t at, len;
    uint32_t model; /* of import.models */
};

struct import {
    struct db *db;
    struct tx *tx; /* while rows are written */
    const struct import_source *source;
    struct state *state;
    struct record *records; /* owned */
    size_t count, room;
    json_t *report;
    json_t *models;   /* borrowed from the report; a model's number is its place in <names> */
    json_t *problems; /* borrowed from the report */
    int64_t problem_count;
    json_t *names;   /* list of texts */
    json_t *batch;   /* rows that wait to be written */
    json_t *answer;  /* of the operation that wrote the last ones */
    size_t *origins; /* owned; of each of these rows: its record's index */
    size_t origin_room;
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
                   "record %zu: not a list of records {model, pk, fields}: %s, at byte %zu",
                   import->count + 1,
                   reader.problem ? reader.problem : "something else stands there", reader.at);
}

/* ---- the script */

static const char *name_of_model(const struct import *import, uint32_t number)
{
    return json_string_value(json_array_get(import->names, number));
}

/* "record 17 (incidents.incident 41): title: is missing", of a problem with its record. */
static void add_problem(struct import *import, size_t index, const char *key, const char *problem)
{
    import->problem_count++;
    if (json_array_size(import->problems) == PROBLEMS_SHOWN)
        return;
    AUTO_FREE char *text = xasprintf("record %zu (%s%s%s): %s", index + 1,
                                     name_of_model(import, import->records[index].model),
                                     *key ? " " : "", key, problem);
    size_t len = strlen(text);
    while (len && !utf8_is_valid(text, len))
        len--; /* what was cut to fit may end within a character */
    json_array_append_new(import->problems, json_stringn(text, len));
}

/* throws. Pushes pk and fields; false, with a problem noted, when the record cannot be read. */
static bool push_record(lua_State *L, struct import *import, size_t index)
{
    const struct record *record = &import->records[index];
    struct err err = { 0 };
    if (lua_util_read_json(L, import->source->text + record->at, record->len, &err) != OK) {
        add_problem(import, index, "", err.msg);
        return false;
    }
    lua_getfield(L, -1, "pk");
    lua_getfield(L, -2, "fields");
    lua_remove(L, -3);
    if (lua_istable(L, -1))
        return true;
    lua_pop(L, 2);
    add_problem(import, index, "", "fields: is missing, or no object");
    return false;
}

/* throws. The key of a record, as people read it. */
static void read_key(lua_State *L, int at, char key[KEY_SIZE])
{
    bool is_plain = lua_type(L, at) == LUA_TNUMBER || lua_type(L, at) == LUA_TSTRING;
    size_t len = 0;
    const char *text = is_plain ? luaL_tolstring(L, at, &len) : "";
    snprintf(key, KEY_SIZE, "%.*s", (int)utf8_cut(text, len, KEY_POINTS), text);
    if (is_plain)
        lua_pop(L, 1);
}

/* throws. Asks the module on top for <function>(model, pk, fields, number of the record) and pushes
 * its <results>. False, with nothing pushed, when the record cannot be read. */
static bool ask(lua_State *L, struct import *import, const char *function, size_t index,
                int results, char key[KEY_SIZE])
{
    lua_getfield(L, -1, function);
    lua_pushstring(L, name_of_model(import, import->records[index].model));
    if (!push_record(L, import, index)) {
        lua_pop(L, 2);
        return false;
    }
    read_key(L, -2, key);
    lua_pushinteger(L, (lua_Integer)index + 1);
    lua_call(L, 4, results);
    return true;
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

/* throws. Every record's key: what others may refer to. */
static void see_all(lua_State *L, struct import *import)
{
    char key[KEY_SIZE];
    for (size_t i = 0; i < import->count; i++) {
        if (!ask(L, import, "see", i, 1, key))
            continue;
        if (lua_type(L, -1) == LUA_TSTRING)
            add_problem(import, i, key, lua_tostring(L, -1));
        lua_pop(L, 1);
    }
}

/* throws. */
static void check_all(lua_State *L, struct import *import)
{
    char key[KEY_SIZE];
    for (size_t i = 0; i < import->count; i++) {
        if (!ask(L, import, "check", i, 1, key))
            continue;
        for (lua_Integer n = 1; lua_rawgeti(L, -1, n) == LUA_TSTRING; n++) {
            add_problem(import, i, key, lua_tostring(L, -1));
            lua_pop(L, 1);
        }
        lua_pop(L, 2);
    }
}

/* throws. What records say about others, and what the operator has to write himself. */
static void note_all(lua_State *L, struct import *import)
{
    char key[KEY_SIZE];
    for (size_t i = 0; i < import->count; i++)
        ask(L, import, "note", i, 0, key);
    for (size_t i = 0; i < import->count; i++) {
        if (!ask(L, import, "advise", i, 1, key))
            continue;
        if (lua_type(L, -1) == LUA_TSTRING)
            json_array_append_new(json_object_get(import->report, "config"),
                                  json_string(lua_tostring(L, -1)));
        lua_pop(L, 1);
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

/* throws. A refused row as a problem of the record that it comes from. */
static void add_refusal(lua_State *L, struct import *import, const json_t *refusal)
{
    size_t record = import->origins[(size_t)json_integer_value(json_object_get(refusal, "index"))];
    const char *column = json_string_value(json_object_get(refusal, "column"));
    char key[KEY_SIZE] = "";
    char text[300];
    lua_getfield(L, -1, "field");
    lua_pushstring(L, name_of_model(import, import->records[record].model));
    lua_pushstring(L, column ? column : "id");
    lua_call(L, 2, 1);
    snprintf(text, sizeof(text), "%s: %s", lua_tostring(L, -1),
             json_string_value(json_object_get(refusal, "why")));
    lua_pop(L, 1);
    if (push_record(L, import, record)) {
        read_key(L, -2, key);
        lua_pop(L, 2);
    }
    add_problem(import, record, key, text);
}

/* throws. */
static void add_refusals(lua_State *L, struct import *import)
{
    size_t index;
    json_t *refusal;
    json_array_foreach (json_object_get(import->answer, "refusals"), index, refusal)
        add_refusal(L, import, refusal);
}

/* The rows that wait become rows of the database; import->answer says how. */
static int run_op(struct import *import)
{
    const struct actor operator= { .kind = ACTOR_OPERATOR, .source = "cli", .sees_private = true };
    AUTO_JSON json_t *args = json_pack("{s:O}", "rows", import->batch);
    AUTO_BUF struct buf out = BUF_INIT;
    struct json_writer writer;
    json_writer_init(&writer, &out);
    struct op_call call = {
        .tx = import->tx, .actor = &operator, .args = args, .out = &writer, .err = import->err
    };
    int rc = op_find("import.rows")->run(&call);
    json_decref(import->answer);
    import->answer = rc == OK ? json_loadb(buf_text(&out), out.len, 0, NULL) : NULL;
    return rc;
}

/* throws. */
static void write_batch(lua_State *L, struct import *import)
{
    static const char *const COUNTS[] = { "created", "updated", "unchanged" };
    if (json_array_size(import->batch) == 0)
        return;
    import->rc = run_op(import);
    json_t *rows = json_object_get(import->report, "rows");
    for (size_t i = 0; import->answer && i < sizeof(COUNTS) / sizeof(COUNTS[0]); i++)
        count(rows, COUNTS[i], json_integer_value(json_object_get(import->answer, COUNTS[i])));
    if (import->answer)
        add_refusals(L, import);
    json_array_clear(import->batch);
}

static void add_rows(struct import *import, json_t *rows, size_t index)
{
    size_t before = json_array_size(import->batch);
    json_array_extend(import->batch, rows);
    size_t after = json_array_size(import->batch);
    if (after > import->origin_room) {
        import->origin_room = 2 * after;
        import->origins = xrealloc(import->origins, import->origin_room * sizeof(*import->origins));
    }
    for (size_t i = before; i < after; i++)
        import->origins[i] = index;
}

/* throws. What rows() gave is on top: a list of rows, or nil and why. Pops both. */
static void take_rows(lua_State *L, struct import *import, const char *model, size_t index)
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
    add_rows(import, rows, index);
    json_decref(rows);
    count(of_model, "mapped", 1);
    lua_pop(L, 2);
}

/* throws. The module is on top. */
static void import_stage(lua_State *L, struct import *import, const char *model)
{
    json_t *of_model = json_object_get(import->models, model);
    uint32_t number = (uint32_t)json_integer_value(json_object_get(of_model, "number"));
    char key[KEY_SIZE];
    for (size_t i = 0; of_model && i < import->count && import->rc == OK; i++) {
        if (import->records[i].model != number || !ask(L, import, "rows", i, 2, key))
            continue;
        take_rows(L, import, model, i);
        if (json_array_size(import->batch) >= BATCH_ROWS)
            write_batch(L, import);
    }
    if (import->rc == OK)
        write_batch(L, import);
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

static void require_script(lua_State *L, const struct import *import)
{
    lua_pushfstring(L, "import.%s", import->source->script);
    lua_api_require(L, lua_tostring(L, -1));
}

/* Every record is looked at before the first row is written. */
static int look(lua_State *L)
{
    struct import *import = lua_touserdata(L, 1);
    require_script(L, import);
    begin(L, import);
    see_all(L, import);
    if (!import->problem_count)
        check_all(L, import);
    if (!import->problem_count)
        note_all(L, import);
    return 0;
}

static int write_rows(lua_State *L)
{
    struct import *import = lua_touserdata(L, 1);
    require_script(L, import);
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

static int fail_for_problems(const struct import *import, struct err *err)
{
    if (!import->problem_count)
        return OK;
    return err_set(err, ERR_INVALID, "nothing was imported: %" PRId64 " problem%s",
                   import->problem_count, import->problem_count == 1 ? "" : "s");
}

static int write_in_tx(struct tx *tx, void *arg, struct err *err)
{
    struct import *import = arg;
    import->tx = tx;
    import->err = err;
    int rc = state_pcall(import->state, write_rows, import, BUDGET_US, err);
    if (rc == OK)
        rc = import->rc;
    return rc == OK ? fail_for_problems(import, err) : rc;
}

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
        rc = state_pcall(import->state, look, import, BUDGET_US, err);
    if (rc == OK)
        rc = fail_for_problems(import, err);
    if (rc == OK)
        rc = db_write_now(import->db, write_in_tx, import, err);
    state_free(import->state);
    snapshot_unref(snapshot);
    return rc;
}

int import_run(struct db *db, const struct import_source *source, json_t **report, struct err *err)
{
    struct import import = { .db = db, .source = source, .err = err };
    import.report = json_pack("{s:{}, s:{s:i,s:i,s:i}, s:[], s:[]}", "models", "rows", "created", 0,
                              "updated", 0, "unchanged", 0, "problems", "config");
    import.models = json_object_get(import.report, "models");
    import.problems = json_object_get(import.report, "problems");
    import.names = json_array();
    import.batch = json_array();
    int rc = run(&import);
    if (rc != OK) { /* nothing was kept, and nothing is claimed */
        json_object_del(import.report, "models");
        json_object_del(import.report, "rows");
        json_object_del(import.report, "config");
    }
    free(import.records);
    free(import.origins);
    json_decref(import.names);
    json_decref(import.batch);
    json_decref(import.answer);
    *report = import.report;
    return rc;
}
