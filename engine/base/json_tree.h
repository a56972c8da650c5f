/* json_tree - JSON text to jansson's values and back, with several times less work than jansson's own.
 * As strict: json_reader.h says how; and no NUL in texts. */
#pragma once
#include <jansson.h>
#include <stddef.h>

struct json_writer;

/* A new reference; NULL when the text is no object or array, or memory is out. */
json_t *json_tree(const char *text, size_t len);

/* As json_dumps() with JSON_COMPACT, which first looks for loops by the addresses of values as text. The caller knows
 * that there is none, and that the tree is not deeper than JSON_MAX_DEPTH. */
void json_tree_write(struct json_writer *w, const json_t *tree);
