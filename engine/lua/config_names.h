/* config_names - what config.lua calls by name must be there: among its own rows, or, where somebody imported others,
 * in the database. Names are the texts of each list `categories`, whoever's it is, and of `defaults`. */
#pragma once
struct db;
struct generation;
struct report;

/* Each name that is not there becomes a line of <report>, with its path. <db> NULL: there is none yet. Blocking. */
void config_names_check(const struct generation *generation, struct db *db, struct report *report);
