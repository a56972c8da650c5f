/* router - which handler answers a method and a path, and who may call it. Every route declares
 * its access rule; a route without one cannot be added. Routes of C (REST, health) are added
 * once; routes of a Lua generation are replaced as a set. */
#pragma once
#include "net/http_server.h"

enum route_access {
    ACCESS_PUBLIC = 1,     /* health and readiness only */
    ACCESS_SIGNED,         /* the handler checks a signature over the raw body before all else */
    ACCESS_KEY_READ,       /* bearer API key with scope "read" */
    ACCESS_KEY_WRITE,      /* bearer API key with scope "write" */
    ACCESS_KEY_ADMIN,      /* bearer API key with scope "admin" */
    ACCESS_LOOPBACK,       /* listen address, peer and Host header are all loopback */
};

enum { ROUTE_MAX_PARAMS = 8 };

struct router;
struct route;

/* Valid during the handler's call; route_match_keep() makes one that lasts. */
struct route_match {
    struct http_exchange *exchange;
    const struct router *router;
    const struct route *route;
    int param_count;
    struct { const char *name; char value[128]; } params[ROUTE_MAX_PARAMS];   /* decoded */
};
/* The parameter's value, borrowed; NULL when the pattern has none of that name. */
const char *route_param(const struct route_match *match, const char *name);

/* "GET, HEAD, OPTIONS": what may be asked of the path that matched; for OPTIONS. */
void route_allow(const struct route_match *match, char *out, size_t size);

typedef void (*route_fn)(const struct route_match *match, void *arg);

struct route {
    const char *method;        /* "GET" also answers HEAD */
    const char *pattern;       /* "/incident/:id/"; ":id" one segment, ":id#" digits only */
    enum route_access access;
    route_fn handler;
    void *arg;
    const char *about;         /* one line, for the list of routes */
    int owner;                 /* 0: the engine's own; else the generation's number */
    /* NULL, or: asked first (with <arg>) where a key is wanted; true lets everyone in. */
    bool (*is_open)(const struct http_exchange *exchange, void *arg);
    /* "/incident/" is also "/incident.csv" then, and the parameter "format" is "csv"; for patterns
     * that end with a slash. */
    bool has_formats;
    route_fn options;          /* answers OPTIONS, under the same rule; NULL: 405 */
};

/* Empty. */
struct router *router_new(void);
/* NULL is allowed. */
void router_free(struct router *router);
/* Copies the texts. ERR_CONFLICT when method and path are taken, ERR_INVALID for a broken
 * pattern or a missing rule. */
int router_add(struct router *router, const struct route *route, struct err *err);
void router_remove_owner(struct router *router, int owner);

/* Called when access is ACCESS_KEY_*: answers the exchange itself (401, 403) or goes on by
 * calling router_continue(), at once or later with a kept match. Set by api/auth. */
typedef void (*router_gate_fn)(const struct route_match *match, void *arg);
void router_set_gate(struct router *router, router_gate_fn gate, void *arg);
/* Runs the matched route's handler; that of its successor when a reload replaced the route
 * meanwhile. */
void router_continue(const struct route_match *match);
/* A copy that outlives the call, for answers that come later. The caller gives it back with
 * route_match_release(). */
struct route_match *route_match_keep(const struct route_match *match);
void route_match_release(struct route_match *match);

/* The http_server's handler (<router> is the router): 404, 405 with Allow, 301 to the path with
 * a final slash where only that one is a GET route. */
void router_handle(struct http_exchange *exchange, void *router);

/* Routes, of all owners. */
int router_count(const struct router *router);
/* <index> is below router_count(); borrowed until routes change. */
const struct route *router_at(const struct router *router, int index);
