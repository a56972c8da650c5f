/* pattern - Lua's patterns (reference manual, 6.4.1), matched in a counted number of steps: Lua's own matcher may take
 * longer than the universe lasts, in one call that nothing interrupts.
 * Owns nothing: texts are borrowed. Never allocates, never throws. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { PATTERN_CAPTURES = 32 };

struct pattern_capture {
    const char *at;
    ptrdiff_t len; /* or CAPTURE_* */
};

enum { CAPTURE_POSITION = -1, CAPTURE_OPEN = -2 };

struct pattern_match {
    const char *subject, *subject_end;
    const char *pattern_end;
    int64_t steps_left;
    int depth;
    int count; /* of captures */
    struct pattern_capture captures[PATTERN_CAPTURES];
    char error[96]; /* "": none */
};

/* Prepares to match parts of <subject>. The number of steps grows with its length. */
void pattern_begin(struct pattern_match *m, const char *subject, size_t subject_len,
                   const char *pattern, size_t pattern_len);

/* Matches <pattern>, which ends where the one of pattern_begin() does, to the subject from <at>; an anchor has been
 * taken off. Gives the end of the match with the captures filled; NULL: no match, or m->error says what is wrong. */
const char *pattern_match(struct pattern_match *m, const char *at, const char *pattern);

/* The first place from <at> where the pattern may match at all, or the subject's end: most places need no more than
 * one look. pattern_match() says what is wrong with the pattern, if anything. */
const char *pattern_skip(struct pattern_match *m, const char *at, const char *pattern);

/* How many steps were taken since pattern_begin(). */
int64_t pattern_steps(const struct pattern_match *m);
