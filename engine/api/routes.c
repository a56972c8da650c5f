/* routes - every route of the REST API, health and metrics: one row each. */
#include "api/api_internal.h"
#include "api/handlers.h"
#include "api/incident_create.h"
#include "api/incident_write.h"
#include "api/record_write.h"
#include "api/route.h"
#include "api/webhook_routes.h"
#include "net/loopback.h"

#include <string.h>

static bool is_local(const struct http_exchange *exchange, void *api)
{
    (void)api;
    return loopback_is_caller(exchange);
}

static bool is_schema_public(const struct http_exchange *exchange, void *api)
{
    (void)exchange;
    return ((const struct api *)api)->settings.is_schema_public;
}

#define LIST_AND_DETAIL(name, on, shape, text)                                        \
    { .method = "GET",                                                                \
      .pattern = API_BASE name "/",                                                   \
      .access = ACCESS_KEY_READ,                                                      \
      .handler = (on),                                                                \
      .about = text,                                                                  \
      .answer = "[" shape "]" },                                                      \
    {                                                                                 \
        .method = "GET", .pattern = API_BASE name "/:id/", .access = ACCESS_KEY_READ, \
        .handler = (on), .about = text ", one", .answer = shape                       \
    }

/* What one incident has: reads it, or does what <what> says. */
#define OF_INCIDENT(method_, path, access_, what, type, text)                                \
    {                                                                                        \
        .method = (method_), .pattern = API_BASE "incidents/:id/" path, .access = (access_), \
        .write = &(what), .about = text, .answer = (type)                                    \
    }

#define INCIDENT_QUERY                                                                    \
    "id id__in id__iexact id__gte id__lte id__gt id__lt status _status__gte _status__lte" \
    " _status__gt _status__lt environment environment__value environment__value__in"      \
    " priority group incident_category created_by ignore created_at created_at__gte"      \
    " created_at__lte created_at__gt created_at__lt search order_by limit=all cursor"     \
    " show_tags"

