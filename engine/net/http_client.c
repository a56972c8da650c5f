/* Reading order: http_client_start, curl_loop (curl's sockets on the engine's loop), take_finished,
 * deliver. */
#include "net/http_client.h"

#include "base/buf.h"
#include "base/inject.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "net/curl_loop.h"
#include "net/tls_trust.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    DEFAULT_TIMEOUT_MS = 15000,
    MAX_TIMEOUT_MS = 120000,
    MAX_CONNECT_MS = 10000,
    MAX_HEADER_BYTES = 64 * 1024,
    IDLE_SECONDS = 50, /* a kept connection older than this is not used again */
};

struct request {
    struct http_client *client;
    struct request *previous, *next;
    uint64_t id;
    CURL *easy;
    struct curl_slist *headers;
    struct buf body, header_lines;
    size_t max_body;
    http_client_done_fn done;
    void *arg;
    int begun;          /* how often the request was about to be sent */
    bool is_idempotent; /* GET or HEAD: may be sent again on a fresh connection */
    bool is_too_large;
    int status;
    int64_t timeout_ms;
    struct err err;
    char host[128];
    char curl_text[CURL_ERROR_SIZE];
};

struct http_client {
    struct curl_loop curl;
    struct request *requests;
    uint64_t last_id;
    int running;
};

/* ---- the end of a request -------------------------------------------------------------------- */

static void request_free(struct request *request)
{
    curl_easy_cleanup(request->easy);
    curl_slist_free_all(request->headers);
    buf_fini(&request->body);
    buf_fini(&request->header_lines);
    free(request);
}

static void deliver(void *arg)
{
    struct request *request = arg;
    struct http_client_response response = {
        .status = request->status,
        .body = buf_text(&request->body),
        .body_len = request->body.len,
        .headers = buf_text(&request->header_lines),
    };
    bool is_answered = request->err.code == OK;
    request->done(request->arg, is_answered ? &response : NULL, &request->err);
    request_free(request);
}

/* Takes the request off the client; its completion, with request->err set, is posted. */
static void finish(struct request *request)
{
    struct http_client *client = request->client;
    curl_multi_remove_handle(client->curl.multi, request->easy);
    if (request->previous)
        request->previous->next = request->next;
    else
        client->requests = request->next;
    if (request->next)
        request->next->previous = request->previous;
    client->running--;
    request->client = NULL;
    if (request->err.code != OK)
        request->err.status = request->begun > 0;
    loop_post(client->curl.loop, deliver, request);
}

static void explain(struct request *request, CURLcode result)
{
    const char *text = *request->curl_text ? request->curl_text : curl_easy_strerror(result);
    struct err *err = &request->err;
    if (request->is_too_large || result == CURLE_FILESIZE_EXCEEDED)
        err_set(err, ERR_LIMIT, "%s: the answer is larger than %zu bytes", request->host,
                request->max_body);
    else if (result == CURLE_OPERATION_TIMEDOUT)
        err_set(err, ERR_TIMEOUT, "%s: no answer within %lld ms", request->host,
                (long long)request->timeout_ms);
    else if (result == CURLE_ABORTED_BY_CALLBACK)
        err_set(err, ERR_NETWORK, "%s: the connection closed before the answer", request->host);
    else
        err_set(err, ERR_NETWORK, "%s: %s", request->host, text);
    err->retryable = err->code != ERR_LIMIT;
}

static void take_finished(void *arg)
{
    struct http_client *client = arg;
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(client->curl.multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        /* <message> is gone once the handle is removed. */
        CURLcode result = message->data.result;
        struct request *request = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&request);
        if (result == CURLE_OK) {
            long status = 0;
            curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &status);
            request->status = (int)status;
            if (INJECT("http.answer"))
                err_set(&request->err, ERR_NETWORK, "%s: the answer was lost (injected)",
                        request->host);
        } else {
            explain(request, result);
        }
        finish(request);
    }
}

