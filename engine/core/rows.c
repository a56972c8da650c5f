#include "core/rows.h"

#include "store/db.h"

void op_answer_empty(struct op_call *call)
{
    json_object_begin(call->out);
    json_object_finish(call->out);
}

int op_answer_count(struct op_call *call, int64_t count)
{
    json_object_begin(call->out);
    json_put_int(call->out, "count", count);
    json_object_finish(call->out);
    return OK;
}

void json_put_stored(struct json_writer *w, const char *key, const char *json)
{
    if (json)
        json_put_raw(w, key, json);
    else
        json_put_null(w, key);
}

void json_put_column(struct json_writer *w, const char *key, struct stmt *stmt, int column)
{
    if (stmt_is_null(stmt, column))
        json_put_null(w, key);
    else
        json_put_int(w, key, stmt_int(stmt, column));
}

int rows_write(struct json_writer *w, struct stmt *stmt,
               void (*write_row)(struct json_writer *w, struct stmt *stmt), struct err *err)
{
    if (!stmt)
        return err->code;
    json_array_begin(w);
    int rc;
    while ((rc = stmt_next(stmt, err)) == DB_ROW)
        write_row(w, stmt);
    json_array_finish(w);
    stmt_end(stmt);
    return rc;
}

int op_write_rows(struct op_call *call, struct stmt *stmt,
                  void (*write_row)(struct json_writer *w, struct stmt *stmt))
{
    return rows_write(call->out, stmt, write_row, call->err);
}

int op_write_row_or_null(struct op_call *call, struct stmt *stmt,
                         void (*write_row)(struct json_writer *w, struct stmt *stmt))
{
    if (!stmt)
        return call->err->code;
    int rc = stmt_next(stmt, call->err);
    if (rc == DB_ROW)
        write_row(call->out, stmt);
    else if (rc == DB_DONE)
        json_null_value(call->out);
    stmt_end(stmt);
    return rc < 0 ? rc : OK;
}
