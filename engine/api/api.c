#include "api/api_internal.h"
#include "api/handlers.h"
#include "api/metrics.h"
#include "api/rate.h"
#include "api/reference_cache.h"
#include "api/route.h"
#include "api/write.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/tz.h"
#include "core/engine.h"

#include <stdio.h>
#include <string.h>

static void copy_name(char out[API_NAME_SIZE], const char *name)
{
    copy_text(out, API_NAME_SIZE, name);
}

/* Puts the zone of that name first; one that cannot be read is not taken over. */
static void set_zone(struct api *api, const char *name)
{
    struct err err;
    struct zone **link = &api->zones;
    while (*link && strcmp((*link)->name, name) != 0)
        link = &(*link)->next;
    struct zone *zone = *link;
    if (zone) {
        *link = zone->next;
    } else {
        struct tz *tz = tz_load(name, &err);
        if (!tz) {
            log_error(LOG_API, 0, "time_zone: %s", err.msg);
            return;
        }
        zone = xcalloc(1, sizeof(*zone));
        *zone = (struct zone){ .name = xstrdup(name), .tz = tz };
    }
    zone->next = api->zones;
    api->zones = zone;
}

static void free_zones(struct zone *zone)
{
    while (zone) {
        struct zone *next = zone->next;
        tz_free(zone->tz);
        free(zone->name);
        free(zone);
        zone = next;
    }
}

void api_set_options(struct api *api, const struct api_options *options)
{
    set_zone(api, options->time_zone ? options->time_zone : "UTC");
    copy_name(api->names.channel_name, options->channel_name);
    copy_name(api->names.ticket_key, options->ticket_key);
    copy_name(api->names.ticket_url, options->ticket_url);
    api->settings = (struct api_settings){
        .is_schema_public = options->is_schema_public,
        .is_whole_by_default = options->is_whole_by_default,
        .requests_per_minute = options->requests_per_minute,
        .requests_burst = options->requests_burst,
        .refusals_per_minute = options->refusals_per_minute,
    };
}

static int add_routes(struct api *api, struct err *err)
{
    const struct api_route *row;
    int rc = OK;
    for (int i = 0; rc == OK && (row = api_route_at(i)); i++) {
        const struct route route = {
            .method = row->method,
            .pattern = row->pattern,
            .access = row->access,
            .handler = row->handler ? row->handler : write_on_request,
            .arg = api,
            .about = row->about,
            .is_open = row->is_open,
            .has_formats = api_route_has_formats(row),
            .options = row->access == ACCESS_PUBLIC ? NULL : options_on_request,
        };
        rc = router_add(api->engine->router, &route, err);
    }
    return rc;
}

void api_observe(struct api *api)
{
    if (api->engine->server)
        http_server_observe(api->engine->server, metrics_observe, api->metrics);
}

struct api *api_new(struct engine *engine, const struct api_options *options, struct err *err)
{
    struct api *api = xcalloc(1, sizeof(*api));
    api->engine = engine;
    api->auth = auth_new(api);
    api->references = reference_cache_new();
    api->metrics = metrics_new();
    api->rate = rate_new();
    api_set_options(api, options);
    metrics_add_figures(api);
    if (add_routes(api, err) != OK) {
        api_free(api);
        return NULL;
    }
    router_set_gate(engine->router, auth_gate, api);
    api_observe(api);
    return api;
}

void api_free(struct api *api)
{
    if (!api)
        return;
    auth_free(api->auth);
    reference_cache_free(api->references);
    metrics_free(api->metrics);
    rate_free(api->rate);
    free_zones(api->zones);
    buf_fini(&api->columns);
    free(api);
}

void api_add_health(struct api *api, const char *name, api_health_fn write, void *arg)
{
    REQUIRE(api->health_count < API_HEALTH_PARTS);
    api->health[api->health_count].name = name;
    api->health[api->health_count].write = write;
    api->health[api->health_count++].arg = arg;
}

struct metrics *api_metrics(struct api *api)
{
    return api->metrics;
}
