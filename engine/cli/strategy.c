/* strategy - tries an invite strategy: whom would it invite, and why? Nobody is invited. */
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/output.h"
#include "lua/jail.h"
#include "lua/snapshot.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEADLINE_MS = 2000 };

/* The file's text, of a path from here or from the root; NULL when it cannot be read. Caller frees. */
static char *read_file(const char *root, const char *path)
{
    char below_root[PATH_MAX];
    snprintf(below_root, sizeof(below_root), "%s/%s", root, path);
    FILE *file = fopen(path, "r");
    if (!file)
        file = fopen(below_root, "r");
    char *text = file ? calloc(1, SNAPSHOT_FILE_MAX + 1) : NULL;
    if (text && fread(text, 1, SNAPSHOT_FILE_MAX, file) == 0) {
        free(text);
        text = NULL;
    }
    if (file)
        fclose(file);
    return text;
}

/* The scripts of the root, with this file as one of its invite strategies, wherever it lies. */
static struct snapshot *snapshot_with(const struct context *context, const char *path, const char *as, struct err *err)
{
    char *text = read_file(context->root, path);
    struct snapshot *before = text ? snapshot_read(context->root, NULL, err) : NULL;
    json_t *files = before ? snapshot_to_json(before, err) : NULL;
    struct snapshot *snapshot = NULL;
    if (!text)
        err_set(err, ERR_IO, "%s: cannot be read", path);
    if (files && json_object_set_new(files, as, json_string(text)) == 0)
        snapshot = snapshot_from_json(files, err);
    json_decref(files);
    snapshot_unref(before);
    free(text);
    return snapshot;
}

static void print_person(struct context *context, const json_t *person)
{
    json_t *found = NULL;
    json_t *id = json_pack("{s:O}", "id", json_object_get(person, "person_id"));
    if (context_call(context, "person.get", id, &found) != CLI_OK)
        return;
    const char *name = json_string_value(json_object_get(found, "name"));
    printf("  %-28s %s (line %lld)\n", name ? name : "?", json_string_value(json_object_get(person, "reason")),
           (long long)json_integer_value(json_object_get(person, "source_line")));
    json_decref(found);
}

static int print_answer(struct context *context, const char *path, const json_t *answer)
{
    const json_t *run = json_array_get(json_object_get(answer, "runs"), 0);
    const json_t *people = json_object_get(answer, "people");
    const char *state = json_string_value(json_object_get(run, "state"));
    const char *problem = json_string_value(json_object_get(run, "error"));
    size_t i;
    json_t *person;
    if (!state || strcmp(state, "failed") == 0)
        return cli_fail("%s: %s", path, problem ? problem : "no answer");
    if (strcmp(state, "not_applicable") == 0)
        printf("%s does not apply to this incident.\n", path);
    else
        printf("%s would invite %zu people, in %lld ms:\n", path, json_array_size(people),
               (long long)json_integer_value(json_object_get(run, "duration_ms")));
    json_array_foreach (people, i, person)
        print_person(context, person);
    return CLI_OK;
}

/* Asks the jail about one incident. */
static int ask(struct context *context, const char *path, bool as_json, const json_t *incident)
{
    char as[300], *copy = strdup(path), *base = basename(copy);
    struct err err = { 0 };
    snprintf(as, sizeof(as), "strategies/invites/%s", base);
    json_t *strategies = json_pack("[{s:s, s:s, s:b}]", "strategy", base, "path", as, "is_private", 1);
    struct snapshot *snapshot = snapshot_with(context, path, as, &err);
    const struct jail_options options = { .database = context->database };
    struct jail *jail = snapshot ? jail_new(&options, &err) : NULL;
    const struct jail_request request = { incident, strategies, snapshot, DEADLINE_MS };
    json_t *answer = jail ? jail_collect_now(jail, &request, &err) : NULL;
    int rc = CLI_OK;
    if (!answer)
        rc = cli_fail("%s", err.msg);
    else if (as_json)
        output_json(answer);
    else
        rc = print_answer(context, path, answer);
    json_decref(answer);
    jail_free(jail);
    snapshot_unref(snapshot);
    json_decref(strategies);
    free(copy);
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
        rc = ask(&context, invocation_word(invocation, 0), invocation_flag(invocation, "json"), incident);
    json_decref(incident);
    context_fini(&context);
    return rc;
}

static const struct option_spec OPTIONS[] = {
    { .name = "incident", .kind = OPTION_INT, .value = "ID", .about = "about which incident", .is_required = true },
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
      .help = "Nobody is invited and nothing is sent. The file runs in the jail, as in the engine.\n\n"
              "  halligan strategy run strategies/invites/payments.lua --incident 42\n" },
    { 0 },
};
