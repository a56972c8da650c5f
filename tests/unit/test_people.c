/* People and accounts: what a platform tells is never a reason to fail, and one person stays one
 * person. */
#include "core_fixture.h"

static void upsert(struct fixture *fixture, const char *args, char id[40])
{
    json_t *person = run(fixture, "person.upsert", args);
    snprintf(id, 40, "%s", text_at(person, "id"));
    json_decref(person);
}

static json_t *person_of(struct fixture *fixture, const char *external_id)
{
    char args[100];
    snprintf(args, sizeof(args), "{'platform':'chat','external_id':'%s'}", external_id);
    return run(fixture, "person.get", args);
}

static void sync_page(struct fixture *fixture, const char *people, int64_t created, int64_t updated,
                      int64_t unchanged)
{
    char args[2000];
    snprintf(args, sizeof(args), "{'platform':'chat','people':%s}", people);
    json_t *answer = run(fixture, "person.sync", args);
    assert_int_equal(int_at(answer, "created"), created);
    assert_int_equal(int_at(answer, "updated"), updated);
    assert_int_equal(int_at(answer, "unchanged"), unchanged);
    json_decref(answer);
}

static void person_has_all_fields(void **state)
{
    struct fixture *fixture = *state;
    char id[40];
    upsert(fixture,
           "{'platform':'chat','external_id':'U1','handle':'ada','email':'Ada@Example.com','first_"
           "name':'Ada',"
           "'last_name':'Lovelace','image':'https://i/1.png'}",
           id);
    static const char *const WAYS[] = { "{'email':'ADA@example.com'}", "{'username':'ada'}",
                                        "{'platform':'chat','external_id':'U1'}" };
    for (size_t i = 0; i < sizeof(WAYS) / sizeof(WAYS[0]); i++) {
        json_t *person = run(fixture, "person.get", WAYS[i]);
        assert_string_equal(text_at(person, "id"), id);
        assert_string_equal(text_at(person, "name"), "Ada Lovelace");
        assert_string_equal(text_at(person, "email"), "ada@example.com");
        assert_string_equal(text_at(person, "accounts.chat.external_id"), "U1");
        assert_string_equal(text_at(person, "accounts.chat.image"), "https://i/1.png");
        assert_true(bool_at(person, "is_active"));
        json_decref(person);
    }
    refuse(fixture, "person.get", "{'username':'nobody'}", ERR_NOT_FOUND, NULL);
    refuse(fixture, "person.get", "{}", ERR_INVALID, "id");
}

static void profile_without_email_or_image_is_fine(void **state)
{
    char first[40], second[40];
    upsert(*state, "{'platform':'chat','external_id':'U1','handle':'bot!'}", first);
    upsert(*state,
           "{'platform':'chat','external_id':'U2','handle':'bot!','email':'not an "
           "address','is_bot':true}",
           second);
    assert_string_not_equal(first, second);
    json_t *person = person_of(*state, "U2");
    assert_true(json_is_null(at(person, "email")));
    assert_string_equal(text_at(person, "username"), "bot-2");
    assert_true(bool_at(person, "is_bot"));
    json_decref(person);
}

static void usernames_never_collide(void **state)
{
    for (int i = 0; i < 12; i++) {
        char args[200], id[40];
        snprintf(args, sizeof(args),
                 "{'platform':'chat','external_id':'U%d','email':'jo@host%d.example'}", i, i);
        upsert(*state, args, id);
    }
    assert_int_equal(count(*state, "SELECT COUNT(DISTINCT username) FROM person"), 12);
}

/* The second unknown address made the original fail for ever. */
static void second_unknown_creator_is_made_too(void **state)
{
    run_quietly(*state, "person.ensure_email", "{'email':'one@example.com'}");
    run_quietly(*state, "person.ensure_email", "{'email':'one@example.org','name':'Other One'}");
    run_quietly(*state, "person.ensure_email", "{'email':'ONE@example.com'}");
    assert_int_equal(count(*state, "SELECT COUNT(*) FROM person"), 2);
    refuse(*state, "person.ensure_email", "{'email':'nobody'}", ERR_INVALID, "email");
}

