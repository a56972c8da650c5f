/* fragments - rows that many incidents point to (priorities, people, ...), each read once a
 * request and kept as JSON text. Want the ids first, load them all with one query, then write
 * them as often as needed. */
#pragma once
#include <stdint.h>

#include "base/err.h"
#include "base/json_writer.h"

struct stmt;
struct tx;

struct fragment {
    char *id;
    char *json;        /* NULL until loaded, and for an id that does not exist */
    size_t len;
};

struct fragments;

/* Writes one object from a row whose column 0 is the id. */
typedef void (*fragment_fn)(struct json_writer *w, struct stmt *stmt);

/* <sql>: a SELECT up to and with "WHERE key"; " IN (...)" is added. Literals. */
struct fragments *fragments_new(const char *sql, fragment_fn write);
/* NULL is allowed. */
void fragments_free(struct fragments *fragments);
/* The fragment of <id>, to be loaded; lives as long as <fragments>. */
struct fragment *fragments_want(struct fragments *fragments, const char *id);
/* Reads all that were wanted. */
int fragments_load(struct fragments *fragments, struct tx *tx, struct err *err);
/* The object, or null. */
void fragment_write(const struct fragment *fragment, struct json_writer *w);
