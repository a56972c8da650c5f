/* Read incident_step_write() first: the row, the record, the key events, then what is told. */
#include "core/incident_step.h"

#include "core/audit.h"
#include "core/event.h"
#include "core/key_event.h"
#include "core/metric.h"
#include "core/policy.h"
#include "core/response.h"
#include "core/search_index.h"
#include "store/db.h"

static const char UPDATE_INCIDENT[] =
    "UPDATE incident SET status = ?, title = COALESCE(?, title), description = COALESCE(?,"
    " description), priority_id = ?, category_id = ?, environment_id = ?, custom_fields = ?,"
    " response_type = ?, closure_reason = ?, closure_reference = COALESCE(?, ''), is_ignored = ?,"
    " is_drill = ?, duplicate_of = CASE WHEN ? THEN NULL ELSE duplicate_of END, mitigated_at_ms ="
    " COALESCE(mitigated_at_ms, NULLIF(?, 0)), closed_at_ms = CASE WHEN ? THEN NULL ELSE"
    " COALESCE(NULLIF(?, 0), closed_at_ms) END, updated_at_ms = ? WHERE id = ?";
static const char INSERT_UPDATE[] =
    "INSERT INTO incident_update (id, incident_id, message, status, priority_id, category_id, "
    "environment_id, title,"
    " description, created_by, event_type, event_at_ms, created_at_ms, source_conversation_id,"
    " source_external_id, source_kind) VALUES (?, ?, ?, NULLIF(?, 0), ?, ?, ?, ?, ?, ?, ?, ?, ?,"
    " ?, ?, ?)";
static const char SELECT_HAS_MOMENT[] =
    "SELECT 1 FROM incident_update WHERE incident_id = ? AND event_type = ? LIMIT 1";
static const char INSERT_MOMENT[] =
    "INSERT INTO incident_update (id, incident_id, created_by, event_type, event_at_ms,"
    " created_at_ms) VALUES (?, ?, ?, ?, ?, ?)";
static const char RESOLVED[] = "resolved", MITIGATED[] = "mitigated", RECOVERED[] = "recovered";

/* ---- the row */

