#include "core/search_index.h"

#include "store/db.h"

static const char WORDS[] = "SELECT title, description FROM incident WHERE id = ?";
/* Row by row and without INSERT .. SELECT: that one keeps a journal of its own, and FTS5 writes its
 * tables when it ends. */
static const char ADD[] = "INSERT INTO incident_fts (rowid, title, description) VALUES (?, ?, ?)";
/* FTS5 takes away what it is told was there. */
static const char FORGET[] = "INSERT INTO incident_fts (incident_fts, rowid, title, description) "
                             "SELECT 'delete', id, title, description FROM"
                             " incident WHERE id = ?";

int search_index_put(struct tx *tx, int64_t incident_id, struct err *err)
{
    struct stmt *stmt = tx_query(tx, err, WORDS, "i", incident_id);
    int rc = stmt ? stmt_next(stmt, err) : err->code;
    if (rc == DB_ROW)
        rc = tx_exec(tx, err, ADD, "itt", incident_id, stmt_text(stmt, 0), stmt_text(stmt, 1));
    stmt_end(stmt);
    return rc;
}

/* At the end of the transaction: FTS5 writes its tables at each savepoint that follows, so that in
 * a batch of many declarations their words cost more than the incidents. */
void search_index_add(struct tx *tx, int64_t incident_id)
{
    tx_at_end(tx, search_index_put, incident_id);
}

int search_index_forget(struct tx *tx, int64_t incident_id, struct err *err)
{
    if (tx_is_at_end(tx, search_index_put, incident_id))
        return OK; /* not in the index yet */
    int rc = tx_exec(tx, err, FORGET, "i", incident_id);
    return rc < 0 ? rc : OK;
}
