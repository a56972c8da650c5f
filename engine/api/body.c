/* Read body_check(), then check_value(): one small function a type. Errors carry the codes and the
 * words that clients know. What only the store can tell is body_resolve.c's. */
#include "api/body_internal.h"

#include "base/iso_time.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "core/args.h"
#include "core/people.h"
#include "net/form.h"
#include "net/multipart.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { LIST_MAX = 100 };

/* ---- reading ---------------------------------------------------------------------------------- */

static bool is_media_type(const char *header, const char *type)
{
    size_t len = strcspn(header, "; \t");
    return len == strlen(type) && !strncasecmp(header, type, len);
}

/* The check of what is in a text comes later, with an answer that names the field. */
static json_t *field_text(const struct form_field *field)
{
    return json_stringn_nocheck(field->value, field->value_len);
}

static json_t *field_list(const struct form *form, const char *name)
{
    json_t *list = NULL;
    for (int i = 0; i < form->count; i++) {
        if (strcmp(form->fields[i].name, name) != 0)
            continue;
        list = list ? list : json_array();
        json_array_append_new(list, field_text(&form->fields[i]));
    }
    return list;
}

size_t body_name_len(const struct api_field *field)
{
    return strcspn(field->name, "?");
}

static bool is_optional(const struct api_field *field)
{
    return field->name[body_name_len(field)] == '?';
}

static bool is_type(const char *type, const char *name)
{
    size_t len = strcspn(type, "?]}");
    return strlen(name) == len && !strncmp(type, name, len);
}

/* What a form leaves empty is not said, where it need not be; a flag is off. */
static bool is_left_empty(const struct api_field *field, const struct form_field *given)
{
    return given->value_len == 0 && is_optional(field) && !is_type(field->type, "flag");
}

/* Form fields as an object of texts; the last of a repeated one counts, but in lists. */
static json_t *object_of_form(const struct form *form, const struct api_shape *shape)
{
    json_t *body = json_object();
    for (const struct api_field *field = shape->fields; field->name; field++) {
        char name[64];
        snprintf(name, sizeof(name), "%.*s", (int)body_name_len(field), field->name);
        const struct form_field *last = form_last(form, name);
        json_t *value = *field->type == '['                   ? field_list(form, name)
                        : last && !is_left_empty(field, last) ? field_text(last)
                                                              : NULL;
        if (value)
            json_object_set_new_nocheck(body, name, value);
    }
    return body;
}

static json_t *refuse(struct http_exchange *exchange, const char *detail)
{
    http_reply_error(exchange, 400, "parse_error", detail, NULL);
    return NULL;
}

static json_t *read_json(struct http_exchange *exchange, const char *text, size_t len)
{
    json_error_t problem;
    char detail[256];
    json_t *body = json_loadb(text, len, JSON_ALLOW_NUL | JSON_DECODE_ANY, &problem);
    if (body)
        return body;
    snprintf(detail, sizeof(detail), "JSON parse error - %s: line %d column %d", problem.text,
             problem.line, problem.column);
    return refuse(exchange, detail);
}

static json_t *read_form(struct http_exchange *exchange, const struct api_shape *shape, int rc,
                         struct form *form, const struct err *err)
{
    char detail[256];
    if (rc != OK) {
        snprintf(detail, sizeof(detail), "Form parse error - %.200s", err->msg);
        return refuse(exchange, detail);
    }
    json_t *body = object_of_form(form, shape);
    form_fini(form);
    return body;
}

json_t *body_read(struct http_exchange *exchange, const struct api_shape *shape)
{
    struct form form;
    struct err err;
    size_t len;
    const char *text = http_body(exchange, &len);
    const char *type = http_header(exchange, "Content-Type");
    if (len == 0)
        return json_object();
    type = type ? type : "";
    if (is_media_type(type, "application/json"))
        return read_json(exchange, text, len);
    if (is_media_type(type, "application/x-www-form-urlencoded"))
        return read_form(exchange, shape, form_parse(text, len, &form, &err), &form, &err);
    if (is_media_type(type, "multipart/form-data"))
        return read_form(exchange, shape, multipart_parse(type, text, len, &form, &err), &form,
                         &err);
    char detail[200];
    snprintf(detail, sizeof(detail), "Unsupported media type \"%.120s\" in request.", type);
    http_reply_error(exchange, 415, "unsupported_media_type", detail, NULL);
    return NULL;
}

/* ---- checking one value ----------------------------------------------------------------------- */

/* A value on its way to an argument. */
struct check {
    struct api_errors *errors;
    const struct tz *zone;
    size_t max;          /* characters */
    char attr[ATTR_MAX]; /* which one */
};

static json_t *fail(struct check *check, const char *code, const char *detail)
{
    api_errors_add(check->errors, code, check->attr, "%s", detail);
    return NULL;
}

static bool is_blank(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] != ' ' && (text[i] < '\t' || text[i] > '\r'))
            return false;
    return true;
}

static struct text trim(const char *text, size_t len)
{
    while (len > 0 && is_blank(text + len - 1, 1))
        len--;
    while (len > 0 && is_blank(text, 1)) {
        text++;
        len--;
    }
    return (struct text){ text, len };
}

