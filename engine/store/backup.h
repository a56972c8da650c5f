/* backup - a consistent copy of a database that is in use. Private to store/. */
#pragma once
#include "base/err.h"

/* Copies the database at <source> to <path>, which must not exist (ERR_CONFLICT), and fsyncs it; the file appears under
 * its name when it is complete, readable by its owner only. Blocking, on connections of its own: writers go on. */
int backup_run(const char *source, const char *path, struct err *err);
/* Makes the names in the folder of <path> last. */
int backup_sync_folder_of(const char *path, struct err *err);
