/* ids - text ids of the kernel's rows, all in the form of a UUID. */
#pragma once

enum {
    ID_SIZE = 37,           /* 36 characters and the NUL */
    REFERENCE_ID_SIZE = 65, /* the longest id of a reference row and the NUL */
};

/* A new id that nobody can guess. Ids made one after another sort one after another (UUID version
 * 7), so that rows made together lie together on disk. */
void id_new(char out[ID_SIZE]);

/* The id that <kind> and <key> always give (UUID version 8 over a SHA-256): a database that is
 * built again gives its reference rows the same ids. */
void id_from_key(const char *kind, const char *key, char out[ID_SIZE]);
