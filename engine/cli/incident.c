/* incident - lists and shows incidents; works without chat and without a running engine. */
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/output.h"
#include "core/lifecycle.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- list ------------------------------------------------------------------------------------ */

static const char *name_within(const json_t *object, const char *member)
{
    return output_text_of(json_object_get(object, member), "name");
}

static void print_incidents(const struct context *context, const json_t *incidents)
{
    static const char *const HEADERS[] = { "ID",       "CREATED", "STATUS", "PRIORITY",
                                           "CATEGORY", "TITLE",   NULL };
    struct table *table = table_new(HEADERS);
    size_t index;
    json_t *incident;
    json_array_foreach (incidents, index, incident) {
        table_putf(table, "%" PRId64, output_int_of(incident, "id"));
        table_put_time(table, context->tz, output_int_of(incident, "created_at_ms"));
        table_put(table, output_text_of(incident, "status_label"));
        table_put(table, name_within(incident, "priority"));
        table_put(table, name_within(incident, "category"));
        table_put(table, output_text_of(incident, "title"));
    }
    table_print(table, "No incidents.");
    table_free(table);
}

/* "Open,Mitigated" as a list. */
static json_t *read_statuses(const char *text)
{
    json_t *statuses = json_array();
    for (const char *at = text; *at; at += strcspn(at, ","), at += *at == ',')
        json_array_append_new(statuses, json_stringn(at, strcspn(at, ",")));
    return statuses;
}

static int run_list(const struct invocation *invocation)
{
    enum { STATUS_CLOSED_NUMBER = 60 };
    const char *status = invocation_text(invocation, "status");
    const char *search = invocation_text(invocation, "search");
    json_t *args =
        json_pack("{s:I, s:s}", "limit", (json_int_t)invocation_int(invocation, "limit", 50),
                  "order", "newest");
    if (search)
        json_object_set_new(args, "search", json_string(search));
    if (status)
        json_object_set_new(args, "status_in", read_statuses(status));
    else if (!invocation_flag(invocation, "all"))
        json_object_set_new(args, "status_below", json_integer(STATUS_CLOSED_NUMBER));
    return context_ask(invocation, "incident.list", args, print_incidents);
}

/* ---- show ------------------------------------------------------------------------------------ */

static void print_text(const char *name, const char *text)
{
    AUTO_BUF struct buf clean = BUF_INIT;
    output_clean(&clean, text, true);
    if (clean.len > 0)
        printf("%-12s %s\n", name, buf_text(&clean));
}

static void print_head(const struct context *context, const json_t *incident)
{
    AUTO_BUF struct buf title = BUF_INIT;
    AUTO_BUF struct buf created = BUF_INIT;
    const json_t *category = json_object_get(incident, "category");
    output_clean(&title, output_text_of(incident, "title"), false);
    output_time(&created, context->tz, output_int_of(incident, "created_at_ms"));
    printf("#%" PRId64 " %s\n\n", output_int_of(incident, "id"), buf_text(&title));
    print_text("status", output_text_of(incident, "status_label"));
    print_text("priority", name_within(incident, "priority"));
    AUTO_FREE char *place =
        xasprintf("%s / %s", name_within(category, "group"), output_text_of(category, "name"));
    print_text("category", place);
    print_text("environment", output_text_of(json_object_get(incident, "environment"), "value"));
    if (json_is_true(json_object_get(incident, "is_private")))
        print_text("private", "yes");
    print_text("declared", buf_text(&created));
    print_text("by", name_within(incident, "created_by"));
    size_t index;
    json_t *role;
    json_array_foreach (json_object_get(incident, "roles"), index, role)
        print_text(output_text_of(role, "slug"), name_within(role, "person"));
    print_text("channel", name_within(incident, "conversation"));
    print_text("page", output_text_of(incident, "url"));
    AUTO_BUF struct buf description = BUF_INIT;
    output_clean(&description, output_text_of(incident, "description"), true);
    printf("\n%s\n", buf_text(&description));
}

static void add_part(struct buf *what, const char *name, const char *value)
{
    if (*value)
        buf_printf(what, "%s%s%s%s", what->len ? ", " : "", name, *name ? " " : "", value);
}

