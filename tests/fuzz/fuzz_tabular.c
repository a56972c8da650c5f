/* Any JSON as a table: refused, or a CSV that reads back to it: a record for each row, with a cell for each column, and
 * in each cell what the row holds under the column's path. */
#include "api/tabular.h"
#include "base/mem.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LONGEST_PATH = 511, MOST_COLUMNS = 2000 }; /* beyond these tables cut off */

/* ---- a reader of CSV that knows RFC 4180 only */

/* The records at *at as a list of lists of texts. */
static json_t *read_cell(const char **at, const char *end)
{
    AUTO_BUF struct buf cell = BUF_INIT;
    bool is_quoted = *at < end && **at == '"';
    *at += is_quoted;
    while (*at < end) {
        if (is_quoted && **at == '"') {
            ++*at;
            if (*at == end || **at != '"')
                break;
        } else if (!is_quoted && strchr(",\r\n", **at)) {
            break;
        }
        REQUIRE(is_quoted || **at != '"');
        buf_putc(&cell, *(*at)++);
    }
    return json_stringn_nocheck(buf_text(&cell), cell.len);
}

static json_t *read_record(const char **at, const char *end)
{
    json_t *record = json_array();
    for (;;) {
        json_array_append_new(record, read_cell(at, end));
        REQUIRE(*at < end);
        if (**at != ',')
            break;
        ++*at;
    }
    REQUIRE(end - *at >= 2 && (*at)[0] == '\r' && (*at)[1] == '\n');
    *at += 2;
    return record;
}

static json_t *read_table(const struct buf *text)
{
    json_t *table = json_array();
    for (const char *at = buf_text(text), *end = at + text->len; at < end;)
        json_array_append_new(table, read_record(&at, end));
    return table;
}

/* ---- a row's columns, made from jansson's tree */

/* False when two values have one path, or a path is longer than tables know. */
static bool flatten(const json_t *value, const char *path, json_t *cells)
{
    const char *key;
    json_t *item;
    size_t index;
    char inner[LONGEST_PATH + 32];
    const char *dot = *path ? "." : "";
    json_object_foreach ((json_t *)value, key, item) {
        int len = snprintf(inner, sizeof(inner), "%s%s%s", path, dot, key);
        if (len > LONGEST_PATH || !flatten(item, inner, cells))
            return false;
    }
    json_array_foreach (value, index, item) {
        int len = snprintf(inner, sizeof(inner), "%s%s%zu", path, dot, index);
        if (len > LONGEST_PATH || !flatten(item, inner, cells))
            return false;
    }
    if (json_is_object(value) || json_is_array(value))
        return true;
    return !json_object_get(cells, path) &&
           json_object_set_nocheck(cells, path, (json_t *)value) == 0;
}

static void expect_cell(const char *cell, const json_t *value)
{
    if (!value || json_is_null(value))
        REQUIRE(!*cell);
    else if (json_is_boolean(value))
        REQUIRE(!strcmp(cell, json_is_true(value) ? "True" : "False"));
    else if (json_is_string(value))
        REQUIRE(!strcmp(cell, json_string_value(value)));
    else
        REQUIRE(*cell);
}

static void expect_rows(const json_t *rows, const json_t *table)
{
    const json_t *header = json_array_get(table, 0);
    size_t index, column;
    json_t *row, *name;
    REQUIRE(json_array_size(table) == (header ? json_array_size(rows) + 1 : 0));
    json_array_foreach (rows, index, row) {
        const json_t *record = json_array_get(table, index + 1);
        json_t *cells = json_object();
        bool is_plain = flatten(row, "", cells);
        REQUIRE(!record || json_array_size(record) == json_array_size(header));
        json_array_foreach (header, column, name) {
            const char *cell = json_string_value(json_array_get(record, column));
            if (is_plain)
                expect_cell(cell, json_object_get(cells, json_string_value(name)));
        }
        json_decref(cells);
    }
}

/* The input as a list of objects; NULL when it is none, or has a NUL, which no cell can hold. */
static json_t *rows_of(const char *text, size_t size)
{
    json_t *rows = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(rows))
        return json_pack("[o]", rows);
    return rows;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tabular *table = tabular_new(&(struct tabular_options){ .separator = ',' });
    AUTO_BUF struct buf out = BUF_INIT;
    struct err err;
    if (tabular_learn(table, (const char *)data, size, &err) == OK) {
        tabular_begin(table, &out);
        REQUIRE(tabular_rows(table, (const char *)data, size, &out, &err) == OK);
        json_t *records = read_table(&out);
        json_t *rows = rows_of((const char *)data, size);
        if (rows && json_array_size(json_array_get(records, 0)) < MOST_COLUMNS)
            expect_rows(rows, records);
        json_decref(rows);
        json_decref(records);
    }
    tabular_free(table);
    return 0;
}
