/* at_end - work put off to the end of a transaction. */
#include "base/mem.h"
#include "store/sqlite.h"

bool tx_is_at_end(const struct tx *tx, tx_end_fn fn, int64_t id)
{
    for (size_t i = tx->at_end_count; i-- > 0;)
        if (tx->at_end[i].id == id && tx->at_end[i].fn == fn)
            return true;
    return false;
}

void tx_at_end(struct tx *tx, tx_end_fn fn, int64_t id)
{
    REQUIRE(tx->conn->is_writer);
    if (tx_is_at_end(tx, fn, id))
        return;
    if (tx->at_end_count == tx->at_end_cap) {
        tx->at_end_cap = tx->at_end_cap ? tx->at_end_cap * 2 : 64;
        tx->at_end = xrealloc(tx->at_end, tx->at_end_cap * sizeof(*tx->at_end));
    }
    tx->at_end[tx->at_end_count++] = (struct end_work){ .fn = fn, .id = id };
}

static int run_all(struct tx *tx, void *arg, struct err *err)
{
    (void)arg;
    int rc = OK;
    for (size_t i = 0; i < tx->at_end_count && rc >= OK; i++)
        rc = tx->at_end[i].fn(tx, tx->at_end[i].id, err);
    return rc;
}

int tx_run_at_end(struct connection *conn, struct err *err)
{
    int rc = conn->tx.at_end_count > 0 ? tx_run(conn, run_all, NULL, err) : OK;
    conn->tx.at_end_count = 0;
    return rc;
}
