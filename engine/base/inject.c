#include "base/inject.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_POINTS = 32, LONGEST_NAME = 64 };
enum action { ACTION_FAIL, ACTION_KILL };

struct point {
    char name[LONGEST_NAME];
    enum action action;
    long at; /* acts on this hit; 0 acts on every one */
    long hits;
};

bool inject_is_armed;

/* Set once before threads start; the lock is for the hit counters. */
static struct point points[MOST_POINTS];
static int point_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

bool inject_hit(const char *name)
{
    bool must_fail = false;
    bool must_die = false;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < point_count; i++) {
        struct point *point = &points[i];
        if (strcmp(point->name, name) != 0)
            continue;
        point->hits++;
        if (point->at && point->hits != point->at)
            continue;
        must_fail = must_fail || point->action == ACTION_FAIL;
        must_die = must_die || point->action == ACTION_KILL;
    }
    pthread_mutex_unlock(&lock);
    if (must_die)
        kill(getpid(), SIGKILL);
    return must_fail;
}

static _Noreturn void broken_spec(const char *item)
{
    fprintf(stderr, "halligan: HALLIGAN_INJECT: \"%s\" is not NAME=fail[:N] or NAME=kill[:N]\n",
            item);
    abort();
}

static void parse_point(const char *item, struct point *point)
{
    const char *equals = strchr(item, '=');
    if (!equals || equals == item || equals - item >= LONGEST_NAME)
        broken_spec(item);
    *point = (struct point){ 0 };
    memcpy(point->name, item, (size_t)(equals - item));

    const char *action = equals + 1;
    size_t len = strcspn(action, ":");
    if (len != 4 || (strncmp(action, "fail", 4) != 0 && strncmp(action, "kill", 4) != 0))
        broken_spec(item);
    point->action = action[0] == 'k' ? ACTION_KILL : ACTION_FAIL;
    if (action[len] == ':') {
        char *end;
        point->at = strtol(action + len + 1, &end, 10);
        if (*end || end == action + len + 1 || point->at < 1)
            broken_spec(item);
    }
}

void inject_configure(const char *spec)
{
    inject_is_armed = false;
    point_count = 0;
    if (!spec || !*spec)
        return;
    char *copy = strdup(spec);
    if (!copy)
        abort();
    char *rest = copy;
    for (char *item; (item = strsep(&rest, ","));) {
        if (point_count == MOST_POINTS)
            broken_spec(item);
        parse_point(item, &points[point_count++]);
    }
    free(copy);
    inject_is_armed = true;
}
