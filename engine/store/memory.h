/* memory - what SQLite allocates: Debian's is built without lookaside, so that each cursor, record and piece of a
 * journal is a malloc(). Small pieces come from free lists of the thread instead. Private to store/.
 * Never: gives small pieces back to the system; a thread that ends leaves them to the next one that begins. */
#pragma once
#include <stddef.h>

struct sqlite3_mem_methods;

/* For SQLITE_CONFIG_MALLOC. */
const struct sqlite3_mem_methods *memory_methods(void);
