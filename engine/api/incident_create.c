/* incident_create - POST incidents: declares an incident. The body is JSON or a form. A wrong
 * body gets one answer that names every wrong field; a good one goes through incident.declare,
 * and the incident is read back for the answer. */
#include "api/handlers.h"
#include "api/incident_rest.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "core/args.h"
#include "core/engine.h"
#include "core/people.h"
#include "net/form.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { TITLE_MAX = 128, DEDUP_KEY_MAX = 160, EMAIL_MAX = 128 };

enum field_kind { TEXT, EMAIL, REFERENCE, FLAG };

/* A field of the body, and the operation's argument that it becomes. */
struct field {
    const char *name, *argument;
    enum field_kind kind;
    bool is_required;
    size_t max;         /* characters; 0: no limit */
    const char *exists; /* of a reference */
};

static const struct field FIELDS[] = {
    { "title", "title", TEXT, true, TITLE_MAX, NULL },
    { "description", "description", TEXT, true, 0, NULL },
    { "environment_id", "environment", REFERENCE, true, 0,
      "SELECT 1 FROM environment WHERE id = ? AND is_active = 1" },
    { "incident_category_id", "category", REFERENCE, true, 0,
      "SELECT 1 FROM category WHERE id = ? AND is_active = 1" },
    { "priority_id", "priority", REFERENCE, true, 0,
      "SELECT 1 FROM priority WHERE id = ? AND is_active = 1" },
    { "created_by_email", "created_by_email", EMAIL, true, EMAIL_MAX, NULL },
    { "dedup_key", "dedup_key", TEXT, false, DEDUP_KEY_MAX, NULL },
    { "ignore", "ignore", FLAG, false, 0, NULL },
};
enum { FIELD_COUNT = sizeof(FIELDS) / sizeof(*FIELDS) };

/* A declaration on its way. */
struct creation {
    struct api *api;
    struct http_exchange *exchange;
    json_t *body;           /* the client's object */
    json_t *args;           /* the operation's */
    struct err declare_err; /* why the operation refused; code OK: it was not asked */
};

static void creation_free(struct creation *creation)
{
    json_decref(creation->body);
    json_decref(creation->args);
    free(creation);
}

/* ---- the body --------------------------------------------------------------------------------- */

static bool is_media_type(const char *header, const char *type)
{
    size_t len = strcspn(header, "; \t");
    return len == strlen(type) && !strncasecmp(header, type, len);
}

/* Form fields as a JSON object of texts; the last of a repeated one counts. NULL when there are
 * too many. */
static json_t *body_from_form(const char *text, size_t len)
{
    struct form form;
    if (form_parse(text, len, &form, NULL) != OK)
        return NULL;
    json_t *body = json_object();
    for (int i = 0; i < FIELD_COUNT; i++) {
        const struct form_field *field = form_last(&form, FIELDS[i].name);
        /* The check of what is in a text comes later, with an answer that names the field. */
        if (field)
            json_object_set_new_nocheck(body, FIELDS[i].name,
                                        json_stringn_nocheck(field->value, field->value_len));
    }
    form_fini(&form);
    return body;
}

/* NULL: the exchange was answered. */
static json_t *read_body(struct http_exchange *exchange)
{
    size_t len;
    const char *text = http_body(exchange, &len);
    const char *type = http_header(exchange, "Content-Type");
    type = type ? type : "";
    if (is_media_type(type, "application/json")) {
        json_error_t problem;
        json_t *body = json_loadb(text, len, JSON_ALLOW_NUL | JSON_DECODE_ANY, &problem);
        char detail[256];
        snprintf(detail, sizeof(detail), "JSON parse error - %s: line %d column %d", problem.text,
                 problem.line, problem.column);
        if (!body)
            http_reply_error(exchange, 400, "parse_error", detail, NULL);
        return body;
    }
    if (is_media_type(type, "application/x-www-form-urlencoded")) {
        json_t *body = body_from_form(text, len);
        if (!body)
            http_reply_error(exchange, 400, "parse_error", "Too many form fields.", NULL);
        return body;
    }
    char detail[200];
    snprintf(detail, sizeof(detail), "Unsupported media type \"%.120s\" in request.", type);
    http_reply_error(exchange, 415, "unsupported_media_type", detail, NULL);
    return NULL;
}

