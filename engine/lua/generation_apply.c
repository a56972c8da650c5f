/* generation_apply - what starting with scripts and changing to others have in common: they are checked
 * against the database, written to it, and the outcome is recorded. */
#include "lua/generation_internal.h"

#include "base/log.h"
#include "base/mem.h"
#include "core/engine.h"
#include "core/op.h"
#include "lua/config.h"
#include "lua/config_names.h"
#include "lua/report.h"
#include "lua/snapshot.h"

#include <stdlib.h>
#include <string.h>

enum { ERROR_MOST = 16 << 10 }; /* bytes of a refusal that are kept */

bool generation_has_database(const struct generations *generations)
{
    return generations->mode == GENERATIONS_NORMAL && generations->engine->db;
}

void generation_log_report(const struct report *report)
{
    const char *line = buf_text(&report->text);
    while (*line) {
        size_t len = strcspn(line, "\n");
        log_error(LOG_LUA, 0, "%.*s", (int)len, line);
        line += len + (line[len] == '\n');
    }
}

static json_t *reload_args(const char *hash, const char *error)
{
    json_t *args = json_pack("{ss sb}", "hash", hash, "is_accepted", error == NULL);
    json_t *text = error ? json_string(error) : NULL;
    if (error)
        json_object_set_new(args, "error", text ? text : json_string("the scripts are broken"));
    return args;
}

void generation_record_outcome(struct generations *generations, const char *hash, const char *error)
{
    if (generation_has_database(generations))
        op_submit(generations->engine->db, op_find("reload.record"), reload_args(hash, error), NULL,
                  NULL, NULL);
}

void generation_set_error(struct generations *generations, const char *text)
{
    free(generations->error);
    generations->error = text ? xstrndup(text, ERROR_MOST) : NULL;
}

/* ---- checking, on any thread */

/* Unfinished jobs must have somebody to run them. */
static void check_pending(struct engine *engine, const struct generation *generation,
                          struct report *report)
{
    AUTO_BUF struct buf answer = BUF_INIT;
    struct err err;
    if (op_run_now(engine->db, "generation.pending_handlers", NULL, NULL, &answer, &err) != OK) {
        report_add(report, "unfinished jobs cannot be read: %s", err.msg);
        return;
    }
    json_t *rows = json_loadb(buf_text(&answer), answer.len, 0, NULL);
    size_t index;
    json_t *row;
    json_array_foreach (rows, index, row) {
        const char *handler = json_string_value(json_object_get(row, "handler"));
        if (!generation_find_handler(generation, handler))
            report_add(report,
                       "strategies: nothing handles \"%s\" any more, but %lld unfinished jobs need "
                       "it (see `halligan job list`)",
                       handler, (long long)json_integer_value(json_object_get(row, "jobs")));
    }
    json_decref(rows);
}

/* No reason to refuse the file: whatever is called so is left out, and `halligan check` says the same. */
static void warn_of_names(struct generations *generations, const struct generation *generation)
{
    struct report report;
    report_init(&report);
    config_names_check(generation, generations->engine->db, &report);
    for (const char *line = buf_text(&report.text); *line; line += strcspn(line, "\n") + 1)
        log_warn(LOG_LUA, 0, "%.*s", (int)strcspn(line, "\n"), line);
    report_fini(&report);
}

struct generation *generation_load_checked(struct generations *generations,
                                           struct snapshot *snapshot, struct report *report)
{
    struct generation *generation =
        generation_load(generations->engine, snapshot, generations->mode, report);
    if (!generation || !generation_has_database(generations))
        return generation;
    int mistakes = report->count;
    check_pending(generations->engine, generation, report);
    if (report->count == mistakes) {
        warn_of_names(generations, generation);
        return generation;
    }
    generation_free(generation);
    return NULL;
}

/* ---- writing */

static json_t *args_reference(const struct generation *generation)
{
    return json_deep_copy(generation->reference); /* goes to another thread */
}

static json_t *args_subscriptions(const struct generation *generation)
{
    return json_pack("{so}", "rows", json_deep_copy(generation->subscriptions));
}

static json_t *args_save(const struct generation *generation)
{
    json_t *files = snapshot_to_json(generation->snapshot, NULL);
    return json_pack("{ss so}", "hash", snapshot_hash(generation->snapshot), "files",
                     files ? files : json_object());
}

const struct generation_step GENERATION_STEPS[GENERATION_STEP_COUNT] = {
    { "reference.reconcile", args_reference },
    { "subscription.replace", args_subscriptions },
    { "generation.save", args_save },
};

/* Rows that a unit gave stand below its own key of the config: "usergroups[3].tag" is chat.usergroups[3].tag there.
 * When the unit has left rows out, their numbers are not those of the config. */
static char *config_path(const struct generation *generation, const char *field)
{
    AUTO_FREE char *list = xstrndup(field, strcspn(field, ".["));
    const char *key;
    json_t *own;
    if (json_object_get(generation->config, list))
        return xstrdup(field);
    json_object_foreach (generation->config, key, own) {
        const json_t *rows = json_object_get(own, list);
        if (!rows)
            continue;
        bool is_same =
            json_array_size(rows) == json_array_size(json_object_get(generation->reference, list));
        return xasprintf("%s.%s", key, is_same ? field : list);
    }
    return xstrdup(field);
}

/* What an operation refuses comes from the config, at the path that it names. */
void generation_report_step(struct report *report, const struct generation *generation,
                            const struct err *err)
{
    AUTO_FREE char *path = config_path(generation, err->field);
    if (err->field[0])
        config_report(report, generation->snapshot, path, err->msg);
    else
        report_add(report, "%s: %s", snapshot_config_name(generation->snapshot), err->msg);
}

int generation_apply_now(struct generations *generations, struct generation *generation,
                         struct report *report)
{
    struct err err;
    for (int i = 0; i < GENERATION_STEP_COUNT && generation_has_database(generations); i++) {
        AUTO_BUF struct buf answer = BUF_INIT;
        int rc = op_run_now(generations->engine->db, GENERATION_STEPS[i].op,
                            GENERATION_STEPS[i].args(generation), NULL, &answer, &err);
        if (rc != OK) {
            generation_report_step(report, generation, &err);
            return rc;
        }
    }
    return OK;
}
