/* A machine with one state for the child and a queue of collections. Whatever happens (a
 * message, a deadline, an end) notes what it means and calls step(), which does the next thing
 * that is possible. */
#include "lua/jail.h"

#include "base/clock.h"
#include "base/json_tree.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/channel.h"
#include "loop/loop.h"
#include "lua/jail_answer.h"
#include "lua/jail_spawn.h"
#include "lua/jail_wire.h"
#include "lua/snapshot.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

enum {
    IDLE_MS = 5 * 60 * 1000,
    START_MS = 20 * 1000, /* until the child says that it is ready */
    REAP_MS = 2,          /* between two looks whether a killed child is gone */
};

enum child_state { NO_CHILD, STARTING, READY, ASKED, ENDING };

/* One jail_collect(). */
struct collection {
    struct collection *next;
    struct snapshot *snapshot;
    json_t *strategies; /* those to ask */
    json_t *incident;
    json_t *answer; /* {people, runs}, growing */
    size_t step;    /* index of the strategy that is asked, or is to be */
    int64_t deadline_ms;
    int64_t incident_id;
    jail_done_fn done;
    void *arg;
};

struct jail {
    struct loop *loop;
    char *database;
    struct collection *queue; /* the first is the one under way */

    enum child_state state;
    pid_t pid; /* 0: none */
    struct channel *channel;
    struct snapshot *snapshot; /* what the child was given */
    int64_t budget_ms;         /* likewise */
    json_int_t question;       /* number of the strategy that is asked, or was asked last */
    int64_t asked_at_us;       /* when it was its turn */
    struct err end; /* why the child is being ended; code OK: it was only not needed any more */

    uint64_t step_timer, deadline_timer, idle_timer, reap_timer;
    int64_t idle_ms;
    bool has_warned; /* that the system does not confine it */
};

static void step(struct jail *jail);

static void on_step(void *arg)
{
    struct jail *jail = arg;
    jail->step_timer = 0;
    step(jail);
}

static void step_later(struct jail *jail)
{
    if (!jail->step_timer)
        jail->step_timer = loop_timer(jail->loop, 0, on_step, jail);
}

/* ---- collections */

static void free_collection(struct collection *collection)
{
    snapshot_unref(collection->snapshot);
    json_decref(collection->strategies);
    json_decref(collection->incident);
    json_decref(collection->answer);
    free(collection);
}

static void finish(struct jail *jail, const struct err *err)
{
    struct collection *collection = jail->queue;
    jail->queue = collection->next;
    collection->done(collection->arg, err ? err->code : OK, err ? NULL : collection->answer, err);
    free_collection(collection);
}

