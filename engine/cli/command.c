#include "cli/command.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/suggest.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the order of the help; a title begins a section of it. */
static const struct {
    const char *title;
    const struct command *commands;
} TABLES[] = {
    { "The engine", SERVE_COMMANDS },
    { NULL, CHECK_COMMANDS },
    { NULL, RELOAD_COMMANDS },
    { "Incidents", INCIDENT_OPEN_COMMANDS },
    { NULL, INCIDENT_COMMANDS },
    { NULL, INCIDENT_CHANGE_COMMANDS },
    { NULL, INCIDENT_FACTS_COMMANDS },
    { "What the engine does by itself", JOB_COMMANDS },
    { NULL, TASK_COMMANDS },
    { NULL, WEBHOOK_COMMANDS },
    { "Setting up", KEY_COMMANDS },
    { NULL, MANIFEST_COMMANDS },
    { NULL, STRATEGY_COMMANDS },
    { NULL, IMPORT_COMMANDS },
    { "Keeping data safe", BACKUP_COMMANDS },
    { NULL, AUDIT_COMMANDS },
    { NULL, VERIFY_COMMANDS },
    { "Trying out and developing", SANDBOX_COMMANDS },
    { NULL, TEST_COMMANDS },
    { NULL, DOCS_COMMANDS },
    { "Help", HELP_COMMANDS },
};
enum {
    TABLE_COUNT = sizeof(TABLES) / sizeof(TABLES[0]),
    OPTIONS_MAX = 24,
    OPTION_VALUE_BASE = 256, /* getopt's codes; below are characters */
};

const struct option_spec OPTIONS_JSON[] = {
    { "json", OPTION_FLAG, NULL, "for machines", false },
    { 0 },
};

struct invocation {
    const struct command *command;
    int option_count;
    const struct option_spec *options[OPTIONS_MAX];
    const char *values[OPTIONS_MAX]; /* NULL: not given; "" for a flag that is */
    int word_count;
    char **words;
};

/* ---- the table ------------------------------------------------------------------------------- */

const struct command *command_at(int index)
{
    for (int i = 0; i < TABLE_COUNT; i++)
        for (const struct command *command = TABLES[i].commands; command->name; command++)
            if (index-- == 0)
                return command;
    return NULL;
}

const char *command_section(const struct command *command)
{
    for (int i = 0; i < TABLE_COUNT; i++)
        if (TABLES[i].commands == command)
            return TABLES[i].title;
    return NULL;
}

const struct command *command_find(const char *name)
{
    const struct command *command;
    for (int i = 0; (command = command_at(i)) != NULL; i++)
        if (strcmp(command->name, name) == 0)
            return command;
    return NULL;
}

/* Commands by their whole name, and the first words of those that have two ("incident"). */
static void suggest_command(struct suggestion *suggestion, const char *wanted)
{
    const struct command *command;
    suggest_begin(suggestion, wanted);
    for (int i = 0; (command = command_at(i)) != NULL; i++) {
        AUTO_FREE char *group = xstrndup(command->name, strcspn(command->name, " "));
        suggest_consider(suggestion, command->name);
        suggest_consider(suggestion, group);
    }
}

static void suggest_option(struct suggestion *suggestion, const struct invocation *invocation,
                           const char *wanted)
{
    suggest_begin(suggestion, wanted);
    for (int i = 0; i < invocation->option_count; i++)
        suggest_consider(suggestion, invocation->options[i]->name);
}

/* ---- messages -------------------------------------------------------------------------------- */

int cli_fail(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fputs("halligan: ", stderr);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
    return CLI_FAILED;
}

int cli_usage(const struct invocation *invocation, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fputs("halligan: ", stderr);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fprintf(stderr, "\nSee: halligan help %s\n", invocation->command->name);
    return CLI_USAGE;
}

/* ---- options --------------------------------------------------------------------------------- */

static void collect_options(struct invocation *invocation)
{
    const struct option_spec *lists[] = { invocation->command->options, HELP_COMMON_OPTIONS };
    for (int i = 0; i < 2; i++) {
        for (const struct option_spec *spec = lists[i]; spec && spec->name; spec++) {
            REQUIRE(invocation->option_count < OPTIONS_MAX);
            invocation->options[invocation->option_count++] = spec;
        }
    }
}

