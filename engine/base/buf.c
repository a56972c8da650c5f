#include "base/buf.h"

#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SMALLEST_CAP = 64 };

void buf_fini(struct buf *buf)
{
    free(buf->data);
    *buf = (struct buf)BUF_INIT;
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    if (buf->data)
        buf->data[0] = '\0';
}

void buf_grow(struct buf *buf, size_t more)
{
    REQUIRE(more < SIZE_MAX / 2 - buf->len);
    size_t needed = buf->len + more + 1;
    size_t cap = buf->cap ? buf->cap : SMALLEST_CAP;
    while (cap < needed)
        cap *= 2;
    buf->data = xrealloc(buf->data, cap);
    buf->cap = cap;
    buf->data[buf->len] = '\0';
}

void buf_append(struct buf *buf, const void *data, size_t len)
{
    if (len == 0)
        return;
    buf_reserve(buf, len);
    memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
}

void buf_puts(struct buf *buf, const char *text)
{
    buf_append(buf, text, strlen(text));
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    buf_vprintf(buf, fmt, args);
    va_end(args);
}

void buf_vprintf(struct buf *buf, const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    /* One pass is enough for nearly every call when some room is there already. */
    buf_reserve(buf, SMALLEST_CAP);
    size_t room = buf->cap - buf->len;
    int len = vsnprintf(buf->data + buf->len, room, fmt, args);
    REQUIRE(len >= 0);
    if ((size_t)len >= room) {
        buf_reserve(buf, (size_t)len);
        vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, again);
    }
    va_end(again);
    buf->len += (size_t)len;
}

const char *buf_text(const struct buf *buf)
{
    return buf->data ? buf->data : "";
}

char *buf_take(struct buf *buf, size_t *len)
{
    buf_reserve(buf, 0);
    char *data = buf->data;
    if (len)
        *len = buf->len;
    *buf = (struct buf)BUF_INIT;
    return data;
}

const char *buf_int_text(char digits[BUF_INT_SIZE], int64_t value, size_t *len)
{
    char *at = digits + BUF_INT_SIZE;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0)
        *--at = '-';
    *len = (size_t)(digits + BUF_INT_SIZE - at);
    return at;
}

void buf_put_int(struct buf *buf, int64_t value)
{
    char digits[BUF_INT_SIZE];
    size_t len;
    const char *text = buf_int_text(digits, value, &len);
    buf_append(buf, text, len);
}
