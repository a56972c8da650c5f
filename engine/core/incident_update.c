/* incident_update - the operations that change an incident: update, close, reopen, downgrade. Each reads its arguments
 * into an incident_change and applies it; the rules are incident_change.c's. */
#include "base/clock.h"
#include "base/mem.h"
#include "core/incident_change.h"
#include "core/incident_json.h"
#include "core/op_table.h"
#include "core/policy.h"
#include "core/reference_named.h"
#include "core/request_key.h"
#include "store/db.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    TITLE_MAX = 128,
    FORM_MIN = 10,
    FORM_TEXT_MAX = 1200,
    MESSAGE_MAX = 10000,
    REFERENCE_MAX = 100,
};

static const char SELECT_IS_SET_BY_COURSE[] =
    "SELECT 1 FROM milestone_type WHERE event_type = ? AND user_editable = 0 AND is_active = 1";

/* A change and what else the call says. */
struct reading {
    struct op_call *call;
    struct args args;
    struct incident_change change;
    json_t *environments; /* owned */
    struct text request_key;
    int64_t id;
    bool is_form;
};

/* ---- arguments */

static int read_status(struct reading *r)
{
    json_t *given = json_object_get(r->args.object, "status");
    int64_t number = 0;
    struct text word;
    if (!given || json_is_null(given))
        return OK;
    AUTO_FREE char *text = NULL;
    int rc = OK;
    if (json_is_number(given)) {
        rc = args_int(&r->args, "status", STATUS_OPEN, STATUS_CLOSED, &number);
        text = xasprintf("%" PRId64, number);
    } else if ((rc = args_text(&r->args, "status", 1, 40, &word)) == OK) {
        text = text_dup(word);
        number = status_from_word(text);
    }
    r->change.status = (int)number;
    return rc == OK && status_index(r->change.status) < 0
               ? args_fail(&r->args, "status", "there is no status \"%s\"", text)
               : rc;
}

static int read_priority(struct reading *r)
{
    struct named_priority priority;
    if (!args_has(&r->args, "priority"))
        return OK;
    int rc = reference_read_priority(r->call, &r->args, &priority);
    if (rc == OK && !priority.can_update)
        rc = args_fail(&r->args, "priority", "this priority cannot be chosen");
    if (rc == OK)
        copy_text(r->change.priority_id, sizeof(r->change.priority_id), priority.id);
    return rc;
}

static int read_category(struct reading *r)
{
    struct named_category category;
    if (!args_has(&r->args, "category"))
        return OK;
    int rc = reference_read_category(r->call, &r->args, &category);
    if (rc == OK)
        copy_text(r->change.category_id, sizeof(r->change.category_id), category.id);
    return rc;
}

static int read_environments(struct reading *r)
{
    if (args_has(&r->args, "environments"))
        r->environments = r->change.environments = json_array();
    return reference_read_environments(r->call, &r->args, r->change.environment_id,
                                       r->environments);
}

/* A step may be any key event that people set, and none that only an incident's course sets. */
static int read_event_type(struct reading *r)
{
    struct text *type = &r->change.event_type;
    int rc = args_text_optional(&r->args, "event_type", 1, 64, type);
    if (rc == OK && type->at &&
        tx_get_int(r->call->tx, &rc, r->call->err, 0, SELECT_IS_SET_BY_COURSE, "n", type->at,
                   type->len))
        return args_fail(&r->args, "event_type", "%.*s is set by the incident's own course",
                         (int)type->len, type->at);
    return rc;
}

static int read_mark(struct reading *r, const char *key, enum mark *mark)
{
    bool is_on = false;
    int rc = args_bool_optional(&r->args, key, &is_on);
    if (rc == OK && args_has(&r->args, key))
        *mark = is_on ? MARK_ON : MARK_OFF;
    return rc;
}

