/* Records of a timeline that were made from messages: one a message, edited and marked with it, taken
 * away again; and that nobody rewrites any other record. */
#include "core_fixture.h"

#define SOURCE "{'conversation_id':'c1','external_id':'100.000001','kind':'reaction'}"

static void declare(struct fixture *fixture, const char *category)
{
    char args[400];
    snprintf(args, sizeof(args),
             "{'title':'Card payments fail','description':'d','category':'%s','priority':'P1',"
             "'environment':'PRD','created_by_email':'ada@example.com'}",
             category);
    run_quietly(fixture, "incident.declare", args);
}

static int exec_in_tx(struct tx *tx, void *arg, struct err *err)
{
    int rc = tx_exec(tx, err, arg, "");
    return rc < 0 ? rc : OK;
}

static int setup_incident(void **state)
{
    char ada[40];
    setup(state);
    struct fixture *fixture = *state;
    add_person(fixture, "ada", ada);
    declare(fixture, "Payment");
    declare(fixture, "Data breach");
    static char insert[] =
        "INSERT INTO conversation (id, platform, external_id, incident_id, created_at_ms,"
        " updated_at_ms) VALUES ('c1', 'chat', 'C1', 1, 0, 0)";
    struct err err = { 0 };
    if (db_write_now(fixture->db, exec_in_tx, insert, &err) != OK)
        fail_msg("%s", err.msg);
    return 0;
}

/* Takes the message over; the record's id, caller frees. */
static char *take_over(struct fixture *fixture)
{
    json_t *answer = run(fixture, "incident.update",
                         "{'id':1,'message':'The certificate ran out','source':" SOURCE "}");
    char *id = xstrdup(text_at(answer, "update_id"));
    json_decref(answer);
    return id;
}

/* Arguments that name the record; valid until the next call. */
static const char *with_id(const char *id, const char *more)
{
    static char args[400];
    snprintf(args, sizeof(args), "{'id':'%s'%s}", id, more);
    return args;
}

static int64_t records(struct fixture *fixture)
{
    return count(fixture, "SELECT COUNT(*) FROM incident_update WHERE source_external_id IS NOT"
                          " NULL");
}

static void one_message_makes_one_record(void **state)
{
    char *first = take_over(*state);
    char *second = take_over(*state);
    assert_string_equal(first, second);
    assert_int_equal(records(*state), 1);
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM event WHERE kind = 'incident.updated'"),
                     1);
    json_t *found = run(*state, "update.of_message", "{'source':" SOURCE "}");
    assert_string_equal(text_at(found, "id"), first);
    assert_string_equal(text_at(found, "source.kind"), "reaction");
    json_decref(found);
    refuse(*state, "incident.update", "{'id':2,'message':'m','source':" SOURCE "}", ERR_CONFLICT,
           "source");
    free(first);
    free(second);
}

static void a_source_brings_a_message_and_nothing_else(void **state)
{
    refuse(*state, "incident.update", "{'id':1,'source':" SOURCE "}", ERR_INVALID, "message");
    refuse(*state, "incident.update", "{'id':1,'message':'m','status':30,'source':" SOURCE "}",
           ERR_INVALID, "status");
    refuse(*state, "incident.update",
           "{'id':1,'message':'m','source':{'conversation_id':'c9','external_id':'1'}}",
           ERR_INVALID, "source.conversation_id");
    refuse(*state, "incident.update", "{'id':1,'message':'m','source':{'conversation_id':'c1'}}",
           ERR_INVALID, "source.external_id");
    assert_int_equal(records(*state), 0);
}

static void a_record_follows_its_message(void **state)
{
    char *id = take_over(*state);
    json_t *answer = run(*state, "update.edit", with_id(id, ",'message':'It expired'"));
    assert_true(bool_at(answer, "is_changed"));
    assert_string_equal(text_at(answer, "update.message"), "It expired");
    assert_true(int_at(answer, "update.edited_at_ms") > 0);
    json_decref(answer);
    answer = run(*state, "update.edit", with_id(id, ",'message':'It expired'"));
    assert_false(bool_at(answer, "is_changed"));
    json_decref(answer);
    answer = run(*state, "update.edit", with_id(id, ",'is_source_deleted':true"));
    assert_true(int_at(answer, "update.source.deleted_at_ms") > 0);
    assert_string_equal(text_at(answer, "update.message"), "It expired");
    json_decref(answer);
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM event WHERE kind = 'update.edited'"), 2);
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM audit WHERE action = 'update.edit' AND"
                                   " before LIKE '%\"message\":%'"),
                     2);
    free(id);
}

static void a_record_is_taken_away_and_made_again(void **state)
{
    char *id = take_over(*state);
    run_quietly(*state, "update.delete", with_id(id, ""));
    assert_int_equal(records(*state), 0);
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM event WHERE kind = 'update.deleted'"), 1);
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM audit WHERE action = 'update.delete' AND"
                                   " before LIKE '%The certificate ran out%' AND after IS NULL"),
                     1);
    refuse(*state, "update.delete", with_id(id, ""), ERR_NOT_FOUND, NULL);
    free(id);
    free(take_over(*state));
    assert_int_equal(records(*state), 1);
}

static void what_was_written_here_is_never_rewritten(void **state)
{
    json_t *answer = run(*state, "incident.update", "{'id':1,'message':'Found the cause'}");
    char *id = xstrdup(text_at(answer, "update_id"));
    json_decref(answer);
    refuse(*state, "update.edit", with_id(id, ",'message':'Other words'"), ERR_CONFLICT, NULL);
    refuse(*state, "update.delete", with_id(id, ""), ERR_CONFLICT, NULL);
    assert_int_equal(
        count(*state, "SELECT COUNT(*) FROM incident_update WHERE message = 'Found the cause'"), 1);
    free(id);
}

static void a_private_incidents_records_are_hidden(void **state)
{
    struct fixture *fixture = *state;
    char eve[40];
    add_person(fixture, "eve", eve);
    const struct actor actor = person_actor(eve);
    json_t *answer = run(fixture, "incident.update", "{'id':2,'message':'m','source':" SOURCE "}");
    char *id = xstrdup(text_at(answer, "update_id"));
    json_decref(answer);
    answer = run_as(fixture, &actor, "update.of_message", "{'source':" SOURCE "}");
    assert_true(json_is_null(answer));
    json_decref(answer);
    assert_null(run_as(fixture, &actor, "update.delete", with_id(id, "")));
    assert_int_equal(fixture->err.code, ERR_NOT_FOUND);
    assert_null(run_as(fixture, &actor, "update.edit", with_id(id, ",'message':'seen'")));
    assert_int_equal(fixture->err.code, ERR_NOT_FOUND);
    assert_int_equal(records(fixture), 1);
    free(id);
}

#define IN_INCIDENT(test) cmocka_unit_test_setup_teardown(test, setup_incident, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_INCIDENT(one_message_makes_one_record),
        IN_INCIDENT(a_source_brings_a_message_and_nothing_else),
        IN_INCIDENT(a_record_follows_its_message),
        IN_INCIDENT(a_record_is_taken_away_and_made_again),
        IN_INCIDENT(what_was_written_here_is_never_rewritten),
        IN_INCIDENT(a_private_incidents_records_are_hidden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