static void known_address_links_the_account(void **state)
{
    struct fixture *fixture = *state;
    char id[40];
    json_t *person = run(fixture, "person.ensure_email", "{'email':'ada@example.com'}");
    upsert(fixture, "{'platform':'chat','external_id':'U1','email':'ada@example.com','name':'Ada'}",
           id);
    assert_string_equal(text_at(person, "id"), id);
    json_decref(person);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM person"), 1);
}

static void changed_address_takes_over_a_person_without_account(void **state)
{
    struct fixture *fixture = *state;
    char id[40];
    upsert(fixture, "{'platform':'chat','external_id':'U1','email':'old@example.com'}", id);
    run_quietly(fixture, "oncall.set",
                "{'provider':'config','rows':[{'service':'shop','email':'new@example.com'}]}");
    upsert(fixture, "{'platform':'chat','external_id':'U1','email':'new@example.com'}", id);
    json_t *person = run(fixture, "person.get", "{'email':'new@example.com'}");
    assert_string_equal(text_at(person, "id"), id);
    json_decref(person);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM oncall o JOIN person p ON p.id = "
                                    "o.person_id WHERE p.email = 'new@example.com'"),
                     1);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM person WHERE is_active = 1"), 1);
}

static void who_is_on_call_now(void **state)
{
    struct fixture *fixture = *state;
    run_quietly(fixture, "oncall.set",
                "{'provider':'pager','rows':[{'service':'shop','level':2,'email':'b@example.com'},"
                "{'service':'shop','email':'a@example.com'},"
                "{'service':'past','email':'a@example.com','ends_at_ms':1000},"
                "{'service':'later','email':'a@example.com','starts_at_ms':9000000000000}]}");
    json_t *rows = run(fixture, "oncall.now", "{}");
    assert_int_equal(json_array_size(rows), 2);
    assert_string_equal(text_at(rows, "0.service"), "shop");
    assert_string_equal(text_at(rows, "0.provider"), "pager");
    json_t *person = run(fixture, "person.get", "{'email':'a@example.com'}");
    assert_string_equal(text_at(rows, "0.person_id"), text_at(person, "id"));
    json_decref(person);
    json_decref(rows);
}

static void changed_address_of_somebody_else_is_not_taken(void **state)
{
    struct fixture *fixture = *state;
    char first[40], second[40], again[40];
    log_set_group(LOG_ENGINE, LOG_ERROR_LEVEL);
    upsert(fixture, "{'platform':'chat','external_id':'U1','email':'one@example.com'}", first);
    upsert(fixture, "{'platform':'chat','external_id':'U2','email':'two@example.com'}", second);
    upsert(fixture,
           "{'platform':'chat','external_id':'U1','email':'two@example.com','handle':'renamed'}",
           again);
    assert_string_equal(first, again);
    json_t *person = person_of(fixture, "U1");
    assert_string_equal(text_at(person, "email"), "one@example.com");
    assert_string_equal(text_at(person, "accounts.chat.handle"), "renamed");
    json_decref(person);
}

static void new_account_replaces_a_deactivated_one(void **state)
{
    struct fixture *fixture = *state;
    char first[40], second[40], third[40];
    upsert(fixture, "{'platform':'chat','external_id':'U1','email':'ada@example.com'}", first);
    upsert(fixture, "{'platform':'chat','external_id':'U2','email':'ada@example.com'}", second);
    assert_string_not_equal(first, second); /* two living accounts are two people */
    upsert(fixture,
           "{'platform':'chat','external_id':'U1','email':'ada@example.com','is_active':false}",
           first);
    upsert(fixture, "{'platform':'chat','external_id':'U3','email':'ada@example.com'}", third);
    assert_string_equal(first, third);
    json_t *person = person_of(fixture, "U3");
    assert_true(bool_at(person, "is_active"));
    json_decref(person);
}

