/* watch - "look again" when anything below some folders changes (inotify on directories, never on files; new folders
 * are followed; overflow and a 30 s poll are covered). Debounced: 200 ms after the last event, at most 2 s after the
 * first. Names that begin with one dot are not looked at. */
#pragma once
#include "loop/loop.h"

struct watch;

/* Calls <fn>(<arg>) on the loop thread after changes. Each of <paths> is a folder, watched with all below it, or a
 * file, watched through its folder for that name alone. One that does not exist yet is found by the poll. <fn> may
 * call watch_free(). NULL + err when inotify is not to be had. */
struct watch *watch_new(struct loop *loop, const char *const *paths, int count, loop_fn fn,
                        void *arg, struct err *err);

/* Loop thread; <fn> is not called any more. NULL is allowed. */
void watch_free(struct watch *watch);

/* How often the folders are read through for changes that inotify did not tell (30 s by default). */
void watch_set_poll_ms(struct watch *watch, int64_t poll_ms);