static int read_texts(struct reading *r)
{
    int min = r->is_form ? FORM_MIN : 1;
    int rc = args_text_optional(&r->args, "message", min, r->is_form ? FORM_TEXT_MAX : MESSAGE_MAX,
                                &r->change.message);
    if (rc == OK)
        rc = args_text_optional(&r->args, "title", min, TITLE_MAX, &r->change.title);
    if (rc == OK)
        rc = args_text_optional(&r->args, "description", min, r->is_form ? FORM_TEXT_MAX : 0,
                                &r->change.description);
    if (rc == OK)
        rc = args_text_optional(&r->args, "closure_reason", 1, 40, &r->change.closure_reason);
    if (rc == OK)
        rc = args_text_optional(&r->args, "closure_reference", 1, REFERENCE_MAX,
                                &r->change.closure_reference);
    if (rc == OK)
        rc = read_event_type(r);
    return rc == OK ? request_key_read(&r->args, &r->request_key) : rc;
}

/* A record that a message made says what the message says, and nothing else: it can be undone. */
static int read_source(struct reading *r)
{
    static const char *const ALLOWED[] = { "id",          "message",     "source",
                                           "event_at_ms", "request_key", NULL };
    int rc = update_source_read(r->call, &r->args, &r->change.source);
    if (rc != OK || !update_source_is_set(&r->change.source))
        return rc;
    if (!r->change.message.at)
        return args_fail(&r->args, "message", "message is required with a source");
    return args_refuse_others(r->args.object, r->args.path, r->call->err, ALLOWED);
}

/* Everything that any of the operations takes; each refuses what it does not know before. */
static int read_call(struct reading *r)
{
    int rc = args_int(&r->args, "id", 1, INT64_MAX, &r->id);
    if (rc == OK)
        rc = policy_require_incident(r->call, r->id);
    if (rc == OK)
        rc = args_bool_optional(&r->args, "form", &r->is_form);
    if (rc == OK)
        rc = args_int_optional(&r->args, "event_at_ms", 1, CLOCK_LAST_MS, &r->change.event_at_ms);
    if (rc == OK)
        rc = read_texts(r);
    if (rc == OK)
        rc = read_mark(r, "ignore", &r->change.ignore);
    if (rc == OK)
        rc = read_mark(r, "drill", &r->change.drill);
    if (rc == OK)
        rc = read_status(r);
    if (rc == OK)
        rc = read_priority(r);
    if (rc == OK)
        rc = read_category(r);
    return rc == OK ? read_environments(r) : rc;
}

/* ---- answers */

static int answer(const struct reading *r, const char *update_id,
                  const struct incident_changed *changed)
{
    struct json_writer *w = r->call->out;
    AUTO_FREE char *fields = changed ? json_dumps(changed->fields, JSON_COMPACT) : NULL;
    json_object_begin(w);
    json_put_text(w, "update_id", *update_id ? update_id : NULL);
    json_put_raw(w, "updated_fields", fields ? fields : "[]");
    if (changed) {
        json_put_int(w, "old_status", changed->old_status);
        json_put_int(w, "old_priority_value", changed->old_priority_value);
    }
    json_key(w, "incident");
    int rc = incident_write(r->call->tx, w, r->id, r->call->err);
    json_object_finish(w);
    return rc;
}

static int keep(struct reading *r, const char *update_id)
{
    char kept[60];
    snprintf(kept, sizeof(kept), "{\"update_id\":\"%s\"}", update_id);
    return request_key_keep(r->call, "incident.update", r->request_key, kept);
}

/* A message that made a record already makes no second one: answers with the record that there is.
 * <is_answered> says whether it did. */
static int answer_for_source(struct reading *r, bool *is_answered)
{
    char update_id[ID_SIZE];
    int64_t incident_id;
    if (!update_source_is_set(&r->change.source))
        return OK;
    int rc = update_source_find(r->call, &r->change.source, update_id, &incident_id);
    if (rc != OK || !incident_id)
        return rc;
    if (incident_id != r->id) {
        err_field(r->call->err, "source", "the message is on another incident's timeline");
        return r->call->err->code = ERR_CONFLICT;
    }
    *is_answered = true;
    return answer(r, update_id, NULL);
}

