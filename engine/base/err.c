#include "base/err.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const NAMES[] = {
    [0] = "ok",
    [-ERR_BUG] = "bug",
    [-ERR_NOMEM] = "no_memory",
    [-ERR_INVALID] = "invalid",
    [-ERR_NOT_FOUND] = "not_found",
    [-ERR_CONFLICT] = "conflict",
    [-ERR_FORBIDDEN] = "forbidden",
    [-ERR_UNAUTHORIZED] = "unauthorized",
    [-ERR_LIMIT] = "limit",
    [-ERR_TIMEOUT] = "timeout",
    [-ERR_NETWORK] = "network",
    [-ERR_IO] = "io",
    [-ERR_DB] = "database",
    [-ERR_SYNTAX] = "syntax",
    [-ERR_CLOSED] = "closed",
    [-ERR_BUSY] = "busy",
    [-ERR_RATE_LIMITED] = "rate_limited",
    [-ERR_UNAVAILABLE] = "unavailable",
    [-ERR_SCRIPT] = "script",
};

enum { NAME_COUNT = sizeof(NAMES) / sizeof(NAMES[0]) };

static bool is_retryable(int code)
{
    return code == ERR_TIMEOUT || code == ERR_NETWORK || code == ERR_BUSY ||
           code == ERR_RATE_LIMITED || code == ERR_NOMEM;
}

/* The text is made before <err> is cleared, because the caller may quote err->msg in it. */
__attribute__((format(printf, 4, 0))) static void fill(struct err *err, int code, const char *field,
                                                       const char *fmt, va_list args)
{
    struct err made = { .code = code, .retryable = is_retryable(code) };
    copy_text(made.field, sizeof(made.field), field);
    vsnprintf(made.msg, sizeof(made.msg), fmt, args);
    *err = made;
}

int err_set(struct err *err, int code, const char *fmt, ...)
{
    if (err) {
        va_list args;
        va_start(args, fmt);
        fill(err, code, "", fmt, args);
        va_end(args);
    }
    return code;
}

int err_field(struct err *err, const char *field, const char *fmt, ...)
{
    if (err) {
        va_list args;
        va_start(args, fmt);
        fill(err, ERR_INVALID, field, fmt, args);
        va_end(args);
    }
    return ERR_INVALID;
}

const char *err_name(int code)
{
    if (code > 0 || -code >= NAME_COUNT)
        return "bug";
    return NAMES[-code];
}

int err_from_name(const char *name)
{
    for (int i = 0; i < NAME_COUNT; i++)
        if (!strcmp(NAMES[i], name))
            return -i;
    return ERR_BUG;
}
