#include "jobs_fixture.h"

#include "core/schedule.h"
#include "core/schedule_entry.h"

/* 2026-11-23 12:00:00 UTC, a Monday. */
#define NOON   1795435200000LL
#define MINUTE 60000LL
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

/* ---- one schedule ---------------------------------------------------------------------------- */

static struct schedule_entry *entry_of(const char *text)
{
    json_t *row = parse(text);
    struct err err = { 0 };
    struct schedule_entry *entry = schedule_entry_new(row, &err);
    if (!entry)
        fail_msg("%s", err.msg);
    json_decref(row);
    return entry;
}

struct firing {
    const struct schedule_entry *entry;
    int64_t now_ms;
    struct schedule_fired fired;
};

static int fire_in_tx(struct tx *tx, void *arg, struct err *err)
{
    struct firing *firing = arg;
    return schedule_entry_fire(firing->entry, tx, firing->now_ms, &firing->fired, err);
}

static struct schedule_fired fire(struct fixture *fixture, const struct schedule_entry *entry,
                                  int64_t now_ms)
{
    struct firing firing = { .entry = entry, .now_ms = now_ms };
    struct err err = { 0 };
    if (db_write_now(fixture->db, fire_in_tx, &firing, &err) != OK)
        fail_msg("%s", err.msg);
    return firing.fired;
}

/* All jobs done, so that the next due time is not merged into an unfinished one. */
static int finish_in_tx(struct tx *tx, void *arg, struct err *err)
{
    (void)arg;
    int rc = tx_exec(tx, err, "UPDATE job SET state = 'done' WHERE state = 'ready'", "");
    return rc < 0 ? rc : OK;
}

static void finish_all(struct fixture *fixture)
{
    assert_int_equal(db_write_now(fixture->db, finish_in_tx, NULL, NULL), OK);
}

static void an_interval_is_due_at_once_and_then_by_the_clock(void **state)
{
    struct fixture *fixture = *state;
    struct schedule_entry *entry =
        entry_of("{'name':'s','task':'t','every_ms':3600000,'args':{'deep':true}}");
    struct schedule_fired fired = fire(fixture, entry, NOON);
    assert_int_equal(fired.jobs, 1);
    assert_int_equal(fired.last_due_ms, NOON);
    assert_int_equal(fired.next_due_ms, NOON + HOUR);
    finish_all(fixture);
    assert_int_equal(fire(fixture, entry, NOON + HOUR - 1).jobs, 0);
    fired = fire(fixture, entry,
                 NOON + HOUR + 700); /* a little late: the next one is not later for that */
    assert_int_equal(fired.jobs, 1);
    assert_int_equal(fired.next_due_ms, NOON + 2 * HOUR);
    json_t *job = run(fixture, "job.show", "{'id':2}");
    assert_string_equal(text_at(job, "handler"), "task:t");
    assert_string_equal(text_at(job, "lane"), "task:t");
    assert_true(bool_at(job, "args.deep"));
    assert_int_equal(int_at(job, "args.scheduled_for_ms"), NOON + HOUR);
    json_decref(job);
    schedule_entry_unref(entry);
}

static void a_cron_time_waits_for_its_time(void **state)
{
    struct fixture *fixture = *state;
    struct schedule_entry *entry =
        entry_of("{'name':'s','task':'t','cron':'30 9 * * *','time_zone':'Europe/Paris'}");
    struct schedule_fired fired = fire(fixture, entry, NOON);
    assert_int_equal(fired.jobs, 0);
    assert_int_equal(fired.next_due_ms, NOON + 20 * HOUR + 30 * MINUTE);
    assert_int_equal(fire(fixture, entry, fired.next_due_ms).jobs, 1);
    schedule_entry_unref(entry);
}

