/* incident_roles - who holds which role in an incident. A role may have several holders; a required
 * one is never without. A change is one record on the timeline with the roles that changed, one
 * audit entry and one event, and makes the new holders members.
 * Read set_roles() first: holders are read, then compared with what is asked for, then written. */
#include "base/clock.h"
#include "base/mem.h"
#include "core/args.h"
#include "core/audit.h"
#include "core/event.h"
#include "core/ids.h"
#include "core/incident_json.h"
#include "core/incident_members.h"
#include "core/op_table.h"
#include "core/people.h"
#include "core/policy.h"
#include "core/request_key.h"
#include "store/db.h"

#include <stdio.h>
#include <string.h>

enum { ROLES_MAX = 50, HOLDERS_MAX = 50, SLUG_MAX = 100 };

static const char SELECT_TYPE[] =
    "SELECT id, is_required FROM role_type WHERE slug = ? AND is_active = 1";
static const char SELECT_HOLDERS[] =
    "SELECT person_id FROM incident_role WHERE incident_id = ? AND role_type_id = ? ORDER BY"
    " created_at_ms, person_id";
static const char SELECT_IS_ACTIVE[] = "SELECT is_active FROM person WHERE id = ?";
static const char INSERT_HOLDER[] =
    "INSERT INTO incident_role (incident_id, role_type_id, person_id, created_at_ms) VALUES (?, ?,"
    " ?, ?)";
static const char DELETE_HOLDER[] =
    "DELETE FROM incident_role WHERE incident_id = ? AND role_type_id = ? AND person_id = ?";
static const char INSERT_UPDATE[] =
    "INSERT INTO incident_update (id, incident_id, roles, created_by, event_at_ms, created_at_ms)"
    " VALUES (?, ?, ?, ?, ?, ?)";
static const char TOUCH_INCIDENT[] = "UPDATE incident SET updated_at_ms = ? WHERE id = ?";

/* One change of roles. The lists are jansson arrays; before and after hold, by slug, the ids of the
 * holders of the roles that change. */
struct change {
    struct op_call *call;
    const char *operation;
    int64_t incident_id;
    struct text request_key;
    json_t *before, *after;  /* {slug: [person id]} */
    json_t *added, *removed; /* [{slug, person_id}] */
    char update_id[ID_SIZE];
};

static void change_init(struct change *change, struct op_call *call, const char *operation)
{
    *change = (struct change){ .call = call, .operation = operation };
    change->before = json_object();
    change->after = json_object();
    change->added = json_array();
    change->removed = json_array();
}

static void change_fini(struct change *change)
{
    json_decref(change->before);
    json_decref(change->after);
    json_decref(change->added);
    json_decref(change->removed);
}

/* ---- what is asked for */

static bool holds(const json_t *people, const char *person_id)
{
    size_t index;
    json_t *item;
    json_array_foreach ((json_t *)people, index, item)
        if (strcmp(json_string_value(item), person_id) == 0)
            return true;
    return false;
}

/* One person of the argument at <row>.<slug>; <present> may hold people who are inactive by now. */
static int want_person(struct change *change, const struct args *row, const char *slug,
                       json_t *value, const json_t *present, json_t *wanted)
{
    struct op_call *call = change->call;
    struct text text;
    char path[120];
    snprintf(path, sizeof(path), "%s.%s", row->path, slug);
    int rc = args_check_text(value, path, call->err, 1, PERSON_ID_SIZE - 1, &text);
    if (rc != OK)
        return rc;
    AUTO_FREE char *id = text_dup(text);
    int64_t is_active = tx_get_int(call->tx, &rc, call->err, -1, SELECT_IS_ACTIVE, "t", id);
    if (rc != OK)
        return rc;
    if (is_active < 0)
        return args_fail(row, slug, "there is no such person");
    if (is_active == 0 && !holds(present, id))
        return args_fail(row, slug, "this person is not active any more");
    if (!holds(wanted, id))
        json_array_append_new(wanted, json_string(id));
    return OK;
}

