/* Read declaration_read() first: one step an argument, the rows are looked up in the order people
 * fill the form. */
#include "core/declaration.h"

#include "core/custom_field.h"
#include "store/db.h"

#include <stdio.h>
#include <string.h>

enum {
    TITLE_MAX = 128,
    FORM_MIN = 10, /* title and description, when a person fills a form */
    FORM_DESCRIPTION_MAX = 1200,
    DEDUP_KEY_MAX = 160,
    CUSTOM_FIELDS_MAX = 64 * 1024,
    CRITICAL_BELOW = 4, /* priorities with a smaller value want a critical response */
    ENVIRONMENTS_MAX = 50,
};

static const char PRIORITY_BY_TEXT[] =
    "SELECT id, value, enabled_create, recommended_response_type FROM priority WHERE (id = ? OR"
    " name = ?) AND is_active = 1";
static const char PRIORITY_BY_VALUE[] =
    "SELECT id, value, enabled_create, recommended_response_type FROM priority WHERE value = ?"
    " AND is_active = 1";
static const char CATEGORY_BY_ID[] =
    "SELECT id, is_private FROM category WHERE id = ? AND is_active = 1";
static const char CATEGORY_BY_NAME[] =
    "SELECT c.id, c.is_private FROM category c JOIN category_group g ON g.id = c.group_id"
    " WHERE c.is_active = 1 AND (c.name = ? OR g.name || '/' || c.name = ?) LIMIT 2";
static const char ENVIRONMENT_BY_TEXT[] =
    "SELECT id, value, position FROM environment WHERE (id = ? OR value = ?) AND is_active = 1";

/* The options that change how the rest is read. */
struct reading {
    struct op_call *call;
    struct args args;
    struct declaration *into;
    bool is_form;
    bool require_enabled;
    bool is_brief; /* only checked here; incident.c looks at it */
};

static void copy_id(char out[REFERENCE_ID_SIZE], const char *id)
{
    snprintf(out, REFERENCE_ID_SIZE, "%s", id);
}

/* ---- texts */

static int read_texts(struct reading *r)
{
    int min = r->is_form ? FORM_MIN : 1;
    int rc = args_text(&r->args, "title", min, TITLE_MAX, &r->into->title);
    if (rc == OK)
        rc = args_text(&r->args, "description", min, r->is_form ? FORM_DESCRIPTION_MAX : 0,
                       &r->into->description);
    if (rc == OK)
        rc = args_text_optional(&r->args, "dedup_key", 1, DEDUP_KEY_MAX, &r->into->dedup_key);
    return rc;
}

static int read_draft(struct reading *r)
{
    json_t *draft = NULL;
    struct args row;
    int rc = args_object_optional(&r->args, "draft", &draft);
    if (rc != OK || !draft)
        return rc;
    rc = args_enter(&r->args, "draft", -1, draft, &row);
    if (rc == OK)
        rc = args_row_refuse_unknown(&row, "scope", "key");
    if (rc == OK)
        rc = args_text(&row, "scope", 1, 100, &r->into->draft_scope);
    return rc == OK ? args_text(&row, "key", 1, 500, &r->into->draft_key) : rc;
}

int declaration_read_request_key(struct op_call *call, struct text *key)
{
    struct args args = args_of(call);
    return args_text_optional(&args, "request_key", 1, 500, key);
}

/* ---- rows */

static int take_priority(struct reading *r, struct stmt *stmt)
{
    if (!stmt)
        return r->call->err->code;
    int rc = stmt_next(stmt, r->call->err);
    if (rc == DB_DONE)
        rc = args_fail(&r->args, "priority", "there is no such priority");
    else if (rc == DB_ROW && r->require_enabled && !stmt_int(stmt, 2))
        rc = args_fail(&r->args, "priority", "this priority cannot be chosen for a new incident");
    if (rc == DB_ROW) {
        const char *recommended = stmt_text(stmt, 3);
        bool is_critical =
            recommended ? strcmp(recommended, "critical") == 0 : stmt_int(stmt, 1) < CRITICAL_BELOW;
        copy_id(r->into->priority_id, stmt_text(stmt, 0));
        r->into->response_type = is_critical ? "critical" : "normal";
        rc = OK;
    }
    stmt_end(stmt);
    return rc;
}

