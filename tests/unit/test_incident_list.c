/* incident.list and incident.board: which incidents, by status and by the people they concern, and how they are
 * told. */
#include "life_fixture.h"

static void exec(struct fixture *fixture, const char *sql)
{
    struct err err = { 0 };
    if (db_write_now(fixture->db, exec_in_tx, (void *)sql, &err) != OK)
        fail_msg("%s: %s", sql, err.msg);
}

/* Of four incidents ada declared the first, is a member of the second and has a role in the third; the second is
 * closed. */
static void make_four(struct fixture *fixture)
{
    for (int i = 0; i < 4; i++)
        declare(fixture, "P3", "PRD");
    exec(fixture, "DELETE FROM incident_member");
    exec(fixture, "DELETE FROM incident_role");
    exec(fixture, "INSERT INTO person (id, username, created_at_ms, updated_at_ms) VALUES ('ada', "
                  "'ada', 0, 0)");
    exec(fixture, "INSERT INTO role_type (id, slug, name) VALUES (50, 'scribe', 'Scribe')");
    exec(fixture, "UPDATE incident SET created_by = 'ada' WHERE id = 1");
    exec(
        fixture,
        "INSERT INTO incident_member (incident_id, person_id, created_at_ms) VALUES (2, 'ada', 0)");
    exec(fixture, "INSERT INTO incident_role (incident_id, role_type_id, person_id, created_at_ms) "
                  "VALUES (3, 50, 'ada', 0)");
    put_status(fixture, 2, CLOSED);
}

static void assert_listed(struct fixture *fixture, const char *args, const char *wanted)
{
    AUTO_BUF struct buf ids = BUF_INIT;
    json_t *list = run(fixture, "incident.list", args);
    size_t index;
    json_t *item;
    json_array_foreach (list, index, item)
        buf_printf(&ids, "%lld,", (long long)json_integer_value(json_object_get(item, "id")));
    if (strcmp(buf_text(&ids), wanted))
        fail_msg("%s lists %s and not %s", args, buf_text(&ids), wanted);
    json_decref(list);
}

static void statuses_are_a_set(void **state)
{
    make_four(*state);
    assert_listed(*state, "{}", "4,3,2,1,");
    assert_listed(*state, "{'status_below':60}", "4,3,1,");
    assert_listed(*state, "{'status_below':61}", "4,3,2,1,");
    assert_listed(*state, "{'status_below':10}", "");
    assert_listed(*state, "{'status_in':[60]}", "2,");
    assert_listed(*state, "{'status_in':[10,60],'status_below':60}", "4,3,1,");
    assert_listed(*state, "{'status_in':[15,70,-10]}", "");
    assert_listed(*state, "{'status_below':60,'before_id':4,'limit':1}", "3,");
}

static void people_find_what_concerns_them(void **state)
{
    make_four(*state);
    assert_listed(*state, "{'of_person':'ada'}", "3,2,1,");
    assert_listed(*state, "{'of_person':'ada','status_below':60}", "3,1,");
    assert_listed(*state, "{'of_person':'ada','status_in':[60]}", "2,");
    assert_listed(*state, "{'of_person':'ada','before_id':3,'limit':1}", "2,");
    assert_listed(*state, "{'of_person':'nobody'}", "");
}

/* Every member of <brief>, also within its objects, is as in <full>. */
static void assert_part_of(const json_t *brief, const json_t *full, const char *where)
{
    const char *key;
    json_t *value;
    if (!json_is_object(brief)) {
        if (!json_equal(brief, full))
            fail_msg("%s differs between the brief and the full form", where);
        return;
    }
    json_object_foreach ((json_t *)brief, key, value)
        assert_part_of(value, json_object_get(full, key), key);
}

static json_t *list_as(struct fixture *fixture, const char *is_brief, const char *conditions)
{
    AUTO_FREE char *args = xasprintf("{'is_brief':%s%s}", is_brief, conditions);
    return run(fixture, "incident.list", args);
}

static void assert_brief_as_full(struct fixture *fixture, const char *conditions, size_t count)
{
    json_t *full = list_as(fixture, "false", conditions);
    json_t *brief = list_as(fixture, "true", conditions);
    assert_int_equal(json_array_size(full), count);
    assert_int_equal(json_array_size(brief), count);
    for (size_t i = 0; i < count; i++) {
        const json_t *one = json_array_get(brief, i);
        assert_int_equal(json_object_size(one), 13);
        assert_part_of(one, json_array_get(full, i), conditions);
    }
    json_decref(full);
    json_decref(brief);
}

static void brief_is_a_part_of_full(void **state)
{
    make_four(*state);
    exec(*state, "UPDATE incident SET is_drill = 1 WHERE id = 4");
    exec(*state,
         "INSERT INTO conversation (id, incident_id, platform, external_id, name,"
         " created_at_ms, updated_at_ms) VALUES ('c', 3, 'slack', 'C1', 'it-is-broken', 0, 0)");
    assert_brief_as_full(*state, "", 4);
    assert_brief_as_full(*state, ",'order':'status'", 4);
    assert_brief_as_full(*state, ",'status_below':60,'of_person':'ada'", 2);
    assert_brief_as_full(*state, ",'search':'broken','priority_value_at_most':3,'limit':3", 3);
    assert_brief_as_full(*state, ",'status_in':[]", 0);
}

