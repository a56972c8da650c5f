/* import - takes over what another incident tool holds. */
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/output.h"
#include "lua/import_run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int read_all(FILE *file, struct buf *text)
{
    char block[1 << 16];
    size_t got;
    while ((got = fread(block, 1, sizeof(block), file)) > 0)
        buf_append(text, block, got);
    return ferror(file) ? cli_fail("the file cannot be read: %s", strerror(errno)) : CLI_OK;
}

static const char *name_of(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

/* "-" is standard input. */
static int read_file(const char *path, struct buf *text)
{
    static const char GZIP[] = "\x1f\x8b";
    bool is_input = strcmp(path, "-") == 0;
    FILE *file = is_input ? stdin : fopen(path, "r");
    if (!file)
        return cli_fail("%s: %s", path, strerror(errno));
    int rc = read_all(file, text);
    if (!is_input)
        fclose(file);
    if (rc == CLI_OK && text->len > 2 && memcmp(text->data, GZIP, 2) == 0)
        return cli_fail("%s is compressed: zcat FILE | halligan import firefighter -",
                        name_of(path));
    return rc;
}

/* "its page is not in the file; ..." */
static void put_reasons(struct table *table, const json_t *left_out)
{
    AUTO_BUF struct buf reasons = BUF_INIT;
    const char *why;
    json_t *number;
    json_object_foreach ((json_t *)left_out, why, number)
        buf_printf(&reasons, "%s%s", reasons.len ? "; " : "", why);
    table_put(table, buf_text(&reasons));
}

static int64_t sum_of(const json_t *counts)
{
    int64_t sum = 0;
    const char *key;
    json_t *number;
    json_object_foreach ((json_t *)counts, key, number)
        sum += json_integer_value(number);
    return sum;
}

static void print_models(const json_t *models)
{
    static const char *const HEADERS[] = { "RECORDS", "READ", "MAPPED", "LEFT OUT", "WHY", NULL };
    struct table *table = table_new(HEADERS);
    const char *name;
    json_t *model;
    json_object_foreach ((json_t *)models, name, model) {
        const json_t *left_out = json_object_get(model, "left_out");
        table_put(table, name);
        table_putf(table, "%lld", (long long)output_int_of(model, "read"));
        table_putf(table, "%lld", (long long)output_int_of(model, "mapped"));
        table_putf(table, "%lld", (long long)sum_of(left_out));
        put_reasons(table, left_out);
    }
    table_print(table, "The file holds no records.");
    table_free(table);
}

static void print_report(const json_t *report)
{
    const json_t *rows = json_object_get(report, "rows");
    const json_t *config = json_object_get(report, "config");
    size_t index;
    json_t *line;
    print_models(json_object_get(report, "models"));
    printf("\nRows: %lld created, %lld updated, %lld unchanged\n",
           (long long)output_int_of(rows, "created"), (long long)output_int_of(rows, "updated"),
           (long long)output_int_of(rows, "unchanged"));
    if (json_array_size(config))
        printf("\nTo write into config.lua:\n");
    json_array_foreach ((json_t *)config, index, line)
        printf("  %s\n", json_string_value(line));
}

/* What is wrong with which record. */
static void print_problems(const json_t *report, const char *name)
{
    size_t index;
    json_t *problem;
    json_array_foreach (json_object_get(report, "problems"), index, problem)
        fprintf(stderr, "%s: %s\n", name, json_string_value(problem));
}

static int import_text(struct context *context, const struct buf *text,
                       const struct invocation *invocation)
{
    const struct import_source source = {
        .root = context->root,
        .script = "firefighter",
        .text = buf_text(text),
        .len = text->len,
        .ticket_url = invocation_text(invocation, "ticket-url"),
    };
    const char *name = name_of(invocation_word(invocation, 0));
    bool as_json = invocation_flag(invocation, "json");
    struct err err = { 0 };
    json_t *report = NULL;
    int rc = import_run(context->db, &source, &report, &err);
    if (as_json)
        output_json(report);
    else if (rc == OK)
        print_report(report);
    else
        print_problems(report, name);
    json_decref(report);
    if (rc != OK)
        return cli_fail("%s: %s", name, err.msg);
    if (context_engine(context))
        context_wake_engine(context);
    return CLI_OK;
}

static int run_import(const struct invocation *invocation)
{
    struct context context = { 0 };
    AUTO_BUF struct buf text = BUF_INIT;
    int rc = context_init(&context, invocation);
    if (rc == CLI_OK)
        rc = context_open_db(&context, true);
    if (rc == CLI_OK)
        rc = read_file(invocation_word(invocation, 0), &text);
    if (rc == CLI_OK)
        rc = import_text(&context, &text, invocation);
    context_fini(&context);
    return rc;
}

static const struct option_spec OPTIONS[] = {
    { .name = "ticket-url",
      .kind = OPTION_TEXT,
      .value = "URL",
      .about = "what stands before a ticket's key in its address" },
    { .name = "json", .kind = OPTION_FLAG, .about = "the report for machines" },
    { 0 },
};

const struct command IMPORT_COMMANDS[] = {
    { .name = "import firefighter",
      .words = "FILE",
      .about = "Takes over what FireFighter holds",
      .least_words = 1,
      .most_words = 1,
      .options = OPTIONS,
      .run = run_import,
      .help = "FILE is what FireFighter's `manage.py dumpdata` wrote; - is standard input. "
              "Incident numbers, ids and times "
              "stay as they were. Nobody is told or invited. All of it is imported, or nothing: "
              "then each record that is wrong is named with its field. Run again, it changes "
              "nothing; it ends with what was read, mapped and left out, and why. While rows are "
              "written, a running engine cannot write: stop it for a file of many megabytes.\n\n"
              "  manage.py dumpdata > firefighter.json\n"
              "  halligan import firefighter firefighter.json --ticket-url "
              "https://tickets.example.com/browse/\n\n"
              "Categories, priorities and groups that config.lua does not declare are kept for old "
              "incidents and not "
              "offered for new ones.\n" },
    { 0 },
};
