/* router - which handler answers a method and a path, and who may call it. Every route declares its access rule; a route without one
 * cannot be added. Routes of C (REST, health) are added once; routes of a Lua generation are replaced as a set. */
#pragma once
#include "net/http_server.h"

enum route_access {
    ACCESS_PUBLIC = 1,     /* health and readiness only */
    ACCESS_SIGNED,         /* the handler's integration checks a signature over the raw body before anything else */
    ACCESS_KEY_READ,       /* bearer API key with scope "read" */
    ACCESS_KEY_WRITE,      /* bearer API key with scope "write" */
    ACCESS_LOOPBACK,       /* pages, until sign-in exists: the listen address and the peer are loopback, and so is the Host header */
};

enum { ROUTE_MAX_PARAMS = 8 };

struct route_match {
    struct http_exchange *exchange;
    const struct route *route;
    int param_count;
    struct { const char *name; char value[128]; } params[ROUTE_MAX_PARAMS];   /* decoded */
};
const char *route_param(const struct route_match *match, const char *name);   /* NULL when the pattern has none */

typedef void (*route_fn)(const struct route_match *match, void *arg);

struct route {
    const char *method;        /* "GET" also answers HEAD */
    const char *pattern;       /* "/incident/:id/"; ":id" one segment, ":id#" digits only */
    enum route_access access;
    route_fn handler;
    void *arg;
    const char *about;         /* one line, for the list of routes */
    int owner;                 /* 0: the engine's own; else the generation's number */
};

struct router;
struct router *router_new(void);
void router_free(struct router *router);
int router_add(struct router *router, const struct route *route, struct err *err);   /* copies; ERR_CONFLICT when taken */
void router_remove_owner(struct router *router, int owner);
/* Called when access is ACCESS_KEY_*: answers the exchange itself (401/403) or goes on by calling <go>. Set by api/auth. */
typedef void (*router_gate_fn)(const struct route_match *match, void *arg);
void router_set_gate(struct router *router, router_gate_fn gate, void *arg);
void router_continue(const struct route_match *match);          /* runs the matched route's handler */
/* The http_server's handler (<arg> is the router): 404, 405 with Allow, 301 to the path with a final slash where that is a GET route. */
void router_handle(struct http_exchange *exchange, void *router);
int router_count(const struct router *router);
const struct route *router_at(const struct router *router, int index);
