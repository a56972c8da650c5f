/* people - persons and their accounts on chat platforms, for other parts of the kernel. The
 * operations are in op_table.h. */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "core/args.h"

struct tx;

enum {
    PERSON_ID_SIZE = 65
}; /* the longest id and the NUL; new ones are UUIDs, imported ones need not be */

/* The person with this e-mail address, made when unknown, and their id. <email> must have passed
 * people_read_email(). */
int person_ensure_email(struct tx *tx, struct text email, struct text name, char id[PERSON_ID_SIZE],
                        struct err *err);

/* True when <text> looks like an e-mail address that we would store: one @, no blanks, at most 128
 * characters. */
bool people_is_email(struct text text);

/* Reads the argument <key>, an e-mail address. Absent: .at is NULL. */
int people_read_email(const struct args *args, const char *key, struct text *out);

/* Sets *exists; negative only when the store fails. */
int person_exists(struct tx *tx, const char *id, bool *exists, struct err *err);
