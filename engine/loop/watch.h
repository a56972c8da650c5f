/* watch - "look again" when anything below some folders changes (inotify on directories, never on files; new folders are
 * followed; overflow and a 30 s poll are covered). Debounced: 200 ms after the last event, at most 2 s after the first. */
#pragma once
#include "loop/loop.h"

struct watch;
struct watch *watch_new(struct loop *loop, const char *const *dirs, int count, loop_fn fn, void *arg, struct err *err);
void watch_free(struct watch *watch);
