/* websocket_server - a request to upgrade becomes a connection: RFC 6455, 4.2. */
#include "base/mem.h"
#include "net/http_internal.h"
#include "net/websocket_internal.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { KEY_LEN = 24 };

void websocket_accept_value(const char *key, char out[29])
{
    static const char GUID[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char digest[SHA_DIGEST_LENGTH];
    char text[KEY_LEN + sizeof(GUID)];
    int len = snprintf(text, sizeof(text), "%.*s%s", KEY_LEN, key, GUID);
    REQUIRE(EVP_Digest(text, (size_t)len, digest, NULL, EVP_sha1(), NULL) == 1);
    EVP_EncodeBlock((unsigned char *)out, digest, sizeof(digest));
}

bool websocket_has_word(const char *value, const char *word)
{
    size_t len = strlen(word);
    while (value && *value) {
        value += strspn(value, ", \t");
        size_t part = strcspn(value, ", \t");
        if (part == len && strncasecmp(value, word, len) == 0)
            return true;
        value += part;
    }
    return false;
}

static ssize_t read_socket(struct websocket *websocket, void *data, size_t len)
{
    ssize_t got;
    do
        got = recv(websocket->fd, data, len, 0);
    while (got < 0 && errno == EINTR);
    if (got > 0)
        return got;
    return got < 0 && errno == EAGAIN ? 0 : -1;
}

static ssize_t write_socket(struct websocket *websocket, const void *data, size_t len)
{
    ssize_t put;
    do
        put = send(websocket->fd, data, len, MSG_NOSIGNAL);
    while (put < 0 && errno == EINTR);
    if (put >= 0)
        return put;
    return errno == EAGAIN ? 0 : -1;
}

static void close_socket(struct websocket *websocket)
{
    close(websocket->fd);
}

static int check_request(const struct http_exchange *exchange, struct err *err)
{
    const char *key = http_header(exchange, "Sec-WebSocket-Key");
    const char *version = http_header(exchange, "Sec-WebSocket-Version");
    const char *why = NULL;
    int status = 400;
    if (strcmp(http_method(exchange), "GET") != 0 || exchange->head.minor < 1)
        why = "An upgrade is a GET of HTTP/1.1.";
    else if (!websocket_has_word(http_header(exchange, "Upgrade"), "websocket") ||
             !websocket_has_word(http_header(exchange, "Connection"), "upgrade")) {
        why = "This address is for WebSocket connections only.";
        status = 426;
    } else if (!version || strcmp(version, "13") != 0) {
        why = "Only version 13 of WebSocket is spoken here.";
        status = 426;
    } else if (!key || strlen(key) != KEY_LEN) {
        why = "Sec-WebSocket-Key is missing or is no key.";
    }
    if (!why)
        return OK;
    err_set(err, ERR_INVALID, "%s", why);
    err->status = status;
    return ERR_INVALID;
}

struct websocket *websocket_accept(struct websockets *set, struct http_exchange *exchange,
                                   const struct websocket_options *options, struct err *err)
{
    static const struct websocket_transport SOCKET = { read_socket, write_socket, close_socket };
    AUTO_BUF struct buf early = BUF_INIT;
    AUTO_BUF struct buf answer = BUF_INIT;
    char accept[29];
    if (check_request(exchange, err) != OK)
        return NULL;
    websocket_accept_value(http_header(exchange, "Sec-WebSocket-Key"), accept);
    buf_printf(&answer,
               "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               "Sec-WebSocket-Accept: %s\r\n\r\n",
               accept);
    int fd = http_take_socket(exchange, &early);
    if (fd < 0) {
        err_set(err, ERR_CLOSED, "the client is gone");
        return NULL;
    }
    struct websocket *websocket = websocket_new(set, options, &SOCKET);
    /* Nothing was sent on it that is not read: 150 bytes fit. A client for whom they do not is gone. */
    bool is_sent = send(fd, answer.data, answer.len, MSG_NOSIGNAL) == (ssize_t)answer.len;
    websocket_open(websocket, fd, false, buf_text(&early), early.len);
    if (!is_sent)
        websocket_abort(websocket);
    return websocket;
}
