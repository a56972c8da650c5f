/* The log is what makes this more than a rename: SQLite replays a log that lies beside a database, whichever database
 * it was written for, and what comes of that is neither. So the old log goes away with the old file. */
#include "store/restore.h"

#include "base/inject.h"
#include "base/mem.h"
#include "store/backup.h"
#include "store/check.h"
#include "store/migrate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void keep_first_problem(void *arg, const char *text)
{
    char **problem = arg;
    if (!*problem)
        *problem = xstrdup(text);
}

static int check_schema(const char *path, struct err *err)
{
    struct connection *conn = connection_open(path, false, err);
    if (!conn)
        return err->code;
    int rc = migrate_accepts(conn, store_migration_count, err);
    connection_close(conn);
    return rc;
}

/* Of the copy, which nobody else changes; what is wrong with it is said of <path>. */
static int check_pages(const char *copy, const char *path, struct err *err)
{
    struct err cause = { 0 };
    AUTO_FREE char *problem = NULL;
    int rc = check_run(copy, keep_first_problem, &problem, &cause);
    const char *text = rc == OK ? problem : cause.msg;
    return text ? err_set(err, ERR_CONFLICT, "%s is damaged: %s", path, text) : OK;
}

static int move(const char *from, const char *to, const char *suffix, struct err *err)
{
    AUTO_FREE char *old = xasprintf("%s%s", from, suffix);
    AUTO_FREE char *new = xasprintf("%s%s", to, suffix);
    if (!INJECT("store.restore") && (rename(old, new) == 0 || errno == ENOENT))
        return OK;
    return err_set(err, ERR_IO, "cannot move %s to %s: %s", old, new, strerror(errno));
}

/* The file before its log: a log without a file is thrown away by whoever opens the database then, a file without its
 * log would be taken for whole. */
static int put_aside(const char *database, const char *kept, struct err *err)
{
    AUTO_FREE char *index = xasprintf("%s-shm", database);
    int rc = move(database, kept, "", err);
    if (rc == OK)
        rc = move(database, kept, "-wal", err);
    if (rc == OK)
        unlink(index); /* of the log; made anew when it is needed */
    return rc;
}

/* After a failure. The log first, for the same reason. */
static void put_back(const char *database, const char *kept)
{
    struct err ignored;
    if (move(kept, database, "-wal", &ignored) == OK)
        (void)move(kept, database, "", &ignored);
}

/* The engine's user, when an administrator restores. */
static void give_to_owner_of(const char *database, const char *copy)
{
    struct stat found;
    if (stat(database, &found) == 0)
        (void)!chown(copy, found.st_uid, found.st_gid);
}

int restore_run(const char *path, const char *database, const char *kept, struct err *err)
{
    struct stat found;
    if (lstat(kept, &found) == 0)
        return err_set(err, ERR_CONFLICT, "%s exists already", kept);
    AUTO_FREE char *copy = xasprintf("%s.restore", database);
    unlink(copy); /* of a restore that was interrupted */
    int rc = check_schema(path, err);
    if (rc == OK)
        rc = backup_run(path, copy, err);
    if (rc == OK)
        rc = check_pages(copy, path, err);
    if (rc == OK) {
        give_to_owner_of(database, copy);
        rc = put_aside(database, kept, err);
        if (rc == OK)
            rc = move(copy, database, "", err);
        if (rc != OK)
            put_back(database, kept);
    }
    if (rc == OK)
        rc = backup_sync_folder_of(database, err);
    unlink(copy);
    return rc;
}
