/* check - is everything all right with config, scripts and strategies? Offline. */
#include "base/buf.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "lua/generation.h"

#include <stdio.h>

static int run_check(const struct invocation *invocation)
{
    struct context_paths paths = { 0 };
    AUTO_BUF struct buf report = BUF_INIT;
    struct err err = { 0 };
    bool is_ok = false;
    int rc = context_find_paths(invocation, &paths);
    if (rc == CLI_OK &&
        generations_check(paths.root, paths.config_path, &report, &is_ok, &err) != OK)
        rc = cli_fail("%s", err.msg);
    else if (rc == CLI_OK)
        fputs(buf_text(&report), is_ok ? stdout : stderr);
    if (rc == CLI_OK && !is_ok)
        rc = CLI_FAILED;
    if (rc == CLI_OK)
        printf("%s and the scripts in %s are all right.\n", paths.config_path, paths.root);
    context_paths_fini(&paths);
    return rc;
}

const struct command CHECK_COMMANDS[] = {
    { .name = "check",
      .about = "Looks for mistakes in config, scripts and strategies, offline",
      .run = run_check,
      .help = "Names file, line and path of each mistake; the exit code is 1 when there is one.\n\n"
              "  halligan check --config /etc/halligan/config.lua\n" },
    { 0 },
};
