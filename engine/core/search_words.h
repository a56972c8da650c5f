/* search_words - what people type into a search box, as an expression of SQLite's FTS5: words are all wanted; they
 * match the beginnings of words ("pay" finds "payment") and their English forms ("failing" finds "failed"); "or" is
 * between alternatives, "a phrase" is in quotes, -word must not be there. Words that say nothing ("the", "is") are
 * passed over. Whatever is typed gives a valid expression. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct search_words {
    struct buf wanted;   /* an FTS5 expression; empty: no word is wanted */
    struct buf unwanted; /* likewise: what must not match */
    bool is_blank;       /* nothing was typed */
    int64_t number;      /* the whole text is this number ("12", " 0012 ", "#12"); 0: it is none */
};

/* Fills all of <words>; free it with search_words_fini(). */
void search_words_read(const char *text, size_t len, struct search_words *words);
void search_words_fini(struct search_words *words);
