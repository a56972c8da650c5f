#include "api/incident_filter_internal.h"
#include "core/search_words.h"

#include <string.h>

/* A title counts more than a description. To compare matches costs more than to find them, so that of many the newest
 * alone are compared; the others follow, newest first. The incident of the number that was typed comes before all. */
#define NEWEST "2000"
#define RANKED                                                                          \
    "SELECT rowid AS id, bm25(incident_fts, 1.0, 0.4) AS rank FROM incident_fts WHERE " \
    "incident_fts MATCH ? ORDER BY rowid DESC LIMIT " NEWEST

static const char WITHOUT[] =
    " AND i.id NOT IN (SELECT rowid FROM incident_fts WHERE incident_fts MATCH ?)";

static struct db_value keep(struct filter_reading *r, struct buf *text)
{
    struct db_value value = { .type = 'n', .n = text->len };
    value.t = filter_keep(r, buf_take(text, NULL));
    return value;
}

void filter_read_search(struct filter_reading *r)
{
    const struct form_field *field = form_last(r->filter->form, "search");
    struct search_words words;
    if (!field)
        return;
    search_words_read(field->value, field->value_len, &words);
    bool finds_nothing = !words.is_blank && !words.wanted.len && !words.unwanted.len;
    r->search_number = words.wanted.len ? words.number : 0;
    if (words.wanted.len)
        r->search = keep(r, &words.wanted);
    if (words.unwanted.len && filter_add_value(r, keep(r, &words.unwanted)))
        buf_puts(&r->filter->sql, WITHOUT);
    if (finds_nothing)
        buf_puts(&r->filter->sql, " AND 1 = 0");
    search_words_fini(&words);
}

/* The conditions once more: their values are those from <first> up to <end>. */
static void add_again(struct filter_reading *r, int first, int end)
{
    for (int i = first; i < end; i++)
        filter_push_value(r, r->filter->values[i]);
}

/* <conditions> values stand in front, for the conditions alone: the statement has them elsewhere. */
static void finish(struct filter_reading *r, const struct buf *sql, int conditions)
{
    struct incident_filter *filter = r->filter;
    filter->value_count -= conditions;
    memmove(filter->values, filter->values + conditions,
            (size_t)filter->value_count * sizeof(*filter->values));
    buf_clear(&filter->sql);
    buf_append(&filter->sql, sql->data, sql->len);
    filter->has_ids_only = true;
}

/* Few incidents come into question: the matches among them are compared. */
static void search_few(struct filter_reading *r, int conditions)
{
    const struct db_value number = { .type = 'i', .i = r->search_number };
    const char *where = r->filter->sql.data;
    AUTO_BUF struct buf sql = BUF_INIT;
    buf_printf(&sql,
               "SELECT id FROM (SELECT rowid AS id, bm25(incident_fts, 1.0, 0.4) AS rank FROM"
               " incident_fts WHERE incident_fts MATCH ? AND rowid <> ? AND +rowid IN (SELECT i.id"
               " FROM incident i%s) UNION ALL SELECT i.id, -1e9 FROM incident i%s AND i.id = ?)"
               " ORDER BY rank, id DESC LIMIT ? OFFSET ?",
               where, where);
    filter_push_value(r, r->search);
    filter_push_value(r, number);
    add_again(r, 0, conditions);
    add_again(r, 0, conditions);
    filter_push_value(r, number);
    finish(r, &sql, conditions);
}

/* Two lists, one behind the other: neither is sorted with the other, so that the first page needs the first list. */
static void search_all(struct filter_reading *r, int conditions)
{
    const struct db_value number = { .type = 'i', .i = r->search_number };
    const char *where = r->filter->sql.data;
    AUTO_BUF struct buf sql = BUF_INIT;
    buf_printf(&sql,
               "WITH newest AS MATERIALIZED (" RANKED ") SELECT id FROM (SELECT i.id AS id FROM "
               "(SELECT id, rank FROM newest WHERE id <> ? UNION ALL SELECT ?, -1e9 WHERE ? > 0) f "
               "JOIN incident i ON i.id = f.id%s ORDER BY f.rank, i.id DESC LIMIT -1)"
               " UNION ALL SELECT id FROM (SELECT i.id AS id FROM incident_fts w CROSS JOIN"
               " incident i ON i.id = w.rowid%s AND w.incident_fts MATCH ? AND w.rowid < (SELECT"
               " MIN(id) FROM newest) AND w.rowid <> ? ORDER BY w.rowid DESC LIMIT -1)"
               " LIMIT ? OFFSET ?",
               where, where);
    filter_push_value(r, r->search);
    for (int i = 0; i < 3; i++)
        filter_push_value(r, number);
    add_again(r, 0, conditions);
    add_again(r, 0, conditions);
    filter_push_value(r, r->search);
    filter_push_value(r, number);
    finish(r, &sql, conditions);
}

void filter_finish_search(struct filter_reading *r)
{
    int conditions = r->filter->value_count;
    if (r->has_few_rows)
        search_few(r, conditions);
    else
        search_all(r, conditions);
}
