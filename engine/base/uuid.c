#include "base/uuid.h"

#include <string.h>

enum { DIGITS = 32, WITH_HYPHENS = 36 };

static bool is_hyphen_at(size_t at)
{
    return at == 8 || at == 13 || at == 18 || at == 23;
}

bool uuid_read(const char *text, size_t len, char out[UUID_SIZE])
{
    static const char HEX[] = "0123456789abcdef0123456789ABCDEF";
    size_t at = 0;
    *out = '\0';
    if (len != DIGITS && len != WITH_HYPHENS)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (is_hyphen_at(at))
            out[at++] = '-';
        if (len == WITH_HYPHENS && is_hyphen_at(i)) {
            if (text[i] == '-')
                continue;
            *out = '\0';
            return false;
        }
        const char *digit = text[i] ? strchr(HEX, text[i]) : NULL;
        if (!digit) {
            *out = '\0';
            return false;
        }
        out[at++] = HEX[(digit - HEX) % 16];
    }
    out[at] = '\0';
    return true;
}
