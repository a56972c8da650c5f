#include "lua/jail_spawn.h"

#include "lua/jail_wire.h"
#include "lua/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The secrets of the engine's environment stay there. The child leaves without looking after its
 * memory. */
static int spawn(int socket, pid_t *pid, struct err *err)
{
    static char *const ARGUMENTS[] = { "halligan", "jail", NULL };
    static char *const ENVIRONMENT[] = { "ASAN_OPTIONS=detect_leaks=0", NULL };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, socket, JAIL_FD);
    int rc = posix_spawn(pid, "/proc/self/exe", &actions, &attributes, ARGUMENTS, ENVIRONMENT);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (rc == 0)
        return OK;
    *pid = 0;
    return err_set(err, ERR_UNAVAILABLE, "no process can be started: %s", strerror(rc));
}

int jail_spawn(pid_t *pid, int *fd, struct err *err)
{
    int pair[2];
    *pid = 0;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return err_set(err, ERR_UNAVAILABLE, "no socket can be made: %s", strerror(errno));
    int rc = spawn(pair[1], pid, err);
    close(pair[1]);
    if (rc == OK)
        *fd = pair[0];
    else
        close(pair[0]);
    return rc;
}

/* What strategies are made of and may require: the config and the other strategies are not for
 * them. */
static bool is_for_strategies(const char *path)
{
    static const char OURS[] = "strategies/invites/", ALL[] = "strategies/";
    if (strncmp(path, ALL, strlen(ALL)) == 0)
        return strncmp(path, OURS, strlen(OURS)) == 0;
    return strcmp(path, "config.lua") != 0;
}

json_t *jail_first_message(const char *database, const struct snapshot *snapshot, int64_t budget_ms,
                           struct buf *texts)
{
    json_t *files = json_array();
    const struct snapshot_file *file;
    for (int i = 0; (file = snapshot_at(snapshot, i)); i++) {
        /* A path that is not UTF-8 cannot be told, nor required. */
        if (is_for_strategies(file->path) &&
            json_array_append_new(files, json_pack("[sI]", file->path, (json_int_t)file->len)) == 0)
            buf_append(texts, file->text, file->len);
    }
    return json_pack("{ss sI sI sI so}", "database", database, "memory_bytes",
                     (json_int_t)JAIL_PROCESS_BYTES, "state_bytes", (json_int_t)JAIL_STATE_BYTES,
                     "budget_us", (json_int_t)budget_ms * 1000, "files", files);
}
