#include "core/custom_field.h"

#include "base/utf8.h"
#include "core/op_table.h"
#include "core/rows.h"
#include "store/db.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { FIELDS_MAX = 200, KEY_MAX = 64, TEXT_MAX = 3000, DECLARATION_MAX = 64 * 1024 };

static const char OWN_KEY[] = "environments";

static const char FORGET_ALL_BUT[] =
    "DELETE FROM custom_field WHERE key NOT IN (SELECT value FROM json_each(?))";
static const char STORE[] = "INSERT INTO custom_field (key, position, declaration) VALUES (?, ?, "
                            "?) ON CONFLICT (key) DO UPDATE SET position ="
                            " excluded.position, declaration = excluded.declaration WHERE "
                            "declaration <> excluded.declaration OR position <>"
                            " excluded.position";
static const char SELECT_ALL[] = "SELECT declaration FROM custom_field ORDER BY position";
/* A field without categories belongs to all. */
#define BELONGS                                                                                    \
    "(COALESCE(json_array_length(f.declaration, '$.categories'), 0) = 0 OR EXISTS (SELECT 1 FROM"  \
    " json_each(f.declaration, '$.categories') n JOIN category c ON c.id = ? JOIN category_group " \
    "g ON g.id ="                                                                                  \
    " c.group_id WHERE n.value IN (c.id, c.name, g.name || '/' || c.name)))"
static const char SELECT_FOR_CATEGORY[] =
    "SELECT f.declaration FROM custom_field f WHERE " BELONGS " ORDER BY f.position";
static const char SELECT_ONE[] =
    "SELECT f.declaration, " BELONGS " FROM custom_field f WHERE f.key = ?";
static const char SELECT_COUNT[] = "SELECT COUNT(*) FROM custom_field";

/* ---- the declarations */

static int store_one(struct tx *tx, const struct args *args, json_t *declaration, int position,
                     json_t *keys, int64_t *changes)
{
    struct args row;
    struct text key;
    AUTO_FREE char *text = NULL;
    int rc = args_enter(args, "custom_fields", position, declaration, &row);
    if (rc != OK || (rc = args_text(&row, "key", 1, KEY_MAX, &key)) != OK)
        return rc;
    if (text_is(key, OWN_KEY))
        return args_fail(&row, "key", "\"%s\" is the engine's own", OWN_KEY);
    if ((rc = args_json_text(&row, "key", declaration, DECLARATION_MAX, &text)) != OK)
        return rc;
    json_array_append_new(keys, json_stringn(key.at, key.len));
    rc = tx_exec(tx, args->err, STORE, "nit", key.at, key.len, (int64_t)position, text);
    *changes += rc > 0;
    return rc < 0 ? rc : OK;
}

int custom_field_reconcile(struct tx *tx, const struct args *args, int64_t *changes)
{
    json_t *list = NULL;
    json_t *declaration;
    size_t position;
    AUTO_JSON json_t *keys = json_array();
    if (!args_has(args, "custom_fields"))
        return OK;
    int rc = args_array_optional(args, "custom_fields", FIELDS_MAX, &list);
    json_array_foreach (list, position, declaration)
        if (rc == OK)
            rc = store_one(tx, args, declaration, (int)position, keys, changes);
    if (rc != OK)
        return rc;
    AUTO_FREE char *kept = json_dumps(keys, JSON_COMPACT);
    rc = tx_exec(tx, args->err, FORGET_ALL_BUT, "t", kept);
    *changes += rc > 0 ? rc : 0;
    return rc < 0 ? rc : OK;
}

/* ---- the values */

/* The number of <key>, or <absent>. */
static double limit(const json_t *declaration, const char *key, double absent)
{
    const json_t *value = json_object_get(declaration, key);
    return json_is_number(value) ? json_number_value(value) : absent;
}

static const char *check_text(const json_t *declaration, json_t *value)
{
    const char *text = json_string_value(value);
    if (!text)
        return "must be a text";
    double length = (double)utf8_length(text, strlen(text));
    if (length < limit(declaration, "min", 0))
        return "is shorter than its least length";
    return length > limit(declaration, "max", TEXT_MAX) ? "is longer than its greatest length"
                                                        : NULL;
}

static const char *check_number(const json_t *declaration, json_t *value)
{
    if (!json_is_number(value))
        return "must be a number";
    double number = json_number_value(value);
    if (number < limit(declaration, "min", number))
        return "is below its least value";
    return number > limit(declaration, "max", number) ? "is above its greatest value" : NULL;
}

static const char *check_boolean(const json_t *declaration, json_t *value)
{
    (void)declaration;
    return json_is_boolean(value) ? NULL : "must be true or false";
}

/* sscanf() alone would take blanks and signs for digits. */
static bool has_date_shape(const char *text)
{
    static const char DIGITS[] = "0123456789";
    return strlen(text) == 10 && strspn(text, DIGITS) == 4 && strspn(text + 5, DIGITS) == 2 &&
           strspn(text + 8, DIGITS) == 2;
}

