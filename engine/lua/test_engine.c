#include "lua/test_engine.h"

#include "base/mem.h"
#include "core/limits.h"
#include "loop/loop.h"
#include "lua/jail.h"
#include "lua/task.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/websocket.h"
#include "store/db.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECTIONS = 16 };

/* ---- the server */

static void on_request(struct http_exchange *exchange, void *arg)
{
    struct test_engine *test = arg;
    if (strncmp(http_path(exchange), "/stub/", strlen("/stub/")) != 0) {
        router_handle(exchange, test->engine.router);
        return;
    }
    struct route_match match = { .exchange = exchange, .router = test->engine.router };
    handlers_run_route(&match, &test->stub);
}

static int start_server(struct test_engine *test, struct err *err)
{
    const struct http_server_options options = { .listen = "127.0.0.1:0" };
    struct engine *engine = &test->engine;
    engine->server = http_server_new(engine->loop, &options, on_request, test, err);
    if (!engine->server)
        return err->code;
    test->url = xasprintf("http://127.0.0.1:%d", http_server_port(engine->server));
    setenv("TEST_URL", test->url, 1);
    return OK;
}

/* ---- start */

static int open_store(struct test_engine *test, struct err *err)
{
    if (scratch_init(&test->scratch, "test", err) != OK)
        return err->code;
    const struct db_options options = { .path = test->scratch.path, .loop = test->engine.loop };
    test->engine.jail = jail_new(test->engine.loop, test->scratch.path);
    return db_open(&options, &test->engine.db, err);
}

static int load_scripts(struct test_engine *test, const char *root, const char *config_path,
                        struct err *err)
{
    const struct generations_options options = { .root = root, .config_path = config_path };
    struct engine *engine = &test->engine;
    engine->generations = generations_new(engine, &options, err);
    if (!engine->generations)
        return err->code;
    int rc = generations_start(engine->generations, err);
    if (rc == OK)
        test->stub.generation = engine->generations->current;
    return rc;
}

int test_engine_start(struct test_engine *test, const char *root, const char *config_path,
                      struct err *err)
{
    struct engine *engine = &test->engine;
    *test = (struct test_engine){ .stub.ref = LUA_NOREF, .stub.script = "stub" };
    engine->loop = loop_new(err);
    if (!engine->loop || open_store(test, err) != OK)
        return err->code;
    engine->client = http_client_new(engine->loop, CONNECTIONS, err);
    if (!engine->client)
        return err->code;
    engine->websockets = websockets_new(engine->loop);
    engine->router = router_new();
    engine->limits = limits_new(engine);
    if (start_server(test, err) != OK)
        return err->code;
    return load_scripts(test, root, config_path, err);
}

/* ---- stop */

/* In the order of the running engine's end. */
void test_engine_stop(struct test_engine *test)
{
    struct engine *engine = &test->engine;
    http_server_free(engine->server);
    jail_free(engine->jail);
    generations_free(engine->generations);
    websockets_free(engine->websockets);
    http_client_free(engine->client);
    if (engine->db)
        db_close(engine->db);
    loop_free(engine->loop);
    router_free(engine->router);
    limits_free(engine->limits);
    scratch_fini(&test->scratch);
    free(test->url);
}

/* ---- for the runner */

struct state *test_engine_state(const struct test_engine *test)
{
    return test->engine.generations->current->state;
}

struct tasks *test_engine_tasks(const struct test_engine *test)
{
    return generations_tasks_of(test->engine.generations);
}

bool test_engine_is_quiet(const struct test_engine *test, struct buf *what)
{
    int tasks = tasks_alive(test_engine_tasks(test));
    int requests = http_client_running(test->engine.client);
    int exchanges = http_server_open_exchanges(test->engine.server);
    if (what && tasks > 0)
        tasks_describe(test_engine_tasks(test), what);
    if (what && tasks + requests + exchanges > 0)
        buf_printf(what, "%s%d tasks, %d requests and %d unanswered requests to our server",
                   what->len > 0 ? ": " : "", tasks, requests, exchanges);
    return tasks + requests + exchanges == 0;
}
