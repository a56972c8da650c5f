#include "core/reference_named.h"

#include "base/mem.h"
#include "core/response.h"
#include "store/db.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { ENVIRONMENTS_MAX = 50, WAYS = 3 };

#define PRIORITY_COLUMNS "id, value, enabled_create, enabled_update, recommended_response_type"

/* Tried one after the other: by one key at a time SQLite looks up one row. */
static const char *const PRIORITY_BY_TEXT[WAYS] = {
    "SELECT " PRIORITY_COLUMNS " FROM priority WHERE id = ? AND is_active = 1",
    "SELECT " PRIORITY_COLUMNS " FROM priority WHERE name = ? AND is_active = 1",
    "SELECT " PRIORITY_COLUMNS " FROM priority WHERE lower(name) = lower(?) AND is_active = 1",
};
static const char PRIORITY_BY_VALUE[] =
    "SELECT " PRIORITY_COLUMNS " FROM priority WHERE value = ? AND is_active = 1";
static const char CATEGORY_BY_ID[] =
    "SELECT id, is_private FROM category WHERE id = ? AND is_active = 1";
static const char CATEGORY_BY_NAME[] =
    "SELECT c.id, c.is_private FROM category c JOIN category_group g ON g.id = c.group_id"
    " WHERE c.is_active = 1 AND (c.name = ? OR g.name || '/' || c.name = ?) LIMIT 2";
static const char CATEGORY_BY_ANY_CASE[] =
    "SELECT c.id, c.is_private FROM category c JOIN category_group g ON g.id = c.group_id"
    " WHERE c.is_active = 1 AND (lower(c.name) = lower(?)"
    " OR lower(g.name || '/' || c.name) = lower(?)) LIMIT 2";
static const char *const ENVIRONMENT_BY_TEXT[WAYS] = {
    "SELECT id, value, position FROM environment WHERE value = ? AND is_active = 1",
    "SELECT id, value, position FROM environment WHERE id = ? AND is_active = 1",
    "SELECT id, value, position FROM environment WHERE lower(value) = lower(?) AND is_active = 1",
};

/* What there is, for a message; as many as fit it. */
static const char KNOWN_PRIORITIES[] =
    "SELECT name FROM priority WHERE is_active = 1 ORDER BY position, value LIMIT 12";
static const char KNOWN_CATEGORIES[] =
    "SELECT c.name FROM category c JOIN category_group g ON g.id = c.group_id"
    " WHERE c.is_active = 1 ORDER BY g.position, c.position, c.name LIMIT 12";
static const char KNOWN_ENVIRONMENTS[] =
    "SELECT value FROM environment WHERE is_active = 1 ORDER BY position, value LIMIT 12";

/* "there is no priority "P9" (there are P1, P2, P3)". */
static int fail_unknown(struct op_call *call, const struct args *args, const char *key,
                        const char *what, struct text name, const char *known)
{
    AUTO_BUF struct buf list = BUF_INIT;
    struct stmt *stmt = tx_query(call->tx, call->err, known, "");
    int rc = stmt ? DB_ROW : call->err->code;
    while (stmt && (rc = stmt_next(stmt, call->err)) == DB_ROW)
        buf_printf(&list, "%s%s", list.len ? ", " : "", stmt_text(stmt, 0));
    stmt_end(stmt);
    if (rc < 0)
        return rc;
    return args_fail(args, key, "there is no %s \"%.*s\" (there are: %.160s)", what, (int)name.len,
                     name.at, list.len ? buf_text(&list) : "none");
}

/* ---- priority */

static void copy_priority(struct stmt *stmt, struct named_priority *out)
{
    copy_text(out->id, sizeof(out->id), stmt_text(stmt, 0));
    out->value = stmt_int(stmt, 1);
    out->can_create = stmt_int(stmt, 2);
    out->can_update = stmt_int(stmt, 3);
    out->wants_critical = response_is_critical(stmt_text(stmt, 4), out->value);
}

