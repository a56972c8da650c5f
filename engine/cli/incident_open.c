/* incident_open - declares an incident. What is not said comes from `defaults` of config.lua, as for
 * whoever declares in chat; works without a running engine, whose jobs then wait.
 * Read run_open() first. */
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/output.h"
#include "core/people.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\r\n"

enum { WORDS_MOST = 200 };

/* What the words and options say; owned texts, NULL for what is not said. */
struct said {
    char *priority, *title;
};

static void said_fini(struct said *said)
{
    free(said->priority);
    free(said->title);
}

/* ---- what is said ---------------------------------------------------------------------------- */

/* The words from <first> on as one line; NULL: there are none. Caller frees. */
static char *joined_words(const struct invocation *invocation, int first)
{
    AUTO_BUF struct buf line = BUF_INIT;
    for (int i = first; i < invocation_word_count(invocation); i++)
        buf_printf(&line, "%s%s", line.len ? " " : "", invocation_word(invocation, i));
    return line.len ? xstrdup(buf_text(&line)) : NULL;
}

static bool is_blank(const char *text)
{
    return text[strspn(text, BLANKS)] == '\0';
}

/* A text of its own; NULL stays NULL. */
static char *copy_of(const char *text)
{
    return text ? xstrdup(text) : NULL;
}

/* The priority is the first word, what is wrong are those behind it; all of it may be one word, in quotes. */
static void split_words(const struct invocation *invocation, struct said *said)
{
    const char *first = invocation_word(invocation, 0);
    size_t len = first ? strcspn(first, BLANKS) : 0;
    bool is_whole = invocation_word_count(invocation) == 1 && first[len];
    said->priority = is_whole ? xstrndup(first, len) : copy_of(first);
    said->title =
        is_whole ? xstrdup(first + len + strspn(first + len, BLANKS)) : joined_words(invocation, 1);
}

/* What has its option is not among the words. */
static int read_words(const struct invocation *invocation, struct said *said)
{
    const char *priority = invocation_text(invocation, "priority");
    const char *title = invocation_text(invocation, "title");
    if (!priority && !title) {
        split_words(invocation, said);
        return CLI_OK;
    }
    AUTO_FREE char *rest = joined_words(invocation, priority ? 0 : 1);
    if (title && rest)
        return cli_usage(invocation, "the title is given twice: --title and \"%s\"", rest);
    said->priority = copy_of(priority ? priority : invocation_word(invocation, 0));
    said->title = copy_of(title ? title : rest);
    return CLI_OK;
}

static const char *who(const struct invocation *invocation)
{
    const char *by = invocation_text(invocation, "by");
    const char *email = getenv("EMAIL");
    return by ? by : email && *email ? email : NULL;
}

/* Everything that only whoever declares can know, in one message. */
static int check_said(const struct invocation *invocation, const struct said *said)
{
    AUTO_BUF struct buf missing = BUF_INIT;
    if (!said->priority)
        buf_puts(&missing, "\n  the priority, such as P2: the first word, or --priority");
    if (!said->title || is_blank(said->title))
        buf_puts(&missing, "\n  what is wrong, in one line: the words behind it, or --title");
    const char *by = who(invocation);
    if (!by)
        buf_puts(&missing, "\n  who declares it: --by EMAIL, or the variable EMAIL");
    if (missing.len)
        return cli_usage(invocation, "missing:%s", buf_text(&missing));
    if (!people_is_email(text_of(by)))
        return cli_usage(invocation, "who declares it must be an e-mail address, not \"%s\"", by);
    return CLI_OK;
}

/* ---- what is declared ------------------------------------------------------------------------ */

static int put_text(json_t *args, const char *key, const char *text,
                    const struct invocation *invocation)
{
    if (!text)
        return CLI_OK;
    json_t *value = json_string(text);
    if (!value)
        return cli_usage(invocation, "the %s is not written in UTF-8", key);
    json_object_set_new(args, key, value);
    return CLI_OK;
}

/* An option, or what the config says when nobody says it. */
static int put_default(json_t *args, const char *key, const struct invocation *invocation,
                       const struct context *context)
{
    const json_t *defaults = json_object_get(context->config, "defaults");
    const char *text = invocation_text(invocation, key);
    text = text ? text : json_string_value(json_object_get(defaults, key));
    if (!text)
        return cli_usage(invocation, "--%s is missing, and %s has no defaults.%s", key,
                         context->config_path, key);
    return put_text(args, key, text, invocation);
}

