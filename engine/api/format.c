#include "api/format.h"

#include "base/mem.h"
#include "net/form.h"
#include "net/router.h"

#include <string.h>
#include <strings.h>

/* By enum api_format. */
static const struct {
    const char *name, *type, *ranges[3];
} FORMATS[] = {
    { "json", "application/json", { "application/json", "application/*", "*/*" } },
    { "csv", "text/csv; charset=utf-8", { "text/csv", "text/*", NULL } },
    { "tsv",
      "text/tab-separated-values; charset=utf-8",
      { "text/tab-separated-values", NULL, NULL } },
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

/* One range of an Accept header, without its parameters. */
static bool find_range(const char *range, size_t len, enum api_format *format)
{
    for (int i = 0; i < FORMAT_COUNT; i++)
        for (int j = 0; j < 3 && FORMATS[i].ranges[j]; j++)
            if (strlen(FORMATS[i].ranges[j]) == len &&
                !strncasecmp(range, FORMATS[i].ranges[j], len)) {
                *format = (enum api_format)i;
                return true;
            }
    return false;
}

/* The first range that we know: clients that name several put the one they want first. */
static bool find_accepted(const char *accept, enum api_format *format)
{
    while (*accept) {
        accept += strspn(accept, " \t,");
        if (find_range(accept, strcspn(accept, " \t,;"), format))
            return true;
        accept += strcspn(accept, ",");
    }
    return false;
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
