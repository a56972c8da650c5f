/* utf8 - checking, counting and cutting text. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* True for well-formed UTF-8: no overlong forms, no surrogates, nothing past U+10FFFF. NUL is a character. */
bool utf8_is_valid(const char *text, size_t len);

/* Code points; an invalid byte counts as one. */
size_t utf8_length(const char *text, size_t len);

/* Bytes of the longest prefix that has at most <max_points> code points. */
size_t utf8_cut(const char *text, size_t len, size_t max_points);

/* Bytes of the character that <text> begins with when it turns the direction of what stands around
 * it (U+202A to U+202E, U+2066 to U+2069), else 0. A text from right to left needs none of them. */
size_t utf8_override(const char *text, size_t len);
