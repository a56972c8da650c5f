#include "core/args.h"

#include "base/json_tree.h"
#include "base/json_writer.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { PATH_SIZE = 96 };

struct args args_of(struct op_call *call)
{
    return (struct args){ .object = call->args, .err = call->err };
}

static void join_path(char out[PATH_SIZE], const char *parent, const char *key)
{
    snprintf(out, PATH_SIZE, "%s%s%s", parent, *parent ? "." : "", key);
}

int args_fail(const struct args *args, const char *key, const char *fmt, ...)
{
    char path[PATH_SIZE];
    join_path(path, args->path, key);
    char message[400];
    va_list list;
    va_start(list, fmt);
    vsnprintf(message, sizeof(message), fmt, list);
    va_end(list);
    return err_field(args->err, path, "%s", message);
}

static bool is_listed(const char *key, const char *const *keys)
{
    for (; *keys; keys++)
        if (strcmp(*keys, key) == 0)
            return true;
    return false;
}

int args_refuse_others(json_t *object, const char *path, struct err *err, const char *const *keys)
{
    const char *key;
    json_t *value;
    json_object_foreach (object, key, value) {
        if (is_listed(key, keys))
            continue;
        char whole[PATH_SIZE];
        join_path(whole, path, key);
        return err_field(err, whole, "unknown argument \"%.80s\"", whole);
    }
    return OK;
}

int args_enter(const struct args *parent, const char *key, int index, json_t *item,
               struct args *row)
{
    char path[PATH_SIZE];
    join_path(path, parent->path, key);
    *row = (struct args){ .object = item, .err = parent->err };
    int len = index < 0 ? snprintf(row->path, sizeof(row->path), "%s", path)
                        : snprintf(row->path, sizeof(row->path), "%s[%d]", path, index + 1);
    if (len < 0 || (size_t)len >= sizeof(row->path))
        return err_field(parent->err, path, "%.60s is nested too deep", path);
    if (!json_is_object(item))
        return err_field(parent->err, row->path, "%s must be an object", row->path);
    return OK;
}

static json_t *value_of(const struct args *args, const char *key)
{
    json_t *value = json_object_get(args->object, key);
    return json_is_null(value) ? NULL : value;
}

