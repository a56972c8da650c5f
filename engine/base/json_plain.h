/* json_plain - the one step that json_reader.c and json_writer.c share. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The highest bit of each of the eight bytes that needs a look, and perhaps of some behind the first of them: quotes,
 * backslashes, control characters, 0x7f, and what is not ASCII. */
static inline uint64_t json_needs_look(uint64_t bytes)
{
    const uint64_t ones = UINT64_MAX / 255, highs = ones * 0x80;
    uint64_t quote = bytes ^ (ones * '"'), backslash = bytes ^ (ones * '\\'),
             last = bytes ^ (ones * 0x7f);
    uint64_t found =
        (bytes - ones * 0x20) | (quote - ones) | (backslash - ones) | (last - ones) | bytes;
    return found & highs;
}

/* How many bytes from <text> need no look at all; there may be more. */
static inline size_t json_plain_bytes(const char *text, size_t len)
{
    size_t plain = 0;
    uint64_t bytes;
    for (; plain + sizeof(bytes) <= len; plain += sizeof(bytes)) {
        memcpy(&bytes, text + plain, sizeof(bytes));
        uint64_t found = json_needs_look(bytes);
        if (!found)
            continue;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        plain += (size_t)__builtin_ctzll(found) / 8;
#endif
        break;
    }
    return plain;
}
