/* http_client - one shared curl multi handle driven by the engine loop. Loop thread only.
 * Owns: the multi handle, one libevent event per socket, running requests.
 * Never: runs Lua, retries, follows redirects, keeps caller memory. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct loop;
struct http_client;

struct http_client_response {
    int status;
    const char *body; size_t body_len;              /* borrowed, NUL-terminated */
    const char *headers;                            /* "name: value\n" lines, names in lower case */
};
/* Called from the loop's top level exactly once. <response> is NULL when <err> is filled
 * (ERR_TIMEOUT, ERR_NETWORK, ERR_LIMIT, ERR_CLOSED). err->status is 1 when bytes of the request
 * may have reached the server (unknown outcome), 0 when they certainly did not. */
typedef void (*http_client_done_fn)(void *arg, const struct http_client_response *response,
                                    const struct err *err);

struct http_client_options {
    const char *method, *url;                       /* http or https */
    const char *const *headers; int header_count;   /* "Name: value" */
    const char *body; size_t body_len;
    int64_t timeout_ms;                             /* 0: 15000; at most 120000 */
    size_t max_response_bytes;                      /* 0: 16 MiB */
};

/* At most <max_connections> at once; further requests wait their turn. NULL + err. */
struct http_client *http_client_new(struct loop *loop, int max_connections, struct err *err);
void http_client_free(struct http_client *client);  /* running requests end with ERR_CLOSED */
/* Copies everything in <options>. OK: *id (NULL is allowed) is set and <done> will be called,
 * also after a cancel. ERR_INVALID: nothing was started and <done> is not called. */
int http_client_start(struct http_client *client, const struct http_client_options *options,
                      http_client_done_fn done, void *arg, uint64_t *id, struct err *err);
/* The request ends with ERR_CLOSED; a finished id is harmless. */
void http_client_cancel(struct http_client *client, uint64_t id);
/* Requests started and not done. */
int http_client_running(struct http_client *client);
