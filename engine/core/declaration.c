/* Read declaration_read() first: one step an argument, the rows are looked up in the order people
 * fill the form. */
#include "core/declaration.h"

#include "base/mem.h"
#include "core/custom_field.h"
#include "core/response.h"
#include "store/db.h"

#include <stdio.h>
#include <string.h>

enum {
    TITLE_MAX = 128,
    FORM_MIN = 10, /* title and description, when a person fills a form */
    FORM_DESCRIPTION_MAX = 1200,
    DEDUP_KEY_MAX = 160,
    CUSTOM_FIELDS_MAX = 64 * 1024,
};

/* The options that change how the rest is read. */
struct reading {
    struct op_call *call;
    struct args args;
    struct declaration *into;
    bool is_form;
    bool require_enabled;
    bool is_brief;        /* only checked here; incident.c looks at it */
    json_t *environments; /* the values of those that were named, when several could be */
    struct err wrong;     /* all that is wrong in one message; the field is the first one's */
};

static void copy_id(char out[REFERENCE_ID_SIZE], const char *id)
{
    copy_text(out, REFERENCE_ID_SIZE, id);
}

/* ---- texts */

static int read_title(struct reading *r)
{
    return args_text(&r->args, "title", r->is_form ? FORM_MIN : 1, TITLE_MAX, &r->into->title);
}

static int read_description(struct reading *r)
{
    int min = r->is_form ? FORM_MIN : 1, max = r->is_form ? FORM_DESCRIPTION_MAX : 0;
    return args_text(&r->args, "description", min, max, &r->into->description);
}

static int read_dedup_key(struct reading *r)
{
    return args_text_optional(&r->args, "dedup_key", 1, DEDUP_KEY_MAX, &r->into->dedup_key);
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

/* ---- rows */

static int read_priority(struct reading *r)
{
    struct named_priority priority;
    int rc = reference_read_priority(r->call, &r->args, &priority);
    if (rc == OK && r->require_enabled && !priority.can_create)
        rc = args_fail(&r->args, "priority", "this priority cannot be chosen for a new incident");
    if (rc != OK)
        return rc;
    copy_id(r->into->priority_id, priority.id);
    r->into->response_type = response_name(priority.wants_critical);
    return OK;
}

static int read_category(struct reading *r)
{
    struct named_category category;
    int rc = reference_read_category(r->call, &r->args, &category);
    if (rc != OK)
        return rc;
    copy_id(r->into->category_id, category.id);
    r->into->is_private = category.is_private;
    return OK;
}

static int read_environments(struct reading *r)
{
    char *id = r->into->environment_id;
    int rc = reference_read_environments(r->call, &r->args, id, r->environments);
    return rc == OK && id[0] == '\0' ? args_fail(&r->args, "environment", "environment is required")
                                     : rc;
}

static int read_custom_fields(struct reading *r)
{
    json_t *given = NULL;
    int rc = args_object_optional(&r->args, "custom_fields", &given);
    if (rc == OK && r->into->category_id[0] != '\0') /* it says which fields there are */
        rc = custom_field_check(r->call, r->into->category_id, given);
    if (rc != OK)
        return rc;
    AUTO_JSON json_t *fields = given ? json_copy(given) : json_object();
    if (json_array_size(r->environments) > 0)
        json_object_set(fields, "environments", r->environments);
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
    r->into->response_type = response_name(text_is(text, "critical"));
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

static int read_options(struct reading *r)
{
    int rc = args_bool_optional(&r->args, "form", &r->is_form);
    return rc == OK ? args_bool_optional(&r->args, "require_enabled", &r->require_enabled) : rc;
}

static int refuse_unknown(struct reading *r)
{
    return args_refuse_unknown(r->call, "title", "description", "priority", "category",
                               "environment", "environments", "created_by", "created_by_email",
                               "impacts", "custom_fields", "dedup_key", "ignore", "drill",
                               "private", "response_type", "draft", "require_enabled", "form",
                               "request_key", "brief");
}

static void note_wrong(struct err *all, const struct err *err)
{
    size_t len = strlen(all->msg);
    if (all->code == OK)
        *all = *err;
    else
        snprintf(all->msg + len, sizeof(all->msg) - len, "; %s", err->msg);
}

/* Goes on behind what is wrong, so that whoever asked mends all of it at once. */
static int read_all(struct reading *r)
{
    static int (*const STEPS[])(struct reading *) = {
        refuse_unknown, read_options,       read_title,    read_description, read_dedup_key,
        read_category,  read_environments,  read_priority, read_impacts,     read_response_type,
        read_flags,     read_custom_fields, read_draft,    read_creator,
    };
    for (size_t i = 0; i < sizeof(STEPS) / sizeof(STEPS[0]); i++) {
        int rc = STEPS[i](r);
        if (rc == ERR_INVALID)
            note_wrong(&r->wrong, r->call->err);
        else if (rc != OK)
            return rc;
    }
    if (r->wrong.code != OK)
        *r->call->err = r->wrong;
    return r->wrong.code;
}

int declaration_read(struct op_call *call, struct declaration *declaration)
{
    AUTO_JSON json_t *environments = json_array();
    struct reading r = {
        .call = call, .args = args_of(call), .into = declaration, .environments = environments
    };
    return read_all(&r);
}

void declaration_fini(struct declaration *declaration)
{
    free(declaration->custom_fields);
    free(declaration->impacts);
}
