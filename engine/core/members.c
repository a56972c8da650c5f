#include "core/members.h"

#include "base/map.h"
#include "core/people.h"
#include "store/db.h"

#include <string.h>

enum { MEMBERS_MAX = 200000 };

static const char CONVERSATION_SELECT[] =
    "SELECT person_id FROM conversation_member WHERE conversation_id = ?";
static const char CONVERSATION_ADD[] =
    "INSERT INTO conversation_member (conversation_id, person_id) SELECT ?, id FROM person WHERE"
    " id = ? ON CONFLICT DO NOTHING";
static const char CONVERSATION_REMOVE[] =
    "DELETE FROM conversation_member WHERE conversation_id = ? AND person_id = ?";
static const char USERGROUP_SELECT[] =
    "SELECT person_id FROM usergroup_member WHERE usergroup_id = ?";
static const char USERGROUP_ADD[] =
    "INSERT INTO usergroup_member (usergroup_id, person_id) SELECT ?, id FROM person WHERE id = ?"
    " ON CONFLICT DO NOTHING";
static const char USERGROUP_REMOVE[] =
    "DELETE FROM usergroup_member WHERE usergroup_id = ? AND person_id = ?";

const struct members_table CONVERSATION_MEMBERS = { CONVERSATION_SELECT, CONVERSATION_ADD,
                                                    CONVERSATION_REMOVE };
const struct members_table USERGROUP_MEMBERS = { USERGROUP_SELECT, USERGROUP_ADD,
                                                 USERGROUP_REMOVE };

/* What is known of a person during the comparison. */
static char IS_MEMBER[] = "member";
static char IS_WANTED[] = "wanted";

static int read_members(struct tx *tx, const struct members_table *table, const char *owner,
                        struct map *people, struct err *err)
{
    struct stmt *stmt = tx_query(tx, err, table->select, "t", owner);
    if (!stmt)
        return err->code;
    int rc;
    while ((rc = stmt_next(stmt, err)) == DB_ROW)
        map_put(people, stmt_text(stmt, 0), IS_MEMBER);
    stmt_end(stmt);
    return rc;
}

/* Adds one person, or marks a member as wanted. */
static int want(struct tx *tx, const struct members_table *table, const char *owner,
                const struct args *args, const char *key, json_t *item, struct map *people,
                int64_t *added)
{
    struct text id;
    int rc = args_check_text(item, key, args->err, 1, PERSON_ID_SIZE - 1, &id);
    if (rc != OK)
        return rc;
    AUTO_FREE char *person_id = text_dup(id);
    const char *known = map_get(people, person_id);
    map_put(people, person_id, IS_WANTED);
    if (known)
        return OK;
    rc = tx_exec(tx, args->err, table->add, "tt", owner, person_id);
    *added += rc > 0;
    return rc < 0 ? rc : OK;
}

static int remove_unwanted(struct tx *tx, const struct members_table *table, const char *owner,
                           const struct map *people, int64_t *removed, struct err *err)
{
    size_t cursor = 0;
    const char *person_id;
    void *mark;
    while (map_each(people, &cursor, &person_id, &mark)) {
        if (mark != IS_MEMBER)
            continue;
        int rc = tx_exec(tx, err, table->remove, "tt", owner, person_id);
        if (rc < 0)
            return rc;
        *removed += rc;
    }
    return OK;
}

int members_replace(struct tx *tx, const struct members_table *table, const char *owner,
                    const struct args *args, const char *key, int64_t *added, int64_t *removed)
{
    json_t *list;
    *added = 0;
    *removed = 0;
    int rc = args_array(args, key, MEMBERS_MAX, &list);
    if (rc != OK)
        return rc;
    struct map *people = map_new(NULL);
    rc = read_members(tx, table, owner, people, args->err);
    size_t index;
    json_t *item;
    json_array_foreach (list, index, item) {
        if (rc != OK)
            break;
        rc = want(tx, table, owner, args, key, item, people, added);
    }
    if (rc == OK)
        rc = remove_unwanted(tx, table, owner, people, removed, args->err);
    map_free(people);
    return rc;
}
