/* members - the people of a conversation or of a user group, replaced as a whole with as few writes
 * as the difference needs. */
#pragma once
#include <stdint.h>

#include "core/args.h"

struct tx;

/* The statements of one membership table. Each binds the owner's id first, then (add, remove) the
 * person's. */
struct members_table {
    const char *select; /* person ids of the owner */
    const char *add;    /* must ignore unknown people and those who are in already */
    const char *remove;
};

extern const struct members_table CONVERSATION_MEMBERS;
extern const struct members_table USERGROUP_MEMBERS;

/* Makes the people of <people> (an array of person ids) the members of <owner>. People we do not
 * know are left out. */
int members_replace(struct tx *tx, const struct members_table *table, const char *owner,
                    const struct args *args, const char *key, int64_t *added, int64_t *removed);
