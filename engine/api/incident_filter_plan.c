/* incident_filter_plan - which index a list of incidents is read by. The store keeps no statistics, and what it would
 * assume without them reads all rows where a few would do. What is known here: statuses but Closed are rare, people
 * declare few of all incidents, and whatever has an index is in the order of ids within one value. */
#include "api/incident_filter_internal.h"
#include "base/mem.h"
#include "core/status.h"
#include "store/db.h"

#include <inttypes.h>
#include <string.h>

enum { FEW_ROWS = 2000, MANY_ROWS = 20000 };

/* From the one that leaves the fewest rows. */
static const char *const COLUMNS[] = { "i.status",      "i.created_by",  "i.created_at_ms",
                                       "i.category_id", "i.priority_id", "i.environment_id" };
enum { CREATED_AT = 2, SELECTIVE = 3, COLUMN_COUNT = sizeof(COLUMNS) / sizeof(*COLUMNS) };

static const char COUNT_WITHIN[] =
    "SELECT count(*) FROM (SELECT 1 FROM incident WHERE created_at_ms BETWEEN ? AND ? LIMIT ?)";
static const char COUNT_AFTER[] =
    "SELECT count(*) FROM (SELECT 1 FROM incident WHERE created_at_ms > ? LIMIT ?)";
static const char LAST_WITHIN[] =
    "SELECT MAX(id) FROM incident WHERE created_at_ms BETWEEN ? AND ?";

/* Priorities at one position are not walked one after the other: their incidents are mixed. */
static const char COUNT_TIES[] = "SELECT count(*) - count(DISTINCT position) FROM priority";

/* A status has the index when the bulk of the incidents, the closed ones, is out. */
static void add_statuses(struct filter_reading *r)
{
    struct buf *sql = &r->filter->sql;
    unsigned within = r->statuses;
    if (within == FILTER_EVERY_STATUS)
        return;
    if (!within) {
        buf_puts(sql, " AND 1 = 0");
        return;
    }
    buf_printf(sql, " AND %ci.status IN (", within & FILTER_STATUS(STATUS_CLOSED) ? '+' : '@');
    const char *separator = "";
    for (int status = STATUS_OPEN; status <= STATUS_CLOSED; status += 10) {
        if (!(within & FILTER_STATUS(status)))
            continue;
        buf_printf(sql, "%s%d", separator, status);
        separator = ",";
    }
    buf_putc(sql, ')');
}

/* The first of COLUMNS that a condition names with an @; COLUMN_COUNT: none does. */
static int find_column(const struct filter_reading *r)
{
    int best = COLUMN_COUNT;
    for (const char *at = r->filter->sql.data; (at = strchr(at, '@')); at++)
        for (int i = 0; i < best; i++)
            if (!strncmp(at + 1, COLUMNS[i], strlen(COLUMNS[i])))
                best = i;
    return best;
}

/* Incidents of long ago, and many of them: begins at the last one instead of the newest of all. */
static int skip_newer(struct filter_reading *r)
{
    int rc = OK;
    int64_t newer =
        tx_get_int(r->tx, &rc, r->err, 0, COUNT_AFTER, "ii", r->created_to_ms, (int64_t)MANY_ROWS);
    if (rc != OK || newer < MANY_ROWS)
        return rc;
    int64_t last =
        tx_get_int(r->tx, &rc, r->err, 0, LAST_WITHIN, "ii", r->created_from_ms, r->created_to_ms);
    if (rc == OK)
        buf_printf(&r->filter->sql, " AND i.id <= %" PRId64, last);
    return rc;
}

/* Few rows are sorted faster than found by walking. */
static int add_created(struct filter_reading *r)
{
    if (r->created_from_ms == INT64_MIN && r->created_to_ms == INT64_MAX)
        return OK;
    bool is_narrow = find_column(r) < SELECTIVE;
    int rc = OK;
    if (!is_narrow) {
        int64_t rows = tx_get_int(r->tx, &rc, r->err, 0, COUNT_WITHIN, "iii", r->created_from_ms,
                                  r->created_to_ms, (int64_t)FEW_ROWS);
        bool is_few = rc == OK && rows < FEW_ROWS;
        if (rc == OK && !is_few)
            rc = skip_newer(r);
        is_narrow = !is_few;
    }
    if (r->created_from_ms != INT64_MIN &&
        filter_add_value(r, (struct db_value){ .type = 'i', .i = r->created_from_ms }))
        buf_printf(&r->filter->sql, " AND %ci.created_at_ms >= ?", is_narrow ? '+' : '@');
    if (r->created_to_ms != INT64_MAX &&
        filter_add_value(r, (struct db_value){ .type = 'i', .i = r->created_to_ms }))
        buf_printf(&r->filter->sql, " AND %ci.created_at_ms <= ?", is_narrow ? '+' : '@');
    return rc;
}

/* What is left of a search is few already; the order's own index beats those that leave many rows. */
int filter_choose_index(struct filter_reading *r)
{
    add_statuses(r);
    int rc = add_created(r);
    int chosen = find_column(r);
    bool is_selective = chosen < SELECTIVE;
    if (!is_selective && !r->filter->is_default_order)
        chosen = COLUMN_COUNT;
    for (char *at = r->filter->sql.data; (at = strchr(at, '@'));)
        *at = chosen < COLUMN_COUNT && !strncmp(at + 1, COLUMNS[chosen], strlen(COLUMNS[chosen]))
                  ? ' '
                  : '+';
    bool has_ties = r->walk == WALK_PRIORITIES && rc == OK &&
                    tx_get_int(r->tx, &rc, r->err, 0, COUNT_TIES, "") > 0;
    if (is_selective || has_ties)
        r->walk = WALK_NONE;
    r->has_few_rows = is_selective;
    r->is_sorted = chosen == CREATED_AT;
    return rc;
}
