/* reference - what the operator declares (priorities, environments, categories, roles, ...) brought
 * into the store. Rows are matched by their natural keys; what disappears is deactivated, never
 * deleted; what did not change is not written. A kind that is not in the arguments is left alone.
 * The tables are described in reference_kind.c, the generic work is in reference_table.c; here are
 * the rules between rows. */
#include "core/args.h"
#include "core/audit.h"
#include "core/administrator.h"
#include "core/custom_field.h"
#include "core/lifecycle_config.h"
#include "core/metric.h"
#include "core/oncall.h"
#include "core/op_table.h"
#include "core/reference_chat.h"
#include "core/reference_imported.h"
#include "core/reference_table.h"
#include "store/db.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { ROWS_MAX = 5000 };

/* Fields the rules below look at, as indexes into the kinds' fields. */
enum {
    PRIORITY_DEFAULT = 5,
    PRIORITY_RESPONSE = 11,
    GROUP_NAME = 0,
    METRIC_END = 4,
    METRIC_START = 5,
    LEVEL_VALUE = 1,
    MILESTONE_TYPE = 0
};

struct reconciling {
    struct op_call *call;
    struct args args;
    int64_t changes;
};

/* Reads the rows at <key> of <parent> into <table>. */
static int add_rows(struct reference_table *table, const struct args *parent, const char *key,
                    const struct reference_value *parent_id)
{
    json_t *rows = NULL;
    int rc = args_array_optional(parent, key, ROWS_MAX, &rows);
    size_t index;
    json_t *item;
    json_array_foreach (rows, index, item) {
        struct args row;
        size_t at;
        if (rc != OK || (rc = args_enter(parent, key, (int)index, item, &row)) != OK)
            break;
        rc = reference_table_add(table, &row, parent_id, &at);
    }
    return rc;
}

/* Checks the declared rows of one table against each other. */
typedef int (*check_fn)(struct reconciling *r, const struct reference_table *table);

/* One kind that stands alone. <check> may be NULL. */
static int reconcile_kind(struct reconciling *r, const struct reference_kind *kind, check_fn check)
{
    if (!args_has(&r->args, kind->name))
        return OK;
    AUTO_REFERENCE_TABLE struct reference_table *table =
        reference_table_open(r->call->tx, kind, r->call->err);
    if (!table)
        return r->call->err->code;
    int rc = add_rows(table, &r->args, kind->name, NULL);
    if (rc == OK && check)
        rc = check(r, table);
    return rc == OK ? reference_table_apply(table, &r->changes, r->call->err) : rc;
}

/* ---- rules */

static int check_priorities(struct reconciling *r, const struct reference_table *table)
{
    int64_t defaults = 0;
    size_t count = reference_table_count(table);
    for (size_t i = 0; i < count; i++) {
        const struct reference_value *response = reference_table_value(table, i, PRIORITY_RESPONSE);
        defaults += reference_table_value(table, i, PRIORITY_DEFAULT)->i;
        if (response->type == 't' && strcmp(response->t, "critical") != 0 &&
            strcmp(response->t, "normal") != 0)
            return args_fail(&r->args, "priorities",
                             "response_type of priorities[%zu] must be \"critical\" or \"normal\"",
                             i + 1);
    }
    if (count > 0 && defaults != 1)
        return args_fail(&r->args, "priorities",
                         "priorities must have exactly one default (it has %" PRId64 ")", defaults);
    return OK;
}

/* The end and the start of a metric are key events that are declared, and not the same. */
static int check_metrics(struct reconciling *r, const struct reference_table *table)
{
    AUTO_REFERENCE_TABLE struct reference_table *milestones =
        reference_table_open(r->call->tx, &MILESTONE_KIND, r->call->err);
    if (!milestones)
        return r->call->err->code;
    int rc = add_rows(milestones, &r->args, "milestones", NULL);
    for (size_t i = 0; i < reference_table_count(table) && rc == OK; i++) {
        struct text end = text_of(reference_table_value(table, i, METRIC_END)->t);
        struct text start = text_of(reference_table_value(table, i, METRIC_START)->t);
        size_t none = reference_table_count(milestones);
        if (text_is(end, start.at))
            rc =
                args_fail(&r->args, "metrics", "metrics[%zu] ends with what it starts with", i + 1);
        else if (reference_table_find(milestones, MILESTONE_TYPE, end) == none)
            rc = args_fail(&r->args, "metrics", "metrics[%zu]: there is no milestone \"%.60s\"",
                           i + 1, end.at);
        else if (reference_table_find(milestones, MILESTONE_TYPE, start) == none)
            rc = args_fail(&r->args, "metrics", "metrics[%zu]: there is no milestone \"%.60s\"",
                           i + 1, start.at);
    }
    return rc;
}

