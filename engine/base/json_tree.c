#include "base/json_tree.h"

#include "base/json_reader.h"
#include "base/json_writer.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static json_t *build(struct json_reader *reader, enum json_piece piece);

/* What the key or text means, <*len> bytes; into <*copy> when it is not as it stands. NULL for a NUL in it. */
static const char *take_text(const struct json_reader *reader, char **copy, size_t *len)
{
    *len = reader->raw_len;
    if (!reader->has_escapes)
        return reader->raw;
    *copy = try_malloc(reader->raw_len + 1);
    if (!*copy)
        return NULL;
    *len = json_reader_unescape(reader, *copy);
    return memchr(*copy, '\0', *len) ? NULL : *copy;
}

static json_t *build_text(const struct json_reader *reader)
{
    AUTO_FREE char *copy = NULL;
    size_t len;
    const char *text = take_text(reader, &copy, &len);
    return text ? json_stringn_nocheck(text, len) : NULL;
}

static bool add_member(json_t *object, struct json_reader *reader)
{
    AUTO_FREE char *copy = NULL;
    size_t len;
    const char *key = take_text(reader, &copy, &len);
    json_t *value = key ? build(reader, json_reader_next(reader)) : NULL;
    return value && json_object_setn_new_nocheck(object, key, len, value) == 0;
}

static json_t *build_object(struct json_reader *reader)
{
    json_t *object = json_object();
    enum json_piece piece;
    bool is_good = true;
    while (is_good && (piece = json_reader_next(reader)) != PIECE_OBJECT_END)
        is_good = piece == PIECE_KEY && add_member(object, reader);
    if (is_good)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *build_array(struct json_reader *reader)
{
    json_t *array = json_array();
    enum json_piece piece;
    bool is_good = true;
    while (is_good && (piece = json_reader_next(reader)) != PIECE_ARRAY_END)
        is_good = json_array_append_new(array, build(reader, piece)) == 0;
    if (is_good)
        return array;
    json_decref(array);
    return NULL;
}

static json_t *build(struct json_reader *reader, enum json_piece piece)
{
    switch (piece) {
    case PIECE_OBJECT_BEGIN:
        return build_object(reader);
    case PIECE_ARRAY_BEGIN:
        return build_array(reader);
    case PIECE_TEXT:
        return build_text(reader);
    case PIECE_INT:
        return json_integer(reader->integer);
    case PIECE_REAL:
        return json_real(reader->real);
    case PIECE_TRUE:
        return json_true();
    case PIECE_FALSE:
        return json_false();
    case PIECE_NULL:
        return json_null();
    default:
        return NULL;
    }
}

json_t *json_tree(const char *text, size_t len)
{
    struct json_reader reader;
    json_reader_init(&reader, text, len);
    enum json_piece first = json_reader_next(&reader);
    bool is_whole = first == PIECE_OBJECT_BEGIN || first == PIECE_ARRAY_BEGIN;
    json_t *tree = is_whole ? build(&reader, first) : NULL;
    if (!tree || json_reader_next(&reader) == PIECE_DONE)
        return tree;
    json_decref(tree);
    return NULL;
}

/* ---- and back */

static void write_object(struct json_writer *w, json_t *object)
{
    const char *key;
    size_t key_len;
    json_t *member;
    json_object_begin(w);
    json_object_keylen_foreach(object, key, key_len, member)
    {
        json_key_n(w, key, key_len);
        json_tree_write(w, member);
    }
    json_object_finish(w);
}

static void write_array(struct json_writer *w, json_t *array)
{
    size_t index;
    json_t *item;
    json_array_begin(w);
    json_array_foreach (array, index, item)
        json_tree_write(w, item);
    json_array_finish(w);
}

/* "5.0" stays one: json_double() writes what a number is worth. */
static void write_real(struct json_writer *w, const json_t *real)
{
    char digits[64];
    size_t len = json_dumpb(real, digits, sizeof(digits), JSON_ENCODE_ANY);
    json_raw(w, digits, len);
}

void json_tree_write(struct json_writer *w, const json_t *tree)
{
    switch (json_typeof(tree)) {
    case JSON_OBJECT:
        write_object(w, (json_t *)tree);
        break;
    case JSON_ARRAY:
        write_array(w, (json_t *)tree);
        break;
    case JSON_STRING:
        json_text_n(w, json_string_value(tree), json_string_length(tree));
        break;
    case JSON_INTEGER:
        json_int(w, json_integer_value(tree));
        break;
    case JSON_REAL:
        write_real(w, tree);
        break;
    case JSON_NULL:
        json_null_value(w);
        break;
    default:
        json_bool(w, json_is_true(tree));
    }
}
