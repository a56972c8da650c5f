/* reference - GET environments/, priorities/, groups/, incident-categories/, runbooks/ and their details.
 * Two names are kept for old clients: severities/ (priorities) and components/ (categories).
 * Only active rows are listed; a detail finds all. */
#include "api/api_internal.h"
#include "api/handlers.h"
#include "api/reference_json.h"
#include "base/mem.h"
#include "base/uuid.h"

#include <stdio.h>
#include <string.h>

/* One kind of row. */
struct kind {
    const char *list, *detail; /* statements */
    row_json_fn write;
};

static const struct kind ENVIRONMENTS = {
    SELECT_ENVIRONMENTS " WHERE is_active = 1 ORDER BY position, value",
    SELECT_ENVIRONMENTS " WHERE id = ?",
    rest_environment_write,
};
static const struct kind PRIORITIES = {
    SELECT_PRIORITIES " WHERE is_active = 1 ORDER BY position, value",
    SELECT_PRIORITIES " WHERE id = ?",
    rest_priority_write,
};
static const struct kind COST_TYPES = {
    SELECT_COST_TYPES " WHERE is_active = 1 ORDER BY name",
    SELECT_COST_TYPES " WHERE id = ?",
    rest_cost_type_write,
};
static const struct kind RUNBOOKS = {
    SELECT_RUNBOOKS " ORDER BY name, id",
    SELECT_RUNBOOKS " WHERE id = ?",
    rest_runbook_write,
};
static const struct kind GROUPS = {
    SELECT_GROUPS " WHERE is_active = 1 ORDER BY position, name",
    SELECT_GROUPS " WHERE id = ?",
    rest_group_write,
};
static const struct kind CATEGORIES = {
    SELECT_CATEGORIES " WHERE c.is_active = 1 ORDER BY g.position, c.position, c.name",
    SELECT_CATEGORIES " WHERE c.id = ?",
    rest_category_write,
};

/* What is asked for: all of a kind, or the row of an id. */
static int read_rows(struct tx *tx, struct api_read *read, struct err *err)
{
    const struct kind *kind = read->arg;
    struct json_writer w;
    struct stmt *stmt = tx_query(tx, err, kind->list, "");
    if (!stmt)
        return err->code;
    json_writer_init(&w, &read->out);
    json_array_begin(&w);
    int rc;
    while ((rc = stmt_next(stmt, err)) == DB_ROW)
        kind->write(&w, stmt, read->zone);
    json_array_finish(&w);
    stmt_end(stmt);
    return rc;
}

static int read_row(struct tx *tx, struct api_read *read, struct err *err)
{
    const struct kind *kind = read->arg;
    struct stmt *stmt = tx_query(tx, err, kind->detail, "t", read->key);
    if (!stmt)
        return err->code;
    int rc = stmt_next(stmt, err);
    if (rc == DB_ROW) {
        struct json_writer w;
        json_writer_init(&w, &read->out);
        kind->write(&w, stmt, read->zone);
    }
    stmt_end(stmt);
    if (rc == DB_DONE)
        return err_set(err, ERR_NOT_FOUND, "there is no such row");
    return rc < 0 ? rc : OK;
}

static void answer(const struct route_match *match, struct api *api, const struct kind *kind)
{
    const char *id = route_param(match, "id");
    enum api_format format;
    if (!api_format_read(match, &format))
        return;
    struct api_read *read = api_read_new(api, match->exchange, id ? read_row : read_rows, kind);
    read->format = format;
    char uuid[UUID_SIZE];
    if (id)
        copy_text(read->key, sizeof(read->key), uuid_read(id, strlen(id), uuid) ? uuid : id);
    api_read_start(read);
}

void reference_on_environments(const struct route_match *match, void *arg)
{
    answer(match, arg, &ENVIRONMENTS);
}

void reference_on_priorities(const struct route_match *match, void *arg)
{
    answer(match, arg, &PRIORITIES);
}

void reference_on_cost_types(const struct route_match *match, void *arg)
{
    answer(match, arg, &COST_TYPES);
}

void reference_on_runbooks(const struct route_match *match, void *arg)
{
    answer(match, arg, &RUNBOOKS);
}

void reference_on_groups(const struct route_match *match, void *arg)
{
    answer(match, arg, &GROUPS);
}

void reference_on_categories(const struct route_match *match, void *arg)
{
    answer(match, arg, &CATEGORIES);
}
