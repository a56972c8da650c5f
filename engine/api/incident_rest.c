/* Reading order: incident_rest_row (the incident's own columns become text at once),
 * incident_rest_load (a query each for roles, costs, metrics, tags and people), write_incident. */
#include "api/incident_rest.h"

#include "api/reference_cache.h"
#include "api/reference_json.h"
#include "base/mem.h"
#include "core/query_in.h"
#include "core/status.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char WHERE_PERSON[] = SELECT_PEOPLE " WHERE id";

/* Rows that belong to an incident. On a page without filters the ids follow each other: then a
 * walk over a range beats a search for each. Of several costs of one type the newest comes
 * first: only it is shown. Likewise one person a role. */
#define ROLES                                                        \
    "SELECT r.incident_id, t.slug, r.person_id FROM incident_role r" \
    " JOIN role_type t ON t.id = r.role_type_id WHERE r.incident_id"
#define COSTS                                                                      \
    "SELECT k.incident_id, t.name, k.amount_cents, k.details FROM incident_cost k" \
    " JOIN cost_type t ON t.id = k.cost_type_id WHERE k.incident_id"
#define METRICS                                                                  \
    "SELECT m.incident_id, t.type, m.duration_ms, t.name FROM incident_metric m" \
    " JOIN metric_type t ON t.id = m.metric_type_id WHERE m.incident_id"
#define TAGS "SELECT incident_id, tag FROM incident_tag WHERE incident_id"

struct belonging {
    const char *range, *list; /* SELECT up to the condition; the range is whole */
    const char *order;
};

#define BELONGING(select, columns)                                               \
    {                                                                            \
        select " BETWEEN ? AND ? ORDER BY " columns, select, "ORDER BY " columns \
    }
static const struct belonging ROLE_ROWS =
    BELONGING(ROLES, "r.incident_id, r.role_type_id, r.person_id");
static const struct belonging COST_ROWS = BELONGING(COSTS, "k.incident_id, t.name, k.id DESC");
static const struct belonging METRIC_ROWS = BELONGING(METRICS, "m.incident_id, m.metric_type_id");
static const struct belonging TAG_ROWS = BELONGING(TAGS, "incident_id, tag");

enum part { PART_TAGS, PART_COSTS, PART_METRICS, PARTS };

/* A piece of incident_rest.text. */
struct piece {
    size_t at, len;
};

struct role {
    int next;          /* index of the incident's next role; -1: last */
    struct piece slug; /* as JSON text */
    const struct fragment *person;
};

struct row {
    int64_t id;
    struct piece head,
        middle; /* members before the environment; from the channel's name to the ticket's URL */
    const struct fragment *environment, *category, *priority, *creator;
    bool is_ignored;
    int first_role, last_role; /* indexes; -1: none */
    struct buf parts[PARTS];   /* members, or elements for the tags */
};

struct incident_rest {
    struct api_names names;
    struct incident_rest_shape shape;
    char base_url[OP_BASE_URL_SIZE];
    struct reference_set *references;
    struct fragments *people;
    struct buf text, scratch;
    struct row *rows;
    int count, room;
    struct row **by_id; /* sorted */
    struct role *roles;
    int role_count, role_room;
};

struct incident_rest *incident_rest_new(const struct api_read *read,
                                        struct incident_rest_shape shape, struct tx *tx,
                                        struct err *err)
{
    struct reference_set *references = reference_cache_get(read->api->references, tx, err);
    if (!references)
        return NULL;
    struct incident_rest *rest = xcalloc(1, sizeof(*rest));
    rest->names = read->names;
    rest->shape = shape;
    rest->references = references;
    rest->people = fragments_new(WHERE_PERSON, rest_person_write);
    op_base_url(rest->base_url);
    return rest;
}

void incident_rest_free(struct incident_rest *rest)
{
    if (!rest)
        return;
    for (int i = 0; i < rest->count; i++)
        for (int part = 0; part < PARTS; part++)
            buf_fini(&rest->rows[i].parts[part]);
    reference_set_release(rest->references);
    fragments_free(rest->people);
    buf_fini(&rest->text);
    buf_fini(&rest->scratch);
    free(rest->rows);
    free(rest->by_id);
    free(rest->roles);
    free(rest);
}

int incident_rest_count(const struct incident_rest *rest)
{
    return rest->count;
}

