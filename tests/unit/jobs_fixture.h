/* jobs_fixture - the kernel's fixture with a loop and an engine, so that jobs, schedules and
 * limits can really run. */
#pragma once
#include "core_fixture.h"

#include "base/inject.h"
#include "core/engine.h"
#include "loop/loop.h"

struct live {
    struct fixture fixture; /* first: teardown() frees it as such */
    struct engine engine;
};

static inline int setup_live(void **state)
{
    log_configure(LOG_ERROR_LEVEL, false);
    struct live *live = xcalloc(1, sizeof(*live));
    struct err err = { 0 };
    snprintf(live->fixture.folder, sizeof(live->fixture.folder), "/tmp/halligan-jobs-XXXXXX");
    assert_non_null(mkdtemp(live->fixture.folder));
    char path[96];
    snprintf(path, sizeof(path), "%s/test.db", live->fixture.folder);
    live->engine.loop = loop_new(&err);
    assert_non_null(live->engine.loop);
    struct db_options options = { .path = path, .loop = live->engine.loop };
    if (db_open(&options, &live->engine.db, &err) != OK)
        fail_msg("%s", err.msg);
    live->fixture.db = live->engine.db;
    *state = live;
    return 0;
}

/* The store is closed first, as in the running engine; completions run in loop_free(). What a
 * test made itself it frees after that: by close_live() at its end. */
static inline void close_live(struct live *live)
{
    db_close(live->engine.db);
    inject_configure(NULL);
    loop_free(live->engine.loop);
    live->engine.db = live->fixture.db = NULL;
    live->engine.loop = NULL;
}

static inline int teardown_live(void **state)
{
    struct live *live = *state;
    if (live->engine.db)
        close_live(live);
    return teardown(state);
}

static inline void stop_loop(void *arg)
{
    loop_stop(arg);
}

static inline void run_for(struct live *live, int64_t ms)
{
    loop_timer(live->engine.loop, ms, stop_loop, live->engine.loop);
    loop_run(live->engine.loop);
}

/* Until <sql> gives 1: at most half a minute, so that a machine under load fails nothing. */
static inline void run_until(struct live *live, const char *sql)
{
    for (int i = 0; i < 6000 && count(&live->fixture, sql) != 1; i++)
        run_for(live, 5);
    assert_int_equal(count(&live->fixture, sql), 1);
}

#define TEST_LIVE(test) cmocka_unit_test_setup_teardown(test, setup_live, teardown_live)
