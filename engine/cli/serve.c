/* serve - runs the engine in the foreground. */
#include "base/clock.h"
#include "base/iso_time.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/service.h"

#include <string.h>

/* For tests, replays and comparisons. */
static int freeze_clock(const struct invocation *invocation, const struct context *context,
                        const char *text)
{
    struct err err = { 0 };
    int64_t ms;
    if (iso_time_parse(text, strlen(text), context->tz, &ms, &err) != OK)
        return cli_usage(invocation, "--clock %s: %s; write it as 2026-11-23T12:00:00Z", text,
                         err.msg);
    clock_set_ms(ms);
    log_warn(LOG_ENGINE, 0,
             "THE CLOCK STANDS STILL at %s (--clock): nothing becomes due, every record has this "
             "time",
             text);
    return CLI_OK;
}

static int run_serve(const struct invocation *invocation)
{
    struct context context = { 0 };
    const char *clock = invocation_text(invocation, "clock");
    int rc = context_init(&context, invocation);
    if (rc == CLI_OK && clock)
        rc = freeze_clock(invocation, &context, clock);
    if (rc == CLI_OK) {
        const struct service_options options = {
            .name = "halligan",
            .root = context.root,
            .config_path = context.config_path,
            .config = context.config,
            .mode = GENERATIONS_NORMAL,
            .database = context.database,
            .has_pidfile = true,
            .is_loopback_only = clock != NULL, /* nobody else is told a wrong time */
        };
        rc = service_run(&options);
    }
    context_fini(&context);
    return rc;
}

static const struct option_spec OPTIONS[] = {
    { .name = "clock",
      .kind = OPTION_TEXT,
      .value = "TIME",
      .about = "wall time stands still at TIME (for tests; loopback only)" },
    { 0 },
};

const struct command SERVE_COMMANDS[] = {
    { .name = "serve",
      .about = "Runs the engine in the foreground",
      .options = OPTIONS,
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
