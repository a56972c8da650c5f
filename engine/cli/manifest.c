/* manifest - the text that a vendor's app page wants to be pasted, made by the integration's
 * script. */
#include "cli/commands.h"
#include "cli/context.h"
#include "core/engine.h"
#include "loop/loop.h"
#include "lua/generation.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static int print_manifest(struct engine *engine, const struct invocation *invocation)
{
    struct err err = { 0 };
    AUTO_BUF struct buf out = BUF_INIT;
    const struct generations_options options = { .root = engine->root,
                                                 .config_path = engine->config_path };
    const char *name = invocation_word(invocation, 0);
    engine->generations = generations_new(engine, &options, &err);
    if (!engine->generations || generations_load_offline(engine->generations, &err) != OK)
        return cli_fail("%s", err.msg);
    json_t *values =
        json_pack("{s:s? s:b}", "public_url", invocation_text(invocation, "public-url"), "socket",
                  invocation_flag(invocation, "socket"));
    int rc = generations_call_manifest(engine->generations, name ? name : "", values, &out, &err);
    json_decref(values);
    if (rc != OK)
        return cli_fail("%s", err.msg);
    printf("%s\n", buf_text(&out));
    return CLI_OK;
}

static int run_manifest(const struct invocation *invocation)
{
    struct context_paths paths = { 0 };
    struct engine engine = { 0 };
    struct err err = { 0 };
    const char *url = invocation_text(invocation, "public-url");
    if (!url == !invocation_flag(invocation, "socket"))
        return cli_usage(invocation, "give either --public-url or --socket");
    if (url && strncasecmp(url, "https://", 8) != 0 && strncasecmp(url, "http://", 7) != 0)
        return cli_usage(invocation, "--public-url must begin with https://");
    int rc = context_find_paths(invocation, &paths);
    engine.root = paths.root;
    engine.config_path = paths.config_path;
    engine.loop = loop_new(&err);
    if (rc == CLI_OK)
        rc = engine.loop ? print_manifest(&engine, invocation) : cli_fail("%s", err.msg);
    generations_free(engine.generations);
    loop_free(engine.loop);
    context_paths_fini(&paths);
    return rc;
}

static const struct option_spec OPTIONS[] = {
    { "public-url", OPTION_TEXT, "URL", "where the vendor reaches this engine", false },
    { "socket", OPTION_FLAG, NULL, "nowhere: the engine opens the connections itself", false },
    { 0 },
};

const struct command MANIFEST_COMMANDS[] = {
    { .name = "manifest",
      .words = "[NAME]",
      .about = "Prints the app manifest for an integration's vendor",
      .options = OPTIONS,
      .most_words = 1,
      .run = run_manifest,
      .help = "NAME is a folder of strategies/integrations; only needed when several have a "
              "manifest.\n\n"
              "  halligan manifest --public-url https://incidents.example.com\n"
              "  halligan manifest --socket\n" },
    { 0 },
};
