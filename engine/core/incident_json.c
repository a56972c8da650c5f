#include "core/incident_json.h"

#include "base/mem.h"
#include "core/op.h"
#include "core/people_set.h"
#include "core/query_in.h"
#include "core/rows.h"
#include "core/status.h"
#include "store/db.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char SELECT_INCIDENTS[] =
    "SELECT i.id, i.title, i.description, i.status, i.response_type, i.is_private, i.is_ignored,"
    " i.created_at_ms, i.updated_at_ms, i.mitigated_at_ms, i.closed_at_ms, i.closure_reason,"
    " i.closure_reference, i.dedup_key, i.custom_fields, i.created_by, p.id, p.name, p.value,"
    " p.emoji, p.description, p.needs_postmortem, p.sla_ms, p.reminder_time_ms, p.is_default,"
    " e.id, e.value, e.name, e.description, e.position, c.id, c.name, c.description,"
    " c.is_private, c.deploy_warning, g.id, g.name, g.position, v.id, v.platform, v.external_id,"
    " v.name, v.type, v.status, v.url, i.is_drill, i.duplicate_of,"
    " (SELECT json_group_array(tag) FROM (SELECT tag FROM incident_tag t WHERE t.incident_id ="
    " i.id ORDER BY tag)) FROM incident i JOIN priority p ON p.id = i.priority_id"
    " JOIN environment e ON e.id = i.environment_id JOIN category c ON c.id = i.category_id JOIN"
    " category_group g ON g.id = c.group_id LEFT JOIN conversation v ON v.incident_id = i.id"
    " WHERE i.id";

/* A line for each table. */
/* clang-format off */
enum {
    ID, TITLE, DESCRIPTION, STATUS, RESPONSE_TYPE, IS_PRIVATE, IS_IGNORED, CREATED_AT, UPDATED_AT,
    MITIGATED_AT, CLOSED_AT, CLOSURE_REASON, CLOSURE_REFERENCE, DEDUP_KEY, CUSTOM_FIELDS, CREATED_BY,
    P_ID, P_NAME, P_VALUE, P_EMOJI, P_DESCRIPTION, P_POSTMORTEM, P_SLA, P_REMINDER, P_DEFAULT,
    E_ID, E_VALUE, E_NAME, E_DESCRIPTION, E_POSITION,
    C_ID, C_NAME, C_DESCRIPTION, C_PRIVATE, C_DEPLOY_WARNING, G_ID, G_NAME, G_POSITION,
    V_ID, V_PLATFORM, V_EXTERNAL_ID, V_NAME, V_TYPE, V_STATUS, V_URL,
    IS_DRILL, DUPLICATE_OF, TAGS,
};
/* clang-format on */

static const char SELECT_ROLES[] =
    "SELECT r.incident_id, t.position, r.person_id, t.slug, t.name, t.emoji, t.is_required,"
    " t.summary FROM incident_role r JOIN role_type t ON t.id = r.role_type_id WHERE"
    " r.incident_id";

static const char SELECT_IMPACTS[] =
    "SELECT m.incident_id, t.position, t.value, t.name, t.emoji, l.value, l.name, l.emoji,"
    " l.description FROM incident_impact m JOIN impact_type t ON t.id = m.impact_type_id JOIN"
    " impact_level l ON l.id = m.impact_level_id WHERE m.incident_id";

/* A role somebody holds, or an impact. Sorted here and not in SQL: they are few, and a sorter costs
 * more than all the rest. */
struct part {
    struct part *next;
    int64_t position;
    char *members;   /* JSON members but for the person */
    char *person_id; /* of a role; NULL: an impact */
};

/* One incident of the set. */
struct item {
    int64_t id;
    char *members; /* JSON members from the incident's own row; NULL: no such incident */
    char *created_by;
    struct part *roles; /* in the order of their types */
    struct part *impacts;
};

struct incident_set {
    struct item *items;
    struct item **by_id; /* the items, sorted by id; made by the load */
    size_t count;
    size_t cap;
    bool with_impacts;
    struct people_set *people;
};

enum { INCIDENT_BYTES = 2048 }; /* most incidents fit */

/* Where the fragments of a row go. */
typedef void (*row_fn)(struct incident_set *set, struct item *item, struct stmt *stmt);

struct incident_set *incident_set_new(bool with_impacts)
{
    struct incident_set *set = xcalloc(1, sizeof(*set));
    set->with_impacts = with_impacts;
    set->people = people_set_new();
    return set;
}

