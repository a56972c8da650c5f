#include "core/query_in.h"

#include "base/buf.h"
#include "base/mem.h"

enum { LEAD_MAX = 8 };

/* Lists of these lengths are prepared; others are padded to the next. */
static int padded_length(int count)
{
    static const int LENGTHS[] = { 1, 2, 4, 16, 64, QUERY_IN_MAX };
    int at = 0;
    while (LENGTHS[at] < count)
        at++;
    return LENGTHS[at];
}

struct stmt *query_in(struct tx *tx, struct err *err, const char *before, const char *after,
                      const struct db_value *lead, int lead_count, const struct db_value *ids,
                      int count)
{
    REQUIRE(count > 0 && count <= QUERY_IN_MAX && lead_count <= LEAD_MAX);
    struct db_value values[LEAD_MAX + QUERY_IN_MAX];
    for (int i = 0; i < lead_count; i++)
        values[i] = lead[i];
    int length = padded_length(count);
    AUTO_BUF struct buf sql = BUF_INIT;
    buf_puts(&sql, before);
    buf_puts(&sql, " IN (");
    for (int i = 0; i < length; i++) {
        values[lead_count + i] = ids[i < count ? i : count - 1];
        buf_puts(&sql, i ? ",?" : "?");
    }
    buf_puts(&sql, ") ");
    buf_puts(&sql, after);
    return tx_query_values(tx, err, buf_text(&sql), values, lead_count + length);
}