/* Old incidents have what is measured from now on. */
static int reconcile_milestones_and_metrics(struct reconciling *r)
{
    AUTO_FREE char *definitions = metric_definitions(r->call->tx, r->call->err);
    if (!definitions)
        return r->call->err->code;
    int rc = reconcile_kind(r, &MILESTONE_KIND, NULL);
    if (rc == OK)
        rc = reconcile_kind(r, &METRIC_KIND, check_metrics);
    return rc == OK ? metric_recompute_changed(r->call->tx, definitions, r->call->err) : rc;
}

/* ---- kinds with children */

/* The children of every row of <parents>, under their <key>. */
static int add_children(struct reconciling *r, const struct reference_table *parents,
                        const char *kind, const char *key, struct reference_table *children)
{
    json_t *rows = json_object_get(r->args.object, kind);
    for (size_t i = 0; i < reference_table_count(parents); i++) {
        struct args row;
        int rc = args_enter(&r->args, kind, (int)i, json_array_get(rows, i), &row);
        if (rc == OK)
            rc = add_rows(children, &row, key, reference_table_id(parents, i));
        if (rc != OK)
            return rc;
    }
    return OK;
}

/* Categories may also stand by themselves and name their group. */
static int add_lone_categories(struct reconciling *r, const struct reference_table *groups,
                               struct reference_table *categories)
{
    json_t *rows = NULL;
    int rc = args_array_optional(&r->args, "categories", ROWS_MAX, &rows);
    size_t index;
    json_t *item;
    json_array_foreach (rows, index, item) {
        struct args row;
        struct text name;
        size_t at;
        if (rc != OK || (rc = args_enter(&r->args, "categories", (int)index, item, &row)) != OK ||
            (rc = args_text(&row, "group", 1, 128, &name)) != OK)
            break;
        size_t group = reference_table_find(groups, GROUP_NAME, name);
        if (group == reference_table_count(groups))
            return args_fail(&row, "group", "there is no group \"%.*s\"", (int)name.len, name.at);
        rc = reference_table_add(categories, &row, reference_table_id(groups, group), &at);
    }
    return rc;
}

static int reconcile_categories(struct reconciling *r)
{
    if (!args_has(&r->args, "groups"))
        return args_has(&r->args, "categories")
                   ? args_fail(&r->args, "groups", "groups are required with categories")
                   : OK;
    AUTO_REFERENCE_TABLE struct reference_table *groups =
        reference_table_open(r->call->tx, &GROUP_KIND, r->call->err);
    AUTO_REFERENCE_TABLE struct reference_table *categories =
        groups ? reference_table_open(r->call->tx, &CATEGORY_KIND, r->call->err) : NULL;
    if (!categories)
        return r->call->err->code;
    int rc = add_rows(groups, &r->args, "groups", NULL);
    if (rc == OK)
        rc = reference_table_apply(groups, &r->changes, r->call->err);
    if (rc == OK)
        rc = add_children(r, groups, "groups", "categories", categories);
    if (rc == OK)
        rc = add_lone_categories(r, groups, categories);
    return rc == OK ? reference_table_apply(categories, &r->changes, r->call->err) : rc;
}

static bool is_level_code(const char *code)
{
    static const char *const CODES[] = { "HT", "HI", "MD", "LO", "LT", "NO" };
    for (size_t i = 0; i < sizeof(CODES) / sizeof(CODES[0]); i++)
        if (strcmp(CODES[i], code) == 0)
            return true;
    return false;
}

/* Every type needs a level NO: the form cannot be built without. Levels stand in the order of their
 * types. */
static int check_levels(struct reconciling *r, const struct reference_table *types,
                        const struct reference_table *levels)
{
    size_t at = 0;
    for (size_t i = 0; i < reference_table_count(types); i++) {
        bool has_none = false;
        const struct reference_value *type = reference_table_id(types, i);
        for (; at < reference_table_count(levels) &&
               reference_table_value(levels, at, 0)->i == type->i;
             at++) {
            const char *code = reference_table_value(levels, at, LEVEL_VALUE)->t;
            if (!is_level_code(code))
                return args_fail(&r->args, "impacts",
                                 "impacts[%zu]: level \"%.10s\" must be HT, HI, MD, LO, LT or NO",
                                 i + 1, code);
            has_none |= strcmp(code, "NO") == 0;
        }
        if (!has_none)
            return args_fail(&r->args, "impacts", "impacts[%zu] needs a level NO", i + 1);
    }
    return OK;
}

static int reconcile_impacts(struct reconciling *r)
{
    if (!args_has(&r->args, "impacts"))
        return OK;
    AUTO_REFERENCE_TABLE struct reference_table *types =
        reference_table_open(r->call->tx, &IMPACT_KIND, r->call->err);
    AUTO_REFERENCE_TABLE struct reference_table *levels =
        types ? reference_table_open(r->call->tx, &LEVEL_KIND, r->call->err) : NULL;
    if (!levels)
        return r->call->err->code;
    int rc = add_rows(types, &r->args, "impacts", NULL);
    if (rc == OK)
        rc = reference_table_apply(types, &r->changes, r->call->err);
    if (rc == OK)
        rc = add_children(r, types, "impacts", "levels", levels);
    if (rc == OK)
        rc = check_levels(r, types, levels);
    return rc == OK ? reference_table_apply(levels, &r->changes, r->call->err) : rc;
}

