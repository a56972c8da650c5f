#include "cli/help.h"

#include "base/mem.h"
#include "cli/commands.h"

#include <string.h>

enum { NAME_WIDTH = 19, OPTION_WIDTH = 24 };

const struct option_spec HELP_COMMON_OPTIONS[] = {
    { "config", OPTION_TEXT, "FILE", "the config (./config.lua, else the installed one)", false },
    { "root", OPTION_TEXT, "FOLDER", "holds scripts/ and strategies/ (the config's folder)",
      false },
    { "help", OPTION_FLAG, NULL, "this text", false },
    { 0 },
};

static void print_option(const struct option_spec *spec, FILE *out)
{
    AUTO_FREE char *name =
        spec->value ? xasprintf("--%s %s", spec->name, spec->value) : xasprintf("--%s", spec->name);
    fprintf(out, "  %-*s %s%s\n", OPTION_WIDTH, name, spec->about,
            spec->is_required ? " (required)" : "");
}

void help_print_command(const struct command *command, FILE *out)
{
    fprintf(out, "Usage: halligan %s%s%s [OPTIONS]\n\n%s.\n", command->name,
            command->words ? " " : "", command->words ? command->words : "", command->about);
    if (command->help)
        fprintf(out, "\n%s", command->help);
    fputs("\nOptions:\n", out);
    for (const struct option_spec *spec = command->options; spec && spec->name; spec++)
        print_option(spec, out);
    for (const struct option_spec *spec = HELP_COMMON_OPTIONS; spec->name; spec++)
        print_option(spec, out);
}

static bool is_in_group(const char *name, const char *group)
{
    size_t len = strlen(group);
    return strncmp(name, group, len) == 0 && name[len] == ' ';
}

static void print_line(const struct command *command, FILE *out)
{
    fprintf(out, "  %-*s %s\n", NAME_WIDTH, command->name, command->about);
}

bool help_print_group(const char *group, FILE *out)
{
    bool found = false;
    const struct command *command;
    for (int i = 0; (command = command_at(i)) != NULL; i++) {
        if (!is_in_group(command->name, group))
            continue;
        if (!out)
            return true;
        if (!found)
            fprintf(out, "Usage: halligan %s COMMAND\n\n", group);
        found = true;
        print_line(command, out);
    }
    if (found)
        fprintf(out, "\nMore about one: halligan help %s COMMAND\n", group);
    return found;
}

static void print_all(void)
{
    puts("Halligan: incident management on your own machine.\n\n"
         "Usage: halligan COMMAND [OPTIONS]");
    const struct command *command;
    for (int i = 0; (command = command_at(i)) != NULL; i++) {
        const char *section = command_section(command);
        if (section)
            printf("\n%s:\n", section);
        print_line(command, stdout);
    }
    puts("\nFirst steps:\n"
         "  halligan check                 is everything all right with config and scripts?\n"
         "  halligan serve                 start; then open the page it names\n"
         "  halligan key create NAME       a key for the REST API\n"
         "\nMore about one command: halligan help COMMAND");
}

static int run_help(const struct invocation *invocation)
{
    const char *first = invocation_word(invocation, 0), *second = invocation_word(invocation, 1);
    if (!first) {
        print_all();
        return CLI_OK;
    }
    AUTO_FREE char *name = second ? xasprintf("%s %s", first, second) : xstrdup(first);
    const struct command *command = command_find(name);
    if (command) {
        help_print_command(command, stdout);
        return CLI_OK;
    }
    if (help_print_group(name, stdout))
        return CLI_OK;
    return command_fail_unknown(first, second);
}

static int run_version(const struct invocation *invocation)
{
    (void)invocation;
    puts("halligan " HALLIGAN_VERSION);
    return CLI_OK;
}

const struct command HELP_COMMANDS[] = {
    { .name = "help",
      .words = "[COMMAND]",
      .about = "Explains the commands, with examples",
      .most_words = 2,
      .run = run_help },
    { .name = "version", .about = "Prints the version", .run = run_version },
    { 0 },
};
