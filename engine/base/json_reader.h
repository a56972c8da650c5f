/* json_reader - reads JSON text piece by piece and builds nothing, for those who give it a shape of their own; who
 * wants a tree takes jansson's. As strict as RFC 8259 and jansson: UTF-8 only, no lone surrogates, integers must fit
 * 64 bits, finite reals, no NUL in names, 64 levels. Allocates nothing; the text must stay while it is read. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { JSON_READER_DEPTH = 64 };
#define JSON_READER_LONG_NUMBER "a number of more than 400 characters" /* a <problem> */

enum json_piece {
    PIECE_OBJECT_BEGIN,
    PIECE_OBJECT_END,
    PIECE_ARRAY_BEGIN,
    PIECE_ARRAY_END,
    PIECE_KEY,  /* raw, raw_len, has_escapes; its value comes next */
    PIECE_TEXT, /* the same */
    PIECE_INT,  /* integer; raw, raw_len */
    PIECE_REAL, /* real; raw, raw_len */
    PIECE_TRUE,
    PIECE_FALSE,
    PIECE_NULL,
    PIECE_DONE,   /* the one value was read to the end of the text */
    PIECE_BROKEN, /* not JSON, or too deep: <problem> says why, <at> where */
};

struct json_reader {
    const char *raw; /* between the quotes; of a number: its digits */
    size_t raw_len;
    bool has_escapes;
    int64_t integer;
    double real;
    const char *problem; /* a constant text */
    bool is_too_deep;    /* the problem is more than JSON_READER_DEPTH levels */
    size_t at;           /* bytes read */

    /* json_reader.c's own */
    const char *text;
    size_t len;
    int depth;
    uint64_t is_object; /* a bit for each level */
    int expected;
};

/* Begins with <text>, which need not end with a NUL. */
void json_reader_init(struct json_reader *reader, const char *text, size_t len);

/* The next piece. After PIECE_DONE and PIECE_BROKEN there is none. */
enum json_piece json_reader_next(struct json_reader *reader);

/* Writes what a key or a text with escapes means into <out>, at least <raw_len> bytes, and returns its length. */
size_t json_reader_unescape(const struct json_reader *reader, char *out);