static void parts_free(struct part *part)
{
    while (part) {
        struct part *next = part->next;
        free(part->members);
        free(part->person_id);
        free(part);
        part = next;
    }
}

static void item_fini(struct item *item)
{
    free(item->members);
    free(item->created_by);
    parts_free(item->roles);
    parts_free(item->impacts);
}

/* Takes <members>; behind those with the same position. */
static struct part *part_add(struct part **list, int64_t position, char *members)
{
    while (*list && (*list)->position <= position)
        list = &(*list)->next;
    struct part *part = xmalloc(sizeof(*part));
    *part = (struct part){ .next = *list, .position = position, .members = members };
    *list = part;
    return part;
}

void incident_set_free(struct incident_set *set)
{
    if (!set)
        return;
    for (size_t i = 0; i < set->count; i++)
        item_fini(&set->items[i]);
    free(set->items);
    free(set->by_id);
    people_set_free(set->people);
    free(set);
}

void incident_set_add(struct incident_set *set, int64_t id)
{
    if (set->count == set->cap) {
        set->cap = set->cap ? set->cap * 2 : 1;
        set->items = xrealloc(set->items, set->cap * sizeof(*set->items));
    }
    set->items[set->count++] = (struct item){ .id = id };
}

size_t incident_set_count(const struct incident_set *set)
{
    return set->count;
}

static int compare_items(const void *a, const void *b)
{
    const struct item *left = *(struct item *const *)a;
    const struct item *right = *(struct item *const *)b;
    return left->id < right->id ? -1 : left->id > right->id;
}

static void index_items(struct incident_set *set)
{
    set->by_id = xrealloc(set->by_id, set->count * sizeof(struct item *));
    for (size_t i = 0; i < set->count; i++)
        set->by_id[i] = &set->items[i];
    if (set->count > 1)
        qsort(set->by_id, set->count, sizeof(struct item *), compare_items);
}

static struct item *find_item(struct incident_set *set, int64_t id)
{
    struct item wanted = { .id = id };
    struct item *key = &wanted;
    struct item **found =
        bsearch(&key, set->by_id, set->count, sizeof(struct item *), compare_items);
    return found ? *found : NULL;
}

/* ---- fragments */

void incident_put_url(struct json_writer *w, int64_t id)
{
    char base_url[OP_BASE_URL_SIZE];
    char url[OP_BASE_URL_SIZE + 40];
    op_base_url(base_url);
    snprintf(url, sizeof(url), "%s/incident/%" PRId64 "/", base_url, id);
    json_put_text(w, "url", url);
}

static void put_head(struct json_writer *w, struct stmt *stmt)
{
    int status = (int)stmt_int(stmt, STATUS);
    json_put_int(w, "id", stmt_int(stmt, ID));
    json_put_text(w, "title", stmt_text(stmt, TITLE));
    json_put_text(w, "description", stmt_text(stmt, DESCRIPTION));
    json_put_int(w, "status", status);
    json_put_text(w, "status_name", status_name(status));
    json_put_text(w, "status_label", status_label(status));
    json_put_text(w, "response_type", stmt_text(stmt, RESPONSE_TYPE));
    json_put_bool(w, "is_private", stmt_int(stmt, IS_PRIVATE));
    json_put_bool(w, "is_ignored", stmt_int(stmt, IS_IGNORED));
    json_put_bool(w, "is_drill", stmt_int(stmt, IS_DRILL));
    json_put_column(w, "duplicate_of", stmt, DUPLICATE_OF);
    json_put_raw(w, "tags", stmt_text(stmt, TAGS));
    json_put_int(w, "created_at_ms", stmt_int(stmt, CREATED_AT));
    json_put_int(w, "updated_at_ms", stmt_int(stmt, UPDATED_AT));
    json_put_column(w, "mitigated_at_ms", stmt, MITIGATED_AT);
    json_put_column(w, "closed_at_ms", stmt, CLOSED_AT);
    json_put_text(w, "closure_reason", stmt_text(stmt, CLOSURE_REASON));
    json_put_text(w, "closure_reference", stmt_text(stmt, CLOSURE_REFERENCE));
    json_put_text(w, "dedup_key", stmt_text(stmt, DEDUP_KEY));
    json_put_raw(w, "custom_fields", stmt_text(stmt, CUSTOM_FIELDS));
    incident_put_url(w, stmt_int(stmt, ID));
}