static void a_due_time_is_served_once(void **state)
{
    struct fixture *fixture = *state;
    struct schedule_entry *first = entry_of("{'name':'s','task':'t','every_ms':60000}");
    struct schedule_entry *second = entry_of("{'name':'s','task':'t','every_ms':60000}");
    assert_int_equal(fire(fixture, first, NOON).jobs, 1);
    finish_all(fixture);
    assert_int_equal(fire(fixture, second, NOON).jobs, 0);
    assert_int_equal(fire(fixture, second, NOON + MINUTE).jobs, 1);
    finish_all(fixture);
    assert_int_equal(fire(fixture, first, NOON + MINUTE).jobs, 0);
    schedule_entry_unref(first);
    schedule_entry_unref(second);
}

static void what_is_still_to_be_done_is_not_doubled(void **state)
{
    struct fixture *fixture = *state;
    struct schedule_entry *entry = entry_of("{'name':'s','task':'t','every_ms':60000}");
    assert_int_equal(fire(fixture, entry, NOON).jobs, 1);
    struct schedule_fired fired = fire(fixture, entry, NOON + MINUTE);
    assert_int_equal(fired.jobs, 0);
    assert_int_equal(fired.next_due_ms, NOON + 2 * MINUTE);
    assert_int_equal(count(fixture, "SELECT count(*) FROM job"), 1);
    schedule_entry_unref(entry);
}

static void after_three_days(struct fixture *fixture, const char *row, int jobs)
{
    struct schedule_entry *entry = entry_of(row);
    fire(fixture, entry, NOON);
    finish_all(fixture);
    struct schedule_fired fired = fire(fixture, entry, NOON + 3 * DAY + 30 * MINUTE);
    assert_int_equal(fired.jobs, jobs);
    assert_int_equal(fired.last_due_ms, NOON + 3 * DAY);
    schedule_entry_unref(entry);
}

static void missed_times_are_caught_up_as_asked(void **state)
{
    after_three_days(*state, "{'name':'a','task':'t','every_ms':3600000}", 1);
    after_three_days(*state, "{'name':'b','task':'t','every_ms':3600000,'catch_up':'skip'}", 0);
    after_three_days(*state, "{'name':'c','task':'t','every_ms':3600000,'catch_up':'all'}", 72);
    after_three_days(*state, "{'name':'d','task':'t','cron':'@hourly','catch_up':'all'}", 72);
}

static void skip_serves_what_is_on_time(void **state)
{
    struct fixture *fixture = *state;
    struct schedule_entry *entry =
        entry_of("{'name':'s','task':'t','cron':'@hourly','catch_up':'skip'}");
    fire(fixture, entry, NOON);
    assert_int_equal(fire(fixture, entry, NOON + HOUR + 5000).jobs, 1);
    schedule_entry_unref(entry);
}

static void all_is_capped_and_the_newest_are_kept(void **state)
{
    struct fixture *fixture = *state;
    struct schedule_entry *entry =
        entry_of("{'name':'s','task':'t','cron':'* * * * *','catch_up':'all'}");
    fire(fixture, entry, NOON);
    struct schedule_fired fired = fire(fixture, entry, NOON + 60 * DAY);
    assert_int_equal(fired.jobs, SCHEDULE_CATCH_UP_MOST);
    assert_int_equal(fired.last_due_ms, NOON + 60 * DAY);
    json_t *job = run(fixture, "job.list", "{'limit':1}");
    char args[40];
    snprintf(args, sizeof(args), "{'id':%d}", (int)int_at(job, "0.id"));
    json_decref(job);
    job = run(fixture, "job.show", args);
    assert_int_equal(int_at(job, "args.scheduled_for_ms"), NOON + 60 * DAY);
    json_decref(job);
    schedule_entry_unref(entry);
}

static void an_interval_that_slept_for_years_is_quick(void **state)
{
    struct fixture *fixture = *state;
    struct schedule_entry *entry =
        entry_of("{'name':'s','task':'t','every_ms':1000,'catch_up':'all'}");
    fire(fixture, entry, NOON);
    struct schedule_fired fired = fire(fixture, entry, NOON + 3000 * DAY);
    assert_in_range(fired.jobs, SCHEDULE_CATCH_UP_MOST - 1, SCHEDULE_CATCH_UP_MOST);
    assert_int_equal(fired.next_due_ms, NOON + 3000 * DAY + 1000);
    schedule_entry_unref(entry);
}

