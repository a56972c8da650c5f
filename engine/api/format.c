#include "api/format.h"

#include "base/mem.h"
#include "net/form.h"
#include "net/router.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* By enum api_format; of two that are wanted alike the first is answered. */
static const struct {
    const char *name, *type, *media, *family;
} FORMATS[] = {
    { "json", "application/json", "application/json", "application/*" },
    { "csv", "text/csv; charset=utf-8", "text/csv", "text/*" },
    { "tsv", "text/tab-separated-values; charset=utf-8", "text/tab-separated-values", "text/*" },
};
enum { FORMAT_COUNT = sizeof(FORMATS) / sizeof(*FORMATS) };

static bool find_name(const char *name, enum api_format *format)
{
    for (int i = 0; i < FORMAT_COUNT; i++)
        if (!strcmp(FORMATS[i].name, name)) {
            *format = (enum api_format)i;
            return true;
        }
    return false;
}

static bool is_range(const char *range, size_t len, const char *name)
{
    return strlen(name) == len && !strncasecmp(range, name, len);
}

/* How closely a range of an Accept header names the format; 0: not at all. */
static int closeness(const char *range, size_t len, int format)
{
    return is_range(range, len, FORMATS[format].media)    ? 3
           : is_range(range, len, FORMATS[format].family) ? 2
           : is_range(range, len, "*/*")                  ? 1
                                                          : 0;
}

/* The weight among a range's parameters (";q=0.5"), in thousandths; 1000 when there is none. */
static int weight_of(const char *parameters, const char *end)
{
    for (const char *at = parameters; at < end; at++) {
        const char *name = at + 1 + strspn(at + 1, " \t");
        if (*at != ';' || strncasecmp(name, "q=", 2) != 0)
            continue;
        int weight = name[2] == '1' ? 1000 : 0;
        if (name[2] == '0' && name[3] == '.')
            for (int i = 0, unit = 100; i < 3 && isdigit((unsigned char)name[4 + i]);
                 i++, unit /= 10)
                weight += (name[4 + i] - '0') * unit;
        return weight;
    }
    return 1000;
}

/* How much a format is wanted: by the range that names it most closely (RFC 9110, 12.5.1). */
struct wish {
    int weight, closeness;
};

static struct wish wish_for(const char *accept, int format)
{
    struct wish wish = { 0 };
    while (*(accept += strspn(accept, " \t,"))) {
        const char *end = accept + strcspn(accept, ",");
        size_t len = strcspn(accept, " \t,;");
        int close = closeness(accept, len, format);
        if (close > wish.closeness)
            wish = (struct wish){ weight_of(accept + len, end), close };
        accept = end;
    }
    return wish;
}

static bool find_accepted(const char *accept, enum api_format *format)
{
    struct wish best = { 0 };
    for (int i = 0; i < FORMAT_COUNT; i++) {
        struct wish wish = wish_for(accept, i);
        if (wish.weight < best.weight ||
            (wish.weight == best.weight && wish.closeness <= best.closeness))
            continue;
        best = wish;
        *format = (enum api_format)i;
    }
    return best.weight > 0;
}

/* ?format=; false when the name is unknown. *is_named: there is one. */
static bool read_query(const char *text, enum api_format *format, bool *is_named)
{
    struct form query;
    bool is_known = true;
    *is_named = false;
    if (!*text || form_parse(text, strlen(text), &query, NULL) != OK)
        return true;
    const struct form_field *field = form_last(&query, "format");
    if (field) {
        *is_named = true;
        is_known = find_name(field->value, format);
    }
    form_fini(&query);
    return is_known;
}

static bool refuse_unknown(const struct route_match *match)
{
    http_reply_error(match->exchange, 404, "not_found", "Not found.", NULL);
    return false;
}

bool api_format_read(const struct route_match *match, enum api_format *format)
{
    bool is_named;
    *format = FORMAT_JSON;
    const char *ending = route_param(match, "format");
    if (ending)
        return find_name(ending, format) || refuse_unknown(match);
    if (!read_query(http_query(match->exchange), format, &is_named))
        return refuse_unknown(match);
    const char *accept = http_header(match->exchange, "Accept");
    if (is_named || !accept || !*accept || find_accepted(accept, format))
        return true;
    http_reply_error(match->exchange, 406, "not_acceptable",
                     "Could not satisfy the request Accept header.", NULL);
    return false;
}

const char *api_format_name(enum api_format format)
{
    return FORMATS[format].name;
}

const char *api_format_type(enum api_format format)
{
    return FORMATS[format].type;
}

struct tabular *api_format_table(enum api_format format, const char *query, const char *fields)
{
    struct form form;
    struct tabular_options options = { .separator = format == FORMAT_TSV ? '\t' : ',',
                                       .fields = fields };
    if (format == FORMAT_JSON)
        return NULL;
    bool has_form = *query && form_parse(query, strlen(query), &form, NULL) == OK;
    const struct form_field *asked = has_form ? form_last(&form, "fields") : NULL;
    const struct form_field *labels = has_form ? form_last(&form, "labels") : NULL;
    if (asked && asked->value_len)
        options.fields = asked->value;
    options.hides_header = labels && !strcmp(labels->value, "__hidden__");
    struct tabular *table = tabular_new(&options);
    if (has_form)
        form_fini(&form);
    return table;
}