int64_t incident_rest_last_id(const struct incident_rest *rest)
{
    return rest->count ? rest->rows[rest->count - 1].id : 0;
}

/* ---- the incident's own row ------------------------------------------------------------------- */

static struct piece write_head(struct incident_rest *rest, struct stmt *stmt)
{
    struct piece piece = { .at = rest->text.len };
    struct json_writer w;
    json_writer_init(&w, &rest->text);
    json_put_int(&w, "id", stmt_int(stmt, 0));
    json_put_text(&w, "title", stmt_text(stmt, 1));
    json_put_text(&w, "status", status_label((int)stmt_int(stmt, 2)));
    json_put_text(&w, "description", stmt_text(stmt, 3));
    json_put_time(&w, "created_at", stmt_int(stmt, 4));
    piece.len = rest->text.len - piece.at;
    return piece;
}

/* A member whose value is two texts joined. */
static void put_joined(struct incident_rest *rest, struct json_writer *w, const char *key,
                       const char *head, const char *tail)
{
    buf_clear(&rest->scratch);
    buf_puts(&rest->scratch, head);
    buf_puts(&rest->scratch, tail);
    json_key(w, key);
    json_text_n(w, rest->scratch.data, rest->scratch.len);
}

static struct piece write_middle(struct incident_rest *rest, struct stmt *stmt)
{
    struct piece piece = { .at = rest->text.len };
    const struct api_names *names = &rest->names;
    const char *channel = stmt_text(stmt, 10);
    bool has_channel = channel && *channel;
    char path[48];
    struct json_writer w;
    json_writer_init(&w, &rest->text);
    if (*names->channel_name)
        put_joined(rest, &w, names->channel_name, has_channel ? "#" : "",
                   has_channel ? channel : "");
    snprintf(path, sizeof(path), "/incident/%" PRId64 "/", stmt_int(stmt, 0));
    put_joined(rest, &w, "status_page_url", rest->base_url, path);
    json_put_null(&w, "postmortem_url");
    if (*names->ticket_key)
        json_put_null(&w, names->ticket_key);
    if (*names->ticket_url)
        json_put_null(&w, names->ticket_url);
    piece.len = rest->text.len - piece.at;
    return piece;
}

void incident_rest_row(struct incident_rest *rest, struct stmt *stmt)
{
    if (rest->count == rest->room) {
        rest->room = rest->room ? rest->room * 2 : 64;
        rest->rows = xrealloc(rest->rows, (size_t)rest->room * sizeof(*rest->rows));
    }
    struct row *row = &rest->rows[rest->count++];
    *row = (struct row){ .id = stmt_int(stmt, 0), .first_role = -1, .last_role = -1 };
    row->head = write_head(rest, stmt);
    row->middle = write_middle(rest, stmt);
    row->environment =
        reference_set_find(rest->references, REFERENCE_ENVIRONMENT, stmt_text(stmt, 5));
    row->category = reference_set_find(rest->references, REFERENCE_CATEGORY, stmt_text(stmt, 6));
    row->priority = reference_set_find(rest->references, REFERENCE_PRIORITY, stmt_text(stmt, 7));
    row->creator = fragments_want(rest->people, stmt_text(stmt, 8));
    row->is_ignored = stmt_int(stmt, 9) != 0;
}

/* ---- what belongs to it ----------------------------------------------------------------------- */

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
    role->person = fragments_want(rest->people, stmt_text(stmt, 2));
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

static void take_cost(struct incident_rest *rest, struct row *row, struct stmt *stmt)
{
    (void)rest;
    struct json_writer w = part_writer(row, PART_COSTS);
    char amount[32];
    int64_t cents = stmt_int(stmt, 2);
    uint64_t size = cents < 0 ? 0 - (uint64_t)cents : (uint64_t)cents;
    snprintf(amount, sizeof(amount), "%s%" PRIu64 ".%02d", cents < 0 ? "-" : "", size / 100,
             (int)(size % 100));
    json_key(&w, stmt_text(stmt, 1));
    json_object_begin(&w);
    json_put_text(&w, "amount", stmt_is_null(stmt, 2) ? NULL : amount);
    json_put_text(&w, "details", stmt_text(stmt, 3));
    json_object_finish(&w);
}

