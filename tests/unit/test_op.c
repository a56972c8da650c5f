/* Operations by name: the table, their arguments, and the way over the store's threads. */
#include "core_fixture.h"

#include "loop/loop.h"

static void table_is_sound(void **state)
{
    (void)state;
    int count_of_ops = 0;
    for (const struct op *op; (op = op_at(count_of_ops)); count_of_ops++) {
        assert_ptr_equal(op_find(op->name), op);
        assert_non_null(strchr(op->name, '.'));
        assert_non_null(op->run);
        assert_true(strlen(op->about) > 10);
    }
    assert_true(count_of_ops > 40);
    assert_null(op_find("incident.destroy"));
}

/* Whatever the operation, an argument nobody knows is refused by name. */
static void every_operation_refuses_unknown_arguments(void **state)
{
    for (int i = 0; op_at(i); i++)
        refuse(*state, op_at(i)->name, "{'colour_of_the_sky':1}", ERR_INVALID, "colour_of_the_sky");
}

static void unknown_operation_and_wrong_arguments_are_refused(void **state)
{
    refuse(*state, "incident.destroy", "{}", ERR_NOT_FOUND, NULL);
    refuse(*state, "incident.get", "[1]", ERR_INVALID, NULL);
    refuse(*state, "incident.get", "{'id':'one'}", ERR_INVALID, "id");
    refuse(*state, "incident.get", "{'id':1.5}", ERR_INVALID, "id");
    refuse(*state, "incident.get", "{'id':0}", ERR_INVALID, "id");
    refuse(*state, "incident.get", "{'id':1}", ERR_NOT_FOUND, NULL);
}

static void empty_tables_of_lua_count_as_lists(void **state)
{
    run_quietly(*state, "subscription.replace", "{'rows':{}}");
    refuse(*state, "subscription.replace", "{'rows':{'a':1}}", ERR_INVALID, "rows");
}

static void failed_operation_leaves_nothing(void **state)
{
    struct fixture *fixture = *state;
    refuse(fixture, "subscription.replace",
           "{'rows':[{'event_kind':'a','handler':'b'},{'event_kind':'a'}]}", ERR_INVALID,
           "rows[2].handler");
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM subscription"), 0);
}

static void what_is_for_some_fields_gets_no_job_for_others(void **state)
{
    struct fixture *fixture = *state;
    static const char JOBS[] = "SELECT COUNT(*) FROM job WHERE handler = 'narrow'";
    run_quietly(fixture, "subscription.replace",
                "{'rows':[{'event_kind':'e','handler':'narrow','fields':'priority tags'},"
                "{'event_kind':'e','handler':'wide'},"
                "{'event_kind':'e','handler':'any','fields':'*'}]}");
    run_quietly(fixture, "event.emit", "{'kind':'e','payload':{'updated_fields':['title','tag']}}");
    run_quietly(fixture, "event.emit", "{'kind':'e','payload':{'updated_fields':[]}}");
    run_quietly(fixture, "event.emit", "{'kind':'e'}");
    assert_int_equal(count(fixture, JOBS), 0);
    run_quietly(fixture, "event.emit",
                "{'kind':'e','payload':{'updated_fields':['title','priority']}}");
    assert_int_equal(count(fixture, JOBS), 1);
    run_quietly(fixture, "event.emit", "{'kind':'e','payload':{'fields':['tags']}}");
    assert_int_equal(count(fixture, JOBS), 2);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM job WHERE handler = 'wide'"), 5);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM job WHERE handler = 'any'"), 3);
}

static void scripts_emit_events(void **state)
{
    struct fixture *fixture = *state;
    run_quietly(fixture, "subscription.replace",
                "{'rows':[{'event_kind':'team.noticed','handler':'h'}]}");
    run_quietly(fixture, "event.emit", "{'kind':'team.noticed','payload':{'what':'smoke'}}");
    assert_int_equal(
        count(fixture,
              "SELECT COUNT(*) FROM job WHERE lane IS NULL AND args = '{\"what\":\"smoke\"}'"),
        1);
    refuse(fixture, "event.emit", "{'kind':'x','incident_id':99}", ERR_NOT_FOUND, NULL);
}