/* <stmt> is ended; NULL: it could not begin. */
static int take_priority(struct op_call *call, struct stmt *stmt, struct named_priority *out,
                         bool *is_found)
{
    int rc = stmt ? stmt_next(stmt, call->err) : call->err->code;
    *is_found = rc == DB_ROW;
    if (rc == DB_ROW)
        copy_priority(stmt, out);
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

static int read_priority_value(struct op_call *call, const struct args *args,
                               struct named_priority *out)
{
    int64_t value = 0;
    bool is_found;
    char name[24];
    int rc = args_int(args, "priority", INT32_MIN, INT32_MAX, &value);
    if (rc != OK)
        return rc;
    rc = take_priority(call, tx_query(call->tx, call->err, PRIORITY_BY_VALUE, "i", value), out,
                       &is_found);
    if (rc != OK || is_found)
        return rc;
    snprintf(name, sizeof(name), "%" PRId64, value);
    return fail_unknown(call, args, "priority", "priority", text_of(name), KNOWN_PRIORITIES);
}

int reference_read_priority(struct op_call *call, const struct args *args,
                            struct named_priority *out)
{
    struct text text;
    bool is_found = false;
    if (json_is_number(json_object_get(args->object, "priority")))
        return read_priority_value(call, args, out);
    int rc = args_text(args, "priority", 1, 128, &text);
    if (rc != OK)
        return rc;
    for (int way = 0; way < WAYS && rc == OK && !is_found; way++)
        rc = take_priority(
            call, tx_query(call->tx, call->err, PRIORITY_BY_TEXT[way], "n", text.at, text.len), out,
            &is_found);
    if (rc != OK || is_found)
        return rc;
    return fail_unknown(call, args, "priority", "priority", text, KNOWN_PRIORITIES);
}

/* ---- category */

/* *found counts the rows (at most 2). <stmt> is ended; NULL: it could not begin. */
static int take_category(struct op_call *call, struct stmt *stmt, struct named_category *out,
                         int *found)
{
    int rc = stmt ? DB_ROW : call->err->code;
    *found = 0;
    while (stmt && (rc = stmt_next(stmt, call->err)) == DB_ROW) {
        ++*found;
        copy_text(out->id, sizeof(out->id), stmt_text(stmt, 0));
        out->is_private = stmt_int(stmt, 1);
    }
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

int reference_read_category(struct op_call *call, const struct args *args,
                            struct named_category *out)
{
    struct text text;
    int found;
    int rc = args_text(args, "category", 1, 300, &text);
    if (rc != OK)
        return rc;
    rc = take_category(call, tx_query(call->tx, call->err, CATEGORY_BY_ID, "n", text.at, text.len),
                       out, &found);
    static const char *const BY_NAME[] = { CATEGORY_BY_NAME, CATEGORY_BY_ANY_CASE };
    for (int i = 0; rc == OK && found == 0 && i < 2; i++) {
        struct stmt *stmt =
            tx_query(call->tx, call->err, BY_NAME[i], "nn", text.at, text.len, text.at, text.len);
        rc = take_category(call, stmt, out, &found);
    }
    if (rc == OK && found == 0)
        return fail_unknown(call, args, "category", "incident category", text, KNOWN_CATEGORIES);
    if (rc == OK && found > 1)
        return args_fail(args, "category",
                         "several incident categories have this name; write \"group/category\"");
    return rc;
}

/* ---- environments */

/* The environments that are being read. */
struct environments {
    struct op_call *call;
    const struct args *args;
    char *id; /* of the most important one so far */
    int64_t best;
};

/* DB_ROW: it was taken. <stmt> is ended; NULL: it could not begin. */
static int take_environment_row(struct environments *in, struct stmt *stmt, json_t *values)
{
    int rc = stmt ? stmt_next(stmt, in->call->err) : in->call->err->code;
    if (rc == DB_ROW) {
        if (in->id[0] == '\0' || stmt_int(stmt, 2) < in->best) {
            in->best = stmt_int(stmt, 2);
            copy_text(in->id, REFERENCE_ID_SIZE, stmt_text(stmt, 0));
        }
        AUTO_JSON json_t *value = json_string(stmt_text(stmt, 1));
        if (values && !args_has_item(values, value))
            json_array_append(values, value);
    }
    stmt_end(stmt);
    return rc;
}

static int take_environment(struct environments *in, const char *key, struct text name,
                            json_t *values)
{
    struct tx *tx = in->call->tx;
    struct err *err = in->call->err;
    int rc = DB_DONE;
    for (int way = 0; way < WAYS && rc == DB_DONE; way++)
        rc = take_environment_row(
            in, tx_query(tx, err, ENVIRONMENT_BY_TEXT[way], "n", name.at, name.len), values);
    if (rc == DB_DONE)
        return fail_unknown(in->call, in->args, key, "environment", name, KNOWN_ENVIRONMENTS);
    return rc < 0 ? rc : OK;
}

int reference_read_environments(struct op_call *call, const struct args *args,
                                char id[REFERENCE_ID_SIZE], json_t *values)
{
    struct environments in = { .call = call, .args = args, .id = id };
    json_t *list = NULL, *item;
    struct text text;
    size_t index;
    id[0] = '\0';
    int rc = args_array_optional(args, "environments", ENVIRONMENTS_MAX, &list);
    if (rc == OK && !list) {
        rc = args_text_optional(args, "environment", 1, 128, &text);
        return rc == OK && text.at ? take_environment(&in, "environment", text, NULL) : rc;
    }
    if (rc == OK && json_array_size(list) == 0)
        return args_fail(args, "environments", "at least one environment is required");
    json_array_foreach (list, index, item) {
        if (rc == OK)
            rc = args_check_text(item, "environments", call->err, 1, 128, &text);
        if (rc == OK)
            rc = take_environment(&in, "environments", text, values);
    }
    return rc;
}
