/* Reading order: incident_rest_row (the incident's own columns become text at once),
 * incident_rest_load (a query each for roles, costs, metrics, tags and people), write_incident. */
#include "api/incident_rest.h"

#include "api/people_json.h"
#include "api/reference_cache.h"
#include "api/reference_json.h"
#include "base/mem.h"
#include "base/tz.h"
#include "core/query_in.h"
#include "core/status.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Rows that belong to an incident. On a page without filters the ids follow each other: then a
 * walk over a range beats a search for each. Of several costs of one type the newest comes
 * first: only it is shown. Likewise one person a role. */
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
};

#define BELONGING(select, columns)                                               \
    {                                                                            \
        select " BETWEEN ? AND ? ORDER BY " columns, select, "ORDER BY " columns \
    }
static const struct belonging ROLE_ROWS =
    BELONGING(ROLES, "r.incident_id, r.role_type_id, r.person_id");
static const struct belonging COST_ROWS = BELONGING(COSTS, "k.incident_id, t.name, k.id DESC");
static const struct belonging METRIC_ROWS = BELONGING(METRICS, "m.incident_id, m.metric_type_id");
static const struct belonging ATTACHMENT_ROWS =
    BELONGING(ATTACHMENTS, "a.incident_id, a.kind, a.provider");
static const struct belonging TAG_ROWS = BELONGING(TAGS, "incident_id, tag");

enum part {
    PART_TAGS,
    PART_COSTS,
    PART_METRICS,
    PART_POSTMORTEM_URL,
    PART_TICKET_KEY,
    PART_TICKET_URL,
    PARTS
};

/* A piece of incident_rest.text. */
struct piece {
    size_t at, len;
};

struct role {
    int next;          /* index of the incident's next role; -1: last */
    struct piece slug; /* as JSON text */
    int person;
};

struct row {
    int64_t id;
    struct piece head;   /* members before the environment */
    struct piece middle; /* the channel's name and the page's URL */
    const struct fragment *environment, *category, *priority;
    int creator;
    bool is_ignored;
    int first_role, last_role; /* indexes; -1: none */
    struct buf parts[PARTS];   /* members, elements for the tags, values of the links */
};

struct incident_rest {
    struct api_names names;
    struct incident_rest_shape shape;
    char url_head[OP_BASE_URL_SIZE +
                  32]; /* of an incident's page, as JSON text without the closing quote */
    size_t url_head_len;
    struct reference_set *references;
    const struct tz *zone;
    struct people_json *people;
    struct buf text, scratch;
    struct row *rows;
    int count, room;
    struct row **by_id; /* sorted */
    struct role *roles;
    int role_count, role_room;
};

static void make_url_head(struct incident_rest *rest)
{
    AUTO_BUF struct buf url = BUF_INIT;
    AUTO_BUF struct buf text = BUF_INIT;
    char base_url[OP_BASE_URL_SIZE];
    op_base_url(base_url);
    buf_printf(&url, "%s/incident/", base_url);
    json_escape(&text, url.data, url.len);
    rest->url_head_len = text.len - 1;
    snprintf(rest->url_head, sizeof(rest->url_head), "%.*s", (int)rest->url_head_len, text.data);
    rest->url_head_len = strlen(rest->url_head);
}

