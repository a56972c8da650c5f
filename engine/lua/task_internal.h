/* task_internal - what a task is, shared by the files that run it: task.c starts, steps and ends it,
 * task_wait.c lets it wait. Nobody else includes this. */
#pragma once
#include <sys/queue.h>

#include "lua/task.h"

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

/* NULL when it has ended. */
struct task *task_find(const struct tasks *tasks, uint32_t slot, uint32_t seq);
struct task *task_find_id(const struct tasks *tasks, uint64_t id);
/* Its next step follows from the loop. */
void task_enqueue(struct task *task);
/* One holder less; the last one frees the set. */
void tasks_release(struct tasks *tasks);

/* ---- task_wait.c */

/* The task waits no more: the operation is told, once. */
void task_wait_cancel(struct task_wait *wait);
