/* Read match_here: it looks at what the pattern says next and follows it. */
#include "lua/pattern.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
    ESCAPE = '%',
    DEEPEST = 200, /* as in Lua */
    STEPS = 2 * 1000 * 1000,
    STEPS_A_BYTE = 64,
    SHORT_SET = 64,
};

static int64_t steps_for(const struct pattern_match *m)
{
    return STEPS + STEPS_A_BYTE * (int64_t)(m->subject_end - m->subject);
}

void pattern_begin(struct pattern_match *m, const char *subject, size_t subject_len,
                   const char *pattern, size_t pattern_len)
{
    m->subject = subject;
    m->subject_end = subject + subject_len;
    m->pattern_end = pattern + pattern_len;
    m->steps_left = steps_for(m);
    m->depth = m->count = 0;
    m->error[0] = '\0';
}

int64_t pattern_steps(const struct pattern_match *m)
{
    return steps_for(m) - m->steps_left;
}

static const char *fail(struct pattern_match *m, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static const char *fail(struct pattern_match *m, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(m->error, sizeof(m->error), format, args);
    va_end(args);
    return NULL;
}

static bool take_step(struct pattern_match *m)
{
    if (m->steps_left-- > 0)
        return true;
    fail(m, "pattern takes too long on this text (more than %lld steps)", (long long)steps_for(m));
    return false;
}

/* ---- single characters */

/* The end of the set that begins with the "[" at <at>. */
static const char *set_end(struct pattern_match *m, const char *at)
{
    at++;
    if (at < m->pattern_end && *at == '^')
        at++;
    for (bool is_first = true;; is_first = false) {
        if (at >= m->pattern_end)
            return fail(m, "malformed pattern (missing ']')");
        if (*at == ']' && !is_first)
            return at + 1;
        bool is_escape = *at++ == ESCAPE;
        if (is_escape && at < m->pattern_end)
            at++;
    }
}

/* The end of the item that stands for one character. */
static const char *item_end(struct pattern_match *m, const char *at)
{
    if (*at == '[')
        return set_end(m, at);
    if (*at != ESCAPE)
        return at + 1;
    if (at + 1 >= m->pattern_end)
        return fail(m, "malformed pattern (ends with '%%')");
    return at + 2;
}

static bool is_in_class(unsigned char c, unsigned char class)
{
    int is_in;
    switch (class | 0x20) {
    case 'a':
        is_in = isalpha(c);
        break;
    case 'c':
        is_in = iscntrl(c);
        break;
    case 'd':
        is_in = isdigit(c);
        break;
    case 'g':
        is_in = isgraph(c);
        break;
    case 'l':
        is_in = islower(c);
        break;
    case 'p':
        is_in = ispunct(c);
        break;
    case 's':
        is_in = isspace(c);
        break;
    case 'u':
        is_in = isupper(c);
        break;
    case 'w':
        is_in = isalnum(c);
        break;
    case 'x':
        is_in = isxdigit(c);
        break;
    default:
        return class == c;
    }
    return (is_in != 0) == (islower(class) != 0);
}

/* <at>: the "["; <end>: behind the "]". */
static bool is_in_set(unsigned char c, const char *at, const char *end)
{
    const char *last = end - 1;
    bool is_positive = at[1] != '^';
    at += is_positive ? 1 : 2;
    while (at < last) {
        if (*at == ESCAPE) {
            if (is_in_class(c, (unsigned char)at[1]))
                return is_positive;
            at += 2;
        } else if (at + 2 < last && at[1] == '-') {
            if ((unsigned char)at[0] <= c && c <= (unsigned char)at[2])
                return is_positive;
            at += 3;
        } else if ((unsigned char)*at++ == c) {
            return is_positive;
        }
    }
    return !is_positive;
}

/* Does the item from <item> to <end> stand for the character at <at>? */
static bool is_item(struct pattern_match *m, const char *at, const char *item, const char *end)
{
    if (at >= m->subject_end || !take_step(m))
        return false;
    unsigned char c = (unsigned char)*at;
    switch (*item) {
    case '.':
        return true;
    case ESCAPE:
        return is_in_class(c, (unsigned char)item[1]);
    case '[':
        m->steps_left -= (end - item) / 16; /* a long set takes longer */
        return is_in_set(c, item, end);
    default:
        return (unsigned char)*item == c;
    }
}

/* ---- repeated characters */

static const char *match_here(struct pattern_match *m, const char *at, const char *pattern);

/* How many characters there are from <at> on; as many steps. */
static ptrdiff_t take_all(struct pattern_match *m, const char *at)
{
    ptrdiff_t count = m->subject_end - at;
    m->steps_left -= count;
    return count;
}

/* As many as there are, then fewer until the rest matches too. */
static const char *match_most(struct pattern_match *m, const char *at, const char *item,
                              const char *end)
{
    ptrdiff_t count = 0;
    if (*item == '.')
        count = take_all(m, at);
    else
        while (is_item(m, at + count, item, end))
            count++;
    for (; count >= 0 && !m->error[0]; count--) {
        const char *found = match_here(m, at + count, end + 1);
        if (found)
            return found;
    }
    return NULL;
}

/* None, then more until the rest matches too. */
static const char *match_fewest(struct pattern_match *m, const char *at, const char *item,
                                const char *end)
{
    for (;; at++) {
        const char *found = match_here(m, at, end + 1);
        if (found || m->error[0] || !is_item(m, at, item, end))
            return found;
    }
}

/* ---- captures and what has a sign of its own */

static const char *begin_capture(struct pattern_match *m, const char *at, const char *pattern)
{
    bool is_position = pattern < m->pattern_end && *pattern == ')';
    if (m->count >= PATTERN_CAPTURES)
        return fail(m, "too many captures");
    m->captures[m->count++] =
        (struct pattern_capture){ at, is_position ? CAPTURE_POSITION : CAPTURE_OPEN };
    const char *found = match_here(m, at, is_position ? pattern + 1 : pattern);
    if (!found)
        m->count--;
    return found;
}

static const char *end_capture(struct pattern_match *m, const char *at, const char *pattern)
{
    int i = m->count - 1;
    while (i >= 0 && m->captures[i].len != CAPTURE_OPEN)
        i--;
    if (i < 0)
        return fail(m, "invalid pattern capture");
    m->captures[i].len = at - m->captures[i].at;
    const char *found = match_here(m, at, pattern);
    if (!found)
        m->captures[i].len = CAPTURE_OPEN;
    return found;
}

/* "%1": what the capture holds, once more. Gives the place behind it. */
static const char *repeat_capture(struct pattern_match *m, const char *at, char digit)
{
    int i = digit - '1';
    if (i < 0 || i >= m->count || m->captures[i].len == CAPTURE_OPEN)
        return fail(m, "invalid capture index %%%d", i + 1);
    /* Of a position there is nothing to repeat: no text is so long. */
    size_t len = (size_t)m->captures[i].len;
    size_t left = (size_t)(m->subject_end - at);
    m->steps_left -= (int64_t)(len < left ? len : 0);
    return len <= left && memcmp(m->captures[i].at, at, len) == 0 ? at + len : NULL;
}

/* "%bxy": from an x to the y that closes it. Gives the place behind it. */
static const char *match_balance(struct pattern_match *m, const char *at, const char *pair)
{
    if (pair + 1 >= m->pattern_end)
        return fail(m, "malformed pattern (missing arguments to '%%b')");
    if (at >= m->subject_end || *at != pair[0])
        return NULL;
    ptrdiff_t open = 1;
    for (at++; at < m->subject_end && take_step(m); at++) {
        if (*at == pair[1]) {
            if (--open == 0)
                return at + 1;
        } else if (*at == pair[0]) {
            open++;
        }
    }
    return NULL;
}

/* "%f[set]": is this where the set begins? <set> is its "["; gives the place behind it in the pattern. */
static const char *match_frontier(struct pattern_match *m, const char *at, const char *set)
{
    if (set >= m->pattern_end || *set != '[')
        return fail(m, "missing '[' after '%%f' in pattern");
    const char *end = set_end(m, set);
    if (!end || !take_step(m))
        return NULL;
    unsigned char before = at == m->subject ? '\0' : (unsigned char)at[-1];
    unsigned char here = at < m->subject_end ? (unsigned char)*at : '\0';
    return !is_in_set(before, set, end) && is_in_set(here, set, end) ? end : NULL;
}

/* ---- the pattern */

/* One character, with the sign that says how often. True: go on from <*at> with <*pattern>; false: <*found> is the
 * answer. */
static bool match_item(struct pattern_match *m, const char **at, const char **pattern,
                       const char **found)
{
    const char *item = *pattern;
    const char *end = item_end(m, item);
    *found = NULL;
    if (!end)
        return false;
    char sign = end < m->pattern_end ? *end : '\0';
    if (!is_item(m, *at, item, end)) {
        *pattern = end + 1;
        return !m->error[0] && (sign == '*' || sign == '-' || sign == '?');
    }
    switch (sign) {
    case '*':
        *found = match_most(m, *at, item, end);
        return false;
    case '+':
        *found = match_most(m, *at + 1, item, end);
        return false;
    case '-':
        *found = match_fewest(m, *at, item, end);
        return false;
    case '?':
        *found = match_here(m, *at + 1, end + 1);
        *pattern = end + 1;
        return !*found && !m->error[0];
    default:
        ++*at;
        *pattern = end;
        return true;
    }
}

/* Follows the pattern as long as there is only one way to go. */
static const char *follow(struct pattern_match *m, const char *at, const char *pattern)
{
    while (pattern < m->pattern_end) {
        char sign = *pattern == ESCAPE && pattern + 1 < m->pattern_end ? pattern[1] : '\0';
        if (*pattern == '(')
            return begin_capture(m, at, pattern + 1);
        if (*pattern == ')')
            return end_capture(m, at, pattern + 1);
        if (*pattern == '$' && pattern + 1 == m->pattern_end)
            return at == m->subject_end ? at : NULL;
        if (sign == 'b') {
            at = match_balance(m, at, pattern + 2);
            pattern += 4;
        } else if (sign == 'f') {
            pattern = match_frontier(m, at, pattern + 2);
        } else if (isdigit((unsigned char)sign)) {
            at = repeat_capture(m, at, sign);
            pattern += 2;
        } else {
            const char *found;
            if (!match_item(m, &at, &pattern, &found))
                return found;
        }
        if (!at || !pattern)
            return NULL;
    }
    return at;
}

static const char *match_here(struct pattern_match *m, const char *at, const char *pattern)
{
    if (m->depth >= DEEPEST)
        return fail(m, "pattern too complex");
    if (!take_step(m))
        return NULL;
    m->depth++;
    const char *found = follow(m, at, pattern);
    m->depth--;
    return m->error[0] ? NULL : found;
}

const char *pattern_match(struct pattern_match *m, const char *at, const char *pattern)
{
    m->count = 0;
    return match_here(m, at, pattern);
}

/* The item that a match must begin with, or NULL: it may begin with anything. */
static const char *first_item(const struct pattern_match *m, const char *pattern)
{
    if (pattern >= m->pattern_end || strchr("()$", *pattern))
        return NULL;
    if (*pattern != ESCAPE || pattern + 1 >= m->pattern_end)
        return pattern;
    return strchr("bf", pattern[1]) || isdigit((unsigned char)pattern[1]) ? NULL : pattern;
}

/* The characters of a short set of plain characters, as bits; false: it is none. */
static bool read_plain_set(const char *item, const char *end, uint64_t bits[4])
{
    if (*item != '[' || item[1] == '^' || end - item > SHORT_SET)
        return false;
    memset(bits, 0, 4 * sizeof(bits[0]));
    for (const char *c = item + 1; c < end - 1; c++) {
        unsigned char byte = (unsigned char)*c;
        if (byte == ESCAPE || byte == '-')
            return false;
        bits[byte >> 6] |= UINT64_C(1) << (byte & 63);
    }
    return true;
}

/* The first place with a character of the set. */
static const char *skip_to_set(struct pattern_match *m, const char *at, const uint64_t bits[4])
{
    const char *from = at;
    for (; at < m->subject_end; at++) {
        unsigned char byte = (unsigned char)*at;
        if (bits[byte >> 6] >> (byte & 63) & 1)
            break;
    }
    m->steps_left -= at - from;
    return at;
}

const char *pattern_skip(struct pattern_match *m, const char *at, const char *pattern)
{
    uint64_t bits[4];
    const char *item = first_item(m, pattern);
    const char *end = item ? item_end(m, item) : NULL;
    if (!end || (end < m->pattern_end && strchr("*?-", *end)))
        return at;
    if (read_plain_set(item, end, bits))
        return skip_to_set(m, at, bits);
    while (at < m->subject_end && !m->error[0] && !is_item(m, at, item, end))
        at++;
    return at;
}
