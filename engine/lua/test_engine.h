/* test_engine - an engine for one file of tests: a scratch_engine with a server on a loopback port,
 * which also serves what a test put below /stub/. Read test_engine_start() first. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "lua/generation_internal.h"
#include "lua/scratch_engine.h"

struct state;

struct test_engine {
    struct scratch_engine base;
    char *url;             /* "http://127.0.0.1:34567" */
    struct lua_route stub; /* answers what begins with /stub/; its ref is set by the runner */
    int64_t advanced_ms;   /* how far tests have put the clock forward */
};

/* Blocking. The config may read the server's address as env("TEST_URL"). On failure what was made
 * is still to be given to test_engine_stop(). */
int test_engine_start(struct test_engine *test, const char *root, const char *config_path,
                      struct err *err);
/* Ends everything and removes the database. */
void test_engine_stop(struct test_engine *test);

/* The state that tests run in, and the tasks; borrowed. */
struct state *test_engine_state(const struct test_engine *test);
struct tasks *test_engine_tasks(const struct test_engine *test);

/* True when nothing that scripts started is still under way; else <what> (NULL is allowed) gets a
 * description. */
bool test_engine_is_quiet(const struct test_engine *test, struct buf *what);
