/* serve - runs the engine in the foreground. */
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/service.h"

static int run_serve(const struct invocation *invocation)
{
    struct context context = { 0 };
    int rc = context_init(&context, invocation);
    if (rc == CLI_OK) {
        const struct service_options options = {
            .name = "halligan",
            .root = context.root,
            .config_path = context.config_path,
            .mode = GENERATIONS_NORMAL,
            .database = context.database,
            .has_pidfile = true,
        };
        rc = service_run(&options);
    }
    context_fini(&context);
    return rc;
}

const struct command SERVE_COMMANDS[] = {
    { .name = "serve",
      .about = "Runs the engine in the foreground",
      .run = run_serve,
      .help =
          "It is ready when /readyz answers 200. Files that are saved are taken over by "
          "themselves.\n\n"
          "  SIGTERM, SIGINT   stop: open requests and running jobs may finish, 10 s at most\n"
          "  SIGHUP            look at config and scripts again (halligan reload)\n"
          "  SIGUSR1           look for due jobs now\n\n"
          "Address and database come from the config; the shipped one reads the environment:\n\n"
          "  LISTEN=127.0.0.1:8080 DATABASE=var/halligan.db halligan serve\n" },
    { 0 },
};