static int read_priority(struct reading *r)
{
    struct text text;
    int64_t value = 0;
    if (json_is_number(json_object_get(r->args.object, "priority"))) {
        int rc = args_int(&r->args, "priority", INT32_MIN, INT32_MAX, &value);
        return rc != OK ? rc
                        : take_priority(r, tx_query(r->call->tx, r->call->err, PRIORITY_BY_VALUE,
                                                    "i", value));
    }
    int rc = args_text(&r->args, "priority", 1, 128, &text);
    if (rc != OK)
        return rc;
    return take_priority(r, tx_query(r->call->tx, r->call->err, PRIORITY_BY_TEXT, "nn", text.at,
                                     text.len, text.at, text.len));
}

/* *found counts the rows (at most 2). */
static int take_category(struct reading *r, struct stmt *stmt, int *found)
{
    *found = 0;
    if (!stmt)
        return r->call->err->code;
    int rc;
    while ((rc = stmt_next(stmt, r->call->err)) == DB_ROW) {
        ++*found;
        copy_id(r->into->category_id, stmt_text(stmt, 0));
        r->into->is_private = stmt_int(stmt, 1);
    }
    stmt_end(stmt);
    return rc;
}

static int read_category(struct reading *r)
{
    struct text text;
    int found;
    int rc = args_text(&r->args, "category", 1, 300, &text);
    if (rc == OK)
        rc = take_category(
            r, tx_query(r->call->tx, r->call->err, CATEGORY_BY_ID, "n", text.at, text.len), &found);
    if (rc == OK && found == 0)
        rc = take_category(r,
                           tx_query(r->call->tx, r->call->err, CATEGORY_BY_NAME, "nn", text.at,
                                    text.len, text.at, text.len),
                           &found);
    if (rc == OK && found == 0)
        rc = args_fail(&r->args, "category", "there is no incident category \"%.*s\"",
                       (int)text.len, text.at);
    if (rc == OK && found > 1)
        rc = args_fail(&r->args, "category",
                       "several incident categories have this name; write \"group/category\"");
    return rc;
}

/* One environment that was named; keeps the most important one (lowest position) as the main
 * one. */
static int take_environment(struct reading *r, const char *key, struct text text, int64_t *best,
                            json_t *values)
{
    struct stmt *stmt = tx_query(r->call->tx, r->call->err, ENVIRONMENT_BY_TEXT, "nn", text.at,
                                 text.len, text.at, text.len);
    if (!stmt)
        return r->call->err->code;
    int rc = stmt_next(stmt, r->call->err);
    if (rc == DB_DONE)
        rc = args_fail(&r->args, key, "there is no environment \"%.*s\"", (int)text.len, text.at);
    if (rc == DB_ROW) {
        int64_t position = stmt_int(stmt, 2);
        if (r->into->environment_id[0] == '\0' || position < *best) {
            *best = position;
            copy_id(r->into->environment_id, stmt_text(stmt, 0));
        }
        if (values)
            json_array_append_new(values, json_string(stmt_text(stmt, 1)));
        rc = OK;
    }
    stmt_end(stmt);
    return rc;
}

/* <values> gets the values of all environments when several could be named. */
static int read_environments(struct reading *r, json_t *values)
{
    json_t *list = NULL;
    int64_t best = 0;
    struct text text;
    int rc = args_array_optional(&r->args, "environments", ENVIRONMENTS_MAX, &list);
    if (rc != OK)
        return rc;
    if (!list) {
        rc = args_text(&r->args, "environment", 1, 128, &text);
        return rc == OK ? take_environment(r, "environment", text, &best, NULL) : rc;
    }
    if (json_array_size(list) == 0)
        return args_fail(&r->args, "environments", "at least one environment is required");
    size_t index;
    json_t *item;
    json_array_foreach (list, index, item) {
        rc = args_check_text(item, "environments", r->call->err, 1, 128, &text);
        if (rc == OK)
            rc = take_environment(r, "environments", text, &best, values);
        if (rc != OK)
            return rc;
    }
    return OK;
}

static int read_custom_fields(struct reading *r, json_t *environments)
{
    json_t *given = NULL;
    int rc = args_object_optional(&r->args, "custom_fields", &given);
    if (rc == OK)
        rc = custom_field_check(r->call->tx, &r->args, r->into->category_id, given);
    if (rc != OK)
        return rc;
    AUTO_JSON json_t *fields = given ? json_copy(given) : json_object();
    if (json_array_size(environments) > 0)
        json_object_set(fields, "environments", environments);
    return args_json_text(&r->args, "custom_fields", fields, CUSTOM_FIELDS_MAX,
                          &r->into->custom_fields);
}

