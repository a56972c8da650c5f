/* http_parse - reads HTTP/1.x request heads and chunked bodies. Pure: no socket, no memory of
 * its own, so that it can be fuzzed and tested by itself. Strict where two readers could
 * disagree about where a request ends (RFC 9112, 11.2). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum { HTTP_MAX_HEADERS = 100 };

struct http_field {
    const char *name, *value;   /* NUL-terminated, value trimmed */
};

struct http_head {
    const char *method;         /* "GET" */
    const char *target;         /* raw: "/a%20b?x=1", or "*" */
    int minor;                  /* 0 or 1 of HTTP/1.x */
    int field_count;
    int64_t content_length;     /* -1: no such header */
    bool is_chunked;
    bool expects_continue;      /* the client waits for "100 Continue" before it sends the body */
    bool wants_close;           /* after the answer */
    struct http_field fields[HTTP_MAX_HEADERS];
};

/* Bytes of the head, with its blank line, when <text> holds a whole one; else 0. *scanned keeps
 * where to go on looking. */
size_t http_head_length(const char *text, size_t len, size_t *scanned);

/* Reads a whole head of http_head_length() bytes in place: <text> is cut up and <head> points
 * into it. Returns 200, or the status to answer (400, 431, 501, 505) with <err> filled. */
int http_head_parse(struct http_head *head, char *text, size_t len, struct err *err);

/* The first value of a header, any case; NULL when absent. */
const char *http_head_field(const struct http_head *head, const char *name);

/* A chunked body being read. Begin with all zeros. */
struct http_chunks {
    int state;
    uint64_t left;         /* of the chunk being read */
    size_t line_len;       /* of the line being read: bounds sizes, extensions and trailers */
    bool has_digit;
};

/* Reads <len> bytes, appends what is body, sets *used to the bytes read. Returns 0 (more is
 * needed), 200 (complete), or the status to answer: 400, or 413 when the body would exceed
 * <max>. */
int http_chunks_read(struct http_chunks *chunks, const char *data, size_t len, struct buf *body,
                     size_t max, size_t *used);

/* "Not Found" for 404; never NULL. */
const char *http_reason(int status);
