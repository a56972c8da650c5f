/* utf8 - checking, counting and cutting text. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

bool utf8_is_valid(const char *text, size_t len);
size_t utf8_length(const char *text, size_t len);                 /* code points; an invalid byte counts as one */
size_t utf8_cut(const char *text, size_t len, size_t max_points); /* bytes of the longest prefix of at most <max_points> */
