#include "store/check.h"

#include "base/mem.h"
#include "store/sqlite.h"

#include <string.h>

/* A damaged page can make thousands of problems; nobody reads more. */
enum { PROBLEMS_MOST = 100 };

struct check {
    db_problem_fn found;
    void *arg;
};

/* "ok", or a problem a row. */
static int check_pages(struct tx *tx, void *arg, struct err *err)
{
    struct check *check = arg;
    struct stmt *stmt = tx_query(tx, err, "SELECT integrity_check FROM pragma_integrity_check(?)", "i",
                                 (int64_t)PROBLEMS_MOST);
    if (!stmt)
        return err->code;
    int rc;
    while ((rc = stmt_next(stmt, err)) == DB_ROW) {
        const char *text = stmt_text(stmt, 0);
        if (strcmp(text, "ok") != 0)
            check->found(check->arg, text);
    }
    stmt_end(stmt);
    return rc;
}

static int check_references(struct tx *tx, void *arg, struct err *err)
{
    struct check *check = arg;
    struct stmt *stmt = tx_query(tx, err, "SELECT \"table\", rowid, parent FROM pragma_foreign_key_check LIMIT ?",
                                 "i", (int64_t)PROBLEMS_MOST);
    if (!stmt)
        return err->code;
    int rc;
    while ((rc = stmt_next(stmt, err)) == DB_ROW) {
        AUTO_FREE char *table = xstrdup(stmt_text(stmt, 0));
        AUTO_FREE char *row = stmt_is_null(stmt, 1) ? xstrdup("a row") : xasprintf("row %s", stmt_text(stmt, 1));
        AUTO_FREE char *text = xasprintf("%s of %s names a row of %s that is not there", row, table,
                                         stmt_text(stmt, 2));
        check->found(check->arg, text);
    }
    stmt_end(stmt);
    return rc;
}

int check_run(const char *source, db_problem_fn found, void *arg, struct err *err)
{
    struct connection *conn = connection_open(source, false, err);
    if (!conn)
        return err->code;
    struct check check = { .found = found, .arg = arg };
    int rc = connection_control(conn, CONTROL_BEGIN, err);
    if (rc == OK)
        rc = tx_run(conn, check_pages, &check, err);
    if (rc == OK)
        rc = tx_run(conn, check_references, &check, err);
    connection_rollback(conn);
    connection_close(conn);
    return rc;
}
