/* incident.list: which incidents, by status and by the people they concern. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(statuses_are_a_set, setup_life, teardown),
        cmocka_unit_test_setup_teardown(people_find_what_concerns_them, setup_life, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
