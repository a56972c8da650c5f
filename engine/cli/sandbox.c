/* sandbox - the imitation of the chat vendor, on the same engine, with a database that is thrown
 * away. */
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/service.h"
#include "store/scratch.h"

#include <stddef.h>

static int run_sandbox(const struct invocation *invocation)
{
    const char *listen = invocation_text(invocation, "listen");
    struct scratch scratch;
    struct err err;
    if (scratch_init(&scratch, "sandbox", &err) != OK)
        return cli_fail("%s", err.msg);
    struct context_paths paths = { 0 };
    int rc = context_find_paths(invocation, &paths);
    if (rc == CLI_OK) {
        const struct service_options options = {
            .name = "halligan sandbox",
            .root = paths.root,
            .mode = GENERATIONS_SANDBOX,
            .database = scratch.path,
            .listen = listen ? listen : "127.0.0.1:8090",
        };
        rc = service_run(&options);
    }
    context_paths_fini(&paths);
    scratch_fini(&scratch);
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
      .help = "It forgets everything when it ends. Its page shows the workspace. Files that are "
              "saved meanwhile "
              "do\nnot change it.\n\n"
              "  halligan sandbox --listen 127.0.0.1:8090\n" },
    { 0 },
};
