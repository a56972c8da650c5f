/* Which event came does not matter, only that one came: when the dust has settled the folders are walked again, which
 * follows new folders and takes a fingerprint; then the owner looks for itself. The poll compares fingerprints. */
#include "loop/watch.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum { QUIET_MS = 200, LONGEST_WAIT_MS = 2000, POLL_MS = 30000, DEEPEST = 16 };
enum {
    EVENTS = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB |
             IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR
};

/* A watched folder. */
struct folder {
    int wd;
    const char *only; /* the one name that counts, borrowed from <paths>; NULL: every name */
};

struct watch {
    struct loop *loop;
    loop_fn fn;
    void *arg;
    char **paths;  /* heap, <path_count> heap strings */
    bool *is_file; /* heap, one a path */
    int path_count;
    int fd;
    struct event *event;
    struct folder *folders; /* heap */
    size_t folder_count;
    size_t folder_cap;
    uint64_t fingerprint;   /* of all files at the last walk */
    uint64_t quiet_timer;   /* 0: no event is waiting */
    int64_t first_event_ms; /* monotonic */
    uint64_t poll_timer;
    int64_t poll_ms;
    bool has_warned;
};

static bool is_hidden(const char *name)
{
    /* "..data" is how mounted configuration is swapped. */
    return name[0] == '.' && name[1] != '.';
}

/* ---- the walk */

static void watch_folder(struct watch *watch, const char *path, const char *only)
{
    int wd = inotify_add_watch(watch->fd, path, EVENTS);
    if (wd < 0) {
        if (errno != ENOENT && !watch->has_warned) {
            log_warn(LOG_ENGINE, 0, "cannot watch %s (%s); changes are found by the poll", path,
                     strerror(errno));
            watch->has_warned = true;
        }
        return;
    }
    if (watch->folder_count == watch->folder_cap) {
        watch->folder_cap = watch->folder_cap ? watch->folder_cap * 2 : 16;
        watch->folders = xrealloc(watch->folders, watch->folder_cap * sizeof(*watch->folders));
    }
    watch->folders[watch->folder_count++] = (struct folder){ wd, only };
}

static uint64_t hash_bytes(uint64_t hash, const void *data, size_t len)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    return hash;
}

/* Files are added up, because readdir() promises no order. */
static void add_file(struct watch *watch, const char *path, const struct stat *st)
{
    int64_t facts[] = { st->st_size,         (int64_t)st->st_ino, st->st_mtim.tv_sec,
                        st->st_mtim.tv_nsec, st->st_ctim.tv_sec,  st->st_ctim.tv_nsec };
    uint64_t hash = hash_bytes(0xcbf29ce484222325u, path, strlen(path));
    watch->fingerprint += hash_bytes(hash, facts, sizeof(facts));
}

/* <path> holds the folder's path, and holds it again on return. */
static void walk_folder(struct watch *watch, struct buf *path, int depth)
{
    watch_folder(watch, buf_text(path), NULL);
    DIR *dir = opendir(buf_text(path));
    if (!dir)
        return;
    size_t len = path->len;
    struct dirent *entry;
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] == '.')
            continue;
        buf_printf(path, "/%s", entry->d_name);
        struct stat st;
        if (stat(path->data, &st) == 0) {
            if (!S_ISDIR(st.st_mode))
                add_file(watch, path->data, &st);
            else if (depth < DEEPEST)
                walk_folder(watch, path, depth + 1);
        }
        path->len = len;
        path->data[len] = '\0';
    }
    closedir(dir);
}

static void walk_file(struct watch *watch, const char *path)
{
    const char *slash = strrchr(path, '/');
    AUTO_FREE char *folder =
        slash ? xstrndup(path, slash == path ? 1 : (size_t)(slash - path)) : xstrdup(".");
    watch_folder(watch, folder, slash ? slash + 1 : path);
    struct stat st;
    if (stat(path, &st) == 0)
        add_file(watch, path, &st);
}

static bool has_folder(const struct folder *folders, size_t count, int wd)
{
    for (size_t i = 0; i < count; i++)
        if (folders[i].wd == wd)
            return true;
    return false;
}

/* Walks everything: watches what is new, lets go what is no longer there, takes the fingerprint. */
static void walk(struct watch *watch)
{
    AUTO_FREE struct folder *old = watch->folders;
    size_t old_count = watch->folder_count;
    watch->folders = NULL;
    watch->folder_count = watch->folder_cap = 0;
    watch->fingerprint = 0;
    AUTO_BUF struct buf path = BUF_INIT;
    for (int i = 0; i < watch->path_count; i++) {
        if (watch->is_file[i]) {
            walk_file(watch, watch->paths[i]);
        } else {
            buf_clear(&path);
            buf_puts(&path, watch->paths[i]);
            walk_folder(watch, &path, 0);
        }
    }
    for (size_t i = 0; i < old_count; i++)
        if (!has_folder(watch->folders, watch->folder_count, old[i].wd))
            inotify_rm_watch(watch->fd, old[i].wd);
}

