#include "lua/test_engine.h"

#include "base/mem.h"
#include "lua/task.h"
#include "net/http_client.h"
#include "net/http_server.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECTIONS = 16 };

/* ---- the server */

static void on_request(struct http_exchange *exchange, void *arg)
{
    struct test_engine *test = arg;
    if (strncmp(http_path(exchange), "/stub/", strlen("/stub/")) != 0) {
        router_handle(exchange, test->base.engine.router);
        return;
    }
    struct route_match match = { .exchange = exchange, .router = test->base.engine.router };
    handlers_run_route(&match, &test->stub);
}

static int start_server(struct test_engine *test, struct err *err)
{
    const struct http_server_options options = { .listen = "127.0.0.1:0" };
    struct engine *engine = &test->base.engine;
    engine->server = http_server_new(engine->loop, &options, on_request, test, err);
    if (!engine->server)
        return err->code;
    test->url = xasprintf("http://127.0.0.1:%d", http_server_port(engine->server));
    setenv("TEST_URL", test->url, 1);
    return OK;
}

/* ---- start */

int test_engine_start(struct test_engine *test, const char *root, const char *config_path,
                      struct err *err)
{
    *test = (struct test_engine){ .stub.ref = LUA_NOREF, .stub.script = "stub" };
    int rc = scratch_engine_init(&test->base, "test", err);
    if (rc == OK)
        rc = start_server(test, err);
    if (rc == OK)
        rc = scratch_engine_load(&test->base, root, config_path, err);
    if (rc == OK)
        test->stub.generation = test->base.engine.generations->current;
    return rc;
}

/* ---- stop */

void test_engine_stop(struct test_engine *test)
{
    scratch_engine_fini(&test->base);
    free(test->url);
}

/* ---- for the runner */

struct state *test_engine_state(const struct test_engine *test)
{
    return test->base.engine.generations->current->state;
}

struct tasks *test_engine_tasks(const struct test_engine *test)
{
    return generations_tasks_of(test->base.engine.generations);
}

bool test_engine_is_quiet(const struct test_engine *test, struct buf *what)
{
    int tasks = tasks_alive(test_engine_tasks(test));
    int requests = http_client_running(test->base.engine.client);
    int exchanges = http_server_open_exchanges(test->base.engine.server);
    if (what && tasks > 0)
        tasks_describe(test_engine_tasks(test), what);
    if (what && tasks + requests + exchanges > 0)
        buf_printf(what, "%s%d tasks, %d requests and %d unanswered requests to our server",
                   what->len > 0 ? ": " : "", tasks, requests, exchanges);
    return tasks + requests + exchanges == 0;
}
