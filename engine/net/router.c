/* Routes are few (some dozens), so a walk over all of them is enough: patterns are cut into
 * segments once, and the first segment that differs ends a comparison. */
#include "net/router.h"

#include "base/mem.h"
#include "net/loopback.h"
#include "net/plain_page.h"

#include <stdio.h>
#include <string.h>

enum { MAX_SEGMENTS = 16 };

struct segment {
    const char *text; /* borrowed from the pattern */
    size_t len;
    char kind; /* '=' literal, ':' anything, '#' digits */
};

struct entry {
    struct route route;    /* first: a route_match points to it; its texts are copies */
    struct router *router; /* NULL once removed */
    int holds;             /* the router's, and one for each kept match */
    struct segment segments[MAX_SEGMENTS];
    int count;
    bool ends_with_slash;
    char *names; /* of the parameters, NUL-terminated one after the other */
};

struct router {
    struct entry **entries;
    int count, room;
    router_gate_fn gate;
    void *gate_arg;
};

struct router *router_new(void)
{
    return xcalloc(1, sizeof(struct router));
}

static void entry_release(struct entry *entry)
{
    if (--entry->holds > 0)
        return;
    free((char *)entry->route.method);
    free((char *)entry->route.pattern);
    free((char *)entry->route.about);
    free(entry->names);
    free(entry);
}

static void entry_remove(struct entry *entry)
{
    entry->router = NULL;
    entry_release(entry);
}

void router_free(struct router *router)
{
    if (!router)
        return;
    for (int i = 0; i < router->count; i++)
        entry_remove(router->entries[i]);
    free(router->entries);
    free(router);
}

/* Cuts "/a/:id#/" into segments; the names of parameters lose their marks. */
static int cut_pattern(struct entry *entry, struct err *err)
{
    const char *pattern = entry->route.pattern;
    const char *at = pattern;
    char *name = entry->names = xcalloc(1, strlen(pattern) + 1);
    int params = 0;
    if (*at != '/')
        return err_set(err, ERR_INVALID, "route \"%s\" does not begin with a slash", pattern);
    while (*at == '/' && at[1]) {
        if (entry->count == MAX_SEGMENTS)
            return err_set(err, ERR_LIMIT, "route \"%s\" has more than %d segments", pattern,
                           MAX_SEGMENTS);
        struct segment *segment = &entry->segments[entry->count++];
        segment->text = at + 1;
        segment->len = strcspn(at + 1, "/");
        segment->kind = '=';
        at += 1 + segment->len;
        if (segment->len == 0 || *segment->text != ':')
            continue;
        if (++params > ROUTE_MAX_PARAMS)
            return err_set(err, ERR_LIMIT, "route \"%s\" has more than %d parameters", pattern,
                           ROUTE_MAX_PARAMS);
        bool is_digits = segment->len > 1 && at[-1] == '#';
        size_t name_len = segment->len - 1 - is_digits;
        if (name_len == 0)
            return err_set(err, ERR_INVALID, "route \"%s\" has a parameter without a name",
                           pattern);
        memcpy(name, segment->text + 1, name_len);
        segment->kind = is_digits ? '#' : ':';
        segment->text = name;
        name += name_len + 1;
    }
    entry->ends_with_slash = *at == '/';
    return OK;
}

/* The same paths: names of parameters do not matter. */
static bool is_same_shape(const struct entry *a, const struct entry *b)
{
    if (a->count != b->count || a->ends_with_slash != b->ends_with_slash)
        return false;
    for (int i = 0; i < a->count; i++) {
        const struct segment *left = &a->segments[i];
        const struct segment *right = &b->segments[i];
        if (left->kind != right->kind)
            return false;
        if (left->kind == '=' &&
            (left->len != right->len || memcmp(left->text, right->text, left->len)))
            return false;
    }
    return true;
}

int router_add(struct router *router, const struct route *route, struct err *err)
{
    if (route->access < ACCESS_PUBLIC || route->access > ACCESS_LOOPBACK)
        return err_set(err, ERR_INVALID, "route \"%s\" declares no access rule", route->pattern);
    struct entry *entry = xcalloc(1, sizeof(*entry));
    entry->holds = 1;
    entry->router = router;
    entry->route = *route;
    entry->route.method = xstrdup(route->method);
    entry->route.pattern = xstrdup(route->pattern);
    entry->route.about = xstrdup(route->about ? route->about : "");
    int rc = cut_pattern(entry, err);
    for (int i = 0; i < router->count && rc == OK; i++) {
        struct entry *other = router->entries[i];
        if (!strcmp(other->route.method, route->method) && is_same_shape(other, entry))
            rc = err_set(err, ERR_CONFLICT, "%s %s is taken by %s", route->method, route->pattern,
                         other->route.pattern);
    }
    if (rc != OK) {
        entry_release(entry);
        return rc;
    }
    if (router->count == router->room) {
        router->room = router->room ? router->room * 2 : 32;
        router->entries =
            xrealloc(router->entries, (size_t)router->room * sizeof(*router->entries));
    }
    router->entries[router->count++] = entry;
    return OK;
}

