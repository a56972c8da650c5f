/* Reading order: incident_rest_row() (the incident's own columns become text at once),
 * incident_rest_load.c (a query each for roles, costs, metrics, tags and people), append_incident(). */
#include "api/incident_rest_internal.h"

#include "base/mem.h"
#include "base/tz.h"
#include "core/status.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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
    buf_fini(&rest->cost_name);
    cost_sum_fini(&rest->cost);
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

void incident_rest_append_text(struct buf *out, struct stmt *stmt, int column)
{
    const char *text = stmt_text(stmt, column);
    json_escape(out, text, stmt_bytes(stmt, column));
}

static struct piece write_head(struct incident_rest *rest, struct stmt *stmt)
{
    struct buf *out = &rest->text;
    struct piece piece = { .at = out->len };
    const char *status = status_name((int)stmt_int(stmt, 2));
    APPEND(out, "{\"id\":");
    append_int(out, stmt_int(stmt, 0));
    APPEND(out, ",\"title\":");
    incident_rest_append_text(out, stmt, 1);
    APPEND(out, ",\"status\":");
    json_escape(out, status, strlen(status));
    APPEND(out, ",\"description\":");
    incident_rest_append_text(out, stmt, 3);
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
