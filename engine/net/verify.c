#include "net/verify.h"

#include "base/mem.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>
#include <sys/random.h>

enum { SHA256_BYTES = 32 };

/* Looking an algorithm up by name costs libcrypto more than hashing a request, so each thread
 * keeps its contexts. */
struct contexts {
    EVP_MAC_CTX *mac;
    EVP_MD_CTX *digest;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t contexts_key;
static EVP_MAC *hmac;
static EVP_MD *sha256;

static void free_contexts(void *ptr)
{
    struct contexts *contexts = ptr;
    EVP_MAC_CTX_free(contexts->mac);
    EVP_MD_CTX_free(contexts->digest);
    free(contexts);
}

static void look_up(void)
{
    hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    REQUIRE(hmac && sha256 && pthread_key_create(&contexts_key, free_contexts) == 0);
}

static struct contexts *contexts_get(void)
{
    pthread_once(&once, look_up);
    struct contexts *contexts = pthread_getspecific(contexts_key);
    if (contexts)
        return contexts;
    char digest_name[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest_name, 0),
        OSSL_PARAM_construct_end(),
    };
    contexts = xcalloc(1, sizeof(*contexts));
    contexts->mac = EVP_MAC_CTX_new(hmac);
    contexts->digest = EVP_MD_CTX_new();
    REQUIRE(contexts->mac && contexts->digest &&
            EVP_MAC_CTX_set_params(contexts->mac, params) == 1);
    REQUIRE(pthread_setspecific(contexts_key, contexts) == 0);
    return contexts;
}

static void write_hex(const unsigned char *bytes, int count, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < count; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    *out = '\0';
}

void verify_hmac_sha256_hex2(const char *key, size_t key_len, const char *head, size_t head_len,
                             const char *data, size_t len, char out[65])
{
    EVP_MAC_CTX *mac = contexts_get()->mac;
    unsigned char bytes[SHA256_BYTES];
    size_t bytes_len = 0;
    /* libcrypto takes a NULL key, or an empty one, as "the key of before". An empty HMAC key
     * equals a single zero byte. */
    const void *real_key = key_len ? key : "";
    REQUIRE(EVP_MAC_init(mac, real_key, key_len ? key_len : 1, NULL) == 1);
    REQUIRE(EVP_MAC_update(mac, (const unsigned char *)head, head_len) == 1);
    REQUIRE(EVP_MAC_update(mac, (const unsigned char *)data, len) == 1);
    REQUIRE(EVP_MAC_final(mac, bytes, &bytes_len, sizeof(bytes)) == 1 &&
            bytes_len == sizeof(bytes));
    write_hex(bytes, SHA256_BYTES, out);
}

void verify_hmac_sha256_hex(const char *key, size_t key_len, const char *data, size_t len,
                            char out[65])
{
    verify_hmac_sha256_hex2(key, key_len, "", 0, data, len, out);
}

void verify_sha256_hex(const char *data, size_t len, char out[65])
{
    EVP_MD_CTX *digest = contexts_get()->digest;
    unsigned char bytes[SHA256_BYTES];
    REQUIRE(EVP_DigestInit_ex2(digest, sha256, NULL) == 1);
    REQUIRE(EVP_DigestUpdate(digest, data, len) == 1);
    REQUIRE(EVP_DigestFinal_ex(digest, bytes, NULL) == 1);
    write_hex(bytes, SHA256_BYTES, out);
}

bool verify_equal(const char *a, size_t a_len, const char *b, size_t b_len)
{
    return a_len == b_len && CRYPTO_memcmp(a, b, a_len) == 0;
}

void verify_random_hex(char *out, int bytes)
{
    unsigned char random[64];
    while (bytes > 0) {
        int part = bytes < (int)sizeof(random) ? bytes : (int)sizeof(random);
        ssize_t got = getrandom(random, (size_t)part, 0);
        if (got < 0 && errno == EINTR)
            continue;
        REQUIRE(got > 0);
        write_hex(random, (int)got, out);
        out += 2 * got;
        bytes -= (int)got;
    }
    *out = '\0';
}
