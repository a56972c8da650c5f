/* Read openapi_write(): paths from the routes, components from the shapes of bodies and answers. A
 * path's operations stand together, so its routes are looked for from the first of them on. */
#include "api/openapi.h"

#include "api/handlers.h"
#include "api/route.h"
#include "api/write.h"

#include <stdio.h>
#include <string.h>

enum { NAME_MAX_SIZE = 64 };

struct document {
    struct json_writer w;
    const struct api_names *names;
};

/* ---- types ------------------------------------------------------------------------------------ */

static void write_choices(struct json_writer *w, const char *choices, size_t len)
{
    const char *end = choices + len;
    json_put_text(w, "type", "string");
    json_key(w, "enum");
    json_array_begin(w);
    for (const char *at = choices; at < end;) {
        const char *bar = memchr(at, '|', (size_t)(end - at));
        bar = bar ? bar : end;
        json_text_n(w, at, (size_t)(bar - at));
        at = bar + 1;
    }
    json_array_finish(w);
}

/* A type that is no list, map or choice. */
struct plain {
    const char *name, *type, *members; /* the type alone, so that null can stand beside it */
};

static const struct plain PLAIN[] = {
    { "text", "string", "" },
    { "email", "string", "\"format\":\"email\"" },
    { "uuid", "string", "" }, /* rows may have ids of the config's own */
    { "url", "string", "\"format\":\"uri\"" },
    { "time", "string", "\"format\":\"date-time\"" },
    { "duration", "string", "\"examples\":[\"1 02:30:00\"]" },
    { "int", "integer", "" },
    { "number", "number", "" },
    { "flag", "boolean", "" },
    { "any", NULL, "" },
    { "decimal", NULL, "\"type\":[\"string\",\"number\"],\"examples\":[\"10.00\"]" },
    { "status", NULL,
      "\"oneOf\":[{\"type\":\"integer\",\"enum\":[10,20,30,40,50,60]},{\"type\":\"string\","
      "\"enum\":[\"Open\",\"Investigating\",\"Mitigating\",\"Mitigated\",\"Post-mortem\","
      "\"Closed\"]}]" },
    /* A person by id or e-mail address; several as a list. */
    { "people", NULL,
      "\"oneOf\":[{\"type\":\"string\"},{\"type\":\"array\",\"items\":{\"type\":\"string\"}}]" },
};

static const struct plain *find_plain(const char *type, size_t len)
{
    for (size_t i = 0; i < sizeof(PLAIN) / sizeof(*PLAIN); i++)
        if (strlen(PLAIN[i].name) == len && !strncmp(type, PLAIN[i].name, len))
            return &PLAIN[i];
    return NULL;
}

static void write_plain(struct json_writer *w, const struct plain *plain, bool is_nullable)
{
    if (plain->type && is_nullable) {
        json_key(w, "type");
        json_array_begin(w);
        json_text(w, plain->type);
        json_text(w, "null");
        json_array_finish(w);
    } else if (plain->type) {
        json_put_text(w, "type", plain->type);
    }
    json_members(w, plain->members, strlen(plain->members));
}

/* What stands beside a type. */
struct remarks {
    const char *about;
    size_t max;
};

static void write_type(struct json_writer *w, const char *type, size_t len, struct remarks remarks);

/* The schema's members; <type> of <len> is not null. */
static void write_members(struct json_writer *w, const char *type, size_t len)
{
    const struct plain *plain = find_plain(type, len);
    bool is_list = *type == '[';
    if (is_list || *type == '{') {
        json_put_text(w, "type", is_list ? "array" : "object");
        json_key(w, is_list ? "items" : "additionalProperties");
        write_type(w, type + 1, len - 2, (struct remarks){ 0 });
    } else if (*type == '=') {
        write_choices(w, type + 1, len - 1);
    } else if (plain) {
        write_plain(w, plain, false);
    } else {
        char reference[128];
        snprintf(reference, sizeof(reference), "#/components/schemas/%.*s", (int)len, type);
        json_put_text(w, "$ref", reference);
    }
}

