/* jail_once - one strategy from a file, for the command line: a loop of its own, a jail, one
 * question. */
#include "base/buf.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "lua/jail.h"
#include "lua/snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct once {
    struct loop *loop;
    json_t *answer;
    struct err *err;
    int rc;
};

static int read_text(const char *path, struct buf *text, struct err *err)
{
    char block[4096];
    size_t got;
    FILE *file = fopen(path, "r");
    if (!file)
        return err_set(err, ERR_NOT_FOUND, "%s: %s", path, strerror(errno));
    while ((got = fread(block, 1, sizeof(block), file)) > 0 && text->len <= SNAPSHOT_FILE_MAX)
        buf_append(text, block, got);
    bool is_read = !ferror(file);
    fclose(file);
    return is_read ? OK : err_set(err, ERR_IO, "%s: cannot be read", path);
}

/* The scripts below the root, and the file under its own path. NULL + err. */
static struct snapshot *snapshot_with(const struct jail_once *what, struct err *err)
{
    AUTO_BUF struct buf text = BUF_INIT;
    if (read_text(what->strategy_path, &text, err) != OK)
        return NULL;
    struct snapshot *scripts = snapshot_read(what->root, NULL, err);
    json_t *files = scripts ? snapshot_to_json(scripts, err) : NULL;
    struct snapshot *snapshot = NULL;
    if (files && json_object_set_new(files, what->strategy_path,
                                     json_stringn(buf_text(&text), text.len)) != 0)
        err_set(err, ERR_INVALID, "%s: is not valid UTF-8", what->strategy_path);
    else if (files)
        snapshot = snapshot_from_json(files, err);
    json_decref(files);
    snapshot_unref(scripts);
    return snapshot;
}

static void on_done(void *arg, int rc, const json_t *answer, const struct err *err)
{
    struct once *once = arg;
    once->rc = rc;
    once->answer = json_incref((json_t *)answer);
    if (rc != OK)
        *once->err = *err;
    loop_stop(once->loop);
}

static char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    size_t len = strlen(name);
    bool is_lua = len > 4 && strcmp(name + len - 4, ".lua") == 0;
    return xstrndup(name, is_lua ? len - 4 : len);
}

int jail_run_once(const struct jail_once *what, const json_t *incident, json_t **answer,
                  struct err *err)
{
    AUTO_FREE char *name = name_of(what->strategy_path);
    struct once once = { .err = err, .rc = ERR_CLOSED };
    struct jail *jail = NULL;
    struct snapshot *snapshot = snapshot_with(what, err);
    /* Whether it is meant for private incidents is in the file: the jail asks it. */
    json_t *strategies =
        json_pack("[{ss ss sb}]", "strategy", name, "path", what->strategy_path, "is_private", 1);
    if (snapshot)
        once.loop = loop_new(err);
    if (once.loop) {
        const struct jail_request request = {
            .snapshot = snapshot,
            .strategies = strategies,
            .incident = incident,
            .deadline_ms = what->deadline_ms,
        };
        jail = jail_new(once.loop, what->database);
        jail_collect(jail, &request, on_done, &once);
        loop_run(once.loop);
    }
    int rc = once.loop ? once.rc : err->code;
    jail_free(jail);
    loop_free(once.loop);
    json_decref(strategies);
    snapshot_unref(snapshot);
    *answer = once.answer;
    return rc;
}