static void a_clock_that_was_set_back_stops_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct schedule_entry *entry = entry_of("{'name':'s','task':'t','every_ms':60000}");
    fire(fixture, entry, NOON + 365 * DAY);
    finish_all(fixture);
    struct schedule_fired fired = fire(fixture, entry, NOON);
    assert_int_equal(fired.jobs, 0);
    assert_int_equal(fired.next_due_ms, NOON + MINUTE);
    assert_int_equal(fire(fixture, entry, NOON + MINUTE).jobs, 1);
    schedule_entry_unref(entry);
}

static void mistake(const char *text, const char *part)
{
    json_t *row = parse(text);
    struct err err = { 0 };
    assert_null(schedule_entry_new(row, &err));
    assert_int_equal(err.code, ERR_INVALID);
    if (!strstr(err.msg, part))
        fail_msg("\"%s\" does not say \"%s\"", err.msg, part);
    json_decref(row);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    mistake("[]", "must be a table");
    mistake("{'task':'t','every_ms':60000}", "needs a name");
    mistake("{'name':'s','every_ms':60000}", "schedule \"s\": task must be the name of a task");
    mistake("{'name':'s','task':'t'}", "every or cron is missing");
    mistake("{'name':'s','task':'t','every_ms':60000,'cron':'@daily'}",
            "every and cron exclude each other");
    mistake("{'name':'s','task':'t','every_ms':10}", "every must be between one second and a year");
    mistake("{'name':'s','task':'t','cron':'61 * * * *'}", "minute: 61 is not between 0 and 59");
    mistake("{'name':'s','task':'t','cron':'0 0 30 2 *'}", "names a time that never comes");
    mistake("{'name':'s','task':'t','cron':'@daily','time_zone':'Europe/Atlantis'}", "time_zone");
    mistake("{'name':'s','task':'t','every_ms':60000,'catch_up':'maybe'}", "catch_up must be");
    mistake("{'name':'s','task':'t','every_ms':60000,'args':[1]}", "args must be a table");
    mistake("{'name':'s','task':'t','every_ms':60000,'colour':1}", "colour is not a known member");
}

/* ---- the list -------------------------------------------------------------------------------- */

static void replace(struct schedule *schedule, const char *text)
{
    json_t *rows = parse(text);
    struct err err = { 0 };
    if (schedule_replace(schedule, rows, &err) != OK)
        fail_msg("%s", err.msg);
    json_decref(rows);
}

static void the_running_engine_makes_the_jobs(void **state)
{
    struct live *live = *state;
    struct schedule *schedule = schedule_new(&live->engine);
    replace(schedule, "[{'name':'quick','task':'a','every_ms':1000,'catch_up':'all'},{'name':'slow'"
                      ",'task':'b','cron':'@yearly'}]");
    run_for(live, 1300);
    assert_int_equal(count(&live->fixture, "SELECT count(*) FROM job WHERE handler = 'task:a'"), 2);
    assert_int_equal(count(&live->fixture, "SELECT count(*) FROM job WHERE handler = 'task:b'"), 0);
    json_t *list = schedule_list(schedule);
    assert_string_equal(text_at(list, "0.name"), "quick");
    assert_true(int_at(list, "0.next_due_ms") > int_at(list, "0.last_due_ms"));
    assert_true(int_at(list, "1.next_due_ms") > clock_now_ms());
    json_decref(list);
    schedule_close(schedule);
    close_live(live);
    schedule_free(schedule);
}

/* <ms> go by, for both clocks, in an instant. */
static void let_pass(struct live *live, int64_t ms)
{
    clock_advance_ms(ms);
    loop_recheck_timers(live->engine.loop);
    run_for(live, 100);
}