static const struct api_route ROUTES[] = {
    /* ---- incidents */
    { .method = "GET",
      .pattern = API_BASE "incidents/",
      .access = ACCESS_KEY_READ,
      .handler = incidents_on_list,
      .about = "Incidents, newest first, a page at a time",
      .query = INCIDENT_QUERY,
      .answer = "[Incident]" },
    { .method = "GET",
      .pattern = API_BASE "incidents/:id/",
      .access = ACCESS_KEY_READ,
      .handler = incidents_on_detail,
      .about = "One incident",
      .answer = "Incident" },
    { .method = "POST",
      .pattern = API_BASE "incidents",
      .access = ACCESS_KEY_WRITE,
      .write = &INCIDENT_CREATE,
      .about = "Declares an incident",
      .answer = "Incident",
      .status = 201,
      .again = "An incident with this dedup_key is open: this one" },

    /* ---- what one incident has */
    OF_INCIDENT("PATCH", "", ACCESS_KEY_WRITE, INCIDENT_PATCH, "Incident", "Changes an incident"),
    OF_INCIDENT("POST", "close", ACCESS_KEY_WRITE, INCIDENT_CLOSE, "Incident",
                "Closes an incident; 409 says what is missing"),
    OF_INCIDENT("POST", "reopen", ACCESS_KEY_WRITE, INCIDENT_REOPEN, "Incident",
                "Opens a closed incident again"),
    OF_INCIDENT("POST", "downgrade", ACCESS_KEY_WRITE, INCIDENT_DOWNGRADE, "Incident",
                "It was no incident: ignored from now on, and closed"),
    OF_INCIDENT("POST", "make-private", ACCESS_KEY_WRITE, INCIDENT_MAKE_PRIVATE, "Incident",
                "Hides a public incident from who has no part in it, for good"),
    OF_INCIDENT("GET", "state/", ACCESS_KEY_READ, INCIDENT_STATE, "State",
                "Its status, times and marks, beyond what incidents/ tells"),
    OF_INCIDENT("GET", "lifecycle/", ACCESS_KEY_READ, INCIDENT_LIFECYCLE, "Lifecycle",
                "Which status may come next, and what is missing before it can be closed"),
    OF_INCIDENT("GET", "updates/", ACCESS_KEY_READ, INCIDENT_UPDATES, "[Update]",
                "The timeline of an incident"),
    { .method = "POST",
      .pattern = API_BASE "incidents/:id/updates/",
      .access = ACCESS_KEY_WRITE,
      .write = &INCIDENT_ADD_UPDATE,
      .about = "Adds a step to the timeline: a message, changes, or both",
      .answer = "Update",
      .status = 201 },
    OF_INCIDENT("GET", "key-events/", ACCESS_KEY_READ, INCIDENT_KEY_EVENTS, "[KeyEvent]",
                "All key events, with when they happened"),
    OF_INCIDENT("PATCH", "key-events/", ACCESS_KEY_WRITE, INCIDENT_SET_KEY_EVENTS, "[KeyEvent]",
                "Sets or removes key events"),
    OF_INCIDENT("GET", "roles/", ACCESS_KEY_READ, INCIDENT_ROLES, "[RoleHolder]",
                "Who holds the roles"),
    OF_INCIDENT("PATCH", "roles/", ACCESS_KEY_WRITE, INCIDENT_SET_ROLES, "[RoleHolder]",
                "Gives roles to people, or takes them away"),
    OF_INCIDENT("GET", "members/", ACCESS_KEY_READ, INCIDENT_MEMBERS, "[Member]",
                "Who is part of an incident"),
    OF_INCIDENT("POST", "members/", ACCESS_KEY_WRITE, INCIDENT_ADD_MEMBER, "[Member]",
                "Lets a person join"),
    OF_INCIDENT("DELETE", "members/:person/", ACCESS_KEY_WRITE, INCIDENT_REMOVE_MEMBER, NULL,
                "Lets a person leave"),

    OF_INCIDENT("PUT", "tags/", ACCESS_KEY_WRITE, INCIDENT_SET_TAGS, "Incident",
                "Gives an incident its tags"),
    OF_INCIDENT("GET", "impacts/", ACCESS_KEY_READ, INCIDENT_IMPACTS, "[Impact]",
                "How much it is felt"),
    OF_INCIDENT("PATCH", "impacts/", ACCESS_KEY_WRITE, INCIDENT_SET_IMPACTS, "[Impact]",
                "Changes how much it is felt"),
    OF_INCIDENT("GET", "custom-fields/", ACCESS_KEY_READ, INCIDENT_CUSTOM_FIELDS, "any",
                "The values of the custom fields"),
    OF_INCIDENT("PATCH", "custom-fields/", ACCESS_KEY_WRITE, INCIDENT_SET_CUSTOM_FIELDS, "any",
                "Changes custom fields"),
    OF_INCIDENT("POST", "merge", ACCESS_KEY_WRITE, INCIDENT_MERGE, "Incident",
                "It is a duplicate: closed, and its people join the other"),
    OF_INCIDENT("GET", "costs/", ACCESS_KEY_READ, INCIDENT_COSTS, "[Cost]",
                "What an incident cost"),
    { .method = "POST",
      .pattern = API_BASE "incidents/:id/costs/",
      .access = ACCESS_KEY_WRITE,
      .write = &INCIDENT_ADD_COST,
      .about = "Adds a line to the costs",
      .answer = "Cost",
      .status = 201 },

    /* ---- costs of all incidents */
    { .method = "GET",
      .pattern = API_BASE "incident_costs/",
      .access = ACCESS_KEY_READ,
      .handler = costs_on_list,
      .about = "Costs of all incidents, newest first",
      .query = "limit=everything cursor",
      .answer = "[Cost]" },
    { .method = "GET",
      .pattern = API_BASE "incident_costs/:id/",
      .access = ACCESS_KEY_READ,
      .handler = costs_on_detail,
      .about = "A line of the costs",
      .answer = "Cost" },
    { .method = "PATCH",
      .pattern = API_BASE "incident_costs/:id/",
      .access = ACCESS_KEY_WRITE,
      .write = &COST_CHANGE,
      .about = "Changes a line of the costs",
      .answer = "Cost" },
    { .method = "DELETE",
      .pattern = API_BASE "incident_costs/:id/",
      .access = ACCESS_KEY_WRITE,
      .write = &COST_REMOVE,
      .about = "Takes a line of the costs away" },

    /* ---- what incidents refer to */
    LIST_AND_DETAIL("incident_cost_types", reference_on_cost_types, "CostType", "Types of costs"),
    LIST_AND_DETAIL("environments", reference_on_environments, "Environment", "Environments"),
    LIST_AND_DETAIL("priorities", reference_on_priorities, "Priority", "Priorities"),
    LIST_AND_DETAIL("severities", reference_on_priorities, "Priority",
                    "Priorities, under their old name"),
    LIST_AND_DETAIL("groups", reference_on_groups, "Group", "Groups of categories"),
    LIST_AND_DETAIL("incident-categories", reference_on_categories, "Category", "Categories"),
    LIST_AND_DETAIL("components", reference_on_categories, "Category",
                    "Categories, under their old name"),
    LIST_AND_DETAIL("runbooks", reference_on_runbooks, "Runbook", "Runbooks"),

    /* ---- webhooks */
    { .method = "GET",
      .pattern = API_BASE "webhooks/",
      .access = ACCESS_KEY_ADMIN,
      .write = &WEBHOOKS,
      .about = "The webhooks of the config, with how many deliveries there are",
      .answer = "[Webhook]" },
    { .method = "GET",
      .pattern = API_BASE "webhooks/:name/deliveries/",
      .access = ACCESS_KEY_ADMIN,
      .write = &WEBHOOK_DELIVERIES,
      .about = "Deliveries to a webhook, newest first",
      .query = "state limit",
      .answer = "[Delivery]" },
    { .method = "GET",
      .pattern = API_BASE "webhooks/deliveries/:id/",
      .access = ACCESS_KEY_ADMIN,
      .write = &WEBHOOK_DELIVERY,
      .about = "A delivery: its body, and each try",
      .answer = "DeliveryDetail" },
    { .method = "POST",
      .pattern = API_BASE "webhooks/deliveries/:id/replay",
      .access = ACCESS_KEY_ADMIN,
      .write = &WEBHOOK_REPLAY,
      .about = "Sends a delivery again: the same bytes, the same webhook-id, signed anew",
      .answer = "Replay",
      .status = 202 },

    /* ---- this table */
    { .method = "GET",
      .pattern = API_BASE "schema",
      .access = ACCESS_KEY_READ,
      .handler = openapi_on_schema,
      .is_open = is_schema_public,
      .about = "This document (OpenAPI 3.1); without a key when api.public_schema says so",
      .answer = "any" },

    /* ---- health and figures */
    { .method = "GET",
      .pattern = "/healthz",
      .access = ACCESS_PUBLIC,
      .handler = health_on_healthz,
      .about = "Is the engine well? Details for this machine only",
      .answer = "Health" },
    { .method = "GET",
      .pattern = "/readyz",
      .access = ACCESS_PUBLIC,
      .handler = health_on_readyz,
      .about = "200 when requests are answered",
      .answer = "Ready" },
    { .method = "GET",
      .pattern = API_BASE "monitoring/healthcheck",
      .access = ACCESS_PUBLIC,
      .handler = health_on_healthcheck,
      .about = "Is the store well?",
      .answer = "Health" },
    { .method = "GET",
      .pattern = API_BASE "monitoring/readiness",
      .access = ACCESS_PUBLIC,
      .handler = health_on_readiness,
      .about = "Are the store and the jobs well?",
      .answer = "Readiness" },
    { .method = "GET",
      .pattern = "/metrics",
      .access = ACCESS_KEY_READ,
      .handler = metrics_on_metrics,
      .is_open = is_local,
      .about = "Figures for Prometheus; from this machine, or with a key" },
};

