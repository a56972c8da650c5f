/* usergroup - groups of people on a chat platform. Which ones matter, their tags and categories
 * come from the configuration; their names and members from a synchronisation. */
#include "base/clock.h"
#include "core/args.h"
#include "core/audit.h"
#include "core/members.h"
#include "core/op_table.h"
#include "core/rows.h"
#include "store/db.h"

#include <string.h>

static const char SELECT_ADMINISTRATORS[] =
    "SELECT (SELECT json_group_array(person_id) FROM (SELECT person_id FROM usergroup_member WHERE"
    " usergroup_id = ? ORDER BY person_id)) FROM usergroup g JOIN administrator a ON a.kind ="
    " 'usergroup' AND (a.value = g.handle OR a.value = g.tag) WHERE g.id = ?";
static const char SELECT_GROUPS[] =
    "SELECT u.id, u.external_id, u.handle, u.name, u.tag, u.is_external, (SELECT COUNT(*) FROM"
    " usergroup_member m WHERE m.usergroup_id = u.id), c.id, c.name FROM usergroup u LEFT JOIN"
    " usergroup_category l ON l.usergroup_id = u.id LEFT JOIN category c ON c.id = l.category_id"
    " WHERE u.platform = ? AND u.is_active = 1 AND (?"
    " IS NULL OR EXISTS (SELECT 1 FROM usergroup_member p WHERE p.usergroup_id = u.id AND"
    " p.person_id = ?)) ORDER BY u.handle, u.id, c.position, c.name";
static const char SELECT_EXISTS[] = "SELECT 1 FROM usergroup WHERE id = ?";
static const char UPDATE_GROUP[] =
    "UPDATE usergroup SET name = COALESCE(?, name), handle = COALESCE(?, handle), description ="
    " COALESCE(?, description), external_id = COALESCE(?, external_id), is_external = CASE WHEN ?"
    " < 0 THEN is_external ELSE ? END, updated_at_ms = ? WHERE id = ?";

enum { ID, EXTERNAL_ID, HANDLE, NAME, TAG, IS_EXTERNAL, MEMBER_COUNT, CATEGORY_ID, CATEGORY_NAME };

static void begin_group(struct json_writer *w, struct stmt *stmt)
{
    json_object_begin(w);
    json_put_text(w, "id", stmt_text(stmt, ID));
    json_put_text(w, "external_id", stmt_text(stmt, EXTERNAL_ID));
    json_put_text(w, "handle", stmt_text(stmt, HANDLE));
    json_put_text(w, "name", stmt_text(stmt, NAME));
    json_put_text(w, "tag", stmt_text(stmt, TAG));
    json_put_bool(w, "is_external", stmt_int(stmt, IS_EXTERNAL));
    json_put_int(w, "member_count", stmt_int(stmt, MEMBER_COUNT));
    json_key(w, "categories");
    json_array_begin(w);
}

static void write_category(struct json_writer *w, struct stmt *stmt)
{
    json_object_begin(w);
    json_put_text(w, "id", stmt_text(stmt, CATEGORY_ID));
    json_put_text(w, "name", stmt_text(stmt, CATEGORY_NAME));
    json_object_finish(w);
}

static void finish_group(struct json_writer *w)
{
    json_array_finish(w);
    json_object_finish(w);
}

/* The rows of one group follow each other, one a category. */
static int write_groups(struct op_call *call, struct stmt *stmt)
{
    AUTO_FREE char *current = NULL;
    int rc;
    json_array_begin(call->out);
    while ((rc = stmt_next(stmt, call->err)) == DB_ROW) {
        if (!current || strcmp(current, stmt_text(stmt, ID)) != 0) {
            if (current)
                finish_group(call->out);
            free(current);
            current = xstrdup(stmt_text(stmt, ID));
            begin_group(call->out, stmt);
        }
        if (!stmt_is_null(stmt, CATEGORY_ID))
            write_category(call->out, stmt);
    }
    if (current)
        finish_group(call->out);
    json_array_finish(call->out);
    return rc;
}

/* usergroup.list {platform, person_id?} -> [{id, external_id, handle, name, tag, is_external, categories:[{id,
 * name}], member_count}] */
static int usergroup_list(struct op_call *call)
{
    struct args args = args_of(call);
    struct text platform, person;
    int rc = args_refuse_unknown(call, "platform", "person_id");
    if (rc != OK || (rc = args_text(&args, "platform", 1, 40, &platform)) != OK ||
        (rc = args_text_optional(&args, "person_id", 1, 64, &person)) != OK)
        return rc;
    struct stmt *stmt = tx_query(call->tx, call->err, SELECT_GROUPS, "nnn", platform.at,
                                 platform.len, person.at, person.len, person.at, person.len);
    if (!stmt)
        return call->err->code;
    rc = write_groups(call, stmt);
    stmt_end(stmt);
    return rc;
}

