#include "lua/task_internal.h"

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "lua/state.h"

#include <lauxlib.h>
#include <string.h>
#include <sys/queue.h>

enum {
    SLOT_BITS = 14,
    CLOSE_BUDGET_US = 50000, /* for the to-be-closed variables of a task that was ended */
};
_Static_assert(TASKS_MAX <= 1 << SLOT_BITS, "a task's id holds its slot");

/* ---- the set */

struct tasks *tasks_new(struct loop *loop)
{
    struct tasks *tasks = xcalloc(1, sizeof(*tasks));
    tasks->loop = loop;
    tasks->refs = 1;
    tasks->next_seq = 1;
    TAILQ_INIT(&tasks->queue);
    while (tasks->free_count < TASKS_MAX) {
        tasks->free_slots[tasks->free_count] = (uint32_t)(TASKS_MAX - 1 - tasks->free_count);
        tasks->free_count++;
    }
    return tasks;
}

void tasks_release(struct tasks *tasks)
{
    if (--tasks->refs == 0)
        free(tasks);
}

uint64_t task_id(const struct task *task)
{
    return (uint64_t)task->seq << SLOT_BITS | task->slot;
}

struct task *task_find(const struct tasks *tasks, uint32_t slot, uint32_t seq)
{
    struct task *task = slot < TASKS_MAX ? tasks->slots[slot] : NULL;
    return task && task->seq == seq ? task : NULL;
}

struct task *task_find_id(const struct tasks *tasks, uint64_t id)
{
    return task_find(tasks, (uint32_t)(id & ((1 << SLOT_BITS) - 1)), (uint32_t)(id >> SLOT_BITS));
}

int tasks_alive(const struct tasks *tasks)
{
    return TASKS_MAX - tasks->free_count;
}

int tasks_alive_of(const struct tasks *tasks, enum task_kind kind)
{
    int count = 0;
    for (int slot = 0; slot < TASKS_MAX; slot++)
        count += tasks->slots[slot] && tasks->slots[slot]->kind == kind;
    return count;
}

void tasks_stats(const struct tasks *tasks, struct tasks_stats *out)
{
    *out = tasks->stats;
    out->alive = tasks_alive(tasks);
    out->queued = tasks->queued;
}

/* ---- the queue */

static void step(struct task *task);

static void run_queue(void *arg);

static void post_queue(struct tasks *tasks)
{
    if (tasks->is_posted)
        return;
    tasks->is_posted = true;
    tasks->refs++;
    loop_post(tasks->loop, run_queue, tasks);
}

void task_enqueue(struct task *task)
{
    task->status = TASK_QUEUED;
    TAILQ_INSERT_TAIL(&task->tasks->queue, task, queue_link);
    task->tasks->queued++;
    post_queue(task->tasks);
}

static void dequeue(struct task *task)
{
    TAILQ_REMOVE(&task->tasks->queue, task, queue_link);
    task->tasks->queued--;
}

static void run_queue(void *arg)
{
    struct tasks *tasks = arg;
    tasks->is_posted = false;
    struct task *task;
    for (int i = 0; i < TASK_RESUMES_PER_TURN && (task = TAILQ_FIRST(&tasks->queue)) != NULL; i++) {
        dequeue(task);
        step(task);
    }
    if (!TAILQ_EMPTY(&tasks->queue))
        post_queue(tasks);
    tasks_release(tasks);
}

/* ---- one task's life */

static void on_deadline(void *arg);

/* Everything but the coroutine. */
static struct task *make_task(struct tasks *tasks, struct state *state,
                              const struct task_options *options)
{
    struct task *task = xcalloc(1, sizeof(*task));
    task->tasks = tasks;
    task->state = state;
    task->co_ref = LUA_NOREF;
    task->slot = tasks->free_slots[--tasks->free_count];
    task->seq = tasks->next_seq++;
    task->kind = options->kind;
    task->script = xstrdup(options->script ? options->script : "");
    task->incident_id = options->incident_id;
    task->started_ms = clock_mono_ms();
    task->done = options->done;
    task->done_arg = options->arg;
    LIST_INIT(&task->joiners);
    tasks->slots[task->slot] = task;
    state_add_live_tasks(state, 1);
    return task;
}

static void free_task(struct task *task)
{
    struct tasks *tasks = task->tasks;
    tasks->slots[task->slot] = NULL;
    tasks->free_slots[tasks->free_count++] = task->slot;
    free(task->script);
    free(task);
}

static void begin(struct task *task, int64_t deadline_ms)
{
    task->tasks->stats.started++;
    if (deadline_ms > 0)
        task->deadline_timer = loop_timer(task->tasks->loop, deadline_ms, on_deadline, task);
    task_enqueue(task);
}

