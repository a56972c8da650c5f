/* backup, restore - a consistent copy of the database, also while the engine runs, and the way back. */
#include "base/clock.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/pidfile.h"
#include "store/db.h"

#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static long long kilobytes(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (long long)st.st_size / 1024 : 0;
}

/* Opens no store: the copy is of the schema that the file has, also when this program would migrate it. */
static int run_backup(const struct invocation *invocation)
{
    struct context context = { 0 };
    const char *path = invocation_word(invocation, 0);
    struct err err = { 0 };
    int rc = context_init(&context, invocation);
    if (rc == CLI_OK)
        rc = context_has_database(&context);
    if (rc == CLI_OK && db_backup(context.database, path, &err) != OK)
        rc = cli_fail("%s", err.msg);
    if (rc == CLI_OK)
        printf("%s: %lld kB\n", path, kilobytes(path));
    context_fini(&context);
    return rc;
}

/* Holds what keeps engines from starting meanwhile. */
static int restore(const struct context *context, const char *path)
{
    struct err err = { 0 };
    char stamp[24];
    time_t now = (time_t)(clock_now_ms() / 1000);
    struct tm utc;
    strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &utc));
    AUTO_FREE char *kept = xasprintf("%s.replaced-%s", context->database, stamp);
    int pid_fd = -1;
    int rc = pidfile_take(context->database, &pid_fd, &err);
    if (rc == OK)
        rc = db_restore(path, context->database, kept, &err);
    pidfile_release(pid_fd);
    if (rc != OK)
        return cli_fail("%s", err.msg);
    printf("%s is %s now: %lld kB\n", context->database, path, kilobytes(context->database));
    if (access(kept, F_OK) == 0)
        printf("What was there is kept as %s.\n", kept);
    return CLI_OK;
}

static int run_restore(const struct invocation *invocation)
{
    struct context context = { 0 };
    int rc = context_init(&context, invocation);
    if (rc == CLI_OK)
        rc = restore(&context, invocation_word(invocation, 0));
    context_fini(&context);
    return rc;
}

const struct command BACKUP_COMMANDS[] = {
    { .name = "backup",
      .words = "FILE",
      .about = "Copies the database, also while the engine runs",
      .least_words = 1,
      .most_words = 1,
      .run = run_backup,
      .help = "FILE must not exist. The way back is `halligan restore FILE`.\n\n"
              "  halligan backup \"halligan-$(date +%F).db\"\n" },
    { .name = "restore",
      .words = "FILE",
      .about = "Puts a backup in the place of the database",
      .least_words = 1,
      .most_words = 1,
      .run = run_restore,
      .help = "No engine may run. FILE is checked and stays; what was there before is kept beside "
              "the\ndatabase. A file that is copied there by hand may be ruined by the log "
              "(halligan.db-wal) of the\none before.\n\n"
              "  halligan restore halligan-2026-11-23.db\n" },
    { 0 },
};
