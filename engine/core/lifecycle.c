#include "core/lifecycle.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const REGIMES[REGIME_COUNT] = { "normal", "postmortem" };

/* From a row to a column: Open, Investigating, Mitigating, Mitigated, Post-mortem, Closed. A
 * status that the regime does not lead to (Post-mortem without one, after the priority was
 * lowered) can be left in the usual ways. */
static const struct lifecycle SHIPPED = {
    .allows = { [REGIME_NORMAL] = { { 0, 1, 0, 0, 0, 1 },
                                    { 0, 0, 1, 0, 0, 1 },
                                    { 0, 0, 0, 1, 0, 0 },
                                    { 0, 1, 1, 0, 0, 1 },
                                    { 0, 1, 1, 0, 0, 1 },
                                    { 0, 1, 1, 0, 0, 0 } },
                [REGIME_POSTMORTEM] = { { 0, 1, 0, 0, 0, 1 },
                                        { 0, 0, 1, 0, 0, 1 },
                                        { 0, 0, 0, 1, 0, 0 },
                                        { 0, 1, 1, 0, 1, 0 },
                                        { 0, 1, 1, 0, 0, 1 },
                                        { 0, 1, 1, 0, 1, 0 } } },
    .reasons = { { "resolved", "Resolved", false },
                 { "duplicate", "Duplicate of another incident", true },
                 { "false_positive", "False alarm", true },
                 { "superseded", "Replaced by another incident", true },
                 { "external", "External cause or known issue", true },
                 { "cancelled", "No longer relevant", true } },
    .reason_count = 6,
    .postmortem_environments = { "PRD" },
    .postmortem_environment_count = 1,
    .needs_document = false,
    .key_events_below = 4,
};

bool lifecycle_allows(const struct lifecycle *lifecycle, enum regime regime, int from, int to)
{
    int row = status_index(from), column = status_index(to);
    return row >= 0 && column >= 0 && (row == column || lifecycle->allows[regime][row][column]);
}

bool lifecycle_needs_reason(int from, int to)
{
    return to == STATUS_CLOSED && from < STATUS_MITIGATING;
}

bool lifecycle_closes_from(const struct lifecycle *lifecycle, enum regime regime, int status)
{
    return lifecycle->allows[regime][status_index(status)][STATUS_COUNT - 1] &&
           !lifecycle_needs_reason(status, STATUS_CLOSED);
}

int lifecycle_last_status(const struct lifecycle *lifecycle, enum regime regime)
{
    int usual = regime == REGIME_POSTMORTEM ? STATUS_POSTMORTEM : STATUS_MITIGATED;
    if (lifecycle_closes_from(lifecycle, regime, usual))
        return usual;
    for (int i = 0; i < STATUS_COUNT; i++)
        if (lifecycle_closes_from(lifecycle, regime, status_at(i)))
            return status_at(i);
    return 0;
}

bool lifecycle_needs_justification(int from, int to)
{
    return from != to &&
           (from == STATUS_CLOSED || (from >= STATUS_MITIGATED && to < STATUS_MITIGATED));
}

const char *lifecycle_reason_label(const struct lifecycle *lifecycle, const char *value)
{
    for (int i = 0; i < lifecycle->reason_count; i++)
        if (strcmp(lifecycle->reasons[i].value, value) == 0)
            return lifecycle->reasons[i].label;
    return NULL;
}

void lifecycle_use_labels(const struct lifecycle *lifecycle)
{
    const char *labels[STATUS_COUNT];
    for (int i = 0; i < STATUS_COUNT; i++)
        labels[i] = lifecycle->labels[i];
    status_set_labels(labels);
}

/* ---- config.lua */

/* What people would read for the status at <index>. */
static const char *label_of(const struct lifecycle *lifecycle, int index)
{
    return lifecycle->labels[index][0] ? lifecycle->labels[index] : status_name(status_at(index));
}

