/* backup - a consistent copy of the database, also while the engine runs. */
#include "cli/commands.h"
#include "cli/context.h"
#include "store/db.h"

#include <stdio.h>
#include <sys/stat.h>

static int run_backup(const struct invocation *invocation)
{
    struct context context = { 0 };
    const char *path = invocation_word(invocation, 0);
    struct err err = { 0 };
    struct stat st;
    int rc = context_init(&context, invocation);
    if (rc == CLI_OK)
        rc = context_open_db(&context, false);
    if (rc == CLI_OK && db_backup(context.db, path, &err) != OK)
        rc = cli_fail("%s", err.msg);
    if (rc == CLI_OK)
        printf("%s: %lld kB\n", path, stat(path, &st) == 0 ? (long long)st.st_size / 1024 : 0);
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
      .help = "FILE must not exist. To restore, stop the engine and put the copy in the database's "
              "place.\n\n"
              "  halligan backup \"halligan-$(date +%F).db\"\n" },
    { 0 },
};
