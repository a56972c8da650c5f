/* search_index - the words of incidents' titles and descriptions, for incident_fts. Whoever writes those two columns
 * calls these in the same transaction: forget before the change, add after it. */
#pragma once
#include <stdint.h>

#include "base/err.h"

struct tx;

/* The incident can be found by its words as they are at the end of the transaction. */
void search_index_add(struct tx *tx, int64_t incident_id);
/* The same at once, for a transaction without savepoints. Once an incident. */
int search_index_put(struct tx *tx, int64_t incident_id, struct err *err);
/* It cannot be found by them any more; nothing when there is no such incident. */
int search_index_forget(struct tx *tx, int64_t incident_id, struct err *err);
