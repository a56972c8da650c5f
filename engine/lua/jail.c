#define _GNU_SOURCE /* posix_spawn_file_actions_addclosefrom_np */
#include "lua/jail.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "lua/jail_child.h"
#include "lua/jail_frame.h"
#include "lua/snapshot.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    IDLE_S = 300,           /* then the child is ended */
    GRACE_MS = 150,         /* the child ends what it can stop itself; past deadline and grace it is killed */
    START_MS = 5000,        /* a new child has this long more for its first answer */
};

/* A request under way; made on the loop, worked on by the thread, answered on the loop. */
struct work {
    struct work *next;
    struct jail *jail;
    json_t *incident, *strategies, *answer;
    struct snapshot *snapshot;
    int64_t deadline_ms;
    jail_done_fn done;
    void *arg;
    struct err err;
};

struct jail {
    struct loop *loop;
    char *database;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct work *first, **last; /* under the lock */
    bool is_stopping;           /* under the lock */
    /* The thread's own: */
    pid_t child;                /* 0: none */
    int fd;
    char hash[SNAPSHOT_HASH_SIZE]; /* of the files that the child has */
    int64_t child_deadline_ms;
};

/* ---- the child */

static void end_child(struct jail *jail)
{
    if (jail->child == 0)
        return;
    close(jail->fd);
    kill(jail->child, SIGKILL);
    while (waitpid(jail->child, NULL, 0) < 0 && errno == EINTR)
        ;
    jail->child = 0;
}

static int spawn_child(struct jail *jail, int theirs, struct err *err)
{
    static char *const ARGUMENTS[] = { "halligan", JAIL_ARGUMENT, NULL };
    static char *const ENVIRONMENT[] = { "ASAN_OPTIONS=detect_leaks=0", NULL };
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, theirs, JAIL_FD);
    posix_spawn_file_actions_addclosefrom_np(&actions, JAIL_FD + 1);
    int rc = posix_spawn(&jail->child, "/proc/self/exe", &actions, NULL, ARGUMENTS, ENVIRONMENT);
    posix_spawn_file_actions_destroy(&actions);
    if (rc == 0)
        return OK;
    jail->child = 0;
    return err_set(err, ERR_UNAVAILABLE, "the jail cannot be started: %s", strerror(rc));
}

static int greet(struct jail *jail, const struct work *work, struct err *err)
{
    json_t *files = snapshot_to_json(work->snapshot, err);
    if (!files)
        return err->code;
    json_t *hello = json_pack("{s:s, s:o, s:I}", "database", jail->database, "files", files, "deadline_ms",
                              (json_int_t)work->deadline_ms);
    int rc = jail_frame_write(jail->fd, hello, err);
    json_decref(hello);
    return rc;
}

static int begin_child(struct jail *jail, const struct work *work, struct err *err)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return err_set(err, ERR_UNAVAILABLE, "the jail cannot be started: %s", strerror(errno));
    int rc = spawn_child(jail, pair[1], err);
    close(pair[1]);
    if (rc != OK) {
        close(pair[0]);
        return rc;
    }
    jail->fd = pair[0];
    jail->child_deadline_ms = work->deadline_ms;
    snprintf(jail->hash, sizeof(jail->hash), "%s", snapshot_hash(work->snapshot));
    if ((rc = greet(jail, work, err)) != OK)
        end_child(jail);
    return rc;
}

/* ---- one strategy */

/* A new reference to the child's answer. A child that does not answer is ended. */
static json_t *ask(struct jail *jail, const struct work *work, const json_t *strategy, struct err *err)
{
    bool is_new = jail->child == 0;
    if (is_new && begin_child(jail, work, err) != OK)
        return NULL;
    json_t *answer = NULL;
    json_t *message = json_pack("{s:O, s:O}", "path", json_object_get(strategy, "path"), "incident", work->incident);
    int64_t until_ms = clock_mono_ms() + work->deadline_ms + GRACE_MS + (is_new ? START_MS : 0);
    int rc = jail_frame_write(jail->fd, message, err);
    if (rc == OK)
        rc = jail_frame_read(jail->fd, until_ms, &answer, err);
    json_decref(message);
    if (rc == OK)
        return answer;
    end_child(jail);
    if (rc == ERR_TIMEOUT)
        err_set(err, rc, "took longer than %lld ms and was stopped", (long long)work->deadline_ms);
    else if (rc == ERR_CLOSED)
        err_set(err, rc, "its process died");
    return NULL;
}

static void add_people(const struct work *work, const json_t *strategy, json_t *people)
{
    size_t i;
    json_t *person, *all = json_object_get(work->answer, "people");
    json_array_foreach (people, i, person) {
        json_object_set(person, "strategy", json_object_get(strategy, "strategy"));
        json_array_append(all, person);
    }
}

