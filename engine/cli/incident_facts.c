/* incident_facts - what is known about an incident: its key events and who holds its roles; shown,
 * or changed by words like "started=10:42" and "commander=ada@example.com". And why each person
 * was invited. */
#include "base/clock.h"
#include "base/iso_time.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/output.h"
#include "core/args.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { CHANGES_MOST = 50 };

static int read_id(const struct invocation *invocation, json_t **args, const char *key)
{
    int64_t id = 0;
    int rc = invocation_word_id(invocation, 0, &id);
    *args = json_pack("{s:I}", key, (json_int_t)id);
    return rc;
}

/* ---- "name=value" ---------------------------------------------------------------------------- */

/* The value of one change; NULL, and it is said, when it is none. */
typedef json_t *(*value_fn)(const struct invocation *invocation, struct context *context,
                            const char *text);

/* The words behind the first as an object. CLI_USAGE, and it is said, when one is not understood. */
static int read_changes(const struct invocation *invocation, struct context *context,
                        value_fn value_of, json_t *changes)
{
    for (int i = 1; i < invocation_word_count(invocation); i++) {
        const char *word = invocation_word(invocation, i);
        size_t len = strcspn(word, "=");
        if (len == 0 || !word[len])
            return cli_usage(invocation, "\"%s\" is no change; write NAME=VALUE", word);
        json_t *value = value_of(invocation, context, word + len + 1);
        if (!value)
            return CLI_USAGE;
        AUTO_FREE char *name = xasprintf("%.*s", (int)len, word);
        json_object_set_new(changes, name, value);
    }
    return CLI_OK;
}

/* One operation that shows, another that changes. */
struct facts {
    const char *show, *set, *argument;
    value_fn value_of;
    void (*print)(const struct context *context, const json_t *answer);
};

static int set_and_show(const struct invocation *invocation, struct context *context,
                        const struct facts *facts, json_t *args, json_t **answer)
{
    AUTO_JSON json_t *changes = json_object();
    int rc = read_changes(invocation, context, facts->value_of, changes);
    if (rc == CLI_OK && json_object_size(changes)) {
        json_t *change = json_copy(args);
        json_t *changed = NULL;
        json_object_set(change, facts->argument, changes);
        rc = context_call(context, facts->set, change, &changed);
        json_decref(changed);
    }
    return rc == CLI_OK ? context_call(context, facts->show, json_incref(args), answer) : rc;
}

static int run_facts(const struct invocation *invocation, const struct facts *facts)
{
    struct context context = { 0 };
    json_t *args, *answer = NULL;
    int rc = read_id(invocation, &args, "id");
    if (rc == CLI_OK)
        rc = context_init(&context, invocation);
    if (rc == CLI_OK)
        rc = set_and_show(invocation, &context, facts, args, &answer);
    if (rc == CLI_OK && invocation_flag(invocation, "json"))
        output_json(answer);
    else if (rc == CLI_OK)
        facts->print(&context, answer);
    json_decref(args);
    json_decref(answer);
    context_fini(&context);
    return rc;
}

/* ---- key events ------------------------------------------------------------------------------ */

static json_t *moment_of(const struct invocation *invocation, struct context *context,
                         const char *text)
{
    int64_t at_ms;
    if (!*text)
        return json_null();
    if (!strcmp(text, "now"))
        return json_integer(clock_now_ms());
    if (iso_time_parse(text, strlen(text), context->tz, &at_ms, NULL) == OK)
        return json_integer(at_ms);
    cli_usage(invocation, "\"%s\" is no time; write 2026-11-23T14:02, now, or nothing", text);
    return NULL;
}

static void print_key_events(const struct context *context, const json_t *events)
{
    static const char *const HEADERS[] = { "KEY EVENT", "WHEN", "WANTED", "ABOUT", NULL };
    struct table *table = table_new(HEADERS);
    size_t index;
    json_t *event;
    json_array_foreach (events, index, event) {
        table_put(table, output_text_of(event, "event_type"));
        table_put_time(table, context->tz, output_int_of(event, "at_ms"));
        table_put(table, json_is_true(json_object_get(event, "is_required")) ? "to close" : "");
        table_put(table, output_text_of(event, "summary"));
    }
    table_print(table, "No key events: config.lua names none.");
    table_free(table);
}

