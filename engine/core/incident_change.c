/* Read incident_change_apply() first: load, compare, check, write, tell. */
#include "core/incident_change.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "core/audit.h"
#include "core/closable.h"
#include "core/event.h"
#include "core/metric.h"
#include "core/policy.h"
#include "core/search_index.h"
#include "store/db.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { JUSTIFICATION_MIN = 10 };

static const char UPDATE_INCIDENT[] =
    "UPDATE incident SET status = ?, title = COALESCE(?, title), description = COALESCE(?, "
    "description),"
    " priority_id = ?, category_id = ?, environment_id = ?, custom_fields = ?, closure_reason = ?,"
    " closure_reference = CASE WHEN ? THEN '' ELSE COALESCE(?, closure_reference) END,"
    " is_ignored = CASE WHEN ? AND duplicate_of IS NOT NULL THEN 0 ELSE MAX(is_ignored, ?) END,"
    " duplicate_of = CASE WHEN ? THEN NULL ELSE duplicate_of END, mitigated_at_ms = "
    "COALESCE(mitigated_at_ms, NULLIF(?, 0)),"
    " closed_at_ms = CASE WHEN ? THEN NULL ELSE COALESCE(NULLIF(?, 0), closed_at_ms) END, "
    "updated_at_ms = ?"
    " WHERE id = ?";
static const char INSERT_UPDATE[] =
    "INSERT INTO incident_update (id, incident_id, message, status, priority_id, category_id, "
    "environment_id, title,"
    " description, created_by, event_type, event_at_ms, created_at_ms, source_conversation_id,"
    " source_external_id, source_kind) VALUES (?, ?, ?, NULLIF(?, 0), ?, ?, ?, ?, ?, ?, ?, ?, ?,"
    " ?, ?, ?)";
static const char INSERT_RECOVERED[] = "INSERT INTO incident_update (id, incident_id, created_by, "
                                       "event_type, event_at_ms, created_at_ms)"
                                       " SELECT ?, ?, ?, 'recovered', ?, ? WHERE NOT EXISTS "
                                       "(SELECT 1 FROM incident_update WHERE incident_id = ? AND"
                                       " event_type = 'recovered')";
/* Work that was taken up again is neither mitigated nor resolved. */
static const char FORGET_ENDS[] = "UPDATE incident_update SET event_type = NULL WHERE incident_id "
                                  "= ? AND event_type IN ('mitigated', 'resolved')";
static const char SELECT_OTHER_OPEN[] =
    "SELECT id FROM incident WHERE dedup_key = ? AND status <= 40 AND id <> ? LIMIT 1";
static const char SELECT_PRIORITY[] =
    "SELECT value, needs_postmortem, name FROM priority WHERE id = ?";
static const char SELECT_ENVIRONMENT[] = "SELECT value FROM environment WHERE id = ?";

/* A change on its way. What does not differ from the incident is dropped from <want>. */
struct step {
    struct op_call *call;
    struct lifecycle lifecycle;
    struct incident_state state; /* before */
    struct incident_state after; /* its fixed fields only: owns nothing */
    struct incident_change want;
    char *custom_fields; /* owned; NULL: as they are */
    int64_t now_ms, event_at_ms;
    bool is_reopening, is_closing;
    struct incident_changed *changed;
};

/* ---- what differs */

static void note(struct step *step, const char *field)
{
    json_array_append_new(step->changed->fields, json_string(field));
}

static void compare_text(struct step *step, struct text *wanted, const char *now, const char *field)
{
    if (wanted->at && text_is(*wanted, now))
        *wanted = (struct text){ 0 };
    else if (wanted->at)
        note(step, field);
}

static void compare_id(struct step *step, char wanted[REFERENCE_ID_SIZE],
                       char now[REFERENCE_ID_SIZE], const char *field)
{
    if (strcmp(wanted, now) == 0)
        wanted[0] = '\0';
    if (!wanted[0])
        return;
    snprintf(now, REFERENCE_ID_SIZE, "%s", wanted);
    note(step, field);
}

