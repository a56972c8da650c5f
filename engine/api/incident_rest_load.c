/* incident_rest_load - what belongs to incidents besides their own columns: a query for each kind, whatever the number
 * of incidents. Read incident_rest_load() first. */
#include "api/incident_rest_internal.h"

#include "api/reference_json.h"
#include "base/mem.h"
#include "core/query_in.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Rows that belong to an incident. On a page without filters the ids follow each other: then a
 * walk over a range beats a search for each. Of several people with one role who had it first
 * comes first: only that one is shown. */
#define ROLES                                                        \
    "SELECT r.incident_id, t.slug, r.person_id FROM incident_role r" \
    " JOIN role_type t ON t.id = r.role_type_id WHERE r.incident_id"
#define COSTS                                                                      \
    "SELECT k.incident_id, t.name, k.amount_cents, k.details FROM incident_cost k" \
    " JOIN cost_type t ON t.id = k.cost_type_id WHERE k.incident_id"
#define METRICS                                                                    \
    "SELECT m.incident_id, t.type, m.duration_ms * 1000 + m.extra_us, t.name FROM" \
    " incident_metric m JOIN metric_type t ON t.id = m.metric_type_id WHERE m.incident_id"
#define TAGS "SELECT incident_id, tag FROM incident_tag WHERE incident_id"
/* Of several of a kind the first by its provider's name counts; a post-mortem without an address
 * cannot be shown. */
#define ATTACHMENTS                                                       \
    "SELECT a.incident_id, a.kind, a.key, a.url FROM attachment a WHERE " \
    "(a.kind = 'ticket' OR a.url <> '') AND a.incident_id"

struct belonging {
    const char *range, *list; /* SELECT up to the condition; the range is whole */
    const char *order;
    bool adds_up; /* rows of one name belong together; of others the first counts */
};

#define BELONGING(select, columns)                                            \
    {                                                                         \
        .range = select " BETWEEN ? AND ? ORDER BY " columns, .list = select, \
        .order = "ORDER BY " columns,                                         \
    }
static const struct belonging ROLE_ROWS =
    BELONGING(ROLES, "r.incident_id, r.role_type_id, r.created_at_ms, r.person_id");
#define COST_ORDER "k.incident_id, t.name, k.id"
static const struct belonging COST_ROWS = { .range = COSTS " BETWEEN ? AND ? ORDER BY " COST_ORDER,
                                            .list = COSTS,
                                            .order = "ORDER BY " COST_ORDER,
                                            .adds_up = true };
static const struct belonging METRIC_ROWS = BELONGING(METRICS, "m.incident_id, m.metric_type_id");
static const struct belonging ATTACHMENT_ROWS =
    BELONGING(ATTACHMENTS, "a.incident_id, a.kind, a.provider");
static const struct belonging TAG_ROWS = BELONGING(TAGS, "incident_id, tag");

static int compare_rows(const void *a, const void *b)
{
    const struct row *left = *(struct row *const *)a;
    const struct row *right = *(struct row *const *)b;
    return left->id < right->id ? -1 : left->id > right->id;
}

static void index_rows(struct incident_rest *rest)
{
    rest->by_id = xrealloc(rest->by_id, (size_t)(rest->count + 1) * sizeof(*rest->by_id));
    for (int i = 0; i < rest->count; i++)
        rest->by_id[i] = &rest->rows[i];
    qsort(rest->by_id, (size_t)rest->count, sizeof(*rest->by_id), compare_rows);
}

static struct row *find_row(const struct incident_rest *rest, int64_t id)
{
    struct row wanted = { .id = id };
    struct row *key = &wanted;
    struct row **found =
        bsearch(&key, rest->by_id, (size_t)rest->count, sizeof(*rest->by_id), compare_rows);
    return found ? *found : NULL;
}

/* Takes one row of a query over all incidents; <is_same>: the same incident and the same column
 * 1 as the row before. */
typedef void (*belonging_fn)(struct incident_rest *rest, struct row *row, struct stmt *stmt);

static void take_role(struct incident_rest *rest, struct row *row, struct stmt *stmt)
{
    if (rest->role_count == rest->role_room) {
        rest->role_room = rest->role_room ? rest->role_room * 2 : 64;
        rest->roles = xrealloc(rest->roles, (size_t)rest->role_room * sizeof(*rest->roles));
    }
    int index = rest->role_count++;
    struct role *role = &rest->roles[index];
    *role = (struct role){ .next = -1, .slug.at = rest->text.len };
    json_escape(&rest->text, stmt_text(stmt, 1), stmt_bytes(stmt, 1));
    role->slug.len = rest->text.len - role->slug.at;
    role->person = people_json_want(rest->people, stmt_text(stmt, 2));
    if (row->last_role >= 0)
        rest->roles[row->last_role].next = index;
    else
        row->first_role = index;
    row->last_role = index;
}

/* Opens the member (or element) that a row adds to a part. */
static struct json_writer part_writer(struct row *row, enum part part)
{
    struct json_writer w;
    struct buf *out = &row->parts[part];
    if (out->len)
        buf_putc(out, ',');
    json_writer_init(&w, out);
    return w;
}

static void take_tag(struct incident_rest *rest, struct row *row, struct stmt *stmt)
{
    (void)rest;
    struct json_writer w = part_writer(row, PART_TAGS);
    json_text(&w, stmt_text(stmt, 1));
}

static void set_link(struct row *row, enum part part, struct stmt *stmt, int column)
{
    if (stmt_bytes(stmt, column))
        incident_rest_append_text(&row->parts[part], stmt, column);
}

