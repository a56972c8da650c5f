/* output - what commands print: aligned tables, times, texts from outside made safe for a
 * terminal. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct table;
struct tz;

/* <headers> is closed by NULL; borrowed. */
struct table *table_new(const char *const *headers);
void table_free(struct table *table); /* NULL is allowed */
/* Adds the next cell; a row is full when it has a cell for each header. NULL is an empty cell. */
void table_put(struct table *table, const char *text);
void table_putf(struct table *table, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The cell says the time in the zone, "-" for 0. */
void table_put_time(struct table *table, const struct tz *tz, int64_t epoch_ms);
/* To standard output, the columns as wide as they must be, each row on one line; on a terminal the
 * last column is cut at its width. Without rows it prints <when_empty>. */
void table_print(struct table *table, const char *when_empty);

/* Adds <text> without control characters, escape sequences and what turns the direction of the line; a
 * line feed becomes a blank unless <keep_lines>. */
void output_clean(struct buf *out, const char *text, bool keep_lines);
/* "2026-11-23 14:02:11" in the zone; "" for 0. */
void output_time(struct buf *out, const struct tz *tz, int64_t epoch_ms);
/* "850 ms", "12 s", "90 min", "1 h", "2 d". */
void output_duration(struct buf *out, int64_t ms);

/* Pretty JSON with a line feed, to standard output. */
void output_json(const json_t *value);

/* Members of an object, with a default for what is absent or null. */
const char *output_text_of(const json_t *object, const char *key); /* borrowed, "" by default */
int64_t output_int_of(const json_t *object, const char *key);      /* 0 by default */
