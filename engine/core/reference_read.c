/* reference_read - lists of reference rows. Each kind is a statement and the names of its
 * columns. */
#include "core/args.h"
#include "core/op_table.h"
#include "core/rows.h"
#include "store/db.h"

#include <string.h>

enum { COLUMNS_MAX = 18 };

/* How a list is read. The statement binds 1 to see inactive rows too. */
struct list_kind {
    const char *name;
    const char *sql;
    struct {
        const char *key;
        char type; /* 't' text, 'i' integer or null, 'b' boolean */
    } columns[COLUMNS_MAX];
};

/* clang-format off */
static const struct list_kind KINDS[] = {
    { "priorities",
      "SELECT id, name, value, emoji, description, position, is_default, needs_postmortem,"
      " enabled_create, enabled_update, reminder_time_ms, sla_ms, recommended_response_type,"
      " is_active, created_at_ms, updated_at_ms FROM priority WHERE is_active = 1 OR ? = 1 ORDER"
      " BY position, value",
      { { "id", 't' }, { "name", 't' }, { "value", 'i' }, { "emoji", 't' },
        { "description", 't' }, { "position", 'i' }, { "is_default", 'b' },
        { "needs_postmortem", 'b' }, { "enabled_create", 'b' }, { "enabled_update", 'b' },
        { "reminder_time_ms", 'i' }, { "sla_ms", 'i' }, { "recommended_response_type", 't' },
        { "is_active", 'b' }, { "created_at_ms", 'i' }, { "updated_at_ms", 'i' } } },
    { "environments",
      "SELECT id, value, name, description, position, is_default, is_active, created_at_ms,"
      " updated_at_ms FROM environment WHERE is_active = 1 OR ? = 1 ORDER BY position, value",
      { { "id", 't' }, { "value", 't' }, { "name", 't' }, { "description", 't' },
        { "position", 'i' }, { "is_default", 'b' }, { "is_active", 'b' },
        { "created_at_ms", 'i' }, { "updated_at_ms", 'i' } } },
    { "groups",
      "SELECT id, name, description, position, is_active, created_at_ms, updated_at_ms FROM"
      " category_group WHERE is_active = 1 OR ? = 1 ORDER BY position, name",
      { { "id", 't' }, { "name", 't' }, { "description", 't' }, { "position", 'i' },
        { "is_active", 'b' }, { "created_at_ms", 'i' }, { "updated_at_ms", 'i' } } },
    { "roles",
      "SELECT id, slug, name, emoji, is_required, position, summary, summary_first_person,"
      " description, aka, is_active FROM role_type WHERE is_active = 1 OR ? = 1 ORDER BY"
      " position, id",
      { { "id", 'i' }, { "slug", 't' }, { "name", 't' }, { "emoji", 't' }, { "is_required", 'b' },
        { "position", 'i' }, { "summary", 't' }, { "summary_first_person", 't' },
        { "description", 't' }, { "aka", 't' }, { "is_active", 'b' } } },
    { "milestones",
      "SELECT id, event_type, name, summary, user_editable, is_required, asked_for, description,"
      " position, is_active FROM milestone_type WHERE is_active = 1 OR ? = 1 ORDER BY position,"
      " id",
      { { "id", 'i' }, { "event_type", 't' }, { "name", 't' }, { "summary", 't' },
        { "user_editable", 'b' }, { "is_required", 'b' }, { "asked_for", 'b' },
        { "description", 't' }, { "position", 'i' }, { "is_active", 'b' } } },
    { "metrics",
      "SELECT id, type, code, name, description, milestone_end, milestone_start, position,"
      " is_active FROM metric_type WHERE is_active = 1 OR ? = 1 ORDER BY position, id",
      { { "id", 'i' }, { "type", 't' }, { "code", 't' }, { "name", 't' }, { "description", 't' },
        { "milestone_end", 't' }, { "milestone_start", 't' }, { "position", 'i' },
        { "is_active", 'b' } } },
    { "cost_types",
      "SELECT id, name, description, category, is_default, is_editable, is_active FROM cost_type"
      " WHERE is_active = 1 OR ? = 1 ORDER BY name",
      { { "id", 'i' }, { "name", 't' }, { "description", 't' }, { "category", 't' },
        { "is_default", 'b' }, { "is_editable", 'b' }, { "is_active", 'b' } } },
};
/* clang-format on */

