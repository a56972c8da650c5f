/* Housekeeping: what ended long ago goes away by itself, and nothing else does. */
#include "jobs_fixture.h"

#include "core/housekeeping.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

static int run_sql(struct tx *tx, void *arg, struct err *err)
{
    int rc = tx_exec(tx, err, arg, "");
    return rc < 0 ? rc : OK;
}

static void sql(struct live *live, char *text)
{
    struct err err;
    if (db_write_now(live->engine.db, run_sql, text, &err) != OK)
        fail_msg("%s: %s", text, err.msg);
}

/* <text> holds "NOW" for an instant <ago_ms> before now. */
static void sql_at(struct live *live, const char *text, int64_t ago_ms)
{
    char filled[600];
    char *place = strstr(text, "NOW");
    assert_non_null(place);
    snprintf(filled, sizeof(filled), "%.*s%lld%s", (int)(place - text), text,
             (long long)(clock_now_ms() - ago_ms), place + 3);
    sql(live, filled);
}

/* 700 that ended long ago, more than a step takes; others that stay: too young, failed for good, not finished. */
static void fill_jobs(struct live *live)
{
    sql_at(live,
           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 700) INSERT "
           "INTO job (handler, state,"
           " due_at_ms, created_at_ms, finished_at_ms) SELECT 'old', 'done', 1, 1, NOW FROM n",
           31 * DAY_MS);
    sql_at(live,
           "INSERT INTO job (handler, state, due_at_ms, created_at_ms, finished_at_ms) VALUES"
           " ('young', 'done', 1, 1, NOW)",
           29 * DAY_MS);
    sql_at(live,
           "INSERT INTO job (handler, state, due_at_ms, created_at_ms, finished_at_ms) VALUES "
           "('dead', 'dead', 1, 1, NOW)",
           300 * DAY_MS);
    sql_at(live,
           "INSERT INTO job (handler, state, due_at_ms, created_at_ms) VALUES ('waits', 'ready', "
           "1, NOW)",
           300 * DAY_MS);
}

static void fill_values(struct live *live)
{
    sql_at(live,
           "INSERT INTO kv (scope, key, value, expires_at_ms, updated_at_ms) VALUES ('s', "
           "'expired', '1', NOW, 1)",
           DAY_MS);
    sql_at(live,
           "INSERT INTO kv (scope, key, value, expires_at_ms, updated_at_ms) VALUES ('s', 'later', "
           "'1', NOW, 1)",
           -DAY_MS);
    sql_at(live,
           "INSERT INTO kv (scope, key, value, updated_at_ms) VALUES ('s', 'for ever', '1', NOW)",
           300 * DAY_MS);
}

static void fill_deliveries(struct live *live)
{
    sql(live, "INSERT INTO webhook (name, url, updated_at_ms) VALUES ('w', 'https://w.test', 1)");
    sql_at(live,
           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 700) INSERT "
           "INTO webhook_delivery"
           " (id, webhook, message_id, job_id, kind, body, state, created_at_ms, updated_at_ms)"
           " SELECT i, 'w', 'm' || i, i, 'k', '{}', CASE WHEN i = 7 THEN 'waiting' ELSE "
           "'delivered' END, 1, NOW FROM n",
           31 * DAY_MS);
    sql(live, "INSERT INTO webhook_attempt (delivery_id, attempt, at_ms, duration_ms) "
              "SELECT id, 1, 1, 1 FROM"
              " webhook_delivery");
    sql_at(live,
           "INSERT INTO webhook_delivery (webhook, message_id, job_id, kind, body, state, "
           "created_at_ms, updated_at_ms)"
           " VALUES ('w', 'young', 800, 'k', '{}', 'failed', 1, NOW)",
           DAY_MS);
}

static void a_minute_goes_by(struct live *live)
{
    clock_advance_ms(60 * 1000);
    loop_recheck_timers(live->engine.loop);
}

static void what_ended_long_ago_goes_away(void **state)
{
    struct live *live = *state;
    fill_jobs(live);
    fill_values(live);
    fill_deliveries(live);
    struct housekeeping *housekeeping = housekeeping_new(&live->engine);
    run_for(live, 20);
    assert_int_equal(count(&live->fixture, "SELECT COUNT(*) FROM job"),
                     703); /* nobody is delayed at the start */
    a_minute_goes_by(live);
    run_until(live, "SELECT COUNT(*) = 2 FROM webhook_delivery");
    assert_int_equal(count(&live->fixture, "SELECT COUNT(*) FROM job WHERE handler <> 'old'"), 3);
    assert_int_equal(count(&live->fixture, "SELECT COUNT(*) FROM job"), 3);
    assert_int_equal(
        count(&live->fixture, "SELECT COUNT(*) FROM kv WHERE key IN ('later', 'for ever')"), 2);
    assert_int_equal(count(&live->fixture, "SELECT COUNT(*) FROM kv"), 2);
    assert_int_equal(count(&live->fixture, "SELECT COUNT(*) FROM webhook_attempt"), 1);
    assert_int_equal(
        count(&live->fixture,
              "SELECT COUNT(*) FROM webhook_delivery WHERE id = 7 OR message_id = 'young'"),
        2);
    housekeeping_close(housekeeping);
    close_live(live);
    housekeeping_free(housekeeping);
}

/* A step that the disk refuses is no reason to leave out the others. */
static void a_step_that_fails_does_not_stop_the_others(void **state)
{
    struct live *live = *state;
    fill_jobs(live);
    fill_deliveries(live);
    struct housekeeping *housekeeping = housekeeping_new(&live->engine);
    log_configure(LOG_ERROR_LEVEL + 1, false);
    inject_configure("store.write=fail:1"); /* the values */
    a_minute_goes_by(live);
    run_until(live, "SELECT COUNT(*) = 2 FROM webhook_delivery");
    assert_int_equal(count(&live->fixture, "SELECT COUNT(*) FROM job"), 3);
    inject_configure(NULL);
    housekeeping_close(housekeeping);
    close_live(live);
    housekeeping_free(housekeeping);
}

/* Between two steps, and with one on its way. */
static void it_ends_with_the_engine(void **state)
{
    struct live *live = *state;
    fill_jobs(live);
    struct housekeeping *housekeeping = housekeeping_new(&live->engine);
    a_minute_goes_by(live);
    run_until(live, "SELECT COUNT(*) < 703 FROM job");
    housekeeping_close(housekeeping);
    close_live(live);
    housekeeping_free(housekeeping);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_LIVE(what_ended_long_ago_goes_away),
        TEST_LIVE(a_step_that_fails_does_not_stop_the_others),
        TEST_LIVE(it_ends_with_the_engine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