/* No two statuses may be called the same, nor one as another is named. */
static int check_labels(const struct lifecycle *lifecycle, struct err *err)
{
    for (int i = 0; i < STATUS_COUNT; i++) {
        const char *label = label_of(lifecycle, i);
        int named = status_from_name(label);
        bool is_taken = named && named != status_at(i);
        for (int j = 0; j < i; j++)
            is_taken |= strcasecmp(label, label_of(lifecycle, j)) == 0;
        if (is_taken)
            return err_field(err, "lifecycle.statuses",
                             "lifecycle.statuses: two statuses would be called \"%s\"", label);
    }
    return OK;
}

static int read_label(const char *text, char out[STATUS_LABEL_SIZE], const char *path,
                      struct err *err)
{
    if (!text || !*text || strlen(text) >= STATUS_LABEL_SIZE)
        return err_field(err, path, "%s: must be a text of 1 to 40 characters", path);
    copy_text(out, STATUS_LABEL_SIZE, text);
    return OK;
}

static int read_labels(struct lifecycle *out, const json_t *config, struct err *err)
{
    const char *word;
    json_t *label;
    char path[96];
    json_object_foreach (json_object_get(config, "statuses"), word, label) {
        int index = status_index(status_from_name(word));
        snprintf(path, sizeof(path), "lifecycle.statuses.%.40s", word);
        if (index < 0)
            return err_field(err, path, "%s: there is no status of this name", path);
        int rc = read_label(json_string_value(label), out->labels[index], path, err);
        if (rc != OK)
            return rc;
    }
    return check_labels(out, err);
}

static int read_row(bool row[STATUS_COUNT], const json_t *list, const char *path, struct err *err)
{
    size_t index;
    json_t *item;
    memset(row, 0, STATUS_COUNT * sizeof(row[0]));
    json_array_foreach (list, index, item) {
        const char *word = json_string_value(item);
        int status = word ? status_from_name(word) : 0;
        if (!status)
            return err_field(err, path, "%s[%zu]: there is no status \"%.40s\"", path, index + 1,
                             word ? word : "");
        row[status_index(status)] = true;
    }
    return OK;
}

static int read_transitions(struct lifecycle *out, const json_t *config, enum regime regime,
                            struct err *err)
{
    const char *word;
    json_t *list;
    char path[96];
    const json_t *table = json_object_get(json_object_get(config, "transitions"), REGIMES[regime]);
    json_object_foreach ((json_t *)table, word, list) {
        int from = status_from_name(word);
        snprintf(path, sizeof(path), "lifecycle.transitions.%s.%.40s", REGIMES[regime], word);
        if (!from)
            return err_field(err, path, "%s: there is no status of this name", path);
        int rc = read_row(out->allows[regime][status_index(from)], list, path, err);
        if (rc != OK)
            return rc;
    }
    return OK;
}

/* The tables that <regimes> has a bit for. */
enum { ONLY_POSTMORTEM = 1 << REGIME_POSTMORTEM, EITHER = (1 << REGIME_COUNT) - 1 };

/* Marks what can be reached from <at>. */
static void walk(const struct lifecycle *lifecycle, int regimes, int at, bool reached[STATUS_COUNT])
{
    reached[at] = true;
    for (int regime = 0; regime < REGIME_COUNT; regime++)
        for (int to = 0; to < STATUS_COUNT; to++)
            if ((regimes & 1 << regime) && lifecycle->allows[regime][at][to] && !reached[to])
                walk(lifecycle, regimes, to, reached);
}

/* Every status that an incident can come to by either table leads to Closed in this one. */
static int check_ways_out(const struct lifecycle *lifecycle, enum regime regime, const char *path,
                          struct err *err)
{
    bool reachable[STATUS_COUNT] = { false };
    walk(lifecycle, EITHER, status_index(STATUS_OPEN), reachable);
    for (int i = 0; i < STATUS_COUNT; i++) {
        bool from_here[STATUS_COUNT] = { false };
        walk(lifecycle, 1 << regime, i, from_here);
        if (reachable[i] && !from_here[status_index(STATUS_CLOSED)])
            return err_field(err, path, "%s: nothing leads from %s to Closed", path,
                             status_label(status_at(i)));
    }
    return OK;
}

