/* reference_chat - conversations and user groups that the configuration declares, with their tags
 * and categories. */
#pragma once
#include <stdint.h>

#include "core/args.h"

struct tx;

/* Reads conversations[] ({platform, id or external_id, name?, tag?, categories[]?}) and
 * usergroups[] ({platform, id or external_id or handle, name?, tag?, categories[]?}) from <args>; a
 * list that is absent is left alone. Rows that are not declared any more lose tag and categories.
 * Adds the rows written to *changes. */
int reference_chat_reconcile(struct tx *tx, const struct args *args, int64_t *changes);
