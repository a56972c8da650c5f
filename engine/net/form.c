#include "net/form.h"

#include "base/mem.h"

#include <string.h>

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t url_decode(char *text, size_t len, int plus)
{
    size_t to = 0;
    for (size_t from = 0; from < len; from++) {
        int high = -1;
        int low = -1;
        if (text[from] == '%' && from + 2 < len) {
            high = hex_value(text[from + 1]);
            low = hex_value(text[from + 2]);
        }
        if (high >= 0 && low >= 0) {
            text[to++] = (char)(high * 16 + low);
            from += 2;
        } else {
            text[to++] = plus && text[from] == '+' ? ' ' : text[from];
        }
    }
    return to;
}

void url_encode(struct buf *out, const char *text, size_t len)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        unsigned char letter = c | 0x20;
        if ((letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') ||
            (c && strchr("-._~", c))) {
            buf_putc(out, (char)c);
        } else {
            char escape[3] = { '%', digits[c >> 4], digits[c & 15] };
            buf_append(out, escape, sizeof(escape));
        }
    }
}

static int count_parts(const char *text, size_t len)
{
    int count = 1;
    for (const char *at = text; (at = memchr(at, '&', len - (size_t)(at - text))); at++)
        if (++count > FORM_MAX_FIELDS)
            break;
    return count;
}

/* Decodes "name=value" in place. The byte after the part is its "&" or the final NUL, so both
 * halves can end with a NUL. */
static void read_part(struct form *form, char *part, size_t len)
{
    if (len == 0)
        return;
    char *equals = memchr(part, '=', len);
    size_t name_len = equals ? (size_t)(equals - part) : len;
    char *value = equals ? equals + 1 : part + len;
    struct form_field *field = &form->fields[form->count++];
    field->name = part;
    field->value = value;
    field->name_len = url_decode(part, name_len, 1);
    field->value_len = url_decode(value, (size_t)(part + len - value), 1);
    part[field->name_len] = '\0';
    value[field->value_len] = '\0';
}

int form_parse(const char *text, size_t len, struct form *out, struct err *err)
{
    *out = (struct form){ 0 };
    int parts = len ? count_parts(text, len) : 1;
    if (parts > FORM_MAX_FIELDS)
        return err_set(err, ERR_LIMIT, "more than %d form fields", FORM_MAX_FIELDS);
    out->text = try_malloc(len + 1);
    out->fields = try_malloc((size_t)parts * sizeof(*out->fields));
    if (!out->text || !out->fields) {
        form_fini(out);
        return err_set(err, ERR_NOMEM, "no memory for a form of %zu bytes", len);
    }
    if (len)
        memcpy(out->text, text, len);
    out->text[len] = '\0';
    char *end = out->text + len;
    for (char *part = out->text; part <= end;) {
        char *next = memchr(part, '&', (size_t)(end - part));
        if (!next)
            next = end;
        read_part(out, part, (size_t)(next - part));
        part = next + 1;
    }
    return OK;
}

void form_fini(struct form *form)
{
    free(form->fields);
    free(form->text);
    *form = (struct form){ 0 };
}

static int is_named(const struct form_field *field, const char *name)
{
    return field->name_len == strlen(name) && !memcmp(field->name, name, field->name_len);
}

const struct form_field *form_first(const struct form *form, const char *name)
{
    for (int i = 0; i < form->count; i++)
        if (is_named(&form->fields[i], name))
            return &form->fields[i];
    return NULL;
}

const struct form_field *form_last(const struct form *form, const char *name)
{
    for (int i = form->count - 1; i >= 0; i--)
        if (is_named(&form->fields[i], name))
            return &form->fields[i];
    return NULL;
}