static int check_tables(const struct lifecycle *lifecycle, struct err *err)
{
    bool with_postmortem[STATUS_COUNT] = { false };
    int rc = check_ways_out(lifecycle, REGIME_NORMAL, "lifecycle.transitions.normal", err);
    if (rc == OK)
        rc = check_ways_out(lifecycle, REGIME_POSTMORTEM, "lifecycle.transitions.postmortem", err);
    if (rc != OK)
        return rc;
    walk(lifecycle, ONLY_POSTMORTEM, status_index(STATUS_OPEN), with_postmortem);
    return with_postmortem[status_index(STATUS_POSTMORTEM)]
               ? OK
               : err_field(err, "lifecycle.transitions.postmortem",
                           "lifecycle.transitions.postmortem: nothing leads from Open to"
                           " Post-mortem");
}

static int read_reason(struct lifecycle *out, const json_t *item, size_t index, struct err *err)
{
    const char *value = json_string_value(json_object_get(item, "value"));
    const char *label = json_string_value(json_object_get(item, "label"));
    const json_t *offered = json_object_get(item, "offered");
    if (!value || !*value || strlen(value) >= LIFECYCLE_WORD || lifecycle_reason_label(out, value))
        return err_field(
            err, "lifecycle.closure_reasons",
            "lifecycle.closure_reasons[%zu].value: must be a new word of 1 to 40 characters",
            index + 1);
    struct closure_reason *reason = &out->reasons[out->reason_count++];
    copy_text(reason->value, sizeof(reason->value), value);
    copy_text(reason->label, sizeof(reason->label), label ? label : value);
    reason->is_offered = !offered || json_is_true(offered);
    return OK;
}

static int read_reasons(struct lifecycle *out, const json_t *config, struct err *err)
{
    const json_t *list = json_object_get(config, "closure_reasons");
    size_t index;
    json_t *item;
    if (json_array_size(list) == 0)
        return OK;
    if (json_array_size(list) > CLOSURE_REASONS_MAX)
        return err_field(err, "lifecycle.closure_reasons", "lifecycle.closure_reasons: at most %d",
                         CLOSURE_REASONS_MAX);
    out->reason_count = 0;
    json_array_foreach (list, index, item) {
        int rc = read_reason(out, item, index, err);
        if (rc != OK)
            return rc;
    }
    return OK;
}

static int read_environments(struct lifecycle *out, const json_t *list, struct err *err)
{
    const int most = sizeof(out->postmortem_environments) / sizeof(out->postmortem_environments[0]);
    size_t index;
    json_t *item;
    if (!json_is_array(list))
        return OK;
    if (json_array_size(list) > (size_t)most)
        return err_field(err, "lifecycle.postmortem.environments",
                         "lifecycle.postmortem.environments: at most %d", most);
    out->postmortem_environment_count = 0;
    json_array_foreach (list, index, item)
        copy_text(out->postmortem_environments[out->postmortem_environment_count++],
                  sizeof(out->postmortem_environments[0]), json_string_value(item));
    return OK;
}

int lifecycle_read(const json_t *config, struct lifecycle *out, struct err *err)
{
    *out = SHIPPED;
    const json_t *postmortem = json_object_get(config, "postmortem");
    const json_t *below = json_object_get(config, "key_events_below");
    int rc = read_labels(out, config, err);
    if (rc == OK)
        rc = read_reasons(out, config, err);
    for (int i = 0; rc == OK && i < REGIME_COUNT; i++)
        rc = read_transitions(out, config, (enum regime)i, err);
    if (rc == OK)
        rc = check_tables(out, err);
    if (rc == OK)
        rc = read_environments(out, json_object_get(postmortem, "environments"), err);
    if (rc != OK)
        return rc;
    if (json_is_boolean(json_object_get(postmortem, "document")))
        out->needs_document = json_is_true(json_object_get(postmortem, "document"));
    if (json_is_integer(below))
        out->key_events_below = (int)json_integer_value(below);
    return OK;
}
