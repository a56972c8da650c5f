/* uuid - reads UUIDs as people and programs write them. Making one is clock_uuid4()'s. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum { UUID_SIZE = 37 };

/* Reads 32 hex digits in either case, with the four hyphens or without any, and writes them the way the store has them:
 * lower case, with hyphens. False for all else; <out> is "" then. */
bool uuid_read(const char *text, size_t len, char out[UUID_SIZE]);
