/* Read write_on_request(), then run_write(): find a kept answer, check what only the store knows,
 * run the operation, write the answer, keep it. */
#include "api/write.h"

#include "api/body.h"
#include "api/etag.h"
#include "api/incident_rest.h"
#include "api/shaped.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/args.h"
#include "core/engine.h"
#include "core/idempotency.h"
#include "net/form.h"
#include "net/verify.h"

#include <stdio.h>
#include <string.h>

enum { KEY_MAX = 255 };

/* A request on its way to the writer. */
struct writing {
    const struct api_write *what;
    struct api_read *read; /* the answer */
    json_t *args;          /* owned */
    struct actor actor;
    char key[KEY_MAX + 1]; /* "" : none was given */
    char hash[65];
    char *if_match; /* owned; NULL: it is changed whatever its state is */
    bool is_replayed, is_key_taken, is_stale;
};

static void writing_free(struct writing *writing)
{
    json_decref(writing->args);
    free(writing->if_match);
    free(writing);
}

/* ---- on the writer ---------------------------------------------------------------------------- */

static struct idempotency key_of(const struct writing *writing)
{
    return (struct idempotency){ .owner = writing->read->identity.key_id,
                                 .key = writing->key,
                                 .request = writing->hash };
}

static int run_operation(struct tx *tx, const struct write_call *in, struct err *err)
{
    AUTO_BUF struct buf out = BUF_INIT;
    struct json_writer w;
    json_writer_init(&w, &out);
    struct op_call call = { .tx = tx, .actor = in->actor, .args = in->args, .out = &w, .err = err };
    int rc = op_find(in->what->op)->run(&call);
    if (rc != OK)
        return rc;
    json_decref(in->read->result);
    in->read->result = json_loadb(buf_text(&out), out.len, JSON_DECODE_ANY, NULL);
    return in->read->result ? OK : err_set(err, ERR_BUG, "%s answered no JSON", in->what->op);
}

int write_apply(struct tx *tx, const struct write_call *in, struct err *err)
{
    struct api_read *read = in->read;
    int rc = in->what->body ? body_resolve(in->what->body, in->args, tx, &read->errors, err) : OK;
    if (rc == OK && read->errors.count)
        rc = err_set(err, ERR_INVALID, "the body is not valid");
    if (rc == OK)
        rc = run_operation(tx, in, err);
    return rc == OK && read->fn ? read->fn(tx, read, err) : rc;
}

static int find_kept(struct tx *tx, struct writing *writing, struct err *err)
{
    const struct idempotency key = key_of(writing);
    int status;
    int rc = idempotency_find(tx, &key, &status, &writing->read->out, err);
    writing->is_key_taken = rc == ERR_CONFLICT;
    writing->is_replayed = rc == OK && status != 0;
    if (writing->is_replayed)
        writing->read->status = status;
    return rc;
}

/* "incident.impacts" */
static const json_t *member_at(const json_t *value, const char *path)
{
    char name[32];
    while (value && *path) {
        size_t len = strcspn(path, ".");
        snprintf(name, sizeof(name), "%.*s", (int)len, path);
        value = json_object_get(value, name);
        path += len + (path[len] == '.');
    }
    return value;
}

/* The operation's answer in the shape of the route, which is read->arg. */
static int write_shaped(struct tx *tx, struct api_read *read, struct err *err)
{
    const struct api_route *route = read->arg;
    const char *from = route->write->from;
    const json_t *value = from ? member_at(read->result, from) : read->result;
    struct json_writer w;
    (void)tx;
    (void)err;
    json_writer_init(&w, &read->out);
    shaped_write(&w, route->answer, value, read->zone);
    return OK;
}

/* ERR_CONFLICT when the incident is no longer what the client has read. */
static int check_precondition(struct tx *tx, struct writing *writing, struct err *err)
{
    char etag[ETAG_SIZE];
    struct api_read seen = *writing->read;
    seen.out = (struct buf)BUF_INIT;
    seen.arg = &INCIDENT_WHOLE;
    int rc = incident_read_one(tx, &seen, err);
    etag_of(buf_text(&seen.out), seen.out.len, etag);
    buf_fini(&seen.out);
    if (rc != OK || etag_matches(writing->if_match, etag))
        return rc;
    writing->is_stale = true;
    return err_set(err, ERR_CONFLICT, "The incident has changed since it was read.");
}

