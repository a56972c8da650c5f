/* key - keys of the REST API. */
#include "base/tz.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/output.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DAY_MS (24LL * 3600 * 1000)

static int run_create(const struct invocation *invocation)
{
    struct context context = { 0 };
    json_t *answer = NULL;
    int64_t days = invocation_int(invocation, "days", 0);
    const char *scopes = invocation_text(invocation, "scopes");
    const char *email = invocation_text(invocation, "person");
    if (days < 0)
        return cli_usage(invocation, "--days must be positive");
    int rc = context_init(&context, invocation);
    if (rc == CLI_OK)
        rc = context_open_db(&context, true);
    if (rc == CLI_OK) {
        json_t *args = json_pack("{s:s, s:s}", "name", invocation_word(invocation, 0), "scopes",
                                 scopes ? scopes : "read");
        if (days)
            json_object_set_new(args, "expires_in_ms", json_integer(days * DAY_MS));
        json_t *person = email ? context_person_id(&context, email) : NULL;
        if (person)
            json_object_set_new(args, "person_id", person);
        rc = email && !person ? CLI_FAILED
                              : context_call(&context, "key.create", json_incref(args), &answer);
        json_decref(args);
    }
    if (rc == CLI_OK && invocation_flag(invocation, "json"))
        output_json(answer);
    else if (rc == CLI_OK)
        printf("%s\n", output_text_of(answer, "key"));
    if (rc == CLI_OK && !invocation_flag(invocation, "json"))
        fputs("Keep it: it is not shown again. Use: Authorization: Bearer KEY\n", stderr);
    json_decref(answer);
    context_fini(&context);
    return rc;
}

static void print_keys(const struct context *context, const json_t *keys)
{
    static const char *const HEADERS[] = { "ID",      "KEY",     "SCOPES", "CREATED", "LAST USED",
                                           "EXPIRES", "REVOKED", "PERSON", "NAME",    NULL };
    struct table *table = table_new(HEADERS);
    size_t index;
    json_t *key;
    json_array_foreach (keys, index, key) {
        table_putf(table, "%" PRId64, output_int_of(key, "id"));
        table_putf(table, "%s...", output_text_of(key, "prefix"));
        table_put(table, output_text_of(key, "scopes"));
        table_put_time(table, context->tz, output_int_of(key, "created_at_ms"));
        table_put_time(table, context->tz, output_int_of(key, "last_used_at_ms"));
        table_put_time(table, context->tz, output_int_of(key, "expires_at_ms"));
        table_put_time(table, context->tz, output_int_of(key, "revoked_at_ms"));
        table_put(table, output_text_of(key, "person_email"));
        table_put(table, output_text_of(key, "name"));
    }
    table_print(table, "No keys. Make one: halligan key create NAME");
    table_free(table);
}

static int run_list(const struct invocation *invocation)
{
    return context_ask(invocation, "key.list", NULL, print_keys);
}

static void print_revoked(const struct context *context, const json_t *answer)
{
    (void)context;
    (void)answer;
    puts("The key is revoked.");
}

static int run_revoke(const struct invocation *invocation)
{
    return context_ask_id(invocation, "key.revoke", print_revoked);
}

static const struct option_spec CREATE_OPTIONS[] = {
    { "scopes", OPTION_TEXT, "LIST", "of read (the default), write, admin, private: \"read write\"",
      false },
    { "person", OPTION_TEXT, "EMAIL", "who acts and sees with it, until they leave (nobody)",
      false },
    { "days", OPTION_INT, "N", "how long it is valid (for ever)", false },
    { "json", OPTION_FLAG, NULL, "for machines", false },
    { 0 },
};

const struct command KEY_COMMANDS[] = {
    { .name = "key create",
      .words = "NAME",
      .about = "Makes a key for the REST API and prints it once",
      .options = CREATE_OPTIONS,
      .least_words = 1,
      .most_words = 1,
      .run = run_create,
      .help = "  halligan key create grafana\n"
              "  halligan key create deploy-bot --scopes \"read write\" --days 365\n"
              "  halligan key create laptop --person ann@example.org --scopes \"read write\"\n" },
    { .name = "key list",
      .about = "Lists the keys, without their secrets",
      .options = OPTIONS_JSON,
      .run = run_list },
    { .name = "key revoke",
      .words = "ID",
      .about = "Ends a key",
      .options = OPTIONS_JSON,
      .least_words = 1,
      .most_words = 1,
      .run = run_revoke },
    { 0 },
};
