/* incident_filter_internal - what the files of incident_filter share. */
#pragma once
#include "api/incident_filter.h"
#include "net/form.h"

enum { INCIDENT_FILTER_MAX_PRIORITIES = 64 };

struct filter_reading {
    struct incident_filter *filter;
    const struct api_read *read;
    const struct incident_page *page; /* NULL: as the parameters say */
    struct tx *tx;
    struct api_errors *errors;
    struct err *err;
    const char *join; /* of what was searched; NULL: nothing was */
    struct buf order; /* what follows ORDER BY */
    struct db_value order_values[INCIDENT_FILTER_MAX_PRIORITIES];
    int order_value_count;
    unsigned ordered_by; /* a bit for each column that is in <order> */
};

/* Binds <value> to the next ? of the conditions. False, with an error for the client, when there are too many. */
bool filter_add_value(struct filter_reading *r, struct db_value value);
/* A text that lives as long as the filter's statement. Takes <text> over, and returns it. */
const char *filter_keep(struct filter_reading *r, char *text);
/* A whole number without a sign, all of <text>; false when it is not one. */
bool filter_read_number(const char *text, size_t len, int64_t *out);

/* incident_filter_bounds.c: conditions on the id, status, environment, ignore and created_at. */
void filter_read_bounds(struct filter_reading *r);
/* incident_filter_search.c: the words of `search`, and the order of the best matches first. Called before the others:
 * the values of its join come first. */
void filter_read_search(struct filter_reading *r);
