/* incident_json - the incident object of the kernel's answers, one or many, with a number of
 * queries that does not depend on how many. Use: add every id, load once, then write each in the
 * order wanted. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json_writer.h"

struct incident_set;
struct people_set;
struct tx;

/* <with_impacts>: the objects get their impacts. */
struct incident_set *incident_set_new(bool with_impacts);
void incident_set_free(struct incident_set *set); /* NULL is allowed */
void incident_set_add(struct incident_set *set, int64_t id);
/* Reads everything; once, after the last add. */
int incident_set_load(struct incident_set *set, struct tx *tx, struct err *err);
/* How many ids were added. */
size_t incident_set_count(const struct incident_set *set);

/* Writes the object of the incident at <index>, in the order added; null when there is no such
 * incident. */
void incident_set_write(const struct incident_set *set, struct json_writer *w, size_t index);
/* The same without the closing brace, for a caller that adds members. False (and nothing written)
 * when there is none. */
bool incident_set_begin(const struct incident_set *set, struct json_writer *w, size_t index);

/* Writes "url", the address of an incident's page. */
void incident_put_url(struct json_writer *w, int64_t id);

/* One incident with its impacts, read and written; ERR_NOT_FOUND when there is none. Asks no
 * policy. */
int incident_write(struct tx *tx, struct json_writer *w, int64_t id, struct err *err);

/* For variables that free themselves at the end of their scope. */
static inline void incident_set_auto_free(struct incident_set **set)
{
    incident_set_free(*set);
}
#define AUTO_INCIDENT_SET __attribute__((cleanup(incident_set_auto_free)))
