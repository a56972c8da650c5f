/* incident_rest - incidents in the shape that REST clients know. Reads a page of incidents with
 * a fixed number of queries, however many there are. Runs on a reader thread. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "api/api_internal.h"

/* What an answer holds besides the incident's own fields. */
struct incident_rest_shape {
    bool has_tags;
    bool has_maps;      /* costs, metrics and roles */
};

struct incident_rest;

/* Begins to read within <tx>; copies the names of <read>. The caller frees it. NULL + err. */
struct incident_rest *incident_rest_new(const struct api_read *read, struct incident_rest_shape shape, struct tx *tx,
                                        struct err *err);
/* NULL is allowed. */
void incident_rest_free(struct incident_rest *rest);

/* What incident_rest_row() reads, and from where. */
#define INCIDENT_REST_TABLES "incident i LEFT JOIN conversation v ON v.incident_id = i.id"
#define INCIDENT_REST_COLUMNS                                                                      \
    "i.id, i.title, i.status, i.description, i.created_at_ms, i.environment_id, i.category_id,"    \
    " i.priority_id, i.created_by, i.is_ignored, v.name"

/* Takes over one row of a query. */
void incident_rest_row(struct incident_rest *rest, struct stmt *stmt);
int incident_rest_count(const struct incident_rest *rest);
int64_t incident_rest_last_id(const struct incident_rest *rest);   /* of the last row taken; 0 when none */

/* Reads everything else about the rows. */
int incident_rest_load(struct incident_rest *rest, struct tx *tx, struct err *err);
/* Appends one JSON object a row, in the order taken, with commas between them. */
void incident_rest_write(const struct incident_rest *rest, struct buf *out);

/* What GET incidents/<id>/ shows. */
extern const struct incident_rest_shape INCIDENT_WHOLE;

/* An api_read_fn: the one incident read->id in the shape that read->arg (a struct
 * incident_rest_shape) says, if the key may see it; else ERR_NOT_FOUND. */
int incident_read_one(struct tx *tx, struct api_read *read, struct err *err);
/* The same, whoever asks: for the answer to whom declared it. */
int incident_read_created(struct tx *tx, struct api_read *read, struct err *err);
