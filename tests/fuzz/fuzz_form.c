/* Any bytes as a form body: the fields stay inside the text, end with a NUL, and survive encoding and reading again. */
#include "base/mem.h"
#include "net/form.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct form form;
    struct err err;
    if (form_parse((const char *)data, size, &form, &err) != OK)
        return 0;
    AUTO_BUF struct buf again = BUF_INIT;
    for (int i = 0; i < form.count; i++) {
        const struct form_field *field = &form.fields[i];
        REQUIRE(field->name >= form.text && field->name + field->name_len <= form.text + size);
        REQUIRE(field->value >= form.text && field->value + field->value_len <= form.text + size);
        REQUIRE(field->name[field->name_len] == '\0' && field->value[field->value_len] == '\0');
        buf_puts(&again, i ? "&" : "");
        url_encode(&again, field->name, field->name_len);
        buf_putc(&again, '=');
        url_encode(&again, field->value, field->value_len);
    }
    struct form copy;
    REQUIRE(form_parse(again.data, again.len, &copy, &err) == OK && copy.count == form.count);
    for (int i = 0; i < form.count; i++) {
        REQUIRE(copy.fields[i].value_len == form.fields[i].value_len);
        REQUIRE(!memcmp(copy.fields[i].value, form.fields[i].value, form.fields[i].value_len));
    }
    form_fini(&copy);
    form_fini(&form);
    return 0;
}