static bool is_number(const char *text)
{
    char *end;
    errno = 0;
    (void)strtoll(text, &end, 10);
    return *text && !*end && errno == 0;
}

/* Names of files are bytes; all else becomes JSON, and would be lost there. */
static bool is_readable(const struct option_spec *spec, const char *value)
{
    bool is_path = spec->value && (!strcmp(spec->value, "FILE") || !strcmp(spec->value, "FOLDER"));
    return !value || is_path || utf8_is_valid(value, strlen(value));
}

static int take_option(struct invocation *invocation, int index, const char *value)
{
    const struct option_spec *spec = invocation->options[index];
    if (!is_readable(spec, value))
        return cli_usage(invocation, "--%s is not written in UTF-8", spec->name);
    if (spec->kind == OPTION_INT && !is_number(value))
        return cli_usage(invocation, "--%s must be a number, not \"%s\"", spec->name, value);
    invocation->values[index] = value ? value : "";
    return CLI_OK;
}

static int fail_option(const struct invocation *invocation, int code, const char *given)
{
    if (code == ':')
        return cli_usage(invocation, "%s needs a value", given);
    const char *name = given + strspn(given, "-");
    struct suggestion near;
    suggest_option(&near, invocation, name);
    if (*near.name)
        return cli_usage(invocation, "there is no option %s; did you mean --%s?", given, near.name);
    return cli_usage(invocation, "there is no option %s", given);
}

/* Reads argv behind the command's name; getopt_long sorts words and options. */
static int read_arguments(struct invocation *invocation, int argc, char **argv)
{
    struct option table[OPTIONS_MAX + 1] = { 0 };
    for (int i = 0; i < invocation->option_count; i++) {
        bool is_flag = invocation->options[i]->kind == OPTION_FLAG;
        table[i] = (struct option){ .name = invocation->options[i]->name,
                                    .has_arg = is_flag ? no_argument : required_argument,
                                    .val = OPTION_VALUE_BASE + i };
    }
    opterr = 0;
    optind = 1;
    int code;
    while ((code = getopt_long(argc, argv, ":h", table, NULL)) != -1) {
        int rc = CLI_OK;
        if (code == 'h')
            code = OPTION_VALUE_BASE + invocation->option_count - 1; /* --help is the last one */
        if (code >= OPTION_VALUE_BASE)
            rc = take_option(invocation, code - OPTION_VALUE_BASE, optarg);
        else
            rc = fail_option(invocation, code, argv[optind - 1]);
        if (rc != CLI_OK)
            return rc;
    }
    invocation->words = argv + optind;
    invocation->word_count = argc - optind;
    return CLI_OK;
}

static int check_required(const struct invocation *invocation)
{
    char missing[256] = "";
    size_t len = 0;
    int count = 0;
    for (int i = 0; i < invocation->option_count; i++) {
        if (!invocation->options[i]->is_required || invocation->values[i] || len >= sizeof(missing))
            continue;
        len += (size_t)snprintf(missing + len, sizeof(missing) - len, "%s--%s", count++ ? ", " : "",
                                invocation->options[i]->name);
    }
    if (count == 0)
        return CLI_OK;
    return cli_usage(invocation, "%s %s missing", missing, count == 1 ? "is" : "are");
}

static int check_words(const struct invocation *invocation)
{
    const struct command *command = invocation->command;
    if (invocation->word_count < command->least_words)
        return cli_usage(invocation, "%s is missing", command->words);
    if (invocation->word_count > command->most_words)
        return cli_usage(invocation, "too many words: \"%s\"",
                         invocation->words[command->most_words]);
    return check_required(invocation);
}

/* ---- running --------------------------------------------------------------------------------- */

