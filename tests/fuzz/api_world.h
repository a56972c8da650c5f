/* api_world - the REST API on a store in memory, with a few incidents, for fuzzers that call its parts without a
 * socket. */
#pragma once
#include <stdio.h>
#include <unistd.h>

#include "api/api_internal.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/engine.h"
#include "core/op.h"

static const char WORLD_REFERENCE[] =
    "{\"priorities\":[{\"id\":\"p1\",\"name\":\"P1\",\"value\":1,\"default\":true,\"order\":1},"
    "{\"id\":\"p4\",\"name\":\"P4\",\"value\":4,\"order\":2}],"
    "\"environments\":[{\"id\":\"prd\",\"value\":\"PRD\",\"name\":\"Production\",\"default\":true}]"
    ","
    "\"groups\":[{\"id\":\"g1\",\"name\":\"G\",\"categories\":[{\"id\":\"c1\",\"name\":\"C\"},"
    "{\"id\":\"c2\",\"name\":\"S\",\"private\":true}]}],"
    "\"roles\":[{\"slug\":\"commander\",\"name\":\"Commander\",\"required\":true}],"
    "\"metrics\":[{\"type\":\"time_to_fix\",\"code\":\"TTF\",\"name\":\"Time to fix\","
    "\"end\":\"recovered\",\"start\":\"started\"}],"
    "\"impacts\":[{\"value\":\"business\",\"name\":\"Business\",\"levels\":[{\"value\":\"HT\","
    "\"name\":\"Much\"},{\"value\":\"NO\",\"name\":\"None\"}]}],"
    "\"cost_types\":[{\"name\":\"Fees\",\"default\":true}],"
    "\"milestones\":[{\"event_type\":\"started\",\"name\":\"Started\"},"
    "{\"event_type\":\"recovered\",\"name\":\"Recovered\"}]}";

static inline void world_run(struct db *db, const char *op, const char *args)
{
    AUTO_BUF struct buf out = BUF_INIT;
    struct err err = { 0 };
    if (op_run_now(db, op, json_loads(args, 0, NULL), &ACTOR_ENGINE, &out, &err) != OK) {
        fprintf(stderr, "%s %s: %s\n", op, args, err.msg);
        abort();
    }
}

/* Made at the first call. Incidents 1 (open), 2 (closed) and 3 (private). */
static inline struct api *world_api(void)
{
    static struct engine engine;
    static struct api *api;
    char path[64];
    struct err err = { 0 };
    if (api)
        return api;
    log_configure(LOG_ERROR_LEVEL, false);
    clock_set_ms(INT64_C(1795435200123));
    snprintf(path, sizeof(path), "/dev/shm/halligan-fuzz-%d.db", (int)getpid());
    REQUIRE(db_open(&(struct db_options){ .path = path }, &engine.db, &err) == OK);
    unlink(path);
    engine.router = router_new();
    api = api_new(
        &engine,
        &(struct api_options){ .channel_name = "channel_name", .time_zone = "Europe/Paris" }, &err);
    REQUIRE(api);
    world_run(engine.db, "reference.reconcile", WORLD_REFERENCE);
    for (int i = 0; i < 3; i++)
        world_run(
            engine.db, "incident.declare",
            i == 2
                ? "{\"title\":\"Secret\",\"description\":\"d\",\"priority\":\"p1\",\"environment\":"
                  "\"prd\",\"category\":\"c2\",\"created_by_email\":\"ann@example.org\"}"
                : "{\"title\":\"Payment fails\",\"description\":\"d\",\"priority\":\"p4\","
                  "\"environment\":\"prd\",\"category\":\"c1\",\"created_by_email\":"
                  "\"ann@example.org\"}");
    world_run(engine.db, "incident.close", "{\"id\":2,\"closure_reason\":\"false_positive\"}");
    return api;
}

/* What an answer begins with; to be given back with api_read_free(). */
static inline struct api_read *world_read(struct api *api, const char *query)
{
    struct api_read *read = xcalloc(1, sizeof(*read));
    read->api = api;
    read->zone = api->zones->tz;
    read->names = api->names;
    read->query = xstrdup(query);
    read->status = 200;
    read->identity = (struct api_identity){ .key_id = 1, .may_read = true, .may_write = true };
    return read;
}

/* A body of errors as clients read it: a list that is not empty, each with its words. */
static inline void world_expect_errors(const struct api_errors *errors)
{
    AUTO_BUF struct buf body = BUF_INIT;
    size_t index;
    json_t *item;
    api_errors_write(errors, &body);
    json_t *answer = json_loadb(body.data, body.len, 0, NULL);
    REQUIRE(json_array_size(json_object_get(answer, "errors")) == (size_t)errors->count);
    json_array_foreach (json_object_get(answer, "errors"), index, item)
        REQUIRE(json_string_length(json_object_get(item, "detail")) > 0);
    json_decref(answer);
}
