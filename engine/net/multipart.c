#define _GNU_SOURCE /* memmem */
/* Read multipart_parse(), then take_part(): a part is headers, an empty line, and everything up to
 * the next delimiter. */
#include "net/multipart.h"

#include "base/mem.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { BOUNDARY_MAX = 70 };

struct reader {
    const char *at, *end;
    char delimiter[2 + 2 + BOUNDARY_MAX + 1]; /* CR LF "--" boundary */
    size_t delimiter_len;
    struct form *out;
    char *room; /* where the next field's texts go */
    int field_room;
};

/* A piece of the body. */
struct span {
    const char *at;
    size_t len;
};

/* ---- parameters of headers -------------------------------------------------------------------- */

/* The value of the parameter <name> in "word; a=b; c=\"d\"". False when it is not there. */
static bool find_parameter(struct span header, const char *name, struct span *value)
{
    const char *at = header.at, *end = header.at + header.len;
    size_t name_len = strlen(name);
    while ((at = memchr(at, ';', (size_t)(end - at)))) {
        for (at++; at < end && (*at == ' ' || *at == '\t'); at++)
            ;
        bool is_it = (size_t)(end - at) > name_len && !strncasecmp(at, name, name_len) &&
                     at[name_len] == '=';
        while (at < end && *at != '=' && *at != ';')
            at++;
        if (at == end || *at == ';')
            continue;
        bool is_quoted = ++at < end && *at == '"';
        value->at = at += is_quoted;
        while (at < end && (is_quoted ? *at != '"' : *at != ';' && *at != ' ' && *at != '\t'))
            at += is_quoted && *at == '\\' && at + 1 < end ? 2 : 1;
        value->len = (size_t)(at - value->at);
        if (is_it)
            return true;
        if (at == end)
            return false;
    }
    return false;
}

static int read_boundary(const char *content_type, struct reader *reader, struct err *err)
{
    struct span header = { content_type, strlen(content_type) };
    struct span boundary;
    if (!find_parameter(header, "boundary", &boundary) || boundary.len == 0 ||
        boundary.len > BOUNDARY_MAX)
        return err_set(err, ERR_SYNTAX, "the content type names no boundary");
    reader->delimiter_len = (size_t)snprintf(reader->delimiter, sizeof(reader->delimiter),
                                             "\r\n--%.*s", (int)boundary.len, boundary.at);
    return OK;
}

/* ---- parts ------------------------------------------------------------------------------------ */

/* Ends a line at CR LF; false when there is none. */
static bool take_line(struct reader *reader, struct span *line)
{
    const char *stop = memmem(reader->at, (size_t)(reader->end - reader->at), "\r\n", 2);
    if (!stop)
        return false;
    *line = (struct span){ reader->at, (size_t)(stop - reader->at) };
    reader->at = stop + 2;
    return true;
}

/* The field's name. *is_field: it has one, and no file name. False: the headers do not end. */
static bool take_headers(struct reader *reader, struct span *name, bool *is_field)
{
    static const char HEADER[] = "Content-Disposition:";
    struct span line, file;
    *is_field = false;
    while (take_line(reader, &line)) {
        if (line.len == 0)
            return true;
        if (line.len < strlen(HEADER) || strncasecmp(line.at, HEADER, strlen(HEADER)))
            continue;
        *is_field = find_parameter(line, "name", name) && !find_parameter(line, "filename", &file);
    }
    return false;
}

/* Every part is longer than its name and value by more than two NULs, so the room of one body is
 * enough for all of them. */
static const char *keep(struct reader *reader, struct span text)
{
    char *kept = reader->room;
    if (text.len)
        memcpy(kept, text.at, text.len);
    kept[text.len] = '\0';
    reader->room += text.len + 1;
    return kept;
}

static int add_field(struct reader *reader, struct span name, struct span value, struct err *err)
{
    struct form *form = reader->out;
    if (form->count == FORM_MAX_FIELDS)
        return err_set(err, ERR_LIMIT, "more than %d fields", FORM_MAX_FIELDS);
    if (form->count == reader->field_room) {
        reader->field_room = reader->field_room ? reader->field_room * 2 : 16;
        form->fields = xrealloc(form->fields, (size_t)reader->field_room * sizeof(*form->fields));
    }
    struct form_field *field = &form->fields[form->count++];
    field->name = keep(reader, name);
    field->name_len = name.len;
    field->value = keep(reader, value);
    field->value_len = value.len;
    return OK;
}

/* One part, behind its delimiter. */
static int take_part(struct reader *reader, struct err *err)
{
    struct span name = { 0 };
    bool is_field;
    if (!take_headers(reader, &name, &is_field))
        return err_set(err, ERR_SYNTAX, "the headers of a part do not end");
    /* The line feed before the delimiter may be the one that ended the headers. */
    const char *from = reader->at - 2;
    const char *stop =
        memmem(from, (size_t)(reader->end - from), reader->delimiter, reader->delimiter_len);
    if (!stop)
        return err_set(err, ERR_SYNTAX, "a part does not end with the boundary");
    struct span value = { reader->at, stop > reader->at ? (size_t)(stop - reader->at) : 0 };
    reader->at = stop + reader->delimiter_len;
    return is_field ? add_field(reader, name, value, err) : OK;
}

/* Behind a delimiter: "--" for the last one, else the end of its line. */
static int take_parts(struct reader *reader, struct err *err)
{
    struct span rest;
    while ((size_t)(reader->end - reader->at) < 2 || memcmp(reader->at, "--", 2)) {
        if (!take_line(reader, &rest) || strspn(rest.at, " \t") < rest.len)
            return err_set(err, ERR_SYNTAX, "the boundary is not alone on its line");
        int rc = take_part(reader, err);
        if (rc != OK)
            return rc;
    }
    return OK;
}

int multipart_parse(const char *content_type, const char *body, size_t len, struct form *out,
                    struct err *err)
{
    struct reader reader = { .at = body, .end = body + len, .out = out };
    memset(out, 0, sizeof(*out));
    int rc = read_boundary(content_type, &reader, err);
    if (rc != OK)
        return rc;
    /* The first delimiter may begin the body, without a line feed before. */
    const char *first = reader.delimiter + 2;
    size_t first_len = reader.delimiter_len - 2;
    if (len >= first_len && !memcmp(body, first, first_len)) {
        reader.at += first_len;
    } else {
        reader.at = memmem(body, len, reader.delimiter, reader.delimiter_len);
        if (!reader.at)
            return err_set(err, ERR_SYNTAX, "the boundary is not in the body");
        reader.at += reader.delimiter_len;
    }
    out->text = reader.room = try_malloc(len + 1);
    rc = out->text ? take_parts(&reader, err) : err_set(err, ERR_NOMEM, "no memory for the body");
    if (rc != OK)
        form_fini(out);
    return rc;
}