static int run_key_events(const struct invocation *invocation)
{
    static const struct facts FACTS = { "incident.key_events", "incident.set_key_events",
                                        "key_events", moment_of, print_key_events };
    return run_facts(invocation, &FACTS);
}

/* ---- roles ----------------------------------------------------------------------------------- */

/* "a@x.example,b@x.example": the ids of these people. */
static json_t *people_of(const struct invocation *invocation, struct context *context,
                         const char *text)
{
    (void)invocation;
    if (!*text)
        return json_null();
    json_t *people = json_array();
    for (const char *at = text; *at; at += strcspn(at, ","), at += *at == ',') {
        AUTO_FREE char *email = xasprintf("%.*s", (int)strcspn(at, ","), at);
        json_t *id = context_person_id(context, email);
        if (!id) {
            json_decref(people);
            return NULL;
        }
        json_array_append_new(people, id);
    }
    return people;
}

static void print_roles(const struct context *context, const json_t *incident)
{
    static const char *const HEADERS[] = { "ROLE", "WHO", "E-MAIL", NULL };
    struct table *table = table_new(HEADERS);
    size_t index;
    json_t *role;
    (void)context;
    json_array_foreach (json_object_get(incident, "roles"), index, role) {
        const json_t *person = json_object_get(role, "person");
        table_put(table, output_text_of(role, "slug"));
        table_put(table, output_text_of(person, "name"));
        table_put(table, output_text_of(person, "email"));
    }
    table_print(table, "Nobody holds a role.");
    table_free(table);
}

static int run_roles(const struct invocation *invocation)
{
    static const struct facts FACTS = { "incident.get", "incident.set_roles", "roles", people_of,
                                        print_roles };
    return run_facts(invocation, &FACTS);
}

/* ---- why ------------------------------------------------------------------------------------- */

static void put_line(struct table *table, const json_t *reason)
{
    int64_t line = output_int_of(reason, "source_line");
    if (line)
        table_putf(table, "%" PRId64, line);
    else
        table_put(table, "");
}

static void print_reasons(const struct context *context, const json_t *invitations)
{
    static const char *const HEADERS[] = { "WHO", "STATE", "STRATEGY", "LINE", "WHY", NULL };
    struct table *table = table_new(HEADERS);
    size_t index, at;
    json_t *invitation, *reason;
    (void)context;
    json_array_foreach (invitations, index, invitation) {
        const char *name = output_text_of(json_object_get(invitation, "person"), "name");
        json_array_foreach (json_object_get(invitation, "reasons"), at, reason) {
            table_put(table, at ? "" : name);
            table_put(table, at ? "" : output_text_of(invitation, "state"));
            table_put(table, output_text_of(reason, "strategy"));
            put_line(table, reason);
            table_put(table, output_text_of(reason, "reason"));
        }
    }
    table_print(table, "Nobody was invited.");
    table_free(table);
}

static int run_explain(const struct invocation *invocation)
{
    json_t *args;
    int rc = read_id(invocation, &args, "incident_id");
    if (rc == CLI_OK)
        return context_ask(invocation, "invitation.explain", args, print_reasons);
    json_decref(args);
    return rc;
}

const struct command INCIDENT_FACTS_COMMANDS[] = {
    { .name = "incident key-events",
      .words = "ID [EVENT=TIME...]",
      .about = "Shows the key events of an incident, or sets them",
      .options = OPTIONS_JSON,
      .least_words = 1,
      .most_words = CHANGES_MOST,
      .run = run_key_events,
      .help = "Metrics are computed anew. Nothing behind \"=\" removes a key event.\n\n"
              "  halligan incident key-events 12 started=2026-11-23T10:42 detected=now\n" },
    { .name = "incident roles",
      .words = "ID [ROLE=EMAIL...]",
      .about = "Shows who holds the roles of an incident, or gives them to people",
      .options = OPTIONS_JSON,
      .least_words = 1,
      .most_words = CHANGES_MOST,
      .run = run_roles,
      .help =
          "Several addresses have commas between them; nothing behind \"=\" takes a role away.\n\n"
          "  halligan incident roles 12 commander=ada@example.com\n" },
    { .name = "explain",
      .words = "ID",
      .about = "Why each person was invited to an incident: strategy, its line, and the reason",
      .options = OPTIONS_JSON,
      .least_words = 1,
      .most_words = 1,
      .run = run_explain },
    { 0 },
};