static const char SELECT_CATEGORIES[] =
    "SELECT c.id, c.name, c.description, c.position, c.is_private, c.deploy_warning, c.is_active,"
    " c.created_at_ms, c.updated_at_ms, g.id, g.name, g.description, g.position, g.created_at_ms,"
    " g.updated_at_ms FROM category c JOIN category_group g ON g.id = c.group_id WHERE"
    " c.is_active = 1 OR ? = 1 ORDER BY g.position, g.name, c.position, c.name";

static const char SELECT_IMPACTS[] =
    "SELECT t.id, t.value, t.name, t.emoji, t.help_text, t.position, t.is_active,"
    " l.id, l.value, l.name, l.emoji, l.position, l.description, l.is_active FROM impact_type t"
    " LEFT JOIN impact_level l ON l.impact_type_id = t.id AND (l.is_active = 1 OR ? = 1)"
    " WHERE t.is_active = 1 OR ? = 1 ORDER BY t.position, t.id, l.position, l.value DESC";

static void put_column(struct json_writer *w, const char *key, char type, struct stmt *stmt,
                       int column)
{
    if (type == 't')
        json_put_text(w, key, stmt_text(stmt, column));
    else if (type == 'b')
        json_put_bool(w, key, stmt_int(stmt, column));
    else
        json_put_column(w, key, stmt, column);
}

static int write_list(struct op_call *call, const struct list_kind *kind, int64_t all)
{
    struct stmt *stmt = tx_query(call->tx, call->err, kind->sql, "i", all);
    if (!stmt)
        return call->err->code;
    int rc;
    json_array_begin(call->out);
    while ((rc = stmt_next(stmt, call->err)) == DB_ROW) {
        json_object_begin(call->out);
        for (int i = 0; i < COLUMNS_MAX && kind->columns[i].key; i++)
            put_column(call->out, kind->columns[i].key, kind->columns[i].type, stmt, i);
        json_object_finish(call->out);
    }
    json_array_finish(call->out);
    stmt_end(stmt);
    return rc;
}

static void write_category(struct json_writer *w, struct stmt *stmt)
{
    json_object_begin(w);
    json_put_text(w, "id", stmt_text(stmt, 0));
    json_put_text(w, "name", stmt_text(stmt, 1));
    json_put_text(w, "description", stmt_text(stmt, 2));
    json_put_int(w, "position", stmt_int(stmt, 3));
    json_put_bool(w, "is_private", stmt_int(stmt, 4));
    json_put_bool(w, "deploy_warning", stmt_int(stmt, 5));
    json_put_bool(w, "is_active", stmt_int(stmt, 6));
    json_put_int(w, "created_at_ms", stmt_int(stmt, 7));
    json_put_int(w, "updated_at_ms", stmt_int(stmt, 8));
    json_key(w, "group");
    json_object_begin(w);
    json_put_text(w, "id", stmt_text(stmt, 9));
    json_put_text(w, "name", stmt_text(stmt, 10));
    json_put_text(w, "description", stmt_text(stmt, 11));
    json_put_int(w, "position", stmt_int(stmt, 12));
    json_put_int(w, "created_at_ms", stmt_int(stmt, 13));
    json_put_int(w, "updated_at_ms", stmt_int(stmt, 14));
    json_object_finish(w);
    json_object_finish(w);
}

static void begin_impact(struct json_writer *w, struct stmt *stmt)
{
    json_object_begin(w);
    json_put_int(w, "id", stmt_int(stmt, 0));
    json_put_text(w, "value", stmt_text(stmt, 1));
    json_put_text(w, "name", stmt_text(stmt, 2));
    json_put_text(w, "emoji", stmt_text(stmt, 3));
    json_put_text(w, "help", stmt_text(stmt, 4));
    json_put_int(w, "position", stmt_int(stmt, 5));
    json_put_bool(w, "is_active", stmt_int(stmt, 6));
    json_key(w, "levels");
    json_array_begin(w);
}

static void finish_impact(struct json_writer *w)
{
    json_array_finish(w);
    json_object_finish(w);
}

