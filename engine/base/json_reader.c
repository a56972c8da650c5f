#include "base/json_reader.h"

#include "base/json_plain.h"
#include "base/utf8_decode.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    NUMBER_MOST = 400, /* characters; the longest double written out has fewer */
    SHORT_MOST = 18    /* characters of a whole number that cannot be too large */
};

enum expected { A_VALUE, AN_ITEM_OR_END, A_KEY_OR_END, A_COMMA_OR_END, NOTHING };

void json_reader_init(struct json_reader *reader, const char *text, size_t len)
{
    *reader = (struct json_reader){ .text = text, .len = len, .expected = A_VALUE };
}

static enum json_piece broken(struct json_reader *reader, const char *problem)
{
    reader->problem = problem;
    reader->expected = NOTHING;
    return PIECE_BROKEN;
}

/* The next byte that is no white space; 0 at the end, which no piece begins with. */
static char peek(struct json_reader *reader)
{
    while (reader->at < reader->len) {
        char c = reader->text[reader->at];
        if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
            return c;
        reader->at++;
    }
    return '\0';
}

/* ---- texts */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The 16 bits of four hexadecimal digits, or -1. */
static int hex_unit(const char *at)
{
    int unit = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

static bool is_high(int unit)
{
    return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low(int unit)
{
    return unit >= 0xdc00 && unit <= 0xdfff;
}

/* Bytes of the well-formed \u escape at <at> (6, or 12 for a pair); 0 for a broken one. */
static size_t unicode_escape(const char *at, size_t len)
{
    int unit = len >= 6 ? hex_unit(at + 2) : -1;
    if (unit < 0 || is_low(unit))
        return 0;
    if (!is_high(unit))
        return 6;
    bool is_pair = len >= 12 && at[6] == '\\' && at[7] == 'u' && is_low(hex_unit(at + 8));
    return is_pair ? 12 : 0;
}

/* Bytes of the escape at <at>; 0 for a broken one. */
static size_t escape_length(const char *at, size_t len)
{
    if (len < 2)
        return 0;
    if (at[1] == 'u')
        return unicode_escape(at, len);
    return memchr("\"\\/bfnrt", at[1], 8) ? 2 : 0;
}

/* Bytes that stand for themselves and are ASCII. */
static size_t plain_length(const char *at, size_t len)
{
    size_t i = json_plain_bytes(at, len);
    while (i < len && (unsigned char)at[i] >= 0x20 && (unsigned char)at[i] < 0x80 && at[i] != '"' &&
           at[i] != '\\')
        i++;
    return i;
}

/* Reads from the opening quote past the closing one. NULL, or what is wrong. */
static const char *read_text(struct json_reader *reader)
{
    const char *text = reader->text;
    reader->raw = text + ++reader->at;
    reader->has_escapes = false;
    for (;;) {
        reader->at += plain_length(text + reader->at, reader->len - reader->at);
        if (reader->at == reader->len)
            return "a text has no end";
        size_t step;
        char c = text[reader->at];
        if (c == '"') {
            reader->raw_len = (size_t)(text + reader->at++ - reader->raw);
            return NULL;
        }
        if (c == '\\') {
            reader->has_escapes = true;
            step = escape_length(text + reader->at, reader->len - reader->at);
            if (step == 0)
                return "an escape that does not exist";
        } else {
            step = utf8_sequence(text + reader->at, reader->len - reader->at);
            if (step < 2)
                return step == 0 ? "a byte that is not UTF-8" : "a control character in a text";
        }
        reader->at += step;
    }
}

static char *put_utf8(char *out, unsigned point)
{
    if (point < 0x80) {
        *out++ = (char)point;
    } else if (point < 0x800) {
        *out++ = (char)(0xc0 | point >> 6);
        *out++ = (char)(0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
        *out++ = (char)(0xe0 | point >> 12);
        *out++ = (char)(0x80 | (point >> 6 & 0x3f));
        *out++ = (char)(0x80 | (point & 0x3f));
    } else {
        *out++ = (char)(0xf0 | point >> 18);
        *out++ = (char)(0x80 | (point >> 12 & 0x3f));
        *out++ = (char)(0x80 | (point >> 6 & 0x3f));
        *out++ = (char)(0x80 | (point & 0x3f));
    }
    return out;
}

/* Writes the escape at <at>, known to be good, and returns where the next byte goes. */
static char *put_escape(const char *at, char *out)
{
    static const char NAMES[] = "bfnrt";
    static const char MEANINGS[] = "\b\f\n\r\t";
    if (at[1] == 'u') {
        unsigned unit = (unsigned)hex_unit(at + 2);
        if (is_high((int)unit))
            unit = 0x10000 + ((unit - 0xd800) << 10) + (unsigned)(hex_unit(at + 8) - 0xdc00);
        return put_utf8(out, unit);
    }
    const char *name = strchr(NAMES, at[1]);
    *out = name ? MEANINGS[name - NAMES] : at[1];
    return out + 1;
}

size_t json_reader_unescape(const struct json_reader *reader, char *out)
{
    const char *at = reader->raw, *end = at + reader->raw_len;
    char *to = out;
    while (at < end) {
        const char *escape = memchr(at, '\\', (size_t)(end - at));
        size_t plain = (size_t)((escape ? escape : end) - at);
        memcpy(to, at, plain);
        to += plain;
        at += plain;
        if (escape) {
            to = put_escape(at, to);
            at += escape_length(at, (size_t)(end - at));
        }
    }
    return (size_t)(to - out);
}

/* ---- numbers */

static size_t digits(const struct json_reader *reader, size_t at)
{
    size_t from = at;
    while (at < reader->len && reader->text[at] >= '0' && reader->text[at] <= '9')
        at++;
    return at - from;
}

/* 0 at the end, which no number has. */
static char char_at(const struct json_reader *reader, size_t at)
{
    return at < reader->len ? reader->text[at] : '\0';
}

/* Bytes of the number that begins here, as the grammar has it; 0 for none. */
static size_t number_length(const struct json_reader *reader, bool *is_real)
{
    size_t at = reader->at + (reader->text[reader->at] == '-');
    size_t whole = digits(reader, at);
    *is_real = false;
    if (whole == 0 || (whole > 1 && reader->text[at] == '0'))
        return 0;
    at += whole;
    if (char_at(reader, at) == '.') {
        size_t fraction = digits(reader, ++at);
        if (fraction == 0)
            return 0;
        *is_real = true;
        at += fraction;
    }
    if ((char_at(reader, at) | 0x20) == 'e') {
        char sign = char_at(reader, ++at);
        at += sign == '+' || sign == '-';
        size_t exponent = digits(reader, at);
        if (exponent == 0)
            return 0;
        *is_real = true;
        at += exponent;
    }
    return at - reader->at;
}

/* Of a whole number with so few digits that every one of them fits. */
static int64_t short_integer(const char *text, size_t len)
{
    bool is_negative = *text == '-';
    int64_t value = 0;
    for (size_t i = is_negative; i < len; i++)
        value = value * 10 + (text[i] - '0');
    return is_negative ? -value : value;
}

static enum json_piece read_number(struct json_reader *reader)
{
    bool is_real;
    size_t len = number_length(reader, &is_real);
    if (len == 0)
        return broken(reader, "not a number");
    reader->raw = reader->text + reader->at;
    reader->raw_len = len;
    if (!is_real && len <= SHORT_MOST) {
        reader->integer = short_integer(reader->raw, len);
        reader->at += len;
        reader->expected = A_COMMA_OR_END;
        return PIECE_INT;
    }
    if (len > NUMBER_MOST)
        return broken(reader, JSON_READER_LONG_NUMBER);
    char copy[NUMBER_MOST + 1];
    memcpy(copy, reader->text + reader->at, len);
    copy[len] = '\0';
    errno = 0;
    if (is_real) {
        reader->real = strtod(copy, NULL);
        if (isinf(reader->real))
            return broken(reader, "a number too large for 64 bits");
    } else {
        reader->integer = strtoll(copy, NULL, 10);
        if (errno == ERANGE)
            return broken(reader, "a number too large for 64 bits");
    }
    reader->at += len;
    reader->expected = A_COMMA_OR_END;
    return is_real ? PIECE_REAL : PIECE_INT;
}

/* ---- pieces */

static enum json_piece read_word(struct json_reader *reader, const char *word,
                                 enum json_piece piece)
{
    size_t len = strlen(word);
    if (reader->len - reader->at < len || memcmp(reader->text + reader->at, word, len) != 0)
        return broken(reader, "not a value");
    reader->at += len;
    reader->expected = A_COMMA_OR_END;
    return piece;
}

static enum json_piece begin(struct json_reader *reader, bool is_object)
{
    if (reader->depth == JSON_READER_DEPTH) {
        reader->is_too_deep = true;
        return broken(reader, "nested more than 64 levels deep");
    }
    uint64_t bit = UINT64_C(1) << reader->depth++;
    reader->is_object = is_object ? reader->is_object | bit : reader->is_object & ~bit;
    reader->at++;
    reader->expected = is_object ? A_KEY_OR_END : AN_ITEM_OR_END;
    return is_object ? PIECE_OBJECT_BEGIN : PIECE_ARRAY_BEGIN;
}

static bool is_in_object(const struct json_reader *reader)
{
    return reader->is_object >> (reader->depth - 1) & 1;
}

static enum json_piece finish(struct json_reader *reader)
{
    bool was_object = is_in_object(reader);
    reader->depth--;
    reader->at++;
    reader->expected = A_COMMA_OR_END;
    return was_object ? PIECE_OBJECT_END : PIECE_ARRAY_END;
}

static enum json_piece read_value(struct json_reader *reader)
{
    const char *problem;
    switch (peek(reader)) {
    case '{':
        return begin(reader, true);
    case '[':
        return begin(reader, false);
    case '"':
        problem = read_text(reader);
        if (problem)
            return broken(reader, problem);
        reader->expected = A_COMMA_OR_END;
        return PIECE_TEXT;
    case 't':
        return read_word(reader, "true", PIECE_TRUE);
    case 'f':
        return read_word(reader, "false", PIECE_FALSE);
    case 'n':
        return read_word(reader, "null", PIECE_NULL);
    case '-':
    case '0' ... '9':
        return read_number(reader);
    default:
        return broken(reader,
                      reader->at == reader->len ? "the text ends too early" : "not a value");
    }
}

/* A NUL in a name would cut it short for those who take it as a C text. */
static bool has_nul(const struct json_reader *reader)
{
    const char *at = reader->raw, *end = at + reader->raw_len;
    while (reader->has_escapes && (at = memchr(at, '\\', (size_t)(end - at)))) {
        if (at[1] == 'u' && hex_unit(at + 2) == 0)
            return true;
        at += 2;
    }
    return false;
}

static enum json_piece read_key(struct json_reader *reader)
{
    if (peek(reader) != '"')
        return broken(reader, "a name in quotes is missing");
    const char *problem = read_text(reader);
    if (problem)
        return broken(reader, problem);
    if (has_nul(reader))
        return broken(reader, "a NUL character in a name");
    if (peek(reader) != ':')
        return broken(reader, "a colon is missing");
    reader->at++;
    reader->expected = A_VALUE;
    return PIECE_KEY;
}

static enum json_piece read_end(struct json_reader *reader)
{
    peek(reader);
    if (reader->at < reader->len)
        return broken(reader, "something follows the value");
    reader->expected = NOTHING;
    return PIECE_DONE;
}

static enum json_piece read_next(struct json_reader *reader)
{
    if (reader->depth == 0)
        return read_end(reader);
    char c = peek(reader);
    bool in_object = is_in_object(reader);
    if (c == (in_object ? '}' : ']'))
        return finish(reader);
    if (c != ',')
        return broken(reader, "a comma or the end is missing");
    reader->at++;
    return in_object ? read_key(reader) : read_value(reader);
}

enum json_piece json_reader_next(struct json_reader *reader)
{
    switch ((enum expected)reader->expected) {
    case A_VALUE:
        return read_value(reader);
    case AN_ITEM_OR_END:
        return peek(reader) == ']' ? finish(reader) : read_value(reader);
    case A_KEY_OR_END:
        return peek(reader) == '}' ? finish(reader) : read_key(reader);
    case A_COMMA_OR_END:
        return read_next(reader);
    case NOTHING:
        break;
    }
    return PIECE_BROKEN;
}
