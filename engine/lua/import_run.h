/* import_run - reads what another system wrote and hands it to a script that knows what it means:
 * scripts/import/<name>.lua has begin(settings), note(model, pk, fields), stages (the models in the order in which
 * rows are written), rows(model, pk, fields) and left_out (model -> why). The file is a JSON list
 * of {model, pk, fields}; records are read one at a time, so that only the text itself must fit
 * into memory. */
#pragma once
#include <jansson.h>
#include <stddef.h>

#include "base/err.h"

struct db;

struct import_source {
    const char *root;   /* folder of scripts/ */
    const char *script; /* "firefighter" */
    const char *text;   /* the file; borrowed */
    size_t len;
    const char *ticket_url; /* what stands before a ticket's key in its address; NULL: unknown */
};

/* Imports all of it, a transaction each 500 rows, so that an interrupted import is begun again.
 * *report is a new reference: {models: {NAME: {read, mapped, left_out: {WHY: count}}}, tables:
 * {created, updated, unchanged, refused}, refusals: [text]} with at most 100 refusals. Blocking.
 * ERR_SYNTAX (with the byte) for a broken file, ERR_SCRIPT for a record that the script cannot
 * take: what was imported by then stays. */
int import_run(struct db *db, const struct import_source *source, json_t **report, struct err *err);
