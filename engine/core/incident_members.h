/* incident_members - who is part of an incident. Members see it when it is private. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "core/op.h"

struct tx;

/* Makes <person_id> a member; *is_new is false when they were one. Writes no audit entry and emits
 * nothing: that is the caller's, whose change it is part of. */
int incident_members_add(struct tx *tx, int64_t incident_id, const char *person_id, bool *is_new,
                         struct err *err);
