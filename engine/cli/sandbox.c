/* sandbox - the imitation of the chat vendor, on the same engine, with a database that is thrown
 * away. */
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/service.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void remove_database(const char *folder, const char *database)
{
    static const char *const SUFFIXES[] = { "", "-wal", "-shm", "-journal" };
    for (size_t i = 0; i < sizeof(SUFFIXES) / sizeof(SUFFIXES[0]); i++) {
        AUTO_FREE char *path = xasprintf("%s%s", database, SUFFIXES[i]);
        (void)unlink(path);
    }
    (void)rmdir(folder);
}

static int run_sandbox(const struct invocation *invocation)
{
    const char *base = getenv("TMPDIR");
    const char *listen = invocation_text(invocation, "listen");
    AUTO_FREE char *folder = xasprintf("%s/halligan-sandbox-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(folder))
        return cli_fail("cannot make a folder %s: %s", folder, strerror(errno));
    AUTO_FREE char *database = xasprintf("%s/sandbox.db", folder);
    struct context_paths paths = { 0 };
    int rc = context_find_paths(invocation, &paths);
    if (rc == CLI_OK) {
        const struct service_options options = {
            .name = "halligan sandbox",
            .root = paths.root,
            .mode = GENERATIONS_SANDBOX,
            .database = database,
            .listen = listen ? listen : "127.0.0.1:8090",
        };
        rc = service_run(&options);
    }
    context_paths_fini(&paths);
    remove_database(folder, database);
    return rc;
}

static const struct option_spec OPTIONS[] = {
    { "listen", OPTION_TEXT, "ADDRESS", "address and port (127.0.0.1:8090)", false },
    { 0 },
};

const struct command SANDBOX_COMMANDS[] = {
    { .name = "sandbox",
      .about = "Runs the imitation of the chat vendor, for demos and tests",
      .options = OPTIONS,
      .run = run_sandbox,
      .help = "It forgets everything when it ends. Its page shows the workspace.\n\n"
              "  halligan sandbox --listen 127.0.0.1:8090\n" },
    { 0 },
};
