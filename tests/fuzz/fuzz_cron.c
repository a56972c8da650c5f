/* Any text as a cron expression: refused in words, or each next time comes after the one before it, also where a clock
 * is changed. */
#include "base/mem.h"
#include "base/tz.h"
#include "core/cron.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tz *zone;
    struct err err = { 0 };
    struct cron cron;
    if (!zone)
        zone = tz_load("Europe/Paris", &err);
    AUTO_FREE char *text = xstrndup((const char *)data, size);
    if (cron_parse(text, &cron, &err) != OK) {
        REQUIRE(err.code == ERR_INVALID && *err.msg);
        return 0;
    }
    int64_t at_ms = INT64_C(1774659600000); /* hours before the clock goes forward */
    for (int i = 0; i < 8; i++) {
        int64_t next_ms = cron_next(&cron, zone, at_ms);
        REQUIRE(next_ms == -1 || (next_ms > at_ms && next_ms % 60000 == 0));
        if (next_ms == -1)
            break;
        at_ms = next_ms;
    }
    return 0;
}
