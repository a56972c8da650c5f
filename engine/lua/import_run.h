/* import_run - reads what another system wrote and hands it to a script that knows what it means:
 * scripts/import/<name>.lua has begin(settings), stages (the models in the order in which rows are
 * written), left_out (model -> why), field(model, column), and functions of (model, pk, fields,
 * number): see() -> what is wrong with the key, check() -> problems, note(), advise() -> a line for
 * config.lua, rows() -> rows. The file is a JSON list of {model, pk, fields}; records are read one
 * at a time, so that only the text itself must fit into memory. */
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

/* Imports all of it in one transaction, or nothing. *report is a new reference: {models: {NAME:
 * {read, mapped, left_out: {WHY: count}}}, rows: {created, updated, unchanged}, config: [line],
 * problems: [text]}; of a failed import {problems}, at most 20 of them. Blocking. ERR_SYNTAX (with
 * the byte) for a broken file, ERR_INVALID when there are problems, or what the store says. */
int import_run(struct db *db, const struct import_source *source, json_t **report, struct err *err);
