/* The audit log is a chain: whoever changes, removes or adds an entry by hand is found, and the
 * place is named. */
#include "core_fixture.h"

#include "core/audit_chain.h"

static int do_in_tx(struct tx *tx, void *arg, struct err *err)
{
    struct stmt *stmt = tx_query_values(tx, err, arg, NULL, 0);
    int rc = stmt ? stmt_next(stmt, err) : err->code;
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

/* What somebody with the file in hand does. */
static void tamper(struct fixture *fixture, char *sql)
{
    struct err err = { 0 };
    if (db_write_now(fixture->db, do_in_tx, sql, &err) != OK)
        fail_msg("%s: %s", sql, err.msg);
}

/* Seven entries: the reference rows, a declaration, and five changes. */
static int setup_log(void **state)
{
    setup(state);
    char ada[40];
    add_person(*state, "ada", ada);
    run_quietly(*state, "incident.declare",
                "{'title':'Card payments fail','description':'d','category':'Payment',"
                "'priority':'P1','environment':'PRD','created_by_email':'ada@example.com',"
                "'impacts':{'business_impact':'HT'}}");
    static const char *const TAGS[] = { "a", "b", "c", "d", "e" };
    for (size_t i = 0; i < sizeof(TAGS) / sizeof(*TAGS); i++) {
        char args[60];
        snprintf(args, sizeof(args), "{'id':1,'tags':['%s']}", TAGS[i]);
        run_quietly(*state, "incident.set_tags", args);
    }
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM audit"), 7);
    return 0;
}

static void assert_intact(struct fixture *fixture, int64_t entries)
{
    json_t *answer = run(fixture, "audit.verify", "{}");
    if (!bool_at(answer, "is_intact"))
        fail_msg("%s", text_at(answer, "reason"));
    assert_int_equal(int_at(answer, "count"), entries);
    assert_int_equal(int_at(answer, "head_id"), entries);
    assert_true(json_is_null(at(answer, "first_bad_id")));
    assert_true(json_is_null(at(answer, "reason")));
    json_decref(answer);
}

/* <id> 0: no entry is named. */
static void assert_broken(struct fixture *fixture, int64_t id, const char *reason)
{
    json_t *answer = run(fixture, "audit.verify", "{}");
    assert_false(bool_at(answer, "is_intact"));
    assert_string_equal(text_at(answer, "reason"), reason);
    assert_int_equal(json_integer_value(at(answer, "first_bad_id")), id);
    json_decref(answer);
}

static void an_empty_log_is_intact(void **state)
{
    assert_intact(*state, 0);
    run_quietly(*state, "audit.chain", "{}");
    assert_intact(*state, 0);
}

static void every_operation_continues_the_chain(void **state)
{
    assert_intact(*state, 7);
    assert_int_equal(count(*state, "SELECT COUNT(DISTINCT hash) FROM audit"), 7);
}

static void what_is_rolled_back_leaves_no_trace(void **state)
{
    refuse(*state, "incident.set_tags", "{'id':1,'tags':['']}", ERR_INVALID, "tags");
    run_quietly(*state, "incident.set_tags", "{'id':1,'tags':['f']}");
    assert_intact(*state, 8);
}

static void every_column_counts(void **state)
{
    static char *const CHANGES[][2] = {
        { "UPDATE audit SET at_ms = at_ms + 1 WHERE id = 4",
          "UPDATE audit SET at_ms = at_ms - 1 WHERE id = 4" },
        { "UPDATE audit SET at_ms = at_ms + 0.5 WHERE id = 4",
          "UPDATE audit SET at_ms = at_ms - 0.5 WHERE id = 4" },
        { "UPDATE audit SET actor_kind = 'person' WHERE id = 4",
          "UPDATE audit SET actor_kind = 'system' WHERE id = 4" },
        { "UPDATE audit SET actor_id = 'eve' WHERE id = 4",
          "UPDATE audit SET actor_id = '' WHERE id = 4" },
        { "UPDATE audit SET source = 'rest' WHERE id = 4",
          "UPDATE audit SET source = 'engine' WHERE id = 4" },
        { "UPDATE audit SET incident_id = NULL WHERE id = 4",
          "UPDATE audit SET incident_id = 1 WHERE id = 4" },
        { "UPDATE audit SET before = before || ' ' WHERE id = 4",
          "UPDATE audit SET before = trim(before) WHERE id = 4" },
        { "UPDATE audit SET after = after || char(0) || 'x' WHERE id = 4",
          "UPDATE audit SET after = substr(after, 1, instr(after, char(0)) - 1) WHERE id = 4" },
    };
    for (size_t i = 0; i < sizeof(CHANGES) / sizeof(*CHANGES); i++) {
        tamper(*state, CHANGES[i][0]);
        assert_broken(*state, 4,
                      "Entry 4 (incident.set_tags) was changed: it does not fit its hash.");
        tamper(*state, CHANGES[i][1]);
        assert_intact(*state, 7);
    }
    tamper(*state, "UPDATE audit SET action = 'nothing' WHERE id = 4");
    assert_broken(*state, 4, "Entry 4 (nothing) was changed: it does not fit its hash.");
}

static void text_cannot_move_from_one_column_to_the_next(void **state)
{
    tamper(*state, "UPDATE audit SET source = 'engin', action = 'e' || action WHERE id = 4");
    assert_broken(*state, 4, "Entry 4 (eincident.set_tags) was changed: it does not fit its hash.");
}

static void a_removed_entry_is_missed(void **state)
{
    tamper(*state, "DELETE FROM audit WHERE id = 3");
    assert_broken(*state, 3, "Entry 3 is missing.");
    tamper(*state, "DELETE FROM audit WHERE id IN (4, 5)");
    assert_broken(*state, 3, "Entries 3 to 5 are missing.");
}

static void a_cut_off_end_is_missed_also_when_the_log_goes_on(void **state)
{
    tamper(*state, "DELETE FROM audit WHERE id > 5");
    assert_broken(*state, 6, "The end is missing: the last entry was 7.");
    run_quietly(*state, "incident.set_tags", "{'id':1,'tags':['f']}");
    assert_broken(*state, 6, "Entries 6 to 7 are missing.");
}

static void an_emptied_log_is_missed(void **state)
{
    tamper(*state, "DELETE FROM audit");
    assert_broken(*state, 1, "The end is missing: the last entry was 7.");
}

static void an_added_entry_is_found_also_when_the_log_goes_on(void **state)
{
    tamper(*state, "INSERT INTO audit (at_ms, actor_kind, source, action)"
                   " VALUES (1, 'system', 'engine', 'incident.close')");
    assert_broken(*state, 8, "Entry 8 has no hash: the engine did not write it.");
    run_quietly(*state, "incident.set_tags", "{'id':1,'tags':['f']}");
    assert_broken(*state, 8, "Entry 8 has no hash: the engine did not write it.");
}

static void an_entry_before_the_first_is_found(void **state)
{
    tamper(*state, "INSERT INTO audit (id, at_ms, actor_kind, source, action, hash)"
                   " VALUES (-1, 1, 'system', 'engine', 'incident.close', 'abc')");
    assert_broken(*state, -1, "Entry -1 (incident.close) was changed: it does not fit its hash.");
}

static void the_record_of_the_end_is_watched(void **state)
{
    tamper(*state, "UPDATE audit_head SET hash = (SELECT hash FROM audit WHERE id = 6)");
    assert_broken(*state, 7, "Entry 7 is not the one that was written last.");
    tamper(*state, "UPDATE audit_head SET audit_id = 6");
    assert_broken(*state, 7, "Entry 7 was added behind the last one.");
    tamper(*state, "DELETE FROM audit_head");
    assert_broken(*state, 0, "The record of the last entry is missing.");
}

/* A database of an older version: entries, no hashes. */
static void make_old(struct fixture *fixture)
{
    tamper(fixture, "UPDATE audit SET hash = NULL");
    tamper(fixture, "DELETE FROM audit_head");
}

static void an_old_log_is_chained_at_the_start(void **state)
{
    json_t *before = run(*state, "audit.verify", "{}");
    make_old(*state);
    assert_broken(*state, 0, "The log has no hashes yet: the engine makes them when it starts.");
    run_quietly(*state, "audit.chain", "{}");
    assert_intact(*state, 7);
    json_t *after = run(*state, "audit.verify", "{}");
    assert_string_equal(text_at(before, "head_hash"), text_at(after, "head_hash"));
    json_decref(before);
    json_decref(after);
}

static void an_old_log_is_chained_by_the_next_change(void **state)
{
    make_old(*state);
    run_quietly(*state, "incident.set_tags", "{'id':1,'tags':['f']}");
    assert_intact(*state, 8);
}

static void chaining_does_not_launder_what_was_added_later(void **state)
{
    tamper(*state, "INSERT INTO audit (at_ms, actor_kind, source, action)"
                   " VALUES (1, 'system', 'engine', 'incident.close')");
    run_quietly(*state, "audit.chain", "{}");
    assert_broken(*state, 8, "Entry 8 has no hash: the engine did not write it.");
}

static void a_log_written_anew_misses_the_noted_hash(void **state)
{
    json_t *answer = run(*state, "audit.verify", "{}");
    char args[120];
    snprintf(args, sizeof(args), "{'hash':'%s'}", text_at(answer, "head_hash"));
    json_decref(answer);
    run_quietly(*state, "incident.set_tags", "{'id':1,'tags':['f']}");
    answer = run(*state, "audit.verify", args);
    assert_true(bool_at(answer, "is_intact"));
    json_decref(answer);
    make_old(*state);
    tamper(*state, "UPDATE audit SET actor_id = 'eve' WHERE id = 4");
    run_quietly(*state, "audit.chain", "{}");
    assert_intact(*state, 8);
    answer = run(*state, "audit.verify", args);
    assert_false(bool_at(answer, "is_intact"));
    assert_string_equal(text_at(answer, "reason"),
                        "No entry has the noted hash: the log was written anew.");
    json_decref(answer);
    refuse(*state, "audit.verify", "{'hash':'abc'}", ERR_INVALID, "hash");
}

int main(void)
{
#define LOG_TEST(test) cmocka_unit_test_setup_teardown(test, setup_log, teardown)
    const struct CMUnitTest tests[] = {
        TEST_EMPTY(an_empty_log_is_intact),
        LOG_TEST(every_operation_continues_the_chain),
        LOG_TEST(what_is_rolled_back_leaves_no_trace),
        LOG_TEST(every_column_counts),
        LOG_TEST(text_cannot_move_from_one_column_to_the_next),
        LOG_TEST(a_removed_entry_is_missed),
        LOG_TEST(a_cut_off_end_is_missed_also_when_the_log_goes_on),
        LOG_TEST(an_emptied_log_is_missed),
        LOG_TEST(an_added_entry_is_found_also_when_the_log_goes_on),
        LOG_TEST(an_entry_before_the_first_is_found),
        LOG_TEST(the_record_of_the_end_is_watched),
        LOG_TEST(an_old_log_is_chained_at_the_start),
        LOG_TEST(an_old_log_is_chained_by_the_next_change),
        LOG_TEST(chaining_does_not_launder_what_was_added_later),
        LOG_TEST(a_log_written_anew_misses_the_noted_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
