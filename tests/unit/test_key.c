/* API keys: shown once, stored hashed, ended by time or by hand. */
#include "core_fixture.h"

#include <openssl/evp.h>

static void hash_of(const char *key, char hash[65])
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    assert_int_equal(EVP_Digest(key, strlen(key), sum, NULL, EVP_sha256(), NULL), 1);
    for (int i = 0; i < 32; i++)
        snprintf(hash + 2 * i, 3, "%02x", sum[i]);
}

static json_t *check(struct fixture *fixture, const char *key)
{
    char hash[65];
    char args[120];
    hash_of(key, hash);
    snprintf(args, sizeof(args), "{'hash':'%s'}", hash);
    return run_as(fixture, NULL, "key.check", args);
}

static void create(struct fixture *fixture, const char *args, char key[64])
{
    json_t *answer = run(fixture, "key.create", args);
    snprintf(key, 64, "%s", text_at(answer, "key"));
    json_decref(answer);
}

static void key_is_known_by_its_hash_only(void **state)
{
    struct fixture *fixture = *state;
    char key[64];
    create(fixture, "{'name':'ci','scopes':'read write'}", key);
    assert_int_equal(strlen(key), 43);
    assert_memory_equal(key, "hk_", 3);
    assert_int_equal(strspn(key + 3, "0123456789abcdef"), 40);
    json_t *known = check(fixture, key);
    assert_string_equal(text_at(known, "name"), "ci");
    assert_string_equal(text_at(known, "scopes"), "read write");
    json_decref(known);
    assert_int_equal(
        count(fixture, "SELECT COUNT(*) FROM api_key WHERE hash LIKE 'hk_%' OR length(hash) <> 64"),
        0);
    json_t *list = run(fixture, "key.list", "{}");
    char *text = json_dumps(list, 0);
    assert_null(strstr(text, key + 9));
    assert_memory_equal(text_at(list, "0.prefix"), key, 9);
    free(text);
    json_decref(list);
}

static void ended_keys_are_no_keys(void **state)
{
    struct fixture *fixture = *state;
    char key[64];
    clock_set_ms(1000000);
    create(fixture, "{'name':'short','expires_in_ms':1000}", key);
    json_decref(check(fixture, key));
    clock_set_ms(1001000);
    assert_null(check(fixture, key));
    assert_int_equal(fixture->err.code, ERR_UNAUTHORIZED);
    create(fixture, "{'name':'lost'}", key);
    run_quietly(fixture, "key.revoke", "{'id':2}");
    run_quietly(fixture, "key.revoke", "{'id':2}");
    assert_null(check(fixture, key));
    assert_null(check(fixture, "hk_0000000000000000000000000000000000000000"));
    refuse(fixture, "key.revoke", "{'id':9}", ERR_NOT_FOUND, NULL);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM audit WHERE action = 'key.revoke'"), 1);
}

static void a_key_ends_with_its_person(void **state)
{
    struct fixture *fixture = *state;
    char key[64], args[160];
    json_t *person = run(fixture, "person.upsert",
                         "{'platform':'chat','external_id':'U1','email':'ann@example.org'}");
    snprintf(args, sizeof(args), "{'name':'hers','person_id':'%s'}", text_at(person, "id"));
    create(fixture, args, key);
    json_t *known = check(fixture, key);
    assert_string_equal(text_at(known, "person_id"), text_at(person, "id"));
    json_decref(known);
    json_t *list = run(fixture, "key.list", "{}");
    assert_string_equal(text_at(list, "0.person_email"), "ann@example.org");
    json_decref(list);
    json_decref(
        run(fixture, "person.upsert", "{'platform':'chat','external_id':'U1','is_active':false}"));
    assert_null(check(fixture, key));
    assert_int_equal(fixture->err.code, ERR_UNAUTHORIZED);
    json_decref(person);
}

static void a_key_of_before_is_taken_over(void **state)
{
    struct fixture *fixture = *state;
    static const char TOKEN[] = "9944b09199c62bcf9418ad846dd0e4bbdfc6ee4b";
    char key[64], args[160];
    snprintf(args, sizeof(args), "{'name':'old','key':'%s'}", TOKEN);
    create(fixture, args, key);
    assert_string_equal(key, TOKEN);
    json_t *known = check(fixture, TOKEN);
    assert_string_equal(text_at(known, "name"), "old");
    json_decref(known);
    json_t *list = run(fixture, "key.list", "{}");
    assert_string_equal(text_at(list, "0.prefix"), "9944b0919");
    json_decref(list);
    refuse(fixture, "key.create", args, ERR_CONFLICT, NULL);
    run_quietly(fixture, "key.revoke", "{'id':1}");
    assert_null(check(fixture, TOKEN));
    refuse(fixture, "key.create", args, ERR_CONFLICT, NULL);
    refuse(fixture, "key.create", "{'name':'n','key':'short'}", ERR_INVALID, "key");
    refuse(fixture, "key.create", "{'name':'n','key':'9944b09199c62bcf9418ad846dd0 4bbdfc6ee4b'}",
           ERR_INVALID, "key");
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM audit WHERE after LIKE '%9944%'"), 0);
}

static void last_use_is_noted_once_a_minute(void **state)
{
    struct fixture *fixture = *state;
    char key[64];
    clock_set_ms(1000000);
    create(fixture, "{'name':'busy'}", key);
    json_t *known = check(fixture, key);
    assert_true(bool_at(known, "is_use_stale"));
    json_decref(known);
    run_quietly(fixture, "key.used", "{'id':1}");
    clock_set_ms(1059999);
    run_quietly(fixture, "key.used", "{'id':1}");
    known = check(fixture, key);
    assert_false(bool_at(known, "is_use_stale"));
    json_decref(known);
    assert_int_equal(count(fixture, "SELECT last_used_at_ms FROM api_key"), 1000000);
    clock_set_ms(1060000);
    run_quietly(fixture, "key.used", "{'id':1}");
    assert_int_equal(count(fixture, "SELECT last_used_at_ms FROM api_key"), 1060000);
}

static void wrong_wishes_are_refused(void **state)
{
    refuse(*state, "key.create", "{'name':'x','scopes':'private'}", ERR_INVALID, "scopes");
    refuse(*state, "key.create", "{'name':'x','scopes':'write write'}", ERR_INVALID, "scopes");
    refuse(*state, "key.create", "{'name':'x','scopes':'read  write'}", ERR_INVALID, "scopes");
    refuse(*state, "key.create", "{'name':'x','scopes':'reader'}", ERR_INVALID, "scopes");
    refuse(*state, "key.create", "{'name':'x','scopes':'read wri'}", ERR_INVALID, "scopes");
    refuse(*state, "key.create", "{'name':''}", ERR_INVALID, "name");
    refuse(*state, "key.create", "{'name':'x','person_id':'nobody'}", ERR_INVALID, "person_id");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_EMPTY(key_is_known_by_its_hash_only),   TEST_EMPTY(ended_keys_are_no_keys),
        TEST_EMPTY(a_key_ends_with_its_person),      TEST_EMPTY(a_key_of_before_is_taken_over),
        TEST_EMPTY(last_use_is_noted_once_a_minute), TEST_EMPTY(wrong_wishes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