/* A person, several, or null for nobody. */
static int want_people(struct change *change, const struct args *row, const char *slug,
                       json_t *value, const json_t *present, json_t *wanted)
{
    json_t *list = NULL;
    if (json_is_null(value))
        return OK;
    if (json_is_string(value))
        return want_person(change, row, slug, value, present, wanted);
    int rc = args_array(row, slug, HOLDERS_MAX, &list);
    size_t index;
    json_t *item;
    json_array_foreach (list, index, item) {
        if (rc != OK)
            break;
        rc = want_person(change, row, slug, item, present, wanted);
    }
    return rc;
}

static int read_holders(struct change *change, int64_t type_id, json_t *holders)
{
    struct op_call *call = change->call;
    struct stmt *stmt =
        tx_query(call->tx, call->err, SELECT_HOLDERS, "ii", change->incident_id, type_id);
    if (!stmt)
        return call->err->code;
    int rc;
    while ((rc = stmt_next(stmt, call->err)) == DB_ROW)
        json_array_append_new(holders, json_string(stmt_text(stmt, 0)));
    stmt_end(stmt);
    return rc;
}

/* ERR_INVALID when the slug is of no role. */
static int find_type(struct change *change, const struct args *row, const char *slug,
                     int64_t *type_id, bool *is_required)
{
    struct op_call *call = change->call;
    struct stmt *stmt = tx_query(call->tx, call->err, SELECT_TYPE, "t", slug);
    if (!stmt)
        return call->err->code;
    int rc = stmt_next(stmt, call->err);
    if (rc == DB_ROW) {
        *type_id = stmt_int(stmt, 0);
        *is_required = stmt_int(stmt, 1);
    }
    stmt_end(stmt);
    if (rc == DB_DONE)
        return args_fail(row, slug, "there is no role \"%.60s\"", slug);
    return rc < 0 ? rc : OK;
}

/* ---- writing one role */

static void note(json_t *list, const char *slug, const char *person_id)
{
    json_t *item = json_object();
    json_object_set_new(item, "slug", json_string(slug));
    json_object_set_new(item, "person_id", json_string(person_id));
    json_array_append_new(list, item);
}

static int give(struct change *change, const char *slug, int64_t type_id, const char *person_id)
{
    struct op_call *call = change->call;
    bool is_new;
    int rc = tx_exec(call->tx, call->err, INSERT_HOLDER, "iiti", change->incident_id, type_id,
                     person_id, clock_now_ms());
    if (rc < 0)
        return rc;
    note(change->added, slug, person_id);
    return incident_members_add(call->tx, change->incident_id, person_id, &is_new, call->err);
}

static int take_away(struct change *change, const char *slug, int64_t type_id,
                     const char *person_id)
{
    int rc = tx_exec(change->call->tx, change->call->err, DELETE_HOLDER, "iit", change->incident_id,
                     type_id, person_id);
    if (rc < 0)
        return rc;
    note(change->removed, slug, person_id);
    return OK;
}

static int write_role(struct change *change, const char *slug, int64_t type_id, json_t *present,
                      json_t *wanted)
{
    size_t before = json_array_size(change->added) + json_array_size(change->removed);
    int rc = OK;
    size_t index;
    json_t *item;
    json_array_foreach (wanted, index, item)
        if (rc == OK && !holds(present, json_string_value(item)))
            rc = give(change, slug, type_id, json_string_value(item));
    json_array_foreach (present, index, item)
        if (rc == OK && !holds(wanted, json_string_value(item)))
            rc = take_away(change, slug, type_id, json_string_value(item));
    if (json_array_size(change->added) + json_array_size(change->removed) > before) {
        json_object_set(change->before, slug, present);
        json_object_set(change->after, slug, wanted);
    }
    return rc;
}

static int change_role(struct change *change, const struct args *row, const char *slug,
                       json_t *value)
{
    AUTO_JSON json_t *present = json_array();
    AUTO_JSON json_t *wanted = json_array();
    int64_t type_id = 0;
    bool is_required = false;
    int rc = find_type(change, row, slug, &type_id, &is_required);
    if (rc == OK)
        rc = read_holders(change, type_id, present);
    if (rc == OK)
        rc = want_people(change, row, slug, value, present, wanted);
    if (rc == OK && is_required && json_array_size(wanted) == 0)
        rc = args_fail(row, slug, "this role is required: somebody must hold it");
    return rc == OK ? write_role(change, slug, type_id, present, wanted) : rc;
}