static const json_t *current_strategy(const struct collection *collection)
{
    return json_array_get(collection->strategies, collection->step);
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* Notes how the strategy ended, and goes on to the next. <error> NULL: it did not fail. */
static void record_run(struct jail *jail, const char *state, const char *error, int64_t people)
{
    struct collection *collection = jail->queue;
    const char *strategy = text_of(current_strategy(collection), "strategy");
    int64_t duration_ms = (clock_mono_us() - jail->asked_at_us) / 1000;
    json_t *run = json_pack("{ss ss sI sI}", "strategy", strategy, "state", state, "duration_ms",
                            (json_int_t)duration_ms, "people", (json_int_t)people);
    if (error) {
        json_object_set_new(run, "error", json_string(error));
        log_warn(LOG_JAIL, collection->incident_id, "invite strategy %s is skipped: %s", strategy,
                 error);
    }
    json_array_append_new(json_object_get(collection->answer, "runs"), run);
    collection->step++;
    jail->state = READY;
}

/* What the strategy should know: "find.usergroup: there is no user group "x"". */
static void take_notes(struct collection *collection, const json_t *notes)
{
    const char *strategy = text_of(current_strategy(collection), "strategy");
    size_t index;
    json_t *note;
    json_array_foreach ((json_t *)notes, index, note) {
        if (!json_is_string(note))
            continue;
        log_warn(LOG_JAIL, collection->incident_id, "invite strategy %s: %s", strategy,
                 json_string_value(note));
        json_array_append_new(json_object_get(collection->answer, "notes"),
                              json_pack("{ss sO}", "strategy", strategy, "text", note));
    }
}

static void take_answer(struct jail *jail, const json_t *answer)
{
    struct collection *collection = jail->queue;
    const char *state = text_of(answer, "state");
    take_notes(collection, json_object_get(answer, "notes"));
    if (strcmp(state, "not_applicable") == 0) {
        record_run(jail, state, NULL, 0);
        return;
    }
    if (strcmp(state, "answered") != 0) {
        const char *error = text_of(answer, "error");
        record_run(jail, "failed", *error ? error : "gave no answer that can be understood", 0);
        return;
    }
    const char *problem =
        jail_answer_people(answer, json_object_get(current_strategy(collection), "strategy"),
                           json_object_get(collection->answer, "people"));
    if (problem)
        record_run(jail, "failed", problem, 0);
    else
        record_run(jail, state, NULL, json_integer_value(json_object_get(answer, "count")));
}

/* ---- the end of a child */

static void reap(void *arg);

static void kill_child(struct jail *jail)
{
    loop_timer_cancel(jail->loop, jail->deadline_timer);
    jail->deadline_timer = 0;
    channel_free(jail->channel);
    jail->channel = NULL;
    jail->state = ENDING;
    (void)kill(jail->pid, SIGKILL);
    reap(jail);
}

static void describe_end(int status, struct err *err)
{
    if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
        err_set(err, err->code, "its process ended: %s", strsignal(WTERMSIG(status)));
    else if (WIFEXITED(status))
        err_set(err, err->code, "its process ended with exit code %d", WEXITSTATUS(status));
    else
        err_set(err, err->code, "its process was killed (out of memory?)");
}

/* The dead child had been asked: that strategy has failed. Not even ready: nobody can be asked. */
static void settle_end(struct jail *jail, int status)
{
    struct err end = jail->end;
    bool was_starting = jail->asked_at_us == 0;
    jail->state = NO_CHILD;
    jail->pid = 0;
    jail->end = (struct err){ 0 };
    snapshot_unref(jail->snapshot);
    jail->snapshot = NULL;
    if (end.code == OK)
        return;
    if (end.code == ERR_CLOSED || end.code == ERR_IO)
        describe_end(status, &end);
    if (!was_starting && jail->queue) {
        record_run(jail, "failed", end.msg, 0);
        jail->state = NO_CHILD;
        return;
    }
    log_error(LOG_JAIL, 0, "the jail for invite strategies cannot be started: %s", end.msg);
    struct err problem = { 0 };
    err_set(&problem, ERR_UNAVAILABLE, "the jail for invite strategies cannot be started: %s",
            end.msg);
    problem.retryable = true;
    if (jail->queue)
        finish(jail, &problem);
}

static void reap(void *arg)
{
    struct jail *jail = arg;
    int status = 0;
    jail->reap_timer = 0;
    pid_t gone = waitpid(jail->pid, &status, WNOHANG);
    if (gone == 0 || (gone < 0 && errno == EINTR)) {
        jail->reap_timer = loop_timer(jail->loop, REAP_MS, reap, jail);
        return;
    }
    settle_end(jail, status);
    step(jail);
}

static void on_deadline(void *arg)
{
    struct jail *jail = arg;
    jail->deadline_timer = 0;
    if (jail->state == STARTING) {
        err_set(&jail->end, ERR_TIMEOUT, "it was not ready after %d s", START_MS / 1000);
    } else {
        int64_t ms = jail->queue->deadline_ms;
        bool is_seconds = ms % 1000 == 0;
        err_set(&jail->end, ERR_TIMEOUT, "took longer than %lld %s and was stopped",
                (long long)(is_seconds ? ms / 1000 : ms), is_seconds ? "s" : "ms");
    }
    kill_child(jail);
}

static void on_idle(void *arg)
{
    struct jail *jail = arg;
    jail->idle_timer = 0;
    if (jail->state == READY)
        kill_child(jail);
}

/* ---- what the child says */

/* The turn of the strategy at <step> begins. */
static void await_answer(struct jail *jail)
{
    jail->state = ASKED;
    jail->question++;
    jail->asked_at_us = clock_mono_us();
    jail->deadline_timer = loop_timer(jail->loop, jail->queue->deadline_ms, on_deadline, jail);
}

static void on_closed(void *arg, const struct err *err)
{
    struct jail *jail = arg;
    if (jail->state != READY)
        jail->end = *err;
    else
        log_warn(LOG_JAIL, 0, "the idle jail has ended by itself (%s)", err->msg);
    kill_child(jail);
}

static void on_started(struct jail *jail, const json_t *message)
{
    const char *warning = json_string_value(json_object_get(message, "warning"));
    const char *fatal = json_string_value(json_object_get(message, "fatal"));
    if (fatal || !json_object_get(message, "ready")) {
        err_set(&jail->end, ERR_UNAVAILABLE, "%s",
                fatal ? fatal : "it does not understand the engine");
        kill_child(jail);
        return;
    }
    if (warning && !jail->has_warned) {
        log_warn(LOG_JAIL, 0, "invite strategies are less confined than they should be: %s",
                 warning);
        jail->has_warned = true;
    }
    jail->state = READY;
    step(jail);
}

static void on_message(void *arg, const char *data, size_t len)
{
    struct jail *jail = arg;
    json_t *message = json_tree(data, len);
    bool is_answer = jail->state == ASKED &&
                     json_integer_value(json_object_get(message, "id")) == jail->question;
    loop_timer_cancel(jail->loop, jail->deadline_timer);
    jail->deadline_timer = 0;
    if (jail->state == STARTING) {
        on_started(jail, message);
    } else if (is_answer) {
        take_answer(jail, json_object_get(message, "answer"));
        if (jail->queue->step < json_array_size(jail->queue->strategies))
            await_answer(jail);
        else
            step(jail);
    } else {
        if (jail->state == ASKED)
            err_set(&jail->end, ERR_INVALID, "gave no answer that can be understood");
        kill_child(jail);
    }
    json_decref(message);
}

/* ---- the beginning of a child */

static void send_json(struct jail *jail, json_t *message)
{
    AUTO_FREE char *text = json_dumps(message, JSON_COMPACT);
    channel_send(jail->channel, text, strlen(text));
    json_decref(message);
}

static int open_child(struct jail *jail, struct err *err)
{
    struct channel_options options = {
        .max_bytes = JAIL_ANSWER_MAX,
        .on_message = on_message,
        .on_closed = on_closed,
        .arg = jail,
    };
    int rc = jail_spawn(&jail->pid, &options.fd, err);
    if (rc == OK)
        jail->channel = channel_new(jail->loop, &options, err);
    return jail->channel ? OK : err->code;
}

/* The child stops by itself what it can, a while before the deadline: that names the line. */
static int64_t budget_of(const struct collection *collection)
{
    return collection->deadline_ms * 3 / 4;
}

static void start_child(struct jail *jail)
{
    jail->asked_at_us = 0;
    jail->state = STARTING;
    jail->snapshot = snapshot_ref(jail->queue->snapshot);
    jail->budget_ms = budget_of(jail->queue);
    if (open_child(jail, &jail->end) != OK) {
        if (jail->pid) {
            kill_child(jail);
        } else {
            settle_end(jail, 0);
            step_later(jail);
        }
        return;
    }
    AUTO_BUF struct buf texts = BUF_INIT;
    send_json(jail, jail_first_message(jail->database, jail->snapshot, jail->budget_ms, &texts));
    channel_send(jail->channel, buf_text(&texts), texts.len);
    jail->deadline_timer = loop_timer(jail->loop, START_MS, on_deadline, jail);
}

/* ---- the machine */

/* All that are left are asked at once, so that the child need not wait between them; their turns, and
 * their deadlines, begin one after another. */
static void ask(struct jail *jail)
{
    struct collection *collection = jail->queue;
    const json_t *incident = collection->incident;
    json_t *paths = json_array();
    for (size_t i = collection->step; i < json_array_size(collection->strategies); i++)
        json_array_append(paths,
                          json_object_get(json_array_get(collection->strategies, i), "path"));
    send_json(jail, json_pack("{sI so sI ss sb}", "id", jail->question + 1, "paths", paths,
                              "incident_id", (json_int_t)collection->incident_id, "category_id",
                              text_of(json_object_get(incident, "category"), "id"), "is_private",
                              json_is_true(json_object_get(incident, "is_private"))));
    send_json(jail, json_incref(collection->incident));
    await_answer(jail);
}

static bool is_right_child(const struct jail *jail)
{
    return jail->budget_ms == budget_of(jail->queue) &&
           strcmp(snapshot_hash(jail->snapshot), snapshot_hash(jail->queue->snapshot)) == 0;
}

static void step(struct jail *jail)
{
    while (jail->queue && jail->queue->step == json_array_size(jail->queue->strategies))
        finish(jail, NULL);
    loop_timer_cancel(jail->loop, jail->idle_timer);
    jail->idle_timer = 0;
    if (!jail->queue) {
        if (jail->state == READY)
            jail->idle_timer = loop_timer(jail->loop, jail->idle_ms, on_idle, jail);
    } else if (jail->state == NO_CHILD) {
        start_child(jail);
    } else if (jail->state == READY && !is_right_child(jail)) {
        kill_child(jail);
    } else if (jail->state == READY) {
        ask(jail);
    }
}

/* ---- what others call */

/* For a private incident only those that are meant for one. */
static json_t *choose(const json_t *strategies, const json_t *incident)
{
    bool is_private = json_is_true(json_object_get(incident, "is_private"));
    json_t *chosen = json_array();
    size_t index;
    json_t *strategy;
    json_array_foreach ((json_t *)strategies, index, strategy)
        if (!is_private || json_is_true(json_object_get(strategy, "is_private")))
            json_array_append_new(chosen, json_deep_copy(strategy));
    return chosen;
}

void jail_collect(struct jail *jail, const struct jail_request *request, jail_done_fn done,
                  void *arg)
{
    struct collection *collection = xcalloc(1, sizeof(*collection));
    collection->snapshot = snapshot_ref(request->snapshot);
    collection->strategies = choose(request->strategies, request->incident);
    collection->incident = json_deep_copy(request->incident);
    collection->incident_id = json_integer_value(json_object_get(request->incident, "id"));
    collection->answer = json_pack("{s[] s[] s[]}", "people", "runs", "notes");
    collection->deadline_ms = request->deadline_ms > 0 ? request->deadline_ms : JAIL_DEADLINE_MS;
    collection->done = done;
    collection->arg = arg;
    struct collection **last = &jail->queue;
    while (*last)
        last = &(*last)->next;
    *last = collection;
    step_later(jail);
}

struct jail *jail_new(struct loop *loop, const char *database)
{
    struct jail *jail = xcalloc(1, sizeof(*jail));
    jail->loop = loop;
    jail->database = xstrdup(database);
    jail->idle_ms = IDLE_MS;
    return jail;
}

void jail_free(struct jail *jail)
{
    if (!jail)
        return;
    static const struct err CLOSED = { .code = ERR_CLOSED,
                                       .retryable = true,
                                       .msg = "the engine is stopping" };
    const uint64_t timers[] = { jail->step_timer, jail->deadline_timer, jail->idle_timer,
                                jail->reap_timer };
    for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++)
        loop_timer_cancel(jail->loop, timers[i]);
    channel_free(jail->channel);
    if (jail->pid) {
        (void)kill(jail->pid, SIGKILL);
        while (waitpid(jail->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    while (jail->queue)
        finish(jail, &CLOSED);
    snapshot_unref(jail->snapshot);
    free(jail->database);
    free(jail);
}

pid_t jail_pid(const struct jail *jail)
{
    return jail->pid;
}

void jail_set_idle_ms(struct jail *jail, int64_t idle_ms)
{
    jail->idle_ms = idle_ms;
}