static void the_running_engine_goes_on_when_its_clock_was_set_back(void **state)
{
    static const char COUNT[] = "SELECT count(*) FROM job WHERE handler = 'task:a'";
    struct live *live = *state;
    struct schedule *schedule = schedule_new(&live->engine);
    clock_set_ms(NOON + DAY);
    replace(schedule, "[{'name':'s','task':'a','every_ms':60000,'catch_up':'all'}]");
    run_for(live, 100);
    assert_int_equal(count(&live->fixture, COUNT), 1);
    clock_set_ms(NOON);
    let_pass(live, 31000);
    assert_int_equal(count(&live->fixture, COUNT), 1);
    let_pass(live, 61000);
    assert_int_equal(count(&live->fixture, COUNT), 2);
    clock_set_ms(-1);
    schedule_close(schedule);
    close_live(live);
    schedule_free(schedule);
}

static void a_reload_doubles_nothing(void **state)
{
    struct live *live = *state;
    struct schedule *schedule = schedule_new(&live->engine);
    for (int i = 0; i < 5; i++) {
        replace(schedule, "[{'name':'s','task':'a','every_ms':3600000,'catch_up':'all'}]");
        run_for(live, 20);
    }
    assert_int_equal(count(&live->fixture, "SELECT count(*) FROM job"), 1);
    replace(schedule, "[]");
    run_for(live, 20);
    schedule_close(schedule);
    close_live(live);
    schedule_free(schedule);
}

static void a_bad_list_changes_nothing(void **state)
{
    struct live *live = *state;
    struct schedule *schedule = schedule_new(&live->engine);
    struct err err = { 0 };
    replace(schedule, "[{'name':'s','task':'a','every_ms':3600000}]");
    json_t *bad = parse(
        "[{'name':'x','task':'a','every_ms':60000},{'name':'x','task':'b','every_ms':60000}]");
    assert_int_equal(schedule_replace(schedule, bad, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "schedule \"x\": there are two"));
    assert_int_equal(schedule_check(bad, &err), ERR_INVALID);
    json_decref(bad);
    json_t *list = schedule_list(schedule);
    assert_int_equal(json_array_size(list), 1);
    assert_string_equal(text_at(list, "0.name"), "s");
    json_decref(list);
    schedule_close(schedule);
    close_live(live);
    schedule_free(schedule);
}

static void the_store_may_fail_for_a_moment(void **state)
{
    struct live *live = *state;
    struct schedule *schedule = schedule_new(&live->engine);
    inject_configure("store.write=fail:1");
    replace(schedule, "[{'name':'s','task':'a','every_ms':3600000}]");
    run_for(live, 300);
    assert_int_equal(count(&live->fixture, "SELECT count(*) FROM job"), 0);
    run_for(live, 1000);
    assert_int_equal(count(&live->fixture, "SELECT count(*) FROM job"), 1);
    schedule_close(schedule);
    close_live(live);
    schedule_free(schedule);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_EMPTY(an_interval_is_due_at_once_and_then_by_the_clock),
        TEST_EMPTY(a_cron_time_waits_for_its_time),
        TEST_EMPTY(a_due_time_is_served_once),
        TEST_EMPTY(what_is_still_to_be_done_is_not_doubled),
        TEST_EMPTY(missed_times_are_caught_up_as_asked),
        TEST_EMPTY(skip_serves_what_is_on_time),
        TEST_EMPTY(all_is_capped_and_the_newest_are_kept),
        TEST_EMPTY(an_interval_that_slept_for_years_is_quick),
        TEST_EMPTY(a_clock_that_was_set_back_stops_nothing),
        cmocka_unit_test(mistakes_are_named),
        TEST_LIVE(the_running_engine_makes_the_jobs),
        TEST_LIVE(the_running_engine_goes_on_when_its_clock_was_set_back),
        TEST_LIVE(a_reload_doubles_nothing),
        TEST_LIVE(a_bad_list_changes_nothing),
        TEST_LIVE(the_store_may_fail_for_a_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
