#define _GNU_SOURCE
#include "net/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool listen_is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >> 24 ==
               127;
    if (address->sa_family != AF_INET6)
        return false;
    const struct in6_addr *ip = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(ip) || (IN6_IS_ADDR_V4MAPPED(ip) && ip->s6_addr[12] == 127);
}

void listen_format_host(const struct sockaddr *address, char *out, size_t size)
{
    const void *ip = NULL;
    if (address->sa_family == AF_INET)
        ip = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    else if (address->sa_family == AF_INET6)
        ip = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    if (!ip || !inet_ntop(address->sa_family, ip, out, (socklen_t)size))
        *out = '\0';
}

/* "host:port" or "[host]:port" into its two parts. */
static int split_address(const char *address, char *host, size_t size, const char **port,
                         struct err *err)
{
    const char *colon = strrchr(address, ':');
    const char *begin = address;
    const char *end = colon;
    if (colon && *begin == '[' && end > begin + 1 && end[-1] == ']') {
        begin++;
        end--;
    } else if (colon && memchr(begin, ':', (size_t)(end - begin))) {
        colon = NULL;
    }
    char *rest = NULL;
    long number = colon ? strtol(colon + 1, &rest, 10) : -1;
    if (!colon || !colon[1] || *rest || number < 0 || number > 65535 ||
        (size_t)(end - begin) >= size)
        return err_field(err, "listen",
                         "\"%s\" is not an address like 127.0.0.1:8080 or [::1]:8080", address);
    memcpy(host, begin, (size_t)(end - begin));
    host[end - begin] = '\0';
    *port = colon + 1;
    return OK;
}

static int bind_socket(const struct addrinfo *info, const char *address, struct listen_socket *out,
                       struct err *err)
{
    int on = 1;
    out->fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (out->fd < 0)
        return err_set(err, ERR_NETWORK, "cannot make a socket: %s", strerror(errno));
    /* On the listening socket, because accepted ones inherit it: without it an answer waits up
     * to 40 ms for the client's delayed acknowledgement of the one before. */
    setsockopt(out->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(out->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(out->fd, info->ai_addr, info->ai_addrlen) == 0 && listen(out->fd, LISTEN_BACKLOG) == 0)
        return OK;
    int code = errno == EADDRINUSE ? ERR_CONFLICT : ERR_NETWORK;
    err_set(err, code, "cannot listen on %s: %s", address, strerror(errno));
    close(out->fd);
    out->fd = -1;
    return code;
}

int listen_open(const char *address, struct listen_socket *out, struct err *err)
{
    char host[256];
    const char *port = NULL;
    if (split_address(address, host, sizeof(host), &port, err) != OK)
        return ERR_INVALID;
    struct addrinfo hints = { .ai_family = AF_UNSPEC,
                              .ai_socktype = SOCK_STREAM,
                              .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
    struct addrinfo *found = NULL;
    int failed = getaddrinfo(*host ? host : NULL, port, &hints, &found);
    if (failed)
        return err_field(err, "listen", "\"%s\": %s", address, gai_strerror(failed));
    int rc = bind_socket(found, address, out, err);
    freeaddrinfo(found);
    if (rc != OK)
        return rc;
    struct sockaddr_storage bound = { 0 };
    socklen_t len = sizeof(bound);
    getsockname(out->fd, (struct sockaddr *)&bound, &len);
    out->is_loopback = listen_is_loopback((struct sockaddr *)&bound);
    out->port =
        ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)(void *)&bound)->sin6_port
                                          : ((struct sockaddr_in *)(void *)&bound)->sin_port);
    return OK;
}