/* Payloads are the scripts' own: whatever stands under "fields" must not keep an event from happening. */
static void fields_of_an_event_may_be_anything(void **state)
{
    static const struct {
        const char *fields;
        int jobs;
    } CASES[] = { { "['title','heat']", 1 },
                  { "'heat'", 1 },
                  { "'cold'", 0 },
                  { "[]", 0 },
                  { "{'a':'heat'}", 1 },
                  { "[1,null,['heat']]", 0 },
                  { "7", 0 },
                  { "null", 0 } };
    struct fixture *fixture = *state;
    run_quietly(fixture, "subscription.replace",
                "{'rows':[{'event_kind':'team.noticed','handler':'h','fields':'heat'}]}");
    int64_t jobs = 0;
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        char args[120];
        snprintf(args, sizeof(args), "{'kind':'team.noticed','payload':{'fields':%s}}",
                 CASES[i].fields);
        run_quietly(fixture, "event.emit", args);
        jobs += CASES[i].jobs;
        assert_int_equal(count(fixture, "SELECT COUNT(*) FROM job"), jobs);
    }
}

static void last_five_generations_stay(void **state)
{
    struct fixture *fixture = *state;
    json_t *none = run(fixture, "generation.last_good", "{}");
    assert_true(json_is_null(none));
    json_decref(none);
    for (int i = 1; i <= 7; i++) {
        char args[100];
        clock_set_ms(1000000 + i);
        snprintf(args, sizeof(args), "{'hash':'h%d','files':{'config.lua':'return {}'}}", i);
        run_quietly(fixture, "generation.save", args);
    }
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM generation"), 5);
    json_t *last = run(fixture, "generation.last_good", "{}");
    assert_string_equal(text_at(last, "hash"), "h7");
    json_decref(last);
    run_quietly(fixture, "reload.record",
                "{'hash':'h8','is_accepted':false,'error':'config.lua:1: no'}");
    run_quietly(fixture, "reload.record", "{'hash':'h9','is_accepted':true}");
    json_t *reload = run(fixture, "reload.last", "{}");
    assert_int_equal(int_at(reload, "sequence"), 2);
    assert_true(json_is_null(at(reload, "error")));
    json_decref(reload);
}

/* What a submitted operation answered. */
struct answered {
    struct loop *loop;
    int calls;
    int rc;
    char text[512];
};

static void on_answer(void *arg, int rc, const char *json, size_t len, const struct err *err)
{
    struct answered *answered = arg;
    answered->calls++;
    answered->rc = rc;
    snprintf(answered->text, sizeof(answered->text), "%.*s", (int)len, rc == OK ? json : "");
    if (rc != OK)
        snprintf(answered->text, sizeof(answered->text), "%s", err->msg);
    loop_stop(answered->loop);
}

static void submit(struct db *db, struct answered *answered, const char *name, const char *args)
{
    answered->calls = 0;
    op_submit(db, op_find(name), args ? parse(args) : NULL, NULL, on_answer, answered);
    loop_run(answered->loop);
    assert_int_equal(answered->calls, 1);
}

static void submitted_operation_is_answered_on_the_loop(void **state)
{
    struct fixture *fixture = *state;
    struct answered answered = { .loop = loop_new(NULL) };
    char path[96];
    snprintf(path, sizeof(path), "%s/other.db", fixture->folder);
    struct db_options options = { .path = path, .loop = answered.loop };
    struct db *db = NULL;
    assert_int_equal(db_open(&options, &db, NULL), OK);
    submit(db, &answered, "kv.put", "{'scope':'s','key':'k','value':[1,{'a':null}]}");
    assert_int_equal(answered.rc, OK);
    submit(db, &answered, "kv.get", "{'scope':'s','key':'k'}");
    assert_string_equal(answered.text, "[1,{\"a\":null}]");
    submit(db, &answered, "kv.get", NULL);
    assert_int_equal(answered.rc, ERR_INVALID);
    assert_string_equal(answered.text, "scope is required");
    db_close(db);
    loop_free(answered.loop);
}

static void base_url_loses_its_slash(void **state)
{
    (void)state;
    char url[OP_BASE_URL_SIZE];
    op_set_base_url("https://example.com//");
    op_base_url(url);
    assert_string_equal(url, "https://example.com");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_sound),
        TEST_EMPTY(every_operation_refuses_unknown_arguments),
        TEST_EMPTY(unknown_operation_and_wrong_arguments_are_refused),
        TEST_EMPTY(empty_tables_of_lua_count_as_lists),
        TEST_EMPTY(failed_operation_leaves_nothing),
        TEST_EMPTY(what_is_for_some_fields_gets_no_job_for_others),
        TEST_EMPTY(scripts_emit_events),
        TEST_EMPTY(fields_of_an_event_may_be_anything),
        TEST_EMPTY(last_five_generations_stay),
        TEST_EMPTY(submitted_operation_is_answered_on_the_loop),
        cmocka_unit_test(base_url_loses_its_slash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
