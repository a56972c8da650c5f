#include "store/migrate.h"

#include "base/clock.h"
#include "base/inject.h"
#include "base/log.h"

static const char CREATE_TABLE[] =
    "CREATE TABLE IF NOT EXISTS schema_version ("
    "version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at_ms INTEGER NOT NULL)";
static const char COUNT_TABLES[] =
    "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
static const char HAS_VERSIONS[] =
    "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'";

static const char *file_name(struct connection *conn)
{
    return sqlite3_db_filename(conn->handle, "main");
}

/* 0 for a new database. */
static int read_version(struct connection *conn, int *version, struct err *err)
{
    int has_versions;
    int tables;
    *version = 0;
    int rc = connection_get_int(conn, HAS_VERSIONS, 0, &has_versions, err);
    if (rc == OK && has_versions)
        return connection_get_int(conn, "SELECT max(version) FROM schema_version", 0, version, err);
    if (rc == OK)
        rc = connection_get_int(conn, COUNT_TABLES, 0, &tables, err);
    if (rc == OK && tables > 0)
        return err_set(err, ERR_CONFLICT, "%s is a database of another program (name another file)",
                       file_name(conn));
    return rc;
}

static int refuse_newer(struct connection *conn, int version, int known, struct err *err)
{
    return err_set(err, ERR_CONFLICT,
                   "%s has schema version %d, but this program knows versions up to %d: start the newer program "
                   "that wrote it, or put back a backup from before the upgrade",
                   file_name(conn), version, known);
}

static int record(struct tx *tx, void *arg, struct err *err)
{
    const struct migration *migration = arg;
    int rc = tx_exec(tx, err, "INSERT INTO schema_version (version, name, applied_at_ms) VALUES (?, ?, ?)", "iti",
                     (int64_t)migration->version, migration->name, clock_now_ms());
    return rc < 0 ? rc : OK;
}

/* Inside the transaction. */
static int run_script(struct connection *conn, const struct migration *migration, struct err *err)
{
    struct err cause;
    int rc = connection_script(conn, migration->sql, &cause);
    if (rc != OK)
        return err_set(err, rc, "migration %s: %s", migration->name, cause.msg);
    int broken;
    rc = connection_get_int(conn, "SELECT count(*) FROM pragma_foreign_key_check", 0, &broken, err);
    if (rc == OK && broken > 0)
        rc = err_set(err, ERR_CONFLICT, "migration %s: leaves %d rows whose foreign key leads nowhere", migration->name,
                     broken);
    return rc;
}

static int apply(struct connection *conn, struct migration migration, struct err *err)
{
    int rc = run_script(conn, &migration, err);
    if (rc == OK)
        rc = tx_run(conn, record, &migration, err);
    if (rc == OK && INJECT("store.migrate"))
        rc = err_set(err, ERR_IO, "migration %s: fault injected", migration.name);
    return rc;
}

/* One migration, the next one. *version goes up by it, or is what another process has reached meanwhile. */
static int step(struct connection *conn, const struct migration *migrations, int count, int *version, struct err *err)
{
    int rc = connection_control(conn, CONTROL_BEGIN, err);
    if (rc == OK)
        rc = read_version(conn, version, err);
    if (rc == OK)
        rc = connection_script(conn, CREATE_TABLE, err);
    bool is_due = rc == OK && *version < count;
    if (is_due)
        rc = apply(conn, migrations[*version], err);
    if (rc == OK)
        rc = connection_control(conn, CONTROL_COMMIT, err);
    if (rc != OK) {
        connection_rollback(conn);
        return rc;
    }
    if (is_due) {
        log_info(LOG_STORE, 0, "migration %s applied to %s", migrations[*version].name, file_name(conn));
        (*version)++;
    }
    return OK;
}

int migrate_forward(struct connection *conn, const struct migration *migrations, int count, int *version,
                    struct err *err)
{
    int rc = read_version(conn, version, err);
    if (rc == OK && *version < count) {
        rc = connection_script(conn, "PRAGMA foreign_keys = OFF", err);
        while (rc == OK && *version < count)
            rc = step(conn, migrations, count, version, err);
        struct err ignored;
        int back = connection_script(conn, "PRAGMA foreign_keys = ON", rc == OK ? err : &ignored);
        rc = rc == OK ? back : rc;
    }
    if (rc == OK && *version > count)
        rc = refuse_newer(conn, *version, count, err);
    return rc;
}

int migrate_accepts(struct connection *conn, int count, struct err *err)
{
    int version;
    int rc = read_version(conn, &version, err);
    if (rc == OK && version > count)
        rc = refuse_newer(conn, version, count, err);
    if (rc == OK && version == 0)
        rc = err_set(err, ERR_CONFLICT, "%s is an empty database", file_name(conn));
    return rc;
}

int migrate_check(struct connection *conn, int count, int *version, struct err *err)
{
    int rc = read_version(conn, version, err);
    if (rc != OK)
        return rc;
    if (*version > count)
        return refuse_newer(conn, *version, count, err);
    if (*version < count)
        return err_set(err, ERR_CONFLICT,
                       "%s has schema version %d, but this program needs %d: start `halligan serve` once",
                       file_name(conn), *version, count);
    return OK;
}
