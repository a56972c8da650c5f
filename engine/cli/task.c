/* task - what the schedules run, and one of them right now. */
#include "base/clock.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/output.h"
#include "cli/suggest.h"
#include "core/engine.h"
#include "loop/loop.h"
#include "lua/generation.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { POLL_MS = 50 };

/* ---- list ------------------------------------------------------------------------------------ */

/* "every 1 h", "0 9 * * 1-5 (Europe/Paris)"; several are joined. */
static void describe_schedules(struct buf *out, const json_t *schedules, const char *task)
{
    size_t index;
    json_t *row;
    json_array_foreach (schedules, index, row) {
        if (strcmp(output_text_of(row, "task"), task) != 0)
            continue;
        const char *cron = output_text_of(row, "cron"), *zone = output_text_of(row, "time_zone");
        if (out->len > 0)
            buf_puts(out, ", ");
        if (*cron) {
            buf_printf(out, "%s (%s)", cron, *zone ? zone : "UTC");
        } else {
            buf_puts(out, "every ");
            output_duration(out, output_int_of(row, "every_ms"));
        }
    }
}

static void print_tasks(const json_t *tasks, const json_t *schedules)
{
    static const char *const HEADERS[] = { "TASK", "RUNS", "ABOUT", NULL };
    struct table *table = table_new(HEADERS);
    size_t index;
    json_t *task;
    json_array_foreach (tasks, index, task) {
        AUTO_BUF struct buf when = BUF_INIT;
        describe_schedules(&when, schedules, output_text_of(task, "name"));
        table_put(table, output_text_of(task, "name"));
        table_put(table, when.len > 0 ? buf_text(&when) : "when asked to");
        table_put(table, output_text_of(task, "about"));
    }
    table_print(table, "No tasks.");
    table_free(table);
}

static void print_tasks_json(const json_t *tasks, const json_t *schedules)
{
    json_t *list = json_deep_copy(tasks);
    size_t index, at;
    json_t *task, *row;
    json_array_foreach (list, index, task) {
        json_t *own = json_array();
        json_array_foreach (schedules, at, row)
            if (strcmp(output_text_of(row, "task"), output_text_of(task, "name")) == 0)
                json_array_append(own, row);
        json_object_set_new(task, "schedules", own);
    }
    output_json(list);
    json_decref(list);
}

/* ---- the scripts ----------------------------------------------------------------------------- */

/* The tasks as the files have them, which nothing runs here. */
struct scripts {
    struct context_paths paths;
    struct engine engine;
};

/* CLI_FAILED, and *err says why, when the scripts are broken. To be closed either way. */
static int scripts_open(struct scripts *scripts, const struct invocation *invocation,
                        struct err *err)
{
    *scripts = (struct scripts){ 0 };
    context_find_paths(invocation, &scripts->paths);
    const struct generations_options options = { .root = scripts->paths.root,
                                                 .config_path = scripts->paths.config_path };
    scripts->engine.root = scripts->paths.root;
    scripts->engine.config_path = scripts->paths.config_path;
    scripts->engine.loop = loop_new(err);
    if (scripts->engine.loop)
        scripts->engine.generations = generations_new(&scripts->engine, &options, err);
    bool is_open = scripts->engine.generations &&
                   generations_load_offline(scripts->engine.generations, err) == OK;
    return is_open ? CLI_OK : CLI_FAILED;
}

static void scripts_close(struct scripts *scripts)
{
    generations_free(scripts->engine.generations);
    loop_free(scripts->engine.loop);
    context_paths_fini(&scripts->paths);
}

static int run_list(const struct invocation *invocation)
{
    struct scripts scripts;
    struct err err = { 0 };
    int rc = scripts_open(&scripts, invocation, &err);
    if (rc != CLI_OK) {
        rc = cli_fail("%s", err.msg);
    } else {
        const json_t *tasks = generations_tasks(scripts.engine.generations);
        const json_t *schedules = generations_schedules(scripts.engine.generations);
        if (invocation_flag(invocation, "json"))
            print_tasks_json(tasks, schedules);
        else
            print_tasks(tasks, schedules);
    }
    scripts_close(&scripts);
    return rc;
}

/* Broken scripts know no names: then the engine's own answer has to do. */
static int check_name(const struct invocation *invocation, const char *name)
{
    struct scripts scripts;
    struct suggestion near;
    struct err err = { 0 };
    size_t index;
    json_t *task;
    bool is_known = scripts_open(&scripts, invocation, &err) != CLI_OK;
    suggest_begin(&near, name);
    json_array_foreach (is_known ? NULL : generations_tasks(scripts.engine.generations), index,
                        task) {
        suggest_consider(&near, output_text_of(task, "name"));
        is_known |= strcmp(output_text_of(task, "name"), name) == 0;
    }
    scripts_close(&scripts);
    if (is_known)
        return CLI_OK;
    cli_fail("there is no task \"%s\"%s%s%s", name, *near.name ? "; did you mean \"" : "",
             near.name, *near.name ? "\"?" : "");
    fputs("See: halligan task list\n", stderr);
    return CLI_USAGE;
}

/* ---- run ------------------------------------------------------------------------------------- */

static void pause_ms(long ms)
{
    const struct timespec pause = { .tv_nsec = ms * 1000000 };
    (void)nanosleep(&pause, NULL);
}

