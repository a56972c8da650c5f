/* Any bytes written as a JSON string must be read back by another's parser. */
#include "base/json_writer.h"
#include "base/mem.h"

#include <jansson.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_BUF struct buf out = BUF_INIT;
    json_escape(&out, (const char *)data, size);
    json_t *read = json_loadb(out.data, out.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    REQUIRE(read != NULL);
    json_decref(read);
    return 0;
}