/* ---- checks ----------------------------------------------------------------------------------- */

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

/* The text of a value, trimmed; a number counts as its digits. .at is NULL, and an error noted,
 * when it is none. */
static struct text text_of_value(const struct field *field, json_t *value, char number[32],
                                 struct api_errors *errors)
{
    struct text none = { 0 };
    if (json_is_integer(value)) {
        int len = snprintf(number, 32, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return (struct text){ number, (size_t)len };
    }
    if (!json_is_string(value)) {
        api_errors_add(errors, "invalid", field->name, "Not a valid string.");
        return none;
    }
    const char *at = json_string_value(value);
    size_t len = json_string_length(value);
    if (memchr(at, '\0', len)) {
        api_errors_add(errors, "null_characters_not_allowed", field->name,
                       "Null characters are not allowed.");
        return none;
    }
    if (!utf8_is_valid(at, len)) {
        api_errors_add(errors, "invalid", field->name, "Not valid UTF-8 text.");
        return none;
    }
    struct text text = trim(at, len);
    if (text.len == 0) {
        api_errors_add(errors, "blank", field->name, "This field may not be blank.");
        return none;
    }
    return text;
}

/* The operation's argument for a text; NULL, and an error noted, when it cannot be one. */
static json_t *check_text(const struct field *field, json_t *value, struct api_errors *errors)
{
    char number[32];
    struct text text = text_of_value(field, value, number, errors);
    if (!text.at)
        return NULL;
    if (field->max && utf8_length(text.at, text.len) > field->max) {
        api_errors_add(errors, "max_length", field->name,
                       "Ensure this field has no more than %zu characters.", field->max);
        return NULL;
    }
    if (field->kind == EMAIL && !people_is_email(text)) {
        api_errors_add(errors, "invalid", field->name, "Enter a valid email address.");
        return NULL;
    }
    return json_stringn(text.at, text.len);
}

static json_t *check_flag(const struct field *field, json_t *value, struct api_errors *errors)
{
    static const char *const YES[] = { "true", "1", "yes", "on", "t", "y" };
    static const char *const NO[] = { "false", "0", "no", "off", "f", "n", "" };
    char number[32] = "";
    if (json_is_boolean(value))
        return json_incref(value);
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
    api_errors_add(errors, "invalid", field->name, "Must be a valid boolean.");
    return NULL;
}

/* Checks all but what only the store knows, and makes the operation's arguments. */
static void check_fields(json_t *body, json_t *args, struct api_errors *errors)
{
    if (!json_is_object(body)) {
        api_errors_add(errors, "invalid", "non_field_errors",
                       "Invalid data. Expected a dictionary.");
        return;
    }
    for (int i = 0; i < FIELD_COUNT; i++) {
        const struct field *field = &FIELDS[i];
        json_t *value = json_object_get(body, field->name);
        bool is_empty_option = !field->is_required && field->kind == TEXT &&
                               json_is_string(value) && !json_string_length(value);
        json_t *argument = NULL;
        if (!value && field->is_required)
            api_errors_add(errors, "required", field->name, "This field is required.");
        else if (json_is_null(value) && field->is_required)
            api_errors_add(errors, "null", field->name, "This field may not be null.");
        else if (value && !json_is_null(value) && !is_empty_option)
            argument = field->kind == FLAG ? check_flag(field, value, errors)
                                           : check_text(field, value, errors);
        if (argument)
            json_object_set_new(args, field->argument, argument);
    }
}

/* ---- refusing --------------------------------------------------------------------------------- */

/* Which of the rows that the body points to do not exist. */
static int check_references(struct tx *tx, const struct creation *creation,
                            struct api_errors *errors, struct err *err)
{
    for (int i = 0; i < FIELD_COUNT; i++) {
        const struct field *field = &FIELDS[i];
        const char *id = json_string_value(json_object_get(creation->args, field->argument));
        if (field->kind != REFERENCE || !id)
            continue;
        int rc = OK;
        bool exists = tx_get_int(tx, &rc, err, 0, field->exists, "t", id) == 1;
        if (rc != OK)
            return rc;
        if (!exists)
            api_errors_add(errors, "does_not_exist", field->name,
                           "Invalid pk \"%.80s\" - object does not exist.", id);
    }
    return OK;
}

/* The operation's own refusal, when no check of ours found what is wrong. */
static void add_refusal(const struct err *refusal, struct api_errors *errors)
{
    const char *attr = *refusal->field ? refusal->field : "non_field_errors";
    for (int i = 0; i < FIELD_COUNT; i++)
        if (!strcmp(refusal->field, FIELDS[i].argument))
            attr = FIELDS[i].name;
    api_errors_add(errors, refusal->code == ERR_CONFLICT ? "unique" : "invalid", attr, "%s",
                   refusal->msg);
}

static int collect_errors(struct tx *tx, void *arg, struct err *err)
{
    struct creation *creation = arg;
    struct api_errors errors = { 0 };
    json_object_clear(creation->args);
    check_fields(creation->body, creation->args, &errors);
    int rc = check_references(tx, creation, &errors, err);
    if (rc == OK && errors.count == 0)
        add_refusal(&creation->declare_err, &errors);
    if (rc == OK) {
        AUTO_BUF struct buf text = BUF_INIT;
        api_errors_write(&errors, &text);
        json_object_set_new(creation->args, "answer", json_stringn(text.data, text.len));
    }
    api_errors_fini(&errors);
    return rc;
}

static void errors_collected(void *arg, int rc, const struct err *err)
{
    struct creation *creation = arg;
    if (rc != OK) {
        log_error(LOG_API, 0, "cannot check a declaration: %s", err->msg);
        http_reply_error(creation->exchange, 500, "error", "A server error occurred.", NULL);
    } else {
        const json_t *answer = json_object_get(creation->args, "answer");
        http_reply(creation->exchange, 400, "application/json", json_string_value(answer),
                   json_string_length(answer));
    }
    creation_free(creation);
}

/* Answers 400 with everything that is wrong: what the body says, and what only the store can
 * tell. */
static void refuse(struct creation *creation)
{
    db_read(creation->api->engine->db, collect_errors, errors_collected, creation);
}

/* ---- declaring -------------------------------------------------------------------------------- */

static void on_declared(void *arg, int rc, const char *text, size_t len, const struct err *err)
{
    static const struct incident_rest_shape SHAPE = { .has_tags = true };
    struct creation *creation = arg;
    if (http_is_abandoned(creation->exchange)) {
        http_reply(creation->exchange, 503, NULL, "", 0);
        creation_free(creation);
        return;
    }
    if (rc == ERR_INVALID || rc == ERR_CONFLICT) {
        creation->declare_err = *err;
        refuse(creation);
        return;
    }
    json_t *answer = rc == OK ? json_loadb(text, len, 0, NULL) : NULL;
    if (!answer) {
        log_error(LOG_API, 0, "an incident could not be declared: %s",
                  err ? err->msg : "no answer");
        http_reply_error(creation->exchange, rc == ERR_BUSY || rc == ERR_CLOSED ? 503 : 500,
                         "error", "The incident could not be declared.", NULL);
    } else {
        struct api_read *read =
            api_read_new(creation->api, creation->exchange, incident_read_created, &SHAPE);
        read->id = json_integer_value(json_object_get(answer, "id"));
        read->status = json_is_true(json_object_get(answer, "created")) ? 201 : 200;
        api_read_start(read);
    }
    json_decref(answer);
    creation_free(creation);
}

void incident_on_create(const struct route_match *match, void *arg)
{
    struct http_exchange *exchange = match->exchange;
    json_t *body = api_accepts_json(exchange) ? read_body(exchange) : NULL;
    if (!body)
        return;
    struct api *api = arg;
    struct api_errors errors = { 0 };
    struct creation *creation = xcalloc(1, sizeof(*creation));
    creation->api = api;
    creation->exchange = exchange;
    creation->body = body;
    creation->args = json_object();
    check_fields(body, creation->args, &errors);
    if (errors.count) {
        refuse(creation);
    } else {
        struct actor actor = auth_actor(exchange);
        op_submit(api->engine->db, op_find("incident.declare"), json_incref(creation->args), &actor,
                  on_declared, creation);
    }
    api_errors_fini(&errors);
}
