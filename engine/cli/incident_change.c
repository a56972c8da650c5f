/* incident_change - moves an incident on: update, close, reopen, downgrade. The rules are the
 * kernel's; a refusal is followed by what would be possible. */
#include "base/iso_time.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/output.h"
#include "store/db.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- what would be possible ------------------------------------------------------------------ */

static void print_labels(const char *intro, const json_t *rows, const char *key, size_t first,
                         const char *condition)
{
    AUTO_BUF struct buf text = BUF_INIT;
    for (size_t i = first; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        if (!condition || json_is_true(json_object_get(row, condition)))
            buf_printf(&text, "%s%s", text.len ? ", " : "", output_text_of(row, key));
    }
    if (text.len)
        fprintf(stderr, "%s %s\n", intro, buf_text(&text));
}

/* Where it stands: what it may become, what is missing, which reasons there are. */
static void print_way_out(int64_t id, const json_t *lifecycle)
{
    size_t index;
    json_t *row;
    fprintf(stderr, "It is %s.\n", output_text_of(lifecycle, "status_label"));
    print_labels("It may become:", json_object_get(lifecycle, "next"), "label", 1, NULL);
    print_labels("Reasons for closing it early (--closure-reason):",
                 json_object_get(lifecycle, "closure_reasons"), "value", 0, "is_offered");
    json_array_foreach (json_object_get(lifecycle, "reasons"), index, row)
        fprintf(stderr, "Before it can be closed: %s\n", output_text_of(row, "text"));
    json_array_foreach (json_object_get(lifecycle, "missing_key_events"), index, row)
        fprintf(stderr, "  halligan incident key-events %" PRId64 " %s=now   (%s)\n", id,
                output_text_of(row, "event_type"), output_text_of(row, "name"));
}

static void help_out(struct context *context, int64_t id)
{
    AUTO_BUF struct buf out = BUF_INIT;
    struct err err = { 0 };
    json_t *args = json_pack("{s:I}", "id", (json_int_t)id);
    if (op_run_now(context->db, "incident.lifecycle", args, &context->actor, &out, &err) != OK)
        return; /* the refusal itself was told */
    json_t *lifecycle = json_loadb(out.data, out.len, 0, NULL);
    print_way_out(id, lifecycle);
    json_decref(lifecycle);
}

/* ---- the change ------------------------------------------------------------------------------ */

static void print_change(const json_t *answer)
{
    const json_t *incident = json_object_get(answer, "incident");
    AUTO_BUF struct buf fields = BUF_INIT;
    size_t index;
    json_t *field;
    json_array_foreach (json_object_get(answer, "updated_fields"), index, field)
        buf_printf(&fields, "%s%s", index ? ", " : "", json_string_value(field));
    printf("Incident %" PRId64 " is %s", output_int_of(incident, "id"),
           output_text_of(incident, "status_label"));
    if (fields.len)
        printf("; changed: %s\n", buf_text(&fields));
    else if (json_is_string(json_object_get(answer, "update_id")))
        puts("; the message is on the timeline");
    else
        puts("; nothing changed");
}

/* Whether the lifecycle may have refused it. */
static bool moves_on(const char *op, const json_t *args)
{
    return strcmp(op, "incident.update") != 0 || json_object_get(args, "status");
}

/* Takes over <args>, which get the incident's id. */
static int change(struct context *context, const struct invocation *invocation, const char *op,
                  json_t *args)
{
    json_t *answer = NULL;
    int64_t id;
    int rc = invocation_word_id(invocation, 0, &id);
    if (rc != CLI_OK) {
        json_decref(args);
        return rc;
    }
    json_object_set_new(args, "id", json_integer(id));
    rc = context_call(context, op, json_incref(args), &answer);
    if (rc != CLI_OK && context->db && moves_on(op, args))
        help_out(context, id);
    json_decref(args);
    if (rc == CLI_OK && invocation_flag(invocation, "json"))
        output_json(answer);
    else if (rc == CLI_OK)
        print_change(answer);
    json_decref(answer);
    return rc;
}

/* Options of the same name as the operation's arguments, but for their dashes. Names are with
 * blanks. */
static json_t *read_options(const struct invocation *invocation, const char *names)
{
    json_t *args = json_object();
    for (const char *at = names; *at; at += strcspn(at, " "), at += *at == ' ') {
        char option[32], argument[32];
        snprintf(option, sizeof(option), "%.*s", (int)strcspn(at, " "), at);
        copy_text(argument, sizeof(argument), option);
        for (char *dash = argument; (dash = strchr(dash, '-'));)
            *dash = '_';
        const char *text = invocation_text(invocation, option);
        if (text)
            json_object_set_new(args, argument, json_string(text));
    }
    return args;
}

static int run(const struct invocation *invocation, const char *op, const char *names)
{
    struct context context = { 0 };
    int rc = context_init(&context, invocation);
    if (rc == CLI_OK)
        rc = change(&context, invocation, op, read_options(invocation, names));
    context_fini(&context);
    return rc;
}

/* CLI_USAGE, and it is said, when it is no time. */
static int put_event_time(const struct invocation *invocation, const struct context *context,
                          json_t *args)
{
    const char *text = invocation_text(invocation, "event-at");
    int64_t at_ms;
    if (!text)
        return CLI_OK;
    if (iso_time_parse(text, strlen(text), context->tz, &at_ms, NULL) != OK)
        return cli_usage(invocation, "\"%s\" is no time; write 2026-11-23T14:02", text);
    json_object_set_new(args, "event_at_ms", json_integer(at_ms));
    return CLI_OK;
}

