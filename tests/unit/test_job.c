#include "jobs_fixture.h"

#include "core/job.h"
#include "core/job_store.h"

/* ---- rows ------------------------------------------------------------------------------------ */

static int64_t enqueue(struct fixture *fixture, const char *args)
{
    json_t *answer = run(fixture, "job.enqueue", args);
    int64_t id = int_at(answer, "id");
    json_decref(answer);
    return id;
}

static int claim_in_tx(struct tx *tx, void *arg, struct err *err)
{
    return job_claim_due(tx, arg, err);
}

/* Claims at most <wanted>; their ids come as text: "1 3 ". */
static const char *claim(struct fixture *fixture, int wanted, int64_t *next_due_ms)
{
    static char ids[400];
    struct job_claim claim = { .wanted = wanted };
    struct err err = { 0 };
    if (db_write_now(fixture->db, claim_in_tx, &claim, &err) != OK)
        fail_msg("%s", err.msg);
    size_t len = 0;
    ids[0] = '\0';
    for (int i = 0; i < claim.count; i++) {
        len += (size_t)snprintf(ids + len, sizeof(ids) - len, "%d ", (int)claim.jobs[i]->id);
        job_free(claim.jobs[i]);
    }
    if (next_due_ms)
        *next_due_ms = claim.next_due_ms;
    return ids;
}

static int record_in_tx(struct tx *tx, void *arg, struct err *err)
{
    return job_record_outcome(tx, arg, err);
}

static int record(struct fixture *fixture, int64_t id, enum job_outcome outcome, int64_t due_at_ms,
                  bool is_unknown)
{
    struct job_record row = { .id = id,
                              .outcome = outcome,
                              .due_at_ms = due_at_ms,
                              .is_unknown = is_unknown,
                              .error_code = "timeout",
                              .error_text = "why" };
    return db_write_now(fixture->db, record_in_tx, &row, &fixture->err);
}

static json_t *show(struct fixture *fixture, int64_t id)
{
    char args[40];
    snprintf(args, sizeof(args), "{'id':%d}", (int)id);
    return run(fixture, "job.show", args);
}

static void expect_state(struct fixture *fixture, int64_t id, const char *state, int64_t attempt,
                         bool is_unknown)
{
    json_t *job = show(fixture, id);
    assert_string_equal(text_at(job, "state"), state);
    assert_int_equal(int_at(job, "attempt"), attempt);
    assert_int_equal(bool_at(job, "is_unknown"), is_unknown);
    json_decref(job);
}

static void due_jobs_are_claimed_in_order(void **state)
{
    enqueue(*state, "{'handler':'a'}");
    enqueue(*state, "{'handler':'b','delay_ms':60000}");
    enqueue(*state, "{'handler':'c'}");
    int64_t next_due_ms;
    assert_string_equal(claim(*state, 10, &next_due_ms), "1 3 ");
    assert_in_range(next_due_ms - clock_now_ms(), 59000, 60000);
    assert_string_equal(claim(*state, 10, &next_due_ms), "");
    expect_state(*state, 1, "running", 1, false);
    expect_state(*state, 2, "ready", 0, false);
}

static void no_more_than_wanted(void **state)
{
    for (int i = 0; i < 5; i++)
        enqueue(*state, "{'handler':'a'}");
    assert_string_equal(claim(*state, 2, NULL), "1 2 ");
    assert_string_equal(claim(*state, 2, NULL), "3 4 ");
    assert_string_equal(claim(*state, 2, NULL), "5 ");
}

static void a_lane_is_one_at_a_time(void **state)
{
    enqueue(*state, "{'handler':'a','lane':'incident:1'}");
    enqueue(*state, "{'handler':'b','lane':'incident:1'}");
    enqueue(*state, "{'handler':'a','lane':'incident:2'}");
    assert_string_equal(claim(*state, 10, NULL), "1 3 ");
    assert_string_equal(claim(*state, 10, NULL), "");
    assert_int_equal(record(*state, 1, JOB_DONE, 0, false), OK);
    assert_string_equal(claim(*state, 10, NULL), "2 ");
}

static void a_retry_holds_its_lane_back(void **state)
{
    enqueue(*state, "{'handler':'a','lane':'l'}");
    enqueue(*state, "{'handler':'b','lane':'l'}");
    assert_string_equal(claim(*state, 10, NULL), "1 ");
    assert_int_equal(record(*state, 1, JOB_RETRY, clock_now_ms() + 60000, false), OK);
    assert_string_equal(claim(*state, 10, NULL), "");
}

