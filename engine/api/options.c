/* options - OPTIONS of any route: which methods there are, what is read and in which forms it is answered. */
#include "api/api_internal.h"
#include "api/handlers.h"
#include "api/route.h"

static void put_texts(struct json_writer *w, const char *name, const char *const *texts, int count)
{
    json_key(w, name);
    json_array_begin(w);
    for (int i = 0; i < count; i++)
        json_text(w, texts[i]);
    json_array_finish(w);
}

void options_on_request(const struct route_match *match, void *arg)
{
    static const char *const RENDERS[] = { "application/json", "text/csv",
                                           "text/tab-separated-values" };
    static const char *const PARSES[] = { "application/json", "application/x-www-form-urlencoded",
                                          "multipart/form-data" };
    const struct api_route *route = api_route_of(match->route);
    AUTO_BUF struct buf body = BUF_INIT;
    struct json_writer w;
    char allow[128];
    (void)arg;
    route_allow(match, allow, sizeof(allow));
    http_add_header(match->exchange, "Allow", allow);
    json_writer_init(&w, &body);
    json_object_begin(&w);
    json_put_text(&w, "name", route->about);
    json_put_text(&w, "description", "");
    put_texts(&w, "renders", RENDERS, api_route_has_formats(route) ? 3 : 1);
    put_texts(&w, "parses", PARSES, 3);
    json_object_finish(&w);
    http_reply(match->exchange, 200, "application/json", body.data, body.len);
}