static const char *check_date(const json_t *declaration, json_t *value)
{
    (void)declaration;
    static const int DAYS[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    const char *text = json_string_value(value);
    int year, month, day, end = 0;
    bool is_date = text && has_date_shape(text) &&
                   sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &end) == 3 && end == 10 &&
                   month >= 1 && month <= 12 && day >= 1 && day <= DAYS[month - 1];
    bool is_leap = is_date && (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
    return is_date && (is_leap || month != 2 || day != 29)
               ? NULL
               : "must be a date such as \"2026-11-23\"";
}

static const char *check_url(const json_t *declaration, json_t *value)
{
    (void)declaration;
    const char *text = json_string_value(value);
    bool is_url = text &&
                  (strncasecmp(text, "http://", 7) == 0 || strncasecmp(text, "https://", 8) == 0) &&
                  strlen(text) <= TEXT_MAX && !strpbrk(text, " \t\r\n<>\"");
    return is_url ? NULL : "must be an address that begins with http:// or https://";
}

static const char *check_choice(const json_t *declaration, json_t *value)
{
    const char *wanted = json_string_value(value);
    size_t index;
    json_t *choice;
    json_array_foreach (json_object_get(declaration, "choices"), index, choice) {
        const char *one = json_string_value(json_object_get(choice, "value"));
        if (wanted && one && strcmp(one, wanted) == 0)
            return NULL;
    }
    return "is none of the choices";
}

static const char *check_choices(const json_t *declaration, json_t *value)
{
    size_t index;
    json_t *item;
    if (!json_is_array(value))
        return "must be a list of choices";
    json_array_foreach (value, index, item) {
        const char *problem = check_choice(declaration, item);
        if (problem)
            return problem;
    }
    return NULL;
}

/* What is wrong with <value>; NULL: nothing. */
static const char *check_value(const json_t *declaration, json_t *value)
{
    static const struct {
        const char *type;
        const char *(*check)(const json_t *declaration, json_t *value);
    } TYPES[] = {
        { "text", check_text },       { "number", check_number }, { "boolean", check_boolean },
        { "date", check_date },       { "url", check_url },       { "choice", check_choice },
        { "choices", check_choices },
    };
    const char *type = json_string_value(json_object_get(declaration, "type"));
    for (size_t i = 0; type && i < sizeof(TYPES) / sizeof(TYPES[0]); i++)
        if (strcmp(TYPES[i].type, type) == 0)
            return TYPES[i].check(declaration, value);
    return "has a type that this program does not know";
}

static bool is_from_script(const struct op_call *call)
{
    return strcmp(call->actor->source, "chat") == 0 || strcmp(call->actor->source, "script") == 0;
}

static int check_one(struct op_call *call, const char *category_id, const char *key, json_t *value)
{
    struct args args = args_of(call), row;
    struct stmt *stmt = tx_query(call->tx, call->err, SELECT_ONE, "tt", category_id, key);
    int rc = stmt ? stmt_next(stmt, call->err) : call->err->code;
    bool is_known = rc == DB_ROW;
    bool belongs = is_known && stmt_int(stmt, 1) != 0;
    AUTO_JSON json_t *declaration = belongs ? json_loads(stmt_text(stmt, 0), 0, NULL) : NULL;
    stmt_end(stmt);
    if (rc < 0 || (rc = args_enter(&args, "custom_fields", -1,
                                   json_object_get(args.object, "custom_fields"), &row)) != OK)
        return rc;
    if (!declaration)
        return !is_known && is_from_script(call)
                   ? OK
                   : args_fail(&row, key, "there is no custom field \"%.64s\" for this category",
                               key);
    const char *problem = check_value(declaration, value);
    return problem ? args_fail(&row, key, "%.64s %s", key, problem) : OK;
}

int custom_field_check(struct op_call *call, const char *category_id, json_t *values)
{
    int rc = OK;
    bool are_declared = tx_get_int(call->tx, &rc, call->err, 0, SELECT_COUNT, "") > 0;
    const char *key;
    json_t *value;
    json_object_foreach (values, key, value)
        if (rc == OK && are_declared && !json_is_null(value) && strcmp(key, OWN_KEY) != 0)
            rc = check_one(call, category_id, key, value);
    return rc;
}

/* ---- operations */

static void write_declaration(struct json_writer *w, struct stmt *stmt)
{
    json_raw(w, stmt_text(stmt, 0), strlen(stmt_text(stmt, 0)));
}

/* custom_field.list {category_id?} -> [{key, name, type, ...}] */
static int custom_field_list(struct op_call *call)
{
    struct args args = args_of(call);
    struct text category;
    int rc = args_refuse_unknown(call, "category_id");
    if (rc == OK)
        rc = args_text_optional(&args, "category_id", 1, KEY_MAX, &category);
    if (rc != OK)
        return rc;
    struct stmt *stmt = category.at ? tx_query(call->tx, call->err, SELECT_FOR_CATEGORY, "n",
                                               category.at, category.len)
                                    : tx_query(call->tx, call->err, SELECT_ALL, "");
    return op_write_rows(call, stmt, write_declaration);
}

const struct op CUSTOM_FIELD_OPS[] = {
    { "custom_field.list", false, custom_field_list,
      "{category_id?}: the custom fields that are declared, or those of a category -> [{key, name, "
      "type, help?,"
      " categories?, min?, max?, choices?}]" },
    { 0 },
};