static void write_nullable(struct json_writer *w, const char *type, size_t len)
{
    const struct plain *plain = find_plain(type, len);
    if (plain && plain->type) {
        write_plain(w, plain, true);
        return;
    }
    json_key(w, "oneOf");
    json_array_begin(w);
    write_type(w, type, len, (struct remarks){ 0 });
    json_object_begin(w);
    json_put_text(w, "type", "null");
    json_object_finish(w);
    json_array_finish(w);
}

static void write_type(struct json_writer *w, const char *type, size_t len, struct remarks remarks)
{
    json_object_begin(w);
    if (type[len - 1] == '?')
        write_nullable(w, type, len - 1);
    else
        write_members(w, type, len);
    if (remarks.max)
        json_put_int(w, "maxLength", (int64_t)remarks.max);
    if (remarks.about && *remarks.about)
        json_put_text(w, "description", remarks.about);
    json_object_finish(w);
}

/* ---- shapes ----------------------------------------------------------------------------------- */

/* The name as clients read it; false for a member that this installation leaves out. */
static bool name_of(const struct document *document, const struct api_field *field,
                    char out[NAME_MAX_SIZE])
{
    const struct api_names *names = document->names;
    const char *name = field->name;
    if (*name == '@')
        name = !strcmp(name, "@channel_name") ? names->channel_name
               : !strcmp(name, "@ticket_key") ? names->ticket_key
                                              : names->ticket_url;
    snprintf(out, NAME_MAX_SIZE, "%.*s", (int)strcspn(name, "?"), name);
    return *out;
}

static void write_field(struct document *document, const struct api_field *field)
{
    struct json_writer *w = &document->w;
    char name[NAME_MAX_SIZE];
    if (!name_of(document, field, name))
        return;
    json_key(w, name);
    write_type(w, field->type, strlen(field->type), (struct remarks){ field->about, field->max });
}

static void write_shape(struct document *document, const struct api_shape *shape)
{
    struct json_writer *w = &document->w;
    char name[NAME_MAX_SIZE];
    json_key(w, shape->name);
    json_object_begin(w);
    json_put_text(w, "type", "object");
    json_put_text(w, "description", shape->about);
    json_key(w, "properties");
    json_object_begin(w);
    for (const struct api_field *field = shape->fields; field->name; field++)
        write_field(document, field);
    json_object_finish(w);
    json_key(w, "required");
    json_array_begin(w);
    for (const struct api_field *field = shape->fields; field->name; field++)
        if (!strchr(field->name, '?') && name_of(document, field, name))
            json_text(w, name);
    json_array_finish(w);
    if (shape->is_strict)
        json_put_bool(w, "additionalProperties", false);
    json_object_finish(w);
}

static const struct api_shape *body_of(const struct api_route *route)
{
    return route->write ? route->write->body : NULL;
}

static bool changes_something(const struct api_route *route)
{
    return route->write && op_find(route->write->op)->is_write;
}

/* Two routes may read the same body. */
static bool is_first_with_body(int index)
{
    const struct api_shape *body = body_of(api_route_at(index));
    for (int i = 0; body && i < index; i++)
        if (body_of(api_route_at(i)) == body)
            return false;
    return body != NULL;
}

static void write_components(struct document *document)
{
    struct json_writer *w = &document->w;
    const struct api_shape *shape;
    json_key(w, "components");
    json_object_begin(w);
    json_key(w, "schemas");
    json_object_begin(w);
    for (int i = 0; (shape = api_shape_at(i)); i++)
        write_shape(document, shape);
    for (int i = 0; api_route_at(i); i++)
        if (is_first_with_body(i))
            write_shape(document, body_of(api_route_at(i)));
    json_object_finish(w);
    json_put_raw(w, "securitySchemes",
                 "{\"key\":{\"type\":\"http\",\"scheme\":\"bearer\",\"description\":\"A key of "
                 "`halligan key create`\"}}");
    json_object_finish(w);
}

/* ---- paths ------------------------------------------------------------------------------------ */

/* "/a/:id#/" becomes "/a/{id}/". */
static void write_path(const char *pattern, struct buf *out)
{
    for (const char *at = pattern; *at;) {
        size_t len = strcspn(at, "/");
        if (*at == ':')
            buf_printf(out, "{%.*s}", (int)(strcspn(at, "/#") - 1), at + 1);
        else
            buf_append(out, at, len);
        at += len;
        if (*at == '/') {
            buf_putc(out, '/');
            at++;
        }
    }
}

