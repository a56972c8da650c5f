#include "lua/lua_util.h"

#include "base/mem.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define ERR_TABLE "engine.err"

static const char
    READONLY_KEY; /* its address: metatable key of a read-only view, the table behind it */

/* ---- errors */

static int l_err_tostring(lua_State *L)
{
    lua_pushliteral(L, "message");
    lua_rawget(L, 1);
    return 1;
}

void lua_util_push_err_table(lua_State *L, const struct err *err)
{
    luaL_checkstack(L, 4, NULL);
    lua_createtable(L, 0, 5);
    lua_pushstring(L, err_name(err->code));
    lua_setfield(L, -2, "code");
    lua_pushstring(L, err->msg);
    lua_setfield(L, -2, "message");
    lua_pushboolean(L, err->retryable);
    lua_setfield(L, -2, "retryable");
    if (err->status) {
        lua_pushinteger(L, err->status);
        lua_setfield(L, -2, "status");
    }
    if (err->field[0]) {
        lua_pushstring(L, err->field);
        lua_setfield(L, -2, "field");
    }
    if (luaL_newmetatable(L, ERR_TABLE)) {
        lua_pushcfunction(L, l_err_tostring);
        lua_setfield(L, -2, "__tostring");
    }
    lua_setmetatable(L, -2);
}

int lua_util_push_err(lua_State *L, const struct err *err)
{
    lua_pushnil(L);
    lua_util_push_err_table(L, err);
    return 2;
}

/* Pushes the raw field <key> of the table at <index>; its type. */
static int raw_field(lua_State *L, int index, const char *key)
{
    lua_pushstring(L, key);
    return lua_rawget(L, index);
}

/* Copies the text on top, if it is one, and pops it. */
static void take_text(lua_State *L, char *out, size_t size)
{
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
    copy_text(out, size, text);
    lua_pop(L, 1);
}

static void table_to_err(lua_State *L, int index, struct err *err)
{
    char code[64], message[sizeof(err->msg)], field[sizeof(err->field)];
    raw_field(L, index, "code");
    take_text(L, code, sizeof(code));
    raw_field(L, index, "message");
    take_text(L, message, sizeof(message));
    raw_field(L, index, "field");
    take_text(L, field, sizeof(field));
    int known = err_from_name(code);
    bool is_known = strcmp(err_name(known), code) == 0;
    if (is_known || code[0] == '\0')
        err_set(err, is_known ? known : ERR_SCRIPT, "%s",
                message[0] ? message : "error without a message");
    else
        err_set(err, ERR_SCRIPT, "%s%s%s", code, message[0] ? ": " : "", message);
    memcpy(err->field, field, sizeof(field));
    int retryable = raw_field(L, index, "retryable");
    err->retryable = retryable == LUA_TNIL || lua_toboolean(L, -1);
    raw_field(L, index, "status");
    err->status = (int)lua_tointeger(L, -1);
    lua_pop(L, 2);
}

void lua_util_to_err(lua_State *L, int index, struct err *err, int64_t *retry_after_ms,
                     bool *is_unknown)
{
    luaL_checkstack(L, 4, NULL);
    index = lua_absindex(L, index);
    int64_t retry_after = 0;
    bool unknown = false;
    if (lua_istable(L, index)) {
        table_to_err(L, index, err);
        raw_field(L, index, "retry_after_ms");
        retry_after = (int64_t)lua_tonumber(L, -1);
        raw_field(L, index, "unknown");
        unknown = lua_toboolean(L, -1);
        raw_field(L, index, "outcome");
        unknown = unknown || (lua_isstring(L, -1) && strcmp(lua_tostring(L, -1), "unknown") == 0);
        lua_pop(L, 3);
    } else {
        bool is_text = lua_type(L, index) == LUA_TSTRING;
        err_set(err, ERR_SCRIPT, "%s",
                is_text ? lua_tostring(L, index) : "failed without saying why");
        err->retryable = true;
    }
    if (retry_after_ms)
        *retry_after_ms = retry_after;
    if (is_unknown)
        *is_unknown = unknown;
}

