/* event - what happened, told to the handlers that subscribed to it. The event and one job a
 * subscription are written in the transaction of the change itself, so that a change and its
 * effects are durable together or not at all. */
#pragma once
#include <stdint.h>

#include "base/err.h"

struct tx;

/* What the engine itself tells of, closed by NULL. Scripts may emit kinds of their own. */
extern const char *const EVENT_KINDS[];

/* Writes the event <kind> ("incident.created") with <payload_json> (an object; NULL: empty) and one
 * ready job for each subscribed handler (one that is for some fields only when "updated_fields" or "fields" of the
 * payload has one of them), in the order of the subscriptions' positions. The jobs of
 * an incident share the lane "incident:<id>"; with <incident_id> 0 the event belongs to no incident
 * and its jobs to no lane. A job's args are the payload. */
int event_emit(struct tx *tx, const char *kind, int64_t incident_id, const char *payload_json,
               struct err *err);
/* The same, but its jobs are in no lane: what must not wait for what the incident's lane holds. */
int event_emit_aside(struct tx *tx, const char *kind, int64_t incident_id, const char *payload_json,
                     struct err *err);
