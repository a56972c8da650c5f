#include "lua/jail_frame.h"

#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

enum { FRAME_MAX = 64 << 20 };

static int write_all(int fd, const void *data, size_t len, struct err *err)
{
    const char *at = data;
    while (len > 0) {
        ssize_t written = write(fd, at, len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return err_set(err, ERR_CLOSED, "the jail is gone");
        at += written;
        len -= (size_t)written;
    }
    return OK;
}

int jail_frame_write(int fd, const json_t *message, struct err *err)
{
    AUTO_FREE char *text = json_dumps(message, JSON_COMPACT);
    size_t len = text ? strlen(text) : 0;
    uint32_t size = (uint32_t)len;
    if (!text || len > FRAME_MAX)
        return err_set(err, ERR_LIMIT, "a message to the jail is too large");
    int rc = write_all(fd, &size, sizeof(size), err);
    return rc == OK ? write_all(fd, text, len, err) : rc;
}

/* Waits until <fd> can be read. */
static int wait_readable(int fd, int64_t deadline_mono_ms, struct err *err)
{
    for (;;) {
        int64_t left_ms = deadline_mono_ms ? deadline_mono_ms - clock_mono_ms() : -1;
        if (deadline_mono_ms && left_ms <= 0)
            return err_set(err, ERR_TIMEOUT, "no answer in time");
        struct pollfd watched = { .fd = fd, .events = POLLIN };
        int ready = poll(&watched, 1, (int)left_ms);
        if (ready > 0)
            return OK;
        if (ready < 0 && errno != EINTR)
            return err_set(err, ERR_CLOSED, "the jail is gone");
    }
}

static int read_all(int fd, int64_t deadline_mono_ms, void *data, size_t len, struct err *err)
{
    char *at = data;
    while (len > 0) {
        int rc = wait_readable(fd, deadline_mono_ms, err);
        if (rc != OK)
            return rc;
        ssize_t got = read(fd, at, len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return err_set(err, ERR_CLOSED, "the jail is gone");
        at += got;
        len -= (size_t)got;
    }
    return OK;
}

int jail_frame_read(int fd, int64_t deadline_mono_ms, json_t **message, struct err *err)
{
    uint32_t size;
    int rc = read_all(fd, deadline_mono_ms, &size, sizeof(size), err);
    if (rc != OK)
        return rc;
    AUTO_FREE char *text = size <= FRAME_MAX ? try_malloc(size + 1) : NULL;
    if (!text)
        return err_set(err, ERR_LIMIT, "a message of %u bytes between engine and jail", (unsigned)size);
    if ((rc = read_all(fd, deadline_mono_ms, text, size, err)) != OK)
        return rc;
    *message = json_loadb(text, size, 0, NULL);
    return *message ? OK : err_set(err, ERR_SYNTAX, "a message between engine and jail is no JSON");
}
