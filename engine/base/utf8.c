#include "base/utf8.h"

#include "base/utf8_decode.h"

#include <stdint.h>
#include <string.h>

/* Bytes of ASCII that <text> begins with, in steps of eight: nearly all texts are nothing else. */
static size_t ascii_run(const char *text, size_t len)
{
    uint64_t word;
    size_t at = 0;
    for (; at + sizeof(word) <= len; at += sizeof(word)) {
        memcpy(&word, text + at, sizeof(word));
        if (word & 0x8080808080808080)
            break;
    }
    return at;
}

bool utf8_is_valid(const char *text, size_t len)
{
    for (size_t at = ascii_run(text, len); at < len;) {
        size_t step = utf8_sequence(text + at, len - at);
        if (step == 0)
            return false;
        at += step;
    }
    return true;
}

size_t utf8_length(const char *text, size_t len)
{
    size_t points = ascii_run(text, len);
    for (size_t at = points; at < len; points++) {
        size_t step = utf8_sequence(text + at, len - at);
        at += step ? step : 1;
    }
    return points;
}

size_t utf8_cut(const char *text, size_t len, size_t max_points)
{
    size_t at = 0;
    for (size_t points = 0; at < len && points < max_points; points++) {
        size_t step = utf8_sequence(text + at, len - at);
        at += step ? step : 1;
    }
    return at;
}

size_t utf8_override(const char *text, size_t len)
{
    const unsigned char *byte = (const unsigned char *)text;
    if (len < 3 || byte[0] != 0xe2)
        return 0;
    bool is_embedding = byte[1] == 0x80 && byte[2] >= 0xaa && byte[2] <= 0xae;
    bool is_isolate = byte[1] == 0x81 && byte[2] >= 0xa6 && byte[2] <= 0xa9;
    return is_embedding || is_isolate ? 3 : 0;
}
