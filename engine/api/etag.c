#include "api/etag.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* FNV-1a, eight bytes a step: nobody is kept out by a tag, so it need not withstand an attacker, and lists are long. */
void etag_of(const char *body, size_t len, char out[ETAG_SIZE])
{
    static const uint64_t PRIME = 0x100000001b3;
    uint64_t hash = 0xcbf29ce484222325 ^ len;
    for (size_t at = 0; at < len; at += 8) {
        uint64_t word = 0;
        memcpy(&word, body + at, len - at < 8 ? len - at : 8);
        hash = (hash ^ word) * PRIME;
        hash ^= hash >> 29;
    }
    snprintf(out, ETAG_SIZE, "\"%016" PRIx64 "\"", hash);
}

bool etag_matches(const char *header, const char *etag)
{
    const char *at = header ? header : "";
    while (*at) {
        at += strspn(at, " \t,");
        if (*at == '*')
            return true;
        if (strncmp(at, "W/", 2) == 0)
            at += 2;
        size_t len = strcspn(at, ", \t");
        if (len > 0 && len == strlen(etag) && strncmp(at, etag, len) == 0)
            return true;
        at += len;
    }
    return false;
}
