/* json_tree - JSON text to jansson's values, with several times less work than jansson's own reader.
 * As strict: json_reader.h says how; and no NUL in texts. */
#pragma once
#include <jansson.h>
#include <stddef.h>

/* A new reference; NULL when the text is no object or array, or memory is out. */
json_t *json_tree(const char *text, size_t len);
