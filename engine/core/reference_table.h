/* reference_table - one kind of reference data during a reconciliation: the rows the store has, the
 * rows that are declared, and the writes that turn the one into the other. Rows match by explicit
 * id, else by natural key; rows that did not change are not written.
 * Use: open, add every declared row (nothing is written yet), apply, close. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/args.h"
#include "core/reference_kind.h"

struct reference_table;
struct tx;

/* A value of a row. Texts are owned by the table. */
struct reference_value {
    char type; /* 't', 'i', or '0' for NULL */
    int64_t i;
    char *t;
};

/* Reads the rows of the store; reference_table_close() frees. NULL + err. */
struct reference_table *reference_table_open(struct tx *tx, const struct reference_kind *kind,
                                             struct err *err);
void reference_table_close(struct reference_table *table); /* NULL is allowed */

/* Reads and checks one declared row. <parent>: the value of the field without a key; NULL when the
 * kind has none. *index is its place. ERR_INVALID with the path of what is wrong, also for a row
 * that is declared twice. */
int reference_table_add(struct reference_table *table, const struct args *row,
                        const struct reference_value *parent, size_t *index);

/* Writes the differences; rows that are not declared any more are deactivated. Adds to *changes the
 * rows written. */
int reference_table_apply(struct reference_table *table, int64_t *changes, struct err *err);

/* Of the declared row at <index>: field <field>, and after the apply its id. */
const struct reference_value *reference_table_value(const struct reference_table *table,
                                                    size_t index, int field);
const struct reference_value *reference_table_id(const struct reference_table *table, size_t index);
/* How many rows are declared. */
size_t reference_table_count(const struct reference_table *table);
/* The declared row whose text field <field> is <text>; the count when there is none. */
size_t reference_table_find(const struct reference_table *table, int field, struct text text);

/* For variables that free themselves at the end of their scope. */
static inline void reference_table_auto_close(struct reference_table **table)
{
    reference_table_close(*table);
}
#define AUTO_REFERENCE_TABLE __attribute__((cleanup(reference_table_auto_close)))