static void a_dead_job_does_not(void **state)
{
    enqueue(*state, "{'handler':'a','lane':'l'}");
    enqueue(*state, "{'handler':'b','lane':'l'}");
    assert_string_equal(claim(*state, 10, NULL), "1 ");
    assert_int_equal(record(*state, 1, JOB_DEAD, 0, false), OK);
    assert_string_equal(claim(*state, 10, NULL), "2 ");
    run_quietly(*state, "job.retry", "{'id':1}");
    assert_string_equal(claim(*state, 10, NULL), "1 ");
}

static void a_cancelled_job_frees_its_lane(void **state)
{
    enqueue(*state, "{'handler':'a','lane':'l','delay_ms':60000}");
    enqueue(*state, "{'handler':'b','lane':'l'}");
    assert_string_equal(claim(*state, 10, NULL), "");
    run_quietly(*state, "job.cancel", "{'id':1}");
    assert_string_equal(claim(*state, 10, NULL), "2 ");
}

static void waiting_uses_up_no_attempt(void **state)
{
    enqueue(*state, "{'handler':'a'}");
    for (int i = 0; i < 3; i++) {
        assert_string_equal(claim(*state, 10, NULL), "1 ");
        assert_int_equal(record(*state, 1, JOB_WAIT, clock_now_ms(), false), OK);
    }
    expect_state(*state, 1, "ready", 0, false);
}

static void unknown_stays_until_done(void **state)
{
    enqueue(*state, "{'handler':'a'}");
    claim(*state, 1, NULL);
    assert_int_equal(record(*state, 1, JOB_RETRY, 0, true), OK);
    claim(*state, 1, NULL);
    assert_int_equal(record(*state, 1, JOB_RETRY, 0, false),
                     OK); /* this time surely nothing happened, but the time before? */
    expect_state(*state, 1, "ready", 2, true);
    claim(*state, 1, NULL);
    assert_int_equal(record(*state, 1, JOB_DONE, 0, false), OK);
    expect_state(*state, 1, "done", 3, false);
}

static void an_outcome_is_recorded_once(void **state)
{
    enqueue(*state, "{'handler':'a'}");
    claim(*state, 1, NULL);
    assert_int_equal(record(*state, 1, JOB_DONE, 0, false), OK);
    assert_int_equal(record(*state, 1, JOB_RETRY, 0, false), ERR_CONFLICT);
    expect_state(*state, 1, "done", 1, false);
}

struct recovery {
    int recovered, died;
};

static int recover_in_tx(struct tx *tx, void *arg, struct err *err)
{
    struct recovery *recovery = arg;
    return job_recover(tx, &recovery->recovered, &recovery->died, err);
}

static void what_ran_at_the_end_comes_back_unknown(void **state)
{
    struct fixture *fixture = *state;
    struct recovery recovery = { 0 };
    enqueue(fixture, "{'handler':'a'}");
    enqueue(fixture, "{'handler':'kills','max_attempts':1}");
    claim(fixture, 10, NULL);
    assert_int_equal(db_write_now(fixture->db, recover_in_tx, &recovery, NULL), OK);
    assert_int_equal(recovery.recovered, 1);
    assert_int_equal(recovery.died, 1);
    expect_state(fixture, 1, "ready", 1, true);
    expect_state(fixture, 2, "dead", 1, true);
}

static const char TOLD[] = "SELECT COUNT(*) FROM job WHERE handler = 'tells' AND lane IS NULL";