/* An option that says yes or no; absent: the argument is. */
static int put_mark(const struct invocation *invocation, const char *name, json_t *args)
{
    const char *text = invocation_text(invocation, name);
    if (!text)
        return CLI_OK;
    if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
        return cli_usage(invocation, "--%s is yes or no, not \"%s\"", name, text);
    json_object_set_new(args, name, json_boolean(*text == 'y'));
    return CLI_OK;
}

static int run_update(const struct invocation *invocation)
{
    struct context context = { 0 };
    json_t *args = read_options(invocation, "title description message status priority category "
                                            "environment closure-reason closure-reference "
                                            "event-type request-key");
    int rc = context_init(&context, invocation);
    if (rc == CLI_OK)
        rc = put_event_time(invocation, &context, args);
    if (rc == CLI_OK)
        rc = put_mark(invocation, "drill", args);
    if (rc == CLI_OK)
        rc = put_mark(invocation, "ignore", args);
    if (rc == CLI_OK && json_object_size(args) == 0)
        rc = cli_usage(invocation, "say what is new: --message, --status, ...");
    if (rc == CLI_OK)
        rc = change(&context, invocation, "incident.update", json_incref(args));
    json_decref(args);
    context_fini(&context);
    return rc;
}

static int run_close(const struct invocation *invocation)
{
    return run(invocation, "incident.close",
               "message closure-reason closure-reference title description category priority "
               "request-key");
}

static int run_reopen(const struct invocation *invocation)
{
    return run(invocation, "incident.reopen", "message status request-key");
}

static int run_downgrade(const struct invocation *invocation)
{
    return run(invocation, "incident.downgrade", "message request-key");
}

/* ---- the commands ---------------------------------------------------------------------------- */

#define MESSAGE_OPTION                                            \
    {                                                             \
        "message", OPTION_TEXT, "TEXT", "for the timeline", false \
    }
#define CLOSURE_OPTIONS                                                                           \
    { "closure-reason", OPTION_TEXT, "NAME", "why it ends before it was mitigated", false },      \
    {                                                                                             \
        "closure-reference", OPTION_TEXT, "TEXT", "what the reason points to, such as #12", false \
    }
#define ROW_OPTIONS                                                            \
    { "title", OPTION_TEXT, "TEXT", "what is wrong, in one line", false },     \
        { "description", OPTION_TEXT, "TEXT", "what is known so far", false }, \
        { "priority", OPTION_TEXT, "NAME", "such as P1", false },              \
    {                                                                          \
        "category", OPTION_TEXT, "NAME", "such as Payment", false              \
    }
#define COMMON_OPTIONS                                                                       \
    { "request-key", OPTION_TEXT, "KEY", "the same key again changes nothing more", false }, \
        { "json", OPTION_FLAG, NULL, "for machines", false },                                \
    {                                                                                        \
        0                                                                                    \
    }

static const struct option_spec UPDATE_OPTIONS[] = {
    MESSAGE_OPTION,
    { "status", OPTION_TEXT, "NAME", "such as Mitigated", false },
    ROW_OPTIONS,
    { "environment", OPTION_TEXT, "VALUE", "such as PRD", false },
    CLOSURE_OPTIONS,
    { "event-type", OPTION_TEXT, "NAME", "the key event that this step is", false },
    { "event-at", OPTION_TEXT, "TIME", "when it happened, such as 2026-11-23T14:02", false },
    { "drill", OPTION_TEXT, "yes|no", "an exercise, left out of metrics", false },
    { "ignore", OPTION_TEXT, "yes|no", "closed without conditions, left out of reminders", false },
    COMMON_OPTIONS,
};
static const struct option_spec CLOSE_OPTIONS[] = { MESSAGE_OPTION, CLOSURE_OPTIONS, ROW_OPTIONS,
                                                    COMMON_OPTIONS };
static const struct option_spec REOPEN_OPTIONS[] = {
    { "message", OPTION_TEXT, "TEXT", "why; at least 10 characters", true },
    { "status", OPTION_TEXT, "NAME", "where to (Investigating)", false },
    COMMON_OPTIONS,
};
static const struct option_spec DOWNGRADE_OPTIONS[] = { MESSAGE_OPTION, COMMON_OPTIONS };

const struct command INCIDENT_CHANGE_COMMANDS[] = {
    { .name = "incident update",
      .words = "ID",
      .about = "Puts a message on the timeline, changes an incident, or both",
      .options = UPDATE_OPTIONS,
      .least_words = 1,
      .most_words = 1,
      .run = run_update,
      .help = "  halligan incident update 12 --status Mitigated --message \"Traffic is moved\"\n" },
    { .name = "incident close",
      .words = "ID",
      .about = "Closes an incident, or says what is missing",
      .options = CLOSE_OPTIONS,
      .least_words = 1,
      .most_words = 1,
      .run = run_close,
      .help =
          "  halligan incident close 12 --message \"All is well since noon\"\n"
          "  halligan incident close 13 --closure-reason duplicate --closure-reference \"#12\"\n" },
    { .name = "incident reopen",
      .words = "ID",
      .about = "Opens a closed incident again",
      .options = REOPEN_OPTIONS,
      .least_words = 1,
      .most_words = 1,
      .run = run_reopen },
    { .name = "incident downgrade",
      .words = "ID",
      .about = "It was no incident: ignored from now on, and closed",
      .options = DOWNGRADE_OPTIONS,
      .least_words = 1,
      .most_words = 1,
      .run = run_downgrade },
    { 0 },
};
