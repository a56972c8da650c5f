/* verify - is the database what the engine wrote: the chain of the audit log, the file's pages and
 * its references. Works without a running engine and beside one; changes nothing. */
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/output.h"
#include "store/db.h"

#include <inttypes.h>
#include <stdio.h>

static void add_problem(void *arg, const char *text)
{
    json_array_append_new(arg, json_string(text));
}

/* {is_intact,problems:[text]}. A file that cannot be read to its end has that as a problem. */
static json_t *check_database(struct context *context)
{
    struct err err = { 0 };
    json_t *problems = json_array();
    if (db_check(context->db, add_problem, problems, &err) != OK)
        add_problem(problems, err.msg);
    return json_pack("{s:b, s:o}", "is_intact", json_array_size(problems) == 0, "problems",
                     problems);
}

static void print_audit(const json_t *audit)
{
    AUTO_BUF struct buf reason = BUF_INIT;
    output_clean(&reason, output_text_of(audit, "reason"), false);
    int64_t count = output_int_of(audit, "count");
    if (json_is_true(json_object_get(audit, "is_intact")))
        printf("audit log  intact: %" PRId64 " %s\n", count, count == 1 ? "entry" : "entries");
    else
        printf("audit log  BROKEN: %s\n", buf_text(&reason));
    if (output_int_of(audit, "head_id"))
        printf("           the last is %" PRId64 ": %s\n", output_int_of(audit, "head_id"),
               output_text_of(audit, "head_hash"));
}

static void print_database(const json_t *database)
{
    const json_t *problems = json_object_get(database, "problems");
    size_t index;
    json_t *problem;
    printf("database   %s\n", json_array_size(problems) ? "BROKEN:" : "intact");
    json_array_foreach (problems, index, problem) {
        AUTO_BUF struct buf text = BUF_INIT;
        output_clean(&text, json_string_value(problem), false);
        printf("           %s\n", buf_text(&text));
    }
}

/* Takes over both parts. */
static int answer(const struct invocation *invocation, json_t *audit, json_t *database)
{
    bool is_intact = json_is_true(json_object_get(audit, "is_intact")) &&
                     json_is_true(json_object_get(database, "is_intact"));
    json_t *both =
        json_pack("{s:b, s:o, s:o}", "is_intact", is_intact, "audit", audit, "database", database);
    if (invocation_flag(invocation, "json")) {
        output_json(both);
    } else {
        print_audit(audit);
        print_database(database);
    }
    json_decref(both);
    return is_intact ? CLI_OK : CLI_FAILED;
}

static int run_verify(const struct invocation *invocation)
{
    struct context context = { 0 };
    const char *hash = invocation_text(invocation, "hash");
    json_t *audit = NULL;
    int rc = context_init(&context, invocation);
    if (rc == CLI_OK)
        rc = context_call(&context, "audit.verify", json_pack("{s:s?}", "hash", hash), &audit);
    if (rc == CLI_OK)
        rc = answer(invocation, audit, check_database(&context));
    context_fini(&context);
    return rc;
}

static const struct option_spec OPTIONS[] = {
    { "hash", OPTION_TEXT, "HASH", "noted earlier as the last: an entry must still have it",
      false },
    { "json", OPTION_FLAG, NULL, "for machines", false },
    { 0 },
};

const struct command VERIFY_COMMANDS[] = {
    { .name = "verify",
      .about = "Checks that nobody changed the audit log, and that the database is whole",
      .options = OPTIONS,
      .run = run_verify,
      .help =
          "Each entry of the audit log carries a hash over the one before it, so that a\n"
          "changed, removed or added entry is found and named. Who can write the file can also\n"
          "compute all hashes anew: note the last one in another place, and give it later.\n"
          "The exit status is 1 when something is broken.\n\n"
          "  halligan verify\n"
          "  halligan verify --hash 5f0c...        is what was written until then still there\n" },
    { 0 },
};
