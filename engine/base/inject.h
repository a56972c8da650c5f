/* inject - named fault points, so that tests can make allocation, write, fsync and network calls fail.
 * HALLIGAN_INJECT="store.commit=fail:3,http.connect=fail" : the 3rd hit fails / every hit fails; "kill:N" ends the
 * process with SIGKILL at the Nth hit ("job.done=kill:1"), which is how the tests pull the plug at an exact step.
 * Compiled in always; costs one load when nothing is set. */
#pragma once
#include <stdbool.h>

/* True when the fault point <name> must fail now. May not return (kill). */
#define INJECT(name) (inject_is_armed && inject_hit(name))

extern bool inject_is_armed;
/* Counts a hit of <name>; any thread. Use INJECT(). */
bool inject_hit(const char *name);

/* Before threads start. NULL or "" disarms; a broken spec aborts: it is a test's mistake. */
void inject_configure(const char *spec);
