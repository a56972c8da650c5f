#include "lua/snapshot.h"

#include "base/buf.h"
#include "base/inject.h"
#include "base/mem.h"
#include "net/verify.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONFIG_PATH "config.lua"

enum { DEEPEST_FOLDER = 16 };

struct snapshot {
    atomic_int refs;
    struct snapshot_file *files; /* sorted by path once made */
    int count, cap;
    size_t total;
    char *config_name;
    char hash[SNAPSHOT_HASH_SIZE];
};

/* ---- life */

static struct snapshot *make(void)
{
    struct snapshot *snapshot = xcalloc(1, sizeof(*snapshot));
    snapshot->refs = 1;
    snapshot->config_name = xstrdup(CONFIG_PATH);
    return snapshot;
}

struct snapshot *snapshot_ref(struct snapshot *snapshot)
{
    snapshot->refs++;
    return snapshot;
}

void snapshot_unref(struct snapshot *snapshot)
{
    if (!snapshot || --snapshot->refs > 0)
        return;
    for (int i = 0; i < snapshot->count; i++) {
        free(snapshot->files[i].path);
        free(snapshot->files[i].text);
    }
    free(snapshot->files);
    free(snapshot->config_name);
    free(snapshot);
}

/* ---- filling */

/* Takes <text>. */
static int add_file(struct snapshot *snapshot, const char *path, char *text, size_t len,
                    struct err *err)
{
    int rc = OK;
    if (len > SNAPSHOT_FILE_MAX)
        rc = err_set(err, ERR_LIMIT, "%s: larger than %d KiB", path, SNAPSHOT_FILE_MAX >> 10);
    else if (snapshot->count == SNAPSHOT_FILES_MAX)
        rc = err_set(err, ERR_LIMIT, "%s: more than %d script files", path, SNAPSHOT_FILES_MAX);
    else if (snapshot->total + len > SNAPSHOT_TOTAL_MAX)
        rc = err_set(err, ERR_LIMIT, "%s: all scripts together are larger than %d MiB", path,
                     SNAPSHOT_TOTAL_MAX >> 20);
    if (rc != OK) {
        free(text);
        return rc;
    }
    if (snapshot->count == snapshot->cap) {
        snapshot->cap = snapshot->cap ? snapshot->cap * 2 : 64;
        snapshot->files =
            xrealloc(snapshot->files, (size_t)snapshot->cap * sizeof(*snapshot->files));
    }
    snapshot->files[snapshot->count++] = (struct snapshot_file){ xstrdup(path), text, len };
    snapshot->total += len;
    return OK;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(((const struct snapshot_file *)a)->path, ((const struct snapshot_file *)b)->path);
}

static void sort(struct snapshot *snapshot)
{
    if (snapshot->count > 0)
        qsort(snapshot->files, (size_t)snapshot->count, sizeof(*snapshot->files), compare_paths);
}

/* The hash is over path, NUL, length, NUL, bytes of every file, so that no two sets of files read
 * the same. */
static void finish(struct snapshot *snapshot)
{
    AUTO_BUF struct buf all = BUF_INIT;
    sort(snapshot);
    buf_reserve(&all, snapshot->total + (size_t)snapshot->count * 80 + 1);
    for (int i = 0; i < snapshot->count; i++) {
        const struct snapshot_file *file = &snapshot->files[i];
        buf_append(&all, file->path, strlen(file->path) + 1);
        buf_printf(&all, "%zu", file->len);
        buf_putc(&all, '\0');
        buf_append(&all, file->text, file->len);
    }
    verify_sha256_hex(buf_text(&all), all.len, snapshot->hash);
}

/* ---- from the folders */

static int read_open_file(int fd, const char *path, char **text, size_t *len, struct err *err)
{
    AUTO_BUF struct buf content = BUF_INIT;
    while (content.len <= SNAPSHOT_FILE_MAX) {
        buf_reserve(&content, 32 << 10);
        ssize_t count = read(fd, content.data + content.len, 32 << 10);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return err_set(err, ERR_IO, "%s: cannot be read: %s", path, strerror(errno));
        if (count == 0)
            break;
        content.len += (size_t)count;
        content.data[content.len] = '\0';
    }
    *text = buf_take(&content, len);
    if (*text)
        *text = xrealloc(*text, *len + 1); /* it is kept as long as the scripts run */
    return OK;
}