static int run_write(struct tx *tx, void *arg, struct err *err)
{
    struct writing *writing = arg;
    struct api_read *read = writing->read;
    const struct write_call call = { writing->what, read, writing->args, &writing->actor };
    int rc = OK;
    buf_clear(&read->out);
    if (*writing->key && ((rc = find_kept(tx, writing, err)) != OK || writing->is_replayed))
        return rc;
    if (writing->if_match && (rc = check_precondition(tx, writing, err)) != OK)
        return rc;
    rc = write_apply(tx, &call, err);
    const struct idempotency key = key_of(writing);
    if (rc == OK && *writing->key)
        rc = idempotency_keep(tx, &key, read->status, &read->out, err);
    return rc;
}

/* ---- the answer ------------------------------------------------------------------------------- */

/* The operation's refusal in the names of the body. */
static void add_refusal(struct writing *writing, const char *code, const struct err *err)
{
    char attr[96] = "non_field_errors";
    if (*err->field && writing->what->body)
        body_field_of(writing->what->body, err->field, attr, sizeof(attr));
    else if (*err->field)
        copy_text(attr, sizeof(attr), err->field); /* a parameter of the query string */
    api_errors_add(&writing->read->errors, code, attr, "%s", err->msg);
}

static void reply_conflict(struct writing *writing, const struct err *err)
{
    char attr[96] = "";
    if (*err->field && writing->what->body)
        body_field_of(writing->what->body, err->field, attr, sizeof(attr));
    http_reply_error(writing->read->exchange, 409,
                     writing->is_key_taken ? "idempotency_key_reused" : "conflict", err->msg,
                     *attr ? attr : NULL);
    api_read_free(writing->read);
}

/* True when the argument comes from the path alone: what it names is not there. */
static bool is_of_path(const struct api_write *what, const char *argument)
{
    size_t len = strlen(argument);
    for (const char *at = what->path ? what->path : ""; len && *at;
         at += strcspn(at, " "), at += *at == ' ') {
        size_t size = strcspn(at, " ");
        const char *colon = memchr(at, ':', size);
        const char *name = colon ? colon + 1 : at;
        size_t name_len = (size_t)(at + size - name);
        name_len -= name_len && name[name_len - 1] == '#';
        if (name_len == len && !strncmp(name, argument, len))
            return true;
    }
    return false;
}

static void on_written(void *arg, int rc, const struct err *err)
{
    struct writing *writing = arg;
    struct api_read *read = writing->read;
    bool is_over = http_is_abandoned(read->exchange);
    if (rc == ERR_INVALID && is_of_path(writing->what, err->field))
        rc = ERR_NOT_FOUND;
    bool is_conflict = rc == ERR_CONFLICT && !writing->what->conflict_is_invalid;
    if (!is_over && writing->is_stale) {
        http_reply_error(read->exchange, 412, "precondition_failed", err->msg, NULL);
        api_read_free(read);
    } else if (!is_over && (writing->is_key_taken || is_conflict)) {
        reply_conflict(writing, err);
    } else {
        bool is_refusal =
            rc == ERR_INVALID || rc == ERR_CONFLICT || rc == ERR_LIMIT ||
            (rc == ERR_NOT_FOUND && *err->field && !is_of_path(writing->what, err->field));
        if (is_refusal && read->errors.count == 0)
            add_refusal(writing,
                        rc == ERR_CONFLICT    ? "unique"
                        : rc == ERR_NOT_FOUND ? "does_not_exist"
                                              : "invalid",
                        err);
        if (writing->is_replayed && !is_over)
            http_add_header(read->exchange, "Idempotent-Replayed", "true");
        api_read_finish(read, is_refusal ? ERR_INVALID : rc, err);
    }
    writing_free(writing);
}

/* ---- the request ------------------------------------------------------------------------------ */

/* False: the exchange was answered. */
static bool read_key(struct http_exchange *exchange, struct writing *writing)
{
    const char *key = http_header(exchange, "Idempotency-Key");
    if (!key || !op_find(writing->what->op)->is_write)
        return true;
    size_t len = strlen(key);
    bool is_good = len > 0 && len <= KEY_MAX;
    for (size_t i = 0; i < len && is_good; i++)
        is_good = key[i] > ' ' && key[i] < 0x7f;
    if (!is_good) {
        http_reply_error(exchange, 400, "invalid",
                         "An Idempotency-Key has 1 to 255 visible ASCII characters.",
                         "Idempotency-Key");
        return false;
    }
    memcpy(writing->key, key, len + 1);
    AUTO_BUF struct buf request = BUF_INIT;
    size_t body_len;
    const char *body = http_body(exchange, &body_len);
    const char *type = http_header(exchange, "Content-Type");
    buf_printf(&request, "%s %s?%s\n%s\n", http_method(exchange), http_path(exchange),
               http_query(exchange), type ? type : "");
    buf_append(&request, body, body_len);
    verify_sha256_hex(request.data, request.len, writing->hash);
    return true;
}