/* ---- curl's callbacks of one request --------------------------------------------------------- */

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    struct request *request = arg;
    size_t len = size * count;
    if (len > request->max_body - request->body.len) {
        request->is_too_large = true;
        return 0;
    }
    buf_append(&request->body, data, len);
    return len;
}

static size_t on_header(char *data, size_t size, size_t count, void *arg)
{
    struct request *request = arg;
    size_t len = size * count;
    struct buf *lines = &request->header_lines;
    if (len >= 5 && !memcmp(data, "HTTP/", 5)) {
        buf_clear(lines); /* what came before was an interim answer */
        return len;
    }
    if (lines->len + len > MAX_HEADER_BYTES) {
        request->is_too_large = true;
        return 0;
    }
    size_t text = len;
    while (text > 0 && isspace((unsigned char)data[text - 1]))
        text--;
    const char *colon = memchr(data, ':', text);
    if (!colon)
        return len;
    for (const char *at = data; at < colon; at++)
        buf_putc(lines, (char)tolower((unsigned char)*at));
    buf_append(lines, ": ", 2);
    const char *value = colon + 1;
    while (value < data + text && (*value == ' ' || *value == '\t'))
        value++;
    buf_append(lines, value, (size_t)(data + text - value));
    buf_putc(lines, '\n');
    return len;
}

/* Called each time the request is about to be sent. curl sends it again by itself when a kept
 * connection turns out to be closed; that may have its effect twice, so only what changes
 * nothing may go out a second time. */
static int on_begin(void *arg, char *peer, char *local, int peer_port, int local_port)
{
    (void)peer, (void)local, (void)peer_port, (void)local_port;
    struct request *request = arg;
    request->begun++;
    return request->begun == 1 || request->is_idempotent ? CURL_PREREQFUNC_OK
                                                         : CURL_PREREQFUNC_ABORT;
}

/* ---- starting -------------------------------------------------------------------------------- */

static int check_options(const struct http_client_options *options, struct err *err)
{
    if (!options->method || !*options->method ||
        options->method[strspn(options->method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")])
        return err_field(err, "method", "the method must be a word in capitals");
    if (options->timeout_ms < 0 || options->timeout_ms > MAX_TIMEOUT_MS)
        return err_field(err, "timeout", "the timeout must be at most %d ms", MAX_TIMEOUT_MS);
    for (int i = 0; i < options->header_count; i++) {
        const char *header = options->headers[i];
        size_t name = strcspn(header, ": \t\r\n");
        if (name == 0 || header[name] != ':' || header[strcspn(header, "\r\n")])
            return err_field(err, "headers",
                             "header %d is not of the form \"Name: value\" on one line", i + 1);
    }
    return OK;
}

/* Also keeps the host for messages: the rest of a URL may hold secrets. */
static int check_url(const char *url, char *host_out, size_t size, struct err *err)
{
    CURLU *parts = curl_url();
    char *scheme = NULL;
    char *host = NULL;
    int rc = OK;
    CURLUcode code = url ? curl_url_set(parts, CURLUPART_URL, url, 0) : CURLUE_MALFORMED_INPUT;
    if (code == CURLUE_OK)
        code = curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0);
    if (code == CURLUE_OK)
        code = curl_url_get(parts, CURLUPART_HOST, &host, 0);
    if (code != CURLUE_OK)
        rc = err_field(err, "url", "the URL cannot be read: %s", curl_url_strerror(code));
    else if (strcmp(scheme, "http") && strcmp(scheme, "https"))
        rc = err_field(err, "url", "only http and https URLs may be called");
    else
        copy_text(host_out, size, host);
    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(parts);
    return rc;
}

static void set_headers(struct request *request, const struct http_client_options *options)
{
    /* No "Expect: 100-continue": it costs a second with servers that do not answer it. */
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    for (int i = 0; i < options->header_count; i++) {
        struct curl_slist *longer = curl_slist_append(list, options->headers[i]);
        REQUIRE(longer);
        list = longer;
    }
    request->headers = list;
    curl_easy_setopt(request->easy, CURLOPT_HTTPHEADER, list);
}

static void set_method(struct request *request, const struct http_client_options *options)
{
    CURL *easy = request->easy;
    bool is_head = !strcmp(options->method, "HEAD");
    bool is_get = !strcmp(options->method, "GET");
    request->is_idempotent = is_head || is_get;
    if (is_head)
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    if (options->body_len > 0 || !(is_head || is_get)) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)options->body_len);
        curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, options->body_len ? options->body : "");
    }
    if (!is_head)
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, options->method);
}

