/* job - what is waiting, what failed for good and why; and to try again. */
#include "base/clock.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/output.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "in 3 min" while it waits for its time, else the state. */
static void put_state(struct table *table, const json_t *job)
{
    const char *state = output_text_of(job, "state");
    int64_t wait_ms = output_int_of(job, "due_at_ms") - clock_now_ms();
    AUTO_BUF struct buf text = BUF_INIT;
    buf_puts(&text, state);
    if (strcmp(state, "ready") == 0 && wait_ms > 0) {
        buf_puts(&text, ", in ");
        output_duration(&text, wait_ms);
    }
    table_put(table, buf_text(&text));
}

static void print_jobs(const struct context *context, const json_t *jobs)
{
    static const char *const HEADERS[] = { "ID",    "CREATED", "INCIDENT", "HANDLER",
                                           "STATE", "ATTEMPT", "ERROR",    NULL };
    struct table *table = table_new(HEADERS);
    size_t index;
    json_t *job;
    json_array_foreach (jobs, index, job) {
        int64_t incident = output_int_of(job, "incident_id");
        table_putf(table, "%" PRId64, output_int_of(job, "id"));
        table_put_time(table, context->tz, output_int_of(job, "created_at_ms"));
        if (incident)
            table_putf(table, "%" PRId64, incident);
        else
            table_put(table, "-");
        table_put(table, output_text_of(job, "handler"));
        put_state(table, job);
        table_putf(table, "%" PRId64 "/%" PRId64, output_int_of(job, "attempt"),
                   output_int_of(job, "max_attempts"));
        table_put(table, output_text_of(job, "error_text"));
    }
    table_print(table, "No jobs.");
    table_free(table);
}

static int run_list(const struct invocation *invocation)
{
    int64_t incident = invocation_int(invocation, "incident", 0);
    const char *state = invocation_text(invocation, "state");
    const char *handler = invocation_text(invocation, "handler");
    json_t *args = json_pack("{s:I}", "limit", (json_int_t)invocation_int(invocation, "limit", 50));
    if (state)
        json_object_set_new(args, "state", json_string(state));
    if (handler)
        json_object_set_new(args, "handler", json_string(handler));
    if (incident)
        json_object_set_new(args, "incident_id", json_integer(incident));
    return context_ask(invocation, "job.list", args, print_jobs);
}

static void print_field(const char *name, const char *text)
{
    AUTO_BUF struct buf clean = BUF_INIT;
    output_clean(&clean, text, true);
    if (clean.len > 0)
        printf("%-10s %s\n", name, buf_text(&clean));
}

static void print_time(const struct context *context, const char *name, int64_t epoch_ms)
{
    AUTO_BUF struct buf text = BUF_INIT;
    output_time(&text, context->tz, epoch_ms);
    print_field(name, buf_text(&text));
}

static void print_object(const char *name, const json_t *value)
{
    char *text = json_object_size(value) > 0 ? json_dumps(value, JSON_INDENT(2)) : NULL;
    if (text)
        print_field(name, text);
    free(text);
}

static void print_job(const struct context *context, const json_t *job)
{
    printf("Job %" PRId64 "\n", output_int_of(job, "id"));
    print_field("handler", output_text_of(job, "handler"));
    print_field("state", output_text_of(job, "state"));
    if (json_is_true(json_object_get(job, "is_unknown")))
        print_field("", "(the last attempt may have had its effect)");
    printf("%-10s %" PRId64 " of %" PRId64 "\n", "attempt", output_int_of(job, "attempt"),
           output_int_of(job, "max_attempts"));
    if (output_int_of(job, "incident_id"))
        printf("%-10s %" PRId64 "\n", "incident", output_int_of(job, "incident_id"));
    print_field("event", output_text_of(job, "event_kind"));
    print_field("lane", output_text_of(job, "lane"));
    print_field("error", output_text_of(job, "error_text"));
    print_time(context, "created", output_int_of(job, "created_at_ms"));
    print_time(context, "started", output_int_of(job, "started_at_ms"));
    print_time(context, "finished", output_int_of(job, "finished_at_ms"));
    if (strcmp(output_text_of(job, "state"), "ready") == 0)
        print_time(context, "due", output_int_of(job, "due_at_ms"));
    print_object("arguments", json_object_get(job, "args"));
    print_object("progress", json_object_get(job, "progress"));
}

