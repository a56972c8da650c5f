#include "core/search_words.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { WORDS_MAX = 40 };

/* One word or phrase. */
struct term {
    const char *at;
    size_t len;
    bool is_phrase, is_unwanted;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0';
}

/* Something that the index has: a letter, a digit, or a byte of one beyond ASCII. */
static bool has_word(const struct term *term)
{
    for (size_t i = 0; i < term->len; i++)
        if (isalnum((unsigned char)term->at[i]) || (unsigned char)term->at[i] >= 0x80)
            return true;
    return false;
}

static bool is_stop_word(const struct term *term)
{
    /* PostgreSQL's list for English, which clients of the original are used to. */
    static const char *const WORDS[] = {
        "a",      "about",  "above", "after", "again",   "against",   "all",       "am",
        "an",     "and",    "any",   "are",   "as",      "at",        "be",        "because",
        "been",   "before", "being", "below", "between", "both",      "but",       "by",
        "can",    "did",    "do",    "does",  "doing",   "don",       "down",      "during",
        "each",   "few",    "for",   "from",  "further", "had",       "has",       "have",
        "having", "he",     "her",   "here",  "hers",    "herself",   "him",       "himself",
        "his",    "how",    "i",     "if",    "in",      "into",      "is",        "it",
        "its",    "itself", "just",  "me",    "more",    "most",      "my",        "myself",
        "no",     "nor",    "not",   "now",   "of",      "off",       "on",        "once",
        "only",   "or",     "other", "our",   "ours",    "ourselves", "out",       "over",
        "own",    "s",      "same",  "she",   "should",  "so",        "some",      "such",
        "t",      "than",   "that",  "the",   "their",   "theirs",    "them",      "themselves",
        "then",   "there",  "these", "they",  "this",    "those",     "through",   "to",
        "too",    "under",  "until", "up",    "very",    "was",       "we",        "were",
        "what",   "when",   "where", "which", "while",   "who",       "whom",      "why",
        "will",   "with",   "you",   "your",  "yours",   "yourself",  "yourselves"
    };
    for (size_t i = 0; !term->is_phrase && i < sizeof(WORDS) / sizeof(*WORDS); i++)
        if (strlen(WORDS[i]) == term->len && strncasecmp(WORDS[i], term->at, term->len) == 0)
            return true;
    return false;
}

static bool is_or(const struct term *term)
{
    return !term->is_phrase && !term->is_unwanted && term->len == 2 &&
           strncasecmp(term->at, "or", 2) == 0;
}

/* The next term at *at. False at the end. */
static bool next_term(const char **at, const char *end, struct term *term)
{
    while (*at < end && is_space(**at))
        ++*at;
    if (*at == end)
        return false;
    *term = (struct term){ .is_unwanted = **at == '-' && end - *at > 1 && !is_space((*at)[1]) };
    *at += term->is_unwanted;
    term->is_phrase = **at == '"';
    *at += term->is_phrase;
    term->at = *at;
    while (*at < end && (term->is_phrase ? **at != '"' : !is_space(**at) && **at != '"'))
        ++*at;
    term->len = (size_t)(*at - term->at);
    if (term->is_phrase && *at < end)
        ++*at;
    return true;
}

/* The length of <term> without an English ending: what is left finds the other forms by its beginning. An index of
 * stems would not do: the stem of a beginning is not the beginning of a stem ("pay" and "payment"). */
static size_t stem_length(const struct term *term)
{
    static const struct {
        const char *ending;
        size_t least; /* letters that must be left */
    } ENDINGS[] = { { "ings", 3 }, { "ing", 3 }, { "ies", 3 }, { "ied", 3 },
                    { "ed", 3 },   { "es", 4 },  { "s", 3 } };
    for (size_t i = 0; !term->is_phrase && i < sizeof(ENDINGS) / sizeof(*ENDINGS); i++) {
        size_t len = strlen(ENDINGS[i].ending);
        if (term->len < ENDINGS[i].least + len ||
            strncasecmp(term->at + term->len - len, ENDINGS[i].ending, len) != 0)
            continue;
        size_t left = term->len - len;
        bool is_doubled = *ENDINGS[i].ending != 's' && left > 3 &&
                          term->at[left - 1] == term->at[left - 2] &&
                          !strchr("lsz", term->at[left - 1]);
        return is_doubled ? left - 1 : left; /* "running" is "run" */
    }
    return term->len;
}

/* Quoted, so that nothing in it is syntax. A word matches the beginning of a word. */
static void add_term(struct buf *out, const struct term *term, const char *between)
{
    if (out->len)
        buf_puts(out, between);
    buf_putc(out, '"');
    for (size_t i = 0; i < stem_length(term); i++) {
        char c = term->at[i];
        if (c == '"')
            buf_putc(out, '"');
        buf_putc(out, c ? c : ' ');
    }
    buf_puts(out, term->is_phrase ? "\"" : "\"*");
}

/* FTS5 binds AND closer than OR, as people mean it: a b or c. */
static void add_wanted(struct search_words *words, const struct term *term, bool *is_after_or)
{
    add_term(&words->wanted, term, *is_after_or ? " OR " : " AND ");
    *is_after_or = false;
}

static int64_t read_number(const char *text, size_t len)
{
    while (len && is_space(*text))
        text++, len--;
    while (len && is_space(text[len - 1]))
        len--;
    if (len && (*text == '#' || *text == '+'))
        text++, len--;
    int64_t number = 0;
    if (len == 0 || len > 18)
        return 0;
    for (size_t i = 0; i < len; i++) {
        if (!isdigit((unsigned char)text[i]))
            return 0;
        number = number * 10 + (text[i] - '0');
    }
    return number;
}

void search_words_read(const char *text, size_t len, struct search_words *words)
{
    const char *at = text, *end = text + len;
    struct term term;
    bool is_after_or = false;
    *words = (struct search_words){ .is_blank = true, .number = read_number(text, len) };
    for (int count = 0; count < WORDS_MAX && next_term(&at, end, &term); count++) {
        words->is_blank = false;
        if (is_or(&term))
            is_after_or = words->wanted.len > 0;
        else if (!has_word(&term) || is_stop_word(&term))
            continue;
        else if (term.is_unwanted)
            add_term(&words->unwanted, &term, " OR ");
        else
            add_wanted(words, &term, &is_after_or);
    }
}

void search_words_fini(struct search_words *words)
{
    buf_fini(&words->wanted);
    buf_fini(&words->unwanted);
}
