#define _GNU_SOURCE
#include "base/mem.h"

#include "base/inject.h"
#include "base/log.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Noreturn void out_of_memory(size_t size)
{
    fprintf(stderr, "halligan: out of memory (asked for %zu bytes)\n", size);
    abort();
}

void *xmalloc(size_t size)
{
    void *ptr = malloc(size ? size : 1);
    if (!ptr)
        out_of_memory(size);
    return ptr;
}

void *xcalloc(size_t count, size_t size)
{
    void *ptr = calloc(count ? count : 1, size ? size : 1);
    if (!ptr)
        out_of_memory(size);
    return ptr;
}

void *xrealloc(void *ptr, size_t size)
{
    void *grown = realloc(ptr, size ? size : 1);
    if (!grown)
        out_of_memory(size);
    return grown;
}

char *xstrdup(const char *text)
{
    return xstrndup(text, strlen(text));
}

char *xstrndup(const char *text, size_t len)
{
    size_t used = strnlen(text, len);
    char *copy = xmalloc(used + 1);
    memcpy(copy, text, used);
    copy[used] = '\0';
    return copy;
}

void copy_text(char *to, size_t size, const char *from)
{
    size_t len = from ? strnlen(from, size - 1) : 0;
    memcpy(to, from ? from : "", len);
    to[len] = '\0';
}

char *xasprintf(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = NULL;
    int len = vasprintf(&text, fmt, args);
    va_end(args);
    if (len < 0)
        out_of_memory(0);
    return text;
}

void *try_malloc(size_t size)
{
    if (INJECT("mem.try"))
        return NULL;
    return malloc(size ? size : 1);
}

void *try_realloc(void *ptr, size_t size)
{
    if (INJECT("mem.try"))
        return NULL;
    return realloc(ptr, size ? size : 1);
}

_Noreturn void require_failed(const char *what, const char *file, int line)
{
    log_error(LOG_ENGINE, 0, "engine bug at %s:%d: %s does not hold", file, line, what);
    abort();
}

int check_failed(const char *what, const char *file, int line)
{
    log_error(LOG_ENGINE, 0, "engine bug at %s:%d: %s does not hold; going on", file, line, what);
    return 1;
}

/* No fast bins: small pieces that another thread made would fill them, and each piece of a kilobyte or more goes
 * through all that is in them. */
void mem_configure(void)
{
    mallopt(M_MXFAST, 0);
}

void mem_give_back(void)
{
    malloc_trim(0);
}
