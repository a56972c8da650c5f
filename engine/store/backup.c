#define _GNU_SOURCE
#include "store/backup.h"

#include "base/inject.h"
#include "base/mem.h"
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int system_error(const char *what, const char *path, struct err *err)
{
    int code = errno == EEXIST ? ERR_CONFLICT : ERR_IO;
    return err_set(err, code, "%s %s: %s", what, path, strerror(errno));
}

static int sync_path(const char *path, int flags, struct err *err)
{
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0)
        return system_error("cannot open", path, err);
    int rc = INJECT("store.backup") || fsync(fd) != 0 ? system_error("cannot sync", path, err) : OK;
    close(fd);
    return rc;
}

int backup_sync_folder_of(const char *path, struct err *err)
{
    AUTO_FREE char *copy = xstrdup(path);
    return sync_path(dirname(copy), O_RDONLY | O_DIRECTORY, err);
}

/* All pages in one step: one snapshot, so that a writer cannot make the copy begin again. */
static int copy_pages(sqlite3 *from, sqlite3 *to, struct err *err)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    if (backup) {
        sqlite3_backup_step(backup, -1);
        sqlite3_backup_finish(backup);
    }
    int rc = sqlite3_errcode(to);
    return rc == SQLITE_OK ? OK : sqlite_error(to, rc, "the copy failed", err);
}

static int copy_into(const char *source, const char *part, struct err *err)
{
    struct connection *from = connection_open(source, false, err);
    if (!from)
        return ERR_DB;
    sqlite3 *to = NULL;
    int rc = sqlite3_open_v2(part, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    /* Nobody sees the file before it is synced whole. */
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(to, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", NULL, NULL, NULL);
    int code = rc == SQLITE_OK ? copy_pages(from->handle, to, err) : sqlite_error(to, rc, part, err);
    /* One plain file, which is read without a log beside it, also where nothing can be written. */
    rc = code == OK ? sqlite3_exec(to, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL) : SQLITE_OK;
    if (rc != SQLITE_OK)
        code = sqlite_error(to, rc, part, err);
    sqlite3_close(to);
    connection_close(from);
    return code;
}

/* link(), because rename() would replace a file that appeared meanwhile. */
static int put_in_place(const char *part, const char *path, struct err *err)
{
    if (link(part, path) == 0)
        return backup_sync_folder_of(path, err);
    if (errno != EPERM && errno != EOPNOTSUPP)
        return system_error("cannot make", path, err);
    return rename(part, path) == 0 ? backup_sync_folder_of(path, err) : system_error("cannot make", path, err);
}

int backup_run(const char *source, const char *path, struct err *err)
{
    struct stat found;
    if (lstat(path, &found) == 0)
        return err_set(err, ERR_CONFLICT, "%s exists already (a backup never replaces a file)", path);
    AUTO_FREE char *part = xasprintf("%s.XXXXXX", path);
    int fd = mkostemp(part, O_CLOEXEC); /* mode 0600 */
    if (fd < 0)
        return system_error("cannot make", part, err);
    close(fd);
    int rc = copy_into(source, part, err);
    if (rc == OK)
        rc = sync_path(part, O_RDONLY, err);
    if (rc == OK)
        rc = put_in_place(part, path, err);
    unlink(part);
    return rc;
}
