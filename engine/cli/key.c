/* key - keys of the REST API. */
#include "base/tz.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/output.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DAY_MS (24LL * 3600 * 1000)

/* The first line of <path>; "-" is standard input. */
static int read_secret(const char *path, json_t *args)
{
    char line[256] = "";
    bool is_input = strcmp(path, "-") == 0;
    FILE *file = is_input ? stdin : fopen(path, "r");
    if (!file || !fgets(line, sizeof(line), file))
        line[0] = '\0';
    if (file && !is_input)
        fclose(file);
    line[strcspn(line, "\r\n")] = '\0';
    if (!*line)
        return cli_fail("%s: there is no key in its first line", path);
    json_object_set_new(args, "key", json_string(line));
    return CLI_OK;
}

static int create(const struct invocation *invocation, struct context *context, json_t *args,
                  json_t **answer)
{
    int64_t days = invocation_int(invocation, "days", 0);
    const char *scopes = invocation_text(invocation, "scopes");
    const char *email = invocation_text(invocation, "person");
    const char *path = invocation_text(invocation, "secret-file");
    json_object_set_new(args, "name", json_string(invocation_word(invocation, 0)));
    if (scopes)
        json_object_set_new(args, "scopes", json_string(scopes));
    if (days)
        json_object_set_new(args, "expires_in_ms", json_integer(days * DAY_MS));
    json_t *person = email ? context_person_id(context, email) : NULL;
    if (email && !person)
        return CLI_FAILED;
    if (person)
        json_object_set_new(args, "person_id", person);
    int rc = path ? read_secret(path, args) : CLI_OK;
    return rc == CLI_OK ? context_call(context, "key.create", json_incref(args), answer) : rc;
}

static int run_create(const struct invocation *invocation)
{
    struct context context = { 0 };
    json_t *args = json_object(), *answer = NULL;
    if (invocation_int(invocation, "days", 0) < 0) {
        json_decref(args);
        return cli_usage(invocation, "--days must be positive");
    }
    int rc = context_init(&context, invocation);
    if (rc == CLI_OK)
        rc = context_open_db(&context, true);
    if (rc == CLI_OK)
        rc = create(invocation, &context, args, &answer);
    if (rc == CLI_OK && invocation_flag(invocation, "json"))
        output_json(answer);
    else if (rc == CLI_OK)
        printf("%s\n", output_text_of(answer, "key"));
    if (rc == CLI_OK && !invocation_flag(invocation, "json"))
        fputs("Keep it: it is not shown again. Use: Authorization: Bearer KEY\n", stderr);
    json_decref(answer);
    json_decref(args);
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
    { "secret-file", OPTION_TEXT, "FILE",
      "takes over the key in FILE (- reads it), such as one of FireFighter", false },
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
              "  halligan key create laptop --person ann@example.org --scopes \"read write\"\n"
              "  halligan key create dashboard --secret-file old-token.txt\n" },
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
