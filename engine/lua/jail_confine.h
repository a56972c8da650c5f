/* jail_confine - takes from this process what a strategy could do harm with: making files,
 * sockets, processes, reaching other processes. There is no way back. Called when the database
 * is open and before any script runs. */
#pragma once
#include <stddef.h>

#include "base/err.h"

/* <memory_bytes>: of the whole address space, 0: no cap (sanitizers reserve terabytes). OK, or
 * ERR_UNAVAILABLE when the system filters no system calls: then only the resource limits hold
 * (no new file, socket or process), and <err> says so for the log. */
int jail_confine(size_t memory_bytes, struct err *err);
