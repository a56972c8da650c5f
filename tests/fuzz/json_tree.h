/* json_tree - what base/json_reader reads, as jansson's tree, to be compared with what jansson reads itself. */
#pragma once
#include <jansson.h>
#include <stdlib.h>

#include "base/json_reader.h"
#include "base/mem.h"

static json_t *tree_of(struct json_reader *reader, enum json_piece piece);

static json_t *tree_text(const struct json_reader *reader)
{
    AUTO_FREE char *text = xmalloc(reader->raw_len + 1);
    return json_stringn_nocheck(text, json_reader_unescape(reader, text));
}

static json_t *tree_object(struct json_reader *reader)
{
    json_t *object = json_object();
    for (;;) {
        enum json_piece piece = json_reader_next(reader);
        if (piece == PIECE_OBJECT_END)
            return object;
        if (piece != PIECE_KEY)
            break;
        json_t *key = tree_text(reader);
        json_t *value = tree_of(reader, json_reader_next(reader));
        if (value)
            json_object_setn_new(object, json_string_value(key), json_string_length(key), value);
        json_decref(key);
        if (!value)
            break;
    }
    json_decref(object);
    return NULL;
}

static json_t *tree_array(struct json_reader *reader)
{
    json_t *array = json_array();
    for (;;) {
        enum json_piece piece = json_reader_next(reader);
        if (piece == PIECE_ARRAY_END)
            return array;
        json_t *item = tree_of(reader, piece);
        if (!item)
            break;
        json_array_append_new(array, item);
    }
    json_decref(array);
    return NULL;
}

static json_t *tree_of(struct json_reader *reader, enum json_piece piece)
{
    switch (piece) {
    case PIECE_OBJECT_BEGIN:
        return tree_object(reader);
    case PIECE_ARRAY_BEGIN:
        return tree_array(reader);
    case PIECE_TEXT:
        return tree_text(reader);
    case PIECE_INT:
        return json_integer(reader->integer);
    case PIECE_REAL:
        return json_real(reader->real);
    case PIECE_TRUE:
    case PIECE_FALSE:
        return json_boolean(piece == PIECE_TRUE);
    case PIECE_NULL:
        return json_null();
    default:
        return NULL;
    }
}

/* NULL when the text is broken; <reader> says how. */
static inline json_t *tree_read(struct json_reader *reader, const char *text, size_t len)
{
    json_reader_init(reader, text, len);
    json_t *tree = tree_of(reader, json_reader_next(reader));
    if (!tree || json_reader_next(reader) == PIECE_DONE)
        return tree;
    json_decref(tree);
    return NULL;
}

/* Do both readers say the same of the text? Where only our bounds refuse it, they need not; and jansson takes a NUL
 * byte for the end, which we refuse. */
static inline bool tree_agrees(const char *text, size_t len)
{
    struct json_reader reader;
    json_t *ours = tree_read(&reader, text, len);
    json_t *theirs = json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    bool is_bound =
        !ours && (reader.is_too_deep || !strcmp(reader.problem, JSON_READER_LONG_NUMBER));
    bool agrees = is_bound || (ours && theirs ? json_equal(ours, theirs) : !ours == !theirs);
    if (memchr(text, '\0', len))
        agrees = !ours;
    json_decref(ours);
    json_decref(theirs);
    return agrees;
}
