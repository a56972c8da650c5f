/* webhook - what other systems are told: the declared webhooks, what became of each delivery, and
 * sending one again. Works without a running engine, whose jobs then wait. */
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/output.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- list ------------------------------------------------------------------------------------ */

static void put_events(struct table *table, const json_t *events)
{
    AUTO_BUF struct buf text = BUF_INIT;
    size_t index;
    json_t *event;
    json_array_foreach (events, index, event)
        buf_printf(&text, "%s%s", index ? ", " : "", json_string_value(event));
    table_put(table, text.len ? buf_text(&text) : "all");
}

static void print_webhooks(const struct context *context, const json_t *webhooks)
{
    static const char *const HEADERS[] = { "NAME",   "WAITING", "DELIVERED", "FAILED",
                                           "EVENTS", "PRIVATE", "URL",       NULL };
    struct table *table = table_new(HEADERS);
    size_t index;
    json_t *webhook;
    (void)context;
    json_array_foreach (webhooks, index, webhook) {
        table_put(table, output_text_of(webhook, "name"));
        table_putf(table, "%" PRId64, output_int_of(webhook, "waiting"));
        table_putf(table, "%" PRId64, output_int_of(webhook, "delivered"));
        table_putf(table, "%" PRId64, output_int_of(webhook, "failed"));
        put_events(table, json_object_get(webhook, "events"));
        table_put(table,
                  json_is_true(json_object_get(webhook, "is_private")) ? "told" : "not told");
        table_put(table, output_text_of(webhook, "url"));
    }
    table_print(table, "No webhooks: config.lua names none (webhooks = {}).");
    table_free(table);
}

static int run_list(const struct invocation *invocation)
{
    return context_ask(invocation, "webhook.list", json_object(), print_webhooks);
}

/* ---- deliveries ------------------------------------------------------------------------------ */

/* "503 try later", or why there was no answer at all. */
static void put_outcome(struct table *table, const json_t *attempt)
{
    AUTO_BUF struct buf text = BUF_INIT;
    if (output_int_of(attempt, "status"))
        buf_printf(&text, "%" PRId64 " ", output_int_of(attempt, "status"));
    const char *error = output_text_of(attempt, "error");
    output_clean(&text, *error ? error : output_text_of(attempt, "answer"), false);
    table_put(table, buf_text(&text));
}

static void print_deliveries(const struct context *context, const json_t *deliveries)
{
    static const char *const HEADERS[] = { "ID",    "MADE",  "WEBHOOK",     "EVENT", "INCIDENT",
                                           "STATE", "TRIES", "LAST ANSWER", NULL };
    struct table *table = table_new(HEADERS);
    size_t index;
    json_t *delivery;
    json_array_foreach (deliveries, index, delivery) {
        table_putf(table, "%" PRId64, output_int_of(delivery, "id"));
        table_put_time(table, context->tz, output_int_of(delivery, "created_at_ms"));
        table_put(table, output_text_of(delivery, "webhook"));
        table_put(table, output_text_of(delivery, "kind"));
        table_putf(table, "%" PRId64, output_int_of(delivery, "incident_id"));
        table_put(table, output_text_of(delivery, "state"));
        table_putf(table, "%" PRId64, output_int_of(delivery, "attempts"));
        put_outcome(table, delivery);
    }
    table_print(table, "No deliveries.");
    table_free(table);
}

static int run_deliveries(const struct invocation *invocation)
{
    const char *webhook = invocation_word(invocation, 0);
    const char *state = invocation_text(invocation, "state");
    json_t *args = json_pack("{s:I}", "limit", (json_int_t)invocation_int(invocation, "limit", 50));
    if (webhook)
        json_object_set_new(args, "webhook", json_string(webhook));
    if (state)
        json_object_set_new(args, "state", json_string(state));
    return context_ask(invocation, "webhook.deliveries", args, print_deliveries);
}

/* ---- show ------------------------------------------------------------------------------------ */

