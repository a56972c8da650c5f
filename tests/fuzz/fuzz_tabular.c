/* Any JSON as a table: refused, or a CSV in which every record has as many cells as the header. */
#include "api/tabular.h"
#include "base/mem.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Cells of the record at *at, which moves behind it. */
static int cells_of(const char **at, const char *end)
{
    int cells = 1;
    bool is_quoted = false;
    for (; *at < end; ++*at) {
        if (**at == '"')
            is_quoted = !is_quoted;
        else if (!is_quoted && **at == ',')
            cells++;
        else if (!is_quoted && **at == '\r')
            break;
    }
    REQUIRE(!is_quoted && end - *at >= 2 && (*at)[1] == '\n');
    *at += 2;
    return cells;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tabular *table = tabular_new(&(struct tabular_options){ .separator = ',' });
    AUTO_BUF struct buf out = BUF_INIT;
    struct err err;
    if (tabular_learn(table, (const char *)data, size, &err) == OK) {
        tabular_begin(table, &out);
        REQUIRE(tabular_rows(table, (const char *)data, size, &out, &err) == OK);
        const char *at = buf_text(&out), *end = at + out.len;
        int columns = at < end ? cells_of(&at, end) : 0;
        while (at < end)
            REQUIRE(cells_of(&at, end) == columns);
    }
    tabular_free(table);
    return 0;
}
