/* websocket_client - the way out: libcurl resolves, connects (through a proxy where the environment names one) and
 * speaks TLS, then hands its connection over; the request to upgrade and its answer are ours (RFC 6455, 4.1).
 * Each connection has a multi handle of its own: in a shared one, libcurl would take a connection on which something
 * has arrived for a dead one and close it.
 * Reading order: websocket_connect, take_connected (libcurl has connected), on_handshake, check_answer. */
#include "base/inject.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "net/curl_loop.h"
#include "net/http_parse.h"
#include "net/tls_trust.h"
#include "net/websocket_internal.h"

#include <ctype.h>
#include <event2/event.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

enum { KEY_BYTES = 16, ANSWER_MOST = 16 * 1024 };

struct client {
    struct curl_loop curl;
    CURL *easy;
    struct event *handshake; /* our request and its answer; NULL before and after */
    curl_socket_t fd;
    struct buf request, answer;
    size_t request_at;
    char key[25];
    char host[128]; /* for messages: the rest of a URL may hold secrets */
    char curl_text[CURL_ERROR_SIZE];
};

/* ---- bytes through libcurl ----------------------------------------------------------------------------------- */

static ssize_t read_curl(struct websocket *websocket, void *data, size_t len)
{
    struct client *client = websocket->role;
    size_t got = 0;
    CURLcode code = curl_easy_recv(client->easy, data, len, &got);
    if (code == CURLE_AGAIN)
        return 0;
    return code == CURLE_OK && got > 0 ? (ssize_t)got : -1;
}

static ssize_t write_curl(struct websocket *websocket, const void *data, size_t len)
{
    struct client *client = websocket->role;
    size_t put = 0;
    CURLcode code = curl_easy_send(client->easy, data, len, &put);
    if (code == CURLE_AGAIN)
        return 0;
    return code == CURLE_OK ? (ssize_t)put : -1;
}

static void close_curl(struct websocket *websocket)
{
    struct client *client = websocket->role;
    if (client->handshake)
        event_free(client->handshake);
    curl_multi_remove_handle(client->curl.multi, client->easy);
    curl_easy_cleanup(client->easy);
    curl_loop_fini(&client->curl);
    buf_fini(&client->request);
    buf_fini(&client->answer);
    free(client);
    websocket->role = NULL;
}

static void fail(struct websocket *websocket, int code, const char *why)
{
    const struct client *client = websocket->role;
    struct err err;
    err_set(&err, code, "%s: %s", client->host, why);
    err.retryable = true;
    websocket_end(websocket, &err);
}

/* ---- the handshake ------------------------------------------------------------------------------------------- */

/* The value of the header <name>, in place and trimmed; NULL when absent. <lines> are NUL-terminated, each after the
 * other, up to <end>. */
static const char *find_field(const char *lines, const char *end, const char *name)
{
    size_t len = strlen(name);
    for (const char *line = lines; line < end; line += strlen(line) + 1)
        if (strncasecmp(line, name, len) == 0 && line[len] == ':')
            return line + len + 1 + strspn(line + len + 1, " \t");
    return NULL;
}

/* Cuts the head into lines without their ends. */
static void cut_lines(char *head, size_t len)
{
    for (char *at = head; at < head + len; at++)
        if (*at == '\r' || *at == '\n')
            *at = '\0';
}

/* NULL, or what is wrong with the head of the answer, which is cut up. */
static const char *check_answer(const struct client *client, char *head, size_t len, char *text,
                                size_t size)
{
    char wanted[29];
    const char *end = head + len;
    cut_lines(head, len);
    if (strncmp(head, "HTTP/1.1 101", strlen("HTTP/1.1 101")) != 0) {
        snprintf(text, size, "refused to upgrade the connection: %.100s", head);
        return text;
    }
    const char *accept = find_field(head, end, "Sec-WebSocket-Accept");
    websocket_accept_value(client->key, wanted);
    if (!websocket_has_word(find_field(head, end, "Upgrade"), "websocket") ||
        !websocket_has_word(find_field(head, end, "Connection"), "upgrade"))
        return "its answer does not upgrade the connection";
    if (!accept || strncmp(accept, wanted, strlen(wanted)) != 0)
        return "its answer is not the one to our request";
    if (find_field(head, end, "Sec-WebSocket-Extensions") ||
        find_field(head, end, "Sec-WebSocket-Protocol"))
        return "it chose an extension or a protocol that was not offered";
    return NULL;
}

