/* One operation of a batch fails half done, at each write in turn: what the others answered is so, once. */
#include "core_fixture.h"

#include "base/inject.h"
#include "hold.h"
#include "loop/loop.h"

enum { OPS = 6, ROUNDS_MOST = 200 };

struct batch;

struct asked {
    struct batch *batch;
    int rc;
    json_t *answer; /* owned; NULL when it failed */
};

struct batch {
    struct fixture *fixture;
    struct loop *loop;
    int round;
    int open; /* answers still to come */
    struct asked asked[OPS];
};

static const char DECLARE[] =
    "{'title':'Quokka %dx%d','description':'Wombat%dx%d','category':'Payment','priority':'P1',"
    "'environment':'PRD','impacts':{'business_impact':'HT'},'request_key':'request %dx%d',"
    "'created_by_email':'creator%dx%d@example.com'}";

static bool is_declaration(int i)
{
    return i % 2 == 1;
}

static void on_answer(void *arg, int rc, const char *json, size_t len, const struct err *err)
{
    (void)err;
    struct asked *asked = arg;
    json_error_t error;
    asked->rc = rc;
    asked->answer = rc == OK ? json_loadb(json, len, 0, &error) : NULL;
    if (rc == OK && !asked->answer)
        fail_msg("no JSON: %s: %.*s", error.text, (int)len, json);
    if (--asked->batch->open == 0)
        loop_stop(asked->batch->loop);
}

static void submit(struct batch *batch, int i)
{
    char args[600];
    int round = batch->round;
    const char *name = is_declaration(i) ? "incident.declare" : i == 2 ? "kv.put_new" : "kv.put";
    if (is_declaration(i))
        snprintf(args, sizeof(args), DECLARE, i, round, i, round, i, round, i, round);
    else
        snprintf(args, sizeof(args), "{'scope':'s','key':'k%dx%d','value':[%d]}", i, round, i);
    batch->asked[i].batch = batch;
    op_submit(batch->fixture->db, op_find(name), parse(args), NULL, on_answer, &batch->asked[i]);
}

/* As one transaction, in which write <failing> fails. */
static void run_batch(struct batch *batch, int failing)
{
    char spec[40];
    struct hold held;
    hold_writer(batch->fixture->db, &held);
    batch->open = OPS;
    for (int i = 0; i < OPS; i++)
        submit(batch, i);
    snprintf(spec, sizeof(spec), "store.write=fail:%d", failing);
    inject_configure(spec);
    hold_end(&held);
    loop_run(batch->loop);
    inject_configure(NULL);
}

/* Of <sql>, in which "#" stands for the request: its number and the round. */
static int64_t count_of(struct batch *batch, const char *sql, int i)
{
    struct buf text = BUF_INIT;
    for (const char *c = sql; *c; c++)
        if (*c == '#')
            buf_printf(&text, "%dx%d", i, batch->round);
        else
            buf_append(&text, c, 1);
    int64_t found = count(batch->fixture, buf_text(&text));
    buf_fini(&text);
    return found;
}

static void check_value(struct batch *batch, int i, int64_t expected)
{
    assert_int_equal(count_of(batch, "SELECT COUNT(*) FROM kv WHERE scope = 's' AND key = 'k#'", i),
                     expected);
    if (i == 2 && expected)
        assert_true(bool_at(batch->asked[i].answer, "is_new"));
}

static void check_declaration(struct batch *batch, int i, int64_t expected)
{
    static const char *const ROWS[] = {
        "SELECT COUNT(*) FROM incident WHERE title = 'Quokka #'",
        "SELECT COUNT(*) FROM incident_fts WHERE incident_fts MATCH 'wombat#'",
        "SELECT COUNT(*) FROM person WHERE email = 'creator#@example.com'",
        "SELECT COUNT(*) FROM request_key WHERE key = 'request #'",
        "SELECT COUNT(*) FROM incident_impact JOIN incident i ON i.id = incident_id"
        " WHERE title = 'Quokka #'",
        "SELECT COUNT(*) FROM event JOIN incident i ON i.id = incident_id"
        " WHERE kind = 'incident.created' AND title = 'Quokka #'",
        "SELECT COUNT(*) FROM job JOIN incident i ON i.id = incident_id"
        " WHERE handler = 'listens' AND title = 'Quokka #'",
        "SELECT COUNT(*) FROM audit JOIN incident i ON i.id = incident_id"
        " WHERE action = 'incident.declare' AND title = 'Quokka #'",
    };
    for (size_t k = 0; k < sizeof(ROWS) / sizeof(ROWS[0]); k++)
        assert_int_equal(count_of(batch, ROWS[k], i), expected);
    if (!expected)
        return;
    json_t *answer = batch->asked[i].answer;
    assert_int_equal(int_at(answer, "id"),
                     count_of(batch, "SELECT id FROM incident WHERE title = 'Quokka #'", i));
    assert_int_equal(int_at(answer, "incident.id"), int_at(answer, "id"));
    assert_true(bool_at(answer, "created"));
}

/* Returns how many succeeded. */
static int check_batch(struct batch *batch)
{
    int succeeded = 0;
    for (int i = 0; i < OPS; i++) {
        int64_t expected = batch->asked[i].rc == OK;
        if (is_declaration(i))
            check_declaration(batch, i, expected);
        else
            check_value(batch, i, expected);
        succeeded += (int)expected;
        json_decref(batch->asked[i].answer);
        batch->asked[i].answer = NULL;
    }
    return succeeded;
}

static void one_that_fails_half_done_changes_no_other_answer(void **state)
{
    struct fixture *fixture = *state;
    struct batch batch = { .fixture = fixture, .loop = loop_new(NULL) };
    char path[96];
    snprintf(path, sizeof(path), "%s/test.db", fixture->folder);
    run_quietly(fixture, "subscription.replace",
                "{'rows':[{'event_kind':'incident.created','handler':'listens'}]}");
    db_close(fixture->db);
    struct db_options options = { .path = path, .loop = batch.loop };
    assert_int_equal(db_open(&options, &fixture->db, NULL), OK);
    int alone = 0; /* rounds in which one failed by itself */
    int succeeded = 0;
    for (; succeeded < OPS && batch.round < ROUNDS_MOST; batch.round++) {
        run_batch(&batch, batch.round + 1);
        succeeded = check_batch(&batch);
        alone += succeeded == OPS - 1;
    }
    assert_int_equal(succeeded, OPS);
    assert_true(alone > 20);
    json_t *report = run(fixture, "audit.verify", "{}");
    assert_true(bool_at(report, "is_intact"));
    json_decref(report);
    db_close(fixture->db);
    fixture->db = NULL;
    loop_free(batch.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_that_fails_half_done_changes_no_other_answer, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
