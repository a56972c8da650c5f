#include "cli/output.h"

#include "base/mem.h"
#include "base/tz.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { COLUMNS_MAX = 12, GAP = 2, LEAST_LAST_WIDTH = 20 };

struct table {
    const char *const *headers;
    int columns;
    char **cells;
    size_t count, cap;
};

struct table *table_new(const char *const *headers)
{
    struct table *table = xcalloc(1, sizeof(*table));
    table->headers = headers;
    while (headers[table->columns])
        table->columns++;
    REQUIRE(table->columns <= COLUMNS_MAX);
    return table;
}

void table_free(struct table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i]);
    free(table->cells);
    free(table);
}

void table_put(struct table *table, const char *text)
{
    if (table->count == table->cap) {
        table->cap = table->cap ? table->cap * 2 : 64;
        table->cells = xrealloc(table->cells, table->cap * sizeof(char *));
    }
    struct buf clean = BUF_INIT;
    output_clean(&clean, text ? text : "", false);
    table->cells[table->count++] = clean.data ? clean.data : xstrdup("");
}

void table_putf(struct table *table, const char *fmt, ...)
{
    AUTO_BUF struct buf text = BUF_INIT;
    va_list args;
    va_start(args, fmt);
    buf_vprintf(&text, fmt, args);
    va_end(args);
    table_put(table, buf_text(&text));
}

void table_put_time(struct table *table, const struct tz *tz, int64_t epoch_ms)
{
    AUTO_BUF struct buf text = BUF_INIT;
    output_time(&text, tz, epoch_ms);
    table_put(table, epoch_ms ? buf_text(&text) : "-");
}

static int width_of(const char *text)
{
    return (int)utf8_length(text, strlen(text));
}

static void print_cell(const char *text, int width, bool is_last, int most)
{
    size_t len = strlen(text);
    if (!is_last)
        printf("%s%*s", text, width - width_of(text) + GAP, "");
    else if (most > 0 && width_of(text) > most)
        printf("%.*s…\n", (int)utf8_cut(text, len, (size_t)most - 1), text);
    else
        printf("%s\n", text);
}

/* Columns left for the last cell, 0 when nothing is to be cut. */
static int last_width(const int *widths, int columns)
{
    struct winsize window;
    if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 ||
        window.ws_col == 0)
        return 0;
    int left = window.ws_col;
    for (int i = 0; i < columns - 1; i++)
        left -= widths[i] + GAP;
    return left > LEAST_LAST_WIDTH ? left : LEAST_LAST_WIDTH;
}

void table_print(struct table *table, const char *when_empty)
{
    int widths[COLUMNS_MAX];
    if (table->count == 0) {
        puts(when_empty);
        return;
    }
    for (int i = 0; i < table->columns; i++)
        widths[i] = width_of(table->headers[i]);
    for (size_t i = 0; i < table->count; i++) {
        int width = width_of(table->cells[i]);
        int *column = &widths[i % (size_t)table->columns];
        if (width > *column)
            *column = width;
    }
    int most = last_width(widths, table->columns);
    for (int i = 0; i < table->columns; i++)
        print_cell(table->headers[i], widths[i], i == table->columns - 1, most);
    for (size_t i = 0; i < table->count; i++) {
        int column = (int)(i % (size_t)table->columns);
        print_cell(table->cells[i], widths[column], column == table->columns - 1, most);
    }
}

void output_clean(struct buf *out, const char *text, bool keep_lines)
{
    size_t len = strlen(text);
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        bool is_c1 = at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f; /* controls past ASCII */
        size_t turning = utf8_override((const char *)at, len - (size_t)((const char *)at - text));
        if (is_c1)
            at++;
        else if (turning)
            at += turning - 1;
        else if (*at == '\n' && keep_lines)
            buf_putc(out, '\n');
        else if (*at == '\n' || *at == '\t')
            buf_putc(out, ' ');
        else if (*at >= 0x20 && *at != 0x7f)
            buf_putc(out, (char)*at);
    }
}

void output_time(struct buf *out, const struct tz *tz, int64_t epoch_ms)
{
    if (epoch_ms == 0)
        return;
    struct civil at;
    tz_to_local(tz, epoch_ms, &at);
    buf_printf(out, "%04d-%02d-%02d %02d:%02d:%02d", at.year, at.month, at.day, at.hour, at.minute,
               at.second);
}

void output_duration(struct buf *out, int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *unit;
    } UNITS[] = {
        { 24 * 3600 * 1000, "d" },
        { 3600 * 1000, "h" },
        { 60 * 1000, "min" },
        { 1000, "s" },
        { 1, "ms" },
    };
    size_t i = 0;
    /* The largest unit of which there are two, or one exactly. */
    while (UNITS[i].ms > 1 && ms < 2 * UNITS[i].ms && ms != UNITS[i].ms)
        i++;
    buf_printf(out, "%" PRId64 " %s", ms / UNITS[i].ms, UNITS[i].unit);
}

void output_json(const json_t *value)
{
    json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
    putchar('\n');
}

const char *output_text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

int64_t output_int_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}
