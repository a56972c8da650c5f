/* incident_filter_internal - what the files of incident_filter share. */
#pragma once
#include "api/incident_filter.h"
#include "net/form.h"

/* A bit for a status. */
#define FILTER_STATUS(status) (1u << ((status) / 10))
enum { FILTER_EVERY_STATUS = 0x7e };

/* What is before the next rows of the table incident, where the order has an index of its own. */
enum filter_walk { WALK_NONE, WALK_PRIORITIES, WALK_PEOPLE };

struct filter_reading {
    struct incident_filter *filter;
    const struct api_read *read;
    const struct export_page *page; /* NULL: as the parameters say */
    struct tx *tx;
    struct api_errors *errors;
    struct err *err;
    struct db_value search; /* what was searched, as an expression; its type is 0 when nothing was */
    int64_t search_number;  /* the incident of this number is found as well; 0: none is */
    unsigned statuses;           /* those that are within */
    unsigned chosen;             /* those that `status` names; 0: it is absent */
    int64_t created_from_ms, created_to_ms;
    struct buf order;      /* what follows ORDER BY */
    enum filter_walk walk; /* when it begins with the order of priorities, or of people's names */
    unsigned ordered_by;   /* a bit for each column that is in <order> */
    size_t first_order_len; /* of the first column in <order> */
    bool has_few_rows;     /* an index leaves so few that sorting them is the least */
    bool has_several_runs; /* of an index, each in the order of ids */
    bool is_sorted;        /* and it is not in the order of ids */
};

/* Binds <value> to the next ? of the conditions. False, with an error for the client, when there are too many. */
bool filter_add_value(struct filter_reading *r, struct db_value value);
/* The same for values that no client chose the number of. */
void filter_push_value(struct filter_reading *r, struct db_value value);
/* A text that lives as long as the filter's statement. Takes <text> over, and returns it. */
const char *filter_keep(struct filter_reading *r, char *text);
/* A whole number without a sign, all of <text>; false when it is not one. */
bool filter_read_number(const char *text, size_t len, int64_t *out);

/* Conditions are written with an @ before each column that has an index: "@i.priority_id". In the end one index is
 * chosen. */

/* incident_filter_bounds.c: conditions on the id, status, environment, ignore and created_at. */
void filter_read_bounds(struct filter_reading *r);
/* incident_filter_search.c: the words of `search`. */
void filter_read_search(struct filter_reading *r);
/* The whole SELECT of ids, the best matches first, made of the conditions in filter->sql and their values. */
void filter_finish_search(struct filter_reading *r);

/* incident_filter_plan.c: adds what was collected (statuses, created_at) to the conditions, and chooses the index that
 * finds the rows of a page without looking at many others; afterwards the @ are gone. */
int filter_choose_index(struct filter_reading *r);
