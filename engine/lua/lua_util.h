/* lua_util - what bindings share: errors, options, durations, JSON values. Functions marked
 * throws() use the Lua error mechanism: the caller holds nothing unowned when it calls them. */
#pragma once
#include <jansson.h>
#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Pushes nil and the error table {code, message, retryable, status?, field?} (tostring gives the
 * message) and returns 2. throws. */
int lua_util_push_err(lua_State *L, const struct err *err);
/* Pushes only the error table. throws. */
void lua_util_push_err_table(lua_State *L, const struct err *err);
/* Fills <err> from the error value at <index>: an error table (also one with retry_after_ms,
 * unknown) or a text. <retry_after_ms> and <is_unknown> may be NULL. A code of the script's own
 * stays in front of the message. throws when memory is out. */
void lua_util_to_err(lua_State *L, int index, struct err *err, int64_t *retry_after_ms,
                     bool *is_unknown);

/* throws "http.request: unknown option "methd" (did you mean "method"?)" for a key that is not in
 * <names> (closed by NULL). Also throws when <index> is no table. */
void lua_util_check_keys(lua_State *L, int index, const char *what, const char *const *names);

/* A duration: milliseconds as an integer >= 0, or a text "150ms", "15s", "5m", "1h", "2d". throws.
 */
int64_t lua_util_check_duration(lua_State *L, int index);
/* The same without throwing; false when <text> is none. */
bool lua_util_parse_duration(const char *text, int64_t *ms);

/* ---- JSON values */

/* json.null is the light userdata NULL. A table with this metatable (in the registry under this
 * name) is written as an array, also when it is empty; an array that was read has it. */
#define LUA_UTIL_JSON_ARRAY "engine.json.array"
enum { LUA_UTIL_JSON_DEPTH = 64 };
#define LUA_UTIL_INTEGERS_MOST \
    9007199254740992.0 /* 2^53: up to there a double holds every integer */

/* throws. Pushes the metatable that is the array mark. */
void lua_util_push_array_mark(lua_State *L);
/* throws. Sets the array mark on the table at <index>. */
void lua_util_mark_array(lua_State *L, int index);
/* Pushes <value>. Members that are null are left out of objects; within arrays they are json.null.
 * throws. */
void lua_util_push_json(lua_State *L, const json_t *value);
/* Pushes the value that the text means, in the same way; only the stack holds what was read so far,
 * so that an error thrown on the way leaves nothing behind. ERR_SYNTAX (with the byte) or ERR_LIMIT
 * pushes nothing. throws when memory is out. */
int lua_util_read_json(lua_State *L, const char *text, size_t len, struct err *err);
/* What writing a value takes; keep it for the next one. Begin with { 0 }. */
struct lua_util_json_member;
struct lua_util_json_text {
    struct buf text; /* the JSON text */
    struct lua_util_json_member *members;
    size_t count, cap; /* of <members> */
};
/* The JSON text of the value at <index> into <work>->text, members in the order of their names. What
 * is refused is said at lua_util_to_json. Runs nothing of a script. throws only before it begins. */
int lua_util_write_json(lua_State *L, int index, bool is_pretty, struct lua_util_json_text *work,
                        struct err *err);
void lua_util_json_text_fini(struct lua_util_json_text *work);
/* A new reference to the JSON value at <index>. Tables with keys 1..n are arrays, an empty one is
 * an object unless marked. NULL + err (ERR_INVALID naming the path) for functions, mixed keys,
 * cycles, bad UTF-8, NaN. Runs no metamethod; read-only views are read through. throws only before
 * it makes anything. */
json_t *lua_util_to_json(lua_State *L, int index, struct err *err);

/* throws. Pops the table on top and pushes a read-only view of it, deep: reading, pairs, ipairs and
 * # work; writing throws
 * "<what> is read-only". */
void lua_util_push_readonly(lua_State *L, const char *what);
/* Pushes the table behind the read-only view at <index> (not relative to the top), or that table itself. */
void lua_util_push_behind(lua_State *L, int index);
/* The one word of <names> (closed by NULL) that <word> was probably meant to be; NULL when none is
 * near. */
const char *lua_util_suggest(const char *word, const char *const *names);