/* The head is whole. */
static void end_handshake(struct websocket *websocket, size_t head_len)
{
    struct client *client = websocket->role;
    struct buf *answer = &client->answer;
    char text[160];
    const char *wrong = check_answer(client, answer->data, head_len, text, sizeof(text));
    if (wrong) {
        fail(websocket, ERR_UNAVAILABLE, wrong);
        return;
    }
    event_free(client->handshake);
    client->handshake = NULL;
    websocket_open(websocket, client->fd, true, answer->data + head_len, answer->len - head_len);
    buf_fini(&client->request);
    buf_fini(answer);
}

static void read_answer(struct websocket *websocket)
{
    struct client *client = websocket->role;
    struct buf *answer = &client->answer;
    char chunk[2048];
    size_t scanned = 0;
    size_t head_len = 0;
    ssize_t got;
    while (!head_len && (got = read_curl(websocket, chunk, sizeof(chunk))) != 0) {
        if (got < 0) {
            fail(websocket, ERR_NETWORK, "the connection closed during the handshake");
            return;
        }
        buf_append(answer, chunk, (size_t)got);
        head_len = http_head_length(answer->data, answer->len, &scanned);
        if (!head_len && answer->len > ANSWER_MOST) {
            fail(websocket, ERR_LIMIT, "the head of its answer is too large");
            return;
        }
    }
    if (head_len)
        end_handshake(websocket, head_len);
}

static void watch(struct websocket *websocket, short what);

static void on_handshake(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    struct websocket *websocket = arg;
    struct client *client = websocket->role;
    if (what & EV_READ) {
        read_answer(websocket);
        return;
    }
    ssize_t put = write_curl(websocket, client->request.data + client->request_at,
                             client->request.len - client->request_at);
    if (put < 0) {
        fail(websocket, ERR_NETWORK, "the connection closed during the handshake");
        return;
    }
    client->request_at += (size_t)put;
    if (client->request_at == client->request.len)
        watch(websocket, EV_READ);
}

static void watch(struct websocket *websocket, short what)
{
    struct client *client = websocket->role;
    if (client->handshake)
        event_free(client->handshake);
    client->handshake = event_new(loop_base(websocket->set->loop), client->fd,
                                  (short)(what | EV_PERSIST), on_handshake, websocket);
    REQUIRE(client->handshake && event_add(client->handshake, NULL) == 0);
}

/* ---- libcurl has connected ----------------------------------------------------------------------------------- */

static void finish_connecting(struct websocket *websocket, CURLcode result)
{
    struct client *client = websocket->role;
    const char *text = *client->curl_text ? client->curl_text : curl_easy_strerror(result);
    if (result == CURLE_OK && INJECT("websocket.connect"))
        result = CURLE_COULDNT_CONNECT;
    if (result == CURLE_OK)
        result = curl_easy_getinfo(client->easy, CURLINFO_ACTIVESOCKET, &client->fd);
    if (result != CURLE_OK)
        fail(websocket, ERR_NETWORK, text);
    else
        watch(websocket, EV_WRITE);
}

static void take_connected(void *arg)
{
    struct websocket *websocket = arg;
    struct client *client = websocket->role;
    int left;
    const CURLMsg *message = curl_multi_info_read(client->curl.multi, &left);
    if (message && message->msg == CURLMSG_DONE)
        finish_connecting(websocket, message->data.result);
}

/* ---- starting ------------------------------------------------------------------------------------------------ */

/* What a URL is made of; texts are libcurl's. */
struct target {
    CURLU *url;
    char *whole, *host, *port, *path, *query;
};

