/* incident_step - a change of an incident on its way, between the file that decides it (incident_change.c) and the one
 * that writes it (incident_step.c). Nobody else includes this. */
#pragma once
#include "core/incident_change.h"

/* What does not differ from the incident is dropped from <want>. */
struct step {
    struct op_call *call;
    struct lifecycle lifecycle;
    struct incident_state state; /* before */
    struct incident_state after; /* its fixed fields only: owns nothing */
    struct incident_change want;
    char *custom_fields; /* owned; NULL: as they are */
    int64_t now_ms, event_at_ms;
    bool is_reopening, is_closing;
    bool is_correcting; /* the closure of an incident that is closed already */
    struct incident_changed *changed;
};

/* The incident's row and words, the record on its timeline, the key events that its status is, its metrics, the audit
 * entry and the events. */
int incident_step_write(struct step *step);
