/* utf8_decode - the one step that utf8.c and json_writer.c share. */
#pragma once
#include <stddef.h>

/* Bytes of the well-formed UTF-8 sequence that <text> begins with (1 to 4), or 0 when the first byte does not begin
 * one: truncated, overlong, a surrogate or past U+10FFFF. <len> must not be 0. */
static inline size_t utf8_sequence(const char *text, size_t len)
{
    const unsigned char *byte = (const unsigned char *)text;
    if (byte[0] < 0x80)
        return 1;
    if (byte[0] < 0xc2 || byte[0] > 0xf4)
        return 0;
    size_t need = byte[0] < 0xe0 ? 2 : byte[0] < 0xf0 ? 3 : 4;
    if (len < need)
        return 0;
    /* The second byte's range is what forbids overlong forms, surrogates and too large values. */
    unsigned char low = byte[0] == 0xe0 ? 0xa0 : byte[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = byte[0] == 0xed ? 0x9f : byte[0] == 0xf4 ? 0x8f : 0xbf;
    if (byte[1] < low || byte[1] > high)
        return 0;
    for (size_t i = 2; i < need; i++)
        if ((byte[i] & 0xc0) != 0x80)
            return 0;
    return need;
}