void router_remove_owner(struct router *router, int owner)
{
    int kept = 0;
    for (int i = 0; i < router->count; i++) {
        if (router->entries[i]->route.owner == owner)
            entry_remove(router->entries[i]);
        else
            router->entries[kept++] = router->entries[i];
    }
    router->count = kept;
}

void router_set_gate(struct router *router, router_gate_fn gate, void *arg)
{
    router->gate = gate;
    router->gate_arg = arg;
}

int router_count(const struct router *router)
{
    return router->count;
}

const struct route *router_at(const struct router *router, int index)
{
    return &router->entries[index]->route;
}

const char *route_param(const struct route_match *match, const char *name)
{
    for (int i = 0; i < match->param_count; i++)
        if (!strcmp(match->params[i].name, name))
            return match->params[i].value;
    return NULL;
}

/* ---- matching -------------------------------------------------------------------------------- */

static bool take_segment(const struct segment *segment, const char *text, size_t len,
                         struct route_match *match)
{
    if (segment->kind == '=')
        return len == segment->len && !memcmp(text, segment->text, len);
    size_t room = sizeof(match->params[0].value);
    if (len == 0 || len >= room || (segment->kind == '#' && strspn(text, "0123456789") < len))
        return false;
    match->params[match->param_count].name = segment->text;
    memcpy(match->params[match->param_count].value, text, len);
    match->params[match->param_count++].value[len] = '\0';
    return true;
}

/* The last segment without the format's name, which becomes a parameter; its own length when there
 * is none. */
static size_t cut_format(const char *text, size_t len, struct route_match *match)
{
    const char *dot = text + len;
    while (dot > text && *dot != '.')
        dot--;
    size_t room = sizeof(match->params[0].value);
    size_t format_len = (size_t)(text + len - dot);
    format_len -= format_len > 0;
    if (dot == text || format_len == 0 || format_len >= room ||
        match->param_count == ROUTE_MAX_PARAMS)
        return len;
    match->params[match->param_count].name = "format";
    memcpy(match->params[match->param_count].value, dot + 1, format_len);
    match->params[match->param_count++].value[format_len] = '\0';
    return (size_t)(dot - text);
}

/* <slash>: as if the path had a slash at its end. */
static bool match_path(const struct entry *entry, const char *path, bool slash,
                       struct route_match *match)
{
    match->param_count = 0;
    for (int i = 0; i < entry->count; i++) {
        if (*path != '/')
            return false;
        size_t len = strcspn(path + 1, "/");
        bool is_last = i + 1 == entry->count && !path[1 + len];
        if (is_last && entry->route.has_formats && !slash) {
            size_t stem = cut_format(path + 1, len, match);
            return stem < len && take_segment(&entry->segments[i], path + 1, stem, match);
        }
        if (!take_segment(&entry->segments[i], path + 1, len, match))
            return false;
        path += 1 + len;
    }
    if (slash)
        return *path == '\0' && entry->ends_with_slash;
    return entry->ends_with_slash ? !strcmp(path, "/") : *path == '\0';
}

static bool answers_method(const struct entry *entry, const char *method)
{
    if (!strcmp(entry->route.method, method))
        return true;
    if (*method == 'H')
        return !strcmp(method, "HEAD") && !strcmp(entry->route.method, "GET");
    return *method == 'O' && !strcmp(method, "OPTIONS") && entry->route.options;
}

/* A literal pattern wins over one with parameters, whichever was added first. */
static int count_params(const struct entry *entry)
{
    int params = 0;
    for (int i = 0; i < entry->count; i++)
        params += entry->segments[i].kind == '=' ? 0 : entry->segments[i].kind == '#' ? 1 : 2;
    return params;
}

static int count_slashes(const char *path)
{
    int count = 0;
    for (; (path = strchr(path, '/')); path++)
        count++;
    return count;
}

static const struct entry *find(const struct router *router, const char *method, const char *path,
                                bool slash, struct route_match *match)
{
    const struct entry *best = NULL;
    int slashes = count_slashes(path);
    for (int i = 0; i < router->count; i++) {
        const struct entry *entry = router->entries[i];
        /* Most differ in this: one before each segment, and perhaps one at the end. */
        if (entry->count != slashes && entry->count + 1 != slashes)
            continue;
        if (!answers_method(entry, method) || !match_path(entry, path, slash, match))
            continue;
        if (!best || count_params(entry) < count_params(best))
            best = entry;
    }
    if (best)
        match_path(best, path, slash, match);
    return best;
}

/* "GET, HEAD, POST" of the routes that match the path; false when none does. */
static bool list_methods(const struct router *router, const char *path, char *out, size_t size)
{
    struct route_match match;
    size_t len = 0;
    bool has_options = false;
    *out = '\0';
    for (int i = 0; i < router->count; i++) {
        const struct entry *entry = router->entries[i];
        if (!match_path(entry, path, false, &match) || strstr(out, entry->route.method))
            continue;
        has_options |= entry->route.options != NULL;
        bool has_head = !strcmp(entry->route.method, "GET");
        len += (size_t)snprintf(out + len, size - len, "%s%s%s", len ? ", " : "",
                                entry->route.method, has_head ? ", HEAD" : "");
        if (len >= size)
            return true;
    }
    if (has_options)
        snprintf(out + len, size - len, ", OPTIONS");
    return *out;
}

