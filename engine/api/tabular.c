#include "api/tabular.h"

#include "base/json_reader.h"
#include "base/map.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_MAX_BYTES = 512, COLUMNS_MAX = 2000 };

struct tabular {
    char separator;
    bool hides_header;
    char *fields;
    struct map *found; /* paths of the learned rows; the values say nothing */
    struct map *cells; /* of the row that is read: path to text */
    char *columns[COLUMNS_MAX];
    int column_count;
};

/* ---- flattening: called for each value that is neither an object nor an array */

typedef void (*cell_fn)(struct tabular *table, const char *path, const struct json_reader *reader,
                        enum json_piece piece);

/* Where the reader is: a level for each open object or array. */
struct place {
    size_t path_len; /* before the level's own part */
    bool is_array;
    int index;
};

struct walk {
    struct json_reader reader;
    struct place places[JSON_READER_DEPTH + 1];
    int depth;
    char path[PATH_MAX_BYTES];
};

static void append_part(struct walk *walk, const char *part, size_t len)
{
    size_t at = walk->places[walk->depth].path_len;
    size_t room = sizeof(walk->path) - 1 - at;
    if (at > 0 && room > 0) {
        walk->path[at++] = '.';
        room--;
    }
    len = len < room ? len : room;
    memcpy(walk->path + at, part, len);
    walk->path[at + len] = '\0';
}

/* The next item of an array has its number as its name. */
static void enter_item(struct walk *walk)
{
    struct place *place = &walk->places[walk->depth];
    char number[16];
    if (!place->is_array)
        return;
    snprintf(number, sizeof(number), "%d", place->index++);
    append_part(walk, number, strlen(number));
}

static void enter_member(struct walk *walk)
{
    AUTO_FREE char *key = xmalloc(walk->reader.raw_len + 1);
    append_part(walk, key, json_reader_unescape(&walk->reader, key));
}

static void open_level(struct walk *walk, bool is_array)
{
    enter_item(walk);
    walk->depth++;
    walk->places[walk->depth] =
        (struct place){ .path_len = strlen(walk->path), .is_array = is_array };
}

/* Reads one row, whose first piece was read already. False when it is broken. */
static bool walk_row(struct tabular *table, struct walk *walk, cell_fn take)
{
    walk->path[0] = '\0';
    walk->depth = 0;
    walk->places[0] = (struct place){ 0 };
    open_level(walk, false);
    while (walk->depth > 0) {
        enum json_piece piece = json_reader_next(&walk->reader);
        switch (piece) {
        case PIECE_OBJECT_BEGIN:
        case PIECE_ARRAY_BEGIN:
            open_level(walk, piece == PIECE_ARRAY_BEGIN);
            break;
        case PIECE_OBJECT_END:
        case PIECE_ARRAY_END:
            walk->path[walk->places[walk->depth].path_len] = '\0';
            walk->depth--;
            break;
        case PIECE_KEY:
            enter_member(walk);
            break;
        case PIECE_DONE:
        case PIECE_BROKEN:
            return false;
        case PIECE_TEXT:
        case PIECE_INT:
        case PIECE_REAL:
        case PIECE_TRUE:
        case PIECE_FALSE:
        case PIECE_NULL:
            enter_item(walk);
            take(table, walk->path, &walk->reader, piece);
            break;
        }
    }
    return true;
}

/* Calls <end> after each row; NULL: nothing. */
static int each_row(struct tabular *table, const char *json, size_t len, cell_fn take,
                    void (*end)(struct tabular *table, struct buf *out), struct buf *out,
                    struct err *err)
{
    struct walk walk;
    json_reader_init(&walk.reader, json, len);
    enum json_piece piece = json_reader_next(&walk.reader);
    if (piece == PIECE_ARRAY_BEGIN)
        piece = json_reader_next(&walk.reader);
    while (piece == PIECE_OBJECT_BEGIN) {
        if (!walk_row(table, &walk, take))
            return err_set(err, ERR_SYNTAX, "rows are no JSON");
        if (end)
            end(table, out);
        piece = json_reader_next(&walk.reader);
    }
    return piece == PIECE_ARRAY_END || piece == PIECE_DONE
               ? OK
               : err_set(err, ERR_SYNTAX, "rows are no list of objects");
}

/* ---- columns */

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_column(struct tabular *table, const char *path, size_t len)
{
    if (table->column_count < COLUMNS_MAX)
        table->columns[table->column_count++] = xstrndup(path, len);
}

/* Does <path> match a pattern of one or more "*", each of which stands for at least one character? */
static bool matches(const char *pattern, size_t pattern_len, const char *path)
{
    const char *star = memchr(pattern, '*', pattern_len);
    size_t before = star ? (size_t)(star - pattern) : pattern_len;
    if (strncmp(path, pattern, before) != 0 || strlen(path) < before)
        return false;
    path += before;
    if (!star)
        return *path == '\0';
    for (const char *rest = *path ? path + 1 : path; *path; rest++) {
        if (matches(star + 1, pattern_len - before - 1, rest))
            return true;
        if (!*rest)
            return false;
    }
    return false;
}

