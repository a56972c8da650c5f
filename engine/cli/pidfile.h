/* pidfile - one engine a database: a file beside it that holds the process's number, locked as
 * long as the process lives. A number that is left over without its lock means nothing. */
#pragma once
#include <sys/types.h>

#include "base/err.h"

/* Locks "<database>.pid", making its folder when missing, and writes our number. *fd is to be
 * given to pidfile_release(). ERR_CONFLICT when another process has it (the text says which). */
int pidfile_take(const char *database, int *fd, struct err *err);
/* Unlocks and empties it. -1 is allowed. */
void pidfile_release(int fd);
/* The process that serves the database; 0: none. */
pid_t pidfile_find(const char *database);
