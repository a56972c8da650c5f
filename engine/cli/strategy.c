/* strategy - tries an invite strategy: whom would it invite, and why? Nobody is invited. */
#include "base/log.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/output.h"
#include "lua/jail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As given from here, or from the root; caller frees. */
static char *find_file(const struct context *context, const char *path)
{
    if (access(path, R_OK) == 0)
        return xstrdup(path);
    char *below_root = xasprintf("%s/%s", context->root, path);
    if (access(below_root, R_OK) == 0)
        return below_root;
    free(below_root);
    return xstrdup(path);
}

static void put_person(struct context *context, struct table *table, const json_t *row)
{
    AUTO_BUF struct buf reason = BUF_INIT;
    json_t *person = NULL;
    int64_t line = output_int_of(row, "source_line");
    if (context_call(context, "person.get",
                     json_pack("{sO}", "id", json_object_get(row, "person_id")), &person) != CLI_OK)
        return;
    output_clean(&reason, output_text_of(row, "reason"), false);
    table_put(table, output_text_of(person, "name"));
    table_put(table, output_text_of(person, "email"));
    if (line > 0)
        table_putf(table, "%lld", (long long)line);
    else
        table_put(table, NULL);
    table_put(table, buf_text(&reason));
    json_decref(person);
}

static void print_people(struct context *context, const json_t *people)
{
    static const char *const HEADERS[] = { "PERSON", "E-MAIL", "LINE", "REASON", NULL };
    struct table *table = table_new(HEADERS);
    size_t index;
    json_t *row;
    json_array_foreach (people, index, row)
        put_person(context, table, row);
    table_print(table, "Nobody.");
    table_free(table);
}

/* Most errors name the file, with their line; a long path is cut at its front. */
static int fail_strategy(const char *path, const char *error)
{
    const char *slash = strrchr(path, '/');
    bool is_named = strstr(error, slash ? slash + 1 : path);
    return is_named ? cli_fail("%s", error) : cli_fail("%s: %s", path, error);
}

static int print_answer(struct context *context, const char *path, const json_t *answer)
{
    const json_t *run = json_array_get(json_object_get(answer, "runs"), 0);
    const char *state = output_text_of(run, "state");
    size_t index;
    json_t *note;
    json_array_foreach (json_object_get(answer, "notes"), index, note)
        fprintf(stderr, "note: %s\n", output_text_of(note, "text"));
    if (strcmp(state, "failed") == 0)
        return fail_strategy(path, output_text_of(run, "error"));
    if (strcmp(state, "not_applicable") == 0) {
        printf("%s is not for this incident: it does not apply, or the incident is private and the "
               "strategy is not.\n",
               path);
        return CLI_OK;
    }
    printf("%s would invite %lld people (found in %lld ms):\n\n", path,
           (long long)output_int_of(run, "people"), (long long)output_int_of(run, "duration_ms"));
    print_people(context, json_object_get(answer, "people"));
    return CLI_OK;
}

static int ask(struct context *context, const char *path, bool as_json, const json_t *incident)
{
    AUTO_FREE char *file = find_file(context, path);
    const json_t *invites = json_object_get(context->config, "invites");
    const struct jail_once what = {
        .root = context->root,
        .database = context->database,
        .strategy_path = file,
        .deadline_ms = json_integer_value(json_object_get(invites, "deadline")),
    };
    struct err err = { 0 };
    json_t *answer = NULL;
    log_configure(LOG_ERROR_LEVEL, false); /* what is wrong is in the answer */
    if (jail_run_once(&what, incident, &answer, &err) != OK)
        return cli_fail("%s", err.msg);
    int rc = CLI_OK;
    if (as_json)
        output_json(answer);
    else
        rc = print_answer(context, path, answer);
    json_decref(answer);
    return rc;
}

static int run_strategy(const struct invocation *invocation)
{
    struct context context = { 0 };
    json_t *incident = NULL;
    int rc = context_init(&context, invocation);
    json_t *args = json_pack("{s:I}", "id", (json_int_t)invocation_int(invocation, "incident", 0));
    if (rc == CLI_OK)
        rc = context_call(&context, "incident.get", args, &incident);
    else
        json_decref(args);
    if (rc == CLI_OK)
        rc = ask(&context, invocation_word(invocation, 0), invocation_flag(invocation, "json"),
                 incident);
    json_decref(incident);
    context_fini(&context);
    return rc;
}

static const struct option_spec OPTIONS[] = {
    { .name = "incident",
      .kind = OPTION_INT,
      .value = "ID",
      .about = "about which incident",
      .is_required = true },
    { .name = "json", .kind = OPTION_FLAG, .about = "for programs" },
    { 0 },
};

const struct command STRATEGY_COMMANDS[] = {
    { .name = "strategy run",
      .words = "FILE",
      .about = "Says whom an invite strategy would invite, and why",
      .least_words = 1,
      .most_words = 1,
      .options = OPTIONS,
      .run = run_strategy,
      .help =
          "Nobody is invited and nothing is sent. The file runs in the jail, as in the engine.\n\n"
          "  halligan strategy run strategies/invites/payments.lua --incident 42\n" },
    { 0 },
};
