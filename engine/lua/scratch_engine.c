#include "lua/scratch_engine.h"

#include "core/limits.h"
#include "loop/loop.h"
#include "lua/generation.h"
#include "lua/jail.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/router.h"
#include "net/websocket.h"
#include "store/db.h"

enum { CONNECTIONS = 16 };

static int open_store(struct scratch_engine *scratch, const char *name, struct err *err)
{
    if (scratch_init(&scratch->scratch, name, err) != OK)
        return err->code;
    struct engine *engine = &scratch->engine;
    const struct db_options options = { .path = scratch->scratch.path, .loop = engine->loop };
    engine->jail = jail_new(engine->loop, scratch->scratch.path);
    return db_open(&options, &engine->db, err);
}

int scratch_engine_init(struct scratch_engine *scratch, const char *name, struct err *err)
{
    struct engine *engine = &scratch->engine;
    *scratch = (struct scratch_engine){ 0 };
    engine->loop = loop_new(err);
    if (!engine->loop || open_store(scratch, name, err) != OK)
        return err->code;
    engine->client = http_client_new(engine->loop, CONNECTIONS, err);
    if (!engine->client)
        return err->code;
    engine->websockets = websockets_new(engine->loop);
    engine->router = router_new();
    engine->limits = limits_new(engine);
    return OK;
}

int scratch_engine_load(struct scratch_engine *scratch, const char *root, const char *config_path,
                        struct err *err)
{
    const struct generations_options options = { .root = root, .config_path = config_path };
    struct engine *engine = &scratch->engine;
    engine->generations = generations_new(engine, &options, err);
    return engine->generations ? generations_start(engine->generations, err) : err->code;
}

/* In the order of the running engine's end. */
void scratch_engine_fini(struct scratch_engine *scratch)
{
    struct engine *engine = &scratch->engine;
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
    scratch_fini(&scratch->scratch);
}
