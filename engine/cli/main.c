/* main - where the process begins. All else is a command (see commands.h), or the jail's process, which
 * the engine starts for itself. */
#include "base/inject.h"
#include "base/mem.h"
#include "cli/command.h"
#include "lua/jail.h"

#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    mem_configure();
    if (argc == 2 && strcmp(argv[1], "jail") == 0)
        return jail_main();
    inject_configure(getenv("HALLIGAN_INJECT"));
    return command_main(argc, argv);
}
