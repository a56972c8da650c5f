/* args - typed readers of an operation's arguments. The arguments come from outside: every reader
 * checks type and size, refuses text that is not valid UTF-8 or holds a NUL byte, and on failure
 * returns ERR_INVALID with the argument's path in err->field ("impacts.sellers",
 * "priorities[2].name") and a sentence that names it. Null counts as absent. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "core/op.h"

/* An object that is being read: the arguments themselves, or a row within them. */
struct args {
    json_t *object; /* borrowed */
    struct err *err;
    char path[80]; /* "" for the arguments, "priorities[2]" for a row */
};

/* A piece of a borrowed text, trimmed. Absent: at is NULL. Bind it with "n": text.at, text.len. */
struct text {
    const char *at;
    size_t len;
};

/* The arguments of an operation, to be read. */
struct args args_of(struct op_call *call);

/* args_refuse_unknown(call, "title", "description"): only these keys. */
#define args_refuse_unknown(call, ...) \
    args_refuse_others((call)->args, "", (call)->err, (const char *const[]){ __VA_ARGS__, NULL })
/* The same for a row. */
#define args_row_refuse_unknown(row, ...)                      \
    args_refuse_others((row)->object, (row)->path, (row)->err, \
                       (const char *const[]){ __VA_ARGS__, NULL })
int args_refuse_others(json_t *object, const char *path, struct err *err, const char *const *keys);

/* Begins to read item <index> of the array at <key>, which must be an object; a negative index: the
 * member <key> itself. */
int args_enter(const struct args *parent, const char *key, int index, json_t *item,
               struct args *row);

/* Required readers fail on what is absent; *_optional leave <out> as it was (texts: .at becomes
 * NULL). Lengths are code points after trimming; <max> 0 is no maximum. */
int args_text(const struct args *args, const char *key, int min, int max, struct text *out);
int args_text_optional(const struct args *args, const char *key, int min, int max,
                       struct text *out);
int args_int(const struct args *args, const char *key, int64_t min, int64_t max, int64_t *out);
int args_int_optional(const struct args *args, const char *key, int64_t min, int64_t max,
                      int64_t *out);
int args_bool_optional(const struct args *args, const char *key, bool *out);
/* Borrowed. An empty object counts as an empty array and the other way round: Lua has one table for
 * both. args_array() that fails gives NULL, an empty list to whoever goes through it. */
int args_array(const struct args *args, const char *key, size_t max, json_t **out);
int args_array_optional(const struct args *args, const char *key, size_t max, json_t **out);
int args_object_optional(const struct args *args, const char *key, json_t **out);

/* True when <key> is there and not null. */
bool args_has(const struct args *args, const char *key);

/* Checks one JSON text as args_text() does, for items of an array; <path> names it. */
int args_check_text(json_t *value, const char *path, struct err *err, int min, int max,
                    struct text *out);

/* ERR_INVALID for <key> of <args>, with its whole path; the sentence should name the key. */
int args_fail(const struct args *args, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- small helpers of operations */

char *text_dup(struct text text); /* heap; NULL for an absent one; caller frees */
/* True when <text> is there and says <value>. */
bool text_is(struct text text, const char *value);
struct text text_of(const char *value); /* borrows; NULL gives an absent one */

/* Is there an item of <list> (NULL: an empty one) that equals <item>? */
bool args_has_item(const json_t *list, const json_t *item);

/* Compact JSON text of <value> ("{}" for NULL), heap, caller frees. ERR_INVALID for <key> when a
 * text within is not valid UTF-8 or holds a NUL, when it is nested deeper than 32, or longer than
 * <max_bytes>. */
int args_json_text(const struct args *args, const char *key, json_t *value, size_t max_bytes,
                   char **out);

/* For variables that free themselves at the end of their scope. */
static inline void args_free_json(json_t **value)
{
    json_decref(*value);
}
#define AUTO_JSON __attribute__((cleanup(args_free_json)))