/* The incident's places are those of the objects that the brief form has. */
static void assert_placed_as_brief(const json_t *board, const json_t *row, const json_t *brief)
{
    static const char *const COMMON[][2] = {
        { "priority", "priorities" },
        { "environment", "environments" },
        { "category", "categories" },
        { "created_by", "people" },
    };
    static const char *const PLAIN[] = {
        "id", "title", "description", "status", "status_label", "created_at_ms",
    };
    for (int i = 0; i < 4; i++) {
        json_int_t place = json_integer_value(json_object_get(row, COMMON[i][0]));
        const json_t *list = json_object_get(board, COMMON[i][1]);
        assert_true(place >= 1);
        assert_true(json_equal(json_array_get(list, (size_t)place - 1),
                               json_object_get(brief, COMMON[i][0])));
    }
    for (int i = 0; i < 6; i++)
        assert_true(json_equal(json_object_get(row, PLAIN[i]), json_object_get(brief, PLAIN[i])));
    const json_t *conversation = json_object_get(brief, "conversation");
    const json_t *name = json_object_get(row, "conversation_name");
    assert_true(name ? json_equal(name, json_object_get(conversation, "name"))
                     : json_is_null(conversation));
    assert_int_equal(json_object_size(row), name ? 11 : 10);
}

static void assert_board_as_brief(struct fixture *fixture, const char *conditions)
{
    AUTO_FREE char *args = xasprintf("{%s}", *conditions ? conditions + 1 : "");
    json_t *brief = list_as(fixture, "true", conditions);
    json_t *board = run(fixture, "incident.board", args);
    const json_t *rows = json_object_get(board, "incidents");
    assert_int_equal(json_array_size(rows), json_array_size(brief));
    for (size_t i = 0; i < json_array_size(brief); i++)
        assert_placed_as_brief(board, json_array_get(rows, i), json_array_get(brief, i));
    json_decref(brief);
    json_decref(board);
}

static void assert_told(struct fixture *fixture, const char *list, size_t wanted)
{
    json_t *board = run(fixture, "incident.board", "{}");
    assert_int_equal(json_array_size(json_object_get(board, list)), wanted);
    json_decref(board);
}

static void a_board_tells_once_what_is_common(void **state)
{
    assert_board_as_brief(*state, "");
    make_four(*state);
    declare(*state, "P1", "STG");
    exec(*state,
         "INSERT INTO conversation (id, incident_id, platform, external_id, name,"
         " created_at_ms, updated_at_ms) VALUES ('c', 3, 'slack', 'C1', 'it-is-broken', 0, 0)");
    assert_board_as_brief(*state, "");
    assert_board_as_brief(*state, ",'order':'status','limit':3");
    assert_board_as_brief(*state, ",'status_below':60,'of_person':'ada'");
    assert_board_as_brief(*state, ",'priority_value_at_most':1");
    assert_told(*state, "priorities", 2);
    assert_told(*state, "environments", 2);
    assert_told(*state, "categories", 1);
    assert_told(*state, "people", 2);
    refuse(*state, "incident.board", "{'is_brief':true}", ERR_INVALID, "is_brief");
}

/* The worst first within each status, the newest first among equals. */
static void the_order_of_a_status_is_by_priority(void **state)
{
    static const char *const PRIORITIES[] = { "P4", "P1", "P4", "P3", "P1" };
    for (int i = 0; i < 5; i++)
        declare(*state, PRIORITIES[i], "PRD");
    put_status(*state, 5, CLOSED);
    assert_listed(*state, "{'order':'status'}", "2,4,3,1,5,");
    assert_listed(*state, "{'order':'status','is_brief':true}", "2,4,3,1,5,");
    assert_listed(*state, "{'priority_value_at_most':3}", "5,4,2,");
    assert_listed(*state, "{'priority_value_at_most':3,'is_brief':true}", "5,4,2,");
}

static void brief_has_the_beginning_of_a_long_description(void **state)
{
    make_four(*state);
    exec(*state, "UPDATE incident SET description = printf('%.*c', 100000, 'x') WHERE id = 4");
    json_t *brief = list_as(*state, "true", ",'limit':1");
    assert_int_equal(strlen(text_at(brief, "0.description")), 600);
    json_decref(brief);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(statuses_are_a_set, setup_life, teardown),
        cmocka_unit_test_setup_teardown(people_find_what_concerns_them, setup_life, teardown),
        cmocka_unit_test_setup_teardown(brief_is_a_part_of_full, setup_life, teardown),
        cmocka_unit_test_setup_teardown(a_board_tells_once_what_is_common, setup_life, teardown),
        cmocka_unit_test_setup_teardown(the_order_of_a_status_is_by_priority, setup_life, teardown),
        cmocka_unit_test_setup_teardown(brief_has_the_beginning_of_a_long_description, setup_life,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
