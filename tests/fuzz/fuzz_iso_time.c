/* Any text as a date and time: refused, or an instant within ten thousand years. */
#include "base/mem.h"
#include "base/tz.h"
#include "base/iso_time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tz *zone;
    struct err err;
    int64_t ms = 0;
    if (!zone)
        zone = tz_load("UTC", &err);
    if (iso_time_parse((const char *)data, size, zone, &ms, &err) == OK)
        REQUIRE(ms > INT64_C(-62300000000000) && ms < INT64_C(253500000000000));
    return 0;
}
