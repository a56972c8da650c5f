#include "core/closable.h"

#include "store/db.h"

#include <jansson.h>
#include <stdio.h>

static const char SELECT_MISSING[] = "SELECT m.event_type, m.name, m.summary FROM milestone_type m "
                                     "WHERE m.is_required = 1 AND m.is_active = 1 AND NOT"
                                     " EXISTS (SELECT 1 FROM incident_update u WHERE u.incident_id "
                                     "= ? AND u.event_type = m.event_type) ORDER BY"
                                     " m.position, m.id";
static const char SELECT_DOCUMENTS[] = "SELECT COUNT(*), COALESCE(SUM(is_ready), 0) FROM "
                                       "attachment WHERE incident_id = ? AND kind = 'postmortem'";

static void add(struct closable *closable, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void add(struct closable *closable, const char *code, const char *fmt, ...)
{
    struct obstacle *obstacle = &closable->obstacles[closable->count++];
    va_list list;
    va_start(list, fmt);
    vsnprintf(obstacle->text, sizeof(obstacle->text), fmt, list);
    va_end(list);
    obstacle->code = code;
}

static int check_document(struct tx *tx, const struct incident_state *state, struct closable *out,
                          struct err *err)
{
    struct stmt *stmt = tx_query(tx, err, SELECT_DOCUMENTS, "i", state->id);
    int rc = stmt ? stmt_next(stmt, err) : err->code;
    if (rc == DB_ROW && stmt_int(stmt, 0) == 0)
        add(out, "POSTMORTEM_NOT_LINKED", "no post-mortem is linked to the incident");
    else if (rc == DB_ROW && stmt_int(stmt, 1) == 0)
        add(out, "POSTMORTEM_NOT_READY", "the post-mortem is not finished");
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

/* The operator's table decides from where an incident is closed. */
static int check_status(struct tx *tx, const struct lifecycle *lifecycle,
                        const struct incident_state *state, struct closable *out, struct err *err)
{
    enum regime regime = incident_regime(lifecycle, state);
    bool closes = lifecycle_closes_from(lifecycle, regime, state->status);
    int last = lifecycle_last_status(lifecycle, regime);
    const char *code =
        regime == REGIME_POSTMORTEM ? "STATUS_NOT_POST_MORTEM" : "STATUS_NOT_MITIGATED";
    if (!closes && last == STATUS_POSTMORTEM)
        add(out, code, "a %s incident in %s goes through %s first", state->priority_name,
            state->environment_value, status_label(last));
    else if (!closes && last)
        add(out, code, "it is %s, and must be %s first", status_label(state->status),
            status_label(last));
    else if (!closes)
        add(out, code, "it is %s, and is closed only early, with a reason",
            status_label(state->status));
    return regime == REGIME_POSTMORTEM && lifecycle->needs_document
               ? check_document(tx, state, out, err)
               : OK;
}

static int find_missing(struct tx *tx, int64_t id, json_t *missing, struct err *err)
{
    struct stmt *stmt = tx_query(tx, err, SELECT_MISSING, "i", id);
    int rc = stmt ? DB_ROW : err->code;
    while (stmt && (rc = stmt_next(stmt, err)) == DB_ROW)
        json_array_append_new(missing,
                              json_pack("{s:s, s:s, s:s}", "event_type", stmt_text(stmt, 0), "name",
                                        stmt_text(stmt, 1), "summary", stmt_text(stmt, 2)));
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

static void add_missing(struct closable *out)
{
    AUTO_BUF struct buf names = BUF_INIT;
    size_t index;
    json_t *event;
    json_array_foreach (out->missing, index, event)
        buf_printf(&names, "%s%s", index ? ", " : "",
                   json_string_value(json_object_get(event, "name")));
    add(out, "MISSING_REQUIRED_KEY_EVENTS", "key events are missing: %s", buf_text(&names));
}

int closable_check(struct tx *tx, const struct lifecycle *lifecycle,
                   const struct incident_state *state, const char *reason, struct closable *out,
                   struct err *err)
{
    *out = (struct closable){ .missing = json_array() };
    int rc = state->is_ignored ? OK : find_missing(tx, state->id, out->missing, err);
    bool is_early = reason && lifecycle_needs_reason(state->status, STATUS_CLOSED);
    if (rc != OK || is_early || state->is_ignored || state->status == STATUS_CLOSED)
        return rc;
    rc = check_status(tx, lifecycle, state, out, err);
    if (rc == OK && state->priority_value < lifecycle->key_events_below &&
        json_array_size(out->missing) > 0)
        add_missing(out);
    return rc;
}

void closable_fini(struct closable *closable)
{
    json_decref(closable->missing);
}

void closable_words(const struct closable *closable, struct buf *out)
{
    for (int i = 0; i < closable->count; i++)
        buf_printf(out, "%s%s", i ? "; " : "", closable->obstacles[i].text);
}
