/* people_set - the person objects that an answer needs, read with one query however many they are.
 * Use: want every id, load once, then write. */
#pragma once
#include "base/err.h"
#include "base/json_writer.h"

struct people_set;
struct stmt;
struct tx;

/* An empty set; people_set_free() frees it. */
struct people_set *people_set_new(void);
void people_set_free(struct people_set *set); /* NULL is allowed */
void people_set_want(struct people_set *set,
                     const char *person_id); /* NULL and repetitions are ignored */
/* Reads the people wanted so far. */
int people_set_load(struct people_set *set, struct tx *tx, struct err *err);
/* The same for those whose ids <stmt> gives in its first column; it is ended. NULL: the query
 * failed, <err> says why. */
int people_set_load_rows(struct people_set *set, struct tx *tx, struct stmt *stmt, struct err *err);
/* {id,username,email,name,avatar,is_bot,is_active,accounts:{platform:{external_id,handle,image}}},
 * or null when unknown. */
void people_set_write(const struct people_set *set, struct json_writer *w, const char *person_id);

/* One person object, read and written; null when unknown. */
int person_write(struct tx *tx, struct json_writer *w, const char *person_id, struct err *err);

/* For variables that free themselves at the end of their scope. */
static inline void people_set_auto_free(struct people_set **set)
{
    people_set_free(*set);
}
#define AUTO_PEOPLE_SET __attribute__((cleanup(people_set_auto_free)))