/* Whoever subscribed hears of it beside the lane, which an outage may hold for hours. */
static void a_death_is_told(void **state)
{
    struct fixture *fixture = *state;
    run_quietly(fixture, "subscription.replace",
                "{'rows':[{'event_kind':'job.died','handler':'tells','fields':'a b'}]}");
    enqueue(fixture, "{'handler':'a','lane':'incident:1'}");
    enqueue(fixture, "{'handler':'other'}");
    enqueue(fixture, "{'handler':'b','max_attempts':1}");
    claim(fixture, 10, NULL);
    assert_int_equal(record(fixture, 1, JOB_RETRY, clock_now_ms() + 60000, false), OK);
    assert_int_equal(record(fixture, 2, JOB_DEAD, 0, false), OK);
    assert_int_equal(count(fixture, TOLD), 0);
    struct recovery recovery = { 0 };
    assert_int_equal(db_write_now(fixture->db, recover_in_tx, &recovery, NULL), OK);
    assert_int_equal(recovery.died, 1);
    assert_int_equal(count(fixture, TOLD), 1);
    json_t *job = show(fixture, 4);
    assert_string_equal(text_at(job, "event_kind"), "job.died");
    assert_int_equal(int_at(job, "args.job_id"), 3);
    assert_string_equal(text_at(job, "args.handler"), "b");
    json_decref(job);
    run_quietly(fixture, "job.retry", "{'id':1}");
    assert_string_equal(claim(fixture, 10, NULL), "1 4 ");
    assert_int_equal(record(fixture, 1, JOB_DEAD, 0, false), OK);
    assert_int_equal(count(fixture, TOLD), 2);
}

/* Whoever waits for it hears of it as well; of a dead one they have heard. */
static void what_an_operator_gives_up_is_told(void **state)
{
    struct fixture *fixture = *state;
    run_quietly(fixture, "subscription.replace",
                "{'rows':[{'event_kind':'job.died','handler':'tells'}]}");
    enqueue(fixture, "{'handler':'a'}");
    run_quietly(fixture, "job.cancel", "{'id':1}");
    assert_int_equal(count(fixture, TOLD), 1);
    enqueue(fixture, "{'handler':'b'}");
    claim(fixture, 10, NULL);
    assert_int_equal(record(fixture, 3, JOB_DEAD, 0, false), OK);
    assert_int_equal(count(fixture, TOLD), 2);
    run_quietly(fixture, "job.cancel", "{'id':3}");
    assert_int_equal(count(fixture, TOLD), 2);
}

static void who_tells_of_deaths_dies_in_silence(void **state)
{
    struct fixture *fixture = *state;
    run_quietly(fixture, "subscription.replace",
                "{'rows':[{'event_kind':'job.died','handler':'tells'}]}");
    enqueue(fixture, "{'handler':'a'}");
    claim(fixture, 10, NULL);
    assert_int_equal(record(fixture, 1, JOB_DEAD, 0, false), OK);
    assert_string_equal(claim(fixture, 10, NULL), "2 ");
    assert_int_equal(record(fixture, 2, JOB_DEAD, 0, false), OK);
    assert_int_equal(count(fixture, TOLD), 1);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM event WHERE kind = 'job.died'"), 1);
}

static void a_key_is_taken_while_unfinished(void **state)
{
    struct fixture *fixture = *state;
    json_t *first = run(fixture, "job.enqueue", "{'handler':'a','key':'sync'}");
    json_t *second = run(fixture, "job.enqueue", "{'handler':'a','key':'sync'}");
    assert_true(bool_at(first, "is_new"));
    assert_false(bool_at(second, "is_new"));
    assert_int_equal(int_at(first, "id"), int_at(second, "id"));
    json_decref(first);
    json_decref(second);
    claim(fixture, 1, NULL);
    assert_int_equal(enqueue(fixture, "{'handler':'a','key':'sync'}"), 1);
    record(fixture, 1, JOB_DONE, 0, false);
    assert_int_not_equal(enqueue(fixture, "{'handler':'a','key':'sync'}"), 1);
}

/* A dead job whose key a newer one has: both may run, none is refused. */
static void a_retried_job_gives_its_key_up(void **state)
{
    struct fixture *fixture = *state;
    enqueue(fixture, "{'handler':'a','key':'sync'}");
    claim(fixture, 1, NULL);
    record(fixture, 1, JOB_DEAD, 0, false);
    assert_int_equal(enqueue(fixture, "{'handler':'a','key':'sync'}"), 2);
    run_quietly(fixture, "job.retry", "{'id':1}");
    assert_string_equal(claim(fixture, 10, NULL), "1 2 ");
}

struct pruning {
    int64_t before_ms;
    int count;
};

static int prune_in_tx(struct tx *tx, void *arg, struct err *err)
{
    struct pruning *pruning = arg;
    pruning->count = job_prune(tx, pruning->before_ms, 2, err);
    return pruning->count < 0 ? pruning->count : OK;
}