enum { ROUTE_COUNT = sizeof(ROUTES) / sizeof(*ROUTES) };

const struct api_route *api_route_at(int index)
{
    return index >= 0 && index < ROUTE_COUNT ? &ROUTES[index] : NULL;
}

const struct api_route *api_route_of(const struct route *route)
{
    for (int i = 0; i < ROUTE_COUNT; i++)
        if (!strcmp(ROUTES[i].method, route->method) && !strcmp(ROUTES[i].pattern, route->pattern))
            return &ROUTES[i];
    return NULL;
}

bool api_route_has_formats(const struct api_route *route)
{
    size_t len = strlen(route->pattern);
    return !strcmp(route->method, "GET") && route->pattern[len - 1] == '/';
}

bool api_route_is_conditional(const struct api_route *route)
{
    static const char INCIDENT[] = API_BASE "incidents/:id/";
    return strcmp(route->method, "GET") != 0 &&
           !strncmp(route->pattern, INCIDENT, sizeof(INCIDENT) - 1);
}

const char *api_route_scope(const struct api_route *route)
{
    switch (route->access) {
    case ACCESS_KEY_READ:
        return "read";
    case ACCESS_KEY_WRITE:
        return "write";
    case ACCESS_KEY_ADMIN:
        return "admin";
    case ACCESS_PUBLIC:
    case ACCESS_SIGNED:
    case ACCESS_LOOPBACK:
        break;
    }
    return NULL;
}