static int check_room(const struct tasks *tasks, struct err *err)
{
    if (tasks->free_count == 0)
        return err_set(err, ERR_LIMIT, "%d tasks are running already", TASKS_MAX);
    return OK;
}

struct start {
    struct task *task;
    lua_CFunction body;
    void *arg;
};

static int make_coroutine(lua_State *L)
{
    struct start *start = lua_touserdata(L, 1);
    lua_State *co = lua_newthread(L);
    start->task->co_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    start->task->co = co;
    lua_pushcfunction(co, start->body);
    lua_pushlightuserdata(co, start->arg);
    start->task->arg_count = 1;
    return 0;
}

int task_start(struct tasks *tasks, struct state *state, const struct task_options *options,
               lua_CFunction body, void *body_arg, uint64_t *id, struct err *err)
{
    int rc = check_room(tasks, err);
    if (rc != OK)
        return rc;
    struct start start = { make_task(tasks, state, options), body, body_arg };
    rc = state_pcall(state, make_coroutine, &start, 0, err);
    if (rc != OK) {
        free_task(start.task);
        state_add_live_tasks(state, -1);
        return rc;
    }
    if (id)
        *id = task_id(start.task);
    begin(start.task, options->deadline_ms);
    return OK;
}

struct task *task_spawn_with(lua_State *L, int arg_count, const struct task_options *options)
{
    struct task *parent = task_current(L);
    if (!parent)
        luaL_error(L, "tasks cannot be started while loading");
    struct err err;
    if (check_room(parent->tasks, &err) != OK)
        luaL_error(L, "%s", err.msg);
    lua_State *co = lua_newthread(L);
    lua_insert(L, -arg_count - 2);
    if (!lua_checkstack(co, arg_count + 1))
        luaL_error(L, "too many arguments for a task");
    lua_xmove(L, co, arg_count + 1);
    int co_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    struct task *task = make_task(parent->tasks, parent->state, options);
    task->co = co;
    task->co_ref = co_ref;
    task->arg_count = arg_count;
    begin(task, options->deadline_ms);
    return task;
}

uint64_t task_spawn(lua_State *L, int nargs)
{
    struct task *parent = task_current(L);
    struct task_options options = {
        .kind = TASK_SPAWNED,
        .script = parent ? parent->script : "",
        .incident_id = parent ? parent->incident_id : 0,
        .deadline_ms = TASK_SPAWNED_MS,
    };
    return task_id(task_spawn_with(L, nargs, &options));
}

static void tell_joiners(struct task *task, int rc, const struct err *err)
{
    struct join_wait *join;
    while ((join = LIST_FIRST(&task->joiners)) != NULL) {
        LIST_REMOVE(join, link);
        join->target = NULL;
        join->rc = rc;
        if (rc != OK)
            join->err = *err;
        task_wait_complete(&join->wait);
    }
}

/* Runs what the coroutine left to be closed, then lets it go. */
static void release_coroutine(struct task *task, bool is_clean)
{
    if (!is_clean) {
        state_set_running(task->state, task);
        state_budget_begin(task->state, task->co, CLOSE_BUDGET_US);
        if (lua_resetthread(task->co) != LUA_OK && state_was_killed(task->state))
            log_warn(LOG_SCRIPT, task->incident_id, "%s: its __close used too much CPU time",
                     task->script);
        task->cpu_us += state_budget_end(task->state);
        state_set_running(task->state, NULL);
    }
    lua_settop(task->co, 0);
    luaL_unref(state_lua(task->state), LUA_REGISTRYINDEX, task->co_ref);
}

static void log_failure(const struct task *task, int rc, const struct err *err)
{
    if (rc == ERR_CLOSED || task->kind == TASK_TEST) /* the test runner says it */
        return;
    log_error(LOG_SCRIPT, task->incident_id, "task %llu %s: %s", (unsigned long long)task_id(task),
              task->script, err->msg);
    if (rc == ERR_SCRIPT || rc == ERR_LIMIT)
        log_debug(LOG_SCRIPT, task->incident_id, "task %llu %s", (unsigned long long)task_id(task),
                  state_traceback(task->state));
}

/* The end of every task. */
static void finish(struct task *task, int rc, const struct err *err, bool is_clean)
{
    struct state *state = task->state;
    if (task->status == TASK_QUEUED)
        dequeue(task);
    task->status = TASK_RUNNING;
    loop_timer_cancel(task->tasks->loop, task->deadline_timer);
    if (task->wait)
        task_wait_cancel(task->wait);
    task->wait = NULL;
    if (rc != OK) {
        task->tasks->stats.failed++;
        log_failure(task, rc, err);
    }
    release_coroutine(task, is_clean);
    tell_joiners(task, rc, err);
    task_done_fn done = task->done;
    void *done_arg = task->done_arg;
    free_task(task);
    if (done)
        done(done_arg, rc, err);
    state_add_live_tasks(state, -1); /* may free the state */
}