/* Tells what is new since the last look: that it began, that it failed and when it is tried
 * again. */
static void tell_progress(const json_t *job, int64_t *told_attempt)
{
    int64_t attempt = output_int_of(job, "attempt");
    const char *error = output_text_of(job, "error_text");
    if (attempt == *told_attempt || !*error || strcmp(output_text_of(job, "state"), "ready") != 0)
        return;
    AUTO_BUF struct buf text = BUF_INIT;
    output_clean(&text, error, false);
    buf_puts(&text, "; again in ");
    int64_t wait_ms = output_int_of(job, "due_at_ms") - clock_now_ms();
    output_duration(&text, wait_ms > 0 ? wait_ms : 0);
    fprintf(stderr, "attempt %" PRId64 ": %s\n", attempt, buf_text(&text));
    *told_attempt = attempt;
}

/* What the task has noted as `output`. */
static void print_output(const json_t *job)
{
    AUTO_BUF struct buf text = BUF_INIT;
    output_clean(&text, output_text_of(json_object_get(job, "progress"), "output"), true);
    if (text.len > 0)
        printf("%s\n", buf_text(&text));
}

static int tell_end(const json_t *job, const char *name)
{
    const char *state = output_text_of(job, "state");
    int64_t took_ms = output_int_of(job, "finished_at_ms") - output_int_of(job, "started_at_ms");
    AUTO_BUF struct buf text = BUF_INIT;
    if (strcmp(state, "done") == 0) {
        print_output(job);
        output_duration(&text, took_ms);
        printf("%s is done (%s).\n", name, buf_text(&text));
        return CLI_OK;
    }
    output_clean(&text, output_text_of(job, "error_text"), false);
    return cli_fail("%s is %s: %s", name, state,
                    text.len > 0 ? buf_text(&text) : "no reason is known");
}

static int follow(struct context *context, const char *name, int64_t id)
{
    int64_t told_attempt = 0;
    for (;;) {
        json_t *job = NULL;
        if (context_call(context, "job.show", json_pack("{s:I}", "id", (json_int_t)id), &job) !=
            CLI_OK)
            return CLI_FAILED;
        const char *state = output_text_of(job, "state");
        bool is_over = strcmp(state, "ready") != 0 && strcmp(state, "running") != 0;
        int rc = is_over ? tell_end(job, name) : CLI_OK;
        if (!is_over)
            tell_progress(job, &told_attempt);
        json_decref(job);
        if (is_over)
            return rc;
        if (context_engine(context) <= 0)
            return cli_fail("the engine ended; job %" PRId64 " goes on with the next one", id);
        pause_ms(POLL_MS);
    }
}

static int enqueue(struct context *context, const char *name, json_t *args, int64_t *id)
{
    AUTO_FREE char *handler = xasprintf("task:%s", name);
    json_t *answer = NULL;
    json_t *spec = json_pack("{s:s, s:s, s:o}", "handler", handler, "lane", handler, "args", args);
    int rc = context_call(context, "job.enqueue", spec, &answer);
    *id = output_int_of(answer, "id");
    json_decref(answer);
    return rc;
}

static int read_args(const struct invocation *invocation, json_t **args)
{
    json_error_t error;
    const char *text = invocation_text(invocation, "args");
    *args = text ? json_loads(text, 0, &error) : json_object();
    if (json_is_object(*args))
        return CLI_OK;
    if (!*args)
        return cli_usage(invocation, "--args must be a JSON object: %s", error.text);
    json_decref(*args);
    return cli_usage(invocation, "--args must be a JSON object");
}

static int run_task(struct context *context, const struct invocation *invocation)
{
    const char *name = invocation_word(invocation, 0);
    json_t *args = NULL;
    int64_t id = 0;
    if (context_engine(context) <= 0)
        return context_fail_no_engine(context);
    int rc = check_name(invocation, name);
    if (rc == CLI_OK)
        rc = read_args(invocation, &args);
    if (rc == CLI_OK)
        rc = enqueue(context, name, args, &id);
    if (rc != CLI_OK)
        return rc;
    if (!invocation_flag(invocation, "no-wait"))
        return follow(context, name, id);
    printf("Job %" PRId64 " runs it.\n", id);
    return CLI_OK;
}

static int run_run(const struct invocation *invocation)
{
    struct context context = { 0 };
    int rc = context_init(&context, invocation);
    if (rc == CLI_OK)
        rc = run_task(&context, invocation);
    context_fini(&context);
    return rc;
}

static const struct option_spec RUN_OPTIONS[] = {
    { "args", OPTION_TEXT, "JSON", "an object that the task is given", false },
    { "no-wait", OPTION_FLAG, NULL, "do not wait for its end", false },
    { 0 },
};

const struct command TASK_COMMANDS[] = {
    { .name = "task list",
      .about = "Lists the tasks of the scripts and when they run",
      .options = OPTIONS_JSON,
      .run = run_list },
    { .name = "task run",
      .words = "NAME",
      .about = "Runs a task in the engine and follows it to its end",
      .options = RUN_OPTIONS,
      .least_words = 1,
      .most_words = 1,
      .run = run_run,
      .help = "The task runs as a job: tried again when it fails, one run at a time. Ctrl-C ends "
              "the waiting,\n"
              "not the task. What it has noted as its output is printed.\n\n"
              "  halligan task run NAME                (halligan task list has the names)\n" },
    { 0 },
};
