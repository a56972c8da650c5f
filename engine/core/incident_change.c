/* Read incident_change_apply() first: load, compare, check; incident_step.c writes and tells. */
#include "core/incident_step.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "core/closable.h"
#include "core/response.h"
#include "store/db.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { JUSTIFICATION_MIN = 10 };

static const char SELECT_OTHER_OPEN[] =
    "SELECT id FROM incident WHERE dedup_key = ? AND status <= 40 AND id <> ? LIMIT 1";
static const char SELECT_PRIORITY[] =
    "SELECT value, needs_postmortem, name, recommended_response_type FROM priority WHERE id = ?";
static const char SELECT_ENVIRONMENT[] = "SELECT value FROM environment WHERE id = ?";
static const char SELECT_WAS_DOWNGRADED[] =
    "SELECT 1 FROM incident_update WHERE incident_id = ? AND event_type = 'downgraded' LIMIT 1";

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
    copy_text(now, REFERENCE_ID_SIZE, wanted);
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
        step->after.wants_critical = response_is_critical(stmt_text(stmt, 3), stmt_int(stmt, 0));
        copy_text(step->after.priority_name, sizeof(step->after.priority_name), stmt_text(stmt, 2));
    }
    stmt_end(stmt);
    stmt = rc < 0
               ? NULL
               : tx_query(step->call->tx, err, SELECT_ENVIRONMENT, "t", step->after.environment_id);
    rc = stmt ? stmt_next(stmt, err) : err->code;
    if (rc == DB_ROW)
        copy_text(step->after.environment_value, sizeof(step->after.environment_value),
                  stmt_text(stmt, 0));
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

/* Do both lists name the same, in any order? No list names anything twice. */
static bool has_same_items(const json_t *one, const json_t *other)
{
    size_t index;
    json_t *item;
    if (json_array_size(one) != json_array_size(other))
        return false;
    json_array_foreach ((json_t *)one, index, item)
        if (!args_has_item(other, item))
            return false;
    return true;
}

static void compare_environments(struct step *step)
{
    if (!step->want.environments)
        return;
    json_t *fields = json_loads(step->state.custom_fields, 0, NULL);
    if (!fields)
        fields = json_object();
    if (!has_same_items(json_object_get(fields, "environments"), step->want.environments)) {
        json_object_set(fields, "environments", step->want.environments);
        step->custom_fields = json_dumps(fields, JSON_COMPACT | JSON_SORT_KEYS);
        note(step, "environments");
    }
    json_decref(fields);
}

/* An incident that was in several environments and is moved to another one is there only. */
static void follow_environment(struct step *step)
{
    json_t *fields = json_loads(step->state.custom_fields, 0, NULL);
    json_t *known = json_object_get(fields, "environments");
    json_t *value = json_string(step->after.environment_value);
    if (!step->want.environments && json_array_size(known) > 0 && !args_has_item(known, value)) {
        json_object_set_new(fields, "environments", json_pack("[O]", value));
        step->custom_fields = json_dumps(fields, JSON_COMPACT | JSON_SORT_KEYS);
        note(step, "environments");
    }
    json_decref(value);
    json_decref(fields);
}

static void compare_mark(struct step *step, enum mark wanted, bool *now, const char *field)
{
    bool is_on = wanted == MARK_ON;
    if (wanted == MARK_AS_IS || is_on == *now)
        return;
    *now = is_on;
    note(step, field);
}

/* An incident that is worse than was thought is answered as such. One that is not keeps the response
 * that it has: people are at work. */
static void compare_response(struct step *step)
{
    if (step->after.wants_critical && !step->state.wants_critical && !step->after.is_critical) {
        step->after.is_critical = true;
        note(step, "response_type");
    }
}

/* What closed incidents say of their end may be corrected. A step to another status has no use for a
 * reason: callers give one in case that it is asked for. */
static void compare_closure(struct step *step, bool has_status)
{
    struct incident_change *want = &step->want;
    if (has_status && step->after.status != STATUS_CLOSED)
        want->closure_reason = want->closure_reference = (struct text){ 0 };
    if (step->is_closing || step->after.status != STATUS_CLOSED)
        return;
    compare_text(step, &want->closure_reason,
                 step->state.closure_reason ? step->state.closure_reason : "", "closure_reason");
    compare_text(step, &want->closure_reference, step->state.closure_reference,
                 "closure_reference");
    step->is_correcting = want->closure_reason.at || want->closure_reference.at;
}

/* A mark that came with closing goes with it. */
static int lift_mark(struct step *step)
{
    int rc = OK;
    if (!step->is_reopening || step->state.status != STATUS_CLOSED || !step->after.is_ignored ||
        step->want.ignore == MARK_ON)
        return OK;
    if (step->state.duplicate_of || tx_get_int(step->call->tx, &rc, step->call->err, 0,
                                               SELECT_WAS_DOWNGRADED, "i", step->state.id))
        compare_mark(step, MARK_OFF, &step->after.is_ignored, "ignore");
    return rc;
}

static int compare(struct step *step)
{
    struct incident_change *want = &step->want;
    bool has_status = want->status != 0;
    step->after = step->state;
    if (want->status == step->state.status)
        want->status = 0;
    if (want->status) {
        step->after.status = want->status;
        note(step, "status");
    }
    step->is_closing = want->status == STATUS_CLOSED;
    step->is_reopening =
        want->status && lifecycle_needs_justification(step->state.status, want->status);
    compare_id(step, want->priority_id, step->after.priority_id, "priority");
    compare_id(step, want->category_id, step->after.category_id, "category");
    compare_id(step, want->environment_id, step->after.environment_id, "environment");
    compare_text(step, &want->title, step->state.title, "title");
    compare_text(step, &want->description, step->state.description, "description");
    compare_environments(step);
    compare_mark(step, want->ignore, &step->after.is_ignored, "ignore");
    compare_mark(step, want->drill, &step->after.is_drill, "drill");
    compare_closure(step, has_status);
    int rc = lift_mark(step);
    if (rc == OK && (want->priority_id[0] || want->environment_id[0]))
        rc = load_after(step);
    if (rc == OK && want->environment_id[0])
        follow_environment(step);
    compare_response(step);
    return rc;
}

/* ---- the rules */

/* A reason is for an end, and one of those there are. */
static int check_closure(struct step *step)
{
    struct err *err = step->call->err;
    const struct incident_change *want = &step->want;
    AUTO_FREE char *reason = text_dup(want->closure_reason);
    const char *given = reason                       ? "closure_reason"
                        : want->closure_reference.at ? "closure_reference"
                                                     : NULL;
    if (given && step->after.status != STATUS_CLOSED)
        return err_field(err, given, "%s is for incidents that are closed", given);
    if (reason && !lifecycle_reason_label(&step->lifecycle, reason))
        return err_field(err, "closure_reason", "there is no closure reason \"%.40s\"", reason);
    return OK;
}

static int check_closing(struct step *step)
{
    struct op_call *call = step->call;
    AUTO_FREE char *reason = text_dup(step->want.closure_reason);
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
    if (step->want.must_reopen && !step->is_reopening)
        return err_field(call->err, "status", "it is %s: there is nothing to open again",
                         status_label(from));
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

/* ---- all of it */

static int apply(struct step *step)
{
    int rc = compare(step);
    if (rc == OK)
        rc = check_closure(step);
    if (rc == OK)
        rc = check_status(step);
    if (rc != OK || (json_array_size(step->changed->fields) == 0 && !step->want.message.at))
        return rc;
    return incident_step_write(step);
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
