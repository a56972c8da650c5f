/* Any bytes as a request head and a chunked body: read in place, in two splits, without a byte out of bounds. */
#include "base/mem.h"
#include "net/http_parse.h"

#include <stdint.h>
#include <string.h>

enum { MAX_BODY = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_head(const char *text, size_t size)
{
    struct http_head head;
    struct err err;
    size_t scanned = 0;
    size_t len = http_head_length(text, size, &scanned);
    if (len == 0)
        return;
    REQUIRE(len <= size);
    char *copy = xmalloc(len);
    memcpy(copy, text, len);
    if (http_head_parse(&head, copy, len, &err) == 200) {
        REQUIRE(head.method >= copy && head.target < copy + len &&
                head.field_count <= HTTP_MAX_HEADERS);
        REQUIRE(head.minor == 0 || http_head_field(&head, "host"));
        REQUIRE(!head.is_chunked || head.content_length < 0);
    }
    free(copy);
}

static int read_chunks(const char *text, size_t size, size_t cut, struct buf *body)
{
    struct http_chunks chunks = { 0 };
    size_t used = 0;
    int status = http_chunks_read(&chunks, text, cut, body, MAX_BODY, &used);
    REQUIRE(used <= cut && body->len <= MAX_BODY);
    if (status == 0)
        status = http_chunks_read(&chunks, text + cut, size - cut, body, MAX_BODY, &used);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const char *text = (const char *)data;
    AUTO_BUF struct buf whole = BUF_INIT;
    AUTO_BUF struct buf split = BUF_INIT;
    read_head(text, size);
    int status = read_chunks(text, size, size, &whole);
    REQUIRE(status == read_chunks(text, size, data[0] % size, &split));
    REQUIRE(status != 200 ||
            (whole.len == split.len && (!whole.len || !memcmp(whole.data, split.data, whole.len))));
    return 0;
}
