#include "api/fragments.h"

#include "base/map.h"
#include "base/mem.h"
#include "core/query_in.h"
#include "store/db.h"

#include <string.h>

struct fragments {
    const char *sql;
    fragment_fn write;
    struct map *by_id; /* borrowed values */
    struct fragment **list;
    int count, room;
    struct fragment *last; /* neighbours often want the same */
};

struct fragments *fragments_new(const char *sql, fragment_fn write)
{
    struct fragments *fragments = xcalloc(1, sizeof(*fragments));
    fragments->sql = sql;
    fragments->write = write;
    fragments->by_id = map_new(NULL);
    return fragments;
}

void fragments_free(struct fragments *fragments)
{
    if (!fragments)
        return;
    for (int i = 0; i < fragments->count; i++) {
        free(fragments->list[i]->id);
        free(fragments->list[i]->json);
        free(fragments->list[i]);
    }
    free(fragments->list);
    map_free(fragments->by_id);
    free(fragments);
}

struct fragment *fragments_want(struct fragments *fragments, const char *id)
{
    if (fragments->last && !strcmp(fragments->last->id, id))
        return fragments->last;
    struct fragment *fragment = map_get(fragments->by_id, id);
    if (!fragment) {
        fragment = xcalloc(1, sizeof(*fragment));
        fragment->id = xstrdup(id);
        map_put(fragments->by_id, id, fragment);
        if (fragments->count == fragments->room) {
            fragments->room = fragments->room ? fragments->room * 2 : 16;
            fragments->list =
                xrealloc(fragments->list, (size_t)fragments->room * sizeof(*fragments->list));
        }
        fragments->list[fragments->count++] = fragment;
    }
    fragments->last = fragment;
    return fragment;
}

static int load_some(struct fragments *fragments, struct tx *tx, int from, int count,
                     struct err *err)
{
    struct db_value ids[QUERY_IN_MAX];
    for (int i = 0; i < count; i++)
        ids[i] = (struct db_value){ .type = 't', .t = fragments->list[from + i]->id };
    struct stmt *stmt = query_in(tx, err, fragments->sql, "", NULL, 0, ids, count);
    if (!stmt)
        return err->code;
    int rc;
    while ((rc = stmt_next(stmt, err)) == DB_ROW) {
        struct fragment *fragment = map_get(fragments->by_id, stmt_text(stmt, 0));
        if (!fragment || fragment->json)
            continue;
        struct buf text = BUF_INIT;
        struct json_writer w;
        buf_reserve(&text, 512);
        json_writer_init(&w, &text);
        fragments->write(&w, stmt);
        fragment->json = buf_take(&text, &fragment->len);
    }
    stmt_end(stmt);
    return rc;
}

int fragments_load(struct fragments *fragments, struct tx *tx, struct err *err)
{
    int rc = OK;
    for (int at = 0; at < fragments->count && rc == OK; at += QUERY_IN_MAX) {
        int count = fragments->count - at < QUERY_IN_MAX ? fragments->count - at : QUERY_IN_MAX;
        rc = load_some(fragments, tx, at, count, err);
    }
    return rc;
}

void fragment_write(const struct fragment *fragment, struct json_writer *w)
{
    if (fragment->json)
        json_raw(w, fragment->json, fragment->len);
    else
        json_null_value(w);
}
