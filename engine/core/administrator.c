#include "core/administrator.h"

#include "core/people.h"
#include "core/profile.h"
#include "store/db.h"

#include <string.h>

enum { NAMES_MAX = 200, NAME_MAX_CHARACTERS = 254 };

static const char ADD[] =
    "INSERT INTO administrator (kind, value) VALUES (?, ?) ON CONFLICT (kind, value) DO NOTHING";
static const char REMOVE_OTHERS[] =
    "DELETE FROM administrator WHERE value NOT IN (SELECT value FROM json_each(?))";

/* One name into the store and into <kept>. Addresses are kept as people's are, in lower case. */
static int add(struct tx *tx, const struct args *args, struct text name, json_t *kept,
               int64_t *changes)
{
    char email[EMAIL_SIZE];
    bool is_email = memchr(name.at, '@', name.len) != NULL;
    if (is_email && !people_is_email(name))
        return args_fail(args, "administrators", "\"%.*s\" is no e-mail address", (int)name.len,
                         name.at);
    if (is_email) {
        email_lower(name, email);
        name = text_of(email);
    }
    json_array_append_new(kept, json_stringn(name.at, name.len));
    int rc = tx_exec(tx, args->err, ADD, "tn", is_email ? "email" : "usergroup", name.at, name.len);
    *changes += rc > 0;
    return rc < 0 ? rc : OK;
}

int administrator_reconcile(struct tx *tx, const struct args *args, int64_t *changes)
{
    json_t *names = NULL;
    json_t *item;
    size_t index;
    if (!args_has(args, "administrators"))
        return OK;
    int rc = args_array_optional(args, "administrators", NAMES_MAX, &names);
    AUTO_JSON json_t *kept = json_array();
    json_array_foreach (names, index, item) {
        struct text name;
        if (rc != OK || (rc = args_check_text(item, "administrators", args->err, 1,
                                              NAME_MAX_CHARACTERS, &name)) != OK)
            return rc;
        rc = add(tx, args, name, kept, changes);
    }
    if (rc != OK)
        return rc;
    AUTO_FREE char *list = json_dumps(kept, JSON_COMPACT);
    rc = tx_exec(tx, args->err, REMOVE_OTHERS, "t", list);
    *changes += rc > 0 ? rc : 0;
    return rc < 0 ? rc : OK;
}
