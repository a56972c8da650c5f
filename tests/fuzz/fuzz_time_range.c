/* Any text as a time range: refused in words, or a span whose ends are in order. */
#include "base/mem.h"
#include "base/tz.h"
#include "core/time_range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tz *zone;
    struct err err = { 0 };
    struct time_range range;
    if (!zone)
        zone = tz_load("Europe/Paris", &err);
    int rc = time_range_parse((const char *)data, size, zone, INT64_C(1795435200000), &range, &err);
    if (rc == OK)
        REQUIRE(!range.has_start || !range.has_end || range.start_ms <= range.end_ms);
    else
        REQUIRE((rc == ERR_INVALID || rc == ERR_SYNTAX) && *err.msg);
    return 0;
}