/* Puts the path's parameters among the arguments. False: there is nothing of that name. */
static bool read_path(const struct route_match *match, const char *path, struct writing *writing)
{
    char name[32], argument[32];
    bool is_first = true;
    for (const char *at = path; *at; at += strcspn(at, " "), at += *at == ' ') {
        size_t len = strcspn(at, " ");
        size_t colon = strcspn(at, ": ");
        bool is_number = at[len - 1] == '#';
        snprintf(name, sizeof(name), "%.*s", (int)(colon - (colon == len && is_number)), at);
        snprintf(argument, sizeof(argument), "%.*s",
                 (int)(colon < len ? len - colon - 1 - is_number : strlen(name)),
                 colon < len ? at + colon + 1 : name);
        int64_t number = 0;
        const char *value = route_param(match, name);
        if (is_number && !api_read_number(value, &number))
            return false;
        json_object_set_new(writing->args, argument,
                            is_number ? json_integer(number) : json_string(value));
        if (is_first)
            writing->read->id = number;
        is_first = false;
    }
    return true;
}

/* The parameters of the query string that the route names become arguments. */
static void read_query(const struct api_route *route, const char *text, struct writing *writing)
{
    struct form form;
    int64_t number;
    if (!route->query || !*text || form_parse(text, strlen(text), &form, NULL) != OK)
        return;
    for (const char *at = route->query; *at; at += strcspn(at, " "), at += *at == ' ') {
        char name[32];
        size_t len = strcspn(at, " ");
        snprintf(name, sizeof(name), "%.*s", (int)len, at);
        const struct form_field *field = form_last(&form, name);
        bool is_number = !strcmp(api_parameter_find(at, len)->type, "int");
        if (!field)
            continue;
        json_t *value = is_number ? json_integer(0) : json_string(field->value);
        if (is_number && !api_read_number(field->value, &number))
            api_errors_add(&writing->read->errors, "invalid", name, "Enter a number.");
        else if (is_number)
            json_integer_set(value, number);
        else if (!value)
            api_errors_add(&writing->read->errors, "invalid", name, "Not valid UTF-8 text.");
        if (value)
            json_object_set_new(writing->args, name, value);
    }
    form_fini(&form);
}

void write_answer_of(const struct api_route *route, struct api_read *read)
{
    const struct api_write *what = route->write;
    bool is_shaped = !what->answer && route->answer;
    read->fn = is_shaped ? write_shaped : what->answer;
    read->arg = is_shaped ? (const void *)route : what->arg;
    read->status = !read->fn ? 204 : route->status ? route->status : 200;
    read->shows_incident = what->answer == incident_read_one;
}

void write_on_request(const struct route_match *match, void *arg)
{
    struct api *api = arg;
    struct http_exchange *exchange = match->exchange;
    const struct api_route *route = api_route_of(match->route);
    const struct api_write *what = route->write;
    bool is_write = op_find(what->op)->is_write;
    enum api_format format = FORMAT_JSON;
    json_t *body = NULL;
    if (is_write ? !api_accepts_json(match) : !api_format_read(match, &format))
        return;
    if (what->body && !(body = body_read(exchange, what->body)))
        return;
    struct writing *writing = xcalloc(1, sizeof(*writing));
    writing->what = what;
    writing->args = json_object();
    writing->actor = auth_actor(exchange);
    const char *if_match = http_header(exchange, "If-Match");
    if (if_match && api_route_is_conditional(route))
        writing->if_match = xstrdup(if_match);
    if (!read_key(exchange, writing)) {
        writing_free(writing);
        json_decref(body);
        return;
    }
    struct api_read *read = writing->read = api_read_new(api, exchange, NULL, NULL);
    write_answer_of(route, read);
    read->format = format;
    if (what->body)
        body_check(what->body, body, read->zone, writing->args, &read->errors);
    json_decref(body);
    read_query(route, http_query(exchange), writing);
    if (what->path && !read_path(match, what->path, writing)) {
        http_reply_error(exchange, 404, "not_found", "Not found.", NULL);
        api_read_free(read);
        writing_free(writing);
    } else if (read->errors.count || !is_write) {
        /* Nothing will be written; of a bad body a reader can tell what else is wrong. */
        db_read(api->engine->db, run_write, on_written, writing);
    } else {
        db_write(api->engine->db, run_write, on_written, writing);
    }
}