static void old_ends_are_pruned_but_not_the_dead(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 5; i++)
        enqueue(fixture, "{'handler':'a'}");
    claim(fixture, 4, NULL);
    for (int id = 1; id <= 3; id++)
        record(fixture, id, JOB_DONE, 0, false);
    record(fixture, 4, JOB_DEAD, 0, false);
    struct pruning pruning = { .before_ms = clock_now_ms() + 1000 };
    assert_int_equal(db_write_now(fixture->db, prune_in_tx, &pruning, NULL), OK);
    assert_int_equal(pruning.count, 2);
    assert_int_equal(db_write_now(fixture->db, prune_in_tx, &pruning, NULL), OK);
    assert_int_equal(pruning.count, 1);
    assert_int_equal(count(fixture, "SELECT count(*) FROM job"), 2);
}

/* ---- operations ------------------------------------------------------------------------------ */

static void lists_are_filtered(void **state)
{
    struct fixture *fixture = *state;
    enqueue(fixture, "{'handler':'a'}");
    enqueue(fixture, "{'handler':'b'}");
    claim(fixture, 1, NULL);
    json_t *all = run(fixture, "job.list", "{}");
    assert_int_equal(json_array_size(all), 2);
    assert_int_equal(int_at(all, "0.id"), 2);
    assert_int_equal(int_at(all, "0.max_attempts"), JOB_DEFAULT_ATTEMPTS);
    json_t *ready = run(fixture, "job.list", "{'state':'ready','handler':'b','limit':5}");
    assert_int_equal(json_array_size(ready), 1);
    assert_int_equal(int_at(ready, "0.id"), 2);
    json_decref(all);
    json_decref(ready);
    refuse(fixture, "job.list", "{'state':'sleeping'}", ERR_INVALID, "state");
    refuse(fixture, "job.list", "{'limit':100000}", ERR_INVALID, "limit");
}

static void bad_arguments_are_refused(void **state)
{
    struct fixture *fixture = *state;
    refuse(fixture, "job.show", "{'id':7}", ERR_NOT_FOUND, NULL);
    refuse(fixture, "job.enqueue", "{}", ERR_INVALID, "handler");
    refuse(fixture, "job.enqueue", "{'handler':'a','args':[1]}", ERR_INVALID, "args");
    refuse(fixture, "job.enqueue", "{'handler':'a','delay_ms':-1}", ERR_INVALID, "delay_ms");
    refuse(fixture, "job.enqueue", "{'handler':'a','incident_id':9}", ERR_NOT_FOUND, NULL);
    refuse(fixture, "job.enqueue", "{'handler':'a','colour':'red'}", ERR_INVALID, "colour");
    refuse(fixture, "job.retry", "{}", ERR_INVALID, "id");
    refuse(fixture, "job.retry", "{'id':7}", ERR_NOT_FOUND, NULL);
}

static void running_and_done_jobs_are_left_alone(void **state)
{
    struct fixture *fixture = *state;
    enqueue(fixture, "{'handler':'a'}");
    claim(fixture, 1, NULL);
    refuse(fixture, "job.retry", "{'id':1}", ERR_CONFLICT, NULL);
    refuse(fixture, "job.cancel", "{'id':1}", ERR_CONFLICT, NULL);
    record(fixture, 1, JOB_DONE, 0, false);
    refuse(fixture, "job.retry", "{'id':1}", ERR_CONFLICT, NULL);
    refuse(fixture, "job.cancel", "{'id':1}", ERR_CONFLICT, NULL);
}

static void all_dead_and_waiting_ones_start_anew(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 3; i++)
        enqueue(fixture, "{'handler':'a'}");
    enqueue(fixture, "{'handler':'later','delay_ms':60000}");
    claim(fixture, 3, NULL);
    record(fixture, 1, JOB_DEAD, 0, false);
    record(fixture, 2, JOB_RETRY, clock_now_ms() + 60000, false);
    json_t *answer = run(fixture, "job.retry", "{'all':true}");
    assert_int_equal(int_at(answer, "count"),
                     2); /* not the one that was never tried: it is not due */
    json_decref(answer);
    assert_string_equal(claim(fixture, 10, NULL), "1 2 ");
}

static void who_sees_not_all_retries_not_all(void **state)
{
    struct fixture *fixture = *state;
    struct actor person = person_actor("somebody");
    assert_null(run_as(fixture, &person, "job.retry", "{'all':true}"));
    assert_int_equal(fixture->err.code, ERR_FORBIDDEN);
}

