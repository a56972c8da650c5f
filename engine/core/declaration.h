/* declaration - the arguments of incident.declare, read, checked and resolved to rows. Nothing here
 * writes. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "core/args.h"
#include "core/impact.h"
#include "core/people.h"
#include "core/reference_named.h"

/* Texts are borrowed from the arguments. */
struct declaration {
    struct text title, description;
    struct text dedup_key; /* .at NULL: none */
    struct text draft_scope, draft_key;
    struct text email; /* of the creator when created_by is "" : the person may have to be made */
    char created_by[PERSON_ID_SIZE];
    char priority_id[REFERENCE_ID_SIZE];
    char category_id[REFERENCE_ID_SIZE];
    char environment_id[REFERENCE_ID_SIZE];
    const char *response_type; /* "critical" or "normal" */
    char *custom_fields;       /* JSON, owned */
    struct impact *impacts;    /* owned */
    size_t impact_count;
    bool is_private, is_ignored, is_drill;
};

/* Fills <declaration> with all but request_key, which is looked at before anything else, or returns
 * ERR_INVALID: err->msg says all that is wrong, err->field is the first argument of these. */
int declaration_read(struct op_call *call, struct declaration *declaration);
void declaration_fini(struct declaration *declaration);
