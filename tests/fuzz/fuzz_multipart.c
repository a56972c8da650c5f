/* Any bytes as a content type, up to the first line feed, and a multipart body: the fields end with a NUL, and none is
 * longer than the body. */
#include "base/mem.h"
#include "net/form.h"
#include "net/multipart.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *line_feed = size ? memchr(data, '\n', size) : NULL;
    if (!line_feed)
        return 0;
    size_t type_len = (size_t)(line_feed - data), body_len = size - type_len - 1;
    AUTO_FREE char *type = xstrndup((const char *)data, type_len);
    AUTO_FREE char *body = xmalloc(body_len); /* of its own, so that a byte behind it is noticed */
    memcpy(body, line_feed + 1, body_len);
    struct form form;
    struct err err = { 0 };
    if (multipart_parse(type, body, body_len, &form, &err) != OK) {
        REQUIRE(err.code < 0 && *err.msg);
        return 0;
    }
    size_t total = 0;
    for (int i = 0; i < form.count; i++) {
        const struct form_field *field = &form.fields[i];
        REQUIRE(field->name[field->name_len] == '\0' && field->value[field->value_len] == '\0');
        total += field->name_len + field->value_len;
    }
    REQUIRE(form.count <= FORM_MAX_FIELDS && total <= body_len);
    form_fini(&form);
    return 0;
}
