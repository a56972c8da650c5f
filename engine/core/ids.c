#include "core/ids.h"

#include "base/clock.h"
#include "base/mem.h"

#include <openssl/evp.h>

#include <stdio.h>
#include <string.h>

static const char HEX[] = "0123456789abcdef";

void id_new(char out[ID_SIZE])
{
    clock_uuid4(out);
    uint64_t ms = (uint64_t)clock_now_ms();
    for (int at = 12; at >= 0; at--) {
        if (at == 8)
            continue; /* the dash */
        out[at] = HEX[ms & 15];
        ms >>= 4;
    }
    out[14] = '7';
}

void id_from_key(const char *kind, const char *key, char out[ID_SIZE])
{
    char text[512];
    int len = snprintf(text, sizeof(text), "%s:%s", kind, key);
    REQUIRE(len > 0 && (size_t)len < sizeof(text));
    unsigned char sum[EVP_MAX_MD_SIZE];
    REQUIRE(EVP_Digest(text, (size_t)len, sum, NULL, EVP_sha256(), NULL) == 1);
    sum[6] = (unsigned char)(0x80 | (sum[6] & 0x0f));
    sum[8] = (unsigned char)(0x80 | (sum[8] & 0x3f));
    char *at = out;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        *at++ = HEX[sum[i] >> 4];
        *at++ = HEX[sum[i] & 15];
    }
    *at = '\0';
}
