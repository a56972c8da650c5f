/* Read reconcile_places() first. A "place" is a conversation or a user group: the two differ only
 * in their statements. */
#include "core/reference_chat.h"

#include "base/clock.h"
#include "base/mem.h"
#include "core/ids.h"
#include "core/op.h"
#include "store/db.h"

#include <stdio.h>
#include <string.h>

enum { PLACES_MAX = 10000, CATEGORIES_MAX = 1000, PLACE_ID_SIZE = 65, TAG_MAX = 80 };

static const char FIND_CATEGORY[] =
    "SELECT c.id FROM category c JOIN category_group g ON g.id = c.group_id"
    " WHERE c.is_active = 1 AND (c.name = ? OR g.name || '/' || c.name = ?) ORDER BY c.id";

static const char CONVERSATION_DECLARED[] = "SELECT id FROM conversation WHERE is_declared = 1";
static const char CONVERSATION_FIND[] =
    "SELECT id, tag, name, is_declared FROM conversation WHERE platform = ? AND external_id = ?";
static const char CONVERSATION_INSERT[] =
    "INSERT INTO conversation (id, platform, external_id, name, tag, status, is_declared,"
    " created_at_ms, updated_at_ms) VALUES (?, ?, ?, COALESCE(?, ''), ?, 'opened', 1, ?, ?)";
static const char CONVERSATION_UPDATE[] =
    "UPDATE conversation SET name = COALESCE(?, name), tag = ?, is_declared = 1, updated_at_ms ="
    " ? WHERE id = ?";
static const char CONVERSATION_CLEAR_TAG[] = "UPDATE conversation SET tag = NULL WHERE id = ?";
static const char CONVERSATION_RETIRE[] =
    "UPDATE conversation SET is_declared = 0, tag = NULL, updated_at_ms = ? WHERE id = ?";
static const char CONVERSATION_LINKS[] =
    "SELECT category_id FROM conversation_category WHERE conversation_id = ? ORDER BY category_id";
static const char CONVERSATION_UNLINK[] =
    "DELETE FROM conversation_category WHERE conversation_id = ?";
static const char CONVERSATION_LINK[] =
    "INSERT INTO conversation_category (conversation_id, category_id) VALUES (?, ?)";

static const char USERGROUP_DECLARED[] = "SELECT id FROM usergroup WHERE is_declared = 1";
static const char USERGROUP_FIND[] =
    "SELECT id, tag, name, is_declared FROM usergroup WHERE platform = ? AND external_id = ?";
static const char USERGROUP_FIND_HANDLE[] =
    "SELECT id, tag, name, is_declared FROM usergroup WHERE platform = ? AND handle = ?";
static const char USERGROUP_INSERT[] =
    "INSERT INTO usergroup (id, platform, external_id, name, handle, tag, is_declared,"
    " created_at_ms, updated_at_ms) VALUES (?, ?, ?, COALESCE(?, ''), COALESCE(?, ''), ?, 1, ?,"
    " ?)";
static const char USERGROUP_UPDATE[] =
    "UPDATE usergroup SET name = COALESCE(?, name), tag = ?, is_declared = 1, is_active = 1,"
    " updated_at_ms = ? WHERE id = ?";
static const char USERGROUP_CLEAR_TAG[] = "UPDATE usergroup SET tag = NULL WHERE id = ?";
static const char USERGROUP_RETIRE[] =
    "UPDATE usergroup SET is_declared = 0, is_active = 0, tag = NULL, updated_at_ms = ? WHERE id"
    " = ?";
static const char USERGROUP_LINKS[] =
    "SELECT category_id FROM usergroup_category WHERE usergroup_id = ? ORDER BY category_id";
static const char USERGROUP_UNLINK[] = "DELETE FROM usergroup_category WHERE usergroup_id = ?";
static const char USERGROUP_LINK[] =
    "INSERT INTO usergroup_category (usergroup_id, category_id) VALUES (?, ?)";

/* The statements of one of the two tables. */
struct place_kind {
    const char *key; /* the argument, and the seed of the ids */
    const char *declared, *find, *find_handle, *insert, *update, *clear_tag, *retire, *links,
        *unlink, *link;
    /* May be declared by handle alone; the platform's id is filled by a synchronisation. */
    bool has_handles;
    bool has_unique_tags;
};

