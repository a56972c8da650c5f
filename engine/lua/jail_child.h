/* jail_child - the jail's own process: waits for strategies to run, one after the other, and answers. Began by jail.c. */
#pragma once

/* What the process does when its first argument is JAIL_ARGUMENT: talks over JAIL_FD until that is closed. Answers an exit code. */
int jail_child_main(void);

#define JAIL_ARGUMENT "jail"
enum { JAIL_FD = 3 };
