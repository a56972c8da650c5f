/* incident_read - one incident, lists of them, and everything about one (incident_detail.c writes
 * its parts). */
#include "core/args.h"
#include "core/ids.h"
#include "core/incident_brief.h"
#include "core/incident_detail.h"
#include "core/incident_json.h"
#include "core/op_table.h"
#include "core/policy.h"
#include "core/status.h"
#include "store/db.h"

#include <string.h>

enum { LIST_DEFAULT = 100, LIST_MAX = 1000, FILTER_VALUES = 24, WORD_MAX = 40, SEARCH_MAX = 200 };

static const char SELECT_BY_CONVERSATION[] =
    "SELECT incident_id FROM conversation WHERE platform = ? AND external_id = ?";

/* ---- one */

/* *id is 0 when the conversation is no incident's. */
static int find_by_conversation(struct op_call *call, const struct args *args, int64_t *id)
{
    json_t *conversation = NULL;
    struct args row;
    struct text platform, external_id;
    int rc = args_object_optional(args, "conversation", &conversation);
    if (rc != OK || (rc = args_enter(args, "conversation", -1, conversation, &row)) != OK ||
        (rc = args_row_refuse_unknown(&row, "platform", "external_id")) != OK ||
        (rc = args_text(&row, "platform", 1, 40, &platform)) != OK ||
        (rc = args_text(&row, "external_id", 1, 128, &external_id)) != OK)
        return rc;
    *id = tx_get_int(call->tx, &rc, call->err, 0, SELECT_BY_CONVERSATION, "nn", platform.at,
                     platform.len, external_id.at, external_id.len);
    if (rc == OK && *id == 0)
        rc = err_set(call->err, ERR_NOT_FOUND, "this conversation belongs to no incident");
    return rc;
}

/* incident.get {id} | {conversation: {platform, external_id}} -> incident */
static int incident_get(struct op_call *call)
{
    struct args args = args_of(call);
    int64_t id = 0;
    int rc = args_refuse_unknown(call, "id", "conversation");
    if (rc == OK && args_has(&args, "conversation"))
        rc = find_by_conversation(call, &args, &id);
    else if (rc == OK)
        rc = args_int(&args, "id", 1, INT64_MAX, &id);
    if (rc == OK)
        rc = policy_require_incident(call, id);
    return rc == OK ? incident_write(call->tx, call->out, id, call->err) : rc;
}

/* incident.detail {id} -> incident and updates, members, invitations, strategy_runs, jobs,
 * messages, metrics */
static int incident_detail(struct op_call *call)
{
    int64_t id;
    int rc = policy_only_incident(call, "id", &id);
    if (rc != OK)
        return rc;
    return incident_detail_write(call->tx, call->out, id, call->err);
}

/* ---- lists */

#define PRIORITY_VALUE "(SELECT p.value FROM priority p WHERE p.id = i.priority_id)"

/* A query that grows condition by condition. */
struct filter {
    struct buf sql;
    bool is_brief; /* the query gives the columns of the short forms, not the ids */
    struct db_value values[FILTER_VALUES];
    int count;
};

static void bind_int(struct filter *filter, int64_t value)
{
    REQUIRE(filter->count < FILTER_VALUES);
    filter->values[filter->count++] = (struct db_value){ .type = 'i', .i = value };
}

static void bind_text(struct filter *filter, const char *value)
{
    REQUIRE(filter->count < FILTER_VALUES);
    filter->values[filter->count++] = (struct db_value){ .type = 't', .t = value };
}

static void bind_bytes(struct filter *filter, const char *value, size_t len)
{
    REQUIRE(filter->count < FILTER_VALUES);
    filter->values[filter->count++] = (struct db_value){ .type = 'n', .t = value, .n = len };
}

static void begin_filter(struct filter *filter, const struct actor *actor)
{
    static const char SELECT_IDS[] = "SELECT i.id FROM incident i WHERE ";
    buf_puts(&filter->sql, filter->is_brief ? INCIDENT_BRIEF_SELECT : SELECT_IDS);
    buf_puts(&filter->sql, POLICY_MAY_SEE_SQL);
    bind_int(filter, policy_sees_all(actor));
    bind_text(filter, policy_person(actor));
    bind_text(filter, policy_person(actor));
}

/* Adds "AND <condition>" with the integer argument <key>, when given. */
static int filter_by_int(struct filter *filter, const struct args *args, const char *key,
                         const char *condition)
{
    int64_t value = 0;
    int rc = args_int_optional(args, key, INT64_MIN, INT64_MAX, &value);
    if (rc == OK && args_has(args, key)) {
        buf_puts(&filter->sql, condition);
        bind_int(filter, value);
    }
    return rc;
}