static int run_show(const struct invocation *invocation)
{
    return context_ask_id(invocation, "job.show", print_job);
}

/* Which jobs: a word, --incident or --all; exactly one of them. NULL: none was named. */
static json_t *selection(const struct invocation *invocation, int *rc)
{
    int64_t id, incident = invocation_int(invocation, "incident", 0);
    bool all = invocation_flag(invocation, "all");
    bool has_word = invocation_word(invocation, 0) != NULL;
    *rc = CLI_OK;
    if (has_word + all + (incident != 0) != 1) {
        *rc = cli_usage(invocation, "name a job's ID, or --incident ID, or --all");
        return NULL;
    }
    if (all)
        return json_pack("{s:b}", "all", 1);
    if (incident)
        return json_pack("{s:I}", "incident_id", (json_int_t)incident);
    *rc = invocation_word_id(invocation, 0, &id);
    return *rc == CLI_OK ? json_pack("{s:I}", "id", (json_int_t)id) : NULL;
}

static void print_retried(const struct context *context, const json_t *answer)
{
    int64_t count = output_int_of(answer, "count");
    printf("%" PRId64 " job%s due now%s\n", count, count == 1 ? "" : "s",
           context_engine(context) ? "" : " (no engine runs; they start with the next one)");
}

static int run_retry(const struct invocation *invocation)
{
    int rc;
    json_t *args = selection(invocation, &rc);
    return rc == CLI_OK ? context_ask(invocation, "job.retry", args, print_retried) : rc;
}

static void print_cancelled(const struct context *context, const json_t *answer)
{
    (void)context;
    (void)answer;
    puts("The job is cancelled.");
}

static int run_cancel(const struct invocation *invocation)
{
    return context_ask_id(invocation, "job.cancel", print_cancelled);
}

static const struct option_spec LIST_OPTIONS[] = {
    { "state", OPTION_TEXT, "STATE", "only ready, running, done, dead or cancelled ones", false },
    { "incident", OPTION_INT, "ID", "only those of an incident", false },
    { "handler", OPTION_TEXT, "NAME", "only those of a handler", false },
    { "limit", OPTION_INT, "N", "at most so many (50)", false },
    { "json", OPTION_FLAG, NULL, "for machines", false },
    { 0 },
};

static const struct option_spec RETRY_OPTIONS[] = {
    { "incident", OPTION_INT, "ID", "all dead and waiting ones of an incident", false },
    { "all", OPTION_FLAG, NULL, "all dead and waiting ones", false },
    { "json", OPTION_FLAG, NULL, "for machines", false },
    { 0 },
};

const struct command JOB_COMMANDS[] = {
    { .name = "job list",
      .about = "Lists jobs, the newest first",
      .options = LIST_OPTIONS,
      .run = run_list,
      .help =
          "A job is one piece of work for one handler, as a message to be sent. It is tried again\n"
          "until it is done, dead (failed for good) or cancelled.\n\n"
          "  halligan job list --state dead        what needs a human\n"
          "  halligan job list --incident 42       what an incident's effects do\n" },
    { .name = "job show",
      .words = "ID",
      .about = "Shows one job with its error and its notes",
      .options = OPTIONS_JSON,
      .least_words = 1,
      .most_words = 1,
      .run = run_show },
    { .name = "job retry",
      .words = "[ID]",
      .about = "Makes dead and waiting jobs due at once",
      .options = RETRY_OPTIONS,
      .most_words = 1,
      .run = run_retry,
      .help = "After the cause is mended:\n\n"
              "  halligan job retry 17                 one job; also a cancelled one\n"
              "  halligan job retry --incident 42      all that hangs of an incident\n"
              "  halligan job retry --all              when a vendor was down for long\n" },
    { .name = "job cancel",
      .words = "ID",
      .about = "Gives up a waiting or dead job",
      .options = OPTIONS_JSON,
      .least_words = 1,
      .most_words = 1,
      .run = run_cancel },
    { 0 },
};
