#include "net/verify.h"

#include "unit.h"

#include <pthread.h>
#include <string.h>

static void test_hmac_of_rfc_4231(void **state)
{
    (void)state;
    char out[65];
    verify_hmac_sha256_hex("Jefe", 4, "what do ya want for nothing?", 28, out);
    assert_string_equal(out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    char key[131];
    memset(key, 0xaa, sizeof(key));
    static const char text[] = "Test Using Larger Than Block-Size Key - Hash Key First";
    verify_hmac_sha256_hex(key, sizeof(key), text, sizeof(text) - 1, out);
    assert_string_equal(out, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void test_two_pieces_are_as_one(void **state)
{
    (void)state;
    char one[65];
    char two[65];
    verify_hmac_sha256_hex("k", 1, "v0:12345:a=b\0c", 14, one);
    verify_hmac_sha256_hex2("k", 1, "v0:12345:", 9, "a=b\0c", 5, two);
    assert_string_equal(one, two);
}

/* libcrypto takes an empty key as "the one of before". */
static void test_an_empty_key_is_not_the_one_of_before(void **state)
{
    (void)state;
    char before[65];
    char empty[65];
    verify_hmac_sha256_hex("secret", 6, "", 0, before);
    verify_hmac_sha256_hex("", 0, "", 0, empty);
    assert_string_not_equal(before, empty);
    assert_string_equal(empty, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void test_sha256(void **state)
{
    (void)state;
    char out[65];
    verify_sha256_hex("", 0, out);
    assert_string_equal(out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    verify_sha256_hex("abc", 3, out);
    assert_string_equal(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void test_equal(void **state)
{
    (void)state;
    assert_true(verify_equal("abc", 3, "abc", 3));
    assert_true(verify_equal("", 0, "", 0));
    assert_false(verify_equal("abc", 3, "abd", 3));
    assert_false(verify_equal("abc", 3, "ab", 2));
}

static void test_random_hex(void **state)
{
    (void)state;
    char one[201];
    char two[201];
    verify_random_hex(one, 100);
    verify_random_hex(two, 100);
    assert_int_equal(strlen(one), 200);
    assert_int_equal(strspn(one, "0123456789abcdef"), 200);
    assert_string_not_equal(one, two);
}

static void *hash_on_thread(void *arg)
{
    (void)arg;
    char out[65];
    for (int i = 0; i < 100; i++) {
        verify_hmac_sha256_hex("Jefe", 4, "what do ya want for nothing?", 28, out);
        if (strncmp(out, "5bdcc146", 8))
            return "wrong";
    }
    return NULL;
}

static void test_threads_do_not_share_contexts(void **state)
{
    (void)state;
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hash_on_thread, NULL), 0);
    for (int i = 0; i < 4; i++) {
        void *result = NULL;
        pthread_join(threads[i], &result);
        assert_null(result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hmac_of_rfc_4231),
        cmocka_unit_test(test_two_pieces_are_as_one),
        cmocka_unit_test(test_an_empty_key_is_not_the_one_of_before),
        cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_random_hex),
        cmocka_unit_test(test_threads_do_not_share_contexts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
