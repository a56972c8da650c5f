#include "api/incident_filter_internal.h"
#include "core/search_words.h"

#include <string.h>

/* A title counts more than a description. Joined, so that only what was found is looked at; the incident of the
 * number that was typed comes first. */
#define FOUND                                                                           \
    "SELECT rowid AS id, bm25(incident_fts, 1.0, 0.4) AS rank FROM incident_fts WHERE " \
    "incident_fts MATCH ?"
static const char JOIN_FOUND[] = " JOIN (" FOUND ") f ON f.id = i.id";
static const char JOIN_FOUND_OR_NUMBER[] =
    " JOIN (" FOUND " AND rowid <> ? UNION ALL SELECT ?, -1e9) f ON f.id = i.id";
static const char WITHOUT[] =
    " AND i.id NOT IN (SELECT rowid FROM incident_fts WHERE incident_fts MATCH ?)";

static struct db_value keep(struct filter_reading *r, struct buf *text)
{
    struct db_value value = { .type = 'n', .n = text->len };
    value.t = filter_keep(r, buf_take(text, NULL));
    return value;
}

static void add_wanted(struct filter_reading *r, struct search_words *words)
{
    filter_add_value(r, keep(r, &words->wanted));
    if (words->number) {
        struct db_value number = { .type = 'i', .i = words->number };
        filter_add_value(r, number);
        filter_add_value(r, number);
    }
    r->join = words->number ? JOIN_FOUND_OR_NUMBER : JOIN_FOUND;
    buf_puts(&r->order, "f.rank");
}

void filter_read_search(struct filter_reading *r)
{
    const struct form_field *field = form_last(r->filter->form, "search");
    struct search_words words;
    if (!field)
        return;
    search_words_read(field->value, field->value_len, &words);
    bool finds_nothing = !words.is_blank && !words.wanted.len && !words.unwanted.len;
    if (words.wanted.len)
        add_wanted(r, &words);
    if (words.unwanted.len && filter_add_value(r, keep(r, &words.unwanted)))
        buf_puts(&r->filter->sql, WITHOUT);
    if (finds_nothing)
        buf_puts(&r->filter->sql, " AND 1 = 0");
    search_words_fini(&words);
}
