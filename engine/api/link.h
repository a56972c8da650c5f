/* link - the Link header of lists that come in pages. */
#pragma once
#include <stdint.h>

#include "api/format.h"
#include "net/form.h"

/* Appends the address of the next page of <route> ("incidents/"): the same query with another cursor,
 * in the same format however that was asked for. */
void link_next(struct buf *out, const char *route, const struct form *query, enum api_format format,
               int64_t cursor);
