/* incident_brief - the brief form of incidents in lists: what a list shows, from one query
 * and one for each thing that config.lua declares and a row names.
 * {id,title,description,status,status_label,is_drill,created_at_ms,url,
 * priority:{name,value,emoji,description},environment:{value,name,description},
 * category:{name,group:{name}},conversation:{platform,external_id,name} or null,
 * created_by:{username,name}} */
#pragma once

#include "base/err.h"
#include "base/json_writer.h"

struct stmt;
struct tx;

/* "SELECT ... FROM incident i, priority p ... WHERE", to be followed by conditions and the order. */
extern const char INCIDENT_BRIEF_SELECT[];

/* Writes the rows of that query as an array; OK or an error. <stmt> is ended. NULL: the query failed, <err> says
 * why. */
int incident_brief_write(struct tx *tx, struct stmt *stmt, struct json_writer *w, struct err *err);