/* ---- events and timers */

static void on_quiet(void *arg)
{
    struct watch *watch = arg;
    watch->quiet_timer = 0;
    walk(watch);
    watch->fn(watch->arg); /* may free the watch */
}

static void note_change(struct watch *watch)
{
    int64_t now_ms = clock_mono_ms();
    if (!watch->quiet_timer)
        watch->first_event_ms = now_ms;
    loop_timer_cancel(watch->loop, watch->quiet_timer);
    int64_t left_ms = watch->first_event_ms + LONGEST_WAIT_MS - now_ms;
    watch->quiet_timer =
        loop_timer(watch->loop, left_ms < QUIET_MS ? left_ms : QUIET_MS, on_quiet, watch);
}

static bool is_of_interest(const struct watch *watch, const struct inotify_event *event)
{
    if (event->mask & IN_Q_OVERFLOW)
        return true;
    if (event->mask & IN_IGNORED)
        return false;
    const char *name = event->len ? event->name : "";
    for (size_t i = 0; i < watch->folder_count; i++) {
        const struct folder *folder = &watch->folders[i];
        if (folder->wd == event->wd &&
            (folder->only ? strcmp(folder->only, name) == 0 : !is_hidden(name)))
            return true;
    }
    return false;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct watch *watch = arg;
    char buffer[16 * (sizeof(struct inotify_event) + NAME_MAX + 1)]
        __attribute__((aligned(__alignof__(struct inotify_event))));
    bool has_changed = false;
    ssize_t size;
    while ((size = read(fd, buffer, sizeof(buffer))) > 0) {
        const struct inotify_event *event;
        for (char *at = buffer; at < buffer + size; at += sizeof(*event) + event->len) {
            event = (const struct inotify_event *)at;
            has_changed = has_changed || is_of_interest(watch, event);
        }
    }
    if (has_changed)
        note_change(watch);
}

static void on_poll(void *arg)
{
    struct watch *watch = arg;
    uint64_t before = watch->fingerprint;
    walk(watch);
    watch->poll_timer = loop_timer(watch->loop, watch->poll_ms, on_poll, watch);
    if (watch->fingerprint != before && !watch->quiet_timer)
        watch->fn(watch->arg); /* may free the watch */
}

/* ---- life */

struct watch *watch_new(struct loop *loop, const char *const *paths, int count, loop_fn fn,
                        void *arg, struct err *err)
{
    struct watch *watch = xcalloc(1, sizeof(*watch));
    watch->loop = loop;
    watch->fn = fn;
    watch->arg = arg;
    watch->poll_ms = POLL_MS;
    watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (watch->fd >= 0)
        watch->event =
            event_new(loop_base(loop), watch->fd, EV_READ | EV_PERSIST, on_readable, watch);
    if (!watch->event || event_add(watch->event, NULL) != 0) {
        err_set(err, ERR_IO, "file changes cannot be watched: %s", strerror(errno));
        watch_free(watch);
        return NULL;
    }
    watch->paths = xcalloc((size_t)count, sizeof(*watch->paths));
    watch->is_file = xcalloc((size_t)count, sizeof(*watch->is_file));
    watch->path_count = count;
    for (int i = 0; i < count; i++) {
        struct stat st;
        watch->paths[i] = xstrdup(paths[i]);
        watch->is_file[i] = stat(paths[i], &st) == 0 && !S_ISDIR(st.st_mode);
    }
    walk(watch);
    watch->poll_timer = loop_timer(loop, watch->poll_ms, on_poll, watch);
    return watch;
}

void watch_free(struct watch *watch)
{
    if (!watch)
        return;
    loop_timer_cancel(watch->loop, watch->quiet_timer);
    loop_timer_cancel(watch->loop, watch->poll_timer);
    if (watch->event)
        event_free(watch->event);
    if (watch->fd >= 0)
        close(watch->fd);
    for (int i = 0; i < watch->path_count; i++)
        free(watch->paths[i]);
    free(watch->paths);
    free(watch->is_file);
    free(watch->folders);
    free(watch);
}

void watch_set_poll_ms(struct watch *watch, int64_t poll_ms)
{
    watch->poll_ms = poll_ms;
    loop_timer_cancel(watch->loop, watch->poll_timer);
    watch->poll_timer = loop_timer(watch->loop, poll_ms, on_poll, watch);
}