static void run_strategy(struct jail *jail, const struct work *work, const json_t *strategy)
{
    struct err err = { 0 };
    int64_t began_ms = clock_mono_ms();
    json_t *answer = ask(jail, work, strategy, &err);
    const char *state = answer ? json_string_value(json_object_get(answer, "state")) : NULL;
    const char *problem = answer ? json_string_value(json_object_get(answer, "error")) : err.msg;
    json_t *people = answer ? json_object_get(answer, "people") : NULL;
    add_people(work, strategy, people);
    json_t *run = json_pack("{s:O, s:s, s:I, s:I}", "strategy", json_object_get(strategy, "strategy"), "state", state ? state : "failed",
                            "duration_ms", (json_int_t)(clock_mono_ms() - began_ms), "people", (json_int_t)json_array_size(people));
    if (problem)
        json_object_set_new(run, "error", json_string(problem));
    json_array_append_new(json_object_get(work->answer, "runs"), run);
    if (!state || strcmp(state, "failed") == 0)
        log_warn(LOG_JAIL, json_integer_value(json_object_get(work->incident, "id")), "invite strategy %s is skipped: %s",
                 json_string_value(json_object_get(strategy, "strategy")), problem ? problem : "no answer");
    json_decref(answer);
}

static void run_work(struct jail *jail, struct work *work)
{
    size_t i;
    json_t *strategy;
    bool is_private = json_is_true(json_object_get(work->incident, "is_private"));
    bool has_old_files = jail->child && strcmp(jail->hash, snapshot_hash(work->snapshot)) != 0;
    if (has_old_files || jail->child_deadline_ms != work->deadline_ms)
        end_child(jail);
    work->answer = json_pack("{s:[], s:[]}", "people", "runs");
    json_array_foreach (work->strategies, i, strategy)
        if (!is_private || json_is_true(json_object_get(strategy, "is_private")))
            run_strategy(jail, work, strategy);
}

/* ---- requests */

static void free_work(struct work *work)
{
    json_decref(work->incident);
    json_decref(work->strategies);
    snapshot_unref(work->snapshot);
    free(work);
}

static void deliver(void *arg)
{
    struct work *work = arg;
    work->done(work->arg, work->answer, &work->err);
    free_work(work);
}

/* Under the lock. NULL when it is time to end. Ends a child that has been idle for long. */
static struct work *next_work(struct jail *jail)
{
    while (!jail->first && !jail->is_stopping) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += IDLE_S;
        if (pthread_cond_timedwait(&jail->wake, &jail->lock, &until) == ETIMEDOUT)
            end_child(jail);
    }
    struct work *work = jail->is_stopping ? NULL : jail->first;
    if (work && !(jail->first = work->next))
        jail->last = &jail->first;
    return work;
}

static void *run_thread(void *arg)
{
    struct jail *jail = arg;
    for (;;) {
        pthread_mutex_lock(&jail->lock);
        struct work *work = next_work(jail);
        pthread_mutex_unlock(&jail->lock);
        if (!work)
            break;
        run_work(jail, work);
        loop_post(jail->loop, deliver, work);
    }
    end_child(jail);
    return NULL;
}

struct jail *jail_new(const struct jail_options *options, struct err *err)
{
    struct jail *jail = xcalloc(1, sizeof(*jail));
    jail->loop = options->loop;
    jail->database = xstrdup(options->database);
    jail->last = &jail->first;
    pthread_mutex_init(&jail->lock, NULL);
    pthread_cond_init(&jail->wake, NULL);
    if (!jail->loop || pthread_create(&jail->thread, NULL, run_thread, jail) == 0)
        return jail;
    err_set(err, ERR_UNAVAILABLE, "the jail's thread cannot be started");
    free(jail->database);
    free(jail);
    return NULL;
}

void jail_free(struct jail *jail)
{
    if (!jail)
        return;
    if (jail->loop) {
        pthread_mutex_lock(&jail->lock);
        jail->is_stopping = true;
        pthread_cond_signal(&jail->wake);
        pthread_mutex_unlock(&jail->lock);
        pthread_join(jail->thread, NULL);
    }
    end_child(jail);
    while (jail->first) {
        struct work *work = jail->first;
        jail->first = work->next;
        err_set(&work->err, ERR_CLOSED, "the engine is stopping");
        deliver(work);
    }
    pthread_cond_destroy(&jail->wake);
    pthread_mutex_destroy(&jail->lock);
    free(jail->database);
    free(jail);
}

static struct work *new_work(struct jail *jail, const struct jail_request *request)
{
    struct work *work = xcalloc(1, sizeof(*work));
    work->jail = jail;
    work->incident = json_deep_copy(request->incident);
    work->strategies = json_deep_copy(request->strategies);
    work->snapshot = snapshot_ref(request->snapshot);
    work->deadline_ms = request->deadline_ms;
    return work;
}

void jail_collect(struct jail *jail, const struct jail_request *request, jail_done_fn done, void *arg)
{
    struct work *work = new_work(jail, request);
    work->done = done;
    work->arg = arg;
    pthread_mutex_lock(&jail->lock);
    *jail->last = work;
    jail->last = &work->next;
    pthread_cond_signal(&jail->wake);
    pthread_mutex_unlock(&jail->lock);
}

json_t *jail_collect_now(struct jail *jail, const struct jail_request *request, struct err *err)
{
    struct work *work = new_work(jail, request);
    run_work(jail, work);
    json_t *answer = work->answer;
    *err = work->err;
    free_work(work);
    return answer;
}
