#include "base/json_writer.h"

#include "base/mem.h"
#include "base/json_plain.h"
#include "base/utf8_decode.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a byte of a string needs: 0 copy it, 'u' a \u00XX, 8 a look at the UTF-8 sequence, else backslash and this. */
enum { UTF8_LEAD = 8 };
static const unsigned char ESCAPES[256] = {
    [0x00 ... 0x07] = 'u', ['\b'] = 'b',  ['\t'] = 't', ['\n'] = 'n',
    [0x0b] = 'u',          ['\f'] = 'f',  ['\r'] = 'r', [0x0e ... 0x1f] = 'u',
    ['"'] = '"',           ['\\'] = '\\', [0x7f] = 'u', [0x80 ... 0xff] = UTF8_LEAD,
};

static const char REPLACEMENT[] = "\xef\xbf\xbd";

void json_writer_init(struct json_writer *w, struct buf *out)
{
    w->out = out;
    w->depth = 0;
    w->needs_comma[0] = false;
    w->after_key = false;
    w->is_pretty = false;
}

static void new_line(struct json_writer *w)
{
    buf_putc(w->out, '\n');
    for (int i = 0; i < w->depth; i++)
        buf_append(w->out, "  ", 2);
}

static inline void before_value(struct json_writer *w)
{
    if (w->after_key) {
        w->after_key = false;
        return;
    }
    if (w->needs_comma[w->depth])
        buf_putc(w->out, ',');
    w->needs_comma[w->depth] = true;
    if (w->is_pretty && w->depth > 0)
        new_line(w);
}

static void level_begin(struct json_writer *w, char bracket)
{
    before_value(w);
    buf_putc(w->out, bracket);
    REQUIRE(w->depth + 1 < JSON_MAX_DEPTH);
    w->needs_comma[++w->depth] = false;
}

static void level_finish(struct json_writer *w, char bracket)
{
    REQUIRE(w->depth > 0 && !w->after_key);
    w->depth--;
    if (w->is_pretty && w->needs_comma[w->depth + 1])
        new_line(w);
    buf_putc(w->out, bracket);
}

void json_object_begin(struct json_writer *w)
{
    level_begin(w, '{');
}

void json_object_finish(struct json_writer *w)
{
    level_finish(w, '}');
}

void json_array_begin(struct json_writer *w)
{
    level_begin(w, '[');
}

void json_array_finish(struct json_writer *w)
{
    level_finish(w, ']');
}

void json_key(struct json_writer *w, const char *key)
{
    json_key_n(w, key, strlen(key));
}

bool json_key_n(struct json_writer *w, const char *key, size_t len)
{
    REQUIRE(!w->after_key);
    before_value(w);
    bool is_valid = json_escape(w->out, key, len);
    buf_putc(w->out, ':');
    if (w->is_pretty)
        buf_putc(w->out, ' ');
    w->after_key = true;
    return is_valid;
}

void json_text(struct json_writer *w, const char *text)
{
    if (!text)
        json_null_value(w);
    else
        json_text_n(w, text, strlen(text));
}

bool json_text_n(struct json_writer *w, const char *text, size_t len)
{
    before_value(w);
    return json_escape(w->out, text, len);
}

void json_int(struct json_writer *w, int64_t value)
{
    before_value(w);
    buf_put_int(w->out, value);
}

void json_double(struct json_writer *w, double value)
{
    if (!isfinite(value)) {
        json_null_value(w);
        return;
    }
    /* The shortest of these that reads back as the same number. */
    char digits[32];
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof(digits), "%.*g", precision, value);
        if (strtod(digits, NULL) == value)
            break;
    }
    before_value(w);
    buf_puts(w->out, digits);
}

void json_bool(struct json_writer *w, bool value)
{
    before_value(w);
    buf_puts(w->out, value ? "true" : "false");
}

void json_null_value(struct json_writer *w)
{
    before_value(w);
    buf_append(w->out, "null", 4);
}

void json_raw(struct json_writer *w, const char *json, size_t len)
{
    before_value(w);
    buf_append(w->out, json, len);
}

void json_members(struct json_writer *w, const char *json, size_t len)
{
    if (len > 0)
        json_raw(w, json, len);
}

void json_put_text(struct json_writer *w, const char *key, const char *text)
{
    json_key(w, key);
    json_text(w, text);
}

void json_put_int(struct json_writer *w, const char *key, int64_t value)
{
    json_key(w, key);
    json_int(w, value);
}

void json_put_bool(struct json_writer *w, const char *key, bool value)
{
    json_key(w, key);
    json_bool(w, value);
}

void json_put_null(struct json_writer *w, const char *key)
{
    json_key(w, key);
    json_null_value(w);
}

void json_put_raw(struct json_writer *w, const char *key, const char *json)
{
    json_key(w, key);
    json_raw(w, json, strlen(json));
}

/* Writes the one byte, or the one UTF-8 sequence, that <text> begins with; returns the bytes read, 0 when the first is
 * no UTF-8. */
static size_t escape_one(struct buf *out, const char *text, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char byte = (unsigned char)*text;
    unsigned char how = ESCAPES[byte];
    if (how == UTF8_LEAD) {
        size_t step = utf8_sequence(text, len);
        buf_append(out, text, step);
        return step;
    }
    if (how == 'u') {
        char escape[6] = { '\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15] };
        buf_append(out, escape, sizeof(escape));
    } else {
        char escape[2] = { '\\', (char)how };
        buf_append(out, escape, sizeof(escape));
    }
    return 1;
}

/* Bytes from <at> that need no look at all. */
static size_t plain_length(const char *text, size_t at, size_t len)
{
    size_t plain = at + json_plain_bytes(text + at, len - at);
    while (plain < len && !ESCAPES[(unsigned char)text[plain]])
        plain++;
    return plain - at;
}

/* Ones that begin with <plain> bytes to be copied. */
static bool escape_all(struct buf *out, const char *text, size_t len, size_t plain)
{
    bool is_valid = true;
    buf_putc(out, '"');
    for (size_t at = 0; at < len; plain = plain_length(text, at, len)) {
        buf_append(out, text + at, plain);
        at += plain;
        if (at == len)
            break;
        size_t step = escape_one(out, text + at, len - at);
        if (step == 0) {
            buf_append(out, REPLACEMENT, sizeof(REPLACEMENT) - 1);
            is_valid = false;
        }
        at += step ? step : 1;
    }
    buf_putc(out, '"');
    return is_valid;
}

bool json_escape(struct buf *out, const char *text, size_t len)
{
    size_t plain = plain_length(text, 0, len);
    buf_reserve(out, len + 2);
    if (plain < len)
        return escape_all(out, text, len, plain);
    char *to = out->data + out->len; /* nearly every key and most texts: one copy */
    to[0] = '"';
    memcpy(to + 1, text, len);
    memcpy(to + 1 + len, "\"", 2);
    out->len += len + 2;
    return true;
}
