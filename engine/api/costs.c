/* costs - GET incident_costs/ and its details: the costs of all incidents that the caller may see. */
#include "api/api_internal.h"
#include "api/export.h"
#include "api/handlers.h"
#include "api/link.h"
#include "api/reference_json.h"
#include "core/money.h"
#include "core/policy.h"

#include <inttypes.h>
#include <string.h>

enum { MAX_LIMIT = 1000 };

#define SELECT_SEEN                                                                             \
    "SELECT k.id, k.amount_cents, k.details, k.created_at_ms, k.updated_at_ms, k.incident_id, " \
    "t.id, t.name, t.description, t.category, t.is_default, t.is_editable, t.created_at_ms, "   \
    "t.updated_at_ms FROM incident_cost k JOIN cost_type t ON t.id = k.cost_type_id "           \
    "JOIN incident i ON i.id = k.incident_id WHERE " POLICY_MAY_SEE_SQL
static const char SELECT_COSTS[] = SELECT_SEEN " AND k.id < ? ORDER BY k.id DESC LIMIT ?";
static const char SELECT_COST[] = SELECT_SEEN " AND k.id = ?";

static void put_cost_type(struct json_writer *w, struct stmt *stmt, const struct tz *zone)
{
    json_key(w, "cost_type");
    json_object_begin(w);
    json_put_int(w, "id", stmt_int(stmt, 6));
    json_put_text(w, "name", stmt_text(stmt, 7));
    json_put_text(w, "description", stmt_text(stmt, 8));
    json_put_text(w, "category", stmt_text(stmt, 9));
    json_put_bool(w, "default", stmt_int(stmt, 10));
    json_put_bool(w, "editable", stmt_int(stmt, 11));
    json_put_time(w, "created_at", stmt_int(stmt, 12), zone);
    json_put_time(w, "updated_at", stmt_int(stmt, 13), zone);
    json_object_finish(w);
}

static void write_cost(struct json_writer *w, struct stmt *stmt, const struct tz *zone)
{
    char amount[MONEY_TEXT_SIZE];
    bool is_known = !stmt_is_null(stmt, 1);
    if (is_known)
        money_text(stmt_int(stmt, 1), amount);
    json_object_begin(w);
    json_put_int(w, "id", stmt_int(stmt, 0));
    put_cost_type(w, stmt, zone);
    json_put_text(w, "amount", is_known ? amount : NULL);
    json_put_text(w, "details", stmt_text(stmt, 2));
    json_put_time(w, "created_at", stmt_int(stmt, 3), zone);
    json_put_time(w, "updated_at", stmt_int(stmt, 4), zone);
    json_put_int(w, "incident", stmt_int(stmt, 5));
    json_object_finish(w);
}

/* The parameter <name>, from 1 to <most>; <otherwise> when it is absent, or "all". */
static int64_t number_in(const struct form *query, const char *name, int64_t most,
                         int64_t otherwise, struct api_errors *errors)
{
    const struct form_field *field = form_last(query, name);
    int64_t number = otherwise;
    if (!field || !strcmp(field->value, "all"))
        return otherwise;
    if (!api_read_number(field->value, &number) || number < 1 || number > most)
        api_errors_add(errors, "invalid", name, "Enter a number from 1 to %" PRId64 ".", most);
    return number;
}

/* The costs before <page->before_id>, at most <page->limit>. One more is asked for: it says whether there is a next. */
static int write_page(struct tx *tx, struct api_read *read, struct export_page *page,
                      bool *has_next, struct err *err)
{
    const char *person_id = read->identity.person_id;
    int64_t before = page->before_id ? page->before_id : INT64_MAX;
    struct stmt *stmt =
        tx_query(tx, err, SELECT_COSTS, "ittii", (int64_t)read->identity.sees_private, person_id,
                 person_id, before, (int64_t)page->limit + 1);
    struct json_writer w;
    int rc = stmt ? OK : err->code, count = 0;
    json_writer_init(&w, &read->out);
    json_array_begin(&w);
    while (stmt && (rc = stmt_next(stmt, err)) == DB_ROW && count++ < page->limit) {
        page->before_id = stmt_int(stmt, 0);
        page->skip++;
        write_cost(&w, stmt, read->zone);
    }
    json_array_finish(&w);
    *has_next = rc == DB_ROW;
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

static int read_page(struct tx *tx, struct api_read *read, const struct form *query,
                     struct err *err)
{
    struct export_page page = {
        .limit = (int)number_in(query, "limit", MAX_LIMIT, INT32_MAX - 1, &read->errors),
        .before_id = number_in(query, "cursor", INT64_MAX, 0, &read->errors),
    };
    bool has_next;
    if (read->errors.count)
        return err_set(err, ERR_INVALID, "a query parameter is wrong");
    int rc = write_page(tx, read, &page, &has_next, err);
    if (rc == OK && has_next)
        link_next(&read->link, "incident_costs/", query, read->format, page.before_id);
    return rc;
}

static int read_costs(struct tx *tx, struct api_read *read, struct err *err)
{
    struct form query;
    int rc = form_parse(read->query, strlen(read->query), &query, err);
    if (rc == OK)
        rc = read_page(tx, read, &query, err);
    else if (rc == ERR_LIMIT)
        api_errors_add(&read->errors, "invalid", NULL, "Too many parameters.");
    form_fini(&query);
    return read->errors.count ? ERR_INVALID : rc;
}

static int read_cost(struct tx *tx, struct api_read *read, struct err *err)
{
    const char *person_id = read->identity.person_id;
    struct json_writer w;
    struct stmt *stmt = tx_query(tx, err, SELECT_COST, "itti", (int64_t)read->identity.sees_private,
                                 person_id, person_id, read->id);
    int rc = stmt ? stmt_next(stmt, err) : err->code;
    json_writer_init(&w, &read->out);
    if (rc == DB_ROW)
        write_cost(&w, stmt, read->zone);
    else if (rc == DB_DONE)
        rc = err_set(err, ERR_NOT_FOUND, "there is no such cost");
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}

/* Without a limit, or with "all", and from the beginning. */
static bool wants_all(struct http_exchange *exchange)
{
    struct form query;
    const char *text = http_query(exchange);
    if (form_parse(text, strlen(text), &query, NULL) != OK)
        return false;
    const struct form_field *limit = form_last(&query, "limit");
    bool is_all = (!limit || !strcmp(limit->value, "all")) && !form_last(&query, "cursor");
    form_fini(&query);
    return is_all;
}

void costs_on_list(const struct route_match *match, void *arg)
{
    enum api_format format;
    if (!api_format_read(match, &format))
        return;
    if (wants_all(match->exchange)) {
        export_start(arg, match->exchange, format, NULL, write_page);
        return;
    }
    struct api_read *read = api_read_new(arg, match->exchange, read_costs, NULL);
    read->format = format;
    api_read_start(read);
}

void costs_on_detail(const struct route_match *match, void *arg)
{
    struct api_read *read = api_read_new_record(arg, match, read_cost, NULL);
    if (read)
        api_read_start(read);
}
