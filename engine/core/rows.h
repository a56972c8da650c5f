/* rows - small helpers to write rows of the store as JSON answers. */
#pragma once
#include "core/op.h"

struct stmt;

/* The answer of an operation that has nothing to say: {}. */
void op_answer_empty(struct op_call *call);
/* The answer of an operation that says how many: {count}. Returns OK. */
int op_answer_count(struct op_call *call, int64_t count);
/* Member with a JSON text of the database; null for NULL. */
void json_put_stored(struct json_writer *w, const char *key, const char *json);
/* Member with an integer column; null for NULL. */
void json_put_column(struct json_writer *w, const char *key, struct stmt *stmt, int column);
/* Writes an array of all rows of <stmt> (NULL: the query failed, <err> says why) and ends it. */
int rows_write(struct json_writer *w, struct stmt *stmt,
               void (*write_row)(struct json_writer *w, struct stmt *stmt), struct err *err);
/* The same as an operation's answer. */
int op_write_rows(struct op_call *call, struct stmt *stmt,
                  void (*write_row)(struct json_writer *w, struct stmt *stmt));
/* The same for one row or null. */
int op_write_row_or_null(struct op_call *call, struct stmt *stmt,
                         void (*write_row)(struct json_writer *w, struct stmt *stmt));
