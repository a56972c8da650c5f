#define _GNU_SOURCE
#include "net/http_parse.h"

#include <limits.h>
#include <string.h>
#include <strings.h>

enum { MAX_CHUNK_LINE = 4096 };

/* RFC 9110, 5.6.2: what names of methods and headers are made of. */
static const bool TOKEN[256] = {
    ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['!'] = true,  ['#'] = true,
    ['$'] = true,         ['%'] = true,         ['&'] = true,         ['\''] = true, ['*'] = true,
    ['+'] = true,         ['-'] = true,         ['.'] = true,         ['^'] = true,  ['_'] = true,
    ['`'] = true,         ['|'] = true,         ['~'] = true,
};

static bool is_token(const char *text)
{
    if (!*text)
        return false;
    for (; *text; text++)
        if (!TOKEN[(unsigned char)*text])
            return false;
    return true;
}

static int refuse(int status, struct err *err, const char *why)
{
    err_set(err, ERR_SYNTAX, "%s", why);
    return status;
}

size_t http_head_length(const char *text, size_t len, size_t *scanned)
{
    size_t from = *scanned > 3 ? *scanned - 3 : 0;
    const char *end = from < len ? memmem(text + from, len - from, "\r\n\r\n", 4) : NULL;
    *scanned = len;
    return end ? (size_t)(end - text) + 4 : 0;
}

/* "GET /path HTTP/1.1": exactly one space between the parts. */
static int parse_request_line(struct http_head *head, char *line, struct err *err)
{
    char *target = strchr(line, ' ');
    char *version = target ? strchr(target + 1, ' ') : NULL;
    if (!version || version == target + 1)
        return refuse(400, err, "The request line cannot be read.");
    *target++ = '\0';
    *version++ = '\0';
    if (!is_token(line))
        return refuse(400, err, "The request's method is not a word.");
    for (const unsigned char *byte = (const unsigned char *)target; *byte; byte++)
        if (*byte < 0x21 || *byte == 0x7f)
            return refuse(400, err, "The request's path holds a control character.");
    if (strcmp(version, "HTTP/1.1") && strcmp(version, "HTTP/1.0")) {
        bool is_http = !strncmp(version, "HTTP/", 5);
        return is_http ? refuse(505, err, "Only HTTP/1.0 and HTTP/1.1 are spoken here.")
                       : refuse(400, err, "The request line cannot be read.");
    }
    head->method = line;
    head->target = target;
    head->minor = version[7] - '0';
    return 200;
}

static int parse_content_length(struct http_head *head, const char *value, struct err *err)
{
    int64_t length = 0;
    const char *digit = value;
    for (; *digit >= '0' && *digit <= '9'; digit++) {
        if (length > (INT64_MAX - 9) / 10)
            break;
        length = length * 10 + (*digit - '0');
    }
    if (!*value || *digit || (head->content_length >= 0 && head->content_length != length))
        return refuse(400, err, "Content-Length is not one number.");
    head->content_length = length;
    return 200;
}

/* True when the comma-separated list <value> has <word>, any case. */
static bool list_has(const char *value, const char *word)
{
    size_t len = strlen(word);
    while (*value) {
        value += strspn(value, " \t,");
        size_t item = strcspn(value, " \t,");
        if (item == len && !strncasecmp(value, word, len))
            return true;
        value += item;
    }
    return false;
}

static int note_field(struct http_head *head, const struct http_field *field, struct err *err)
{
    if (!strcasecmp(field->name, "Content-Length"))
        return parse_content_length(head, field->value, err);
    if (!strcasecmp(field->name, "Transfer-Encoding")) {
        if (head->is_chunked || strcasecmp(field->value, "chunked"))
            return refuse(501, err, "The only transfer coding that is understood is chunked.");
        head->is_chunked = true;
    } else if (!strcasecmp(field->name, "Connection")) {
        if (list_has(field->value, "close"))
            head->wants_close = true;
        else if (head->minor == 0 && list_has(field->value, "keep-alive"))
            head->wants_close = false;
    } else if (!strcasecmp(field->name, "Expect")) {
        /* RFC 9110, 10.1.1: a client of HTTP/1.0 does not know what to do with it. */
        head->expects_continue = head->minor > 0 && !strcasecmp(field->value, "100-continue");
    } else if (!strcasecmp(field->name, "Host")) {
        for (int i = 0; i < head->field_count - 1; i++)
            if (!strcasecmp(head->fields[i].name, "Host"))
                return refuse(400, err, "More than one Host header.");
    }
    return 200;
}

static int parse_field(struct http_head *head, char *line, struct err *err)
{
    if (head->field_count == HTTP_MAX_HEADERS)
        return refuse(431, err, "Too many headers.");
    char *colon = strchr(line, ':');
    if (!colon)
        return refuse(400, err, "A header without a colon.");
    *colon = '\0';
    if (!is_token(line))
        return refuse(400, err, "A header's name holds a character that is not allowed.");
    char *value = colon + 1 + strspn(colon + 1, " \t");
    char *end = value + strlen(value);
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        *--end = '\0';
    struct http_field *field = &head->fields[head->field_count++];
    *field = (struct http_field){ line, value };
    return note_field(head, field, err);
}

/* Ends each line with a NUL in place of its CR LF. A NUL, a bare CR or a bare LF is where
 * request smuggling begins. */
static char *next_line(char **at, char *end)
{
    char *line = *at;
    for (char *byte = line; byte < end; byte++) {
        if (*byte == '\r' && byte + 1 < end && byte[1] == '\n') {
            *byte = '\0';
            *at = byte + 2;
            return line;
        }
        if (*byte == '\0' || *byte == '\r' || *byte == '\n')
            return NULL;
    }
    return NULL;
}

