#include "core/people_set.h"

#include "base/map.h"
#include "base/mem.h"
#include "core/query_in.h"
#include "store/db.h"

#include <string.h>

/* Only active accounts: the others cannot be reached. */
static const char SELECT_PEOPLE[] =
    "SELECT u.id, u.username, u.email, u.name, u.avatar, u.is_bot, u.is_active,"
    " a.platform, a.external_id, a.handle, a.image"
    " FROM person u LEFT JOIN account a ON a.person_id = u.id AND a.is_active = 1 WHERE u.id";

enum { ID, USERNAME, EMAIL, NAME, AVATAR, IS_BOT, IS_ACTIVE, PLATFORM, EXTERNAL_ID, HANDLE, IMAGE };

struct people_set {
    struct map *by_id; /* person id -> its JSON text, "" while not loaded */
};

struct people_set *people_set_new(void)
{
    struct people_set *set = xmalloc(sizeof(*set));
    set->by_id = map_new(free);
    return set;
}

void people_set_free(struct people_set *set)
{
    if (!set)
        return;
    map_free(set->by_id);
    free(set);
}

void people_set_want(struct people_set *set, const char *person_id)
{
    if (person_id && !map_get(set->by_id, person_id))
        map_put(set->by_id, person_id, xstrdup(""));
}

static void write_account(struct json_writer *w, struct stmt *stmt)
{
    json_key(w, stmt_text(stmt, PLATFORM));
    json_object_begin(w);
    json_put_text(w, "external_id", stmt_text(stmt, EXTERNAL_ID));
    json_put_text(w, "handle", stmt_text(stmt, HANDLE));
    json_put_text(w, "image", stmt_text(stmt, IMAGE));
    json_object_finish(w);
}

static void begin_person(struct json_writer *w, struct stmt *stmt)
{
    json_object_begin(w);
    json_put_text(w, "id", stmt_text(stmt, ID));
    json_put_text(w, "username", stmt_text(stmt, USERNAME));
    json_put_text(w, "email", stmt_text(stmt, EMAIL));
    json_put_text(w, "name", stmt_text(stmt, NAME));
    json_put_text(w, "avatar", stmt_text(stmt, AVATAR));
    json_put_bool(w, "is_bot", stmt_int(stmt, IS_BOT));
    json_put_bool(w, "is_active", stmt_int(stmt, IS_ACTIVE));
    json_key(w, "accounts");
    json_object_begin(w);
}

/* The rows of one person follow each other. */
static int read_people(struct people_set *set, struct stmt *stmt, struct err *err)
{
    AUTO_FREE char *id = NULL;
    AUTO_BUF struct buf text = BUF_INIT;
    struct json_writer w;
    int rc;
    while ((rc = stmt_next(stmt, err)) == DB_ROW || (rc == DB_DONE && id)) {
        bool is_same = rc == DB_ROW && id && strcmp(id, stmt_text(stmt, ID)) == 0;
        if (id && !is_same) {
            json_object_finish(&w);
            json_object_finish(&w);
            map_put(set->by_id, id, buf_take(&text, NULL));
            free(id);
            id = NULL;
        }
        if (rc == DB_DONE)
            break;
        if (!is_same) {
            id = xstrdup(stmt_text(stmt, ID));
            json_writer_init(&w, &text);
            begin_person(&w, stmt);
        }
        if (!stmt_is_null(stmt, PLATFORM))
            write_account(&w, stmt);
    }
    stmt_end(stmt);
    return rc;
}

static int load_chunk(struct people_set *set, struct tx *tx, const struct db_value *ids, int count,
                      struct err *err)
{
    struct stmt *stmt =
        query_in(tx, err, SELECT_PEOPLE, count > 1 ? "ORDER BY u.id" : "", NULL, 0, ids, count);
    return stmt ? read_people(set, stmt, err) : err->code;
}

int people_set_load(struct people_set *set, struct tx *tx, struct err *err)
{
    size_t total = map_count(set->by_id);
    if (total == 0)
        return OK;
    AUTO_FREE struct db_value *ids = xcalloc(total, sizeof(*ids));
    size_t cursor = 0;
    size_t count = 0;
    const char *id;
    while (map_each(set->by_id, &cursor, &id, NULL))
        ids[count++] = (struct db_value){ .type = 't', .t = id };
    int rc = OK;
    /* The keys stay where they are: a known key's value is replaced in place. */
    for (size_t at = 0; at < count && rc == OK; at += QUERY_IN_MAX) {
        size_t left = count - at;
        rc = load_chunk(set, tx, ids + at, (int)(left < QUERY_IN_MAX ? left : QUERY_IN_MAX), err);
    }
    return rc;
}

int people_set_load_rows(struct people_set *set, struct tx *tx, struct stmt *stmt, struct err *err)
{
    if (!stmt)
        return err->code;
    int rc;
    while ((rc = stmt_next(stmt, err)) == DB_ROW)
        people_set_want(set, stmt_text(stmt, 0));
    stmt_end(stmt);
    return rc < 0 ? rc : people_set_load(set, tx, err);
}

void people_set_write(const struct people_set *set, struct json_writer *w, const char *person_id)
{
    const char *json = person_id ? map_get(set->by_id, person_id) : NULL;
    if (json && *json)
        json_raw(w, json, strlen(json));
    else
        json_null_value(w);
}

int person_write(struct tx *tx, struct json_writer *w, const char *person_id, struct err *err)
{
    AUTO_PEOPLE_SET struct people_set *set = people_set_new();
    people_set_want(set, person_id);
    int rc = people_set_load(set, tx, err);
    if (rc == OK)
        people_set_write(set, w, person_id);
    return rc;
}