static void write_parameter(struct json_writer *w, const char *where, const char *name, size_t len,
                            const char *type, const char *about)
{
    json_object_begin(w);
    json_key(w, "name");
    json_text_n(w, name, len);
    json_put_text(w, "in", where);
    if (!strcmp(where, "path"))
        json_put_bool(w, "required", true);
    if (about && *about)
        json_put_text(w, "description", about);
    json_key(w, "schema");
    write_type(w, type, strlen(type), (struct remarks){ 0 });
    json_object_finish(w);
}

static void write_parameters(struct json_writer *w, const struct api_route *route)
{
    json_key(w, "parameters");
    json_array_begin(w);
    for (const char *at = strchr(route->pattern, ':'); at; at = strchr(at + 1, ':'))
        write_parameter(w, "path", at + 1, strcspn(at, "/#") - 1, "text", NULL);
    const char *query = route->query ? route->query : "";
    for (const char *at = query; *at; at += strcspn(at, " "), at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        const struct api_parameter *parameter = api_parameter_find(at, len);
        if (parameter)
            write_parameter(w, "query", at, len, parameter->type, parameter->about);
    }
    if (changes_something(route))
        write_parameter(w, "header", "Idempotency-Key", strlen("Idempotency-Key"), "text",
                        "Sent again with the same request within a day: the same answer, and "
                        "nothing is done again");
    json_array_finish(w);
}

static void write_content(struct json_writer *w, const char *media, const char *type)
{
    json_key(w, media);
    json_object_begin(w);
    json_key(w, "schema");
    write_type(w, type, strlen(type), (struct remarks){ 0 });
    json_object_finish(w);
}

static void write_body(struct json_writer *w, const struct api_shape *body)
{
    json_key(w, "requestBody");
    json_object_begin(w);
    bool is_required = false;
    for (const struct api_field *field = body->fields; field->name; field++)
        is_required |= !strchr(field->name, '?');
    json_put_bool(w, "required", is_required);
    json_key(w, "content");
    json_object_begin(w);
    write_content(w, "application/json", body->name);
    write_content(w, "application/x-www-form-urlencoded", body->name);
    write_content(w, "multipart/form-data", body->name);
    json_object_finish(w);
    json_object_finish(w);
}

static void write_response(struct json_writer *w, int status, const char *about, const char *media,
                           const char *type)
{
    char code[12];
    snprintf(code, sizeof(code), "%d", status);
    json_key(w, code);
    json_object_begin(w);
    json_put_text(w, "description", about);
    if (type) {
        json_key(w, "content");
        json_object_begin(w);
        write_content(w, media, type);
        json_object_finish(w);
    }
    json_object_finish(w);
}

static void write_responses(struct json_writer *w, const struct api_route *route)
{
    static const struct {
        int status;
        const char *about;
        bool is_of_writes, wants_key;
    } ERRORS[] = {
        { 400, "The request is not valid; every wrong field is named", false, false },
        { 401, "No key, or not a valid one", false, true },
        { 403, "The key lacks the scope", false, true },
        { 404, "There is no such thing, or the key may not see it", false, false },
        { 409, "The state does not allow it, or the idempotency key is taken", true, false },
        { 415, "The body is neither JSON nor a form", true, false },
        { 429, "Too many requests; Retry-After says when to come back", false, true },
    };
    bool is_nothing = route->write && !route->answer;
    json_key(w, "responses");
    json_object_begin(w);
    write_response(w,
                   is_nothing      ? 204
                   : route->status ? route->status
                                   : 200,
                   route->about, route->answer ? "application/json" : "text/plain",
                   is_nothing      ? NULL
                   : route->answer ? route->answer
                                   : "text");
    for (size_t i = 0; i < sizeof(ERRORS) / sizeof(*ERRORS); i++)
        if ((!ERRORS[i].is_of_writes || changes_something(route)) &&
            (!ERRORS[i].wants_key || api_route_scope(route)))
            write_response(w, ERRORS[i].status, ERRORS[i].about, "application/json", "Error");
    json_object_finish(w);
}