/* A number, or a word that people read. */
static int read_status(const struct args *args, json_t *item, bool is_within[STATUS_COUNT])
{
    struct text word;
    if (json_is_number(item)) {
        double number = json_number_value(item);
        int index =
            number >= STATUS_OPEN && number <= STATUS_CLOSED ? status_index((int)number) : -1;
        if (index >= 0)
            is_within[index] = true;
        return OK;
    }
    int rc = args_check_text(item, "status_in", args->err, 1, WORD_MAX, &word);
    if (rc != OK)
        return rc;
    AUTO_FREE char *text = text_dup(word);
    int status = status_from_word(text);
    if (!status)
        return args_fail(args, "status_in", "\"%s\" is no status; such as %s or %s", text,
                         status_label(STATUS_OPEN), status_label(STATUS_MITIGATED));
    is_within[status_index(status)] = true;
    return OK;
}

/* The statuses of both arguments. As a set, because a set has an index, and a range of it would be
 * read to its end. */
static int filter_by_status(struct filter *filter, const struct args *args)
{
    json_t *list = NULL;
    int64_t below = INT64_MAX;
    int rc = args_array_optional(args, "status_in", STATUS_COUNT, &list);
    if (rc == OK)
        rc = args_int_optional(args, "status_below", INT64_MIN, INT64_MAX, &below);
    if (rc != OK || (!list && below > STATUS_CLOSED))
        return rc;
    bool is_within[STATUS_COUNT] = { false };
    size_t index;
    json_t *item;
    json_array_foreach (list, index, item)
        if (rc == OK)
            rc = read_status(args, item, is_within);
    if (rc != OK)
        return rc;
    buf_puts(&filter->sql, " AND i.status IN (NULL");
    for (int status = STATUS_OPEN; status <= STATUS_CLOSED; status += 10)
        if ((!list || is_within[status_index(status)]) && status < below)
            buf_printf(&filter->sql, ", %d", status);
    buf_puts(&filter->sql, ")");
    return OK;
}

/* "#12" or "12" finds incident 12 (and 120 ...); anything else is looked for in the titles. */
static int filter_by_search(struct filter *filter, const struct args *args)
{
    struct text search;
    int rc = args_text_optional(args, "search", 0, SEARCH_MAX, &search);
    if (rc != OK || !search.at || search.len == 0)
        return rc;
    size_t skip = search.at[0] == '#';
    buf_puts(&filter->sql, " AND (instr(lower(i.title), lower(?)) > 0 OR"
                           " (? <> '' AND instr(i.id, ?) = 1))");
    bind_bytes(filter, search.at, search.len);
    bind_bytes(filter, search.at + skip, search.len - skip);
    bind_bytes(filter, search.at + skip, search.len - skip);
    return OK;
}

/* Incidents that concern a person: declared by, member of, role in. Each is asked, from the newest
 * on: those who look want open ones, which are few. */
static int filter_by_person(struct filter *filter, const struct args *args)
{
    struct text person;
    int rc = args_text_optional(args, "of_person", 1, ID_SIZE - 1, &person);
    if (rc != OK || !person.at)
        return rc;
    buf_puts(&filter->sql,
             " AND (i.created_by = ? OR EXISTS (SELECT 1 FROM incident_member m WHERE"
             " m.incident_id = i.id AND m.person_id = ?) OR EXISTS (SELECT 1 FROM incident_role r"
             " WHERE r.incident_id = i.id AND r.person_id = ?))");
    for (int i = 0; i < 3; i++)
        bind_bytes(filter, person.at, person.len);
    return OK;
}

static int finish_filter(struct filter *filter, const struct args *args)
{
    struct text order;
    int64_t limit = LIST_DEFAULT;
    int rc = args_text_optional(args, "order", 1, 20, &order);
    if (rc != OK || (rc = args_int_optional(args, "limit", 1, LIST_MAX, &limit)) != OK)
        return rc;
    if (order.at && !text_is(order, "newest") && !text_is(order, "status"))
        return args_fail(args, "order", "order must be \"newest\" or \"status\"");
    buf_puts(&filter->sql, order.at && text_is(order, "status")
                               ? " ORDER BY i.status, " PRIORITY_VALUE ", i.id DESC"
                               : " ORDER BY i.id DESC");
    buf_puts(&filter->sql, " LIMIT ?");
    bind_int(filter, limit);
    return OK;
}

