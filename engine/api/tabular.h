/* tabular - JSON rows as CSV or TSV. Nested members become columns by their path ("priority.name", "tags.0"). Columns
 * are asked for by `fields`: paths with commas; "a.*.b" stands for all found columns that match, sorted; "__all__" for
 * all. RFC 4180: lines end with CR LF, cells are quoted where need be. Null is an empty cell, booleans are True and
 * False.
 *
 * Rows come twice when columns are to be found in them: tabular_learn() with all of them, then tabular_begin(), then
 * tabular_rows(). */
#pragma once
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

struct tabular_options {
    char separator;     /* ',' or '\t' */
    const char *fields; /* NULL or "": all columns */
    bool hides_header;
};

struct tabular;
/* Copies what it needs. */
struct tabular *tabular_new(const struct tabular_options *options);
void tabular_free(struct tabular *table); /* NULL is allowed */

/* True when columns depend on the rows. */
bool tabular_needs_learning(const struct tabular *table);
/* Takes a JSON array of objects (or one object), as tabular_rows() does; ERR_SYNTAX when it is none. */
int tabular_learn(struct tabular *table, const char *json, size_t len, struct err *err);
/* Decides on the columns and writes the header row to <out>. */
void tabular_begin(struct tabular *table, struct buf *out);
int tabular_rows(struct tabular *table, const char *json, size_t len, struct buf *out,
                 struct err *err);
