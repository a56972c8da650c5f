#include "lua/config_names.h"

#include "base/map.h"
#include "base/mem.h"
#include "core/args.h"
#include "core/op.h"
#include "lua/config.h"
#include "lua/generation_internal.h"
#include "lua/report.h"

#include <string.h>

struct names {
    const struct generation *generation;
    struct report *report;
    struct map *categories, *environments; /* of what is known: name -> anything */
};

static const char *text_of_member(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* ---- what there is --------------------------------------------------------------------------- */

static void know(struct map *names, const char *name)
{
    if (*name)
        map_put(names, name, names);
}

static void know_category(struct names *names, const char *group, const json_t *category)
{
    const char *name = text_of_member(category, "name");
    AUTO_FREE char *whole = xasprintf("%s/%s", group, name);
    know(names->categories, name);
    know(names->categories, whole);
    know(names->categories, text_of_member(category, "id"));
}

static void know_config(struct names *names, const json_t *config)
{
    size_t i, j;
    json_t *group, *category, *environment;
    json_array_foreach (json_object_get(config, "groups"), i, group)
        json_array_foreach (json_object_get(group, "categories"), j, category)
            know_category(names, text_of_member(group, "name"), category);
    json_array_foreach (json_object_get(config, "environments"), i, environment)
        know(names->environments, text_of_member(environment, "value"));
}

/* Takes over <args>. NULL when the database cannot be read: then the config's own rows have to do. */
static json_t *ask(struct db *db, const char *op, json_t *args)
{
    AUTO_BUF struct buf answer = BUF_INIT;
    struct err err;
    return op_run_now(db, op, args, NULL, &answer, &err) == OK
               ? json_loadb(buf_text(&answer), answer.len, JSON_DECODE_ANY, NULL)
               : NULL;
}

/* The rows of a kind that was imported: the config's list of it is not applied. NULL when it was not. */
static json_t *imported_rows(struct db *db, const char *list, const char *kind)
{
    AUTO_JSON json_t *note =
        ask(db, "kv.get", json_pack("{ss ss}", "scope", "imported", "key", list));
    return json_is_string(note) ? ask(db, "reference.list", json_pack("{ss}", "kind", kind)) : NULL;
}

static void know_database(struct names *names, struct db *db)
{
    AUTO_JSON json_t *categories = imported_rows(db, "groups", "categories");
    AUTO_JSON json_t *environments = imported_rows(db, "environments", "environments");
    size_t i;
    json_t *row;
    json_array_foreach (categories, i, row)
        know_category(names, text_of_member(json_object_get(row, "group"), "name"), row);
    json_array_foreach (environments, i, row)
        know(names->environments, text_of_member(row, "value"));
}

/* ---- what is named --------------------------------------------------------------------------- */

static void check_name(struct names *names, const char *what, struct map *known, const char *path,
                       const char *name)
{
    if (!name || map_get(known, name))
        return;
    AUTO_FREE char *message = xasprintf("there is no %s \"%s\"", what, name);
    config_report(names->report, names->generation->snapshot, path, message);
}

static void check_list(struct names *names, const char *path, const json_t *list)
{
    size_t i;
    json_t *item;
    json_array_foreach (list, i, item) {
        AUTO_FREE char *at = xasprintf("%s[%zu]", path, i + 1);
        check_name(names, "category", names->categories, at, json_string_value(item));
    }
}

/* Goes through the whole config; the rows of `groups` are no names. */
static void walk(struct names *names, const char *path, const json_t *value)
{
    const char *key;
    json_t *member;
    size_t i;
    json_object_foreach ((json_t *)value, key, member) {
        AUTO_FREE char *at = xasprintf("%s%s%s", path, *path ? "." : "", key);
        if (strcmp(key, "categories") == 0)
            check_list(names, at, member);
        walk(names, at, member);
    }
    json_array_foreach (value, i, member) {
        AUTO_FREE char *at = xasprintf("%s[%zu]", path, i + 1);
        walk(names, at, member);
    }
}

static void check_defaults(struct names *names, const json_t *defaults)
{
    check_name(names, "category", names->categories, "defaults.category",
               json_string_value(json_object_get(defaults, "category")));
    check_name(names, "environment", names->environments, "defaults.environment",
               json_string_value(json_object_get(defaults, "environment")));
}

void config_names_check(const struct generation *generation, struct db *db, struct report *report)
{
    struct names names = { generation, report, map_new(NULL), map_new(NULL) };
    know_config(&names, generation->config);
    if (db)
        know_database(&names, db);
    check_defaults(&names, json_object_get(generation->config, "defaults"));
    walk(&names, "", generation->config);
    map_free(names.categories);
    map_free(names.environments);
}
