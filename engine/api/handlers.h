/* handlers - the functions that answer routes, by the file they live in. Named in routes.c only.
 * Each is a route_fn whose argument is the struct api. */
#pragma once
#include "net/router.h"

/* incidents.c */
void incidents_on_list(const struct route_match *match, void *api);
void incidents_on_detail(const struct route_match *match, void *api);

/* reference.c: a list, or with ":id" in the pattern one row */
void reference_on_environments(const struct route_match *match, void *api);
void reference_on_priorities(const struct route_match *match, void *api);
void reference_on_groups(const struct route_match *match, void *api);
void reference_on_cost_types(const struct route_match *match, void *api);
void reference_on_runbooks(const struct route_match *match, void *api);
void reference_on_categories(const struct route_match *match, void *api);

/* costs.c */
void costs_on_list(const struct route_match *match, void *api);
void costs_on_detail(const struct route_match *match, void *api);

/* options.c */
void options_on_request(const struct route_match *match, void *api);

/* health.c */
void health_on_healthz(const struct route_match *match, void *api);
void health_on_healthcheck(const struct route_match *match, void *api);
void health_on_readiness(const struct route_match *match, void *api);
void health_on_readyz(const struct route_match *match, void *api);

/* metrics.c */
void metrics_on_metrics(const struct route_match *match, void *api);

/* openapi.c */
void openapi_on_schema(const struct route_match *match, void *api);