static int fill(json_t *args, const struct said *said, const struct invocation *invocation,
                const struct context *context)
{
    const char *description = invocation_text(invocation, "description");
    const struct {
        const char *key, *text;
    } TEXTS[] = {
        { "title", said->title },
        { "description", description ? description : said->title },
        { "priority", said->priority },
        { "created_by_email", who(invocation) },
        { "request_key", invocation_text(invocation, "request-key") },
    };
    int rc = CLI_OK;
    for (size_t i = 0; rc == CLI_OK && i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++)
        rc = put_text(args, TEXTS[i].key, TEXTS[i].text, invocation);
    if (rc == CLI_OK)
        rc = put_default(args, "category", invocation, context);
    if (rc == CLI_OK)
        rc = put_default(args, "environment", invocation, context);
    if (invocation_flag(invocation, "private"))
        json_object_set_new(args, "private", json_true());
    if (invocation_flag(invocation, "drill"))
        json_object_set_new(args, "drill", json_true());
    return rc;
}

/* ---- the command ----------------------------------------------------------------------------- */

static const char *part_of(const json_t *incident, const char *part, const char *member)
{
    return output_text_of(json_object_get(incident, part), member);
}

static void tell_opened(const struct context *context, const json_t *answer)
{
    const json_t *incident = json_object_get(answer, "incident");
    printf("Incident %" PRId64 " is %s: %s\n", output_int_of(answer, "id"),
           json_is_true(json_object_get(answer, "created")) ? "declared" : "known already",
           output_text_of(incident, "url"));
    printf("%s, category %s, environment %s, by %s\n", part_of(incident, "priority", "name"),
           part_of(incident, "category", "name"), part_of(incident, "environment", "value"),
           part_of(incident, "created_by", "email"));
    if (context_engine(context) <= 0)
        puts("No engine runs: channel and invitations follow when one does.");
}

static int declare(const struct invocation *invocation, const struct said *said)
{
    struct context context = { 0 };
    json_t *args = json_object(), *answer = NULL;
    int rc = context_init(&context, invocation);
    if (rc == CLI_OK)
        rc = fill(args, said, invocation, &context);
    if (rc == CLI_OK)
        rc = context_call(&context, "incident.declare", json_incref(args), &answer);
    if (rc == CLI_OK && invocation_flag(invocation, "json"))
        output_json(answer);
    else if (rc == CLI_OK)
        tell_opened(&context, answer);
    json_decref(args);
    json_decref(answer);
    context_fini(&context);
    return rc;
}

static int run_open(const struct invocation *invocation)
{
    struct said said = { 0 };
    int rc = read_words(invocation, &said);
    if (rc == CLI_OK)
        rc = check_said(invocation, &said);
    if (rc == CLI_OK)
        rc = declare(invocation, &said);
    said_fini(&said);
    return rc;
}

static const struct option_spec OPTIONS[] = {
    { "priority", OPTION_TEXT, "NAME", "instead of the first word", false },
    { "title", OPTION_TEXT, "TEXT", "instead of the words behind it", false },
    { "description", OPTION_TEXT, "TEXT", "what is known so far (the title)", false },
    { "category", OPTION_TEXT, "NAME", "such as Payment (defaults.category of the config)", false },
    { "environment", OPTION_TEXT, "VALUE", "such as PRD (defaults.environment of the config)",
      false },
    { "by", OPTION_TEXT, "EMAIL", "who declares it (the variable EMAIL)", false },
    { "private", OPTION_FLAG, NULL, "seen by its members only", false },
    { "drill", OPTION_FLAG, NULL, "an exercise: marked as one, left out of metrics", false },
    { "request-key", OPTION_TEXT, "KEY", "the same key again declares nothing new", false },
    { "json", OPTION_FLAG, NULL, "for machines", false },
    { 0 },
};

const struct command INCIDENT_OPEN_COMMANDS[] = {
    { .name = "incident open",
      .words = "PRIORITY TITLE",
      .about = "Declares an incident",
      .options = OPTIONS,
      .most_words = WORDS_MOST,
      .run = run_open,
      .help = "It is durable before the command ends; channel, messages and invitations follow as "
              "jobs.\n\n"
              "  halligan incident open P2 Card payments fail --by ada@example.com\n"
              "  halligan incident open P1 \"Card payments fail\" --description \"All cards since "
              "14:00\" \\\n"
              "      --category Payment --environment PRD --by ada@example.com\n" },
    { 0 },
};
