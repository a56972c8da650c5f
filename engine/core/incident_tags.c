/* incident_tags - free words on an incident. They are compared as people read them: "Payment " and
 * "payment" are one tag, written as it was first. */
#include "core/args.h"
#include "core/op_table.h"
#include "core/policy.h"
#include "core/record_change.h"
#include "store/db.h"

#include <string.h>
#include <strings.h>

enum { TAGS_MAX = 50, TAG_MAX = 100 };

static const char SELECT_TAGS[] = "SELECT tag FROM incident_tag WHERE incident_id = ? ORDER BY tag";
static const char INSERT_TAG[] = "INSERT INTO incident_tag (incident_id, tag) VALUES (?, ?)";
static const char DELETE_TAG[] = "DELETE FROM incident_tag WHERE incident_id = ? AND tag = ?";

/* The tag of <tags> that reads like <tag>, or NULL. Letters beyond ASCII are compared as they
 * are. */
static const char *find_tag(const json_t *tags, const char *tag)
{
    size_t index;
    json_t *item;
    json_array_foreach ((json_t *)tags, index, item)
        if (strcasecmp(json_string_value(item), tag) == 0)
            return json_string_value(item);
    return NULL;
}

/* <wanted> gets each tag of the argument once, as <present> writes it. */
static int read_wanted(const struct args *args, const json_t *present, json_t *wanted)
{
    json_t *list;
    int rc = args_array(args, "tags", TAGS_MAX, &list);
    if (rc != OK)
        return rc;
    size_t index;
    json_t *item;
    json_array_foreach (list, index, item) {
        struct text text;
        rc = args_check_text(item, "tags", args->err, 1, TAG_MAX, &text);
        if (rc != OK)
            return rc;
        AUTO_FREE char *tag = text_dup(text);
        const char *known = find_tag(present, tag);
        if (!find_tag(wanted, tag))
            json_array_append_new(wanted, json_string(known ? known : tag));
    }
    return OK;
}

static int read_present(struct op_call *call, int64_t incident_id, json_t *tags)
{
    struct stmt *stmt = tx_query(call->tx, call->err, SELECT_TAGS, "i", incident_id);
    if (!stmt)
        return call->err->code;
    int rc;
    while ((rc = stmt_next(stmt, call->err)) == DB_ROW)
        json_array_append_new(tags, json_string(stmt_text(stmt, 0)));
    stmt_end(stmt);
    return rc;
}

/* Runs <sql> for each tag of <some> that is not in <others>; adds to *changes. */
static int write_difference(struct op_call *call, const char *sql, int64_t incident_id,
                            json_t *some, const json_t *others, int *changes)
{
    size_t index;
    json_t *item;
    json_array_foreach (some, index, item) {
        if (find_tag(others, json_string_value(item)))
            continue;
        int rc = tx_exec(call->tx, call->err, sql, "it", incident_id, json_string_value(item));
        if (rc < 0)
            return rc;
        ++*changes;
    }
    return OK;
}

static int note(struct op_call *call, int64_t incident_id, const json_t *before,
                const json_t *after)
{
    AUTO_FREE char *old = json_dumps(before, JSON_COMPACT);
    AUTO_FREE char *new = json_dumps(after, JSON_COMPACT);
    struct record_change change = { .incident_id = incident_id,
                                    .operation = "incident.set_tags",
                                    .field = "tags",
                                    .before = old,
                                    .after = new };
    return record_change_note(call, &change);
}

/* incident.set_tags {id, tags[]} -> {is_changed, incident}; the tags become these */
static int set_tags(struct op_call *call)
{
    struct args args = args_of(call);
    AUTO_JSON json_t *present = json_array();
    AUTO_JSON json_t *wanted = json_array();
    int64_t id;
    int changes = 0;
    int rc = args_refuse_unknown(call, "id", "tags");
    if (rc != OK || (rc = args_int(&args, "id", 1, INT64_MAX, &id)) != OK ||
        (rc = policy_require_incident(call, id)) != OK ||
        (rc = read_present(call, id, present)) != OK ||
        (rc = read_wanted(&args, present, wanted)) != OK ||
        (rc = write_difference(call, DELETE_TAG, id, present, wanted, &changes)) != OK ||
        (rc = write_difference(call, INSERT_TAG, id, wanted, present, &changes)) != OK)
        return rc;
    if (changes > 0)
        rc = note(call, id, present, wanted);
    return rc == OK ? record_change_answer(call, id, changes > 0) : rc;
}

const struct op INCIDENT_TAG_OPS[] = {
    { "incident.set_tags", true, set_tags,
      "{id, tags[]}: the incident's tags become these; emits records.changed -> {is_changed,"
      " incident}" },
    { 0 },
};
