#define _GNU_SOURCE /* F_OFD_SETLK: locks that belong to the open file */
#include "cli/pidfile.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static pid_t read_number(int fd)
{
    char text[32] = "";
    ssize_t len = pread(fd, text, sizeof(text) - 1, 0);
    return len > 0 ? (pid_t)strtol(text, NULL, 10) : 0;
}

static void make_folders(char *path)
{
    for (char *at = path + 1; (at = strchr(at, '/')); at++) {
        *at = '\0';
        (void)mkdir(path, 0750); /* what goes wrong is told by open() */
        *at = '/';
    }
}

int pidfile_take(const char *database, int *fd, struct err *err)
{
    AUTO_FREE char *path = xasprintf("%s.pid", database);
    make_folders(path);
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (*fd < 0)
        return err_set(err, ERR_IO, "cannot open %s: %s", path, strerror(errno));
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    if (fcntl(*fd, F_OFD_SETLK, &lock) != 0) {
        pid_t other = read_number(*fd);
        close(*fd);
        *fd = -1;
        return err_set(err, ERR_CONFLICT,
                       "an engine (process %d) already serves %s; stop it first, or give this one "
                       "another DATABASE",
                       (int)other, database);
    }
    char text[32];
    int len = snprintf(text, sizeof(text), "%d\n", (int)getpid());
    if (ftruncate(*fd, 0) != 0 || pwrite(*fd, text, (size_t)len, 0) != len) {
        err_set(err, ERR_IO, "cannot write %s: %s", path, strerror(errno));
        close(*fd);
        *fd = -1;
        return ERR_IO;
    }
    return OK;
}

void pidfile_release(int fd)
{
    if (fd < 0)
        return;
    (void)!ftruncate(fd, 0);
    close(fd);
}

pid_t pidfile_find(const char *database)
{
    AUTO_FREE char *path = xasprintf("%s.pid", database);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
    bool is_held = fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    pid_t pid = is_held ? read_number(fd) : 0;
    close(fd);
    return pid;
}
