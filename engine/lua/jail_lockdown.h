/* jail_lockdown - takes away from the jail's process what an invite strategy has no use for: network, writing, other programs, memory.
 * For good: it cannot be undone. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Called once the database is open and read for the first time. <memory_bytes> caps the address space (not under a sanitizer). An
 * error: the process must not run foreign code. */
int jail_lockdown(size_t memory_bytes, struct err *err);
