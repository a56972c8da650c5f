/* format - in which form an answer is wanted: ?format=, the ending of the path, or the Accept header. */
#pragma once
#include <stdbool.h>

#include "api/tabular.h"

struct http_exchange;

enum api_format { FORMAT_JSON, FORMAT_CSV, FORMAT_TSV };

/* False: an answer was given (406, or 404 for an unknown ?format=). */
bool api_format_read(struct http_exchange *exchange, enum api_format *format);
/* "text/csv; charset=utf-8" */
const char *api_format_type(enum api_format format);
/* The table that a request wants: `fields` and `labels` of <query>, or <fields> where it names none. NULL for JSON. */
struct tabular *api_format_table(enum api_format format, const char *query, const char *fields);