bool args_has(const struct args *args, const char *key)
{
    return value_of(args, key) != NULL;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct text trimmed(const char *at, size_t len)
{
    while (len > 0 && is_space(at[len - 1]))
        len--;
    while (len > 0 && is_space(*at)) {
        at++;
        len--;
    }
    return (struct text){ .at = at, .len = len };
}

int args_check_text(json_t *value, const char *path, struct err *err, int min, int max,
                    struct text *out)
{
    out->at = NULL;
    out->len = 0;
    if (!json_is_string(value))
        return err_field(err, path, "%s must be a text", path);
    const char *at = json_string_value(value);
    size_t len = json_string_length(value);
    if (memchr(at, '\0', len))
        return err_field(err, path, "%s must not contain a NUL character", path);
    if (!utf8_is_valid(at, len))
        return err_field(err, path, "%s is not valid UTF-8 text", path);
    struct text text = trimmed(at, len);
    size_t points = utf8_length(text.at, text.len);
    if (points == 0 && min > 0)
        return err_field(err, path, "%s must not be empty", path);
    if (points < (size_t)min)
        return err_field(err, path, "%s must have at least %d characters (it has %zu)", path, min,
                         points);
    if (max > 0 && points > (size_t)max)
        return err_field(err, path, "%s must have at most %d characters (it has %zu)", path, max,
                         points);
    *out = text;
    return OK;
}

int args_text_optional(const struct args *args, const char *key, int min, int max, struct text *out)
{
    *out = (struct text){ 0 };
    json_t *value = value_of(args, key);
    if (!value)
        return OK;
    if (!args->path[0])
        return args_check_text(value, key, args->err, min, max, out);
    char path[PATH_SIZE];
    join_path(path, args->path, key);
    return args_check_text(value, path, args->err, min, max, out);
}

static int fail_missing(const struct args *args, const char *key)
{
    return args_fail(args, key, "%s is required", key);
}

int args_text(const struct args *args, const char *key, int min, int max, struct text *out)
{
    int rc = args_text_optional(args, key, min, max, out);
    return rc == OK && !out->at ? fail_missing(args, key) : rc;
}

/* Numbers from Lua or from a form may be written 5.0. */
static bool as_integer(json_t *value, int64_t *out)
{
    if (json_is_integer(value)) {
        *out = json_integer_value(value);
        return true;
    }
    double real = json_real_value(value);
    if (!json_is_real(value) || real != floor(real) || fabs(real) > 9007199254740992.0)
        return false;
    *out = (int64_t)real;
    return true;
}

int args_int_optional(const struct args *args, const char *key, int64_t min, int64_t max,
                      int64_t *out)
{
    json_t *value = value_of(args, key);
    int64_t number;
    if (!value)
        return OK;
    if (!as_integer(value, &number))
        return args_fail(args, key, "%s must be a whole number", key);
    if (number < min)
        return args_fail(args, key, "%s must be at least %" PRId64, key, min);
    if (number > max)
        return args_fail(args, key, "%s must be at most %" PRId64, key, max);
    *out = number;
    return OK;
}

int args_int(const struct args *args, const char *key, int64_t min, int64_t max, int64_t *out)
{
    return value_of(args, key) ? args_int_optional(args, key, min, max, out)
                               : fail_missing(args, key);
}

int args_bool_optional(const struct args *args, const char *key, bool *out)
{
    json_t *value = value_of(args, key);
    if (!value)
        return OK;
    if (!json_is_boolean(value))
        return args_fail(args, key, "%s must be true or false", key);
    *out = json_is_true(value);
    return OK;
}

int args_array_optional(const struct args *args, const char *key, size_t max, json_t **out)
{
    json_t *value = value_of(args, key);
    if (!value)
        return OK;
    bool is_empty_table = json_is_object(value) && json_object_size(value) == 0;
    if (!json_is_array(value) && !is_empty_table)
        return args_fail(args, key, "%s must be a list", key);
    if (json_array_size(value) > max)
        return args_fail(args, key, "%s must have at most %zu entries", key, max);
    *out = value;
    return OK;
}

int args_array(const struct args *args, const char *key, size_t max, json_t **out)
{
    *out = NULL;
    return value_of(args, key) ? args_array_optional(args, key, max, out) : fail_missing(args, key);
}

int args_object_optional(const struct args *args, const char *key, json_t **out)
{
    json_t *value = value_of(args, key);
    if (!value || (json_is_array(value) && json_array_size(value) == 0))
        return OK;
    if (!json_is_object(value))
        return args_fail(args, key, "%s must be an object", key);
    *out = value;
    return OK;
}

char *text_dup(struct text text)
{
    return text.at ? xstrndup(text.at, text.len) : NULL;
}

bool text_is(struct text text, const char *value)
{
    return text.at && strlen(value) == text.len && memcmp(text.at, value, text.len) == 0;
}

struct text text_of(const char *value)
{
    return (struct text){ .at = value, .len = value ? strlen(value) : 0 };
}

static bool is_clean_text(const char *at, size_t len)
{
    return !memchr(at, '\0', len) && utf8_is_valid(at, len);
}

/* True when every text within <value> is clean and the nesting is bearable. */
static bool is_clean_tree(json_t *value, int depth)
{
    enum { DEEPEST = 32 };
    if (depth > DEEPEST)
        return false;
    if (json_is_string(value))
        return is_clean_text(json_string_value(value), json_string_length(value));
    const char *key;
    json_t *member;
    json_object_foreach (value, key, member)
        if (!utf8_is_valid(key, strlen(key)) || !is_clean_tree(member, depth + 1))
            return false;
    size_t index;
    json_array_foreach (value, index, member)
        if (!is_clean_tree(member, depth + 1))
            return false;
    return true;
}

bool args_has_item(const json_t *list, const json_t *item)
{
    size_t index;
    json_t *other;
    json_array_foreach ((json_t *)list, index, other)
        if (json_equal(item, other))
            return true;
    return false;
}

int args_json_text(const struct args *args, const char *key, json_t *value, size_t max_bytes,
                   char **out)
{
    if (!value) {
        *out = xstrdup("{}");
        return OK;
    }
    if (!is_clean_tree(value, 0))
        return args_fail(
            args, key,
            "%s holds a text that is not valid UTF-8 or a NUL character, or is nested too deep",
            key);
    AUTO_BUF struct buf text = BUF_INIT;
    struct json_writer w;
    json_writer_init(&w, &text);
    json_tree_write(&w, value);
    if (text.len > max_bytes)
        return args_fail(args, key, "%s is longer than %zu bytes", key, max_bytes);
    *out = buf_take(&text, NULL);
    return OK;
}