static int run_command(const struct command *command, int argc, char **argv)
{
    struct invocation invocation = { .command = command };
    collect_options(&invocation);
    int rc = read_arguments(&invocation, argc, argv);
    if (rc == CLI_OK && invocation_flag(&invocation, "help")) {
        help_print_command(command, stdout);
        return CLI_OK;
    }
    if (rc == CLI_OK)
        rc = check_words(&invocation);
    if (rc == CLI_OK)
        rc = command->run(&invocation);
    if (fflush(stdout) != 0 && rc == CLI_OK)
        return cli_fail("cannot write the output: %s", strerror(errno));
    return rc;
}

/* What was probably meant: both words together when the first is near a group only. */
static void suggest_words(struct suggestion *near, const char *first, const char *second)
{
    suggest_command(near, first);
    if (!second || (*near->name && !help_print_group(near->name, NULL)))
        return;
    struct suggestion both;
    AUTO_FREE char *two = xasprintf("%s %s", first, second);
    suggest_command(&both, two);
    if (strchr(both.name, ' '))
        copy_text(near->name, sizeof(near->name), both.name);
}

int command_fail_unknown(const char *first, const char *second)
{
    struct suggestion near;
    suggest_words(&near, first, second);
    bool is_group = help_print_group(first, NULL);
    if (*first == '-')
        fprintf(stderr,
                "halligan: the command comes first, options follow it: "
                "halligan COMMAND %s ...\n",
                first);
    else if (is_group && (!second || *second == '-'))
        fprintf(stderr, "halligan: \"%s\" needs a second word\n", first);
    else
        fprintf(stderr, "halligan: there is no command \"%s%s%s\"%s%s%s\n", first,
                is_group ? " " : "", is_group ? second : "", *near.name ? "; did you mean \"" : "",
                near.name, *near.name ? "\"?" : "");
    if (!help_print_group(first, stderr) && !help_print_group(near.name, stderr))
        fputs("See: halligan help\n", stderr);
    return CLI_USAGE;
}

static bool asks_for_help(const char *word)
{
    return word && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0);
}

int command_main(int argc, char **argv)
{
    const char *first = argc > 1 ? argv[1] : "help";
    const char *second = argc > 2 ? argv[2] : NULL;
    if (asks_for_help(first))
        first = "help";
    if (strcmp(first, "--version") == 0 || strcmp(first, "-V") == 0)
        first = "version";
    if (second) {
        AUTO_FREE char *two = xasprintf("%s %s", first, second);
        const struct command *command = command_find(two);
        if (command)
            return run_command(command, argc - 2, argv + 2);
    }
    const struct command *command = command_find(first);
    if (!command && asks_for_help(second) && help_print_group(first, stdout))
        return CLI_OK;
    if (!command)
        return command_fail_unknown(first, second);
    if (argc <= 1)
        return run_command(command, argc, argv);
    return run_command(command, argc - 1, argv + 1);
}

/* ---- what commands ask ----------------------------------------------------------------------- */

const char *invocation_word(const struct invocation *invocation, int index)
{
    return index < invocation->word_count ? invocation->words[index] : NULL;
}

int invocation_word_count(const struct invocation *invocation)
{
    return invocation->word_count;
}

int invocation_word_id(const struct invocation *invocation, int index, int64_t *id)
{
    const char *word = invocation_word(invocation, index);
    const char *name = invocation->command->words;
    word += *word == '#'; /* as chat and pages write it */
    name += *name == '['; /* it may be left out */
    if (!is_number(word) || (*id = strtoll(word, NULL, 10)) < 1)
        return cli_usage(invocation, "%.*s must be a number, not \"%s\"", (int)strcspn(name, "]"),
                         name, word);
    return CLI_OK;
}

const char *invocation_text(const struct invocation *invocation, const char *name)
{
    for (int i = 0; i < invocation->option_count; i++)
        if (strcmp(invocation->options[i]->name, name) == 0)
            return invocation->values[i];
    REQUIRE(!"an option of the command");
    return NULL;
}

bool invocation_flag(const struct invocation *invocation, const char *name)
{
    return invocation_text(invocation, name) != NULL;
}

int64_t invocation_int(const struct invocation *invocation, const char *name, int64_t otherwise)
{
    const char *text = invocation_text(invocation, name);
    return text ? strtoll(text, NULL, 10) : otherwise;
}
