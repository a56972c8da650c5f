/* Any bytes: our reader and jansson read the same value, or both refuse it. */
#include <string.h>

#include "json_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    REQUIRE(tree_agrees((const char *)data, size));
    return 0;
}
