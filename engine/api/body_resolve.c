/* body_resolve - what the store knows of a body: whether the rows and the people that it names are there. */
#include "api/body_internal.h"

#include "base/uuid.h"

#include <stdio.h>
#include <string.h>

static const char SELECT_PERSON[] = "SELECT id FROM person WHERE id = ? OR email = ?";

struct resolving {
    struct tx *tx;
    struct api_errors *errors;
    struct err *err;
};

/* NULL: an error is noted, or *rc is the store's. */
static json_t *resolve_person(const struct resolving *in, const char *attr, const char *name,
                              int *rc)
{
    char email[EMAIL_MAX * 4 + 1];
    json_t *id = NULL;
    size_t len = 0;
    for (; name[len] && len < sizeof(email) - 1; len++)
        email[len] = name[len] >= 'A' && name[len] <= 'Z' ? (char)(name[len] + 32) : name[len];
    email[len] = '\0';
    struct stmt *stmt = tx_query(in->tx, in->err, SELECT_PERSON, "tt", name, email);
    *rc = stmt ? stmt_next(stmt, in->err) : in->err->code;
    if (*rc == DB_ROW)
        id = json_string(stmt_text(stmt, 0));
    else if (*rc == DB_DONE)
        api_errors_add(in->errors, "does_not_exist", attr, "There is no person \"%.80s\".", name);
    stmt_end(stmt);
    *rc = *rc < 0 ? *rc : OK;
    return id;
}

/* In place: texts become ids, below lists and maps as well. */
static int resolve_people(const struct resolving *in, const char *attr, json_t *value)
{
    int rc = OK;
    const char *name;
    void *next;
    json_t *item, *id;
    size_t index;
    if (json_is_array(value)) {
        json_array_foreach (value, index, item) {
            id = resolve_person(in, attr, json_string_value(item), &rc);
            if (rc != OK)
                return rc;
            if (id)
                json_array_set_new(value, index, id);
        }
    }
    json_object_foreach_safe(value, next, name, item)
    {
        char inner[ATTR_MAX];
        snprintf(inner, sizeof(inner), "%.80s.%.60s", attr, name);
        if (json_is_string(item)) {
            id = resolve_person(in, inner, json_string_value(item), &rc);
            if (id)
                json_object_set_new(value, name, id);
        } else {
            rc = resolve_people(in, inner, item);
        }
        if (rc != OK)
            return rc;
    }
    return OK;
}

static int check_exists(const struct resolving *in, const struct api_field *field, const char *attr,
                        const char *id)
{
    char uuid[UUID_SIZE];
    int rc = OK;
    if (tx_get_int(in->tx, &rc, in->err, 0, field->exists, "t", id) == 1 || rc != OK)
        return rc;
    if (uuid_read(id, strlen(id), uuid))
        api_errors_add(in->errors, "does_not_exist", attr,
                       "Invalid pk \"%.80s\" - object does not exist.", id);
    else
        api_errors_add(in->errors, "invalid", attr, "\"%.80s\" is not a valid UUID.", id);
    return OK;
}

static int resolve_field(const struct resolving *in, const struct api_field *field, json_t *args)
{
    char room[64], attr[64];
    const char *argument = body_argument_of(field, room);
    json_t *value = json_object_get(args, argument);
    int rc = OK;
    snprintf(attr, sizeof(attr), "%.*s", (int)body_name_len(field), field->name);
    if (value && field->exists)
        return check_exists(in, field, attr, json_string_value(value));
    if (!value || !strstr(field->type, "people"))
        return OK;
    if (!json_is_string(value))
        return resolve_people(in, attr, value);
    json_t *id = resolve_person(in, attr, json_string_value(value), &rc);
    if (id)
        json_object_set_new(args, argument, id);
    return rc;
}

int body_resolve(const struct api_shape *shape, json_t *args, struct tx *tx,
                 struct api_errors *errors, struct err *err)
{
    const struct resolving in = { tx, errors, err };
    int rc = OK;
    for (const struct api_field *field = shape->fields; field->name && rc == OK; field++)
        rc = resolve_field(&in, field, args);
    return rc;
}
