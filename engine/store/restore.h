/* restore - a backup takes the place of a database. Private to store/. */
#pragma once
#include "base/err.h"

/* As db_restore(). A power cut in between leaves one of the two in place, or none and both beside it. */
int restore_run(const char *path, const char *database, const char *kept, struct err *err);
