/* query_in - "WHERE x IN (list)" for lists of any length, as few prepared statements as
 * possible. */
#pragma once
#include <stddef.h>

#include "base/err.h"
#include "store/db.h"

enum { QUERY_IN_MAX = 256 }; /* ids a query; longer lists are cut up by the caller */

/* Runs <before> IN (ids) <after>. <lead> are <lead_count> (at most 8) values that <before> binds
 * ahead of the list. <count> is 1 to QUERY_IN_MAX; the list is padded with its last value, so that
 * few different texts are prepared. NULL + err on failure. */
struct stmt *query_in(struct tx *tx, struct err *err, const char *before, const char *after,
                      const struct db_value *lead, int lead_count, const struct db_value *ids,
                      int count);