static void take_metric(struct incident_rest *rest, struct row *row, struct stmt *stmt)
{
    (void)rest;
    struct json_writer w = part_writer(row, PART_METRICS);
    int64_t duration_ms = stmt_int(stmt, 2);
    char seconds[32];
    snprintf(seconds, sizeof(seconds), "%" PRId64 ".%0*d", duration_ms / 1000,
             duration_ms % 1000 ? 3 : 1, (int)(duration_ms % 1000));
    json_key(&w, stmt_text(stmt, 1));
    json_object_begin(&w);
    json_put_duration(&w, "duration", duration_ms);
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

/* Rows come sorted by incident and name; of equal names the first counts. */
static int take_belongings(struct incident_rest *rest, struct stmt *stmt, belonging_fn take,
                           struct err *err)
{
    AUTO_BUF struct buf name = BUF_INIT;
    int64_t last_id = 0;
    int rc;
    while ((rc = stmt_next(stmt, err)) == DB_ROW) {
        int64_t id = stmt_int(stmt, 0);
        if (id == last_id && !strcmp(buf_text(&name), stmt_text(stmt, 1)))
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
        rc = take_belongings(rest, stmt, take, err);
        stmt_end(stmt);
    }
    return rc;
}

int incident_rest_load(struct incident_rest *rest, struct tx *tx, struct err *err)
{
    int rc = OK;
    index_rows(rest);
    if (rest->shape.has_tags)
        rc = load_belongings(rest, tx, &TAG_ROWS, take_tag, err);
    if (rc == OK && rest->shape.has_maps)
        rc = load_belongings(rest, tx, &COST_ROWS, take_cost, err);
    if (rc == OK && rest->shape.has_maps)
        rc = load_belongings(rest, tx, &METRIC_ROWS, take_metric, err);
    if (rc == OK && rest->shape.has_maps)
        rc = load_belongings(rest, tx, &ROLE_ROWS, take_role, err);
    return rc == OK ? fragments_load(rest->people, tx, err) : rc;
}

/* ---- writing ---------------------------------------------------------------------------------- */

static void put_piece(const struct incident_rest *rest, struct json_writer *w, struct piece piece)
{
    json_members(w, rest->text.data + piece.at, piece.len);
}

static void put_fragment(struct json_writer *w, const char *key, const struct fragment *fragment)
{
    json_key(w, key);
    if (fragment)
        fragment_write(fragment, w);
    else
        json_null_value(w);
}

static void put_part(struct json_writer *w, const char *key, const struct buf *members)
{
    json_key(w, key);
    json_object_begin(w);
    json_members(w, buf_text(members), members->len);
    json_object_finish(w);
}

static void put_roles(const struct incident_rest *rest, struct json_writer *w,
                      const struct row *row)
{
    json_key(w, "roles");
    json_object_begin(w);
    for (int i = row->first_role; i >= 0; i = rest->roles[i].next) {
        const struct role *role = &rest->roles[i];
        json_members(w, rest->text.data + role->slug.at, role->slug.len);
        buf_putc(w->out, ':');
        w->after_key = true;
        fragment_write(role->person, w);
    }
    json_object_finish(w);
}

static void write_incident(const struct incident_rest *rest, struct json_writer *w,
                           const struct row *row)
{
    json_object_begin(w);
    put_piece(rest, w, row->head);
    put_fragment(w, "environment", row->environment);
    put_fragment(w, "incident_category", row->category);
    put_fragment(w, "priority", row->priority);
    put_piece(rest, w, row->middle);
    if (rest->shape.has_tags) {
        const struct buf *tags = &row->parts[PART_TAGS];
        json_key(w, "tags");
        json_array_begin(w);
        json_members(w, buf_text(tags), tags->len);
        json_array_finish(w);
    }
    put_fragment(w, "created_by", row->creator);
    if (rest->shape.has_maps) {
        put_part(w, "costs", &row->parts[PART_COSTS]);
        put_part(w, "metrics", &row->parts[PART_METRICS]);
        put_roles(rest, w, row);
    }
    json_put_bool(w, "ignore", row->is_ignored);
    json_object_finish(w);
}

void incident_rest_write(const struct incident_rest *rest, struct json_writer *w)
{
    for (int i = 0; i < rest->count; i++)
        write_incident(rest, w, &rest->rows[i]);
}
