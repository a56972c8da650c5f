/* incident_filter - the query parameters of the list of incidents, read and turned into SQL.
 * Runs on a reader thread, because some values are looked up. */
#pragma once
#include <stdbool.h>

#include "api/export.h"

enum { INCIDENT_FILTER_MAX_VALUES = 5000 };

struct incident_filter {
    struct buf sql; /* the whole SELECT */
    struct db_value *values;
    int value_count, value_room;
    int limit; /* rows a page; the SELECT asks for one more, to know whether there is a next page */
    int64_t skip; /* of pages in another order than the default */
    bool is_default_order;
    bool has_ids_only; /* the SELECT gives ids, not the columns */
    bool shows_tags;
    struct form *form; /* what the values point into */
    char **texts;      /* likewise */
    int text_count;
};

/* What incidents/ answers, for the parameters of read->query: one page as a JSON array in read->out. <page> NULL: the
 * page that the parameters ask for, with the Link to the next in read->link. Else that page, which is moved to the
 * next. Errors as of incident_filter_read(). */
int incidents_read_page(struct tx *tx, struct api_read *read, struct export_page *page,
                        bool *has_next, struct err *err);

/* Makes a SELECT of the columns of INCIDENT_REST_COLUMNS, or, where something is sorted, of the id
 * alone: sorting whole rows would cost more than fetching those of the page. OK, or
 * ERR_INVALID with read->errors filled, or a store's error. The caller calls
 * incident_filter_fini() in every case. <page> is as above. */
int incident_filter_read(struct incident_filter *filter, struct tx *tx, struct api_read *read,
                         const struct export_page *page, struct err *err);
void incident_filter_fini(struct incident_filter *filter);

/* The Link header's value for the page after one that ended with <last_id>: the same query with
 * another cursor, in the same format however that was asked for. */
void incident_filter_next(const struct incident_filter *filter, enum api_format format,
                          int64_t last_id, struct buf *link);
