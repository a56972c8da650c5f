/* test - runs Lua tests inside the engine. */
#include "cli/commands.h"
#include "cli/context.h"
#include "lua/test_runner.h"

static int run_test(const struct invocation *invocation)
{
    struct context_paths paths = { 0 };
    struct test_outcome outcome = { 0 };
    struct err err = { 0 };
    int rc = context_find_paths(invocation, &paths);
    if (rc == CLI_OK) {
        const struct test_options options = {
            .root = paths.root,
            .config_path = paths.config_path,
            .folder = invocation_word(invocation, 0),
            .only = invocation_text(invocation, "only"),
        };
        if (test_runner_run(&options, &outcome, &err) != OK)
            rc = cli_fail("%s", err.msg);
    }
    if (rc == CLI_OK && outcome.failed > 0)
        rc = CLI_FAILED;
    context_paths_fini(&paths);
    return rc;
}

static const struct option_spec OPTIONS[] = {
    { "only", OPTION_TEXT, "TEXT", "only tests whose file or name has TEXT in it", false },
    { 0 },
};

const struct command TEST_COMMANDS[] = {
    { .name = "test",
      .words = "FOLDER",
      .about = "Runs the Lua tests of a folder inside the engine",
      .options = OPTIONS,
      .least_words = 1,
      .most_words = 1,
      .run = run_test,
      .help = "Each file NAME_test.lua gets a database of its own and the scripts of the root; a\n"
              "config.lua in the folder is used instead of the usual one. Nothing leaves the "
              "machine\nunless a test asks for it.\n\n"
              "  halligan test tests/lua --only time\n" },
    { 0 },
};
