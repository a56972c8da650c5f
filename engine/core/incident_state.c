#include "core/incident_state.h"

#include "base/mem.h"
#include "core/response.h"
#include "store/db.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char SELECT_LIFECYCLE[] = "SELECT document FROM lifecycle WHERE id = 1";
static const char SELECT_STATE[] =
    "SELECT i.status, p.id, i.category_id, e.id, p.name, e.value, p.value, p.needs_postmortem,"
    " p.recommended_response_type, i.response_type = 'critical', i.is_ignored, i.is_drill,"
    " i.duplicate_of, i.title, i.description, i.custom_fields, i.closure_reason, i.dedup_key,"
    " i.closure_reference FROM incident i JOIN priority p ON p.id = i.priority_id JOIN environment"
    " e ON e.id = i.environment_id WHERE i.id = ?";

int lifecycle_load(struct tx *tx, struct lifecycle *out, struct err *err)
{
    struct stmt *stmt = tx_query(tx, err, SELECT_LIFECYCLE, "");
    if (!stmt)
        return err->code;
    int rc = stmt_next(stmt, err);
    json_t *document = rc == DB_ROW ? json_loads(stmt_text(stmt, 0), 0, NULL) : NULL;
    stmt_end(stmt);
    if (rc >= 0)
        rc = lifecycle_read(document, out, err);
    json_decref(document);
    return rc;
}

static char *text_or_null(struct stmt *stmt, int column)
{
    return stmt_is_null(stmt, column) ? NULL : xstrdup(stmt_text(stmt, column));
}

static void take(struct incident_state *out, struct stmt *stmt)
{
    out->status = (int)stmt_int(stmt, 0);
    copy_text(out->priority_id, sizeof(out->priority_id), stmt_text(stmt, 1));
    copy_text(out->category_id, sizeof(out->category_id), stmt_text(stmt, 2));
    copy_text(out->environment_id, sizeof(out->environment_id), stmt_text(stmt, 3));
    copy_text(out->priority_name, sizeof(out->priority_name), stmt_text(stmt, 4));
    copy_text(out->environment_value, sizeof(out->environment_value), stmt_text(stmt, 5));
    out->priority_value = stmt_int(stmt, 6);
    out->needs_postmortem = stmt_int(stmt, 7);
    out->wants_critical = response_is_critical(stmt_text(stmt, 8), out->priority_value);
    out->is_critical = stmt_int(stmt, 9);
    out->is_ignored = stmt_int(stmt, 10);
    out->is_drill = stmt_int(stmt, 11);
    out->duplicate_of = stmt_int(stmt, 12);
    out->title = xstrdup(stmt_text(stmt, 13));
    out->description = xstrdup(stmt_text(stmt, 14));
    out->custom_fields = xstrdup(stmt_text(stmt, 15));
    out->closure_reason = text_or_null(stmt, 16);
    out->dedup_key = text_or_null(stmt, 17);
    out->closure_reference = xstrdup(stmt_text(stmt, 18));
}

int incident_state_load(struct tx *tx, int64_t id, struct incident_state *out, struct err *err)
{
    *out = (struct incident_state){ .id = id };
    struct stmt *stmt = tx_query(tx, err, SELECT_STATE, "i", id);
    if (!stmt)
        return err->code;
    int rc = stmt_next(stmt, err);
    if (rc == DB_ROW)
        take(out, stmt);
    stmt_end(stmt);
    if (rc == DB_DONE)
        return err_set(err, ERR_NOT_FOUND, "there is no incident %" PRId64, id);
    return rc < 0 ? rc : OK;
}

void incident_state_fini(struct incident_state *state)
{
    free(state->title);
    free(state->description);
    free(state->custom_fields);
    free(state->closure_reason);
    free(state->closure_reference);
    free(state->dedup_key);
}

enum regime incident_regime(const struct lifecycle *lifecycle, const struct incident_state *state)
{
    for (int i = 0; state->needs_postmortem && i < lifecycle->postmortem_environment_count; i++)
        if (strcmp(lifecycle->postmortem_environments[i], state->environment_value) == 0)
            return REGIME_POSTMORTEM;
    return REGIME_NORMAL;
}
