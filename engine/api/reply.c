#include "api/api_internal.h"
#include "api/etag.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/engine.h"
#include "net/form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void api_errors_add(struct api_errors *errors, const char *code, const char *attr, const char *fmt,
                    ...)
{
    struct json_writer w;
    AUTO_BUF struct buf detail = BUF_INIT;
    va_list args;
    va_start(args, fmt);
    buf_vprintf(&detail, fmt, args);
    va_end(args);
    if (errors->count++)
        buf_putc(&errors->items, ',');
    json_writer_init(&w, &errors->items);
    json_object_begin(&w);
    json_put_text(&w, "code", code);
    json_put_text(&w, "detail", detail.data);
    json_put_text(&w, "attr", attr);
    json_object_finish(&w);
}

void api_errors_fini(struct api_errors *errors)
{
    buf_fini(&errors->items);
    errors->count = 0;
}

void api_errors_write(const struct api_errors *errors, struct buf *out)
{
    buf_puts(out, "{\"type\":\"validation_error\",\"errors\":[");
    buf_append(out, errors->items.data, errors->items.len);
    buf_puts(out, "]}");
}

bool api_accepts_json(const struct route_match *match)
{
    enum api_format format;
    if (!api_format_read(match, &format))
        return false;
    if (format == FORMAT_JSON)
        return true;
    http_reply_error(match->exchange, 406, "not_acceptable", "This is answered as JSON only.",
                     NULL);
    return false;
}

bool api_read_number(const char *text, int64_t *number)
{
    size_t len = text ? strspn(text, "0123456789") : 0;
    if (len == 0 || len > 18 || text[len])
        return false;
    *number = strtoll(text, NULL, 10);
    return true;
}

/* ---- reads ------------------------------------------------------------------------------------ */

static int run_read(struct tx *tx, void *arg, struct err *err)
{
    struct api_read *read = arg;
    return read->fn(tx, read, err);
}

static void reply_failed(struct http_exchange *exchange, int rc, const struct err *err)
{
    if (rc == ERR_NOT_FOUND) {
        http_reply_error(exchange, 404, "not_found", "Not found.", NULL);
        return;
    }
    if (rc == ERR_FORBIDDEN) {
        http_reply_error(exchange, 403, "permission_denied", err->msg, NULL);
        return;
    }
    log_error(LOG_API, 0, "%s %s: %s", http_method(exchange), http_path(exchange), err->msg);
    bool is_busy = rc == ERR_BUSY || rc == ERR_CLOSED;
    if (is_busy)
        http_add_header(exchange, "Retry-After", "1");
    http_reply_error(
        exchange, is_busy ? 503 : 500, "error",
        is_busy ? "The store is busy; try again in a moment." : "A server error occurred.", NULL);
}

void api_read_free(struct api_read *read)
{
    buf_fini(&read->out);
    buf_fini(&read->link);
    api_errors_fini(&read->errors);
    json_decref(read->result);
    free(read->query);
    free(read);
}

/* 304 for a reader who has this answer already. */
static void reply_unless_known(struct api_read *read, const struct buf *body)
{
    struct http_exchange *exchange = read->exchange;
    const char *type = api_format_type(read->format);
    bool is_read = !strcmp(http_method(exchange), "GET") || !strcmp(http_method(exchange), "HEAD");
    char etag[ETAG_SIZE];
    http_add_header(exchange, "Vary", "Accept, Authorization");
    etag_of(buf_text(body), body->len, etag);
    if (read->status == 200 && (is_read || read->shows_incident))
        http_add_header(exchange, "ETag", etag);
    if (!is_read || read->status != 200) {
        http_reply(exchange, read->status, type, buf_text(body), body->len);
        return;
    }
    if (etag_matches(http_header(exchange, "If-None-Match"), etag))
        http_reply(exchange, 304, type, "", 0);
    else
        http_reply(exchange, 200, type, buf_text(body), body->len);
}

/* The JSON that was read, or the table that was asked for. */
static void reply_found(struct api_read *read)
{
    struct tabular *table = api_format_table(read->format, read->query, read->fields);
    AUTO_BUF struct buf rows = BUF_INIT;
    struct err err = { 0 };
    if (table) {
        int rc = tabular_learn(table, read->out.data, read->out.len, &err);
        tabular_begin(table, &rows);
        if (rc == OK)
            rc = tabular_rows(table, read->out.data, read->out.len, &rows, &err);
        tabular_free(table);
        if (rc != OK) {
            reply_failed(read->exchange, rc, &err);
            return;
        }
    }
    const struct buf *body = table ? &rows : &read->out;
    reply_unless_known(read, body);
}

void api_read_finish(struct api_read *read, int rc, const struct err *err)
{
    if (http_is_abandoned(read->exchange)) {
        /* The server is gone, and maybe the store: nothing more is asked of either. */
        http_reply(read->exchange, 503, "application/json", "", 0);
    } else if (rc == ERR_INVALID && read->errors.count) {
        buf_clear(&read->out);
        api_errors_write(&read->errors, &read->out);
        http_reply(read->exchange, 400, "application/json", read->out.data, read->out.len);
    } else if (rc != OK) {
        reply_failed(read->exchange, rc, err);
    } else if (read->reply) {
        read->reply(read);
    } else {
        if (read->link.len)
            http_add_header(read->exchange, "Link", read->link.data);
        reply_found(read);
    }
    api_read_free(read);
}

static void read_done(void *arg, int rc, const struct err *err)
{
    api_read_finish(arg, rc, err);
}

struct api_read *api_read_new(struct api *api, struct http_exchange *exchange, api_read_fn fn,
                              const void *arg)
{
    struct api_read *read = xcalloc(1, sizeof(*read));
    read->api = api;
    read->exchange = exchange;
    read->fn = fn;
    read->identity = auth_identity(exchange);
    read->names = api->names;
    read->zone = api->zones->tz;
    read->query = xstrdup(http_query(exchange));
    read->status = 200;
    read->arg = arg;
    return read;
}

struct api_read *api_read_new_record(struct api *api, const struct route_match *match,
                                     api_read_fn fn, const void *arg)
{
    enum api_format format;
    int64_t id;
    if (!api_read_number(route_param(match, "id"), &id)) {
        http_reply_error(match->exchange, 404, "not_found", "Not found.", NULL);
        return NULL;
    }
    if (!api_format_read(match, &format))
        return NULL;
    struct api_read *read = api_read_new(api, match->exchange, fn, arg);
    read->format = format;
    read->id = id;
    return read;
}

void api_read_start(struct api_read *read)
{
    db_read(read->api->engine->db, run_read, read_done, read);
}
