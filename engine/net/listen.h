/* listen - opens the socket that a server accepts on, and says what is loopback. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct sockaddr;

enum { LISTEN_BACKLOG = 1024 };

struct listen_socket {
    int fd;             /* bound and listening, non-blocking, close-on-exec */
    int port;           /* the real one when 0 was asked for */
    bool is_loopback;   /* reachable from this machine only */
};

/* <address>: "127.0.0.1:8080", "[::1]:8080", "localhost:8080", ":8080" (all addresses).
 * ERR_INVALID when it cannot be read, ERR_CONFLICT when the port is taken. */
int listen_open(const char *address, struct listen_socket *out, struct err *err);

/* 127.0.0.0/8, ::1, and the first mapped into IPv6. */
bool listen_is_loopback(const struct sockaddr *address);
/* "127.0.0.1"; "" when unknown. */
void listen_format_host(const struct sockaddr *address, char *out, size_t size);
