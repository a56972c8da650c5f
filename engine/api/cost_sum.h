/* cost_sum - what the costs of one type come to: clients know one entry a type, and an incident may have several costs
 * of it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/json_writer.h"

/* Begin with all zeros. */
struct cost_sum {
    int64_t cents;
    bool is_known;    /* at least one has an amount */
    bool has_details; /* likewise, though they may be empty */
    struct buf details;
};

/* <cents> counts when <is_known>; <details> may be NULL. */
void cost_sum_add(struct cost_sum *sum, bool is_known, int64_t cents, const char *details);
/* {"amount": "10.00" or null, "details": those of all with "; " between them, or null}. */
void cost_sum_write(const struct cost_sum *sum, struct json_writer *w);
/* Back to all zeros. */
void cost_sum_fini(struct cost_sum *sum);
