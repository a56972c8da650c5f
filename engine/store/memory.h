/* memory - what SQLite allocates: Debian's is built without lookaside, so that each cursor, record and piece of a
 * journal is a malloc(). Small pieces come from free lists of the thread instead. Private to store/.
 * Costs: 8 bytes a piece, and what each thread held at its peak of each size stays for pieces of that size.
 * Never: gives small pieces back to the system; a thread that ends leaves them to the next one that begins. A piece
 * stays with the thread that freed it: where one thread only took and another only freed, memory would grow without
 * end. Connections are used by one thread each (sqlite.h), so that both happen on the same. */
#pragma once
#include <stddef.h>

struct sqlite3_mem_methods;

/* For SQLITE_CONFIG_MALLOC. */
const struct sqlite3_mem_methods *memory_methods(void);
