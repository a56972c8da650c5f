#include "api/link.h"

#include "api/api_internal.h"

#include <inttypes.h>
#include <string.h>

void link_next(struct buf *out, const char *route, const struct form *query, enum api_format format,
               int64_t cursor)
{
    char base_url[OP_BASE_URL_SIZE];
    op_base_url(base_url);
    buf_printf(out, "<%s" API_BASE "%s?", base_url, route);
    for (int i = 0; i < query->count; i++) {
        const struct form_field *field = &query->fields[i];
        if (!strcmp(field->name, "cursor") || !strcmp(field->name, "format"))
            continue;
        url_encode(out, field->name, field->name_len);
        buf_putc(out, '=');
        url_encode(out, field->value, field->value_len);
        buf_putc(out, '&');
    }
    if (format != FORMAT_JSON)
        buf_printf(out, "format=%s&", api_format_name(format));
    buf_printf(out, "cursor=%" PRId64 ">; rel=\"next\"", cursor);
}
