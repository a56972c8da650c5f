/* route - what a route of the REST API says about itself: method, path, who may call it, what it
 * reads and what it answers. The table is routes.c; the router, the OpenAPI document, `halligan
 * docs` and the tests are made from it, so that none of them can tell anything else. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "net/router.h"

struct api;
struct api_write;

/* ---- shapes: of request bodies and of answers -------------------------------------------------- */

/* A member of an object.
 *
 * name   "title"; "dedup_key?" may be missing; "@channel_name": the config says how it is called.
 * type   text, email, uuid, url, time (ISO 8601), duration, int, number, flag, any, status,
 *        "=a|b" (one of these texts), "Person" (a shape), "[text]" (a list), "{text}" (a map by
 *        name); followed by "?" when it may be null. */
struct api_field {
    const char *name, *type, *about;
    size_t max;           /* characters of a text in a body; 0: no limit */
    const char *argument; /* of the operation, for bodies; NULL: the field's own name */
    const char *exists;   /* SELECT that finds the row a body's uuid names; NULL: not checked */
};

struct api_shape {
    const char *name, *about;
    const struct api_field *fields; /* closed by one without a name */
    bool is_strict;                 /* a body with other fields is refused, not read without them */
    bool has_more;                  /* an answer may have members that are not told here */
};

/* All shapes that answers are made of; NULL past the end. */
const struct api_shape *api_shape_at(int index);
/* NULL when there is none of that name. */
const struct api_shape *api_shape_find(const char *name, size_t len);

/* A parameter of a query string. What follows a "=" in its name tells it from one of the same name elsewhere. */
struct api_parameter {
    const char *name, *type, *about;
};
/* NULL when there is none of that name. */
const struct api_parameter *api_parameter_find(const char *name, size_t len);

/* ---- routes ------------------------------------------------------------------------------------ */

struct api_route {
    const char *method, *pattern; /* as in net/router.h */
    enum route_access access;
    route_fn handler;              /* gets the struct api; NULL: <write> says what is done */
    const char *about;             /* one line */
    const char *query;             /* names of parameters, with blanks; NULL: none */
    const char *answer;            /* a type as above; NULL: not JSON, or nothing */
    const struct api_write *write; /* of a route that runs an operation; NULL: none */
    /* NULL, or: true lets a caller without a key in. */
    bool (*is_open)(const struct http_exchange *exchange, void *api);
    int status; /* of success; 0: 200 */
    const char *again; /* about a 200 where <status> is another: it was there before; NULL: never */
};

/* NULL past the end. */
const struct api_route *api_route_at(int index);
/* The row that a route of the router was made from; NULL for one of a script. */
const struct api_route *api_route_of(const struct route *route);
/* Lists and details are also answered as tables, and under paths that end with the format: "incidents.csv". */
bool api_route_has_formats(const struct api_route *route);
/* Changes an incident, and heeds If-Match with the ETag of incidents/<id>/. */
bool api_route_is_conditional(const struct api_route *route);
/* "read", "write", "admin", or NULL for routes that want no key. */
const char *api_route_scope(const struct api_route *route);
