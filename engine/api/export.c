/* Read export_start() first: step, read_chunk on a reader thread, chunk_done on the loop, and again. */
#include "api/export.h"

#include "base/log.h"
#include "base/mem.h"
#include "core/engine.h"
#include "net/form.h"

#include <string.h>

enum { CHUNK_ROWS = 500 };

struct export
{
    struct api_read *read; /* who asks and what; its buffer holds the chunk */
    struct tabular *table; /* NULL: JSON */
    bool is_learning;      /* the columns are being found */
    bool is_reading;       /* a chunk is on its way */
    bool has_begun;        /* the answer */
    export_page_fn read_page;
    struct export_page page;
    bool has_next;
    struct buf out;
};

static void step(void *arg);

static void export_free(struct export *export)
{
    if (export->read)
        api_read_free(export->read);
    free(export->page.ids);
    tabular_free(export->table);
    buf_fini(&export->out);
    free(export);
}

/* ---- on a reader thread */

/* The rows of a JSON array without its brackets, behind those that were sent. */
static void put_json(struct export *export, bool is_first)
{
    const struct buf *rows = &export->read->out;
    if (rows->len <= 2)
        return;
    if (!is_first)
        buf_putc(&export->out, ',');
    buf_append(&export->out, rows->data + 1, rows->len - 2);
}

static int put_rows(struct export *export, bool is_first, struct err *err)
{
    const struct buf *rows = &export->read->out;
    if (!export->table) {
        put_json(export, is_first);
        return OK;
    }
    if (export->is_learning) {
        int rc = tabular_learn(export->table, rows->data, rows->len, err);
        if (rc != OK || export->has_next || !is_first)
            return rc;
        export->is_learning = false; /* all rows are in this chunk: no need to read them again */
    }
    if (is_first)
        tabular_begin(export->table, &export->out);
    return tabular_rows(export->table, rows->data, rows->len, &export->out, err);
}

static int read_chunk(struct tx *tx, void *arg, struct err *err)
{
    struct export *export = arg;
    bool is_first = export->page.skip == 0;
    buf_clear(&export->read->out);
    buf_clear(&export->out);
    int rc = export->read_page(tx, export->read, &export->page, &export->has_next, err);
    return rc == OK ? put_rows(export, is_first, err) : rc;
}

/* ---- on the loop */

static void finish(struct export *export, int rc, const struct err *err)
{
    struct http_exchange *exchange = export->read->exchange;
    if (!export->has_begun) {
        struct api_read *read = export->read;
        export->read = NULL;
        api_read_finish(read, rc, err);
        export_free(export);
        return;
    }
    if (rc != OK)
        log_error(LOG_API, 0, "%s: the export broke off: %s", http_path(exchange), err->msg);
    http_stream_on_drained(exchange, NULL, NULL);
    http_stream_end(exchange, rc == OK);
    export_free(export);
}

static void begin(struct export *export)
{
    struct http_exchange *exchange = export->read->exchange;
    export->has_begun = true;
    http_add_header(exchange, "Vary", "Accept, Authorization");
    http_stream_begin(exchange, 200, api_format_type(export->read->format));
    if (!export->table)
        http_stream_write(exchange, "[", 1);
    http_stream_on_drained(exchange, step, export);
}

static void start_again(struct export *export)
{
    export->is_learning = false;
    export->page.skip = 0;
    export->page.before_id = 0;
    step(export);
}

static void chunk_done(void *arg, int rc, const struct err *err)
{
    struct export *export = arg;
    struct http_exchange *exchange = export->read->exchange;
    export->is_reading = false;
    if (rc != OK || http_is_abandoned(exchange)) {
        finish(export, rc != OK ? rc : ERR_CLOSED, err);
        return;
    }
    if (export->is_learning) {
        if (export->has_next)
            step(export);
        else
            start_again(export);
        return;
    }
    if (!export->has_begun)
        begin(export);
    http_stream_write(exchange, export->out.data, export->out.len);
    if (!export->has_next || !http_stream_is_wanted(exchange)) {
        if (!export->table)
            http_stream_write(exchange, "]", 1);
        finish(export, OK, NULL);
    } else if (http_stream_is_drained(exchange)) {
        step(export);
    }
}

/* The next chunk, or the end when nobody wants it; called when all that was written is sent, and when the client is
 * gone. */
static void step(void *arg)
{
    struct export *export = arg;
    if (export->is_reading)
        return;
    if (export->has_begun && !http_stream_is_wanted(export->read->exchange)) {
        finish(export, OK, NULL);
        return;
    }
    export->is_reading = true;
    db_read(export->read->api->engine->db, read_chunk, chunk_done, export);
}

bool export_is_wanted(const struct api *api, struct http_exchange *exchange, enum api_format format)
{
    struct form query;
    const char *text = http_query(exchange);
    bool is_form = *text && form_parse(text, strlen(text), &query, NULL) == OK;
    const struct form_field *limit = is_form ? form_last(&query, "limit") : NULL;
    bool knows_pages = format == FORMAT_JSON && (!api->settings.is_whole_by_default ||
                                                 (is_form && form_last(&query, "cursor")));
    bool is_all = limit ? !strcmp(limit->value, "all") : !knows_pages;
    if (is_form)
        form_fini(&query);
    return is_all;
}

void export_start(struct api *api, struct http_exchange *exchange, enum api_format format,
                  const char *fields, export_page_fn read_page)
{
    struct export *export = xcalloc(1, sizeof(*export));
    export->read = api_read_new(api, exchange, NULL, NULL);
    export->read->format = format;
    export->table = api_format_table(format, export->read->query, fields);
    export->is_learning = export->table && tabular_needs_learning(export->table);
    export->read_page = read_page;
    export->page = (struct export_page){ .limit = CHUNK_ROWS };
    step(export);
}
