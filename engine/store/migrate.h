/* migrate - brings a database's schema forward, never back. Private to store/.
 * The table schema_version has a row for each migration that was applied. */
#pragma once
#include "store/migrations.h"
#include "store/sqlite.h"

/* Applies what is missing of <count> migrations, each in a transaction of its own; what failed left nothing. *version
 * is the version reached. ERR_CONFLICT for a newer schema and for a database of another program. Two processes may do
 * it at once. Foreign keys are checked at the end of each migration, not on its way, so that a table may be rebuilt. */
int migrate_forward(struct connection *conn, const struct migration *migrations, int count, int *version,
                    struct err *err);

/* Changes nothing: OK when the schema is exactly <count>. */
int migrate_check(struct connection *conn, int count, int *version, struct err *err);
/* Changes nothing: OK when migrate_forward() would have something to begin with. ERR_CONFLICT else. */
int migrate_accepts(struct connection *conn, int count, struct err *err);