/* The text of a value, trimmed; a number counts as its digits, which <number> holds. .at is NULL,
 * and an error noted, when it is none. */
static struct text text_of_value(struct check *check, const json_t *value, char number[32])
{
    struct text none = { 0 };
    if (json_is_integer(value)) {
        int len = snprintf(number, 32, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return (struct text){ number, (size_t)len };
    }
    if (!json_is_string(value)) {
        fail(check, "invalid", "Not a valid string.");
        return none;
    }
    const char *at = json_string_value(value);
    size_t len = json_string_length(value);
    if (memchr(at, '\0', len)) {
        fail(check, "null_characters_not_allowed", "Null characters are not allowed.");
        return none;
    }
    if (!utf8_is_valid(at, len)) {
        fail(check, "invalid", "Not valid UTF-8 text.");
        return none;
    }
    struct text text = trim(at, len);
    if (text.len == 0) {
        fail(check, "blank", "This field may not be blank.");
        return none;
    }
    return text;
}

static json_t *check_text(struct check *check, const json_t *value)
{
    char number[32], detail[80];
    struct text text = text_of_value(check, value, number);
    if (!text.at)
        return NULL;
    if (check->max && utf8_length(text.at, text.len) > check->max) {
        snprintf(detail, sizeof(detail), "Ensure this field has no more than %zu characters.",
                 check->max);
        return fail(check, "max_length", detail);
    }
    return json_stringn(text.at, text.len);
}

static json_t *check_email(struct check *check, const json_t *value)
{
    check->max = EMAIL_MAX;
    json_t *text = check_text(check, value);
    if (!text || people_is_email(text_of(json_string_value(text))))
        return text;
    json_decref(text);
    return fail(check, "invalid", "Enter a valid email address.");
}

static json_t *check_flag(struct check *check, const json_t *value)
{
    static const char *const YES[] = { "true", "1", "yes", "on", "t", "y" };
    static const char *const NO[] = { "false", "0", "no", "off", "f", "n", "" };
    char number[32] = "";
    if (json_is_boolean(value))
        return json_boolean(json_is_true(value));
    if (json_is_integer(value))
        snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    const char *text = json_is_string(value) ? json_string_value(value) : number;
    bool is_text = json_is_string(value) || *number;
    for (size_t i = 0; is_text && i < sizeof(YES) / sizeof(*YES); i++)
        if (!strcasecmp(text, YES[i]))
            return json_true();
    for (size_t i = 0; is_text && i < sizeof(NO) / sizeof(*NO); i++)
        if (!strcasecmp(text, NO[i]))
            return json_false();
    return fail(check, "invalid", "Must be a valid boolean.");
}

static json_t *check_time(struct check *check, const json_t *value)
{
    char number[32];
    int64_t ms;
    struct text text = text_of_value(check, value, number);
    if (!text.at)
        return NULL;
    if (json_is_string(value) && iso_time_parse(text.at, text.len, check->zone, &ms, NULL) == OK)
        return json_integer(ms);
    return fail(check, "invalid",
                "Datetime has wrong format. Use one of these formats instead: "
                "YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].");
}

/* What the operation reads as a number or a text: 40, "40", "Mitigated"; 10, 10.5, "10.50". */
static json_t *check_plain(struct check *check, const json_t *value)
{
    return json_is_number(value) ? json_deep_copy(value) : check_text(check, value);
}

/* The row's id. What is no UUID may be one of the config's own. */
static json_t *check_uuid(struct check *check, const json_t *value)
{
    char uuid[UUID_SIZE];
    json_t *text = check_text(check, value);
    if (text && uuid_read(json_string_value(text), json_string_length(text), uuid))
        json_string_set(text, uuid);
    return text;
}

/* <choices>: "a|b". */
static json_t *check_choice(struct check *check, const char *choices, const json_t *value)
{
    json_t *text = check_text(check, value);
    const char *given = text ? json_string_value(text) : "";
    for (const char *at = choices; text && *at; at += strcspn(at, "|"), at += *at == '|') {
        size_t len = strcspn(at, "|?");
        if (strlen(given) == len && !strncmp(given, at, len))
            return text;
    }
    if (text) {
        char detail[160];
        snprintf(detail, sizeof(detail), "\"%.100s\" is not a valid choice.", given);
        fail(check, "invalid_choice", detail);
    }
    json_decref(text);
    return NULL;
}

/* ---- values within values --------------------------------------------------------------------- */

static json_t *check_value(struct check *check, const char *type, const json_t *value);

/* Goes on with the item <name> of what is being checked. */
static json_t *check_item(struct check *check, const char *type, const char *name,
                          const json_t *value)
{
    struct check inner = *check;
    snprintf(inner.attr, sizeof(inner.attr), "%.100s.%.50s", check->attr, name);
    if (json_is_null(value) && type[strcspn(type, "]}") - 1] == '?')
        return json_null();
    return check_value(&inner, type, value);
}

/* <type> is that of the items, and what follows. */
static json_t *check_list(struct check *check, const char *type, const json_t *value)
{
    if (!json_is_array(value))
        return fail(check, "not_a_list", "Expected a list of items.");
    if (json_array_size(value) > LIST_MAX)
        return fail(check, "max_length", "Too many items.");
    json_t *list = json_array();
    for (size_t i = 0; i < json_array_size(value); i++) {
        char name[24];
        snprintf(name, sizeof(name), "%zu", i);
        json_t *item = check_item(check, type, name, json_array_get(value, i));
        if (item)
            json_array_append_new(list, item);
    }
    return list;
}

static json_t *check_map(struct check *check, const char *type, const json_t *value)
{
    const char *name;
    json_t *member;
    if (!json_is_object(value))
        return fail(check, "not_a_dict", "Expected a dictionary of items.");
    if (json_object_size(value) > LIST_MAX)
        return fail(check, "max_length", "Too many items.");
    json_t *map = json_object();
    json_object_foreach ((json_t *)value, name, member) {
        json_t *item = check_item(check, type, name, member);
        if (item)
            json_object_set_new(map, name, item);
    }
    return map;
}

/* A person: id or e-mail address; several as a list. Who they are is found out later. */
static json_t *check_people(struct check *check, const json_t *value)
{
    check->max = EMAIL_MAX;
    return json_is_array(value) ? check_list(check, "text]", value) : check_text(check, value);
}

/* The argument for a value; NULL, and an error noted, when it cannot be one. */
static json_t *check_value(struct check *check, const char *type, const json_t *value)
{
    if (json_is_null(value))
        return fail(check, "null", "This field may not be null.");
    if (*type == '[')
        return check_list(check, type + 1, value);
    if (*type == '{')
        return check_map(check, type + 1, value);
    if (*type == '=')
        return check_choice(check, type + 1, value);
    if (is_type(type, "email"))
        return check_email(check, value);
    if (is_type(type, "uuid"))
        return check_uuid(check, value);
    if (is_type(type, "flag"))
        return check_flag(check, value);
    if (is_type(type, "time"))
        return check_time(check, value);
    if (is_type(type, "people"))
        return check_people(check, value);
    if (is_type(type, "status") || is_type(type, "decimal"))
        return check_plain(check, value);
    if (is_type(type, "int"))
        return json_is_integer(value) ? json_deep_copy(value)
                                      : fail(check, "invalid", "A valid integer is required.");
    if (is_type(type, "any"))
        return json_deep_copy(value);
    return check_text(check, value);
}

/* ---- checking the whole ----------------------------------------------------------------------- */

const char *body_argument_of(const struct api_field *field, char room[64])
{
    if (field->argument)
        return field->argument;
    snprintf(room, 64, "%.*s", (int)body_name_len(field), field->name);
    return room;
}

static void check_field(const struct api_field *field, const json_t *body, struct check *check,
                        json_t *args)
{
    char room[64];
    snprintf(check->attr, sizeof(check->attr), "%.*s", (int)body_name_len(field), field->name);
    check->max = field->max;
    const json_t *value = json_object_get(body, check->attr);
    bool may_lack = is_optional(field);
    if (!value && !may_lack)
        fail(check, "required", "This field is required.");
    bool means_nothing = json_is_null(value) && field->type[strlen(field->type) - 1] == '?';
    if (!value || (may_lack && json_is_null(value) && !means_nothing))
        return;
    if (means_nothing) {
        json_object_set_new(args, body_argument_of(field, room), json_null());
        return;
    }
    json_t *argument = check_value(check, field->type, value);
    if (argument)
        json_object_set_new(args, body_argument_of(field, room), argument);
}

static bool knows(const struct api_shape *shape, const char *name)
{
    for (const struct api_field *field = shape->fields; field->name; field++)
        if (strlen(name) == body_name_len(field) &&
            !strncmp(field->name, name, body_name_len(field)))
            return true;
    return false;
}

static void refuse_unknown(const struct api_shape *shape, const json_t *body,
                           struct api_errors *errors)
{
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)body, name, value)
        if (!knows(shape, name))
            api_errors_add(errors, "unknown", name, "%s", "There is no such field here.");
}

void body_check(const struct api_shape *shape, const json_t *body, const struct tz *zone,
                json_t *args, struct api_errors *errors)
{
    struct check check = { .errors = errors, .zone = zone };
    if (!json_is_object(body)) {
        api_errors_add(errors, "invalid", "non_field_errors", "%s",
                       "Invalid data. Expected a dictionary.");
        return;
    }
    for (const struct api_field *field = shape->fields; field->name; field++)
        check_field(field, body, &check, args);
    if (shape->is_strict)
        refuse_unknown(shape, body, errors);
}

void body_field_of(const struct api_shape *shape, const char *path, char *out, size_t size)
{
    char room[64];
    size_t len = strcspn(path, ".[");
    copy_text(out, size, path);
    for (const struct api_field *field = shape->fields; field->name; field++) {
        const char *argument = body_argument_of(field, room);
        if (strlen(argument) == len && !strncmp(argument, path, len)) {
            snprintf(out, size, "%.*s%s", (int)body_name_len(field), field->name, path + len);
            return;
        }
    }
}