static void put_priority(struct json_writer *w, struct stmt *stmt)
{
    json_key(w, "priority");
    json_object_begin(w);
    json_put_text(w, "id", stmt_text(stmt, P_ID));
    json_put_text(w, "name", stmt_text(stmt, P_NAME));
    json_put_int(w, "value", stmt_int(stmt, P_VALUE));
    json_put_text(w, "emoji", stmt_text(stmt, P_EMOJI));
    json_put_text(w, "description", stmt_text(stmt, P_DESCRIPTION));
    json_put_bool(w, "needs_postmortem", stmt_int(stmt, P_POSTMORTEM));
    json_put_int(w, "sla_ms", stmt_int(stmt, P_SLA));
    json_put_int(w, "reminder_time_ms", stmt_int(stmt, P_REMINDER));
    json_put_bool(w, "is_default", stmt_int(stmt, P_DEFAULT));
    json_object_finish(w);
}

static void put_environment(struct json_writer *w, struct stmt *stmt)
{
    json_key(w, "environment");
    json_object_begin(w);
    json_put_text(w, "id", stmt_text(stmt, E_ID));
    json_put_text(w, "value", stmt_text(stmt, E_VALUE));
    json_put_text(w, "name", stmt_text(stmt, E_NAME));
    json_put_text(w, "description", stmt_text(stmt, E_DESCRIPTION));
    json_put_int(w, "position", stmt_int(stmt, E_POSITION));
    json_object_finish(w);
}

static void put_category(struct json_writer *w, struct stmt *stmt)
{
    json_key(w, "category");
    json_object_begin(w);
    json_put_text(w, "id", stmt_text(stmt, C_ID));
    json_put_text(w, "name", stmt_text(stmt, C_NAME));
    json_put_text(w, "description", stmt_text(stmt, C_DESCRIPTION));
    json_put_bool(w, "is_private", stmt_int(stmt, C_PRIVATE));
    json_put_bool(w, "deploy_warning", stmt_int(stmt, C_DEPLOY_WARNING));
    json_key(w, "group");
    json_object_begin(w);
    json_put_text(w, "id", stmt_text(stmt, G_ID));
    json_put_text(w, "name", stmt_text(stmt, G_NAME));
    json_put_int(w, "position", stmt_int(stmt, G_POSITION));
    json_object_finish(w);
    json_object_finish(w);
}

static void put_conversation(struct json_writer *w, struct stmt *stmt)
{
    if (stmt_is_null(stmt, V_ID)) {
        json_put_null(w, "conversation");
        return;
    }
    json_key(w, "conversation");
    json_object_begin(w);
    json_put_text(w, "id", stmt_text(stmt, V_ID));
    json_put_text(w, "platform", stmt_text(stmt, V_PLATFORM));
    json_put_text(w, "external_id", stmt_text(stmt, V_EXTERNAL_ID));
    json_put_text(w, "name", stmt_text(stmt, V_NAME));
    json_put_text(w, "type", stmt_text(stmt, V_TYPE));
    json_put_text(w, "status", stmt_text(stmt, V_STATUS));
    json_put_text(w, "url", stmt_text(stmt, V_URL));
    json_object_finish(w);
}

static void read_incident(struct incident_set *set, struct item *item, struct stmt *stmt)
{
    struct buf text = BUF_INIT;
    struct json_writer w;
    buf_reserve(&text, INCIDENT_BYTES);
    json_writer_init(&w, &text);
    put_head(&w, stmt);
    put_priority(&w, stmt);
    put_environment(&w, stmt);
    put_category(&w, stmt);
    put_conversation(&w, stmt);
    item->members = buf_take(&text, NULL);
    item->created_by = xstrdup(stmt_text(stmt, CREATED_BY));
    people_set_want(set->people, item->created_by);
}

static void read_role(struct incident_set *set, struct item *item, struct stmt *stmt)
{
    struct buf text = BUF_INIT;
    struct json_writer w;
    json_writer_init(&w, &text);
    json_put_text(&w, "slug", stmt_text(stmt, 3));
    json_put_text(&w, "name", stmt_text(stmt, 4));
    json_put_text(&w, "emoji", stmt_text(stmt, 5));
    json_put_bool(&w, "is_required", stmt_int(stmt, 6));
    json_put_text(&w, "summary", stmt_text(stmt, 7));
    struct part *role = part_add(&item->roles, stmt_int(stmt, 1), buf_take(&text, NULL));
    role->person_id = xstrdup(stmt_text(stmt, 2));
    people_set_want(set->people, role->person_id);
}