static void take_attachment(struct incident_rest *rest, struct row *row, struct stmt *stmt)
{
    (void)rest;
    if (strcmp(stmt_text(stmt, 1), "ticket")) {
        set_link(row, PART_POSTMORTEM_URL, stmt, 3);
        return;
    }
    set_link(row, PART_TICKET_KEY, stmt, 2);
    set_link(row, PART_TICKET_URL, stmt, 3);
}

/* Ends the sum that is open: its member is whole. */
static void close_cost(struct incident_rest *rest)
{
    if (!rest->cost_row)
        return;
    struct json_writer w = part_writer(rest->cost_row, PART_COSTS);
    json_key(&w, buf_text(&rest->cost_name));
    cost_sum_write(&rest->cost, &w);
    cost_sum_fini(&rest->cost);
    rest->cost_row = NULL;
}

static void take_cost(struct incident_rest *rest, struct row *row, struct stmt *stmt)
{
    const char *name = stmt_text(stmt, 1);
    if (row != rest->cost_row || strcmp(name, buf_text(&rest->cost_name)) != 0)
        close_cost(rest);
    if (!rest->cost_row) {
        rest->cost_row = row;
        buf_clear(&rest->cost_name);
        buf_puts(&rest->cost_name, name);
    }
    bool is_known = !stmt_is_null(stmt, 2);
    int64_t cents = stmt_int(stmt, 2);
    cost_sum_add(&rest->cost, is_known, cents, stmt_text(stmt, 3));
}

static void take_metric(struct incident_rest *rest, struct row *row, struct stmt *stmt)
{
    (void)rest;
    struct json_writer w = part_writer(row, PART_METRICS);
    int64_t duration_us = stmt_int(stmt, 2);
    int fraction_us = (int)(duration_us % 1000000);
    char seconds[32];
    snprintf(seconds, sizeof(seconds), "%" PRId64 ".%0*d", duration_us / 1000000,
             fraction_us ? 6 : 1, fraction_us);
    for (size_t end = strlen(seconds); fraction_us && seconds[end - 1] == '0';)
        seconds[--end] = '\0';
    json_key(&w, stmt_text(stmt, 1));
    json_object_begin(&w);
    json_put_duration(&w, "duration", duration_us);
    json_put_raw(&w, "duration_seconds", seconds);
    json_put_text(&w, "metric_type", stmt_text(stmt, 3));
    json_object_finish(&w);
}

/* Up to QUERY_IN_MAX incidents, by_id[at] and on. */
static struct stmt *query_belongings(const struct incident_rest *rest, struct tx *tx,
                                     const struct belonging *what, int at, int count,
                                     struct err *err)
{
    int64_t first = rest->by_id[at]->id;
    int64_t last = rest->by_id[at + count - 1]->id;
    if (last - first < 4 * (int64_t)count)
        return tx_query(tx, err, what->range, "ii", first, last);
    struct db_value ids[QUERY_IN_MAX];
    for (int i = 0; i < count; i++)
        ids[i] = (struct db_value){ .type = 'i', .i = rest->by_id[at + i]->id };
    return query_in(tx, err, what->list, what->order, NULL, 0, ids, count);
}

/* Rows come sorted by incident and name. */
static int take_belongings(struct incident_rest *rest, struct stmt *stmt, bool adds_up,
                           belonging_fn take, struct err *err)
{
    AUTO_BUF struct buf name = BUF_INIT;
    int64_t last_id = 0;
    int rc;
    while ((rc = stmt_next(stmt, err)) == DB_ROW) {
        int64_t id = stmt_int(stmt, 0);
        if (!adds_up && id == last_id && !strcmp(buf_text(&name), stmt_text(stmt, 1)))
            continue;
        last_id = id;
        buf_clear(&name);
        buf_puts(&name, stmt_text(stmt, 1));
        struct row *row = find_row(rest, id);
        if (row)
            take(rest, row, stmt);
    }
    return rc;
}

static int load_belongings(struct incident_rest *rest, struct tx *tx, const struct belonging *what,
                           belonging_fn take, struct err *err)
{
    int rc = OK;
    for (int at = 0; at < rest->count && rc == OK; at += QUERY_IN_MAX) {
        int count = rest->count - at < QUERY_IN_MAX ? rest->count - at : QUERY_IN_MAX;
        struct stmt *stmt = query_belongings(rest, tx, what, at, count, err);
        if (!stmt)
            return err->code;
        rc = take_belongings(rest, stmt, what->adds_up, take, err);
        stmt_end(stmt);
    }
    return rc;
}

int incident_rest_load(struct incident_rest *rest, struct tx *tx, struct err *err)
{
    int rc = OK;
    index_rows(rest);
    rc = load_belongings(rest, tx, &ATTACHMENT_ROWS, take_attachment, err);
    if (rc == OK && rest->shape.has_tags)
        rc = load_belongings(rest, tx, &TAG_ROWS, take_tag, err);
    if (rc == OK && rest->shape.has_maps)
        rc = load_belongings(rest, tx, &COST_ROWS, take_cost, err);
    close_cost(rest);
    if (rc == OK && rest->shape.has_maps)
        rc = load_belongings(rest, tx, &METRIC_ROWS, take_metric, err);
    if (rc == OK && rest->shape.has_maps)
        rc = load_belongings(rest, tx, &ROLE_ROWS, take_role, err);
    return rc == OK ? people_json_load(rest->people, tx, err) : rc;
}