static const struct place_kind CONVERSATIONS = {
    .key = "conversations",
    .declared = CONVERSATION_DECLARED,
    .find = CONVERSATION_FIND,
    .insert = CONVERSATION_INSERT,
    .update = CONVERSATION_UPDATE,
    .clear_tag = CONVERSATION_CLEAR_TAG,
    .retire = CONVERSATION_RETIRE,
    .links = CONVERSATION_LINKS,
    .unlink = CONVERSATION_UNLINK,
    .link = CONVERSATION_LINK,
    .has_unique_tags = true,
};
static const struct place_kind USERGROUPS = {
    .key = "usergroups",
    .declared = USERGROUP_DECLARED,
    .find = USERGROUP_FIND,
    .find_handle = USERGROUP_FIND_HANDLE,
    .insert = USERGROUP_INSERT,
    .update = USERGROUP_UPDATE,
    .clear_tag = USERGROUP_CLEAR_TAG,
    .retire = USERGROUP_RETIRE,
    .links = USERGROUP_LINKS,
    .unlink = USERGROUP_UNLINK,
    .link = USERGROUP_LINK,
    .has_handles = true,
};

/* One declared conversation or user group. Texts are borrowed from the arguments. */
struct place {
    struct text platform, external_id, handle, name, tag;
    json_t *categories;       /* owned; ids, sorted, each once */
    char id[PLACE_ID_SIZE];   /* "" while the store has none */
    bool is_changed, has_tag; /* compared with the store */
};

struct places {
    struct tx *tx;
    const struct args *args;
    const struct place_kind *kind;
    struct place *items;
    size_t count;
};

/* ---- reading */