static void jobs_of_a_private_incident_are_hidden(void **state)
{
    struct fixture *fixture = *state;
    json_t *incident = run(
        fixture, "incident.declare",
        "{'title':'Leak','description':'Data was seen','priority':'P1','category':'Data breach',"
        "'environment':'PRD','created_by_email':'ada@example.com'}");
    assert_true(bool_at(incident, "incident.is_private"));
    json_decref(incident);
    int64_t id = enqueue(fixture, "{'handler':'a','incident_id':1}");
    char args[40];
    snprintf(args, sizeof(args), "{'id':%d}", (int)id);
    struct actor stranger = person_actor("stranger");
    assert_null(run_as(fixture, &stranger, "job.show", args));
    assert_int_equal(fixture->err.code, ERR_NOT_FOUND);
    assert_null(run_as(fixture, &stranger, "job.retry", args));
    assert_null(run_as(fixture, &stranger, "job.cancel", args));
    json_t *list = run_as(fixture, &stranger, "job.list", "{}");
    assert_int_equal(json_array_size(list), 0);
    json_decref(list);
}

static void pauses_grow_to_five_minutes(void **state)
{
    (void)state;
    const uint32_t middle = 200; /* no jitter */
    assert_int_equal(job_backoff_ms(1, 0, middle), 1000);
    assert_int_equal(job_backoff_ms(2, 0, middle), 2000);
    assert_int_equal(job_backoff_ms(5, 0, middle), 16000);
    assert_int_equal(job_backoff_ms(20, 0, middle), 300000);
    assert_int_equal(job_backoff_ms(1000, 0, middle), 300000);
    assert_int_equal(job_backoff_ms(1, 0, 0), 800);
    assert_int_equal(job_backoff_ms(1, 0, 400), 1200);
    assert_int_equal(job_backoff_ms(1, 30000, middle), 30000);
}

/* ---- running --------------------------------------------------------------------------------- */

/* What the runner of a test does and saw. */
struct runner {
    struct live *live;
    struct jobs *jobs;
    char order[4000]; /* the handlers, in the order run */
    int runs, now, most;
    enum job_outcome outcome;
    int64_t delay_ms;
    int fail_first; /* that many runs fail before one succeeds */
    bool was_unknown;
    int attempt;
    int64_t ended_at,
        least_pause; /* monotonic: of the last run, and the shortest from one to the next */
};

struct pending {
    struct runner *runner;
    struct job *job;
};

static void finish_later(void *arg)
{
    struct pending *pending = arg;
    struct runner *runner = pending->runner;
    struct err err = { .code = ERR_TIMEOUT, .msg = "on purpose" };
    runner->now--;
    runner->ended_at = clock_mono_ms();
    if (runner->fail_first > 0) {
        runner->fail_first--;
        job_finish(runner->jobs, pending->job, JOB_RETRY, runner->delay_ms, true, &err);
    } else {
        job_finish(runner->jobs, pending->job, runner->outcome, runner->delay_ms, false, &err);
    }
    free(pending);
}

static void run_one(void *arg, struct job *job)
{
    struct runner *runner = arg;
    size_t len = strlen(runner->order);
    snprintf(runner->order + len, sizeof(runner->order) - len, "%s ", job->handler);
    runner->runs++;
    runner->now++;
    int64_t pause = clock_mono_ms() - runner->ended_at;
    if (runner->ended_at && (runner->least_pause == 0 || pause < runner->least_pause))
        runner->least_pause = pause;
    runner->attempt = job->attempt;
    runner->was_unknown = job->is_unknown;
    if (runner->now > runner->most)
        runner->most = runner->now;
    struct pending *pending = xmalloc(sizeof(*pending));
    *pending = (struct pending){ .runner = runner, .job = job };
    loop_timer(runner->live->engine.loop, 2, finish_later, pending);
}

static void start_runner(struct runner *runner, struct live *live)
{
    struct err err = { 0 };
    *runner = (struct runner){ .live = live };
    runner->jobs = jobs_new(&live->engine, run_one, runner);
    if (jobs_start(runner->jobs, &err) != OK)
        fail_msg("%s", err.msg);
}

static void end_runner(struct runner *runner)
{
    jobs_close(runner->jobs);
    close_live(runner->live);
    jobs_free(runner->jobs);
}