/* ---- the traces of a change */

/* What the timeline says of a role: the person, all of them, or null. */
static json_t *on_timeline(json_t *people)
{
    if (json_array_size(people) == 0)
        return json_null();
    return json_incref(json_array_size(people) == 1 ? json_array_get(people, 0) : people);
}

static int write_update(struct change *change)
{
    struct op_call *call = change->call;
    const char *author = policy_person(call->actor);
    AUTO_JSON json_t *roles = json_object();
    const char *slug;
    json_t *people;
    json_object_foreach (change->after, slug, people)
        json_object_set_new(roles, slug, on_timeline(people));
    AUTO_FREE char *text = json_dumps(roles, JSON_COMPACT);
    int64_t now_ms = clock_now_ms();
    id_new(change->update_id);
    int rc = tx_exec(call->tx, call->err, INSERT_UPDATE,
                     "titt"
                     "ii",
                     change->update_id, change->incident_id, text, *author ? author : NULL, now_ms,
                     now_ms);
    if (rc >= 0)
        rc = tx_exec(call->tx, call->err, TOUCH_INCIDENT, "ii", now_ms, change->incident_id);
    return rc < 0 ? rc : OK;
}

static int write_audit(struct change *change)
{
    AUTO_FREE char *before = json_dumps(change->before, JSON_COMPACT);
    AUTO_FREE char *after = json_dumps(change->after, JSON_COMPACT);
    struct audit_entry entry = { .action = change->operation,
                                 .incident_id = change->incident_id,
                                 .before = before,
                                 .after = after };
    return audit_write(change->call->tx, change->call->actor, &entry, change->call->err);
}

/* The members that tell a change, in the event and in the answer. */
static void put_change(struct json_writer *w, const struct change *change)
{
    AUTO_FREE char *added = json_dumps(change->added, JSON_COMPACT);
    AUTO_FREE char *removed = json_dumps(change->removed, JSON_COMPACT);
    json_put_text(w, "update_id", *change->update_id ? change->update_id : NULL);
    json_put_raw(w, "added", added);
    json_put_raw(w, "removed", removed);
}

/* Emits the event; its payload is also what is kept under the request's key. */
static int tell(struct change *change)
{
    AUTO_BUF struct buf payload = BUF_INIT;
    struct json_writer w;
    int rc = OK;
    json_writer_init(&w, &payload);
    json_object_begin(&w);
    json_put_int(&w, "incident_id", change->incident_id);
    put_change(&w, change);
    json_object_finish(&w);
    if (*change->update_id)
        rc = event_emit(change->call->tx, "roles.assigned", change->incident_id, buf_text(&payload),
                        change->call->err);
    return rc == OK ? request_key_keep(change->call, change->operation, change->request_key,
                                       buf_text(&payload))
                    : rc;
}

static int leave_traces(struct change *change)
{
    int rc = OK;
    if (json_object_size(change->after) > 0) {
        rc = write_update(change);
        if (rc == OK)
            rc = write_audit(change);
    }
    return rc == OK ? tell(change) : rc;
}

static int answer(struct change *change)
{
    struct json_writer *w = change->call->out;
    json_object_begin(w);
    put_change(w, change);
    json_key(w, "incident");
    int rc = incident_write(change->call->tx, w, change->incident_id, change->call->err);
    json_object_finish(w);
    return rc;
}

/* ---- operations */

/* Takes over what an earlier call with the same key did; false when there was none. */
static int recall(struct change *change, bool *is_known)
{
    AUTO_JSON json_t *kept = NULL;
    int rc = request_key_find(change->call, change->operation, change->request_key, &kept);
    *is_known = kept != NULL;
    if (rc != OK || !kept)
        return rc;
    if (json_integer_value(json_object_get(kept, "incident_id")) != change->incident_id) {
        err_field(change->call->err, "request_key", "this request_key is another incident's");
        return change->call->err->code = ERR_CONFLICT;
    }
    const char *update_id = json_string_value(json_object_get(kept, "update_id"));
    copy_text(change->update_id, sizeof(change->update_id), update_id);
    json_array_extend(change->added, json_object_get(kept, "added"));
    json_array_extend(change->removed, json_object_get(kept, "removed"));
    return OK;
}

