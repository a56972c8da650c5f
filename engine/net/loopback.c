#include "net/loopback.h"

#include "net/plain_page.h"

#include <string.h>
#include <strings.h>

/* A page of another site can make the browser ask a name that resolves to 127.0.0.1 (DNS
 * rebinding); its Host gives it away. */
static bool is_loopback_host(const char *host)
{
    static const char *const NAMES[] = { "localhost", "127.0.0.1", "[::1]" };
    if (!host)
        return false;
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(*NAMES); i++) {
        size_t len = strlen(NAMES[i]);
        const char *port = host + len;
        if (strncasecmp(host, NAMES[i], len))
            continue;
        if (*port == '\0' || (*port == ':' && strspn(port + 1, "0123456789") == strlen(port + 1)))
            return true;
    }
    return false;
}

/* A proxy on this machine is our peer, and asks for somebody else; most say so. */
static bool is_forwarded(const struct http_exchange *exchange)
{
    return http_header(exchange, "X-Forwarded-For") || http_header(exchange, "Forwarded") ||
           http_header(exchange, "X-Real-IP");
}

bool loopback_is_caller(const struct http_exchange *exchange)
{
    return http_peer_is_loopback(exchange) && is_loopback_host(http_header(exchange, "Host")) &&
           !is_forwarded(exchange);
}

/* NULL when the exchange may see local pages, else the reason why not. */
static const char *objection_to(const struct http_exchange *exchange)
{
    if (!http_server_side_is_loopback(exchange))
        return "This server listens on a public address. Until sign-in exists, its pages are shown "
               "only when it listens on a "
               "loopback address such as 127.0.0.1.";
    if (!http_peer_is_loopback(exchange))
        return "Until sign-in exists, the pages are shown only to the machine that the server runs "
               "on.";
    if (is_forwarded(exchange))
        return "This request came through a proxy. Until sign-in exists, the pages are shown only "
               "to the "
               "machine that the server runs on.";
    if (!is_loopback_host(http_header(exchange, "Host")))
        return "The pages are shown only under the names localhost, 127.0.0.1 and [::1], so that "
               "no other site can read them "
               "through your browser.";
    return NULL;
}

bool loopback_refuses_page(struct http_exchange *exchange)
{
    const char *why = objection_to(exchange);
    if (why)
        plain_page_reply(exchange, 403, "not from here", why);
    return why != NULL;
}
