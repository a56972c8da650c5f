/* online_check - is what config.lua says also true outside: does a vendor take the token, does the
 * channel exist? Asks check_online() of every unit that has one, on an engine of its own that serves
 * nobody, runs no job and forgets everything. */
#pragma once
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/* The files have passed generations_check(). <report> gets a line for each mistake, "file:line path:
 * message"; <said> gets what was found to be as it should be, a line each. ERR_* only when nobody
 * could be asked at all. <is_ok> false when <report> names mistakes. Blocking: minutes, when a vendor
 * makes us wait. */
int online_check(const char *root, const char *config_path, struct buf *report, struct buf *said,
                 bool *is_ok, struct err *err);
