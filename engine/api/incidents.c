/* incidents - GET incidents/ and incidents/<id>/. */
#include "api/export.h"
#include "api/handlers.h"
#include "api/incident_filter.h"
#include "api/incident_rest.h"
#include "base/mem.h"
#include "core/policy.h"

/* Of tables, when nobody names others: a public contract, like the names of members. Some of those are the
 * installation's choice, and may be left out. */
static const char *columns(struct api *api)
{
    const struct api_names *names = &api->names;
    const char *const own[] = { names->channel_name, "status_page_url", names->ticket_key,
                                names->ticket_url };
    if (api->columns.len)
        return api->columns.data;
    buf_puts(&api->columns,
             "id,status,environment.value,priority.name,title,description,incident_category.name,"
             "incident_category.group.name,created_at");
    for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
        if (*own[i])
            buf_printf(&api->columns, ",%s", own[i]);
    buf_puts(&api->columns, ",metrics.*.duration_seconds,costs.*.amount,roles.*.email");
    return api->columns.data;
}

static const char SELECT_BY_ID[] =
    "SELECT " INCIDENT_REST_COLUMNS " FROM " INCIDENT_REST_TABLES " WHERE i.id = ?";

/* A row of the page: whole, or an id to fetch it by. */
static int take_row(struct incident_rest *rest, const struct incident_filter *filter,
                    struct stmt *found, struct tx *tx, struct err *err)
{
    if (!filter->has_ids_only) {
        incident_rest_row(rest, found);
        return OK;
    }
    struct stmt *stmt = tx_query(tx, err, SELECT_BY_ID, "i", stmt_int(found, 0));
    int rc = stmt ? stmt_next(stmt, err) : err->code;
    if (rc == DB_ROW)
        incident_rest_row(rest, stmt);
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

/* One page. Asks for one row more than shown: it says whether there is a next page. */
static int take_page(struct incident_rest *rest, const struct incident_filter *filter,
                     struct tx *tx, bool *has_next, struct err *err)
{
    struct stmt *stmt =
        tx_query_values(tx, err, filter->sql.data, filter->values, filter->value_count);
    if (!stmt)
        return err->code;
    int rc;
    while ((rc = stmt_next(stmt, err)) == DB_ROW) {
        *has_next = incident_rest_count(rest) == filter->limit;
        if (*has_next || (rc = take_row(rest, filter, stmt, tx, err)) != OK)
            break;
    }
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

/* Whoever reads all pages of a sorted list has it sorted once: a page that is found by counting those before it would
 * cost the more the later it comes. */
static int sort_all(const struct incident_filter *filter, struct tx *tx, struct export_page *page,
                    struct err *err)
{
    int64_t room = 0;
    filter->values[filter->value_count - 2].i = -1; /* no limit */
    filter->values[filter->value_count - 1].i = 0;
    struct stmt *stmt =
        tx_query_values(tx, err, filter->sql.data, filter->values, filter->value_count);
    int rc = stmt ? OK : err->code;
    while (rc >= 0 && (rc = stmt_next(stmt, err)) == DB_ROW) {
        if (page->count == room) {
            room = room ? room * 2 : 1024;
            page->ids = xrealloc(page->ids, (size_t)room * sizeof(*page->ids));
        }
        page->ids[page->count++] = stmt_int(stmt, 0);
    }
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

static const char SELECT_ONE[] = "SELECT " INCIDENT_REST_COLUMNS " FROM " INCIDENT_REST_TABLES
                                 " WHERE i.id = ? AND " POLICY_MAY_SEE_SQL;

/* DB_ROW when the caller may see it. */
static int take_one(struct incident_rest *rest, const struct api_read *read, int64_t id,
                    struct tx *tx, struct err *err)
{
    const char *person_id = read->identity.person_id;
    struct stmt *stmt = tx_query(tx, err, SELECT_ONE, "iitt", id,
                                 (int64_t)read->identity.sees_private, person_id, person_id);
    int rc = stmt ? stmt_next(stmt, err) : err->code;
    if (rc == DB_ROW)
        incident_rest_row(rest, stmt);
    stmt_end(stmt);
    return rc;
}

/* A page of a list that was sorted. What nobody may see any more is left out. */
static int take_sorted(struct incident_rest *rest, const struct api_read *read, struct tx *tx,
                       struct export_page *page, bool *has_next, struct err *err)
{
    int rc = OK;
    int64_t end = page->skip + page->limit < page->count ? page->skip + page->limit : page->count;
    for (; page->skip < end && rc >= 0; page->skip++)
        rc = take_one(rest, read, page->ids[page->skip], tx, err);
    *has_next = page->skip < page->count;
    return rc < 0 ? rc : OK;
}

static int take_part(struct incident_rest *rest, const struct api_read *read,
                     const struct incident_filter *filter, struct tx *tx, struct export_page *page,
                     bool *has_next, struct err *err)
{
    if (!page || filter->is_default_order) {
        int rc = take_page(rest, filter, tx, has_next, err);
        if (rc == OK && page)
            page->skip += incident_rest_count(rest);
        return rc;
    }
    int rc = page->ids ? OK : sort_all(filter, tx, page, err);
    return rc == OK ? take_sorted(rest, read, tx, page, has_next, err) : rc;
}

int incidents_read_page(struct tx *tx, struct api_read *read, struct export_page *page,
                        bool *has_next, struct err *err)
{
    struct incident_filter filter;
    struct incident_rest *rest = NULL;
    *has_next = false;
    int rc = incident_filter_read(&filter, tx, read, page, err);
    if (rc != OK)
        goto out;
    struct incident_rest_shape shape = { .has_tags = filter.shows_tags, .has_maps = true };
    rest = incident_rest_new(read, shape, tx, err);
    rc = rest ? take_part(rest, read, &filter, tx, page, has_next, err) : err->code;
    if (rc == OK)
        rc = incident_rest_load(rest, tx, err);
    if (rc != OK)
        goto out;
    buf_reserve(&read->out, (size_t)incident_rest_count(rest) * 2048 + 16);
    buf_putc(&read->out, '[');
    incident_rest_write(rest, &read->out);
    buf_putc(&read->out, ']');
    if (page)
        page->before_id = incident_rest_last_id(rest);
    else if (*has_next)
        incident_filter_next(&filter, read->format, incident_rest_last_id(rest), &read->link);
out:
    incident_rest_free(rest);
    incident_filter_fini(&filter);
    return rc;
}

static int read_list(struct tx *tx, struct api_read *read, struct err *err)
{
    bool has_next;
    return incidents_read_page(tx, read, NULL, &has_next, err);
}

const struct incident_rest_shape INCIDENT_WHOLE = { .has_tags = true, .has_maps = true };

int incident_read_one(struct tx *tx, struct api_read *read, struct err *err)
{
    const struct incident_rest_shape *shape = read->arg;
    struct incident_rest *rest = incident_rest_new(read, *shape, tx, err);
    if (!rest)
        return err->code;
    int rc = take_one(rest, read, read->id, tx, err);
    if (rc == DB_DONE)
        rc = err_set(err, ERR_NOT_FOUND, "there is no such incident");
    if (rc == DB_ROW)
        rc = incident_rest_load(rest, tx, err);
    if (rc == OK)
        incident_rest_write(rest, &read->out);
    incident_rest_free(rest);
    return rc;
}

int incident_read_created(struct tx *tx, struct api_read *read, struct err *err)
{
    read->identity.sees_private = true;
    return incident_read_one(tx, read, err);
}

void incidents_on_list(const struct route_match *match, void *arg)
{
    enum api_format format;
    if (!api_format_read(match, &format))
        return;
    if (export_is_wanted(arg, match->exchange, format)) {
        export_start(arg, match->exchange, format, columns(arg), incidents_read_page);
        return;
    }
    struct api_read *read = api_read_new(arg, match->exchange, read_list, NULL);
    read->format = format;
    read->fields = columns(arg);
    api_read_start(read);
}

void incidents_on_detail(const struct route_match *match, void *arg)
{
    struct api_read *read = api_read_new_record(arg, match, incident_read_one, &INCIDENT_WHOLE);
    if (!read)
        return;
    read->fields = columns(arg);
    api_read_start(read);
}
