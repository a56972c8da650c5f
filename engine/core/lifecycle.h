/* lifecycle - what may follow what. ONE table and the functions that read it; every entry point's changes of status end
 * here. Pure: knows no incident and no database.
 *
 * An incident is in one of two regimes: with a post-mortem (priority and environment ask for one) or without. A step
 * may ask for something: early closure for a reason, going back for a justification, closing for everything that
 * closable.h checks. */
#pragma once
#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "core/status.h"

enum { CLOSURE_REASONS_MAX = 20, LIFECYCLE_WORD = 41, ENVIRONMENT_VALUE = 65 };

enum regime { REGIME_NORMAL, REGIME_POSTMORTEM, REGIME_COUNT };

/* Why an incident may be closed before it was worked on. */
struct closure_reason {
    char value[LIFECYCLE_WORD], label[STATUS_LABEL_SIZE];
    bool is_offered;
};

struct lifecycle {
    char labels[STATUS_COUNT]
               [STATUS_LABEL_SIZE]; /* what people call the statuses; "": their names */
    bool allows[REGIME_COUNT][STATUS_COUNT][STATUS_COUNT]; /* by status_index(): from, to */
    struct closure_reason reasons[CLOSURE_REASONS_MAX];
    int reason_count;
    char postmortem_environments
        [8][ENVIRONMENT_VALUE]; /* values; a post-mortem is for incidents there */
    int postmortem_environment_count;
    bool needs_document; /* closing needs a post-mortem that is ready, not only the status */
    int key_events_below; /* priorities with a smaller value need their required key events to be closed */
};

/* Fills <out> from what config.lua declares: {statuses: {open: "New", ...}, transitions: {normal:
 * {open: ["investigating", ...]}, postmortem: ...}, closure_reasons: [{value, label, offered}],
 * postmortem: {environments: [], document: bool}, key_events_below: int}; what is absent is the
 * shipped one's. ERR_INVALID with the path for a table in which an incident could never be closed:
 * the priority may change at any time, so every status of either table must lead to Closed in
 * both. */
int lifecycle_read(const json_t *config, struct lifecycle *out, struct err *err);

/* From now on people read its labels; see status_set_labels(). */
void lifecycle_use_labels(const struct lifecycle *lifecycle);

/* May <to> follow <from>? Staying is always allowed. */
bool lifecycle_allows(const struct lifecycle *lifecycle, enum regime regime, int from, int to);
/* From Open or Investigating to Closed. */
bool lifecycle_needs_reason(int from, int to);
/* Does the table lead from <status> to Closed without a reason? */
bool lifecycle_closes_from(const struct lifecycle *lifecycle, enum regime regime, int status);
/* Where an incident is usually closed from: Post-mortem or Mitigated, else the first status that
 * lifecycle_closes_from(); 0 when there is none. */
int lifecycle_last_status(const struct lifecycle *lifecycle, enum regime regime);
/* Back from Mitigated or later to work, or out of Closed. */
bool lifecycle_needs_justification(int from, int to);
/* The label; NULL for an unknown reason. */
const char *lifecycle_reason_label(const struct lifecycle *lifecycle, const char *value);