/* ---- options */

static size_t distance(const char *a, const char *b)
{
    enum { LONGEST = 40 };
    size_t a_len = strlen(a), b_len = strlen(b);
    if (a_len > LONGEST || b_len > LONGEST)
        return LONGEST;
    size_t row[LONGEST + 1];
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            best = row[j] + 1 < best ? row[j] + 1 : best;
            row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
        }
    }
    return row[b_len];
}

const char *lua_util_suggest(const char *word, const char *const *names)
{
    const char *found = NULL;
    size_t best = strlen(word) < 4 ? 2 : 3; /* nearer than this */
    for (; *names; names++) {
        size_t changes = distance(word, *names);
        if (changes < best) {
            best = changes;
            found = *names;
        }
    }
    return found;
}

static bool is_listed(const char *word, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(*names, word) == 0)
            return true;
    return false;
}

void lua_util_check_keys(lua_State *L, int index, const char *what, const char *const *names)
{
    index = lua_absindex(L, index);
    if (!lua_istable(L, index))
        luaL_error(L, "%s: expected a table of options, got %s", what, luaL_typename(L, index));
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        if (lua_type(L, -1) != LUA_TSTRING)
            luaL_error(L, "%s: option names are texts, got a %s", what, luaL_typename(L, -1));
        const char *key = lua_tostring(L, -1);
        if (is_listed(key, names))
            continue;
        const char *meant = lua_util_suggest(key, names);
        luaL_error(L, "%s: unknown option \"%s\"%s%s%s", what, key,
                   meant ? " (did you mean \"" : "", meant ? meant : "", meant ? "\"?)" : "");
    }
}

bool lua_util_parse_duration(const char *text, int64_t *ms)
{
    static const struct {
        const char *name;
        int64_t ms;
    } UNITS[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 } };
    int64_t count = 0;
    int digits = 0;
    for (; text[digits] >= '0' && text[digits] <= '9' && digits < 10; digits++)
        count = count * 10 + (text[digits] - '0');
    for (size_t i = 0; digits > 0 && i < sizeof(UNITS) / sizeof(UNITS[0]); i++)
        if (strcmp(text + digits, UNITS[i].name) == 0) {
            *ms = count * UNITS[i].ms;
            return true;
        }
    return false;
}

int64_t lua_util_check_duration(lua_State *L, int index)
{
    int64_t ms = 0;
    if (lua_type(L, index) == LUA_TSTRING) {
        if (!lua_util_parse_duration(lua_tostring(L, index), &ms))
            luaL_argerror(L, index,
                          "not a duration (write \"150ms\", \"15s\", \"5m\", \"1h\" or \"2d\")");
        return ms;
    }
    int is_integer = 0;
    ms = lua_tointegerx(L, index, &is_integer);
    luaL_argcheck(L, is_integer && ms >= 0, index,
                  "a duration is a text like \"15s\" or milliseconds");
    return ms;
}

/* ---- JSON to Lua */

void lua_util_push_array_mark(lua_State *L)
{
    luaL_newmetatable(L, LUA_UTIL_JSON_ARRAY);
}

void lua_util_mark_array(lua_State *L, int index)
{
    index = lua_absindex(L, index);
    lua_util_push_array_mark(L);
    lua_setmetatable(L, index);
}

static void push_json(lua_State *L, const json_t *value, int depth);

