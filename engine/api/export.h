/* export - a whole list of incidents as one streamed answer: CSV and TSV without a limit, JSON with limit=all. Rows are
 * read a chunk at a time, each in a transaction of its own, and sent before the next is read: a slow client and a long
 * list cost no memory, but for eight bytes a row where the list is sorted. Where columns are to be found in the rows,
 * the list is read twice. */
#pragma once
#include "api/api_internal.h"

/* Whether the request of <format> wants all rows. */
bool export_is_wanted(const struct api *api, struct http_exchange *exchange, enum api_format format);
/* Answers it. <fields>: the columns where the query names none; borrowed, must live on. */
void export_start(struct api *api, struct http_exchange *exchange, enum api_format format,
                  const char *fields);