/* "Mitigating, priority P2: Traffic is moved" */
static void put_what(struct table *table, const json_t *update)
{
    AUTO_BUF struct buf what = BUF_INIT;
    const char *message = output_text_of(update, "message");
    const char *role;
    json_t *holder;
    add_part(&what, "", output_text_of(update, "event_type"));
    add_part(&what, "", output_text_of(update, "status_label"));
    add_part(&what, "priority", name_within(update, "priority"));
    add_part(&what, "category", name_within(update, "category"));
    add_part(&what, "environment", output_text_of(json_object_get(update, "environment"), "value"));
    json_object_foreach (json_object_get(update, "roles"), role, holder)
        add_part(&what, "role", role);
    add_part(&what, "title", output_text_of(update, "title"));
    if (*output_text_of(update, "description"))
        add_part(&what, "", "description");
    buf_printf(&what, "%s%s", what.len && *message ? ": " : "", message);
    table_put(table, buf_text(&what));
}

static void print_timeline(const struct context *context, const json_t *updates)
{
    static const char *const HEADERS[] = { "WHEN", "WHO", "WHAT", NULL };
    struct table *table = table_new(HEADERS);
    size_t index;
    json_t *update;
    json_array_foreach (updates, index, update) {
        const char *who = name_within(update, "created_by");
        table_put_time(table, context->tz, output_int_of(update, "event_at_ms"));
        table_put(table, *who ? who : "-");
        put_what(table, update);
    }
    puts("\nTimeline");
    table_print(table, "Nothing yet.");
    table_free(table);
}

static void put_reasons(struct table *table, const json_t *invitation)
{
    AUTO_BUF struct buf text = BUF_INIT;
    size_t index;
    json_t *reason;
    json_array_foreach (json_object_get(invitation, "reasons"), index, reason)
        buf_printf(&text, "%s%s (%s)", index ? "; " : "", output_text_of(reason, "reason"),
                   output_text_of(reason, "strategy"));
    const char *error = output_text_of(invitation, "error");
    if (*error)
        buf_printf(&text, "%s%s", text.len ? " - " : "", error);
    table_put(table, buf_text(&text));
}

static void print_invitations(const json_t *invitations)
{
    static const char *const HEADERS[] = { "WHO", "STATE", "WHY", NULL };
    struct table *table = table_new(HEADERS);
    size_t index;
    json_t *invitation;
    json_array_foreach (invitations, index, invitation) {
        table_put(table, name_within(invitation, "person"));
        table_put(table, output_text_of(invitation, "state"));
        put_reasons(table, invitation);
    }
    puts("\nInvitations");
    table_print(table, "Nobody yet.");
    table_free(table);
}

/* Only what went wrong is worth a line. */
static void print_failures(const json_t *detail)
{
    size_t index;
    json_t *row;
    json_array_foreach (json_object_get(detail, "strategy_runs"), index, row)
        if (strcmp(output_text_of(row, "state"), "failed") == 0)
            printf("\nStrategy %s failed: %s\n", output_text_of(row, "strategy"),
                   output_text_of(row, "error"));
    json_array_foreach (json_object_get(detail, "jobs"), index, row) {
        const char *error = output_text_of(row, "error_text");
        if (*error && strcmp(output_text_of(row, "state"), "done") != 0)
            printf("\nJob %" PRId64 " (%s) is %s: %s\n", output_int_of(row, "id"),
                   output_text_of(row, "handler"), output_text_of(row, "state"), error);
    }
}

static void print_incident(const struct context *context, const json_t *detail)
{
    print_head(context, detail);
    print_timeline(context, json_object_get(detail, "updates"));
    print_invitations(json_object_get(detail, "invitations"));
    print_failures(detail);
}

static int run_show(const struct invocation *invocation)
{
    return context_ask_id(invocation, "incident.detail", print_incident);
}

static const struct option_spec LIST_OPTIONS[] = {
    { "all", OPTION_FLAG, NULL, "the closed ones as well", false },
    { "status", OPTION_TEXT, "NAMES", "those of these statuses, such as Open,Mitigated", false },
    { "search", OPTION_TEXT, "WORDS", "those with this in the title, or a number", false },
    { "limit", OPTION_INT, "N", "at most so many (50)", false },
    { "json", OPTION_FLAG, NULL, "for machines", false },
    { 0 },
};

const struct command INCIDENT_COMMANDS[] = {
    { .name = "incident list",
      .about = "Lists incidents in progress, the newest first",
      .options = LIST_OPTIONS,
      .run = run_list,
      .help = "  halligan incident list --status Mitigated,Post-mortem --search checkout\n" },
    { .name = "incident show",
      .words = "ID",
      .about = "Shows an incident, its timeline, and who was invited and why",
      .options = OPTIONS_JSON,
      .least_words = 1,
      .most_words = 1,
      .run = run_show },
    { 0 },
};