/* What the platform says about a group besides its members. */
struct details {
    struct text name, handle, description, external_id;
    int64_t is_external; /* negative: not said */
};

static int read_details(const struct args *args, struct details *details)
{
    bool is_external = false;
    int rc = args_text_optional(args, "name", 0, 200, &details->name);
    if (rc != OK || (rc = args_text_optional(args, "handle", 1, 200, &details->handle)) != OK ||
        (rc = args_text_optional(args, "description", 0, 1000, &details->description)) != OK ||
        (rc = args_text_optional(args, "external_id", 1, 64, &details->external_id)) != OK ||
        (rc = args_bool_optional(args, "is_external", &is_external)) != OK)
        return rc;
    details->is_external = args_has(args, "is_external") ? is_external : -1;
    return OK;
}

static int update_details(struct op_call *call, const char *id, const struct details *details)
{
    int rc =
        tx_exec(call->tx, call->err, UPDATE_GROUP, "nnnniiit", details->name.at, details->name.len,
                details->handle.at, details->handle.len, details->description.at,
                details->description.len, details->external_id.at, details->external_id.len,
                details->is_external, details->is_external, clock_now_ms(), id);
    return rc < 0 ? rc : OK;
}

static int require_group(struct op_call *call, const char *id)
{
    int rc = OK;
    bool exists = tx_get_int(call->tx, &rc, call->err, 0, SELECT_EXISTS, "t", id) == 1;
    return rc == OK && !exists
               ? err_set(call->err, ERR_NOT_FOUND, "this user group is not known here")
               : rc;
}

/* The members of a group whose members are administrators, as a list of ids; NULL for other
 * groups. Caller frees. */
static int read_administrators(struct op_call *call, const char *id, char **people)
{
    struct stmt *stmt = tx_query(call->tx, call->err, SELECT_ADMINISTRATORS, "tt", id, id);
    int rc = stmt ? stmt_next(stmt, call->err) : call->err->code;
    *people = rc == DB_ROW ? xstrdup(stmt_text(stmt, 0)) : NULL;
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

/* Whoever joins a group of administrators sees private incidents: the audit log has them by name,
 * and of other groups that they changed. */
static int write_audit(struct op_call *call, const char *id, const char *before, int64_t added,
                       int64_t removed)
{
    AUTO_FREE char *people = NULL;
    AUTO_BUF struct buf after = BUF_INIT;
    struct json_writer w;
    int rc = added + removed > 0 ? read_administrators(call, id, &people) : OK;
    if (rc != OK || added + removed == 0)
        return rc;
    json_writer_init(&w, &after);
    json_object_begin(&w);
    json_put_text(&w, "usergroup_id", id);
    json_put_int(&w, "added", added);
    json_put_int(&w, "removed", removed);
    if (people)
        json_put_raw(&w, "administrators", people);
    json_object_finish(&w);
    struct audit_entry entry = { .action = "usergroup.set_members",
                                 .before = people ? before : NULL,
                                 .after = buf_text(&after) };
    return audit_write(call->tx, call->actor, &entry, call->err);
}

/* usergroup.set_members {usergroup_id, people[], name?, handle?, description?, is_external?,
 * external_id?} -> {added, removed} */
static int set_members(struct op_call *call)
{
    struct args args = args_of(call);
    struct details details;
    struct text text;
    int64_t added, removed;
    int rc = args_refuse_unknown(call, "usergroup_id", "people", "name", "handle", "description",
                                 "is_external", "external_id");
    if (rc != OK || (rc = args_text(&args, "usergroup_id", 1, 64, &text)) != OK ||
        (rc = read_details(&args, &details)) != OK)
        return rc;
    AUTO_FREE char *id = text_dup(text);
    AUTO_FREE char *before = NULL;
    if ((rc = require_group(call, id)) != OK || (rc = update_details(call, id, &details)) != OK ||
        (rc = read_administrators(call, id, &before)) != OK ||
        (rc = members_replace(call->tx, &USERGROUP_MEMBERS, id, &args, "people", &added,
                              &removed)) != OK ||
        (rc = write_audit(call, id, before, added, removed)) != OK)
        return rc;
    json_object_begin(call->out);
    json_put_int(call->out, "added", added);
    json_put_int(call->out, "removed", removed);
    json_object_finish(call->out);
    return OK;
}

const struct op USERGROUP_OPS[] = {
    { "usergroup.list", false, usergroup_list,
      "{platform, person_id?}: the user groups that are declared (and hold the person), with their"
      " categories" },
    { "usergroup.set_members", true, set_members,
      "{usergroup_id, people[], name?, handle?, description?, is_external?, external_id?}: what"
      " the platform says -> {added, removed}" },
    { 0 },
};
