#include "core/lifecycle_config.h"

#include "base/clock.h"
#include "core/incident_state.h"
#include "store/db.h"

static const char FORGET[] = "DELETE FROM lifecycle WHERE id = 1";
static const char STORE[] = "INSERT INTO lifecycle (id, document, updated_at_ms) VALUES (1, ?, ?) "
                            "ON CONFLICT (id) DO UPDATE SET document ="
                            " excluded.document, updated_at_ms = excluded.updated_at_ms WHERE "
                            "document <> excluded.document";

int lifecycle_config_reconcile(struct tx *tx, const struct args *args, int64_t *changes)
{
    struct lifecycle lifecycle;
    json_t *config = NULL;
    if (!args_has(args, "lifecycle"))
        return OK;
    int rc = args_object_optional(args, "lifecycle", &config);
    if (rc == OK)
        rc = lifecycle_read(config, &lifecycle, args->err);
    if (rc != OK)
        return rc;
    AUTO_FREE char *document = config ? json_dumps(config, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    rc = document ? tx_exec(tx, args->err, STORE, "ti", document, clock_now_ms())
                  : tx_exec(tx, args->err, FORGET, "");
    if (rc > 0)
        ++*changes;
    return rc < 0 ? rc : OK;
}

static int use_in_tx(struct tx *tx, void *arg, struct err *err)
{
    (void)arg;
    struct lifecycle lifecycle;
    int rc = lifecycle_load(tx, &lifecycle, err);
    if (rc == OK)
        lifecycle_use_labels(&lifecycle);
    return rc;
}

int lifecycle_config_use(struct db *db, struct err *err)
{
    return db_read_now(db, use_in_tx, NULL, err);
}
