/* api - the REST routes, health and metrics, answered in C. Reads run whole on a reader thread,
 * from SQL to the bytes of the answer; changes go through the kernel's operations. Read
 * routes.c first: it lists every route. Loop thread. */
#pragma once
#include "base/err.h"
#include "base/json_writer.h"

#include <stdbool.h>

struct api;
struct engine;
struct metrics;

/* What the config says. Names of answer fields that carry a vendor's name for the sake of existing clients: they are
 * data of the installation. NULL or "": the field is left out. */
struct api_options {
    const char *channel_name;   /* "#name" of the incident's channel */
    const char *ticket_key, *ticket_url;
    const char *time_zone;      /* of times, told and asked; NULL: UTC */
    bool is_whole_by_default;   /* a list of incidents without `limit` is not cut into pages */
    bool is_schema_public;      /* the API's description is shown without a key */
    /* Requests of one key, and refusals of one address; 0: no limit. */
    int requests_per_minute, requests_burst, refusals_per_minute;
};

/* Adds all routes to engine->router, sets its gate and observes engine->server when there is
 * one. Needs engine->db. NULL + err when a route is taken. */
struct api *api_new(struct engine *engine, const struct api_options *options, struct err *err);
/* After the server and before the store are closed. NULL is allowed. */
void api_free(struct api *api);
/* After a reload. Copies. */
void api_set_options(struct api *api, const struct api_options *options);
/* When the server was made after the api: requests are counted from here on. */
void api_observe(struct api *api);

/* Another program may have revoked a key: each is looked up again. Without it, one that was good lately works for a few
 * seconds more. */
void api_forget_keys(struct api *api);

/* Adds a member to the detailed answer of /healthz: <write> writes one JSON value. It returns
 * false when the part is not well: then the status is 503. <name> must be a literal. */
typedef bool (*api_health_fn)(struct json_writer *w, void *arg);
void api_add_health(struct api *api, const char *name, api_health_fn write, void *arg);

/* Where parts add their figures; see metrics.h. */
struct metrics *api_metrics(struct api *api);
