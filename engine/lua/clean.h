/* clean - foreign bytes made a text: what is no UTF-8, and NUL, becomes U+FFFD. */
#pragma once
#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The code point that <text> begins with, its bytes in *size. A broken byte counts as one, which is
 * U+FFFD. <len> must not be 0. */
uint32_t clean_point_at(const char *text, size_t len, size_t *size);

/* throws when memory is out. Pushes the cleaned text; <drops_controls>: control characters but
 * newline and tab are left out, NUL among them. */
void clean_push(lua_State *L, const char *text, size_t len, bool drops_controls);
