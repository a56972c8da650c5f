/* scratch - a database that is thrown away: a file in a folder of its own below TMPDIR. */
#pragma once
#include "base/err.h"

struct scratch {
    char *folder, *path; /* of the database, which db_open() makes; owned */
};

/* <name> is part of the folder's name, for people who find it. ERR_IO: nothing was made. */
int scratch_init(struct scratch *scratch, const char *name, struct err *err);
/* Removes the database, which is closed by now, and the folder. Harmless without an init that
 * succeeded, on a zeroed struct. */
void scratch_fini(struct scratch *scratch);
