/* websocket_set - all connections of one engine: their names, by which a connection is found again after
 * a reload, and what is counted. */
#include "net/websocket_internal.h"

#include "base/mem.h"

#include <string.h>

struct websockets *websockets_new(struct loop *loop)
{
    struct websockets *set = xcalloc(1, sizeof(*set));
    set->loop = loop;
    set->refs = 1;
    LIST_INIT(&set->list);
    return set;
}

void websockets_release(struct websockets *set)
{
    if (--set->refs == 0)
        free(set);
}

static struct websocket *find_named(const struct websockets *set, const char *name)
{
    struct websocket *each;
    LIST_FOREACH(each, &set->list, link)
    if (each->name && strcmp(each->name, name) == 0)
        return each;
    return NULL;
}

struct websocket *websockets_find(struct websockets *set, const char *name)
{
    struct websocket *found = find_named(set, name);
    return found ? websocket_ref(found) : NULL;
}

static void take_name(struct websocket *websocket)
{
    free(websocket->name);
    websocket->name = NULL;
    if (websocket_is_forgotten(websocket))
        websocket_close(websocket, WEBSOCKET_GOING_AWAY, "");
}

void websocket_set_name(struct websocket *websocket, const char *name)
{
    struct websocket *before = name ? find_named(websocket->set, name) : NULL;
    if (before == websocket || websocket->state == WEBSOCKET_CLOSED)
        return;
    if (before)
        take_name(before);
    take_name(websocket);
    websocket->name = name ? xstrdup(name) : NULL;
}

void websockets_stats(const struct websockets *set, struct websockets_stats *out)
{
    *out = set->stats;
}

bool websockets_each_named(const struct websockets *set, const struct websocket **cursor,
                           struct websocket_info *out)
{
    const struct websocket *each = *cursor ? LIST_NEXT(*cursor, link) : LIST_FIRST(&set->list);
    while (each && !each->name)
        each = LIST_NEXT(each, link);
    *cursor = each;
    if (!each)
        return false;
    *out = (struct websocket_info){
        .name = each->name,
        .state = each->state,
        .since_ms = each->since_ms,
        .received = each->received,
        .sent = each->sent,
    };
    return true;
}

void websockets_close_all(struct websockets *set)
{
    struct websocket *each = LIST_FIRST(&set->list);
    while (each) {
        struct websocket *next = LIST_NEXT(each, link);
        websocket_close(each, WEBSOCKET_GOING_AWAY, "");
        each = next;
    }
}

void websockets_free(struct websockets *set)
{
    if (!set)
        return;
    struct err err;
    err_set(&err, ERR_CLOSED, "the engine stops");
    err.retryable = true;
    while (!LIST_EMPTY(&set->list))
        websocket_end(LIST_FIRST(&set->list), &err);
    websockets_release(set);
}
