/* Any query string of the list of incidents: refused with reasons, or a page of incidents that may be
 * seen, whose Link leads to a page too. When the first byte is odd, the rest is lines: a byte that
 * chooses a parameter of the API, and its value as it is; else it is the query itself. */
#include "api/incident_filter.h"
#include "api/route.h"
#include "net/form.h"

#include <string.h>

#include "api_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LONGEST = 16 * 1024 }; /* of a request's head */

/* The <index>th name among the parameters of the list. */
static void put_name(struct buf *out, unsigned index)
{
    const char *names = api_route_at(0)->query;
    unsigned count = 1;
    for (const char *at = names; *at; at++)
        count += *at == ' ';
    for (index %= count; index; index--)
        names += strcspn(names, " ") + 1;
    buf_append(out, names, strcspn(names, " ="));
}

static void put_parameters(struct buf *out, const char *text, size_t size)
{
    while (size > 0) {
        const char *end = memchr(text, '\n', size);
        size_t len = end ? (size_t)(end - text) : size;
        if (len > 0) {
            put_name(out, (unsigned char)*text);
            buf_putc(out, '=');
            url_encode(out, text + 1, len - 1);
            buf_putc(out, '&');
        }
        text += len + (end != NULL);
        size -= len + (end != NULL);
    }
}

static int read_page(struct tx *tx, void *arg, struct err *err)
{
    bool has_next;
    return incidents_read_page(tx, arg, NULL, &has_next, err);
}

/* The query of "<http://.../incidents/?QUERY>; rel=...". */
static void follow(struct api *api, const struct buf *link)
{
    const char *at = strchr(link->data, '?');
    REQUIRE(at && strchr(at, '>'));
    AUTO_FREE char *query = xstrndup(at + 1, strcspn(at + 1, ">"));
    struct api_read *read = world_read(api, query);
    struct err err = { 0 };
    REQUIRE(db_read_now(api->engine->db, read_page, read, &err) == OK);
    api_read_free(read);
}

static void expect_page(struct api *api, const struct api_read *read)
{
    size_t index;
    json_t *item;
    json_t *page = json_loadb(read->out.data, read->out.len, 0, NULL);
    REQUIRE(json_is_array(page));
    json_array_foreach (page, index, item)
        REQUIRE(json_integer_value(json_object_get(item, "id")) != 3);
    json_decref(page);
    if (read->link.len)
        follow(api, &read->link);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct api *api = world_api();
    AUTO_BUF struct buf query = BUF_INIT;
    struct err err = { 0 };
    if (size == 0 || size > LONGEST)
        return 0;
    if (data[0] & 1)
        put_parameters(&query, (const char *)data + 1, size - 1);
    else
        buf_append(&query, data + 1, size - 1);
    struct api_read *read = world_read(api, buf_text(&query));
    int rc = db_read_now(api->engine->db, read_page, read, &err);
    if (rc == OK)
        expect_page(api, read);
    else if (rc == ERR_INVALID && read->errors.count)
        world_expect_errors(&read->errors);
    else if (rc != ERR_SYNTAX) {
        fprintf(stderr, "%s: %d %s\n", buf_text(&query), rc, err.msg);
        abort();
    }
    api_read_free(read);
    return 0;
}
