/* openapi_responses - what each operation may answer. Refusals are the same everywhere, so they stand among the
 * components, and operations refer to those that can happen to them. */
#include "api/openapi_internal.h"
#include "api/write.h"

#include <stdio.h>
#include <string.h>

bool openapi_changes_something(const struct api_route *route)
{
    return route->write && op_find(route->write->op)->is_write;
}

static bool wants_key(const struct api_route *route)
{
    return api_route_scope(route) != NULL;
}

static bool reads_input(const struct api_route *route)
{
    return route->query || openapi_changes_something(route);
}

static bool reads_body(const struct api_route *route)
{
    return route->write && route->write->body;
}

static bool names_something(const struct api_route *route)
{
    return strchr(route->pattern, ':') || api_route_has_formats(route);
}

static bool is_json(const struct api_route *route)
{
    return wants_key(route) && (route->answer || route->write);
}

#define RETRY_AFTER                                                              \
    "\"Retry-After\":{\"description\":\"Seconds to wait\",\"schema\":{\"type\":" \
    "\"integer\"}}"

static const struct {
    int status;
    const char *name, *about;
    bool (*applies)(const struct api_route *route);
    const char *headers;
} ERRORS[] = {
    { 400, "Invalid", "The request is not valid; every wrong field is named", reads_input, NULL },
    { 401, "NoKey", "No key, or not a valid one", wants_key,
      "\"WWW-Authenticate\":{\"schema\":{\"type\":\"string\",\"const\":\"Bearer\"}}" },
    { 403, "Forbidden", "The key lacks the scope", wants_key, NULL },
    { 404, "NotFound", "There is no such thing or format, or the key may not see it",
      names_something, NULL },
    { 406, "NotAcceptable", "Nothing of the Accept header is to be had here", is_json, NULL },
    { 409, "Conflict", "The state does not allow it, or the idempotency key is taken",
      openapi_changes_something, NULL },
    { 412, "Stale", "The incident has changed since the ETag of If-Match was answered",
      api_route_is_conditional, NULL },
    { 413, "TooLarge", "The body is too large", reads_body, NULL },
    { 415, "UnknownBody", "The body is neither JSON nor a form", reads_body, NULL },
    { 429, "Throttled", "Too many requests", wants_key, RETRY_AFTER },
    { 500, "Failed", "Something is broken here", wants_key, NULL },
    { 503, "Busy", "Try again in a moment", wants_key, RETRY_AFTER },
};
enum { ERROR_COUNT = sizeof(ERRORS) / sizeof(*ERRORS) };

/* Begins an object that is to be finished. */
static void begin_response(struct json_writer *w, const char *about, const char *headers)
{
    json_object_begin(w);
    json_put_text(w, "description", about);
    if (!headers)
        return;
    json_key(w, "headers");
    json_object_begin(w);
    json_members(w, headers, strlen(headers));
    json_object_finish(w);
}

void openapi_write_errors(struct json_writer *w)
{
    json_key(w, "responses");
    json_object_begin(w);
    for (int i = 0; i < ERROR_COUNT; i++) {
        json_key(w, ERRORS[i].name);
        begin_response(w, ERRORS[i].about, ERRORS[i].headers);
        json_key(w, "content");
        json_object_begin(w);
        openapi_write_content(w, "application/json", "Error");
        json_object_finish(w);
        json_object_finish(w);
    }
    json_object_finish(w);
}

static void put_status(struct json_writer *w, int status)
{
    char code[12];
    snprintf(code, sizeof(code), "%d", status);
    json_key(w, code);
}

static void write_success(struct json_writer *w, const struct api_route *route, int status,
                          const char *about)
{
    static const char ETAG[] =
        "\"ETag\":{\"description\":\"For If-None-Match; not of streams\",\"schema\":{"
        "\"type\":\"string\"}}";
    static const char ETAG_AND_LINK[] =
        "\"ETag\":{\"description\":\"For If-None-Match; not of streams\",\"schema\":{"
        "\"type\":\"string\"}},\"Link\":{\"description\":\"The next page, while there is one: "
        "<...>; rel=\\\"next\\\"\",\"schema\":{\"type\":\"string\"}}";
    static const char REPLAYED[] =
        "\"Idempotent-Replayed\":{\"description\":\"true: the answer to an earlier "
        "request with this key\",\"schema\":{\"type\":\"string\"}}";
    bool has_pages = route->query && strstr(route->query, "cursor");
    put_status(w, status);
    begin_response(w, about,
                   has_pages                          ? ETAG_AND_LINK
                   : api_route_has_formats(route)     ? ETAG
                   : openapi_changes_something(route) ? REPLAYED
                                                      : NULL);
    if (status != 204) {
        json_key(w, "content");
        json_object_begin(w);
        openapi_write_content(w, route->answer ? "application/json" : "text/plain",
                              route->answer ? route->answer : "text");
        if (api_route_has_formats(route)) {
            openapi_write_content(w, "text/csv", "text");
            openapi_write_content(w, "text/tab-separated-values", "text");
        }
        json_object_finish(w);
    }
    json_object_finish(w);
}

static void write_refusals(struct json_writer *w, const struct api_route *route)
{
    for (int i = 0; i < ERROR_COUNT; i++) {
        if (!ERRORS[i].applies(route))
            continue;
        char reference[64];
        snprintf(reference, sizeof(reference), "#/components/responses/%s", ERRORS[i].name);
        put_status(w, ERRORS[i].status);
        json_object_begin(w);
        json_put_text(w, "$ref", reference);
        json_object_finish(w);
    }
}

void openapi_write_responses(struct json_writer *w, const struct api_route *route)
{
    bool is_nothing = route->write && !route->answer;
    json_key(w, "responses");
    json_object_begin(w);
    write_success(w, route, is_nothing ? 204 : route->status ? route->status : 200, route->about);
    if (route->again)
        write_success(w, route, 200, route->again);
    if (api_route_has_formats(route)) {
        put_status(w, 304);
        begin_response(w, "Nothing has changed", NULL);
        json_object_finish(w);
    }
    if (route->access == ACCESS_PUBLIC)
        write_success(w, route, 503, "It is not well");
    write_refusals(w, route);
    json_object_finish(w);
}
