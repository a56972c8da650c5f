#include "lua/report.h"

#include <stdarg.h>
#include <string.h>

void report_init(struct report *report)
{
    *report = (struct report){ .text = BUF_INIT };
}

void report_fini(struct report *report)
{
    buf_fini(&report->text);
}

void report_add(struct report *report, const char *fmt, ...)
{
    if (report->count++ >= REPORT_MOST)
        return;
    va_list args;
    va_start(args, fmt);
    buf_vprintf(&report->text, fmt, args);
    va_end(args);
    buf_putc(&report->text, '\n');
}

int report_to_err(const struct report *report, struct err *err)
{
    if (report->count == 0)
        return OK;
    const char *text = buf_text(&report->text);
    int shown = (int)strcspn(text, "\n");
    if (report->count == 1)
        return err_set(err, ERR_INVALID, "%.*s", shown, text);
    return err_set(err, ERR_INVALID, "%.*s (and %d more)", shown, text, report->count - 1);
}
