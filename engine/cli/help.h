/* help - texts about commands, made from their table. */
#pragma once
#include <stdbool.h>
#include <stdio.h>

#include "cli/command.h"

extern const struct option_spec
    HELP_COMMON_OPTIONS[]; /* of every command; --help is the last one */

/* Usage, explanation, options and examples of one command. */
void help_print_command(const struct command *command, FILE *out);
/* The commands that begin with the word <group> ("job"); false when there are none. <out> NULL: only
 * asks. */
bool help_print_group(const char *group, FILE *out);
