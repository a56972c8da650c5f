/* suggest - the name that a mistyped one was probably meant to be. */
#pragma once

enum { SUGGEST_NAME_SIZE = 64 };

struct suggestion {
    const char *wanted; /* borrowed */
    int distance;
    char name[SUGGEST_NAME_SIZE]; /* the nearest so far; "" while none is near */
};

/* <wanted> is what was typed; it must outlive the suggestion. Nothing is to be freed. */
void suggest_begin(struct suggestion *suggestion, const char *wanted);
/* Keeps the name when it is nearer than those before. */
void suggest_consider(struct suggestion *suggestion, const char *name);
