/* incident_state - an incident as the lifecycle sees it, read inside the transaction that changes it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "core/ids.h"
#include "core/lifecycle.h"

struct tx;

struct incident_state {
    int64_t id;
    int status;
    char priority_id[REFERENCE_ID_SIZE], category_id[REFERENCE_ID_SIZE];
    char environment_id[REFERENCE_ID_SIZE];
    char priority_name[129], environment_value[ENVIRONMENT_VALUE];
    int64_t priority_value;
    bool needs_postmortem; /* its priority asks for one, wherever it is */
    bool wants_critical;   /* its priority asks for a critical response */
    bool is_critical;      /* the response that it has */
    bool is_ignored, is_drill;
    int64_t duplicate_of;                      /* 0: of none */
    char *title, *description, *custom_fields; /* owned */
    char *closure_reason, *dedup_key;          /* owned; NULL: none */
    char *closure_reference;                   /* owned; "": none */
};

/* The operator's lifecycle, else the shipped one. */
int lifecycle_load(struct tx *tx, struct lifecycle *out, struct err *err);

/* ERR_NOT_FOUND when there is none; asks no policy. Free with incident_state_fini() in any case. */
int incident_state_load(struct tx *tx, int64_t id, struct incident_state *out, struct err *err);
void incident_state_fini(struct incident_state *state);

/* Which rules it follows now: its priority and its environment decide. */
enum regime incident_regime(const struct lifecycle *lifecycle, const struct incident_state *state);
