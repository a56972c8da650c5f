/* incident_change - one step in an incident's life: what changes, by the rules of lifecycle.h, with its record on the
 * timeline, audit entry, key events, metrics and events, in the caller's transaction. The one way in which a status, a
 * priority, a category, an environment, a title or a description changes after the declaration. */
#pragma once
#include "core/args.h"
#include "core/incident_state.h"
#include "core/op.h"
#include "core/update_source.h"

/* What becomes of one of an incident's marks. */
enum mark { MARK_AS_IS, MARK_ON, MARK_OFF };

/* What is wanted; zero, "" and absent texts mean "as it is". Texts are borrowed. */
struct incident_change {
    struct text message, title, description;
    int status;
    bool must_reopen; /* refused when the status is none to come back from */
    char priority_id[REFERENCE_ID_SIZE], category_id[REFERENCE_ID_SIZE];
    char environment_id[REFERENCE_ID_SIZE];
    json_t *environments; /* values of all environments, kept in the custom fields; borrowed, NULL:
                             as they are */
    struct text closure_reason, closure_reference; /* of a closing, or to correct a closed one's */
    struct text event_type;
    int64_t event_at_ms; /* 0: now */
    struct update_source source;
    enum mark ignore; /* on: it may be closed at once and is left out of reminders */
    enum mark drill;  /* on: an exercise, left out of metrics */
};

struct incident_changed {
    char update_id[ID_SIZE]; /* "": nothing changed and nothing was said, so there is no record */
    json_t *fields;          /* names of what changed: "status", "priority", ...; owned */
    int old_status;
    int64_t old_priority_value;
};

/* Refuses with err_field(): "status" for a step that the lifecycle does not have or a closing that closable.h refuses
 * (ERR_CONFLICT, all reasons in the text), "message" for a missing justification, "closure_reason" and
 * "closure_reference". A priority that wants a critical response gives the incident one; a calmer one takes none away.
 * Reopening lifts the mark that a downgrade or a merge set. Asks no policy.
 * <changed> is to be freed with incident_changed_fini() in any case. */
int incident_change_apply(struct op_call *call, int64_t id, const struct incident_change *change,
                          struct incident_changed *changed);
void incident_changed_fini(struct incident_changed *changed);
