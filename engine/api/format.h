/* format - in which form an answer is wanted: the ending of the path, ?format=, or the Accept header. */
#pragma once
#include <stdbool.h>

#include "api/tabular.h"

struct route_match;

enum api_format { FORMAT_JSON, FORMAT_CSV, FORMAT_TSV };

/* False: an answer was given (406, or 404 for an unknown name). */
bool api_format_read(const struct route_match *match, enum api_format *format);
/* "csv", as in ?format=csv */
const char *api_format_name(enum api_format format);
/* "text/csv; charset=utf-8" */
const char *api_format_type(enum api_format format);
/* The table that a request wants: `fields` and `labels` of <query>, or <fields> where it names none. NULL for JSON. */
struct tabular *api_format_table(enum api_format format, const char *query, const char *fields);