static int add_conditions(struct op_call *call, struct filter *filter)
{
    struct args args = args_of(call);
    int rc;
    begin_filter(filter, call->actor);
    if ((rc = filter_by_status(filter, &args)) != OK ||
        (rc = filter_by_int(filter, &args, "priority_value_at_most",
                            " AND " PRIORITY_VALUE " <= ?")) != OK ||
        (rc = filter_by_int(filter, &args, "created_after_ms", " AND i.created_at_ms > ?")) != OK ||
        (rc = filter_by_int(filter, &args, "before_id", " AND i.id < ?")) != OK ||
        (rc = filter_by_search(filter, &args)) != OK ||
        (rc = filter_by_person(filter, &args)) != OK)
        return rc;
    return finish_filter(filter, &args);
}

static struct stmt *query_filter(struct op_call *call, const struct filter *filter)
{
    return tx_query_values(call->tx, call->err, buf_text(&filter->sql), filter->values,
                           filter->count);
}

static int collect_ids(struct op_call *call, const struct filter *filter, struct incident_set *set)
{
    struct stmt *stmt = query_filter(call, filter);
    if (!stmt)
        return call->err->code;
    int rc;
    while ((rc = stmt_next(stmt, call->err)) == DB_ROW)
        incident_set_add(set, stmt_int(stmt, 0));
    stmt_end(stmt);
    return rc;
}

static int write_full(struct op_call *call, const struct filter *filter)
{
    AUTO_INCIDENT_SET struct incident_set *set = incident_set_new(false);
    int rc = collect_ids(call, filter, set);
    if (rc == OK)
        rc = incident_set_load(set, call->tx, call->err);
    if (rc != OK)
        return rc;
    json_array_begin(call->out);
    for (size_t i = 0; i < incident_set_count(set); i++)
        incident_set_write(set, call->out, i);
    json_array_finish(call->out);
    return OK;
}

#define CONDITIONS                                                                          \
    "status_below", "status_in", "priority_value_at_most", "created_after_ms", "before_id", \
        "search", "of_person", "limit", "order"

/* incident.list {conditions, is_brief?} -> [incident] */
static int incident_list(struct op_call *call)
{
    struct args args = args_of(call);
    struct filter filter = { 0 };
    int rc = args_refuse_unknown(call, CONDITIONS, "is_brief");
    if (rc == OK && (rc = args_bool_optional(&args, "is_brief", &filter.is_brief)) == OK)
        rc = add_conditions(call, &filter);
    if (rc == OK && filter.is_brief)
        rc = incident_brief_write(call->tx, query_filter(call, &filter), call->out, call->err);
    else if (rc == OK)
        rc = write_full(call, &filter);
    buf_fini(&filter.sql);
    return rc;
}

/* incident.board {conditions} -> {incidents, priorities, environments, categories, people} */
static int incident_board(struct op_call *call)
{
    struct filter filter = { .is_brief = true };
    int rc = args_refuse_unknown(call, CONDITIONS);
    if (rc == OK && (rc = add_conditions(call, &filter)) == OK) {
        struct stmt *stmt = query_filter(call, &filter);
        rc = incident_brief_write_board(call->tx, stmt, call->out, call->err);
    }
    buf_fini(&filter.sql);
    return rc;
}

const struct op INCIDENT_READ_OPS[] = {
    { "incident.get", false, incident_get,
      "{id} or {conversation: {platform, external_id}}: one incident" },
    { "incident.list", false, incident_list,
      "{status_below?, status_in?, priority_value_at_most?, created_after_ms?, before_id?, search?,"
      " of_person?, limit?, order?, is_brief?}: incidents without their impacts; order: \"newest\""
      " (default) or \"status\"; search: words of the title, or a number; is_brief: only what a"
      " list shows (id, title, description of at most 600 characters, status, status_label,"
      " is_drill, created_at_ms, url, priority {name, value, emoji, description}, environment"
      " {value, name, description}, category {name, group {name}}, conversation {platform,"
      " external_id, name}, created_by"
      " {username, name}), which is several times as fast" },
    { "incident.board", false, incident_board,
      "{the conditions of incident.list}: what a board of many incidents shows, and what they"
      " have in common only once: {incidents, priorities, environments, categories, people}; an"
      " incident has id, title, description, status, status_label, created_at_ms,"
      " conversation_name?, and its places in those lists as priority, environment, category and"
      " created_by; the lists have what the brief form has" },
    { "incident.detail", false, incident_detail,
      "{id}: the incident with updates, members, invitations, strategy_runs, jobs, messages and"
      " metrics" },
    { 0 },
};
