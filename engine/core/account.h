/* account - a person's identity on a chat platform, made and kept up to date. */
#pragma once
#include <stdbool.h>

#include "core/people.h"
#include "core/profile.h"

/* Makes or updates the account of <profile> and the person it belongs to, whose id is copied out.
 * *is_new: the person was made. */
int account_upsert(struct tx *tx, const struct profile *profile, char id[PERSON_ID_SIZE],
                   bool *is_new, struct err *err);
