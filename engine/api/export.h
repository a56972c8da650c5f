/* export - a whole list as one streamed answer: CSV and TSV without a limit, JSON with limit=all. Rows are read a chunk
 * at a time, each in a transaction of its own, and sent before the next is read: a slow client and a long list cost no
 * memory, but for eight bytes a row where the list is sorted. Where columns are to be found in the rows, the list is
 * read twice. */
#pragma once
#include "api/api_internal.h"

/* Where a page begins and how long it is, for those who read all pages of a list. */
struct export_page {
    int limit;
    int64_t before_id; /* in the default order: 0 is the beginning */
    int64_t skip;      /* rows that came before */
    int64_t *ids;      /* in another order: all rows, sorted once; freed by the caller */
    int64_t count;
};

/* Reads a page as a JSON array into read->out, and moves <page> to the next. Errors as of an api_read_fn. Reader
 * thread. */
typedef int (*export_page_fn)(struct tx *tx, struct api_read *read, struct export_page *page,
                              bool *has_next, struct err *err);

/* Whether the request of <format> wants all incidents. */
bool export_is_wanted(const struct api *api, struct http_exchange *exchange,
                      enum api_format format);
/* Answers it with the pages that <read_page> gives. <fields>: the columns where the query names none; NULL: all.
 * Borrowed, must live on. */
void export_start(struct api *api, struct http_exchange *exchange, enum api_format format,
                  const char *fields, export_page_fn read_page);