/* <name> is what errors and the snapshot call the file at <folder>/<leaf>. */
static int read_file(struct snapshot *snapshot, const char *disk_path, const char *path,
                     const char *name, struct err *err)
{
    char *text = NULL;
    size_t len = 0;
    int fd = open(disk_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return err_set(err, ERR_IO, "%s: cannot be read: %s", name, strerror(errno));
    int rc = read_open_file(fd, name, &text, &len, err);
    close(fd);
    return rc == OK ? add_file(snapshot, path, text ? text : xstrdup(""), len, err) : rc;
}

static bool is_script_name(const char *name)
{
    size_t len = strlen(name);
    return len > 4 && strcmp(name + len - 4, ".lua") == 0;
}

static int read_folder(struct snapshot *snapshot, const char *root, const char *path, int depth,
                       struct err *err);

static int read_entry(struct snapshot *snapshot, const char *root, const char *path, int depth,
                      struct err *err)
{
    struct stat info;
    AUTO_FREE char *disk_path = xasprintf("%s/%s", root, path);
    if (stat(disk_path, &info) != 0) {
        if (!is_script_name(path))
            return OK;
        return err_set(err, ERR_IO, "%s: cannot be read: %s", path, strerror(errno));
    }
    if (S_ISDIR(info.st_mode))
        return read_folder(snapshot, root, path, depth + 1, err);
    if (S_ISREG(info.st_mode) && is_script_name(path))
        return read_file(snapshot, disk_path, path, path, err);
    return OK;
}

/* NULL with errno 0 at the end: a folder that is read in part only has lost files. */
static struct dirent *next_entry(DIR *folder)
{
    errno = INJECT("scripts.folder") ? EIO : 0;
    return errno ? NULL : readdir(folder);
}

static int read_folder(struct snapshot *snapshot, const char *root, const char *path, int depth,
                       struct err *err)
{
    if (depth > DEEPEST_FOLDER)
        return err_set(err, ERR_LIMIT, "%s: nested too deeply (a link to a folder above it?)",
                       path);
    AUTO_FREE char *disk_path = xasprintf("%s/%s", root, path);
    DIR *folder = opendir(disk_path);
    if (!folder)
        return errno == ENOENT
                   ? OK
                   : err_set(err, ERR_IO, "%s: cannot be read: %s", path, strerror(errno));
    int rc = OK;
    struct dirent *entry;
    while (rc == OK && (entry = next_entry(folder)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        AUTO_FREE char *child = xasprintf("%s/%s", path, entry->d_name);
        rc = read_entry(snapshot, root, child, depth, err);
    }
    if (rc == OK && errno != 0)
        rc = err_set(err, ERR_IO, "%s: cannot be read to its end: %s", path, strerror(errno));
    closedir(folder);
    return rc;
}

/* The name for errors: without "<root>/" in front. */
static const char *display_name(const char *root, const char *config_path)
{
    size_t len = strlen(root);
    bool is_below = strncmp(config_path, root, len) == 0 && config_path[len] == '/';
    const char *name = is_below ? config_path + len + 1 : config_path;
    return strncmp(name, "./", 2) == 0 ? name + 2 : name;
}

struct snapshot *snapshot_read(const char *root, const char *config_path, struct err *err)
{
    struct snapshot *snapshot = make();
    int rc = OK;
    if (config_path) {
        free(snapshot->config_name);
        snapshot->config_name = xstrdup(display_name(root, config_path));
        rc = read_file(snapshot, config_path, CONFIG_PATH, snapshot->config_name, err);
    }
    if (rc == OK)
        rc = read_folder(snapshot, root, "scripts", 0, err);
    if (rc == OK)
        rc = read_folder(snapshot, root, "strategies", 0, err);
    if (rc != OK) {
        snapshot_unref(snapshot);
        return NULL;
    }
    finish(snapshot);
    return snapshot;
}

/* ---- from and to JSON */

static int add_text(struct snapshot *snapshot, const json_t *file, const char **at, size_t *left,
                    struct err *err)
{
    const char *path = json_string_value(json_array_get(file, 0));
    json_int_t len = json_integer_value(json_array_get(file, 1));
    if (!path || len < 0 || (size_t)len > *left)
        return err_set(err, ERR_INVALID, "the files and their texts do not match");
    char *copy = xmalloc((size_t)len + 1);
    memcpy(copy, *at, (size_t)len);
    copy[len] = '\0';
    *at += len;
    *left -= (size_t)len;
    return add_file(snapshot, path, copy, (size_t)len, err);
}

struct snapshot *snapshot_from_texts(const json_t *files, const char *texts, size_t len,
                                     struct err *err)
{
    struct snapshot *snapshot = make();
    size_t index;
    json_t *file;
    int rc = OK;
    json_array_foreach ((json_t *)files, index, file)
        if (rc == OK)
            rc = add_text(snapshot, file, &texts, &len, err);
    if (rc == OK && len > 0)
        rc = err_set(err, ERR_INVALID, "the files and their texts do not match");
    sort(snapshot);
    if (rc == OK)
        return snapshot;
    snapshot_unref(snapshot);
    return NULL;
}

struct snapshot *snapshot_from_json(const json_t *files, struct err *err)
{
    struct snapshot *snapshot = make();
    const char *path;
    json_t *text;
    json_object_foreach ((json_t *)files, path, text) {
        size_t len = json_string_length(text);
        char *copy = xmalloc(len + 1);
        memcpy(copy, json_is_string(text) ? json_string_value(text) : "", len);
        copy[len] = '\0';
        if (add_file(snapshot, path, copy, len, err) != OK) {
            snapshot_unref(snapshot);
            return NULL;
        }
    }
    finish(snapshot);
    return snapshot;
}

json_t *snapshot_to_json(const struct snapshot *snapshot, struct err *err)
{
    json_t *files = json_object();
    for (int i = 0; i < snapshot->count; i++) {
        const struct snapshot_file *file = &snapshot->files[i];
        if (json_object_set_new(files, file->path, json_stringn(file->text, file->len)) != 0) {
            err_set(err, ERR_INVALID, "%s: is not valid UTF-8", file->path);
            json_decref(files);
            return NULL;
        }
    }
    return files;
}

/* ---- reading */

const char *snapshot_hash(const struct snapshot *snapshot)
{
    REQUIRE(snapshot->hash[0]);
    return snapshot->hash;
}

const char *snapshot_config_name(const struct snapshot *snapshot)
{
    return snapshot->config_name;
}

int snapshot_count(const struct snapshot *snapshot)
{
    return snapshot->count;
}

const struct snapshot_file *snapshot_at(const struct snapshot *snapshot, int index)
{
    return index >= 0 && index < snapshot->count ? &snapshot->files[index] : NULL;
}

const struct snapshot_file *snapshot_find(const struct snapshot *snapshot, const char *path)
{
    if (snapshot->count == 0)
        return NULL;
    struct snapshot_file wanted = { .path = (char *)path };
    return bsearch(&wanted, snapshot->files, (size_t)snapshot->count, sizeof(wanted),
                   compare_paths);
}
