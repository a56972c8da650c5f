/* reference_named - the arguments by which people name a priority, a category and environments: by
 * id, by name, or by value. What is not there is ERR_INVALID with a message that says what there
 * is; inactive rows are not there. Small and capital letters differ only between rows that differ in nothing else. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "core/args.h"
#include "core/ids.h"

struct named_priority {
    char id[REFERENCE_ID_SIZE];
    int64_t value;
    bool can_create, can_update; /* whether a new incident, or a change, may choose it */
    bool wants_critical;         /* its recommended response, else by its value */
};

struct named_category {
    char id[REFERENCE_ID_SIZE];
    bool is_private;
};

/* Reads "priority", a text or the number of its value; required. */
int reference_read_priority(struct op_call *call, const struct args *args,
                            struct named_priority *out);
/* Reads "category", "name" or "group/name"; required. */
int reference_read_category(struct op_call *call, const struct args *args,
                            struct named_category *out);
/* Reads "environments", a list, else "environment". <id> becomes the most important one (lowest
 * position), "" when none is given; <values> is appended the values of a list. */
int reference_read_environments(struct op_call *call, const struct args *args,
                                char id[REFERENCE_ID_SIZE], json_t *values);