static void print_tries(const struct context *context, const json_t *tries)
{
    static const char *const HEADERS[] = { "TRY", "WHEN", "TOOK", "ANSWER", NULL };
    struct table *table = table_new(HEADERS);
    size_t index;
    json_t *attempt;
    json_array_foreach (tries, index, attempt) {
        AUTO_BUF struct buf took = BUF_INIT;
        table_putf(table, "%" PRId64, output_int_of(attempt, "attempt"));
        table_put_time(table, context->tz, output_int_of(attempt, "at_ms"));
        output_duration(&took, output_int_of(attempt, "duration_ms"));
        table_put(table, buf_text(&took));
        put_outcome(table, attempt);
    }
    table_print(table, "Not tried yet.");
    table_free(table);
}

static void print_delivery(const struct context *context, const json_t *delivery)
{
    AUTO_BUF struct buf body = BUF_INIT;
    output_clean(&body, output_text_of(delivery, "body"), true);
    printf("Delivery %" PRId64 " of %s to %s: %s\n", output_int_of(delivery, "id"),
           output_text_of(delivery, "kind"), output_text_of(delivery, "webhook"),
           output_text_of(delivery, "state"));
    printf("webhook-id: %s\n\n%s\n\n", output_text_of(delivery, "message_id"), buf_text(&body));
    print_tries(context, json_object_get(delivery, "tries"));
}

static int run_show(const struct invocation *invocation)
{
    return context_ask_id(invocation, "webhook.delivery", print_delivery);
}

/* ---- replay ---------------------------------------------------------------------------------- */

static void print_replay(const struct context *context, const json_t *answer)
{
    int64_t count = output_int_of(answer, "count");
    printf("%" PRId64 " %s sent again, with the same bytes and webhook-id.\n", count,
           count == 1 ? "delivery is" : "deliveries are");
    if (context_engine(context) <= 0)
        puts("No engine runs: they wait until one does.");
}

static int run_replay(const struct invocation *invocation)
{
    const char *failed_of = invocation_text(invocation, "failed-of");
    if (!failed_of == !invocation_word(invocation, 0))
        return cli_usage(invocation, "either the delivery's ID or --failed-of NAME is needed");
    if (failed_of)
        return context_ask(invocation, "webhook.replay", json_pack("{s:s}", "webhook", failed_of),
                           print_replay);
    return context_ask_id(invocation, "webhook.replay", print_replay);
}

static const struct option_spec DELIVERIES_OPTIONS[] = {
    { "state", OPTION_TEXT, "STATE", "only those that are waiting, delivered or failed", false },
    { "limit", OPTION_INT, "N", "at most so many (50)", false },
    { "json", OPTION_FLAG, NULL, "for machines", false },
    { 0 },
};

static const struct option_spec REPLAY_OPTIONS[] = {
    { "failed-of", OPTION_TEXT, "NAME", "all that failed of this webhook", false },
    { "json", OPTION_FLAG, NULL, "for machines", false },
    { 0 },
};

const struct command WEBHOOK_COMMANDS[] = {
    { .name = "webhook list",
      .about = "Lists the webhooks of the config, with the state of their deliveries",
      .options = OPTIONS_JSON,
      .run = run_list },
    { .name = "webhook deliveries",
      .words = "[NAME]",
      .about = "Lists what was sent or shall be, the newest first",
      .options = DELIVERIES_OPTIONS,
      .most_words = 1,
      .run = run_deliveries },
    { .name = "webhook show",
      .words = "ID",
      .about = "Shows a delivery: its body, and what came of each try",
      .options = OPTIONS_JSON,
      .least_words = 1,
      .most_words = 1,
      .run = run_show },
    { .name = "webhook replay",
      .words = "[ID]",
      .about = "Sends a delivery again",
      .options = REPLAY_OPTIONS,
      .most_words = 1,
      .run = run_replay,
      .help = "The receiver gets the same bytes with the same webhook-id, signed anew.\n\n"
              "  halligan webhook replay 42\n"
              "  halligan webhook replay --failed-of status-page\n" },
    { 0 },
};
