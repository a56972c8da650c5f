/* reload - makes the running engine look at its files again and says what came of it. */
#include "base/clock.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/output.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { POLL_MS = 10, PATIENCE_MS = 10 * 1000 };

static void pause_ms(long ms)
{
    const struct timespec pause = { .tv_nsec = ms * 1000000 };
    (void)nanosleep(&pause, NULL);
}

/* The outcome of the first reload after <sequence>; NULL: none within the time. */
static json_t *wait_for_outcome(struct context *context, int64_t sequence)
{
    int64_t give_up_at = clock_mono_ms() + PATIENCE_MS;
    while (clock_mono_ms() < give_up_at) {
        json_t *outcome = NULL;
        if (context_call(context, "reload.last", NULL, &outcome) != CLI_OK)
            return NULL;
        if (output_int_of(outcome, "sequence") > sequence)
            return outcome;
        json_decref(outcome);
        pause_ms(POLL_MS);
    }
    cli_fail("the engine did not answer within %d s; its log may say why", PATIENCE_MS / 1000);
    return NULL;
}

static int tell(const json_t *outcome)
{
    if (!json_is_true(json_object_get(outcome, "is_accepted")))
        return cli_fail("refused, what ran goes on:\n%s", output_text_of(outcome, "error"));
    printf("accepted %.12s\n", output_text_of(outcome, "hash"));
    return CLI_OK;
}

static int reload(struct context *context)
{
    pid_t pid = context_engine(context);
    json_t *before = NULL;
    if (pid <= 0)
        return context_fail_no_engine(context);
    if (context_call(context, "reload.last", NULL, &before) != CLI_OK)
        return CLI_FAILED;
    int64_t sequence = output_int_of(before, "sequence");
    json_decref(before);
    if (kill(pid, SIGHUP) != 0)
        return cli_fail("cannot signal the engine (process %d): %s", (int)pid, strerror(errno));
    json_t *outcome = wait_for_outcome(context, sequence);
    if (!outcome)
        return CLI_FAILED;
    int rc = tell(outcome);
    json_decref(outcome);
    return rc;
}

static int run_reload(const struct invocation *invocation)
{
    struct context context = { 0 };
    int rc = context_init(&context, invocation);
    if (rc == CLI_OK)
        rc = reload(&context);
    context_fini(&context);
    return rc;
}

const struct command RELOAD_COMMANDS[] = {
    { .name = "reload",
      .about = "Makes the running engine take over changed files",
      .run = run_reload,
      .help = "All of them or none: with a mistake in any file nothing changes, the mistake is "
              "printed and the\n"
              "exit code is 1. Saved files are also taken over without this command.\n" },
    { 0 },
};