static void set_limits(struct request *request)
{
    CURL *easy = request->easy;
    long timeout_ms = (long)request->timeout_ms;
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    tls_trust_apply(easy);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     timeout_ms < MAX_CONNECT_MS ? timeout_ms : (long)MAX_CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)IDLE_SECONDS);
    curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)request->max_body);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "halligan/" HALLIGAN_VERSION);
}

static void set_callbacks(struct request *request)
{
    CURL *easy = request->easy;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, request);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, request->curl_text);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, request);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_begin);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, request);
}

static void enlist(struct http_client *client, struct request *request)
{
    request->client = client;
    request->id = ++client->last_id;
    request->next = client->requests;
    if (request->next)
        request->next->previous = request;
    client->requests = request;
    client->running++;
    CURLMcode code = curl_multi_add_handle(client->curl.multi, request->easy);
    if (code != CURLM_OK)
        err_set(&request->err, ERR_NETWORK, "curl: %s", curl_multi_strerror(code));
    else if (INJECT("http.connect"))
        err_set(&request->err, ERR_NETWORK, "%s: cannot connect (injected)", request->host);
    if (request->err.code == OK)
        return;
    request->err.retryable = true;
    finish(request);
}

int http_client_start(struct http_client *client, const struct http_client_options *options,
                      http_client_done_fn done, void *arg, uint64_t *id, struct err *err)
{
    char host[128];
    if (check_options(options, err) != OK || check_url(options->url, host, sizeof(host), err) != OK)
        return ERR_INVALID;
    struct request *request = xcalloc(1, sizeof(*request));
    request->easy = curl_easy_init();
    REQUIRE(request->easy);
    request->done = done;
    request->arg = arg;
    request->max_body =
        options->max_response_bytes ? options->max_response_bytes : 16 * 1024 * 1024;
    request->timeout_ms = options->timeout_ms ? options->timeout_ms : DEFAULT_TIMEOUT_MS;
    memcpy(request->host, host, sizeof(host));
    curl_easy_setopt(request->easy, CURLOPT_URL, options->url);
    set_limits(request);
    set_callbacks(request);
    set_headers(request, options);
    set_method(request, options);
    enlist(client, request);
    if (id)
        *id = request->id;
    return OK;
}

void http_client_cancel(struct http_client *client, uint64_t id)
{
    struct request *request = client->requests;
    while (request && request->id != id)
        request = request->next;
    if (!request)
        return;
    err_set(&request->err, ERR_CLOSED, "%s: the request was cancelled", request->host);
    finish(request);
}

int http_client_running(struct http_client *client)
{
    return client->running;
}

/* ---- the client ------------------------------------------------------------------------------ */

struct http_client *http_client_new(struct loop *loop, int max_connections, struct err *err)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        err_set(err, ERR_UNAVAILABLE, "libcurl cannot be initialised");
        return NULL;
    }
    struct http_client *client = xcalloc(1, sizeof(*client));
    curl_loop_init(&client->curl, loop, take_finished, client);
    curl_multi_setopt(client->curl.multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)max_connections);
    return client;
}

void http_client_free(struct http_client *client)
{
    if (!client)
        return;
    while (client->requests)
        http_client_cancel(client, client->requests->id);
    curl_loop_fini(&client->curl);
    free(client);
    curl_global_cleanup();
}