/* "get_incidents_id_updates": unique, and a good name for a function. */
static void write_operation_id(struct json_writer *w, const struct api_route *route)
{
    char id[160];
    size_t len = 0;
    size_t base = strlen(API_BASE);
    const char *path = route->pattern;
    path += strncmp(path, API_BASE, base) ? 1 : base;
    for (const char *at = route->method; *at; at++)
        id[len++] = (char)(*at | 0x20);
    id[len++] = '_';
    for (const char *at = path; *at && len < sizeof(id) - 1; at++) {
        bool is_sign = strchr("/:#-.", *at);
        if (!is_sign || (id[len - 1] != '_' && at[1]))
            id[len++] = is_sign ? '_' : *at;
    }
    id[len] = '\0';
    while (id[len - 1] == '_')
        id[--len] = '\0';
    json_put_text(w, "operationId", id);
}

static void write_operation(struct json_writer *w, const struct api_route *route)
{
    char method[16] = "";
    for (size_t i = 0; route->method[i] && i < sizeof(method) - 1; i++)
        method[i] = (char)(route->method[i] | 0x20);
    const char *scope = api_route_scope(route);
    json_key(w, method);
    json_object_begin(w);
    write_operation_id(w, route);
    json_put_text(w, "summary", route->about);
    if (scope) {
        char text[64];
        snprintf(text, sizeof(text), "Needs a key with the scope `%s`.", scope);
        json_put_text(w, "description", text);
        json_put_raw(w, "security", "[{\"key\":[]}]");
    } else {
        json_put_raw(w, "security", "[]");
    }
    write_parameters(w, route);
    if (body_of(route))
        write_body(w, body_of(route));
    write_responses(w, route);
    json_object_finish(w);
}

static void write_paths(struct json_writer *w)
{
    const struct api_route *route, *other;
    json_key(w, "paths");
    json_object_begin(w);
    for (int i = 0; (route = api_route_at(i)); i++) {
        bool is_known = false;
        for (int j = 0; j < i && !is_known; j++)
            is_known = !strcmp(api_route_at(j)->pattern, route->pattern);
        if (is_known)
            continue;
        AUTO_BUF struct buf path = BUF_INIT;
        write_path(route->pattern, &path);
        json_key(w, buf_text(&path));
        json_object_begin(w);
        for (int j = i; (other = api_route_at(j)); j++)
            if (!strcmp(other->pattern, route->pattern))
                write_operation(w, other);
        json_object_finish(w);
    }
    json_object_finish(w);
}

void openapi_write(const struct api_names *names, const char *base_url, struct buf *out)
{
    struct document document = { .names = names };
    struct json_writer *w = &document.w;
    json_writer_init(w, out);
    json_object_begin(w);
    json_put_text(w, "openapi", "3.1.0");
    json_key(w, "info");
    json_object_begin(w);
    json_put_text(w, "title", "Halligan API (" HALLIGAN_VERSION ")");
    json_put_text(w, "version", API_VERSION);
    json_put_text(w, "description",
                  "Incidents: read them, declare them, and bring them to an end. Times are ISO "
                  "8601; errors name every wrong field.");
    json_object_finish(w);
    json_key(w, "servers");
    json_array_begin(w);
    json_object_begin(w);
    json_put_text(w, "url", *base_url ? base_url : "/");
    json_object_finish(w);
    json_array_finish(w);
    write_paths(w);
    write_components(&document);
    json_object_finish(w);
}

/* ---- the route -------------------------------------------------------------------------------- */

void openapi_on_schema(const struct route_match *match, void *arg)
{
    const struct api *api = arg;
    AUTO_BUF struct buf body = BUF_INIT;
    char base_url[OP_BASE_URL_SIZE];
    if (!api_accepts_json(match->exchange))
        return;
    op_base_url(base_url);
    openapi_write(&api->names, base_url, &body);
    http_add_header(match->exchange, "Vary", "Accept, Authorization");
    http_reply(match->exchange, 200, "application/json", body.data, body.len);
}
