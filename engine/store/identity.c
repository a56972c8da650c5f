#include "store/identity.h"

#include "base/clock.h"

#include <stdbool.h>
#include <sys/stat.h>

enum { PAUSE_MS = 250 };

static bool is_same(struct file_identity *known, const char *path)
{
    struct stat found;
    if (stat(path, &found) != 0)
        return known->inode == 0; /* no log where the file system cannot have one */
    if (known->inode == 0)
        *known = (struct file_identity){ .device = found.st_dev, .inode = found.st_ino };
    return known->device == found.st_dev && known->inode == found.st_ino;
}

int identity_check(struct identity *identity, sqlite3 *handle, struct err *err)
{
    int64_t now_ms = clock_mono_ms();
    const char *file = sqlite3_db_filename(handle, "main");
    if (!file || !*file || (identity->file.inode && now_ms - identity->checked_at_ms < PAUSE_MS))
        return OK;
    const char *log = sqlite3_filename_wal(file);
    bool is_file = is_same(&identity->file, file);
    if (is_file && is_same(&identity->log, log)) {
        identity->checked_at_ms = now_ms;
        return OK;
    }
    return err_set(err, ERR_IO, "%s was removed or replaced while this program has it open; %s",
                   is_file ? log : file,
                   is_file ? "its content is safe in the database: stop, and start again"
                           : "put it back, or stop and restore a backup");
}
