/* clean - foreign bytes made a text: what is no UTF-8, and NUL, becomes U+FFFD. */
#pragma once
#include <lua.h>
#include <stddef.h>
#include <stdint.h>

/* The code point that <text> begins with, its bytes in *size. A broken byte counts as one, which is
 * U+FFFD. <len> must not be 0. */
uint32_t clean_point_at(const char *text, size_t len, size_t *size);

enum {
    CLEAN_CONTROLS = 1,  /* control characters but newline and tab are left out, NUL among them */
    CLEAN_OVERRIDES = 2, /* so are those that turn the direction of the text around them */
    CLEAN_LINE = 4,      /* a run of white space is one space, and none is at either end */
};

/* throws when memory is out. Pushes the cleaned text; <what>: CLEAN_* together, 0 for none. */
void clean_push(lua_State *L, const char *text, size_t len, unsigned what);