static void step(struct task *task)
{
    struct state *state = task->state;
    struct err err = { 0 };
    int result_count = 0;
    task->status = TASK_RUNNING;
    task->wait = NULL;
    state_set_running(state, task);
    state_budget_begin(state, task->co, 0);
    int status = lua_resume(task->co, state_lua(state), task->arg_count, &result_count);
    task->cpu_us += state_budget_end(state);
    state_set_running(state, NULL);
    task->arg_count = 0;

    bool is_waiting = status == LUA_YIELD && task->wait && !state_was_killed(state);
    if (is_waiting && task->is_cancelled) {
        finish(task, err_set(&err, ERR_CLOSED, "the task was cancelled"), &err, false);
    } else if (is_waiting) {
        task->status = TASK_WAITING;
        if (task->wait->is_done)
            task_enqueue(task);
    } else if (status == LUA_OK) {
        finish(task, OK, &err, true);
    } else {
        if (state_was_killed(state))
            task->tasks->stats.killed++;
        int rc = state_take_error(state, task->co, status, &err);
        finish(task, rc, &err, false);
    }
}

static void end_task(struct task *task, int code, const char *why)
{
    struct err err;
    if (task->status == TASK_RUNNING) {
        task->is_cancelled = true;
        return;
    }
    err_set(&err, code, "%s", why);
    finish(task, code, &err, false);
}

static void on_deadline(void *arg)
{
    struct task *task = arg;
    task->deadline_timer = 0;
    end_task(task, ERR_TIMEOUT, "the task took too long and was ended");
}

void task_cancel(struct tasks *tasks, uint64_t id)
{
    struct task *task = task_find_id(tasks, id);
    if (task)
        end_task(task, ERR_CLOSED, "the task was cancelled");
}

void tasks_cancel_state(struct tasks *tasks, struct state *state)
{
    for (int slot = 0; slot < TASKS_MAX; slot++)
        if (tasks->slots[slot] && tasks->slots[slot]->state == state)
            end_task(tasks->slots[slot], ERR_CLOSED, "the scripts it began with were replaced");
}

void tasks_free(struct tasks *tasks)
{
    if (!tasks)
        return;
    for (int slot = 0; slot < TASKS_MAX; slot++)
        if (tasks->slots[slot])
            end_task(tasks->slots[slot], ERR_CLOSED, "the engine stops");
    tasks_release(tasks);
}

/* ---- inside a binding */

struct task *task_current(lua_State *L)
{
    return state_running(state_of(L));
}

int64_t task_incident(const struct task *task)
{
    return task->incident_id;
}

const char *task_script(const struct task *task)
{
    return task->script;
}

enum task_kind task_kind(const struct task *task)
{
    return task->kind;
}

struct task *task_check_can_wait(lua_State *L, const char *what)
{
    struct task *task = task_current(L);
    if (!task)
        luaL_error(L, "%s cannot be used while loading", what);
    if (L != task->co || !lua_isyieldable(L))
        luaL_error(L, "%s cannot be used inside sort, gsub, tostring, __close or require", what);
    return task;
}

/* ---- a list for people */

static const char *kind_name(enum task_kind kind)
{
    static const char *const NAMES[] = {
        [TASK_ROUTE] = "route",     [TASK_JOB] = "job",         [TASK_READY] = "ready",
        [TASK_SPAWNED] = "spawned", [TASK_SERVICE] = "service", [TASK_TEST] = "test",
    };
    return NAMES[kind];
}

void tasks_describe(struct tasks *tasks, struct buf *out)
{
    struct json_writer writer;
    json_writer_init(&writer, out);
    json_array_begin(&writer);
    for (int slot = 0; slot < TASKS_MAX; slot++) {
        const struct task *task = tasks->slots[slot];
        if (!task)
            continue;
        json_object_begin(&writer);
        json_put_int(&writer, "id", (int64_t)task_id(task));
        json_put_text(&writer, "kind", kind_name(task->kind));
        json_put_text(&writer, "script", task->script);
        json_put_int(&writer, "incident_id", task->incident_id);
        json_put_text(&writer, "waits_for", task->wait ? task->wait->ops->name : NULL);
        json_put_int(&writer, "age_ms", clock_mono_ms() - task->started_ms);
        json_put_int(&writer, "cpu_us", task->cpu_us);
        json_object_finish(&writer);
    }
    json_array_finish(&writer);
}
