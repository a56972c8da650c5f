#include "core/response.h"

#include <string.h>

enum { CRITICAL_BELOW = 4 }; /* priorities with a smaller value */

bool response_is_critical(const char *recommended, int64_t priority_value)
{
    return recommended ? strcmp(recommended, "critical") == 0 : priority_value < CRITICAL_BELOW;
}

const char *response_name(bool is_critical)
{
    return is_critical ? "critical" : "normal";
}