static void jobs_run_as_soon_as_they_are_committed(void **state)
{
    struct runner runner;
    start_runner(&runner, *state);
    enqueue(*state, "{'handler':'a','lane':'l'}");
    enqueue(*state, "{'handler':'b','lane':'l'}");
    enqueue(*state, "{'handler':'c','lane':'l'}");
    run_until(*state, "SELECT COUNT(*) = 3 FROM job WHERE state = 'done'");
    assert_string_equal(runner.order, "a b c ");
    assert_int_equal(runner.most, 1);
    struct jobs_stats stats;
    jobs_stats(runner.jobs, &stats);
    assert_int_equal(stats.done_total, 3);
    assert_int_equal(stats.running, 0);
    expect_state(*state, 3, "done", 1, false);
    end_runner(&runner);
}

static void never_too_many_at_once(void **state)
{
    struct runner runner;
    for (int i = 0; i < 3 * JOB_CONCURRENCY; i++)
        enqueue(*state, "{'handler':'a'}");
    start_runner(&runner, *state);
    run_until(*state, "SELECT COUNT(*) = 0 FROM job WHERE state <> 'done'");
    assert_int_equal(runner.runs, 3 * JOB_CONCURRENCY);
    assert_int_equal(runner.most, JOB_CONCURRENCY);
    end_runner(&runner);
}

static void a_failed_job_comes_back_after_its_pause(void **state)
{
    struct runner runner;
    start_runner(&runner, *state);
    runner.fail_first = 1;
    enqueue(*state, "{'handler':'a'}");
    run_until(*state, "SELECT state = 'ready' AND attempt = 1 FROM job");
    json_t *job = show(*state, 1);
    assert_string_equal(text_at(job, "error_code"), "timeout");
    assert_string_equal(text_at(job, "error_text"), "on purpose");
    json_decref(job);
    run_until(*state, "SELECT state = 'done' FROM job");
    assert_true(runner.least_pause >= 790);
    assert_int_equal(runner.runs, 2);
    assert_int_equal(runner.attempt, 2);
    assert_true(runner.was_unknown);
    expect_state(*state, 1, "done", 2, false);
    end_runner(&runner);
}

static void the_last_attempt_is_the_end(void **state)
{
    struct runner runner;
    start_runner(&runner, *state);
    runner.outcome = JOB_RETRY;
    enqueue(*state, "{'handler':'a','max_attempts':1}");
    run_until(*state, "SELECT state = 'dead' FROM job");
    expect_state(*state, 1, "dead", 1, false);
    end_runner(&runner);
}

static void waiting_is_not_failing(void **state)
{
    struct runner runner;
    start_runner(&runner, *state);
    runner.outcome = JOB_WAIT;
    enqueue(*state, "{'handler':'a'}");
    while (runner.runs < 4)
        run_for(*state, 5);
    run_until(*state, "SELECT state = 'ready' AND attempt = 0 FROM job");
    /* The shortest wait is 100 ms; the look once a second is for what others do. */
    assert_in_range(runner.least_pause, 99, 900);
    end_runner(&runner);
}

/* The command line writes as well, without a word to this process. */
static void what_another_program_enqueues_is_found(void **state)
{
    struct live *live = *state;
    struct runner runner;
    struct fixture other = { 0 };
    AUTO_FREE char *path = xasprintf("%s/test.db", live->fixture.folder);
    const struct db_options options = { .path = path };
    struct err err = { 0 };
    start_runner(&runner, live);
    run_for(live, 50);
    if (db_open(&options, &other.db, &err) != OK)
        fail_msg("%s", err.msg);
    enqueue(&other, "{'handler':'a'}");
    db_close(other.db);
    run_until(live, "SELECT state = 'done' FROM job");
    assert_int_equal(runner.runs, 1);
    end_runner(&runner);
}

/* The disk is full for a moment, just when the outcome is to be kept: nothing is lost, nothing
 * runs twice. */
static void an_outcome_that_cannot_be_kept_is_kept_later(void **state)
{
    struct runner runner;
    enqueue(*state, "{'handler':'a'}");
    start_runner(&runner, *state);
    inject_configure("store.write=fail:1");
    while (runner.runs == 0 || runner.now > 0)
        run_for(*state, 5);
    expect_state(*state, 1, "running", 1, false);
    assert_int_equal(jobs_running(runner.jobs), 1);
    run_until(*state, "SELECT state = 'done' AND attempt = 1 FROM job");
    assert_int_equal(runner.runs, 1);
    end_runner(&runner);
}

static int ignore(struct tx *tx, void *arg, struct err *err)
{
    (void)tx, (void)arg, (void)err;
    return OK;
}