static void push_array(lua_State *L, const json_t *array, int depth)
{
    size_t count = json_array_size(array);
    lua_createtable(L, (int)count, 0);
    lua_util_mark_array(L, -1);
    for (size_t i = 0; i < count; i++) {
        push_json(L, json_array_get(array, i), depth + 1);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void push_object(lua_State *L, const json_t *object, int depth)
{
    json_t *borrowed = (json_t *)object; /* jansson's iteration takes no const */
    lua_createtable(L, 0, (int)json_object_size(object));
    const char *key;
    size_t key_len;
    json_t *value;
    json_object_keylen_foreach(borrowed, key, key_len, value)
    {
        if (json_is_null(value))
            continue;
        lua_pushlstring(L, key, key_len);
        push_json(L, value, depth + 1);
        lua_rawset(L, -3);
    }
}

/* 5.0 is an integer too, as it is to those who write it. */
static void push_real(lua_State *L, double value)
{
    if (value == floor(value) && fabs(value) < LUA_UTIL_INTEGERS_MOST)
        lua_pushinteger(L, (lua_Integer)value);
    else
        lua_pushnumber(L, value);
}

static void push_json(lua_State *L, const json_t *value, int depth)
{
    luaL_checkstack(L, 6, NULL);
    if (depth > LUA_UTIL_JSON_DEPTH)
        luaL_error(L, "JSON is nested more than %d levels", LUA_UTIL_JSON_DEPTH);
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_OBJECT:
        push_object(L, value, depth);
        break;
    case JSON_ARRAY:
        push_array(L, value, depth);
        break;
    case JSON_STRING:
        lua_pushlstring(L, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        lua_pushinteger(L, json_integer_value(value));
        break;
    case JSON_REAL:
        push_real(L, json_real_value(value));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        lua_pushboolean(L, json_is_true(value));
        break;
    case JSON_NULL:
        lua_pushlightuserdata(L, NULL);
        break;
    }
}

void lua_util_push_json(lua_State *L, const json_t *value)
{
    push_json(L, value, 0);
}

/* ---- read-only views */

void lua_util_push_behind(lua_State *L, int index)
{
    if (lua_getmetatable(L, index)) {
        lua_rawgetp(L, -1, &READONLY_KEY);
        lua_remove(L, -2);
        if (lua_istable(L, -1))
            return;
        lua_pop(L, 1);
    }
    lua_pushvalue(L, index);
}

static int l_readonly_write(lua_State *L)
{
    return luaL_error(L, "%s is read-only", lua_tostring(L, lua_upvalueindex(1)));
}

static int l_readonly_len(lua_State *L)
{
    lua_util_push_behind(L, 1);
    lua_pushinteger(L, (lua_Integer)lua_rawlen(L, -1));
    return 1;
}

static int l_readonly_pairs(lua_State *L)
{
    lua_getglobal(L, "next");
    lua_util_push_behind(L, 1);
    lua_pushnil(L);
    return 3;
}

/* Pushes the metatable for a view of the table at <index>; at <write> is the function that refuses
 * to. */
static void push_view_metatable(lua_State *L, int index, int write)
{
    lua_createtable(L, 0, 6);
    lua_pushvalue(L, index);
    lua_rawsetp(L, -2, &READONLY_KEY);
    lua_pushvalue(L, index);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, l_readonly_len);
    lua_setfield(L, -2, "__len");
    lua_pushcfunction(L, l_readonly_pairs);
    lua_setfield(L, -2, "__pairs");
    lua_pushvalue(L, write);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
}

/* The table on top becomes a view of it. */
static void make_view(lua_State *L, int write)
{
    luaL_checkstack(L, 10, NULL);
    int table = lua_gettop(L);
    lua_pushnil(L);
    while (lua_next(L, table)) {
        if (!lua_istable(L, -1)) {
            lua_pop(L, 1);
            continue;
        }
        make_view(L, write);
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, table); /* an existing key: allowed on the way */
    }
    lua_newtable(L);
    push_view_metatable(L, table, write);
    lua_setmetatable(L, -2);
    lua_remove(L, table);
}

void lua_util_push_readonly(lua_State *L, const char *what)
{
    lua_pushstring(L, what);
    lua_pushcclosure(L, l_readonly_write, 1);
    lua_insert(L, -2);
    make_view(L, lua_gettop(L) - 1);
    lua_remove(L, -2);
}