static void sync_counts_what_changed(void **state)
{
    struct fixture *fixture = *state;
    sync_page(
        fixture,
        "[{'external_id':'U1','handle':'a','email':'a@x.org'},{'external_id':'U2','handle':'b'}]",
        2, 0, 0);
    sync_page(
        fixture,
        "[{'external_id':'U1','handle':'a','email':'A@x.org'},{'external_id':'U2','handle':'b2'}]",
        0, 1, 1);
    sync_page(fixture, "[{'external_id':'U2','handle':'b2'},{'external_id':'U2','handle':'b2'}]", 0,
              0, 2);
    sync_page(fixture, "[]", 0, 0, 0);
}

static void bad_row_of_a_page_spoils_only_itself(void **state)
{
    struct fixture *fixture = *state;
    json_t *answer = run(fixture, "person.sync",
                         "{'platform':'chat','people':[{'external_id':'U1'},{'handle':'x'},7,{'"
                         "external_id':'U3','name':'\\u0000'},"
                         "{'external_id':'U4'}]}");
    assert_int_equal(int_at(answer, "created"), 2);
    assert_int_equal(json_array_size(at(answer, "failed")), 3);
    assert_string_equal(text_at(answer, "failed.2.external_id"), "U3");
    json_decref(answer);
}

static void people_who_left_are_deactivated_and_come_back(void **state)
{
    struct fixture *fixture = *state;
    clock_set_ms(1000);
    sync_page(fixture, "[{'external_id':'U1'},{'external_id':'U2'}]", 2, 0, 0);
    clock_set_ms(2000);
    sync_page(fixture, "[{'external_id':'U1'}]", 0, 0, 1);
    json_t *answer =
        run(fixture, "person.deactivate_missing", "{'platform':'chat','seen_since_ms':2000}");
    assert_int_equal(int_at(answer, "count"), 1);
    json_decref(answer);
    json_t *person = person_of(fixture, "U2");
    assert_false(bool_at(person, "is_active"));
    assert_int_equal(json_object_size(at(person, "accounts")), 0);
    json_decref(person);
    sync_page(fixture, "[{'external_id':'U2'}]", 0, 1, 0);
    person = person_of(fixture, "U2");
    assert_true(bool_at(person, "is_active"));
    json_decref(person);
}

static void expect_accounts(struct fixture *fixture, const char *args, const char *wanted)
{
    AUTO_BUF struct buf ids = BUF_INIT;
    json_t *answer = run(fixture, "person.accounts", args);
    size_t index;
    json_t *row;
    json_array_foreach (answer, index, row)
        buf_printf(&ids, "%s ", text_at(row, "external_id"));
    assert_string_equal(buf_text(&ids), wanted);
    json_decref(answer);
}

static void accounts_are_listed_in_a_circle(void **state)
{
    struct fixture *fixture = *state;
    clock_set_ms(1000);
    sync_page(fixture, "[{'external_id':'U3'},{'external_id':'U1'},{'external_id':'U2'}]", 3, 0, 0);
    clock_set_ms(2000);
    sync_page(fixture, "[{'external_id':'U2'}]", 0, 0, 1);
    expect_accounts(fixture, "{'platform':'chat'}", "U1 U2 U3 ");
    expect_accounts(fixture, "{'platform':'chat','limit':2}", "U1 U2 ");
    expect_accounts(fixture, "{'platform':'chat','after':'U1'}", "U2 U3 ");
    expect_accounts(fixture, "{'platform':'chat','seen_before_ms':2000}", "U1 U3 ");
    expect_accounts(fixture, "{'platform':'other'}", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_EMPTY(person_has_all_fields),
        TEST_EMPTY(profile_without_email_or_image_is_fine),
        TEST_EMPTY(usernames_never_collide),
        TEST_EMPTY(second_unknown_creator_is_made_too),
        TEST_EMPTY(known_address_links_the_account),
        TEST_EMPTY(changed_address_takes_over_a_person_without_account),
        TEST_EMPTY(who_is_on_call_now),
        TEST_EMPTY(changed_address_of_somebody_else_is_not_taken),
        TEST_EMPTY(new_account_replaces_a_deactivated_one),
        TEST_EMPTY(sync_counts_what_changed),
        TEST_EMPTY(bad_row_of_a_page_spoils_only_itself),
        TEST_EMPTY(people_who_left_are_deactivated_and_come_back),
        TEST_EMPTY(accounts_are_listed_in_a_circle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
