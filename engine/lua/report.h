/* report - the mistakes that loading a generation found, one a line, each "file:line path:
 * message". */
#pragma once
#include "base/buf.h"
#include "base/err.h"

enum { REPORT_MOST = 200 };

struct report {
    struct buf text; /* the lines */
    int count;       /* of mistakes; beyond REPORT_MOST they are only counted */
};

/* Empty. */
void report_init(struct report *report);
/* Frees the text; it may be initialised again. */
void report_fini(struct report *report);
/* Adds one line; the newline is added. */
void report_add(struct report *report, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* ERR_INVALID with the first lines, as many as fit; OK when there is none. */
int report_to_err(const struct report *report, struct err *err);
