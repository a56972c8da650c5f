/* verify - message authentication over raw bytes, in constant time. Generic: no vendor's scheme
 * is named here. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* HMAC-SHA256 as 64 lower-case hex digits and the NUL. Keeps a context; any thread. */
void verify_hmac_sha256_hex(const char *key, size_t key_len, const char *data, size_t len,
                            char out[65]);
/* Over two pieces as if joined: no copy of a large body. */
void verify_hmac_sha256_hex2(const char *key, size_t key_len, const char *head, size_t head_len,
                             const char *data, size_t len, char out[65]);
void verify_sha256_hex(const char *data, size_t len, char out[65]);
/* Equal in constant time for equal lengths. */
bool verify_equal(const char *a, size_t a_len, const char *b, size_t b_len);
/* 2 * <bytes> digits and the NUL, from the system's generator. */
void verify_random_hex(char *out, int bytes);
