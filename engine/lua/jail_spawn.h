/* jail_spawn - the beginning of the jail's process, seen from the engine. */
#pragma once
#include <jansson.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

struct snapshot;

/* Starts this program anew as the jail. *fd is our end of its socket, the caller's to close;
 * *pid is the caller's to wait for. On failure there is neither. */
int jail_spawn(pid_t *pid, int *fd, struct err *err);

/* What it is told first (see jail_wire.h); a new reference. Appends the texts of its files to
 * <texts>. */
json_t *jail_first_message(const char *database, const struct snapshot *snapshot, int64_t budget_ms,
                           struct buf *texts);
