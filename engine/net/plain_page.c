#include "net/plain_page.h"

#include "base/buf.h"
#include "net/http_server.h"

#include <string.h>

bool plain_page_is_wanted(const struct http_exchange *exchange)
{
    const char *accept = http_header(exchange, "Accept");
    return accept && strstr(accept, "text/html");
}

void plain_page_reply(struct http_exchange *exchange, int status, const char *heading,
                      const char *sentence)
{
    AUTO_BUF struct buf page = BUF_INIT;
    buf_printf(
        &page,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>%s</title></head>"
        "<body style=\"font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto;"
        "padding:0 1rem\"><h1>%d: %s</h1><p>%s</p></body></html>\n",
        heading, status, heading, sentence);
    http_reply(exchange, status, "text/html; charset=utf-8", page.data, page.len);
}
