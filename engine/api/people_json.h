/* people_json - the people of a page of incidents: each read once a request, however often they
 * appear. Want them first, load them all, then write them as often as needed. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

struct people_json;
struct tx;

/* Empty; the caller frees it. */
struct people_json *people_json_new(void);
/* NULL is allowed. */
void people_json_free(struct people_json *people);
/* A number that stands for the person with this id. */
int people_json_want(struct people_json *people, const char *id);
/* Reads all that were wanted and not read yet. */
int people_json_load(struct people_json *people, struct tx *tx, struct err *err);
/* Appends {"id":..,"name":..,"email":..}; null for a person who does not exist. */
void people_json_write(const struct people_json *people, int person, struct buf *out);