static void free_target(struct target *target)
{
    curl_free(target->whole);
    curl_free(target->host);
    curl_free(target->port);
    curl_free(target->path);
    curl_free(target->query);
    curl_url_cleanup(target->url);
}

/* "ws://a/b" as libcurl wants it: "http://a/b". */
static int read_target(const char *url, struct target *out, struct err *err)
{
    bool is_plain = url && strncasecmp(url, "ws://", 5) == 0;
    bool is_tls = url && strncasecmp(url, "wss://", 6) == 0;
    if (!is_plain && !is_tls)
        return err_field(err, "url", "only ws and wss URLs lead to a WebSocket");
    AUTO_FREE char *http = xasprintf("http%s%s", is_tls ? "s" : "", url + (is_tls ? 3 : 2));
    out->url = curl_url();
    CURLUcode code = curl_url_set(out->url, CURLUPART_URL, http, 0);
    if (code == CURLUE_OK)
        code = curl_url_get(out->url, CURLUPART_URL, &out->whole, 0);
    if (code == CURLUE_OK)
        code = curl_url_get(out->url, CURLUPART_HOST, &out->host, 0);
    if (code == CURLUE_OK)
        code = curl_url_get(out->url, CURLUPART_PATH, &out->path, 0);
    (void)curl_url_get(out->url, CURLUPART_PORT, &out->port, 0);
    (void)curl_url_get(out->url, CURLUPART_QUERY, &out->query, 0);
    if (code != CURLUE_OK)
        return err_field(err, "url", "the URL cannot be read: %s", curl_url_strerror(code));
    return OK;
}

static int write_request(struct client *client, const struct target *target,
                         const struct websocket_options *options, struct err *err)
{
    unsigned char nonce[KEY_BYTES];
    REQUIRE(getrandom(nonce, sizeof(nonce), 0) == sizeof(nonce));
    EVP_EncodeBlock((unsigned char *)client->key, nonce, sizeof(nonce));
    buf_printf(&client->request, "GET %s%s%s HTTP/1.1\r\nHost: %s%s%s\r\n", target->path,
               target->query ? "?" : "", target->query ? target->query : "", target->host,
               target->port ? ":" : "", target->port ? target->port : "");
    buf_printf(&client->request,
               "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: %s\r\nUser-Agent: halligan/" HALLIGAN_VERSION "\r\n",
               client->key);
    for (int i = 0; i < options->header_count; i++) {
        const char *header = options->headers[i];
        if (!strchr(header, ':') || header[strcspn(header, "\r\n")])
            return err_field(err, "headers", "header %d is not of the form \"Name: value\"", i + 1);
        buf_printf(&client->request, "%s\r\n", header);
    }
    buf_puts(&client->request, "\r\n");
    return OK;
}

static void set_options(struct client *client, const struct target *target)
{
    CURL *easy = client->easy;
    curl_easy_setopt(easy, CURLOPT_URL, target->whole);
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    /* TLS must not agree on HTTP/2: there is no upgrade in it. */
    curl_easy_setopt(easy, CURLOPT_SSL_ENABLE_ALPN, 0L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, client->curl_text);
    tls_trust_apply(easy);
}

struct websocket *websocket_connect(struct websockets *set, const struct websocket_options *options,
                                    struct err *err)
{
    static const struct websocket_transport CURL_TRANSPORT = { read_curl, write_curl, close_curl };
    struct client *client = xcalloc(1, sizeof(*client));
    struct target target = { 0 };
    if (read_target(options->url, &target, err) != OK ||
        write_request(client, &target, options, err) != OK) {
        free_target(&target);
        buf_fini(&client->request);
        free(client);
        return NULL;
    }
    struct websocket *websocket = websocket_new(set, options, &CURL_TRANSPORT);
    websocket->role = client;
    curl_loop_init(&client->curl, set->loop, take_connected, websocket);
    client->easy = curl_easy_init();
    REQUIRE(client->easy);
    copy_text(client->host, sizeof(client->host), target.host);
    set_options(client, &target);
    REQUIRE(curl_multi_add_handle(client->curl.multi, client->easy) == CURLM_OK);
    free_target(&target);
    return websocket;
}