/* Reads what the new priority and environment mean into <after>. */
static int load_after(struct step *step)
{
    struct err *err = step->call->err;
    struct stmt *stmt =
        tx_query(step->call->tx, err, SELECT_PRIORITY, "t", step->after.priority_id);
    int rc = stmt ? stmt_next(stmt, err) : err->code;
    if (rc == DB_ROW) {
        step->after.priority_value = stmt_int(stmt, 0);
        step->after.needs_postmortem = stmt_int(stmt, 1);
        snprintf(step->after.priority_name, sizeof(step->after.priority_name), "%s",
                 stmt_text(stmt, 2));
    }
    stmt_end(stmt);
    stmt = rc < 0
               ? NULL
               : tx_query(step->call->tx, err, SELECT_ENVIRONMENT, "t", step->after.environment_id);
    rc = stmt ? stmt_next(stmt, err) : err->code;
    if (rc == DB_ROW)
        snprintf(step->after.environment_value, sizeof(step->after.environment_value), "%s",
                 stmt_text(stmt, 0));
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

static void compare_environments(struct step *step)
{
    if (!step->want.environments)
        return;
    json_t *fields = json_loads(step->state.custom_fields, 0, NULL);
    if (!fields)
        fields = json_object();
    if (!json_equal(json_object_get(fields, "environments"), step->want.environments)) {
        json_object_set(fields, "environments", step->want.environments);
        step->custom_fields = json_dumps(fields, JSON_COMPACT | JSON_SORT_KEYS);
        note(step, "environments");
    }
    json_decref(fields);
}

static int compare(struct step *step)
{
    struct incident_change *want = &step->want;
    step->after = step->state;
    if (want->status == step->state.status)
        want->status = 0;
    if (want->status) {
        step->after.status = want->status;
        note(step, "status");
    }
    compare_id(step, want->priority_id, step->after.priority_id, "priority");
    compare_id(step, want->category_id, step->after.category_id, "category");
    compare_id(step, want->environment_id, step->after.environment_id, "environment");
    compare_text(step, &want->title, step->state.title, "title");
    compare_text(step, &want->description, step->state.description, "description");
    compare_environments(step);
    if (want->is_ignored && !step->state.is_ignored) {
        step->after.is_ignored = true;
        note(step, "ignore");
    }
    step->is_closing = want->status == STATUS_CLOSED;
    step->is_reopening =
        want->status && lifecycle_needs_justification(step->state.status, want->status);
    return want->priority_id[0] || want->environment_id[0] ? load_after(step) : OK;
}

/* ---- the rules */

static int check_closing(struct step *step)
{
    struct op_call *call = step->call;
    AUTO_FREE char *reason = text_dup(step->want.closure_reason);
    if (reason && !lifecycle_reason_label(&step->lifecycle, reason))
        return err_field(call->err, "closure_reason", "there is no closure reason \"%.40s\"",
                         reason);
    if (!reason && !step->after.is_ignored &&
        lifecycle_needs_reason(step->state.status, STATUS_CLOSED))
        return err_field(call->err, "closure_reason",
                         "closing an incident that is %s needs a reason",
                         status_label(step->state.status));
    struct closable closable;
    struct incident_state asked = step->after;
    asked.status = step->state.status;
    int rc = closable_check(call->tx, &step->lifecycle, &asked, reason, &closable, call->err);
    if (rc == OK && closable.count > 0) {
        AUTO_BUF struct buf words = BUF_INIT;
        closable_words(&closable, &words);
        err_field(call->err, "status", "the incident cannot be closed yet: %s", buf_text(&words));
        rc = call->err->code = ERR_CONFLICT;
    }
    closable_fini(&closable);
    return rc;
}

static int check_dedup_key(struct step *step)
{
    struct op_call *call = step->call;
    int rc = OK;
    if (!step->state.dedup_key || step->state.status <= STATUS_MITIGATED ||
        step->want.status > STATUS_MITIGATED)
        return OK;
    int64_t other = tx_get_int(call->tx, &rc, call->err, 0, SELECT_OTHER_OPEN, "ti",
                               step->state.dedup_key, step->state.id);
    if (rc != OK || !other)
        return rc;
    err_field(call->err, "status", "incident %" PRId64 " is open with the same de-duplication key",
              other);
    return call->err->code = ERR_CONFLICT;
}

static int check_status(struct step *step)
{
    struct op_call *call = step->call;
    int from = step->state.status, to = step->want.status;
    enum regime regime = incident_regime(&step->lifecycle, &step->after);
    bool is_let_go = step->is_closing && step->after.is_ignored;
    if (!to)
        return OK;
    if (!is_let_go && !lifecycle_allows(&step->lifecycle, regime, from, to) &&
        !(step->is_closing &&
          from < STATUS_CLOSED)) /* what stands against closing is told in full below */
        return err_field(call->err, "status", "an incident that is %s cannot become %s",
                         status_label(from), status_label(to));
    if (step->is_reopening &&
        (!step->want.message.at ||
         utf8_length(step->want.message.at, step->want.message.len) < JUSTIFICATION_MIN))
        return err_field(call->err, "message",
                         "taking it up again needs a justification of at least %d characters",
                         JUSTIFICATION_MIN);
    int rc = step->is_closing ? check_closing(step) : check_dedup_key(step);
    if (rc == OK && !is_let_go && !lifecycle_allows(&step->lifecycle, regime, from, to))
        return err_field(call->err, "status", "an incident that is %s cannot become %s",
                         status_label(from), status_label(to));
    return rc;
}

/* ---- writing */

static const char *id_or_null(const char *id)
{
    return *id ? id : NULL;
}

static int write_row(struct step *step)
{
    const struct incident_change *want = &step->want;
    const struct incident_state *after = &step->after;
    AUTO_FREE char *given = text_dup(want->closure_reason);
    const char *reason = step->is_closing     ? given
                         : step->is_reopening ? NULL
                                              : step->state.closure_reason;
    int64_t mitigated_at_ms = want->status == STATUS_MITIGATED ? step->event_at_ms : 0;
    int64_t closed_at_ms = step->is_closing ? step->event_at_ms : 0;
    int rc = tx_exec(step->call->tx, step->call->err, UPDATE_INCIDENT,
                     "inn"
                     "tttt"
                     "tbnbb"
                     "bibiii",
                     (int64_t)after->status, want->title.at, want->title.len, want->description.at,
                     want->description.len, after->priority_id, after->category_id,
                     after->environment_id,
                     step->custom_fields ? step->custom_fields : step->state.custom_fields, reason,
                     step->is_reopening, want->closure_reference.at, want->closure_reference.len,
                     step->is_reopening, want->is_ignored, step->is_reopening, mitigated_at_ms,
                     step->is_reopening, closed_at_ms, step->now_ms, step->state.id);
    return rc < 0 ? rc : OK;
}

static int write_incident(struct step *step)
{
    struct op_call *call = step->call;
    bool has_new_words = step->want.title.at || step->want.description.at;
    int rc = has_new_words ? search_index_forget(call->tx, step->state.id, call->err) : OK;
    if (rc == OK)
        rc = write_row(step);
    if (rc == OK && has_new_words)
        search_index_add(call->tx, step->state.id);
    return rc;
}

/* What the step is for those who measure: the caller's word, else the milestone that the status reaches. */
static struct text event_type_of(const struct step *step)
{
    if (step->want.event_type.at)
        return step->want.event_type;
    if (step->is_closing && step->want.closure_reason.at &&
        !text_is(step->want.closure_reason, "resolved"))
        return text_of("closure_reason");
    if (step->is_closing)
        return text_of("resolved");
    return text_of(step->want.status == STATUS_MITIGATED ? "mitigated" : NULL);
}

static int write_record(struct step *step)
{
    const struct incident_change *want = &step->want;
    struct text event_type = event_type_of(step);
    id_new(step->changed->update_id);
    int rc = tx_exec(step->call->tx, step->call->err, INSERT_UPDATE,
                     "tini"
                     "tttnn"
                     "tnii"
                     "nnn",
                     step->changed->update_id, step->state.id, want->message.at, want->message.len,
                     (int64_t)want->status, id_or_null(want->priority_id),
                     id_or_null(want->category_id), id_or_null(want->environment_id),
                     want->title.at, want->title.len, want->description.at, want->description.len,
                     id_or_null(policy_person(step->call->actor)), event_type.at, event_type.len,
                     step->event_at_ms, step->now_ms, want->source.conversation_id.at,
                     want->source.conversation_id.len, want->source.external_id.at,
                     want->source.external_id.len, want->source.kind.at, want->source.kind.len);
    return rc < 0 ? rc : OK;
}

/* The key events that the status itself is, and what follows from them. */
static int write_milestones(struct step *step)
{
    struct op_call *call = step->call;
    char id[ID_SIZE];
    int rc = OK;
    if (step->is_reopening)
        rc = tx_exec(call->tx, call->err, FORGET_ENDS, "i", step->state.id);
    if (rc >= 0 && step->want.status == STATUS_MITIGATED) {
        id_new(id);
        rc = tx_exec(call->tx, call->err, INSERT_RECOVERED, "titiii", id, step->state.id,
                     id_or_null(policy_person(call->actor)), step->event_at_ms, step->now_ms,
                     step->state.id);
    }
    if (rc < 0 || (!step->want.status && !step->want.event_type.at))
        return rc < 0 ? rc : OK;
    return metric_recompute(call->tx, step->state.id, call->err);
}

/* ---- telling */

static void put_text(struct json_writer *w, const char *key, struct text text)
{
    if (!text.at)
        return;
    json_key(w, key);
    json_text_n(w, text.at, text.len);
}

static void put_before(struct json_writer *w, const struct step *step)
{
    const struct incident_change *want = &step->want;
    json_object_begin(w);
    if (want->status)
        json_put_int(w, "status", step->state.status);
    if (want->priority_id[0])
        json_put_text(w, "priority_id", step->state.priority_id);
    if (want->category_id[0])
        json_put_text(w, "category_id", step->state.category_id);
    if (want->environment_id[0])
        json_put_text(w, "environment_id", step->state.environment_id);
    if (want->title.at)
        json_put_text(w, "title", step->state.title);
    if (want->description.at)
        json_put_text(w, "description", step->state.description);
    if (step->custom_fields)
        json_put_raw(w, "custom_fields", step->state.custom_fields);
    if (step->is_reopening && step->state.closure_reason)
        json_put_text(w, "closure_reason", step->state.closure_reason);
    json_object_finish(w);
}

static void put_after(struct json_writer *w, const struct step *step)
{
    const struct incident_change *want = &step->want;
    json_object_begin(w);
    put_text(w, "message", want->message);
    if (want->status)
        json_put_int(w, "status", want->status);
    if (want->priority_id[0])
        json_put_text(w, "priority_id", want->priority_id);
    if (want->category_id[0])
        json_put_text(w, "category_id", want->category_id);
    if (want->environment_id[0])
        json_put_text(w, "environment_id", want->environment_id);
    put_text(w, "title", want->title);
    put_text(w, "description", want->description);
    if (step->custom_fields)
        json_put_raw(w, "custom_fields", step->custom_fields);
    put_text(w, "closure_reason", want->closure_reason);
    put_text(w, "closure_reference", want->closure_reference);
    if (want->is_ignored)
        json_put_bool(w, "is_ignored", true);
    json_object_finish(w);
}

static int write_audit(struct step *step)
{
    AUTO_BUF struct buf before = BUF_INIT;
    AUTO_BUF struct buf after = BUF_INIT;
    struct json_writer w;
    json_writer_init(&w, &before);
    put_before(&w, step);
    json_writer_init(&w, &after);
    put_after(&w, step);
    struct audit_entry entry = { .action = "incident.update",
                                 .incident_id = step->state.id,
                                 .before = buf_text(&before),
                                 .after = buf_text(&after) };
    return audit_write(step->call->tx, step->call->actor, &entry, step->call->err);
}

static int emit(struct step *step, const char *kind)
{
    AUTO_BUF struct buf payload = BUF_INIT;
    AUTO_FREE char *fields = json_dumps(step->changed->fields, JSON_COMPACT);
    struct json_writer w;
    json_writer_init(&w, &payload);
    json_object_begin(&w);
    json_put_int(&w, "incident_id", step->state.id);
    json_put_text(&w, "update_id", step->changed->update_id);
    json_put_raw(&w, "updated_fields", fields);
    json_put_bool(&w, "message", step->want.message.at != NULL);
    if (step->want.status)
        json_put_int(&w, "old_status", step->state.status);
    if (step->want.priority_id[0])
        json_put_int(&w, "old_priority_value", step->state.priority_value);
    if (step->is_reopening)
        json_put_int(&w, "from_status", step->state.status);
    json_object_finish(&w);
    return event_emit(step->call->tx, kind, step->state.id, buf_text(&payload), step->call->err);
}

static int tell(struct step *step)
{
    int rc = write_audit(step);
    if (rc == OK)
        rc = emit(step, "incident.updated");
    if (rc == OK && step->is_closing)
        rc = emit(step, "incident.closed");
    if (rc == OK && step->is_reopening)
        rc = emit(step, "incident.reopened");
    return rc;
}

/* ---- all of it */

static int apply(struct step *step)
{
    int rc = compare(step);
    if (rc == OK)
        rc = check_status(step);
    if (rc != OK || (json_array_size(step->changed->fields) == 0 && !step->want.message.at))
        return rc;
    rc = write_incident(step);
    if (rc == OK)
        rc = write_record(step);
    if (rc == OK)
        rc = write_milestones(step);
    return rc == OK ? tell(step) : rc;
}

int incident_change_apply(struct op_call *call, int64_t id, const struct incident_change *change,
                          struct incident_changed *changed)
{
    struct step step = {
        .call = call, .want = *change, .now_ms = clock_now_ms(), .changed = changed
    };
    *changed = (struct incident_changed){ .fields = json_array() };
    step.event_at_ms = change->event_at_ms ? change->event_at_ms : step.now_ms;
    int rc = lifecycle_load(call->tx, &step.lifecycle, call->err);
    if (rc == OK)
        rc = incident_state_load(call->tx, id, &step.state, call->err);
    if (rc == OK) {
        changed->old_status = step.state.status;
        changed->old_priority_value = step.state.priority_value;
        rc = apply(&step);
    }
    incident_state_fini(&step.state);
    free(step.custom_fields);
    return rc;
}

void incident_changed_fini(struct incident_changed *changed)
{
    json_decref(changed->fields);
}