/* What the store has been asked for is answered. */
static void run_until_answered(struct live *live)
{
    assert_int_equal(db_write_now(live->engine.db, ignore, NULL, NULL), OK);
    run_for(live, 5);
}

static void run_until_in_trouble(struct live *live)
{
    while (db_trouble(live->engine.db, NULL) == OK)
        run_for(live, 5);
    run_for(live, 5);
}

/* The sanitizer would tell of jobs that were read and forgotten. */
static void what_was_claimed_by_a_commit_that_failed_is_claimed_again(void **state)
{
    struct runner runner;
    start_runner(&runner, *state);
    run_until_answered(*state);
    enqueue(*state, "{'handler':'a'}");
    enqueue(*state, "{'handler':'b'}");
    inject_configure("store.commit=fail:1");
    run_until_in_trouble(*state);
    assert_int_equal(runner.runs, 0);
    run_until(*state, "SELECT COUNT(*) = 2 FROM job WHERE state = 'done' AND attempt = 1");
    assert_string_equal(runner.order, "a b ");
    end_runner(&runner);
}

/* The disk is full until the end: the next start finds the job as running and checks what it has reached. */
static void an_outcome_that_is_never_kept_ends_with_the_engine(void **state)
{
    struct runner runner;
    enqueue(*state, "{'handler':'a'}");
    start_runner(&runner, *state);
    inject_configure("store.write=fail");
    run_until_in_trouble(*state);
    assert_int_equal(runner.runs, 1);
    expect_state(*state, 1, "running", 1, false);
    end_runner(&runner);
}

static void an_outcome_that_could_not_be_kept_is_kept_at_the_stop(void **state)
{
    struct runner runner;
    enqueue(*state, "{'handler':'a'}");
    start_runner(&runner, *state);
    inject_configure("store.write=fail");
    run_until_in_trouble(*state);
    expect_state(*state, 1, "running", 1, false);
    inject_configure(NULL);
    jobs_close(runner.jobs);
    run_until_answered(*state);
    expect_state(*state, 1, "done", 1, false);
    end_runner(&runner);
}

/* Two hours back: what is to be tried again in a second is not tried in two hours. What was put off stays. */
static void a_clock_that_was_set_back_delays_no_retry(void **state)
{
    struct runner runner;
    struct live *live = *state;
    int64_t now_ms = clock_now_ms();
    char query[120];
    log_configure(LOG_ERROR_LEVEL, false);
    clock_set_ms(now_ms + 7200000);
    start_runner(&runner, live);
    runner.fail_first = 1;
    enqueue(*state, "{'handler':'a'}");
    run_until(live, "SELECT state = 'ready' AND attempt = 1 FROM job");
    enqueue(*state, "{'handler':'b','delay_ms':1800000}");
    clock_set_ms(now_ms);
    snprintf(query, sizeof(query), "SELECT due_at_ms < %lld FROM job WHERE id = 1",
             (long long)now_ms + 10000);
    run_until(live, query);
    snprintf(query, sizeof(query), "SELECT due_at_ms = %lld FROM job WHERE id = 2",
             (long long)now_ms + 9000000);
    assert_int_equal(count(&live->fixture, query), 1);
    clock_set_ms(now_ms + 10000);
    run_until(live, "SELECT state = 'done' FROM job WHERE id = 1");
    clock_set_ms(-1);
    end_runner(&runner);
}

static void a_stopped_engine_claims_nothing(void **state)
{
    struct runner runner;
    start_runner(&runner, *state);
    jobs_stop(runner.jobs);
    enqueue(*state, "{'handler':'a'}");
    run_for(*state, 100);
    assert_int_equal(runner.runs, 0);
    expect_state(*state, 1, "ready", 0, false);
    end_runner(&runner);
}

static void what_is_claimed_when_the_engine_stops_is_given_back(void **state)
{
    struct runner runner;
    start_runner(&runner, *state);
    run_for(*state, 50);
    enqueue(*state, "{'handler':'a'}");
    jobs_wake(runner.jobs); /* the claim is on its way */
    jobs_stop(runner.jobs);
    while (jobs_running(runner.jobs) > 0 || count(*state, "SELECT attempt = 0 FROM job") != 1)
        run_for(*state, 5);
    run_for(*state, 50);
    assert_int_equal(runner.runs, 0);
    expect_state(*state, 1, "ready", 0, false);
    end_runner(&runner);
}