struct incident_rest *incident_rest_new(const struct api_read *read,
                                        struct incident_rest_shape shape, struct tx *tx,
                                        struct err *err)
{
    struct reference_set *references =
        reference_cache_get(read->api->references, read->zone, tx, err);
    if (!references)
        return NULL;
    struct incident_rest *rest = xcalloc(1, sizeof(*rest));
    rest->names = read->names;
    rest->shape = shape;
    rest->references = references;
    rest->zone = read->zone;
    rest->people = people_json_new();
    make_url_head(rest);
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
    people_json_free(rest->people);
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

/* Lists are the hot path: names of members are appended as they stand, without the writer. */
#define APPEND(out, literal) buf_append((out), (literal), sizeof(literal) - 1)

static void append_int(struct buf *out, int64_t value)
{
    struct json_writer w;
    json_writer_init(&w, out);
    json_int(&w, value);
}

static void append_text(struct buf *out, struct stmt *stmt, int column)
{
    const char *text = stmt_text(stmt, column);
    json_escape(out, text, stmt_bytes(stmt, column));
}

static struct piece write_head(struct incident_rest *rest, struct stmt *stmt)
{
    struct buf *out = &rest->text;
    struct piece piece = { .at = out->len };
    const char *status = status_label((int)stmt_int(stmt, 2));
    APPEND(out, "{\"id\":");
    append_int(out, stmt_int(stmt, 0));
    APPEND(out, ",\"title\":");
    append_text(out, stmt, 1);
    APPEND(out, ",\"status\":");
    json_escape(out, status, strlen(status));
    APPEND(out, ",\"description\":");
    append_text(out, stmt, 3);
    APPEND(out, ",\"created_at\":\"");
    tz_format_iso(rest->zone, stmt_int(stmt, 4), out);
    APPEND(out, "\",\"environment\":");
    piece.len = out->len - piece.at;
    return piece;
}

/* ,"<name>": for a name of the installation's choice. */
static void append_name(struct buf *out, const char *name)
{
    buf_putc(out, ',');
    json_escape(out, name, strlen(name));
    buf_putc(out, ':');
}

static struct piece write_middle(struct incident_rest *rest, struct stmt *stmt)
{
    struct buf *out = &rest->text;
    struct piece piece = { .at = out->len };
    const struct api_names *names = &rest->names;
    if (*names->channel_name) {
        size_t len = stmt_bytes(stmt, 10);
        append_name(out, names->channel_name);
        buf_clear(&rest->scratch);
        if (len) {
            buf_putc(&rest->scratch, '#');
            buf_append(&rest->scratch, stmt_text(stmt, 10), len);
        }
        json_escape(out, buf_text(&rest->scratch), rest->scratch.len);
    }
    APPEND(out, ",\"status_page_url\":");
    buf_append(out, rest->url_head, rest->url_head_len);
    append_int(out, stmt_int(stmt, 0));
    APPEND(out, "/\"");
    piece.len = out->len - piece.at;
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
    row->creator = people_json_want(rest->people, stmt_text(stmt, 8));
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
        append_text(&row->parts[part], stmt, column);
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
    int64_t duration_us = stmt_int(stmt, 2);
    int fraction_us = (int)(duration_us % 1000000);
    char seconds[32];
    snprintf(seconds, sizeof(seconds), "%" PRId64 ".%0*d", duration_us / 1000000,
             fraction_us ? 6 : 1, fraction_us);
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
    rc = load_belongings(rest, tx, &ATTACHMENT_ROWS, take_attachment, err);
    if (rc == OK && rest->shape.has_tags)
        rc = load_belongings(rest, tx, &TAG_ROWS, take_tag, err);
    if (rc == OK && rest->shape.has_maps)
        rc = load_belongings(rest, tx, &COST_ROWS, take_cost, err);
    if (rc == OK && rest->shape.has_maps)
        rc = load_belongings(rest, tx, &METRIC_ROWS, take_metric, err);
    if (rc == OK && rest->shape.has_maps)
        rc = load_belongings(rest, tx, &ROLE_ROWS, take_role, err);
    return rc == OK ? people_json_load(rest->people, tx, err) : rc;
}

/* ---- writing ---------------------------------------------------------------------------------- */

static void append_piece(struct buf *out, const struct incident_rest *rest, struct piece piece)
{
    buf_append(out, rest->text.data + piece.at, piece.len);
}

static void append_fragment(struct buf *out, const struct fragment *fragment)
{
    if (fragment)
        buf_append(out, fragment->json, fragment->len);
    else
        APPEND(out, "null");
}

static void append_roles(struct buf *out, const struct incident_rest *rest, const struct row *row)
{
    for (int i = row->first_role; i >= 0; i = rest->roles[i].next) {
        if (i != row->first_role)
            buf_putc(out, ',');
        append_piece(out, rest, rest->roles[i].slug);
        buf_putc(out, ':');
        people_json_write(rest->people, rest->roles[i].person, out);
    }
}

/* A value of a link's part; null when there is none. */
static void append_link(struct buf *out, const struct row *row, enum part part)
{
    if (row->parts[part].len)
        buf_append(out, row->parts[part].data, row->parts[part].len);
    else
        APPEND(out, "null");
}

static void append_links(struct buf *out, const struct incident_rest *rest, const struct row *row)
{
    APPEND(out, ",\"postmortem_url\":");
    append_link(out, row, PART_POSTMORTEM_URL);
    if (*rest->names.ticket_key) {
        append_name(out, rest->names.ticket_key);
        append_link(out, row, PART_TICKET_KEY);
    }
    if (*rest->names.ticket_url) {
        append_name(out, rest->names.ticket_url);
        append_link(out, row, PART_TICKET_URL);
    }
}

static void append_incident(struct buf *out, const struct incident_rest *rest,
                            const struct row *row)
{
    append_piece(out, rest, row->head);
    append_fragment(out, row->environment);
    APPEND(out, ",\"incident_category\":");
    append_fragment(out, row->category);
    APPEND(out, ",\"priority\":");
    append_fragment(out, row->priority);
    append_piece(out, rest, row->middle);
    append_links(out, rest, row);
    if (rest->shape.has_tags) {
        APPEND(out, ",\"tags\":[");
        buf_append(out, row->parts[PART_TAGS].data, row->parts[PART_TAGS].len);
        buf_putc(out, ']');
    }
    APPEND(out, ",\"created_by\":");
    people_json_write(rest->people, row->creator, out);
    if (rest->shape.has_maps) {
        APPEND(out, ",\"costs\":{");
        buf_append(out, row->parts[PART_COSTS].data, row->parts[PART_COSTS].len);
        APPEND(out, "},\"metrics\":{");
        buf_append(out, row->parts[PART_METRICS].data, row->parts[PART_METRICS].len);
        APPEND(out, "},\"roles\":{");
        append_roles(out, rest, row);
        buf_putc(out, '}');
    }
    buf_puts(out, row->is_ignored ? ",\"ignore\":true}" : ",\"ignore\":false}");
}

void incident_rest_write(const struct incident_rest *rest, struct buf *out)
{
    for (int i = 0; i < rest->count; i++) {
        if (i)
            buf_putc(out, ',');
        append_incident(out, rest, &rest->rows[i]);
    }
}