static int write_row(struct step *step)
{
    const struct incident_change *want = &step->want;
    const struct incident_state *after = &step->after;
    AUTO_FREE char *given_reason = text_dup(want->closure_reason);
    AUTO_FREE char *given_reference = text_dup(want->closure_reference);
    const char *reason = given_reason         ? given_reason
                         : step->is_reopening ? NULL
                                              : step->state.closure_reason;
    const char *reference = given_reference      ? given_reference
                            : step->is_reopening ? NULL
                                                 : step->state.closure_reference;
    int64_t mitigated_at_ms = want->status == STATUS_MITIGATED ? step->event_at_ms : 0;
    int64_t closed_at_ms = step->is_closing ? step->event_at_ms : 0;
    int rc = tx_exec(step->call->tx, step->call->err, UPDATE_INCIDENT,
                     "inn"
                     "tttt"
                     "tttb"
                     "bbi"
                     "biii",
                     (int64_t)after->status, want->title.at, want->title.len, want->description.at,
                     want->description.len, after->priority_id, after->category_id,
                     after->environment_id,
                     step->custom_fields ? step->custom_fields : step->state.custom_fields,
                     response_name(after->is_critical), reason, reference, after->is_ignored,
                     after->is_drill, step->is_reopening, mitigated_at_ms, step->is_reopening,
                     closed_at_ms, step->now_ms, step->state.id);
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

/* ---- the record and the key events */

static const char *id_or_null(const char *id)
{
    return *id ? id : NULL;
}

/* The key event that the status is: NULL for none. What is closed early, or let go, was not resolved. */
static const char *milestone_of(const struct step *step)
{
    bool is_early = lifecycle_needs_reason(step->state.status, STATUS_CLOSED) &&
                    !text_is(step->want.closure_reason, RESOLVED);
    if (step->is_closing)
        return is_early || step->want.ignore == MARK_ON ? NULL : RESOLVED;
    return step->want.status == STATUS_MITIGATED ? MITIGATED : NULL;
}

/* What nothing else on the record tells. */
static const char *mark_of(const struct step *step)
{
    if (step->want.status)
        return NULL;
    if (step->after.is_drill != step->state.is_drill)
        return step->after.is_drill ? "marked_as_drill" : "no_longer_drill";
    if (step->after.is_ignored != step->state.is_ignored)
        return step->after.is_ignored ? "marked_as_ignored" : "no_longer_ignored";
    if (step->custom_fields && !step->want.environment_id[0])
        return "environments_changed";
    return NULL;
}

/* What the record is for those who measure: the caller's word, else what the step is. */
static struct text event_type_of(const struct step *step, const char *milestone)
{
    bool has_reason = step->want.closure_reason.at && !text_is(step->want.closure_reason, RESOLVED);
    if (step->want.event_type.at)
        return step->want.event_type;
    if (has_reason || step->is_correcting)
        return text_of("closure_reason");
    return text_of(milestone ? milestone : mark_of(step));
}

static int write_record(struct step *step, struct text event_type)
{
    const struct incident_change *want = &step->want;
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

static int has_moment(struct step *step, const char *type, bool *has)
{
    int rc = OK;
    *has = tx_get_int(step->call->tx, &rc, step->call->err, 0, SELECT_HAS_MOMENT, "it",
                      step->state.id, type) != 0;
    return rc;
}

/* A key event of its own, unless somebody said already when it was. */
static int write_moment(struct step *step, const char *type)
{
    struct op_call *call = step->call;
    char id[ID_SIZE];
    bool has;
    int rc = has_moment(step, type, &has);
    if (rc != OK || has)
        return rc;
    id_new(id);
    rc = tx_exec(call->tx, call->err, INSERT_MOMENT, "tittii", id, step->state.id,
                 id_or_null(policy_person(call->actor)), type, step->event_at_ms, step->now_ms);
    return rc < 0 ? rc : OK;
}

static int forget(struct step *step, const char *type)
{
    return key_event_forget(step->call->tx, step->state.id, type, "", step->call->err);
}

/* Work that was taken up again is not resolved; nor mitigated, when it goes back that far. */
static int forget_ends(struct step *step)
{
    int rc = step->is_reopening ? forget(step, RESOLVED) : OK;
    return rc == OK && step->is_reopening && step->want.status < STATUS_MITIGATED
               ? forget(step, MITIGATED)
               : rc;
}

/* The record carries the key event that the step is, when it can. */
static int write_timeline(struct step *step)
{
    const char *milestone = milestone_of(step);
    bool has = false;
    int rc = forget_ends(step);
    if (rc == OK && milestone)
        rc = has_moment(step, milestone, &has);
    if (rc == OK)
        rc = write_record(step, event_type_of(step, has ? NULL : milestone));
    if (rc == OK && milestone)
        rc = write_moment(step, milestone);
    if (rc == OK && step->want.status == STATUS_MITIGATED)
        rc = write_moment(step, RECOVERED);
    bool is_measured = step->want.status || step->want.event_type.at || step->want.drill;
    return rc == OK && is_measured
               ? metric_recompute(step->call->tx, step->state.id, step->call->err)
               : rc;
}

/* ---- telling */

/* What the step did to the marks and the response, as it was or as it is. */
static void put_marks(struct json_writer *w, const struct step *step,
                      const struct incident_state *state)
{
    if (step->state.is_ignored != step->after.is_ignored)
        json_put_bool(w, "is_ignored", state->is_ignored);
    if (step->state.is_drill != step->after.is_drill)
        json_put_bool(w, "is_drill", state->is_drill);
    if (step->state.is_critical != step->after.is_critical)
        json_put_text(w, "response_type", response_name(state->is_critical));
}

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
    if (step->is_reopening || step->is_correcting) {
        json_put_text(w, "closure_reason", step->state.closure_reason);
        json_put_text(w, "closure_reference", step->state.closure_reference);
    }
    if (step->is_reopening && step->state.duplicate_of)
        json_put_int(w, "duplicate_of", step->state.duplicate_of);
    put_marks(w, step, &step->state);
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
    if (step->is_reopening && step->state.duplicate_of)
        json_put_null(w, "duplicate_of");
    put_marks(w, step, &step->after);
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
    if (step->after.is_critical != step->state.is_critical)
        json_put_text(&w, "response_type", response_name(step->after.is_critical));
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

int incident_step_write(struct step *step)
{
    int rc = write_incident(step);
    if (rc == OK)
        rc = write_timeline(step);
    return rc == OK ? tell(step) : rc;
}