/* ---- notes ----------------------------------------------------------------------------------- */

struct noter {
    struct live *live;
    struct jobs *jobs;
    int notes;
};

static void on_noted(void *arg, int rc, const struct err *err)
{
    struct noter *noter = arg;
    assert_int_equal(rc, OK);
    (void)err;
    noter->notes++;
}

static void note_twice(void *arg, struct job *job)
{
    struct noter *noter = arg;
    json_t *first = parse("{'channel':'C1','step':1}"), *second = parse("{'step':2}");
    job_note(noter->jobs, job, first, on_noted, noter);
    job_note(noter->jobs, job, second, on_noted, noter);
    json_decref(first);
    json_decref(second);
    assert_string_equal(text_at(job->progress, "channel"), "C1");
    struct err err = { .code = ERR_BUSY, .msg = "wait" };
    job_finish(noter->jobs, job, JOB_WAIT, 60000, false, &err);
}

static void notes_are_merged_and_kept(void **state)
{
    struct noter noter = { .live = *state };
    noter.jobs = jobs_new(&noter.live->engine, note_twice, &noter);
    enqueue(*state, "{'handler':'a','args':{'x':1}}");
    assert_int_equal(jobs_start(noter.jobs, NULL), OK);
    run_until(*state, "SELECT attempt = 0 AND state = 'ready' AND progress <> '{}' FROM job");
    assert_int_equal(noter.notes, 2);
    json_t *job = show(*state, 1);
    assert_string_equal(text_at(job, "progress.channel"), "C1");
    assert_int_equal(int_at(job, "progress.step"), 2);
    assert_int_equal(int_at(job, "args.x"), 1);
    json_decref(job);
    jobs_close(noter.jobs);
    close_live(noter.live);
    jobs_free(noter.jobs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_EMPTY(due_jobs_are_claimed_in_order),
        TEST_EMPTY(no_more_than_wanted),
        TEST_EMPTY(a_lane_is_one_at_a_time),
        TEST_EMPTY(a_retry_holds_its_lane_back),
        TEST_EMPTY(a_dead_job_does_not),
        TEST_EMPTY(a_cancelled_job_frees_its_lane),
        TEST_EMPTY(waiting_uses_up_no_attempt),
        TEST_EMPTY(unknown_stays_until_done),
        TEST_EMPTY(an_outcome_is_recorded_once),
        TEST_EMPTY(what_ran_at_the_end_comes_back_unknown),
        TEST_EMPTY(a_death_is_told),
        TEST_EMPTY(what_an_operator_gives_up_is_told),
        TEST_EMPTY(who_tells_of_deaths_dies_in_silence),
        TEST_EMPTY(a_key_is_taken_while_unfinished),
        TEST_EMPTY(a_retried_job_gives_its_key_up),
        TEST_EMPTY(old_ends_are_pruned_but_not_the_dead),
        TEST_EMPTY(lists_are_filtered),
        TEST_EMPTY(bad_arguments_are_refused),
        TEST_EMPTY(running_and_done_jobs_are_left_alone),
        TEST_EMPTY(all_dead_and_waiting_ones_start_anew),
        TEST_EMPTY(who_sees_not_all_retries_not_all),
        TEST(jobs_of_a_private_incident_are_hidden),
        cmocka_unit_test(pauses_grow_to_five_minutes),
        TEST_LIVE(jobs_run_as_soon_as_they_are_committed),
        TEST_LIVE(never_too_many_at_once),
        TEST_LIVE(a_failed_job_comes_back_after_its_pause),
        TEST_LIVE(the_last_attempt_is_the_end),
        TEST_LIVE(waiting_is_not_failing),
        TEST_LIVE(what_another_program_enqueues_is_found),
        TEST_LIVE(an_outcome_that_cannot_be_kept_is_kept_later),
        TEST_LIVE(what_was_claimed_by_a_commit_that_failed_is_claimed_again),
        TEST_LIVE(an_outcome_that_is_never_kept_ends_with_the_engine),
        TEST_LIVE(an_outcome_that_could_not_be_kept_is_kept_at_the_stop),
        TEST_LIVE(a_clock_that_was_set_back_delays_no_retry),
        TEST_LIVE(a_stopped_engine_claims_nothing),
        TEST_LIVE(what_is_claimed_when_the_engine_stops_is_given_back),
        TEST_LIVE(notes_are_merged_and_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
