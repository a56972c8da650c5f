/* check - is everything all right with config, scripts and strategies? Offline; with --online also
 * what the outside world says of it. */
#include "base/buf.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "lua/generation.h"
#include "lua/online_check.h"

#include <stdio.h>

/* What a look at the files, or at the world, found. */
static int tell(int rc, bool is_ok, const struct buf *report, const struct err *err)
{
    if (rc != OK)
        return cli_fail("%s", err->msg);
    fputs(buf_text(report), is_ok ? stdout : stderr);
    return is_ok ? CLI_OK : CLI_FAILED;
}

static int check_files(const struct context_paths *paths)
{
    AUTO_BUF struct buf report = BUF_INIT;
    struct err err = { 0 };
    bool is_ok = false;
    int rc = generations_check(paths->root, paths->config_path, &report, &is_ok, &err);
    return tell(rc, is_ok, &report, &err);
}

static int check_world(const struct context_paths *paths)
{
    AUTO_BUF struct buf report = BUF_INIT, said = BUF_INIT;
    struct err err = { 0 };
    bool is_ok = false;
    log_configure(LOG_ERROR_LEVEL, false);
    int rc = online_check(paths->root, paths->config_path, &report, &said, &is_ok, &err);
    fputs(buf_text(&said), stdout);
    return tell(rc, is_ok, &report, &err);
}

static int run_check(const struct invocation *invocation)
{
    struct context_paths paths = { 0 };
    bool is_online = invocation_flag(invocation, "online");
    int rc = context_find_paths(invocation, &paths);
    if (rc == CLI_OK)
        rc = check_files(&paths);
    if (rc == CLI_OK && is_online)
        rc = check_world(&paths);
    if (rc == CLI_OK)
        printf("%s and the scripts in %s are all right.\n", paths.config_path, paths.root);
    context_paths_fini(&paths);
    return rc;
}

static const struct option_spec OPTIONS[] = {
    { "online", OPTION_FLAG, NULL, "ask the vendors too: tokens, scopes, channels, groups", false },
    { 0 },
};

const struct command CHECK_COMMANDS[] = {
    { .name = "check",
      .about = "Looks for mistakes in config, scripts and strategies",
      .options = OPTIONS,
      .run = run_check,
      .help = "Names file, line and path of each mistake; the exit code is 1 when there is one.\n"
              "Nothing leaves the machine without --online, and nothing is changed with it.\n\n"
              "  halligan check --config /etc/halligan/config.lua\n"
              "  halligan check --online\n" },
    { 0 },
};
