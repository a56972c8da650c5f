/* json_writer - writes JSON text into a buf, with commas put by itself. Reading is jansson's job.
 * Strings must be UTF-8; bytes that are not become U+FFFD, so the output is always valid JSON. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum { JSON_MAX_DEPTH = 72 };

struct json_writer {
    struct buf *out; /* borrowed */
    int depth;
    bool needs_comma[JSON_MAX_DEPTH];
    bool after_key;
    bool is_pretty; /* over several lines */
};

/* Starts writing at the end of <out>, which stays the caller's. */
void json_writer_init(struct json_writer *w, struct buf *out);

/* Values. Each is a whole document, an element of the open array, or the value of the key just written. */
void json_object_begin(struct json_writer *w);
void json_object_finish(struct json_writer *w);
void json_array_begin(struct json_writer *w);
void json_array_finish(struct json_writer *w);
void json_key(struct json_writer *w, const char *key);
bool json_key_n(struct json_writer *w, const char *key, size_t len);   /* false as json_escape() */
void json_text(struct json_writer *w, const char *text);               /* NULL writes null */
bool json_text_n(struct json_writer *w, const char *text, size_t len); /* false as json_escape() */
void json_int(struct json_writer *w, int64_t value);
void json_double(struct json_writer *w, double value); /* 17 digits at most; NaN, inf write null */
void json_bool(struct json_writer *w, bool value);
void json_null_value(struct json_writer *w);
void json_raw(struct json_writer *w, const char *json, size_t len); /* already JSON */
/* Members of the object that is open, already JSON, without braces: "\"a\":1,\"b\":2". Nothing when <len> is 0. */
void json_members(struct json_writer *w, const char *json, size_t len);

/* Shorthands for members of an object. */
void json_put_text(struct json_writer *w, const char *key, const char *text);
void json_put_int(struct json_writer *w, const char *key, int64_t value);
void json_put_bool(struct json_writer *w, const char *key, bool value);
void json_put_null(struct json_writer *w, const char *key);
void json_put_raw(struct json_writer *w, const char *key, const char *json);

/* <text> as a JSON string with its quotes. False when something was no UTF-8. */
bool json_escape(struct buf *out, const char *text, size_t len);
