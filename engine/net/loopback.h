/* loopback - what only this machine may ask for, and how that is told from what other sites and proxies
 * make it ask. */
#pragma once
#include <stdbool.h>

#include "net/http_server.h"

/* The peer is on this machine, asked by a loopback name (localhost, 127.0.0.1, [::1]), and no proxy says that it asks
 * for somebody else. */
bool loopback_is_caller(const struct http_exchange *exchange);
/* True: the exchange may not see a page that is for this machine, and was answered with the reason. */
bool loopback_refuses_page(struct http_exchange *exchange);
