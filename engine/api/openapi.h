/* openapi - the API's description (OpenAPI 3.1), made from the table of routes and the shapes. */
#pragma once
#include "api/api_internal.h"

/* The version of the API, apart from the program's: it changes when clients may notice. */
#define API_VERSION "1.1.0"

/* Appends the document as JSON. <names>: what the config calls some members; <base_url>: where the
 * API is reached. */
void openapi_write(const struct api_names *names, const char *base_url, struct buf *out);
