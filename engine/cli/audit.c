/* audit - shows the audit log: who did what, from where, what was before and after. */
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/output.h"

#include <inttypes.h>
#include <string.h>

enum { VALUE_MAX = 60 };

/* "jobs", "null", [1,2] in one line, not too long. */
static void put_value(struct buf *out, const json_t *value)
{
    AUTO_FREE char *text = json_is_string(value) ? xstrdup(json_string_value(value))
                                                 : json_dumps(value ? value : json_null(),
                                                              JSON_COMPACT | JSON_ENCODE_ANY);
    size_t len = text ? strlen(text) : 0;
    bool is_long = len > VALUE_MAX;
    if (is_long)
        for (len = VALUE_MAX; len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80;)
            len--;
    buf_append(out, text, len);
    buf_puts(out, is_long ? "..." : "");
}

static void put_change(struct buf *out, const char *name, const json_t *before, const json_t *after)
{
    buf_printf(out, "%s%s%s", out->len ? "; " : "", name, *name ? ": " : "");
    if (before) {
        put_value(out, before);
        buf_puts(out, " -> ");
    }
    put_value(out, after);
}

/* "status: 20 -> 60; closure_reason: duplicate" */
static void describe(const json_t *entry, struct buf *out)
{
    json_t *before = json_object_get(entry, "before"), *after = json_object_get(entry, "after");
    const char *key;
    json_t *value;
    if (!json_is_object(after)) {
        if (!json_is_null(before) || !json_is_null(after))
            put_change(out, "", json_is_null(before) ? NULL : before, after);
        return;
    }
    json_object_foreach (after, key, value)
        put_change(out, key, json_object_get(before, key), value);
}

static void put_who(struct table *table, const json_t *entry)
{
    const char *name = output_text_of(entry, "actor_name");
    const char *id = output_text_of(entry, "actor_id");
    const char *kind = output_text_of(entry, "actor_kind");
    bool is_person = strcmp(kind, "person") == 0;
    if (!*name)
        name = id;
    if (*name)
        table_putf(table, "%s%s%s", is_person ? "" : kind, is_person ? "" : " ", name);
    else
        table_put(table, kind);
}

static void print_entries(const struct context *context, const json_t *entries)
{
    static const char *const HEADERS[] = { "ID",     "WHEN",     "WHO",  "FROM",
                                           "ACTION", "INCIDENT", "WHAT", NULL };
    struct table *table = table_new(HEADERS);
    size_t index;
    json_t *entry;
    json_array_foreach (entries, index, entry) {
        AUTO_BUF struct buf what = BUF_INIT;
        AUTO_BUF struct buf clean = BUF_INIT;
        int64_t incident_id = output_int_of(entry, "incident_id");
        describe(entry, &what);
        output_clean(&clean, buf_text(&what), false);
        table_putf(table, "%" PRId64, output_int_of(entry, "id"));
        table_put_time(table, context->tz, output_int_of(entry, "at_ms"));
        put_who(table, entry);
        table_put(table, output_text_of(entry, "source"));
        table_put(table, output_text_of(entry, "action"));
        if (incident_id)
            table_putf(table, "#%" PRId64, incident_id);
        else
            table_put(table, NULL);
        table_put(table, buf_text(&clean));
    }
    table_print(table, "No entries.");
    table_free(table);
}

static int run_audit(const struct invocation *invocation)
{
    int64_t before_id = invocation_int(invocation, "before", 0), incident_id;
    json_t *args = json_pack("{s:I}", "limit", (json_int_t)invocation_int(invocation, "limit", 50));
    if (before_id)
        json_object_set_new(args, "before_id", json_integer(before_id));
    if (invocation_word_count(invocation) > 0) {
        json_decref(args);
        int rc = invocation_word_id(invocation, 0, &incident_id);
        if (rc != CLI_OK)
            return rc;
        args = json_pack("{s:I}", "incident_id", (json_int_t)incident_id);
    }
    return context_ask(invocation, "audit.list", args, print_entries);
}

static const struct option_spec OPTIONS[] = {
    { "limit", OPTION_INT, "N", "at most so many entries (50)", false },
    { "before", OPTION_INT, "ID", "entries before this one: the next page", false },
    { "json", OPTION_FLAG, NULL, "for machines", false },
    { 0 },
};

const struct command AUDIT_COMMANDS[] = {
    { .name = "audit",
      .words = "[INCIDENT]",
      .about = "Who did what, from where, and what was before",
      .options = OPTIONS,
      .most_words = 1,
      .run = run_audit,
      .help =
          "Without a number: the newest entries of everything. With one: all of that incident's,\n"
          "oldest first.\n\n"
          "  halligan audit 12\n"
          "  halligan audit --limit 200 --json\n" },
    { 0 },
};
