/* Read openapi_write(): paths from the routes, components from the shapes of bodies and answers. A
 * path's operations stand together, so its routes are looked for from the first of them on. */
#include "api/openapi_internal.h"

#include "api/handlers.h"
#include "api/write.h"

#include <stdio.h>
#include <string.h>

/* ---- components ------------------------------------------------------------------------------ */

static const struct api_shape *body_of(const struct api_route *route)
{
    return route->write ? route->write->body : NULL;
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

static void write_components(struct json_writer *w, const struct api_names *names)
{
    const struct api_shape *shape;
    json_key(w, "components");
    json_object_begin(w);
    json_key(w, "schemas");
    json_object_begin(w);
    for (int i = 0; (shape = api_shape_at(i)); i++)
        openapi_write_shape(w, names, shape);
    for (int i = 0; api_route_at(i); i++)
        if (is_first_with_body(i))
            openapi_write_shape(w, names, body_of(api_route_at(i)));
    json_object_finish(w);
    openapi_write_errors(w);
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
    openapi_write_type(w, type, strlen(type), (struct openapi_remarks){ 0 });
    json_object_finish(w);
}

/* The parameters of these names, with blanks. */
static void write_queries(struct json_writer *w, const char *names)
{
    for (const char *at = names; *at; at += strcspn(at, " "), at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        const struct api_parameter *parameter = api_parameter_find(at, len);
        write_parameter(w, "query", at, strcspn(at, "= "), parameter->type, parameter->about);
    }
}

/* Whether the path's parameter <name>, at the end of the pattern's <prefix_len> bytes, is read as a
 * number by any route that begins so. */
static bool is_number(const char *pattern, size_t prefix_len, const char *name, size_t len)
{
    const struct api_route *route;
    for (int i = 0; (route = api_route_at(i)); i++) {
        const char *path = route->write ? route->write->path : NULL;
        if (strncmp(route->pattern, pattern, prefix_len) != 0)
            continue;
        for (const char *at = path; at && *at; at += strcspn(at, " "), at += *at == ' ')
            if (!strncmp(at, name, len) && strchr(":#", at[len]) && at[strcspn(at, " ") - 1] == '#')
                return true;
    }
    return false;
}

static void write_parameters(struct json_writer *w, const struct api_route *route)
{
    json_key(w, "parameters");
    json_array_begin(w);
    for (const char *at = strchr(route->pattern, ':'); at; at = strchr(at + 1, ':')) {
        size_t len = strcspn(at, "/#") - 1;
        size_t prefix_len = (size_t)(at + 1 + len - route->pattern);
        write_parameter(w, "path", at + 1, len,
                        is_number(route->pattern, prefix_len, at + 1, len) ? "int" : "text", NULL);
    }
    write_queries(w, route->query ? route->query : "");
    if (api_route_has_formats(route)) {
        write_queries(w, "format fields labels");
        write_parameter(w, "header", "If-None-Match", strlen("If-None-Match"), "text",
                        "The ETag of an answer that is known: 304 when nothing has changed");
    }
    if (api_route_is_conditional(route))
        write_parameter(w, "header", "If-Match", strlen("If-Match"), "text",
                        "The ETag of the incident that was read: 412 when it has changed since");
    if (openapi_changes_something(route))
        write_parameter(w, "header", "Idempotency-Key", strlen("Idempotency-Key"), "text",
                        "Sent again with the same request within a day: the same answer, and "
                        "nothing is done again");
    json_array_finish(w);
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
    openapi_write_content(w, "application/json", body->name);
    openapi_write_content(w, "application/x-www-form-urlencoded", body->name);
    openapi_write_content(w, "multipart/form-data", body->name);
    json_object_finish(w);
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
        json_put_raw(w, "security", route->is_open ? "[{\"key\":[]},{}]" : "[{\"key\":[]}]");
    } else {
        json_put_raw(w, "security", "[]");
    }
    write_parameters(w, route);
    if (body_of(route))
        write_body(w, body_of(route));
    openapi_write_responses(w, route);
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
    struct json_writer writer;
    struct json_writer *w = &writer;
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
    write_components(w, names);
    json_object_finish(w);
}

/* ---- the route -------------------------------------------------------------------------------- */

/* The document is JSON, which is YAML as well: tools that ask for that are told so. NULL: they do not. */
static const char *yaml_type(const struct http_exchange *exchange)
{
    static const char *const TYPES[] = { "application/yaml", "application/vnd.oai.openapi",
                                         "application/vnd.oai.openapi+json" };
    const char *accept = http_header(exchange, "Accept");
    if (!strcmp(http_query(exchange), "format=yaml"))
        return TYPES[0];
    for (size_t i = 0; accept && i < sizeof(TYPES) / sizeof(*TYPES); i++) {
        size_t len = strlen(TYPES[i]);
        for (const char *at = strstr(accept, TYPES[i]); at; at = strstr(at + len, TYPES[i]))
            if (strchr(",; ", at[len]))
                return TYPES[i];
    }
    return NULL;
}

void openapi_on_schema(const struct route_match *match, void *arg)
{
    const struct api *api = arg;
    AUTO_BUF struct buf body = BUF_INIT;
    char base_url[OP_BASE_URL_SIZE];
    const char *yaml = yaml_type(match->exchange);
    if (!yaml && !api_accepts_json(match))
        return;
    op_base_url(base_url);
    openapi_write(&api->names, base_url, &body);
    http_add_header(match->exchange, "Vary", "Accept, Authorization");
    http_reply(match->exchange, 200, yaml ? yaml : "application/json", body.data, body.len);
}
