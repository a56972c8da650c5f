/* err - how every fallible function of the engine says what went wrong.
 * A function returns OK or a negative `enum err_code`; when a human will read the cause it also takes a
 * `struct err *` as its last parameter. The names of the codes are the same in C, Lua, REST and the docs. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum { OK = 0 };

/* A closed list: add here, in err.c's name table and in docs/errors.md together. */
enum err_code {
    ERR_BUG = -1,          /* "bug": the engine broke its own rule */
    ERR_NOMEM = -2,        /* "no_memory" */
    ERR_INVALID = -3,      /* "invalid": the caller's value is wrong; `field` says which */
    ERR_NOT_FOUND = -4,    /* "not_found" */
    ERR_CONFLICT = -5,     /* "conflict": the state does not allow it, or a unique value is taken */
    ERR_FORBIDDEN = -6,    /* "forbidden" */
    ERR_UNAUTHORIZED = -7, /* "unauthorized" */
    ERR_LIMIT = -8,        /* "limit": too large, too many */
    ERR_TIMEOUT = -9,      /* "timeout" */
    ERR_NETWORK = -10,     /* "network": refused, reset, name not resolved */
    ERR_IO = -11,          /* "io": disk or file */
    ERR_DB = -12,          /* "database" */
    ERR_SYNTAX = -13,      /* "syntax": JSON, Lua or config text that cannot be read */
    ERR_CLOSED = -14,      /* "closed": the thing was shut down or cancelled */
    ERR_BUSY = -15,        /* "busy": try again later */
    ERR_RATE_LIMITED = -16, /* "rate_limited" */
    ERR_UNAVAILABLE = -17,  /* "unavailable": a part that is not configured or is down */
    ERR_SCRIPT = -18,       /* "script": a script threw an error */
};

struct err {
    int code;       /* an enum err_code, or OK */
    bool retryable; /* trying again later may work */
    int status;     /* a vendor's HTTP status, 0 when none */
    char field[96]; /* what was wrong: an argument path, "" when none */
    char msg[512];  /* one sentence for a human, no trailing newline, never a secret */
};

/* Fills <err> (NULL is allowed) and returns <code>, so that `return err_set(...)` reads well. */
int err_set(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same for one wrong field of the input. Code is ERR_INVALID. */
int err_field(struct err *err, const char *field, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* "timeout" for ERR_TIMEOUT, and so on; "ok" for OK; never NULL. */
const char *err_name(int code);

/* The code for a name, ERR_BUG for an unknown one. */
int err_from_name(const char *name);