static void write_level(struct json_writer *w, struct stmt *stmt)
{
    json_object_begin(w);
    json_put_text(w, "id", stmt_text(stmt, 7));
    json_put_text(w, "value", stmt_text(stmt, 8));
    json_put_text(w, "name", stmt_text(stmt, 9));
    json_put_text(w, "emoji", stmt_text(stmt, 10));
    json_put_int(w, "position", stmt_int(stmt, 11));
    json_put_text(w, "description", stmt_text(stmt, 12));
    json_put_bool(w, "is_active", stmt_int(stmt, 13));
    json_object_finish(w);
}

/* The rows of one type follow each other, one a level. */
static int write_impacts(struct op_call *call, int64_t all)
{
    struct stmt *stmt = tx_query(call->tx, call->err, SELECT_IMPACTS, "ii", all, all);
    if (!stmt)
        return call->err->code;
    int64_t current = 0;
    int rc;
    json_array_begin(call->out);
    while ((rc = stmt_next(stmt, call->err)) == DB_ROW) {
        if (stmt_int(stmt, 0) != current) {
            if (current)
                finish_impact(call->out);
            current = stmt_int(stmt, 0);
            begin_impact(call->out, stmt);
        }
        if (!stmt_is_null(stmt, 7))
            write_level(call->out, stmt);
    }
    if (current)
        finish_impact(call->out);
    json_array_finish(call->out);
    stmt_end(stmt);
    return rc;
}

/* reference.list {kind, all?} -> [row]; all: inactive rows too */
static int reference_list(struct op_call *call)
{
    struct args args = args_of(call);
    struct text kind;
    bool all = false;
    int rc = args_refuse_unknown(call, "kind", "all");
    if (rc != OK || (rc = args_text(&args, "kind", 1, 40, &kind)) != OK ||
        (rc = args_bool_optional(&args, "all", &all)) != OK)
        return rc;
    if (text_is(kind, "categories"))
        return op_write_rows(call,
                             tx_query(call->tx, call->err, SELECT_CATEGORIES, "i", (int64_t)all),
                             write_category);
    if (text_is(kind, "impacts"))
        return write_impacts(call, all);
    for (size_t i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++)
        if (text_is(kind, KINDS[i].name))
            return write_list(call, &KINDS[i], all);
    return args_fail(&args, "kind",
                     "kind must be priorities, environments, groups, categories, roles, "
                     "milestones, metrics, impacts"
                     " or cost_types");
}

/* What records name by a key, and what people read instead. */
static const struct {
    const char *kind;
    const char *select;
} NAMED[] = {
    { "milestones", "SELECT event_type, name FROM milestone_type" },
    { "roles", "SELECT slug, name FROM role_type" },
};

static int write_names(struct op_call *call, const char *select)
{
    struct stmt *stmt = tx_query(call->tx, call->err, select, "");
    if (!stmt)
        return call->err->code;
    int rc;
    json_object_begin(call->out);
    while ((rc = stmt_next(stmt, call->err)) == DB_ROW)
        json_put_text(call->out, stmt_text(stmt, 0), stmt_text(stmt, 1));
    json_object_finish(call->out);
    stmt_end(stmt);
    return rc;
}

/* reference.names {} -> {milestones: {event_type: name}, roles: {slug: name}} */
static int reference_names(struct op_call *call)
{
    int rc = args_refuse_unknown(call, NULL);
    json_object_begin(call->out);
    for (size_t i = 0; i < sizeof(NAMED) / sizeof(NAMED[0]) && rc == OK; i++) {
        json_key(call->out, NAMED[i].kind);
        rc = write_names(call, NAMED[i].select);
    }
    if (rc == OK)
        json_object_finish(call->out);
    return rc;
}

const struct op REFERENCE_READ_OPS[] = {
    { "reference.list", false, reference_list,
      "{kind, all?}: rows of priorities, environments, groups, categories (with their group),"
      " roles, milestones, metrics, impacts (with their levels) or cost_types; all: inactive"
      " ones too" },
    { "reference.names", false, reference_names,
      "{}: what the keys in records are called, also of what is inactive: {milestones: {event_type:"
      " name}, roles: {slug: name}}" },
    { 0 },
};
