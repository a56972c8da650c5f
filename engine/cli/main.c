/* main - where the process begins. All else is a command (see commands.h), or the jail's child. */
#include "base/inject.h"
#include "cli/command.h"
#include "lua/jail_child.h"

#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], JAIL_ARGUMENT) == 0)
        return jail_child_main();
    inject_configure(getenv("HALLIGAN_INJECT"));
    return command_main(argc, argv);
}