static int compare_ids(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorts the ids and drops repetitions. */
static json_t *sorted_ids(json_t *ids)
{
    size_t count = json_array_size(ids);
    AUTO_FREE const char **texts = xcalloc(count ? count : 1, sizeof(*texts));
    for (size_t i = 0; i < count; i++)
        texts[i] = json_string_value(json_array_get(ids, i));
    qsort(texts, count, sizeof(*texts), compare_ids);
    json_t *sorted = json_array();
    for (size_t i = 0; i < count; i++)
        if (i == 0 || strcmp(texts[i], texts[i - 1]) != 0)
            json_array_append_new(sorted, json_string(texts[i]));
    return sorted;
}

static int find_category(struct places *places, const struct args *row, struct text name,
                         json_t *ids)
{
    struct stmt *stmt =
        tx_query(places->tx, row->err, FIND_CATEGORY, "nn", name.at, name.len, name.at, name.len);
    if (!stmt)
        return row->err->code;
    int found = 0;
    int rc;
    while ((rc = stmt_next(stmt, row->err)) == DB_ROW) {
        json_array_append_new(ids, json_string(stmt_text(stmt, 0)));
        found++;
    }
    stmt_end(stmt);
    if (rc == OK && found == 0)
        return args_fail(row, "categories", "there is no category \"%.*s\"", (int)name.len,
                         name.at);
    if (rc == OK && found > 1)
        return args_fail(row, "categories",
                         "several categories are called \"%.*s\"; write \"group/category\"",
                         (int)name.len, name.at);
    return rc;
}

static int read_categories(struct places *places, const struct args *row, struct place *place)
{
    json_t *names = NULL;
    AUTO_JSON json_t *ids = json_array();
    int rc = args_array_optional(row, "categories", CATEGORIES_MAX, &names);
    size_t index;
    json_t *item;
    json_array_foreach (names, index, item) {
        struct text name;
        if (rc != OK || (rc = args_check_text(item, "categories", row->err, 1, 300, &name)) != OK)
            break;
        rc = find_category(places, row, name, ids);
    }
    place->categories = sorted_ids(ids);
    return rc;
}

static int read_external_id(const struct args *row, struct place *place)
{
    int rc = args_text_optional(row, "external_id", 1, 128, &place->external_id);
    return rc == OK && !place->external_id.at
               ? args_text_optional(row, "id", 1, 128, &place->external_id)
               : rc;
}

static int read_place(struct places *places, const struct args *row, struct place *place)
{
    int rc = args_row_refuse_unknown(row, "platform", "id", "external_id", "handle", "name", "tag",
                                     "categories");
    if (rc != OK || (rc = args_text(row, "platform", 1, 40, &place->platform)) != OK ||
        (rc = read_external_id(row, place)) != OK ||
        (rc = args_text_optional(row, "handle", 1, 80, &place->handle)) != OK ||
        (rc = args_text_optional(row, "name", 1, 200, &place->name)) != OK ||
        (rc = args_text_optional(row, "tag", 1, TAG_MAX, &place->tag)) != OK ||
        (rc = read_categories(places, row, place)) != OK)
        return rc;
    if (place->handle.at && !places->kind->has_handles)
        return args_fail(row, "handle", "a conversation has no handle");
    if (place->handle.at && *place->handle.at == '@')
        place->handle = (struct text){ .at = place->handle.at + 1, .len = place->handle.len - 1 };
    if (!place->external_id.at && place->handle.len == 0)
        return args_fail(row, "id",
                         places->kind->has_handles ? "id or handle is required" : "id is required");
    return OK;
}

static bool is_same_text(struct text a, struct text b)
{
    return a.at && b.at && a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

static int check_twice(const struct places *places, const struct args *row,
                       const struct place *place)
{
    for (const struct place *other = places->items; other < place; other++) {
        if (places->kind->has_unique_tags && is_same_text(other->tag, place->tag))
            return args_fail(row, "tag", "the tag \"%.*s\" is used twice", (int)place->tag.len,
                             place->tag.at);
        if (!is_same_text(other->platform, place->platform))
            continue;
        if (is_same_text(other->external_id, place->external_id))
            return args_fail(row, "id", "\"%.*s\" is declared twice", (int)place->external_id.len,
                             place->external_id.at);
        if (is_same_text(other->handle, place->handle))
            return args_fail(row, "handle", "\"%.*s\" is declared twice", (int)place->handle.len,
                             place->handle.at);
    }
    return OK;
}

static int read_places(struct places *places, json_t *rows)
{
    places->items = xcalloc(json_array_size(rows) + 1, sizeof(*places->items));
    size_t index;
    json_t *item;
    json_array_foreach (rows, index, item) {
        struct args row;
        struct place *place = &places->items[places->count++];
        int rc = args_enter(places->args, places->kind->key, (int)index, item, &row);
        if (rc == OK)
            rc = read_place(places, &row, place);
        if (rc == OK)
            rc = check_twice(places, &row, place);
        if (rc != OK)
            return rc;
    }
    return OK;
}

/* ---- comparing */

static bool is_text_or_null(struct text text, const char *stored)
{
    return stored ? text_is(text, stored) : !text.at;
}

static int take_stored(struct places *places, struct stmt *stmt, struct place *place)
{
    if (!stmt)
        return places->args->err->code;
    int rc = stmt_next(stmt, places->args->err);
    if (rc == DB_ROW) {
        copy_text(place->id, sizeof(place->id), stmt_text(stmt, 0));
        place->has_tag = !stmt_is_null(stmt, 1);
        place->is_changed = !is_text_or_null(place->tag, stmt_text(stmt, 1)) ||
                            !stmt_int(stmt, 3) ||
                            (place->name.at && !text_is(place->name, stmt_text(stmt, 2)));
    }
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

static int compare_links(struct places *places, struct place *place)
{
    struct err *err = places->args->err;
    struct stmt *stmt = tx_query(places->tx, err, places->kind->links, "t", place->id);
    if (!stmt)
        return err->code;
    size_t count = 0;
    int rc;
    while ((rc = stmt_next(stmt, err)) == DB_ROW) {
        const char *wanted = json_string_value(json_array_get(place->categories, count++));
        place->is_changed |= !wanted || strcmp(wanted, stmt_text(stmt, 0)) != 0;
    }
    stmt_end(stmt);
    place->is_changed |= count != json_array_size(place->categories);
    return rc;
}

static int compare(struct places *places, struct place *place)
{
    struct err *err = places->args->err;
    int rc = OK;
    if (place->external_id.at)
        rc = take_stored(places,
                         tx_query(places->tx, err, places->kind->find, "nn", place->platform.at,
                                  place->platform.len, place->external_id.at,
                                  place->external_id.len),
                         place);
    if (rc == OK && !place->id[0] && place->handle.at)
        rc = take_stored(places,
                         tx_query(places->tx, err, places->kind->find_handle, "nn",
                                  place->platform.at, place->platform.len, place->handle.at,
                                  place->handle.len),
                         place);
    return rc == OK && place->id[0] ? compare_links(places, place) : rc;
}

/* ---- writing */

static bool is_declared(const struct places *places, const char *id)
{
    for (size_t i = 0; i < places->count; i++)
        if (strcmp(places->items[i].id, id) == 0)
            return true;
    return false;
}

static int retire(struct places *places, const char *id)
{
    int rc = tx_exec(places->tx, places->args->err, places->kind->retire, "it", clock_now_ms(), id);
    if (rc >= 0)
        rc = tx_exec(places->tx, places->args->err, places->kind->unlink, "t", id);
    return rc < 0 ? rc : OK;
}

static int retire_undeclared(struct places *places, int64_t *changes)
{
    struct err *err = places->args->err;
    struct stmt *stmt = tx_query(places->tx, err, places->kind->declared, "");
    if (!stmt)
        return err->code;
    AUTO_JSON json_t *gone = json_array();
    int rc;
    while ((rc = stmt_next(stmt, err)) == DB_ROW)
        if (!is_declared(places, stmt_text(stmt, 0)))
            json_array_append_new(gone, json_string(stmt_text(stmt, 0)));
    stmt_end(stmt);
    for (size_t i = 0; i < json_array_size(gone) && rc == OK; i++) {
        rc = retire(places, json_string_value(json_array_get(gone, i)));
        ++*changes;
    }
    return rc;
}

static int insert_conversation(struct places *places, const struct place *place)
{
    int64_t now_ms = clock_now_ms();
    return tx_exec(places->tx, places->args->err, CONVERSATION_INSERT, "tnnnnii", place->id,
                   place->platform.at, place->platform.len, place->external_id.at,
                   place->external_id.len, place->name.at, place->name.len, place->tag.at,
                   place->tag.len, now_ms, now_ms);
}

static int insert_usergroup(struct places *places, const struct place *place)
{
    int64_t now_ms = clock_now_ms();
    return tx_exec(places->tx, places->args->err, USERGROUP_INSERT, "tnnnnnii", place->id,
                   place->platform.at, place->platform.len, place->external_id.at,
                   place->external_id.len, place->name.at, place->name.len, place->handle.at,
                   place->handle.len, place->tag.at, place->tag.len, now_ms, now_ms);
}

static int insert_place(struct places *places, struct place *place)
{
    char key[300];
    struct text own = place->external_id.at ? place->external_id : place->handle;
    snprintf(key, sizeof(key), "%.*s/%.*s", (int)place->platform.len, place->platform.at,
             (int)own.len, own.at);
    id_from_key(places->kind->key, key, place->id);
    int rc = places->kind->has_handles ? insert_usergroup(places, place)
                                       : insert_conversation(places, place);
    return rc < 0 ? rc : OK;
}

static int write_links(struct places *places, const struct place *place)
{
    int rc = tx_exec(places->tx, places->args->err, places->kind->unlink, "t", place->id);
    for (size_t i = 0; i < json_array_size(place->categories) && rc >= 0; i++)
        rc = tx_exec(places->tx, places->args->err, places->kind->link, "tt", place->id,
                     json_string_value(json_array_get(place->categories, i)));
    return rc < 0 ? rc : OK;
}

static int write_place(struct places *places, struct place *place)
{
    int rc;
    if (place->id[0])
        rc = tx_exec(places->tx, places->args->err, places->kind->update, "nnit", place->name.at,
                     place->name.len, place->tag.at, place->tag.len, clock_now_ms(), place->id);
    else
        rc = insert_place(places, place);
    return rc < 0 ? rc : write_links(places, place);
}

/* Tags may move from one row to another: all that change are taken off before any is put on. */
static int write_places(struct places *places, int64_t *changes)
{
    int rc = OK;
    for (size_t i = 0; i < places->count && rc >= 0; i++) {
        struct place *place = &places->items[i];
        if (place->id[0] && place->is_changed && place->has_tag)
            rc = tx_exec(places->tx, places->args->err, places->kind->clear_tag, "t", place->id);
    }
    for (size_t i = 0; i < places->count && rc >= 0; i++) {
        struct place *place = &places->items[i];
        if (place->id[0] && !place->is_changed)
            continue;
        rc = write_place(places, place);
        ++*changes;
    }
    return rc < 0 ? rc : OK;
}

static int reconcile_places(struct places *places, int64_t *changes)
{
    json_t *rows = NULL;
    if (!args_has(places->args, places->kind->key))
        return OK;
    int rc = args_array_optional(places->args, places->kind->key, PLACES_MAX, &rows);
    if (rc == OK)
        rc = read_places(places, rows);
    for (size_t i = 0; i < places->count && rc == OK; i++)
        rc = compare(places, &places->items[i]);
    if (rc == OK)
        rc = retire_undeclared(places, changes);
    if (rc == OK)
        rc = write_places(places, changes);
    for (size_t i = 0; i < places->count; i++)
        json_decref(places->items[i].categories);
    free(places->items);
    return rc;
}

int reference_chat_reconcile(struct tx *tx, const struct args *args, int64_t *changes)
{
    struct places conversations = { .tx = tx, .args = args, .kind = &CONVERSATIONS };
    struct places usergroups = { .tx = tx, .args = args, .kind = &USERGROUPS };
    int rc = reconcile_places(&conversations, changes);
    return rc == OK ? reconcile_places(&usergroups, changes) : rc;
}
