/* buf - a growing byte buffer. Always NUL-terminated past `len`, may hold NUL bytes. Growth failure of a text the
 * size of a reply aborts; callers that grow by foreign sizes check their limits first. */
#pragma once
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    char *data; /* heap, NULL while empty and never grown */
    size_t len; /* bytes used, without the NUL */
    size_t cap;
};

/* clang-format off */
#define BUF_INIT { 0 }
/* clang-format on */
#define AUTO_BUF __attribute__((cleanup(buf_fini)))

void buf_fini(struct buf *buf);              /* frees; the buf may be used again */
void buf_clear(struct buf *buf);             /* len = 0, keeps the memory */
void buf_grow(struct buf *buf, size_t more); /* buf_reserve() when there is no room yet */

/* Room for <more> bytes and the NUL. */
static inline void buf_reserve(struct buf *buf, size_t more)
{
    if (more >= buf->cap - buf->len)
        buf_grow(buf, more);
}

/* These add to the end and grow the buf; the data is copied. */
void buf_append(struct buf *buf, const void *data, size_t len);
void buf_puts(struct buf *buf, const char *text);
static inline void buf_putc(struct buf *buf, char c)
{
    buf_reserve(buf, 1);
    buf->data[buf->len++] = c;
    buf->data[buf->len] = '\0';
}
void buf_put_int(struct buf *buf, int64_t value); /* in decimal */
void buf_printf(struct buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *buf, const char *fmt, va_list args)
    __attribute__((format(printf, 2, 0)));

const char *buf_text(const struct buf *buf); /* "" when empty; borrowed */

/* Moves the heap text out, caller frees; <len> may be NULL. The buf is empty then. */
char *buf_take(struct buf *buf, size_t *len);

/* <value> in decimal at the end of <digits>; <len> digits and the sign, no NUL behind them. */
enum { BUF_INT_SIZE = 24 };
const char *buf_int_text(char digits[BUF_INT_SIZE], int64_t value, size_t *len);