int http_head_parse(struct http_head *head, char *text, size_t len, struct err *err)
{
    char *at = text;
    char *end = text + len;
    head->field_count = 0;
    head->content_length = -1;
    head->is_chunked = head->expects_continue = false;
    char *line = next_line(&at, end);
    int status = line ? parse_request_line(head, line, err)
                      : refuse(400, err, "A line holds a control character.");
    if (status != 200)
        return status;
    head->wants_close = head->minor == 0;
    while ((line = next_line(&at, end)) && *line) {
        status = parse_field(head, line, err);
        if (status != 200)
            return status;
    }
    if (!line)
        return refuse(400, err, "A line holds a control character.");
    if (head->is_chunked && (head->content_length >= 0 || head->minor == 0))
        return refuse(400, err,
                      "Transfer-Encoding does not go with Content-Length nor with HTTP/1.0.");
    if (head->minor == 1 && !http_head_field(head, "Host"))
        return refuse(400, err, "The Host header is missing.");
    return 200;
}

const char *http_head_field(const struct http_head *head, const char *name)
{
    for (int i = 0; i < head->field_count; i++)
        if (!strcasecmp(head->fields[i].name, name))
            return head->fields[i].value;
    return NULL;
}

/* ---- chunked bodies -------------------------------------------------------------------------- */

enum {
    CHUNK_SIZE,
    CHUNK_EXTENSION,
    CHUNK_SIZE_LF,
    CHUNK_DATA,
    CHUNK_DATA_CR,
    CHUNK_DATA_LF,
    CHUNK_TRAILER,
    CHUNK_TRAILER_LF
};

static int hex_digit(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One byte outside of a chunk's data. Returns 0, 200 or 400. */
static int step(struct http_chunks *chunks, unsigned char c)
{
    int digit;
    if (++chunks->line_len > MAX_CHUNK_LINE)
        return 400;
    switch (chunks->state) {
    case CHUNK_SIZE:
        digit = hex_digit(c);
        if (digit >= 0 && chunks->left < (1ULL << 48)) {
            chunks->left = chunks->left * 16 + (unsigned)digit;
            chunks->has_digit = true;
            return 0;
        }
        if (!chunks->has_digit || (c != '\r' && c != ';' && c != ' ' && c != '\t'))
            return 400;
        chunks->state = c == '\r' ? CHUNK_SIZE_LF : CHUNK_EXTENSION;
        return 0;
    case CHUNK_EXTENSION:
        if (c == '\r')
            chunks->state = CHUNK_SIZE_LF;
        return c == '\n' || c == '\0' ? 400 : 0;
    case CHUNK_SIZE_LF:
        chunks->state = chunks->left ? CHUNK_DATA : CHUNK_TRAILER;
        chunks->line_len = 0;
        return c == '\n' ? 0 : 400;
    case CHUNK_DATA_CR:
        chunks->state = CHUNK_DATA_LF;
        return c == '\r' ? 0 : 400;
    case CHUNK_DATA_LF:
        *chunks = (struct http_chunks){ .state = CHUNK_SIZE };
        return c == '\n' ? 0 : 400;
    case CHUNK_TRAILER:
        /* Trailers are read over; <left> counts the bytes of the present line. */
        if (c == '\r')
            chunks->state = CHUNK_TRAILER_LF;
        else
            chunks->left++;
        return c == '\n' || c == '\0' ? 400 : 0;
    default:
        if (c != '\n')
            return 400;
        if (chunks->left == 0)
            return 200;
        chunks->left = 0;
        chunks->state = CHUNK_TRAILER;
        return 0;
    }
}

int http_chunks_read(struct http_chunks *chunks, const char *data, size_t len, struct buf *body,
                     size_t max, size_t *used)
{
    size_t at = 0;
    int status = 0;
    while (at < len && status == 0) {
        if (chunks->state != CHUNK_DATA) {
            status = step(chunks, (unsigned char)data[at++]);
            continue;
        }
        if (chunks->left > max - body->len) {
            status = 413;
            break;
        }
        size_t part = len - at < chunks->left ? len - at : (size_t)chunks->left;
        buf_append(body, data + at, part);
        at += part;
        chunks->left -= part;
        if (chunks->left == 0)
            chunks->state = CHUNK_DATA_CR;
    }
    *used = at;
    return status;
}

const char *http_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } REASONS[] = {
        { 100, "Continue" },
        { 200, "OK" },
        { 201, "Created" },
        { 202, "Accepted" },
        { 204, "No Content" },
        { 301, "Moved Permanently" },
        { 302, "Found" },
        { 303, "See Other" },
        { 304, "Not Modified" },
        { 307, "Temporary Redirect" },
        { 308, "Permanent Redirect" },
        { 400, "Bad Request" },
        { 401, "Unauthorized" },
        { 403, "Forbidden" },
        { 404, "Not Found" },
        { 405, "Method Not Allowed" },
        { 406, "Not Acceptable" },
        { 408, "Request Timeout" },
        { 409, "Conflict" },
        { 410, "Gone" },
        { 412, "Precondition Failed" },
        { 413, "Content Too Large" },
        { 414, "URI Too Long" },
        { 415, "Unsupported Media Type" },
        { 422, "Unprocessable Content" },
        { 429, "Too Many Requests" },
        { 431, "Request Header Fields Too Large" },
        { 500, "Internal Server Error" },
        { 501, "Not Implemented" },
        { 502, "Bad Gateway" },
        { 503, "Service Unavailable" },
        { 504, "Gateway Timeout" },
        { 505, "HTTP Version Not Supported" },
    };
    for (size_t i = 0; i < sizeof(REASONS) / sizeof(*REASONS); i++)
        if (REASONS[i].status == status)
            return REASONS[i].reason;
    return "Status";
}