void route_allow(const struct route_match *match, char *out, size_t size)
{
    *out = '\0';
    if (match->router)
        list_methods(match->router, http_path(match->exchange), out, size);
}

/* ---- access ---------------------------------------------------------------------------------- */

struct route_match *route_match_keep(const struct route_match *match)
{
    struct route_match *kept = xmalloc(sizeof(*kept));
    *kept = *match;
    ((struct entry *)(void *)match->route)->holds++;
    return kept;
}

void route_match_release(struct route_match *match)
{
    entry_release((struct entry *)(void *)match->route);
    free(match);
}

static void call(const struct route_match *match)
{
    const struct route *route = match->route;
    bool asks_options = route->options && !strcmp(http_method(match->exchange), "OPTIONS");
    (asks_options ? route->options : route->handler)(match, route->arg);
}

void router_continue(const struct route_match *match)
{
    const struct entry *entry = (const void *)match->route;
    if (entry->router) {
        call(match);
        return;
    }
    /* A reload replaced the route while the gate was asking: the successor answers, if it has
     * the same rule. */
    const struct route *route = &entry->route;
    struct http_exchange *exchange = match->exchange;
    struct route_match again = { .exchange = exchange };
    const struct entry *successor = match->router ? find(match->router, http_method(exchange),
                                                         http_path(exchange), false, &again)
                                                  : NULL;
    if (!successor || successor->route.access != route->access) {
        http_reply_error(exchange, 404, "not_found", "Not found.", NULL);
        return;
    }
    again.route = &successor->route;
    again.router = match->router;
    call(&again);
}

static void enter(const struct router *router, const struct route_match *match)
{
    const struct route *route = match->route;
    if (route->is_open && route->is_open(match->exchange, route->arg)) {
        router_continue(match);
        return;
    }
    switch (route->access) {
    case ACCESS_PUBLIC:
    case ACCESS_SIGNED:
        router_continue(match);
        return;
    case ACCESS_LOOPBACK:
        if (!loopback_refuses_page(match->exchange))
            router_continue(match);
        return;
    case ACCESS_KEY_READ:
    case ACCESS_KEY_WRITE:
    case ACCESS_KEY_ADMIN:
        if (router->gate) {
            router->gate(match, router->gate_arg);
            return;
        }
        break;
    }
    http_reply_error(match->exchange, 403, "permission_denied", "Nobody may call this yet.", NULL);
}

/* ---- no route -------------------------------------------------------------------------------- */

static void redirect_to_slash(struct http_exchange *exchange)
{
    AUTO_BUF struct buf location = BUF_INIT;
    const char *query = http_query(exchange);
    for (const char *at = http_path(exchange); *at; at++) {
        /* The path is decoded: encode again what may not stand in a header or would change its
         * meaning. */
        if ((unsigned char)*at <= ' ' || (unsigned char)*at >= 0x7f || strchr("%?#\"<>\\", *at))
            buf_printf(&location, "%%%02X", (unsigned char)*at);
        else
            buf_putc(&location, *at);
    }
    buf_printf(&location, "/%s%s", *query ? "?" : "", query);
    http_add_header(exchange, "Location", location.data);
    http_reply(exchange, 301, "text/plain; charset=utf-8", "", 0);
}

static void refuse_unknown(const struct router *router, struct http_exchange *exchange)
{
    struct route_match match;
    char allow[128];
    const char *method = http_method(exchange);
    const char *path = http_path(exchange);
    bool is_get = !strcmp(method, "GET") || !strcmp(method, "HEAD");
    /* "//host" as a Location would lead to another site. */
    bool may_redirect = is_get && strncmp(path, "//", 2) && find(router, "GET", path, true, &match);
    if (may_redirect && !list_methods(router, path, allow, sizeof(allow))) {
        redirect_to_slash(exchange);
    } else if (list_methods(router, path, allow, sizeof(allow))) {
        char detail[64];
        snprintf(detail, sizeof(detail), "Method \"%.32s\" not allowed.", method);
        http_add_header(exchange, "Allow", allow);
        http_reply_error(exchange, 405, "method_not_allowed", detail, NULL);
    } else if (plain_page_is_wanted(exchange)) {
        plain_page_reply(exchange, 404, "not found",
                         "There is no such page. <a href=\"/\">The incidents in progress</a>");
    } else {
        http_reply_error(exchange, 404, "not_found", "Not found.", NULL);
    }
}

void router_handle(struct http_exchange *exchange, void *arg)
{
    const struct router *router = arg;
    struct route_match match;
    const struct entry *entry =
        find(router, http_method(exchange), http_path(exchange), false, &match);
    if (!entry) {
        refuse_unknown(router, exchange);
        return;
    }
    match.exchange = exchange;
    match.router = router;
    match.route = &entry->route;
    http_set_route(exchange, entry->route.pattern);
    enter(router, &match);
}
