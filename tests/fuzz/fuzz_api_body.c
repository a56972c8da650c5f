/* Any JSON as the body of any write: refused with reasons in the names of the body, or done, with an
 * answer that is JSON. The first byte chooses the route. Nothing is kept: each body meets the same incidents. */
#include "api/body.h"
#include "api/route.h"
#include "api/write.h"
#include "core/args.h"

#include <string.h>

#include "api_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct api_route *route_of(unsigned index)
{
    const struct api_route *route;
    unsigned count = 0;
    for (int i = 0; (route = api_route_at(i)); i++)
        count += route->write && route->write->body;
    index %= count;
    for (int i = 0; (route = api_route_at(i)); i++)
        if (route->write && route->write->body && index-- == 0)
            return route;
    abort();
}

/* "id#" and "id:incident_id#": the path names incident 1. */
static void put_path(const char *path, json_t *args)
{
    char name[32];
    if (!path)
        return;
    const char *colon = strchr(path, ':');
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(colon ? colon + 1 : path, "#"),
             colon ? colon + 1 : path);
    REQUIRE(!strchr(path, ' '));
    json_object_set_new(args, name, json_integer(1));
}

/* What is done is undone: a failed request leaves nothing. */
struct doing {
    struct write_call call;
    struct err *err;
    int rc;
};

static int apply(struct tx *tx, void *arg, struct err *err)
{
    struct doing *doing = arg;
    doing->rc = write_apply(tx, &doing->call, doing->err);
    return err_set(err, ERR_CLOSED, "undone");
}

static void expect_outcome(const struct doing *doing, const struct api_route *route)
{
    const struct api_read *read = doing->call.read;
    switch (doing->rc) {
    case OK:
        REQUIRE(!read->errors.count);
        json_t *answer = json_loadb(buf_text(&read->out), read->out.len, JSON_DECODE_ANY, NULL);
        REQUIRE(answer || read->status == 204);
        json_decref(answer);
        return;
    case ERR_INVALID:
        if (read->errors.count) {
            world_expect_errors(&read->errors);
            return;
        }
        REQUIRE(*doing->err->msg);
        return;
    case ERR_CONFLICT:
    case ERR_LIMIT:
    case ERR_NOT_FOUND:
        REQUIRE(*doing->err->msg);
        return;
    default:
        fprintf(stderr, "%s %s: %d %s\n", route->method, route->pattern, doing->rc,
                doing->err->msg);
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct actor ACTOR = { .kind = ACTOR_KEY, .id = "1", .source = "rest" };
    struct api *api = world_api();
    struct err err = { 0 };
    json_t *body =
        size ? json_loadb((const char *)data + 1, size - 1, JSON_ALLOW_NUL | JSON_DECODE_ANY, NULL)
             : NULL;
    if (!body)
        return 0;
    const struct api_route *route = route_of(data[0]);
    struct api_read *read = world_read(api, "");
    json_t *args = json_object();
    write_answer_of(route, read);
    read->id = 1;
    body_check(route->write->body, body, read->zone, args, &read->errors);
    put_path(route->write->path, args);
    struct doing doing = { .call = { route->write, read, args, &ACTOR }, .err = &err };
    (void)db_write_now(api->engine->db, apply, &doing, NULL);
    expect_outcome(&doing, route);
    json_decref(args);
    json_decref(body);
    api_read_free(read);
    return 0;
}