static void read_impact(struct incident_set *set, struct item *item, struct stmt *stmt)
{
    (void)set;
    struct buf text = BUF_INIT;
    struct json_writer w;
    json_writer_init(&w, &text);
    json_key(&w, "type");
    json_object_begin(&w);
    json_put_text(&w, "value", stmt_text(stmt, 2));
    json_put_text(&w, "name", stmt_text(stmt, 3));
    json_put_text(&w, "emoji", stmt_text(stmt, 4));
    json_object_finish(&w);
    json_key(&w, "level");
    json_object_begin(&w);
    json_put_text(&w, "value", stmt_text(stmt, 5));
    json_put_text(&w, "name", stmt_text(stmt, 6));
    json_put_text(&w, "emoji", stmt_text(stmt, 7));
    json_put_text(&w, "description", stmt_text(stmt, 8));
    json_object_finish(&w);
    part_add(&item->impacts, stmt_int(stmt, 1), buf_take(&text, NULL));
}

/* ---- loading and writing */

/* Runs one query over all ids, in chunks; its first column is the incident's id. */
static int load_rows(struct incident_set *set, struct tx *tx, const char *sql, row_fn read,
                     struct err *err)
{
    struct db_value ids[QUERY_IN_MAX];
    for (size_t at = 0; at < set->count; at += QUERY_IN_MAX) {
        int count = 0;
        while (count < QUERY_IN_MAX && at + (size_t)count < set->count) {
            ids[count] = (struct db_value){ .type = 'i', .i = set->items[at + (size_t)count].id };
            count++;
        }
        struct stmt *stmt = query_in(tx, err, sql, "", NULL, 0, ids, count);
        if (!stmt)
            return err->code;
        int rc;
        while ((rc = stmt_next(stmt, err)) == DB_ROW) {
            struct item *item = find_item(set, stmt_int(stmt, 0));
            if (item)
                read(set, item, stmt);
        }
        stmt_end(stmt);
        if (rc != DB_DONE)
            return rc;
    }
    return OK;
}

int incident_set_load(struct incident_set *set, struct tx *tx, struct err *err)
{
    if (set->count == 0)
        return OK;
    index_items(set);
    int rc = load_rows(set, tx, SELECT_INCIDENTS, read_incident, err);
    if (rc == OK)
        rc = load_rows(set, tx, SELECT_ROLES, read_role, err);
    if (rc == OK && set->with_impacts)
        rc = load_rows(set, tx, SELECT_IMPACTS, read_impact, err);
    return rc == OK ? people_set_load(set->people, tx, err) : rc;
}

static void write_parts(const struct incident_set *set, struct json_writer *w, const char *key,
                        const struct part *part)
{
    json_key(w, key);
    json_array_begin(w);
    for (; part; part = part->next) {
        json_object_begin(w);
        json_members(w, part->members, strlen(part->members));
        if (part->person_id) {
            json_key(w, "person");
            people_set_write(set->people, w, part->person_id);
        }
        json_object_finish(w);
    }
    json_array_finish(w);
}

bool incident_set_begin(const struct incident_set *set, struct json_writer *w, size_t index)
{
    const struct item *item = &set->items[index];
    if (!item->members)
        return false;
    json_object_begin(w);
    json_members(w, item->members, strlen(item->members));
    json_key(w, "created_by");
    people_set_write(set->people, w, item->created_by);
    write_parts(set, w, "roles", item->roles);
    if (set->with_impacts)
        write_parts(set, w, "impacts", item->impacts);
    return true;
}

void incident_set_write(const struct incident_set *set, struct json_writer *w, size_t index)
{
    if (incident_set_begin(set, w, index))
        json_object_finish(w);
    else
        json_null_value(w);
}

int incident_write(struct tx *tx, struct json_writer *w, int64_t id, struct err *err)
{
    AUTO_INCIDENT_SET struct incident_set *set = incident_set_new(true);
    incident_set_add(set, id);
    int rc = incident_set_load(set, tx, err);
    if (rc != OK)
        return rc;
    if (!set->items[0].members)
        return err_set(err, ERR_NOT_FOUND, "there is no incident %" PRId64, id);
    incident_set_write(set, w, 0);
    return OK;
}
