/* config_lines - on which line of config.lua the value at a path ("groups[2].name") stands. Reads
 * the text's tokens only, so that it works on a file that has mistakes; values that are not written
 * as a table are found by what surrounds them. */
#pragma once
#include <stddef.h>

struct config_lines;

/* Never NULL; the caller frees. <text> need not live on. */
struct config_lines *config_lines_new(const char *text, size_t len);
/* NULL is allowed. */
void config_lines_free(struct config_lines *lines);

/* The line of <path>, or of the nearest part of it that is written; 1 when nothing is. */
int config_lines_find(const struct config_lines *lines, const char *path);
