/* identity - is the database that a connection has open still the one at its path? A file that was removed or replaced
 * under it takes changes as before, and everything is gone with the process. Private to store/.
 * Owns: nothing; embedded in its owner, all zeros at first. */
#pragma once
#include <sqlite3.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct file_identity {
    dev_t device;
    ino_t inode;               /* 0: not known yet */
};

struct identity {
    struct file_identity file;
    struct file_identity log;
    int64_t checked_at_ms;     /* monotonic */
};

/* Inside a transaction of <handle>, so that both files are there; the first call learns which. Looks a few times a
 * second at most. ERR_IO saying which file is another one, or none. */
int identity_check(struct identity *identity, sqlite3 *handle, struct err *err);
