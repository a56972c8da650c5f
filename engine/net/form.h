/* form - application/x-www-form-urlencoded text: form bodies and query strings. Decoded values
 * are bytes with a length: they may hold NULs and need not be UTF-8; whether that is allowed is
 * for the caller to say. */
#pragma once
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

enum { FORM_MAX_FIELDS = 1000 };

struct form_field {
    const char *name, *value;      /* decoded; each followed by a NUL of its own */
    size_t name_len, value_len;
};

struct form {
    struct form_field *fields;     /* in the order sent; names may repeat */
    int count;
    char *text;                    /* what the fields point into */
};

/* Reads "a=1&b=2": "+" is a space, a "%" that two hex digits do not follow stays as it is, a
 * name without "=" has the value "", empty parts are skipped. ERR_LIMIT beyond FORM_MAX_FIELDS,
 * ERR_NOMEM; then <out> is empty. The caller calls form_fini(). */
int form_parse(const char *text, size_t len, struct form *out, struct err *err);
void form_fini(struct form *form);

/* The first (last) field of that name; NULL when there is none. */
const struct form_field *form_first(const struct form *form, const char *name);
const struct form_field *form_last(const struct form *form, const char *name);

/* Appends <text> with everything but letters, digits and "-._~" as %XX. */
void url_encode(struct buf *out, const char *text, size_t len);
/* Decodes in place, and returns the new length (never longer). <plus>: "+" is a space. */
size_t url_decode(char *text, size_t len, int plus);