static int apply(struct reading *r)
{
    AUTO_JSON json_t *kept = NULL;
    struct incident_changed changed;
    bool is_answered = false;
    int rc = answer_for_source(r, &is_answered);
    if (rc != OK || is_answered)
        return rc;
    rc = request_key_find(r->call, "incident.update", r->request_key, &kept);
    if (rc != OK || kept)
        return rc != OK ? rc
                        : answer(r, json_string_value(json_object_get(kept, "update_id")), NULL);
    rc = incident_change_apply(r->call, r->id, &r->change, &changed);
    if (rc == OK && changed.update_id[0])
        rc = keep(r, changed.update_id);
    if (rc == OK)
        rc = answer(r, changed.update_id, &changed);
    incident_changed_fini(&changed);
    return rc;
}

static int finish(struct reading *r, int rc)
{
    if (rc == OK)
        rc = apply(r);
    json_decref(r->environments);
    return rc;
}

static struct reading reading_of(struct op_call *call)
{
    return (struct reading){ .call = call, .args = args_of(call) };
}

/* ---- the operations */

static int incident_update(struct op_call *call)
{
    struct reading r = reading_of(call);
    int rc = args_refuse_unknown(call, "id", "message", "status", "priority", "category",
                                 "environment", "environments", "title", "description",
                                 "closure_reason", "closure_reference", "event_type", "event_at_ms",
                                 "ignore", "drill", "source", "request_key", "form");
    if (rc == OK)
        rc = read_call(&r);
    return finish(&r, rc == OK ? read_source(&r) : rc);
}

static int incident_close(struct op_call *call)
{
    struct reading r = reading_of(call);
    int rc =
        args_refuse_unknown(call, "id", "message", "closure_reason", "closure_reference", "title",
                            "description", "category", "priority", "request_key", "form");
    if (rc == OK)
        rc = read_call(&r);
    r.change.status = STATUS_CLOSED;
    return finish(&r, rc);
}

static int incident_reopen(struct op_call *call)
{
    struct reading r = reading_of(call);
    int rc = args_refuse_unknown(call, "id", "message", "status", "request_key", "form");
    if (rc == OK)
        rc = read_call(&r);
    if (!r.change.status)
        r.change.status = STATUS_INVESTIGATING;
    r.change.must_reopen = true;
    return finish(&r, rc);
}

static int incident_downgrade(struct op_call *call)
{
    struct reading r = reading_of(call);
    int rc = args_refuse_unknown(call, "id", "message", "request_key", "form");
    if (rc == OK)
        rc = read_call(&r);
    r.change.status = STATUS_CLOSED;
    r.change.ignore = MARK_ON;
    r.change.event_type = text_of("downgraded");
    return finish(&r, rc);
}

const struct op INCIDENT_UPDATE_OPS[] = {
    { "incident.update", true, incident_update,
      "{id, message?, status?, priority?, category?, environment or environments[]?, title?,"
      " description?, closure_reason?, closure_reference?, event_type?, event_at_ms?, ignore?,"
      " drill?, source{conversation_id, external_id, kind?}?, request_key?, form?}: a step on the"
      " timeline by the rules of the lifecycle (of the message <source> only a message, once);"
      " closure_* also correct what a closed incident says of its end; emits incident.updated,"
      " incident.closed, incident.reopened -> {update_id or null, updated_fields, old_status,"
      " old_priority_value, incident}" },
    { "incident.close", true, incident_close,
      "{id, message?, closure_reason?, closure_reference?, title?, description?, category?,"
      " priority?, request_key?, form?}: the same, to Closed" },
    { "incident.reopen", true, incident_reopen,
      "{id, message, status?, request_key?}: from Mitigated, Post-mortem or Closed back to work"
      " (Investigating), with a justification; the mark of a downgrade or a merge goes" },
    { "incident.downgrade", true, incident_downgrade,
      "{id, message?, request_key?}: ignores the incident from now on and closes it at once" },
    { 0 },
};