/* All found columns, or those that match; sorted. */
static void add_found(struct tabular *table, const char *pattern, size_t len)
{
    int first = table->column_count;
    size_t cursor = 0;
    const char *path;
    while (map_each(table->found, &cursor, &path, NULL))
        if (!pattern || matches(pattern, len, path))
            add_column(table, path, strlen(path));
    qsort(table->columns + first, (size_t)(table->column_count - first), sizeof(*table->columns),
          compare_texts);
}

static bool is_all(const struct tabular *table)
{
    return !table->fields[0] || strcmp(table->fields, "__all__") == 0;
}

static bool is_wildcard(const char *field, size_t len)
{
    for (size_t i = 0; i + 3 <= len; i++)
        if (memcmp(field + i, ".*.", 3) == 0)
            return true;
    return false;
}

/* Without any row nothing is known of the columns: wildcards stand as they are. */
static void choose_columns(struct tabular *table)
{
    bool knows_rows = map_count(table->found) > 0;
    if (is_all(table)) {
        add_found(table, NULL, 0);
        return;
    }
    for (const char *at = table->fields;; at++) {
        size_t len = strcspn(at, ",");
        if (knows_rows && is_wildcard(at, len))
            add_found(table, at, len);
        else
            add_column(table, at, len);
        at += len;
        if (!*at)
            return;
    }
}

/* ---- cells */

static void put_cell(struct tabular *table, struct buf *out, const char *text)
{
    char special[] = { '"', '\r', '\n', table->separator, '\0' };
    if (!text[strcspn(text, special)]) {
        buf_puts(out, text);
        return;
    }
    buf_putc(out, '"');
    for (; *text; text++) {
        if (*text == '"')
            buf_putc(out, '"');
        buf_putc(out, *text);
    }
    buf_putc(out, '"');
}

static void end_line(struct buf *out)
{
    buf_puts(out, "\r\n");
}

static void note_column(struct tabular *table, const char *path, const struct json_reader *reader,
                        enum json_piece piece)
{
    (void)reader;
    (void)piece;
    if (!map_get(table->found, path))
        map_put(table->found, path, table);
}

static char *text_of_piece(const struct json_reader *reader, enum json_piece piece)
{
    if (piece == PIECE_INT || piece == PIECE_REAL)
        return xstrndup(reader->raw, reader->raw_len); /* as it stands: 60.0 */
    if (piece == PIECE_TEXT) {
        char *text = xmalloc(reader->raw_len + 1);
        text[json_reader_unescape(reader, text)] = '\0';
        return text;
    }
    return xstrdup(piece == PIECE_TRUE ? "True" : piece == PIECE_FALSE ? "False" : "");
}

static void take_cell(struct tabular *table, const char *path, const struct json_reader *reader,
                      enum json_piece piece)
{
    map_put(table->cells, path, text_of_piece(reader, piece));
}

static void write_row(struct tabular *table, struct buf *out)
{
    for (int i = 0; i < table->column_count; i++) {
        const char *text = map_get(table->cells, table->columns[i]);
        if (i)
            buf_putc(out, table->separator);
        put_cell(table, out, text ? text : "");
        if (table->column_count == 1 && !(text && *text))
            buf_puts(out, "\"\""); /* an empty line would be no row */
    }
    if (table->column_count)
        end_line(out);
    map_free(table->cells);
    table->cells = map_new(free);
}

/* ---- the table */

struct tabular *tabular_new(const struct tabular_options *options)
{
    struct tabular *table = xcalloc(1, sizeof(*table));
    table->separator = options->separator;
    table->hides_header = options->hides_header;
    table->fields = xstrdup(options->fields ? options->fields : "");
    table->found = map_new(NULL);
    table->cells = map_new(free);
    return table;
}

void tabular_free(struct tabular *table)
{
    if (!table)
        return;
    for (int i = 0; i < table->column_count; i++)
        free(table->columns[i]);
    map_free(table->found);
    map_free(table->cells);
    free(table->fields);
    free(table);
}

bool tabular_needs_learning(const struct tabular *table)
{
    return is_all(table) || is_wildcard(table->fields, strlen(table->fields));
}

int tabular_learn(struct tabular *table, const char *json, size_t len, struct err *err)
{
    return each_row(table, json, len, note_column, NULL, NULL, err);
}

void tabular_begin(struct tabular *table, struct buf *out)
{
    choose_columns(table);
    if (table->hides_header || !table->column_count)
        return;
    for (int i = 0; i < table->column_count; i++) {
        if (i)
            buf_putc(out, table->separator);
        put_cell(table, out, table->columns[i]);
    }
    end_line(out);
}

int tabular_rows(struct tabular *table, const char *json, size_t len, struct buf *out,
                 struct err *err)
{
    return each_row(table, json, len, take_cell, write_row, out, err);
}