static int read_impacts(struct reading *r)
{
    json_t *impacts = NULL;
    struct args row;
    int rc = args_object_optional(&r->args, "impacts", &impacts);
    if (rc != OK || json_object_size(impacts) == 0)
        return rc;
    rc = args_enter(&r->args, "impacts", -1, impacts, &row);
    if (rc != OK)
        return rc;
    r->into->impacts = xcalloc(json_object_size(impacts), sizeof(*r->into->impacts));
    const char *type;
    json_t *level;
    json_object_foreach (impacts, type, level) {
        rc = impact_find(r->call->tx, &row, type, level, &r->into->impacts[r->into->impact_count]);
        if (rc != OK)
            return rc;
        r->into->impact_count++;
    }
    return OK;
}

static int read_response_type(struct reading *r)
{
    struct text text;
    int rc = args_text_optional(&r->args, "response_type", 1, 20, &text);
    if (rc != OK || !text.at)
        return rc;
    if (!text_is(text, "critical") && !text_is(text, "normal"))
        return args_fail(&r->args, "response_type",
                         "response_type must be \"critical\" or \"normal\"");
    r->into->response_type = text_is(text, "critical") ? "critical" : "normal";
    return OK;
}

/* A person's id, an e-mail address, or else the caller. */
static int read_creator(struct reading *r)
{
    struct text id;
    int rc = args_text_optional(&r->args, "created_by", 1, PERSON_ID_SIZE - 1, &id);
    if (rc == OK)
        rc = people_read_email(&r->args, "created_by_email", &r->into->email);
    if (rc != OK)
        return rc;
    if (id.at && r->into->email.at)
        return args_fail(&r->args, "created_by", "give created_by or created_by_email, not both");
    if (r->into->email.at)
        return OK;
    if (!id.at && r->call->actor->kind == ACTOR_PERSON)
        id = text_of(r->call->actor->id);
    if (!id.at)
        return args_fail(&r->args, "created_by", "created_by or created_by_email is required");
    snprintf(r->into->created_by, sizeof(r->into->created_by), "%.*s", (int)id.len, id.at);
    bool exists;
    rc = person_exists(r->call->tx, r->into->created_by, &exists, r->call->err);
    return rc == OK && !exists ? args_fail(&r->args, "created_by", "there is no such person") : rc;
}

static int read_flags(struct reading *r)
{
    int rc = args_bool_optional(&r->args, "ignore", &r->into->is_ignored);
    if (rc == OK)
        rc = args_bool_optional(&r->args, "drill", &r->into->is_drill);
    if (rc == OK)
        rc = args_bool_optional(&r->args, "brief", &r->is_brief);
    return rc == OK ? args_bool_optional(&r->args, "private", &r->into->is_private) : rc;
}

int declaration_read(struct op_call *call, struct declaration *declaration)
{
    struct reading r = { .call = call, .args = args_of(call), .into = declaration };
    int rc = args_refuse_unknown(call, "title", "description", "priority", "category",
                                 "environment", "environments", "created_by", "created_by_email",
                                 "impacts", "custom_fields", "dedup_key", "ignore", "drill",
                                 "private", "response_type", "draft", "require_enabled", "form",
                                 "request_key", "brief");
    if (rc != OK || (rc = args_bool_optional(&r.args, "form", &r.is_form)) != OK ||
        (rc = args_bool_optional(&r.args, "require_enabled", &r.require_enabled)) != OK)
        return rc;
    AUTO_JSON json_t *environments = json_array();
    if ((rc = read_texts(&r)) != OK || (rc = read_category(&r)) != OK ||
        (rc = read_environments(&r, environments)) != OK || (rc = read_priority(&r)) != OK ||
        (rc = read_impacts(&r)) != OK || (rc = read_response_type(&r)) != OK ||
        (rc = read_flags(&r)) != OK || (rc = read_custom_fields(&r, environments)) != OK ||
        (rc = read_draft(&r)) != OK ||
        (rc = declaration_read_request_key(call, &declaration->request_key)) != OK)
        return rc;
    return read_creator(&r);
}

void declaration_fini(struct declaration *declaration)
{
    free(declaration->custom_fields);
    free(declaration->impacts);
}