static int change_roles(struct change *change, json_t *roles)
{
    struct args args = args_of(change->call);
    struct args row;
    int rc = args_enter(&args, "roles", -1, roles, &row);
    const char *slug;
    json_t *value;
    json_object_foreach (roles, slug, value)
        if (rc == OK)
            rc = change_role(change, &row, slug, value);
    return rc == OK ? leave_traces(change) : rc;
}

/* The common part: <roles> is {slug: person id, [ids] or null}. */
static int run_change(struct change *change, json_t *roles)
{
    bool is_known = false;
    int rc = policy_require_incident(change->call, change->incident_id);
    if (rc == OK)
        rc = recall(change, &is_known);
    if (rc == OK && !is_known)
        rc = change_roles(change, roles);
    return rc == OK ? answer(change) : rc;
}

/* incident.set_roles {id, roles:{slug: person id, [ids] or null}, request_key?} -> {update_id or null,
 * added:[{slug, person_id}], removed:[{slug, person_id}], incident} */
static int set_roles(struct op_call *call)
{
    struct args args = args_of(call);
    struct change change;
    json_t *roles = NULL;
    int rc = args_refuse_unknown(call, "id", "roles", "request_key");
    if (rc != OK)
        return rc;
    change_init(&change, call, "incident.set_roles");
    rc = args_int(&args, "id", 1, INT64_MAX, &change.incident_id);
    if (rc == OK && !args_has(&args, "roles"))
        rc = args_fail(&args, "roles", "roles is required");
    if (rc == OK)
        rc = args_object_optional(&args, "roles", &roles);
    if (rc == OK && json_object_size(roles) > ROLES_MAX)
        rc = args_fail(&args, "roles", "roles must have at most %d entries", ROLES_MAX);
    if (rc == OK)
        rc = request_key_read(&args, &change.request_key);
    AUTO_JSON json_t *wanted = roles ? json_incref(roles) : json_object();
    if (rc == OK)
        rc = run_change(&change, wanted);
    change_fini(&change);
    return rc;
}

/* incident.claim_role {id, role, request_key?} -> as incident.set_roles; the caller becomes its only
 * holder */
static int claim_role(struct op_call *call)
{
    struct args args = args_of(call);
    struct change change;
    struct text role = { 0 };
    int rc = args_refuse_unknown(call, "id", "role", "request_key");
    if (rc != OK)
        return rc;
    if (!*policy_person(call->actor))
        return err_set(call->err, ERR_FORBIDDEN, "only a person can take a role");
    change_init(&change, call, "incident.claim_role");
    rc = args_int(&args, "id", 1, INT64_MAX, &change.incident_id);
    if (rc == OK)
        rc = args_text(&args, "role", 1, SLUG_MAX, &role);
    if (rc == OK)
        rc = request_key_read(&args, &change.request_key);
    AUTO_FREE char *slug = text_dup(role);
    AUTO_JSON json_t *wanted = json_object();
    if (rc == OK) {
        json_object_set_new(wanted, slug, json_string(call->actor->id));
        rc = run_change(&change, wanted);
        if (rc != OK && strncmp(call->err->field, "roles.", strlen("roles.")) == 0)
            snprintf(call->err->field, sizeof(call->err->field), "role");
    }
    change_fini(&change);
    return rc;
}

const struct op INCIDENT_ROLE_OPS[] = {
    { "incident.set_roles", true, set_roles,
      "{id, roles:{slug: person id, [ids] or null}, request_key?}: who holds the roles; emits"
      " roles.assigned -> {update_id, added, removed, incident}" },
    { "incident.claim_role", true, claim_role,
      "{id, role, request_key?}: the caller takes the role from whoever holds it; emits"
      " roles.assigned -> {update_id, added, removed, incident}" },
    { 0 },
};
