/* lifecycle_read - where an incident stands: what may come next, and what keeps it from being closed. */
#include "base/mem.h"
#include "core/args.h"
#include "core/closable.h"
#include "core/op_table.h"
#include "core/policy.h"
#include "store/db.h"

#include <string.h>

struct standing {
    struct lifecycle lifecycle;
    struct incident_state state;
    struct closable closable;
};

static void write_next(struct json_writer *w, const struct standing *standing, int to)
{
    int from = standing->state.status;
    json_object_begin(w);
    json_put_int(w, "value", to);
    json_put_text(w, "label", status_label(to));
    json_put_bool(w, "needs_closure_reason", lifecycle_needs_reason(from, to));
    json_put_bool(w, "needs_justification", lifecycle_needs_justification(from, to));
    json_object_finish(w);
}

/* The current one first: to stay is always possible. */
static void write_all_next(struct json_writer *w, const struct standing *standing,
                           enum regime regime)
{
    int from = standing->state.status;
    json_key(w, "next");
    json_array_begin(w);
    write_next(w, standing, from);
    for (int i = 0; i < STATUS_COUNT; i++)
        if (status_at(i) != from &&
            lifecycle_allows(&standing->lifecycle, regime, from, status_at(i)))
            write_next(w, standing, status_at(i));
    json_array_finish(w);
}

static void write_obstacles(struct json_writer *w, const struct closable *closable)
{
    AUTO_FREE char *missing = json_dumps(closable->missing, JSON_COMPACT);
    json_put_bool(w, "can_be_closed", closable->count == 0);
    json_key(w, "reasons");
    json_array_begin(w);
    for (int i = 0; i < closable->count; i++) {
        json_object_begin(w);
        json_put_text(w, "code", closable->obstacles[i].code);
        json_put_text(w, "text", closable->obstacles[i].text);
        json_object_finish(w);
    }
    json_array_finish(w);
    json_put_raw(w, "missing_key_events", missing);
}

static void write_reasons(struct json_writer *w, const struct lifecycle *lifecycle)
{
    json_key(w, "closure_reasons");
    json_array_begin(w);
    for (int i = 0; i < lifecycle->reason_count; i++) {
        json_object_begin(w);
        json_put_text(w, "value", lifecycle->reasons[i].value);
        json_put_text(w, "label", lifecycle->reasons[i].label);
        json_put_bool(w, "is_offered", lifecycle->reasons[i].is_offered);
        json_object_finish(w);
    }
    json_array_finish(w);
}

static void write_standing(struct json_writer *w, const struct standing *standing)
{
    const struct incident_state *state = &standing->state;
    enum regime regime = incident_regime(&standing->lifecycle, state);
    json_object_begin(w);
    json_put_int(w, "status", state->status);
    json_put_text(w, "status_name", status_name(state->status));
    json_put_text(w, "status_label", status_label(state->status));
    json_put_text(w, "regime", regime == REGIME_POSTMORTEM ? "postmortem" : "normal");
    json_put_bool(w, "needs_postmortem",
                  regime == REGIME_POSTMORTEM && standing->lifecycle.needs_document);
    write_all_next(w, standing, regime);
    write_obstacles(w, &standing->closable);
    write_reasons(w, &standing->lifecycle);
    json_object_finish(w);
}

/* incident.lifecycle {id, closure_reason?} -> {status, status_name, status_label, regime, needs_postmortem, next,
 * can_be_closed, reasons, missing_key_events, closure_reasons} */
static int incident_lifecycle(struct op_call *call)
{
    struct args args = args_of(call);
    struct standing standing;
    struct text reason;
    int64_t id;
    int rc = args_refuse_unknown(call, "id", "closure_reason");
    if (rc != OK || (rc = args_int(&args, "id", 1, INT64_MAX, &id)) != OK ||
        (rc = args_text_optional(&args, "closure_reason", 1, 40, &reason)) != OK ||
        (rc = policy_require_incident(call, id)) != OK ||
        (rc = lifecycle_load(call->tx, &standing.lifecycle, call->err)) != OK)
        return rc;
    AUTO_FREE char *given = text_dup(reason);
    rc = incident_state_load(call->tx, id, &standing.state, call->err);
    if (rc == OK) {
        rc = closable_check(call->tx, &standing.lifecycle, &standing.state, given,
                            &standing.closable, call->err);
        if (rc == OK)
            write_standing(call->out, &standing);
        closable_fini(&standing.closable);
    }
    incident_state_fini(&standing.state);
    return rc;
}

const struct op LIFECYCLE_OPS[] = {
    { "incident.lifecycle", false, incident_lifecycle,
      "{id, closure_reason?}: where it stands -> {status, regime, next[], can_be_closed, reasons[],"
      " missing_key_events[], closure_reasons[]}" },
    { 0 },
};
