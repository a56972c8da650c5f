/* main - where the process begins. All else is a command: see commands.h. */
#include "base/inject.h"
#include "cli/command.h"

#include <stdlib.h>

int main(int argc, char **argv)
{
    inject_configure(getenv("HALLIGAN_INJECT"));
    return command_main(argc, argv);
}
