#define _GNU_SOURCE
#include "unit.h"

#include "base/clock.h"
#include "base/mem.h"
#include "loop/watch.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct loop *loop;
static char root[64];
static int calls;

static char *path_of(const char *name)
{
    return xasprintf("%s/%s", root, name);
}

static void write_file(const char *name, const char *text)
{
    AUTO_FREE char *path = path_of(name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void make_folder(const char *name)
{
    AUTO_FREE char *path = path_of(name);
    assert_int_equal(mkdir(path, 0755), 0);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int set_up(void **state)
{
    (void)state;
    struct err err;
    loop = loop_new(&err);
    calls = 0;
    snprintf(root, sizeof(root), "/tmp/halligan-watch-XXXXXX");
    if (!loop || !mkdtemp(root))
        return 1;
    make_folder("scripts");
    write_file("scripts/a.lua", "return 1");
    write_file("config.lua", "return {}");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    loop_free(loop);
    return nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void count_call(void *arg)
{
    (void)arg;
    calls++;
}

static void stop_loop(void *arg)
{
    loop_stop(arg);
}

static void run_for(int64_t ms)
{
    loop_timer(loop, ms, stop_loop, loop);
    loop_run(loop);
}

static struct watch *watch_two(void)
{
    AUTO_FREE char *scripts = path_of("scripts");
    AUTO_FREE char *config = path_of("config.lua");
    const char *paths[] = { scripts, config };
    struct err err;
    struct watch *watch = watch_new(loop, paths, 2, count_call, NULL, &err);
    assert_non_null(watch);
    return watch;
}

static void many_changes_are_one_call(void **state)
{
    (void)state;
    struct watch *watch = watch_two();
    run_for(300);
    assert_int_equal(calls, 0);
    write_file("scripts/a.lua", "return 2");
    write_file("scripts/b.lua", "return 3");
    run_for(100);
    assert_int_equal(calls, 0);
    write_file("scripts/c.lua", "return 4");
    run_for(400);
    assert_int_equal(calls, 1);
    watch_free(watch);
}

static void an_editors_rename_is_seen(void **state)
{
    (void)state;
    struct watch *watch = watch_two();
    write_file("scripts/.a.lua.swp", "hidden");
    run_for(300);
    assert_int_equal(calls, 0);
    AUTO_FREE char *from = path_of("scripts/.a.lua.swp");
    AUTO_FREE char *to = path_of("scripts/a.lua");
    assert_int_equal(rename(from, to), 0);
    run_for(300);
    assert_int_equal(calls, 1);
    watch_free(watch);
}

static void new_folders_are_followed(void **state)
{
    (void)state;
    struct watch *watch = watch_two();
    make_folder("scripts/new");
    make_folder("scripts/new/deep");
    run_for(300);
    assert_int_equal(calls, 1);
    write_file("scripts/new/deep/x.lua", "return 1");
    run_for(300);
    assert_int_equal(calls, 2);
    watch_free(watch);
}

static void beside_a_watched_file_nothing_counts(void **state)
{
    (void)state;
    struct watch *watch = watch_two();
    write_file("halligan.db", "changes all the time");
    run_for(300);
    assert_int_equal(calls, 0);
    write_file("config.lua", "return { 1 }");
    run_for(300);
    assert_int_equal(calls, 1);
    watch_free(watch);
}

/* A file that is written on and on still gets its call: 2 s after the first event. */
static void endless_writes_do_not_put_it_off_for_ever(void **state)
{
    (void)state;
    struct watch *watch = watch_two();
    int64_t begin = clock_mono_ms();
    while (calls == 0 && clock_mono_ms() - begin < 4000) {
        write_file("scripts/a.lua", "return 5");
        run_for(50);
    }
    assert_int_equal(calls, 1);
    assert_in_range(clock_mono_ms() - begin, 1900, 2600);
    watch_free(watch);
}

static void the_poll_finds_what_was_missing_at_the_start(void **state)
{
    (void)state;
    AUTO_FREE char *late = path_of("late");
    const char *paths[] = { late };
    struct err err;
    struct watch *watch = watch_new(loop, paths, 1, count_call, NULL, &err);
    watch_set_poll_ms(watch, 50);
    run_for(200);
    assert_int_equal(calls, 0);
    make_folder("late");
    write_file("late/a.lua", "return 1");
    run_for(200);
    assert_int_equal(calls, 1);
    watch_set_poll_ms(watch, 60000);
    write_file("late/b.lua", "return 1");
    run_for(300);
    assert_int_equal(calls, 2);
    watch_free(watch);
}

static struct watch *to_free;

static void free_the_watch(void *arg)
{
    (void)arg;
    calls++;
    watch_free(to_free);
    to_free = NULL;
}

static void the_callback_may_free_the_watch(void **state)
{
    (void)state;
    const char *paths[] = { root };
    struct err err;
    to_free = watch_new(loop, paths, 1, free_the_watch, NULL, &err);
    write_file("x.lua", "return 1");
    run_for(300);
    write_file("x.lua", "return 2");
    run_for(300);
    assert_int_equal(calls, 1);
    watch_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(many_changes_are_one_call),
        TEST(an_editors_rename_is_seen),
        TEST(new_folders_are_followed),
        TEST(beside_a_watched_file_nothing_counts),
        TEST(endless_writes_do_not_put_it_off_for_ever),
        TEST(the_poll_finds_what_was_missing_at_the_start),
        TEST(the_callback_may_free_the_watch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
