#include "store/wal_file.h"

#include "base/mem.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* What is waiting never gets larger: the frames of about 30 pages. */
enum { WAITING_MAX = 128 << 10 };

struct wal_file {
    sqlite3_file as_file; /* first: SQLite knows only this */
    sqlite3_file *real;   /* behind this struct, in the same piece of memory */
    char *waiting;        /* owned; NULL before the first write */
    size_t len;
    int64_t at; /* where in the file it belongs */
};

static sqlite3_vfs *beneath;
static sqlite3_vfs ours;

static struct wal_file *of(sqlite3_file *file)
{
    return (struct wal_file *)file;
}

/* When it fails nothing waits any more: SQLite rolls back, and writes at the same place again. */
static int flush(struct wal_file *file)
{
    size_t len = file->len;
    file->len = 0;
    return len ? file->real->pMethods->xWrite(file->real, file->waiting, (int)len, file->at)
               : SQLITE_OK;
}

/* ---- the methods of the log */

/* What still waits is of a transaction that was given up. */
static int wal_close(sqlite3_file *as_file)
{
    struct wal_file *file = of(as_file);
    free(file->waiting);
    return file->real->pMethods->xClose(file->real);
}

static int wal_read(sqlite3_file *as_file, void *to, int len, sqlite3_int64 at)
{
    struct wal_file *file = of(as_file);
    bool is_waiting = at < file->at + (int64_t)file->len && at + len > file->at;
    int rc = is_waiting ? flush(file) : SQLITE_OK;
    return rc == SQLITE_OK ? file->real->pMethods->xRead(file->real, to, len, at) : rc;
}

/* Also what a transaction writes anew after it went back to a savepoint. */
static bool fits(const struct wal_file *file, int64_t at, size_t len)
{
    return at >= file->at && at <= file->at + (int64_t)file->len &&
           (size_t)(at - file->at) + len <= WAITING_MAX;
}

static int wal_write(sqlite3_file *as_file, const void *from, int len, sqlite3_int64 at)
{
    struct wal_file *file = of(as_file);
    if (!fits(file, at, (size_t)len)) {
        int rc = flush(file);
        if (rc != SQLITE_OK || len > WAITING_MAX)
            return rc == SQLITE_OK ? file->real->pMethods->xWrite(file->real, from, len, at) : rc;
        file->at = at;
    }
    if (!file->waiting)
        file->waiting = xmalloc(WAITING_MAX);
    size_t offset = (size_t)(at - file->at);
    memcpy(file->waiting + offset, from, (size_t)len);
    if (file->len < offset + (size_t)len)
        file->len = offset + (size_t)len;
    return SQLITE_OK;
}

static int wal_truncate(sqlite3_file *as_file, sqlite3_int64 size)
{
    struct wal_file *file = of(as_file);
    int rc = flush(file);
    return rc == SQLITE_OK ? file->real->pMethods->xTruncate(file->real, size) : rc;
}

static int wal_sync(sqlite3_file *as_file, int flags)
{
    struct wal_file *file = of(as_file);
    int rc = flush(file);
    return rc == SQLITE_OK ? file->real->pMethods->xSync(file->real, flags) : rc;
}

static int wal_size(sqlite3_file *as_file, sqlite3_int64 *size)
{
    struct wal_file *file = of(as_file);
    int rc = flush(file);
    return rc == SQLITE_OK ? file->real->pMethods->xFileSize(file->real, size) : rc;
}

static int wal_lock(sqlite3_file *as_file, int level)
{
    sqlite3_file *real = of(as_file)->real;
    return real->pMethods->xLock(real, level);
}

static int wal_unlock(sqlite3_file *as_file, int level)
{
    sqlite3_file *real = of(as_file)->real;
    return real->pMethods->xUnlock(real, level);
}

static int wal_is_reserved(sqlite3_file *as_file, int *is_reserved)
{
    sqlite3_file *real = of(as_file)->real;
    return real->pMethods->xCheckReservedLock(real, is_reserved);
}

static int wal_control(sqlite3_file *as_file, int op, void *arg)
{
    sqlite3_file *real = of(as_file)->real;
    return real->pMethods->xFileControl(real, op, arg);
}

static int wal_sector_size(sqlite3_file *as_file)
{
    sqlite3_file *real = of(as_file)->real;
    return real->pMethods->xSectorSize(real);
}

static int wal_device(sqlite3_file *as_file)
{
    sqlite3_file *real = of(as_file)->real;
    return real->pMethods->xDeviceCharacteristics(real);
}

/* ---- the VFS */

/* Version 1: shared memory and mapping are of the database's file, never of the log. */
static const sqlite3_io_methods METHODS = {
    .iVersion = 1,
    .xClose = wal_close,
    .xRead = wal_read,
    .xWrite = wal_write,
    .xTruncate = wal_truncate,
    .xSync = wal_sync,
    .xFileSize = wal_size,
    .xLock = wal_lock,
    .xUnlock = wal_unlock,
    .xCheckReservedLock = wal_is_reserved,
    .xFileControl = wal_control,
    .xSectorSize = wal_sector_size,
    .xDeviceCharacteristics = wal_device,
};

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *as_file, int flags,
                     int *flags_out)
{
    (void)vfs;
    if (!(flags & SQLITE_OPEN_WAL))
        return beneath->xOpen(beneath, name, as_file, flags, flags_out);
    struct wal_file *file = of(as_file);
    *file = (struct wal_file){ .real = (sqlite3_file *)(file + 1) };
    int rc = beneath->xOpen(beneath, name, file->real, flags, flags_out);
    /* Without methods SQLite does not close it; a file may have some though it could not be opened. */
    if (rc == SQLITE_OK)
        file->as_file.pMethods = &METHODS;
    else if (file->real->pMethods)
        file->real->pMethods->xClose(file->real);
    return rc;
}

static void make(void)
{
    beneath = sqlite3_vfs_find(NULL);
    ours = *beneath;
    ours.zName = "halligan";
    ours.szOsFile += (int)sizeof(struct wal_file);
    ours.pNext = NULL;
    ours.xOpen = open_file;
    REQUIRE(sqlite3_vfs_register(&ours, 0) == SQLITE_OK);
}

const char *wal_file_vfs(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make);
    return ours.zName;
}

/* ---- what was given up */

static void forget_waiting(void *arg)
{
    sqlite3_file *log = NULL;
    int rc = sqlite3_file_control(arg, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
    if (rc == SQLITE_OK && log && log->pMethods == &METHODS)
        of(log)->len = 0;
}

void wal_file_watch(sqlite3 *handle)
{
    sqlite3_rollback_hook(handle, forget_waiting, handle);
}
