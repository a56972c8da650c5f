/* check - is the database file whole: its pages and indexes, and every reference. Private to store/. */
#pragma once
#include "store/db.h"

/* Reads all of the database at <source> on a connection of its own; writers go on. See db_check(). */
int check_run(const char *source, db_problem_fn found, void *arg, struct err *err);
