/* lifecycle_config - the lifecycle that config.lua declares, kept where every change of an incident finds it. */
#pragma once
#include "core/args.h"

struct db;

/* Reads the optional argument `lifecycle` (see lifecycle_read()) and stores it; an empty one brings back the shipped
 * lifecycle. ERR_INVALID for an impossible table. Adds to *changes when it differs from what was stored. */
int lifecycle_config_reconcile(struct tx *tx, const struct args *args, int64_t *changes);

/* For programs that read no config: from now on people read the labels that are stored. Blocking. */
int lifecycle_config_use(struct db *db, struct err *err);
