/* Any text as the rule of a time zone: refused, or good for any instant. */
#include "base/civil.h"
#include "base/mem.h"
#include "base/tz_rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_FREE char *text = xstrndup((const char *)data, size);
    struct tz_rule rule;
    if (!tz_rule_parse(text, &rule))
        return 0;
    for (int64_t seconds = -10000000000; seconds < 100000000000; seconds += 7777777777) {
        const struct tz_type *type = tz_rule_at(&rule, seconds);
        struct civil local;
        civil_from_seconds(seconds + type->offset_s, &local);
        REQUIRE(civil_to_seconds(&local) == seconds + type->offset_s);
    }
    return 0;
}
