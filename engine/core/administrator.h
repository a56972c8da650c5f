/* administrator - the people who see private incidents without being part of them, as config.lua names them. Read by
 * policy.h; the view administrator_person says who they are. */
#pragma once
#include "core/args.h"

/* Makes the optional list `administrators` (e-mail addresses, and handles or tags of user groups) the whole list. Adds
 * to *changes. */
int administrator_reconcile(struct tx *tx, const struct args *args, int64_t *changes);
