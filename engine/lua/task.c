#include "lua/task.h"

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "lua/lua_util.h"
#include "lua/state.h"

#include <lauxlib.h>
#include <string.h>
#include <sys/queue.h>

enum {
    SLOT_BITS = 14,
    CLOSE_BUDGET_US = 50000, /* for the to-be-closed variables of a task that was ended */
};
_Static_assert(TASKS_MAX <= 1 << SLOT_BITS, "a task's id holds its slot");

enum task_status { TASK_QUEUED, TASK_RUNNING, TASK_WAITING };

struct join_wait {
    struct task_wait wait;
    struct task *target; /* NULL once it has ended */
    LIST_ENTRY(join_wait) link;
    int rc;
    struct err err;
};

struct task {
    struct tasks *tasks;
    struct state *state;
    lua_State *co;
    int co_ref;    /* keeps <co> in the registry */
    int arg_count; /* on <co>'s stack for its first step */
    uint32_t slot, seq;
    enum task_status status;
    bool is_cancelled; /* while running: end it after this step */
    enum task_kind kind;
    char *script;
    int64_t incident_id;
    int64_t started_ms, cpu_us;
    uint64_t deadline_timer;
    task_done_fn done;
    void *done_arg;
    struct task_wait
        *wait; /* what it waits for; the box on the coroutine's stack holds the reference */
    LIST_HEAD(, join_wait) joiners;
    TAILQ_ENTRY(task) queue_link;
};

struct tasks {
    struct loop *loop;
    struct task *slots[TASKS_MAX];
    uint32_t free_slots[TASKS_MAX];
    int free_count;
    uint32_t next_seq;
    TAILQ_HEAD(, task) queue;
    int queued;
    bool is_posted; /* run_queue is under way */
    int refs;       /* the owner, each wait, a posted run_queue */
    struct tasks_stats stats;
};

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

static void release_tasks(struct tasks *tasks)
{
    if (--tasks->refs == 0)
        free(tasks);
}

uint64_t task_id(const struct task *task)
{
    return (uint64_t)task->seq << SLOT_BITS | task->slot;
}

static struct task *find_task(const struct tasks *tasks, uint32_t slot, uint32_t seq)
{
    struct task *task = slot < TASKS_MAX ? tasks->slots[slot] : NULL;
    return task && task->seq == seq ? task : NULL;
}

static struct task *find_id(const struct tasks *tasks, uint64_t id)
{
    return find_task(tasks, (uint32_t)(id & ((1 << SLOT_BITS) - 1)), (uint32_t)(id >> SLOT_BITS));
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

static void enqueue(struct task *task)
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
    release_tasks(tasks);
}

/* ---- waits */

static struct task *waiting_task(struct task_wait *wait)
{
    struct task *task = find_task(wait->tasks, wait->slot, wait->seq);
    return task && task->wait == wait ? task : NULL;
}

void *task_wait_ref(struct task_wait *wait)
{
    wait->refs++;
    return wait;
}

void task_wait_unref(struct task_wait *wait)
{
    if (--wait->refs > 0)
        return;
    if (wait->ops->fini)
        wait->ops->fini(wait);
    release_tasks(wait->tasks);
    free(wait);
}

static void cancel_wait(struct task_wait *wait)
{
    if (wait->is_done || wait->is_cancelled)
        return;
    wait->is_cancelled = true;
    if (wait->ops->cancel && wait->refs > 1)
        wait->ops->cancel(wait);
}

/* The coroutine lets go of its wait. */
static void drop_box(struct task_wait *wait)
{
    *wait->box = NULL;
    wait->box = NULL;
    task_wait_unref(wait);
}

static int l_collect_wait(lua_State *L)
{
    struct task_wait **box = lua_touserdata(L, 1);
    if (*box) {
        (*box)->is_cancelled =
            true; /* a binding threw after the start: the operation's end finds nobody */
        drop_box(*box);
    }
    return 0;
}

void *task_wait_new(lua_State *L, const struct task_wait_ops *ops, size_t size)
{
    struct task *task = task_check_can_wait(L, ops->name);
    struct task_wait **box = lua_newuserdatauv(L, sizeof(struct task_wait *), 0);
    *box = NULL;
    if (luaL_newmetatable(L, "engine.wait")) {
        lua_pushcfunction(L, l_collect_wait);
        lua_setfield(L, -2, "__gc");
        lua_pushboolean(L, 0);
        lua_setfield(L, -2, "__metatable");
    }
    lua_setmetatable(L, -2);
    struct task_wait *wait = xcalloc(1, size);
    wait->ops = ops;
    wait->tasks = task->tasks;
    wait->tasks->refs++;
    wait->slot = task->slot;
    wait->seq = task->seq;
    wait->refs = 1;
    wait->box = box;
    *box = wait;
    return wait;
}

void task_wait_complete(struct task_wait *wait)
{
    struct task *task = waiting_task(wait);
    if (wait->is_cancelled || (wait->is_yielded && !task)) {
        wait->tasks->stats.stale++;
        log_debug(LOG_LUA, 0, "%s ended after its task", wait->ops->name);
    } else if (!wait->is_done) {
        wait->is_done = true;
        if (task && task->status == TASK_WAITING)
            enqueue(task);
    }
    task_wait_unref(wait);
}

static int push_results(lua_State *L, int status, lua_KContext context)
{
    (void)status;
    struct task_wait *wait = (struct task_wait *)context;
    wait->is_yielded = false;
    wait->is_done = false;
    int count = wait->ops->push(L, wait);
    if (count == TASK_WAIT_AGAIN)
        return task_wait_yield(L, wait);
    drop_box(wait);
    return count;
}

int task_wait_yield(lua_State *L, struct task_wait *wait)
{
    struct task *task = task_current(L);
    REQUIRE(task && task->slot == wait->slot && task->seq == wait->seq);
    task->wait = wait;
    wait->is_yielded = true;
    return lua_yieldk(L, 0, (lua_KContext)wait, push_results);
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
    enqueue(task);
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
        cancel_wait(task->wait);
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
            enqueue(task);
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
    struct task *task = find_id(tasks, id);
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
    release_tasks(tasks);
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

void task_set_incident(struct task *task, int64_t incident_id)
{
    task->incident_id = incident_id;
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

/* ---- join */

static int push_join(lua_State *L, struct task_wait *wait)
{
    struct join_wait *join = (struct join_wait *)wait;
    if (join->rc != OK)
        return lua_util_push_err(L, &join->err);
    lua_pushboolean(L, 1);
    return 1;
}

static void cancel_join(struct task_wait *wait)
{
    struct join_wait *join = (struct join_wait *)wait;
    LIST_REMOVE(join, link);
    task_wait_unref(wait);
}

int task_join(lua_State *L, uint64_t id)
{
    static const struct task_wait_ops OPS = { "task.join", push_join, cancel_join, NULL };
    struct task *caller = task_check_can_wait(L, OPS.name);
    struct task *target = find_id(caller->tasks, id);
    if (target == caller)
        return luaL_error(L, "a task cannot join itself");
    if (!target) {
        lua_pushboolean(L, 1);
        return 1;
    }
    struct join_wait *join = task_wait_new(L, &OPS, sizeof(*join));
    join->target = target;
    LIST_INSERT_HEAD(&target->joiners, join, link);
    task_wait_ref(&join->wait);
    return task_wait_yield(L, &join->wait);
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
