/* impact - how much each kind of people feels an incident: a level for each type, as arguments name
 * them ({customers_impact: "HT"}). */
#pragma once
#include <stdint.h>

#include "core/args.h"

enum { IMPACT_LEVEL_ID_SIZE = 65 };

struct impact {
    int64_t type_id;
    char level_id[IMPACT_LEVEL_ID_SIZE];
};

/* The type with the value <type> and its level <level> (a JSON text: the code "HT", or the level's
 * id). ERR_INVALID for <type> of <args>. */
int impact_find(struct tx *tx, const struct args *args, const char *type, json_t *level,
                struct impact *impact);

/* Only the type. */
int impact_find_type(struct tx *tx, const struct args *args, const char *type, int64_t *type_id);