/* ---- the operation */

static int reconcile_priorities(struct reconciling *r)
{
    return reconcile_kind(r, &PRIORITY_KIND, check_priorities);
}

static int reconcile_environments(struct reconciling *r)
{
    return reconcile_kind(r, &ENVIRONMENT_KIND, NULL);
}

static int reconcile_roles(struct reconciling *r)
{
    return reconcile_kind(r, &ROLE_KIND, NULL);
}

static int reconcile_cost_types(struct reconciling *r)
{
    return reconcile_kind(r, &COST_KIND, NULL);
}

static int reconcile_chat(struct reconciling *r)
{
    return reference_chat_reconcile(r->call->tx, &r->args, &r->changes);
}

static int reconcile_oncall(struct reconciling *r)
{
    return args_has(&r->args, "oncall")
               ? oncall_replace(r->call->tx, &r->args, "oncall", text_of("config"))
               : OK;
}

static int reconcile_administrators(struct reconciling *r)
{
    return administrator_reconcile(r->call->tx, &r->args, &r->changes);
}

static int reconcile_custom_fields(struct reconciling *r)
{
    return custom_field_reconcile(r->call->tx, &r->args, &r->changes);
}

static int reconcile_lifecycle(struct reconciling *r)
{
    return lifecycle_config_reconcile(r->call->tx, &r->args, &r->changes);
}

/* In the order in which rows refer to each other; under which name the audit log counts them. */
static const struct {
    const char *name;
    int (*reconcile)(struct reconciling *r);
} STEPS[] = {
    { "priorities", reconcile_priorities },
    { "environments", reconcile_environments },
    { "categories", reconcile_categories },
    { "roles", reconcile_roles },
    { "metrics", reconcile_milestones_and_metrics },
    { "impacts", reconcile_impacts },
    { "cost_types", reconcile_cost_types },
    { "chat", reconcile_chat },
    { "oncall", reconcile_oncall },
    { "administrators", reconcile_administrators },
    { "custom_fields", reconcile_custom_fields },
    { "lifecycle", reconcile_lifecycle },
};

/* Who sees private incidents is told by name, the rest by number. */
static void put_changes(const struct reconciling *r, const char *name, int64_t changes,
                        struct json_writer *w)
{
    json_t *names = json_object_get(r->args.object, name);
    if (strcmp(name, "administrators") != 0) {
        json_put_int(w, name, changes);
        return;
    }
    AUTO_FREE char *list = json_dumps(names, JSON_COMPACT);
    json_put_raw(w, name, list);
}

static int run_steps(struct reconciling *r, struct json_writer *w)
{
    int rc = OK;
    json_object_begin(w);
    for (size_t i = 0; i < sizeof(STEPS) / sizeof(STEPS[0]) && rc == OK; i++) {
        int64_t before = r->changes;
        rc = STEPS[i].reconcile(r);
        if (rc == OK && r->changes > before)
            put_changes(r, STEPS[i].name, r->changes - before, w);
    }
    json_object_finish(w);
    return rc;
}

/* reference.reconcile {priorities, environments, groups, categories, roles, milestones, metrics,
 * impacts, cost_types, conversations, usergroups, oncall, custom_fields, administrators; each a
 * list; lifecycle, an object; all optional} -> {changes} */
static int reference_reconcile(struct op_call *call)
{
    struct reconciling r = { .call = call, .args = args_of(call) };
    AUTO_BUF struct buf after = BUF_INIT;
    struct json_writer w;
    json_writer_init(&w, &after);
    int rc =
        args_refuse_unknown(call, "priorities", "environments", "groups", "categories", "roles",
                            "milestones", "metrics", "impacts", "cost_types", "conversations",
                            "usergroups", "oncall", "lifecycle", "custom_fields", "administrators");
    if (rc != OK || (rc = reference_drop_imported(call)) != OK || (rc = run_steps(&r, &w)) != OK)
        return rc;
    struct audit_entry entry = { .action = "reference.reconcile", .after = buf_text(&after) };
    if (r.changes && (rc = audit_write(call->tx, call->actor, &entry, call->err)) != OK)
        return rc;
    json_object_begin(call->out);
    json_put_int(call->out, "changes", r.changes);
    json_object_finish(call->out);
    return OK;
}

const struct op REFERENCE_OPS[] = {
    { "reference.reconcile", true, reference_reconcile,
      "{priorities, environments, groups, categories, roles, milestones, metrics, impacts,"
      " cost_types, conversations, usergroups, oncall, custom_fields, administrators, lifecycle}: "
      "what the "
      "configuration declares "
      "->"
      " {changes}" },
    { 0 },
};
